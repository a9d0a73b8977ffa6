package policy

import (
	"fmt"

	entsql "entgo.io/ent/dialect/sql"

	"github.com/keyhall/keyhall/policy/internal/core"
)

// Filter is the permission as a condition on the rows of its type, for a query, an update, a delete or an edge. On
// any error the caller must return no rows.
func (r *Revision) Filter(s Subject, p Permission, shape Shape) (func(*entsql.Selector), error) {
	u, err := r.rule(p)
	if err != nil {
		return nil, err
	}
	if u.info.Type == "" {
		return nil, fmt.Errorf("policy: %s is about no rows", p)
	}
	if s.anonymous() || !s.includes(p) {
		return func(sel *entsql.Selector) { sel.Where(entsql.False()) }, nil
	}
	f := u.form(s)
	where := f.filter(shape)
	args, err := where.program.bind(values{subject: s})
	if err != nil {
		return nil, err
	}
	return r.where(where, args), nil
}

// where applies a program. The selector is never cloned: a clone loses operators of its predicates.
func (r *Revision) where(p *phrase, args []any) func(*entsql.Selector) {
	return func(s *entsql.Selector) {
		if s.Dialect() != r.dialect {
			s.AddError(fmt.Errorf("policy: a filter for %s is applied on %s", r.dialect, s.Dialect()))
			s.Where(entsql.False())
			return
		}
		// The columns are named now: by the time that the text is built, Ent may have put the selector inside another.
		c := p.on(s.C, args)
		s.Where(entsql.P(func(b *entsql.Builder) { b.Join(c) }))
	}
}

// CountUpTo is a statement that returns how many rows the subject sees, counting no further than n+1.
func (r *Revision) CountUpTo(s Subject, p Permission, n int) (core.Statement, error) {
	u, err := r.rule(p)
	if err != nil {
		return core.Statement{}, err
	}
	if u.info.Type == "" {
		return core.Statement{}, fmt.Errorf("policy: %s is about no rows", p)
	}
	if s.anonymous() || !s.includes(p) {
		return core.NewStatement("SELECT 0", nil), nil
	}
	return u.form(s).count.bind(values{subject: s, slots: map[slot]any{slotLimit: n + 1}})
}
