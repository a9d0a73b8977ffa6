package policy

import (
	"fmt"
	"strings"
)

// program is generated SQL with holes: columns of a row that the caller names, and values that a request binds.
type program []piece

type piece struct {
	text string
	root string // a column of the resource, when the caller says what the row is called
	hole hole
}

// hole is a value to bind: a literal or a fact of the rule, or a slot that the statement itself has.
type hole any

type slot string

const (
	slotID     slot = "id"
	slotIDs    slot = "ids"
	slotLimit  slot = "limit"
	slotAfter  slot = "after"
	slotBefore slot = "before"

	slotPerson  slot = "person"
	slotThrough slot = "through"
)

// values gives the holes of one request their values.
type values struct {
	subject Subject
	slots   map[slot]any
}

func (v values) of(h hole) (any, error) {
	switch h := h.(type) {
	case literal:
		return h.value, nil
	case fact:
		switch {
		case h.name == factID && v.subject.ID != "":
			return v.subject.ID, nil
		case h.name == factEmail && v.subject.Email != "":
			return v.subject.Email, nil
		}
		return nil, fmt.Errorf("policy: fact %q is missing", h.name)
	case slot:
		if value, ok := v.slots[h]; ok {
			return value, nil
		}
	}
	return nil, fmt.Errorf("policy: no value for %v", h)
}

// bind resolves every hole in order.
func (p program) bind(v values) ([]any, error) {
	args := make([]any, 0, len(p)) // a little more than needed, and once
	for _, piece := range p {
		if piece.hole == nil {
			continue
		}
		arg, err := v.of(piece.hole)
		if err != nil {
			return nil, err
		}
		args = append(args, arg)
	}
	return args, nil
}

// text is the whole statement with the placeholders of a dialect. Programs with open columns have no text.
func (p program) text(name string) string {
	var b strings.Builder
	n := 0
	for _, piece := range p {
		b.WriteString(piece.text)
		if piece.hole != nil {
			n++
			b.WriteString(placeholder(name, n))
		}
	}
	return b.String()
}
