package policy

import (
	"github.com/open-policy-agent/opa/v1/ast"
)

// env holds the names of one body. The body of a rule has no outer env: it sees its arguments and nothing else.
type env struct {
	outer *env
	bound map[ast.Var]binding
	index map[ast.Var]*row // a variable that ranges over a collection
}

// binding is a variable that stands for a term, to be read among the names of another body.
type binding struct {
	term *ast.Term
	in   *env
}

// frame holds the rows that one body binds. Its rows are quantified together, after the body is translated.
type frame struct {
	outer *frame
	rows  []*row
	ones  map[oneKey]*row
}

type oneKey struct {
	parent *row
	edge   string
}

func newEnv(outer *env) *env {
	return &env{outer: outer, bound: map[ast.Var]binding{}, index: map[ast.Var]*row{}}
}

func newFrame(outer *frame) *frame { return &frame{outer: outer, ones: map[oneKey]*row{}} }

func (e *env) binding(v ast.Var) (binding, bool) {
	for ; e != nil; e = e.outer {
		if b, ok := e.bound[v]; ok {
			return b, true
		}
	}
	return binding{}, false
}

func (e *env) row(v ast.Var) *row {
	for ; e != nil; e = e.outer {
		if r := e.index[v]; r != nil {
			return r
		}
	}
	return nil
}

// one finds a to-one row that this body or one around it has bound.
func (f *frame) one(parent *row, edge string) *row {
	for ; f != nil; f = f.outer {
		if r := f.ones[oneKey{parent, edge}]; r != nil {
			return r
		}
	}
	return nil
}

// body translates one conjunction: its rows exist together, and all its expressions hold for them. Every binding
// asserts that what it binds is there. What is negated comes last, when the rows that it speaks of are bound.
func (t *translator) body(body ast.Body, outer *env, around *frame) (node, error) {
	return t.bodyIn(body, newEnv(outer), newFrame(around), nil)
}

// bodyIn is body with names and rows that are already there (the arguments of a rule, the row of an `every`).
func (t *translator) bodyIn(body ast.Body, e *env, f *frame, holds []node) (node, error) {
	bindings, positive, negative := order(body, e)
	for _, b := range bindings {
		n, err := t.defined(b.expr, b.term, e, f)
		if err != nil {
			return nil, err
		}
		holds = append(holds, n)
	}
	for _, expr := range append(positive, negative...) {
		n, err := t.expression(expr, e, f)
		if err != nil {
			return nil, err
		}
		holds = append(holds, n)
	}
	return quantify(f, holds), nil
}

// order splits a body into its bindings (which are noted in e), what must hold, and what must not.
func order(body ast.Body, e *env) (bindings []assignment, positive, negative []*ast.Expr) {
	for _, expr := range body {
		if v, term, ok := assigns(expr, e); ok {
			e.bound[v] = binding{term, e}
			bindings = append(bindings, assignment{expr, term})
			continue
		}
		switch expr.Terms.(type) {
		case *ast.Every, *ast.Not:
			negative = append(negative, expr)
		default:
			if expr.Negated {
				negative = append(negative, expr)
			} else {
				positive = append(positive, expr)
			}
		}
	}
	return bindings, positive, negative
}

type assignment struct {
	expr *ast.Expr
	term *ast.Term
}

// assigns tells whether expr gives a variable its value: an equality with a variable that has none and ranges over
// no collection.
func assigns(expr *ast.Expr, e *env) (ast.Var, *ast.Term, bool) {
	if expr.Negated || len(expr.With) > 0 || !expr.IsEquality() {
		return "", nil, false
	}
	left, right := expr.Operand(0), expr.Operand(1)
	for range 2 {
		if v, ok := left.Value.(ast.Var); ok {
			_, has := e.binding(v)
			if !has && e.row(v) == nil && !e.leadsTo(right, v) {
				return v, right, true
			}
		}
		left, right = right, left
	}
	return "", nil, false
}

// leadsTo tells whether a chain of variables that starts at term ends at v: binding v to it would make a circle.
func (e *env) leadsTo(term *ast.Term, v ast.Var) bool {
	for {
		w, ok := term.Value.(ast.Var)
		if !ok {
			return false
		}
		if w == v {
			return true
		}
		b, ok := e.binding(w)
		if !ok {
			return false
		}
		term, e = b.term, b.in
	}
}
