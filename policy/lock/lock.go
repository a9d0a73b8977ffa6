// Package lock is the guard that every Ent schema embeds: a query gets the row predicate of its type, a mutation needs a
// permit or a duty. It imports Ent's runtime and nothing of OPA, so that generating code never compiles the engine.
// It never decides who may do what: it only asks the gate in ctx, and refuses when there is none.
package lock

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"entgo.io/ent"
	"entgo.io/ent/dialect/sql"
	"entgo.io/ent/privacy"

	"github.com/keyhall/keyhall/policy/internal/core"
)

// Permit and Statement are made by the policy engine only.
type (
	Permit    = core.Permit
	Statement = core.Statement
)

// AuditType is the one type whose create marks a permit as audited.
const AuditType = "AuditEvent"

// Gate answers for the viewer in ctx: which rows of a type may be seen.
type Gate interface {
	Rows(ctx context.Context, typ string) (func(*sql.Selector), error)
}

type gateKey struct{}

// WithGate puts the gate of one viewer in ctx.
func WithGate(ctx context.Context, g Gate) context.Context {
	return context.WithValue(ctx, gateKey{}, g)
}

// Under returns a ctx in which the writes of this permit pass; until its audit row is in, only that row passes.
func Under(ctx context.Context, p Permit) context.Context { return core.WithPermit(ctx, p) }

// DeniedError is what the lock answers; errors.Is(err, privacy.Deny) holds.
type DeniedError struct{ what string }

func (e *DeniedError) Error() string { return "lock: " + e.what }
func (e *DeniedError) Unwrap() error { return privacy.Deny }

func deny(format string, a ...any) error { return &DeniedError{fmt.Sprintf(format, a...)} }

// query and mutation are what ent/template/lock.tmpl adds to the generated types.
type query interface {
	EntType() string
	WhereP(...func(*sql.Selector))
}

type mutation interface {
	ent.Mutation
	WhereP(...func(*sql.Selector))
	Conn() any
	Column(name string) (column string, ok bool)
	Appended() []string
}

// Rules is the privacy policy of every type.
type Rules struct{}

// EvalQuery adds the row predicate of the queried type.
func (Rules) EvalQuery(ctx context.Context, q ent.Query) error {
	w, ok := q.(query)
	if !ok {
		return deny("%T has no row filter", q)
	}
	rows, err := rowsOf(ctx, w.EntType())
	if err != nil {
		return err
	}
	if rows != nil {
		w.WhereP(rows)
	}
	return nil
}

// Row is the row predicate of a type for use inside edge predicates (HasXWith): a hidden row never answers yes or no.
func Row(typ string) func(*sql.Selector) {
	return func(s *sql.Selector) {
		rows, err := rowsOf(s.Context(), typ)
		if err != nil {
			s.Where(sql.False())
			return
		}
		if rows != nil {
			rows(s)
		}
	}
}

// rowsOf is the one place that tells which rows may be read; nil means every row of the type.
func rowsOf(ctx context.Context, typ string) (func(*sql.Selector), error) {
	if ctx == nil {
		return nil, deny("%s read without a context", typ)
	}
	if d, ok := core.DutyFrom(ctx); ok {
		for _, r := range d.Reads {
			if r.Type == typ {
				return r.Rows, nil
			}
		}
		return nil, deny("duty %s may not read %s", d.Name, typ)
	}
	if p, ok := core.PermitFrom(ctx); ok && core.Audited(p) {
		for _, r := range core.Reads(p) {
			if r.Type == typ {
				return r.Rows, nil
			}
		}
	}
	g, _ := ctx.Value(gateKey{}).(Gate)
	if g == nil {
		return nil, deny("no gate in ctx for %s", typ)
	}
	return g.Rows(ctx, typ)
}

// EvalMutation lets a write pass only as part of a permit's deed or of a duty.
func (Rules) EvalMutation(ctx context.Context, em ent.Mutation) error {
	m, ok := em.(mutation)
	if !ok {
		return deny("%T has no guard", em)
	}
	if d, ok := core.DutyFrom(ctx); ok {
		return admit("duty "+d.Name, d.Writes, m)
	}
	p, ok := core.PermitFrom(ctx)
	if !ok {
		return deny("no permit for %s of %s", m.Op(), m.Type())
	}
	if !p.In(m.Conn()) {
		return deny("permit %s belongs to another transaction", p.Permission())
	}
	if err := admit("permit "+p.Permission(), core.Writes(p), m); err != nil {
		return err
	}
	if m.Type() != AuditType && !core.Audited(p) {
		return deny("permit %s has no audit row yet", p.Permission())
	}
	return nil
}

// Recorded is the hook of the audit type: a permit counts as recorded when its row is in, and not before.
func Recorded(next ent.Mutator) ent.Mutator {
	return ent.MutateFunc(func(ctx context.Context, m ent.Mutation) (ent.Value, error) {
		v, err := next.Mutate(ctx, m)
		if p, ok := core.PermitFrom(ctx); ok && err == nil && m.Op().Is(ent.OpCreate) {
			core.MarkAudited(p)
		}
		return v, err
	})
}

// Audited tells whether the audit row of a permit's deed is written.
func Audited(p Permit) bool { return core.Audited(p) }

// admit looks for a write that covers the mutation whole, and pins it to its rows.
func admit(who string, writes []core.Write, m mutation) error {
	touched, err := columns(m)
	if err != nil {
		return err
	}
	if len(touched) == 0 && m.Op().Is(ent.OpUpdate|ent.OpUpdateOne) {
		return deny("%s: %s of %s changes nothing, and would read the row past its predicate", who, m.Op(), m.Type())
	}
	w, ok := admitting(writes, m)
	if !ok {
		return deny("%s does not cover %s of %s %v", who, m.Op(), m.Type(), touched)
	}
	narrow(w, m)
	return nil
}

// admitting is the first write that covers a mutation whole.
func admitting(writes []core.Write, m mutation) (core.Write, bool) {
	touched, err := columns(m)
	for _, w := range writes {
		if err == nil && w.Type == m.Type() && w.Ops.Is(m.Op()) && covers(w.Columns, touched) && fits(w, m) {
			return w, true
		}
	}
	return core.Write{}, false
}

// covers tells whether every touched column is allowed; a create may name AnyColumn, as its pins say what matters.
func covers(allowed, touched []string) bool {
	if slices.Contains(allowed, core.AnyColumn) {
		return true
	}
	for _, c := range touched {
		if !slices.Contains(allowed, c) {
			return false
		}
	}
	return true
}

// fits checks a create against the pins, and what an update sets against the values that it may.
func fits(w core.Write, m mutation) bool {
	must := w.To
	if m.Op().Is(ent.OpCreate) {
		must = w.Pins
	}
	for column, want := range must {
		if got, ok := value(m, column); !ok || got != want {
			return false
		}
	}
	return true
}

// narrow keeps every operation but a create to the rows of the write.
func narrow(w core.Write, m mutation) {
	if m.Op().Is(ent.OpCreate) {
		return
	}
	for column, want := range w.Pins {
		m.WhereP(sql.FieldEQ(column, want))
	}
	if w.Rows != nil {
		m.WhereP(w.Rows)
	}
}

// identified is satisfied by every generated mutation: the id is no field to Ent.
type identified interface{ ID() (string, bool) }

func value(m mutation, column string) (any, bool) {
	if column == "id" {
		if i, ok := m.(identified); ok {
			return i.ID()
		}
		return nil, false
	}
	v, ok := m.Field(column)
	if r := reflect.ValueOf(v); ok && r.Kind() == reflect.String { // enums are named strings
		return r.String(), true
	}
	return v, ok
}

// columns maps everything a mutation touches to columns of its own table. An edge that is stored in another table has
// no column here: Ent would rewrite that table's rows without asking its policy, so it is refused.
func columns(m mutation) ([]string, error) {
	var out []string
	for _, names := range [][]string{m.Fields(), m.AddedFields(), m.Appended(), m.ClearedFields(), m.AddedEdges(), m.RemovedEdges(), m.ClearedEdges()} {
		for _, name := range names {
			c, ok := m.Column(name)
			if !ok {
				return nil, deny("%s of %s through the edge %s, which is stored elsewhere", m.Op(), m.Type(), name)
			}
			if !slices.Contains(out, c) {
				out = append(out, c)
			}
		}
	}
	return out, nil
}

// Reading is what a query is for, so that the gate may choose the statement shape that suits it.
type Reading int

// A query without a mark looks up known rows. A page of a list stops when it is full; a whole list does not stop.
const (
	LookUp Reading = iota
	OnePage
	WholeList
)

type readingKey struct{}

// Listing marks a query as one page of a list.
func Listing(ctx context.Context) context.Context {
	return context.WithValue(ctx, readingKey{}, OnePage)
}

// Counting marks a query as one that goes through all of a list.
func Counting(ctx context.Context) context.Context {
	return context.WithValue(ctx, readingKey{}, WholeList)
}

// ReadingOf is the mark of a query.
func ReadingOf(ctx context.Context) Reading { r, _ := ctx.Value(readingKey{}).(Reading); return r }
