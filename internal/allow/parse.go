package allow

import (
	"errors"
	"fmt"
)

// Fault is what is wrong with one entry of a list; its text is for who wrote the list, and says what to write instead.
type Fault struct {
	Index int
	Full  bool // this one is too many
	error
}

// Parse brings a list into its normal form: each entry parsed, in the order given, duplicates folded into the first. The
// faults are in that order too; there is nothing to keep when there is one.
func Parse[E comparable](entries []string, parse func(string) (E, error)) ([]E, []Fault) {
	out, known := make([]E, 0, min(len(entries), MaxEntries)), map[E]bool{}
	var faults []Fault
	for i, text := range entries {
		e, err := parse(text)
		switch {
		case err != nil:
			if faults = append(faults, Fault{Index: i, error: err}); len(faults) == MaxEntries {
				return nil, faults
			}
		case known[e]:
		case len(out) == MaxEntries:
			return nil, append(faults, Fault{i, true, fmt.Errorf("at most %d entries: take one out first", MaxEntries)})
		default:
			known[e] = true
			out = append(out, e)
		}
	}
	if faults != nil {
		return nil, faults
	}
	return out, nil
}

// Strings is a list in its normal form as text.
func Strings[E fmt.Stringer](entries []E) []string {
	out := make([]string, len(entries))
	for i, e := range entries {
		out[i] = e.String()
	}
	return out
}

// errEmpty is of an entry that says nothing.
func errEmpty() error { return errors.New("this is needed: take the entry out instead") }
