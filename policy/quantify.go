package policy

import (
	"github.com/open-policy-agent/opa/v1/ast"
)

// quantify binds the rows of a body: one `exists` for each group of rows that belong together (a parent and its
// child, or rows that one condition compares), so that rows that have nothing to do with each other are not joined.
func quantify(f *frame, holds []node) node {
	groups := newGroups(f.rows)
	for _, r := range f.rows {
		if r.parent != nil {
			groups.join(r, r.parent)
		}
	}
	free := make([]map[*row]bool, len(holds))
	for i, n := range holds {
		free[i] = freeRows(n)
		var first *row
		for _, r := range f.rows {
			if free[i][r] {
				if first == nil {
					first = r
				}
				groups.join(r, first)
			}
		}
	}
	where := map[*row]conjunction{}
	out := conjunction{}
	for i, n := range holds {
		if leader := groups.leaderOf(free[i]); leader != nil {
			where[leader] = append(where[leader], n)
		} else {
			out = append(out, n)
		}
	}
	for _, r := range f.rows {
		if groups.leader(r) == r {
			out = append(out, exists{rows: groups.members(r), where: where[r]})
		}
	}
	return out
}

// groups is a union-find over the rows of a frame; the leader of a group is its first row.
type groups struct {
	rows  []*row
	above map[*row]*row
	place map[*row]int
}

func newGroups(rows []*row) *groups {
	g := &groups{rows: rows, above: map[*row]*row{}, place: map[*row]int{}}
	for i, r := range rows {
		g.above[r], g.place[r] = r, i
	}
	return g
}

func (g *groups) leader(r *row) *row {
	for g.above[r] != r {
		r = g.above[r]
	}
	return r
}

func (g *groups) join(a, b *row) {
	if g.above[a] == nil || g.above[b] == nil {
		return // a row of another frame
	}
	a, b = g.leader(a), g.leader(b)
	if g.place[a] > g.place[b] {
		a, b = b, a
	}
	g.above[b] = a
}

func (g *groups) leaderOf(rows map[*row]bool) *row {
	for r := range rows {
		if g.above[r] != nil {
			return g.leader(r)
		}
	}
	return nil
}

func (g *groups) members(leader *row) []*row {
	var out []*row
	for _, r := range g.rows {
		if g.leader(r) == leader {
			out = append(out, r)
		}
	}
	return out
}

// not translates a negated body: it has rows of its own, so nothing in it asserts anything outside.
func (t *translator) not(body ast.Body, e *env, f *frame) (node, error) {
	n, err := t.body(body, e, f)
	if err != nil {
		return nil, err
	}
	return negation{n}, nil
}

// every translates `every x in domain {body}`: the row that holds the domain is there (else the expression is
// undefined), and there is no row in the domain for which the body does not hold.
func (t *translator) every(expr *ast.Expr, every *ast.Every, e *env, f *frame) (node, error) {
	value, ok := every.Value.Value.(ast.Var)
	if !ok {
		return nil, refuse(expr, "name the row: every x in ...", "`every` with a pattern")
	}
	domain, err := t.place(expr, every.Domain, e, f) // in the body around: it asserts the parents
	if err != nil {
		return nil, err
	}
	if domain.many == "" {
		return nil, refuse(expr, "range over an edge", "`every` over something that is not a collection of rows")
	}
	inner, rows := newEnv(e), newFrame(f)
	each := newRow(domain.row, domain.many, t.vocabulary)
	rows.rows = append(rows.rows, each)
	index := ast.Var(string(value) + "[]")
	inner.index[index] = each
	inner.bound[value] = binding{ast.VarTerm(string(index)), inner}
	holds, err := t.body(every.Body, inner, rows)
	if err != nil {
		return nil, err
	}
	return negation{quantify(rows, []node{negation{holds}})}, nil
}
