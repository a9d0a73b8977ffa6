// Package page is Relay cursor paging in one place: windows, cursors and the row-value comparison that seeks to one.
// It never counts: a connection counts only when totalCount is asked for.
package page

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"entgo.io/ent/dialect/sql"
)

// Sizes of a page.
const (
	DefaultSize = 30
	MaxSize     = 100
)

// InputError is a window that the client must mend; its text is safe to show.
type InputError struct{ Reason string }

func (e *InputError) Error() string { return e.Reason }

// Window is the part of a list that was asked for: the first rows after a cursor, or the last ones before one.
type Window struct {
	First, Last   *int
	After, Before *Cursor
}

// Order sorts by a NOT NULL column and breaks ties by id.
type Order struct {
	Column string
	Desc   bool
}

// Info is Relay's PageInfo.
type Info struct {
	HasNextPage     bool
	HasPreviousPage bool
	StartCursor     *Cursor
	EndCursor       *Cursor
}

// Cursor names a row's place in an order. It is opaque to clients and good only for the list that it came from.
type Cursor struct {
	Type   string `json:"t"`
	Column string `json:"c"`
	Value  any    `json:"v"` // string or int64
	ID     string `json:"i"`
}

// MarshalGQL writes the cursor as an opaque string.
func (c Cursor) MarshalGQL(w io.Writer) {
	b, err := json.Marshal(c)
	if err != nil { // strings and integers always marshal
		b = nil
	}
	_, _ = io.WriteString(w, strconv.Quote(base64.RawURLEncoding.EncodeToString(b)))
}

// UnmarshalGQL reads what MarshalGQL wrote.
func (c *Cursor) UnmarshalGQL(v any) error {
	s, ok := v.(string)
	if !ok || len(s) > 2048 {
		return errBadCursor
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return errBadCursor
	}
	raw := struct {
		Cursor
		Value json.RawMessage `json:"v"`
	}{}
	if json.Unmarshal(b, &raw) != nil {
		return errBadCursor
	}
	*c = raw.Cursor
	if err := c.setValue(raw.Value); err != nil {
		return err
	}
	if text, _ := c.Value.(string); strings.ContainsRune(c.ID+text, 0) {
		return errBadCursor
	}
	return nil
}

func (c *Cursor) setValue(raw json.RawMessage) error {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		c.Value = text
		return nil
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil {
		return errBadCursor
	}
	c.Value = n
	return nil
}

var errBadCursor = errors.New("this cursor is not one that this list gave out; start again without it")

// Size checks the window and returns how many rows it asks for and whether it counts from the end.
func (w Window) Size() (n int, fromEnd bool, err error) {
	switch {
	case w.First != nil && w.Last != nil, w.After != nil && w.Last != nil && w.Before == nil, w.First != nil && w.Before != nil:
		return 0, false, &InputError{"page in one direction: first with after, or last with before"}
	case w.First != nil:
		n = *w.First
	case w.Last != nil:
		n, fromEnd = *w.Last, true
	default:
		n, fromEnd = DefaultSize, w.Before != nil && w.After == nil
	}
	if n < 0 || n > MaxSize {
		return 0, false, &InputError{fmt.Sprintf("a page holds 0 to %d rows", MaxSize)}
	}
	return n, fromEnd, nil
}

// Info tells what is around a page, when more says whether its list goes on in the direction of the window.
func (w Window) Info(more, fromEnd bool) Info {
	if fromEnd {
		return Info{HasNextPage: w.Before != nil, HasPreviousPage: more || w.After != nil}
	}
	return Info{HasNextPage: more || w.Before != nil, HasPreviousPage: w.After != nil}
}

// Place is the id that the cursor stands at; empty without a cursor.
func (c *Cursor) Place() string {
	if c == nil {
		return ""
	}
	return c.ID
}

// Seek returns the predicate and the order that select the window of a list of typ; sample holds a value of the order
// column's kind, so that a cursor of another list is refused and not compared.
func (w Window) Seek(typ string, o Order, sample any) (where, order func(*sql.Selector), err error) {
	_, fromEnd, err := w.Size()
	if err != nil {
		return nil, nil, err
	}
	for _, c := range []*Cursor{w.After, w.Before} {
		if c != nil && !c.fits(typ, o, sample) {
			return nil, nil, &InputError{errBadCursor.Error()}
		}
	}
	where = func(s *sql.Selector) {
		if w.After != nil {
			s.Where(w.After.beyond(s, o.Desc))
		}
		if w.Before != nil {
			s.Where(w.Before.beyond(s, !o.Desc))
		}
	}
	desc := o.Desc != fromEnd
	order = func(s *sql.Selector) {
		for _, column := range []string{o.Column, "id"} {
			if desc {
				s.OrderBy(sql.Desc(s.C(column)))
			} else {
				s.OrderBy(s.C(column))
			}
		}
	}
	return where, order, nil
}

func (c *Cursor) fits(typ string, o Order, sample any) bool {
	if c.Type != typ || c.Column != o.Column || c.ID == "" {
		return false
	}
	_, text := c.Value.(string)
	_, wantText := sample.(string)
	return text == wantText
}

// beyond selects the rows after the cursor in ascending order, or in descending order.
func (c *Cursor) beyond(s *sql.Selector, desc bool) *sql.Predicate {
	columns := []string{s.C(c.Column), s.C("id")}
	if desc {
		return sql.CompositeLT(columns, c.Value, c.ID)
	}
	return sql.CompositeGT(columns, c.Value, c.ID)
}
