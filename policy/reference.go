package policy

import (
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

func inputRef() ast.Ref    { return ast.InputRootRef }
func resourceRef() ast.Ref { return ast.InputRootRef.Append(ast.InternedTerm("resource")) }

// place is what a reference below input.resource leads to: a row, one of its columns, or one of its collections.
type place struct {
	row    *row
	column string
	many   string
}

func (p place) operand() column {
	return column{row: p.row, name: p.column, field: p.row.entity.Fields[p.column]}
}

// place follows a term to its place. Rows on the way are bound in f, which asserts that they exist.
func (t *translator) place(at *ast.Expr, term *ast.Term, e *env, f *frame) (place, error) {
	switch v := term.Value.(type) {
	case ast.Var:
		return t.placeOfVar(at, v, e, f)
	case ast.Ref:
		var from place
		var err error
		var rest ast.Ref
		switch head, _ := v[0].Value.(ast.Var); {
		case v.HasPrefix(resourceRef()):
			if t.root.entity.Table == "" {
				return place{}, refuse(at, "name it: custom.resource in the METADATA of the package", "the package has no resource")
			}
			from, rest = place{row: t.root}, v[2:]
		case v.HasPrefix(ast.DefaultRootRef), v.HasPrefix(inputRef()), head == "":
			return place{}, refuse(at, "see the vocabulary for what a rule may read", "%v is not a row", v)
		default:
			from, err = t.placeOfVar(at, head, e, f)
			rest = v[1:]
		}
		for _, step := range rest {
			if err != nil {
				return place{}, err
			}
			from, err = t.step(at, from, step, e, f)
		}
		return from, err
	case ast.Null:
		return place{}, refuse(at, "absent and NULL are the same: write `not row.field` or `row.field`", "null")
	}
	return place{}, refuse(at, "", "%v is not a row", term)
}

func (t *translator) placeOfVar(at *ast.Expr, v ast.Var, e *env, f *frame) (place, error) {
	if b, ok := e.binding(v); ok {
		return t.place(at, b.term, b.in, f)
	}
	if r := e.row(v); r != nil && strings.HasSuffix(string(v), "[]") {
		return place{row: r}, nil // the row of an `every`
	}
	return place{}, refuse(at, "", "the position of a row, or a variable without a value, is used as a value")
}

// step follows one part of a reference.
func (t *translator) step(at *ast.Expr, from place, step *ast.Term, e *env, f *frame) (place, error) {
	if from.column != "" {
		return place{}, refuse(at, "", "%s.%s is a column and has no parts", from.row.entity.Table, from.column)
	}
	if from.many != "" {
		return t.element(at, from, step, e, f)
	}
	name, ok := step.Value.(ast.String)
	if !ok {
		return place{}, refuse(at, "write the name of the column or edge", "the name of a column is computed")
	}
	if _, ok := from.row.entity.Fields[string(name)]; ok {
		return place{row: from.row, column: string(name)}, nil
	}
	edge, ok := from.row.entity.Edges[string(name)]
	switch {
	case !ok:
		return place{}, refuse(at, "see the vocabulary", "%s has no column and no edge %q", from.row.entity.Table, string(name))
	case edge.Rel == ToMany:
		t.collections = append(t.collections, collection{from.row, string(name)})
		return place{row: from.row, many: string(name)}, nil
	}
	r := f.one(from.row, string(name))
	if r == nil {
		r = newRow(from.row, string(name), t.vocabulary)
		f.rows = append(f.rows, r)
		f.ones[oneKey{from.row, string(name)}] = r
	}
	return place{row: r}, nil
}

// element picks a row of a collection. The same variable is the same row; one variable can not range over two
// collections (it would be one position in both).
func (t *translator) element(at *ast.Expr, from place, step *ast.Term, e *env, f *frame) (place, error) {
	v, ok := step.Value.(ast.Var)
	if !ok {
		return place{}, refuse(at, "rows have no order: write some row in ...", "a collection is indexed with a value")
	}
	if _, ok := e.binding(v); ok {
		return place{}, refuse(at, "rows have no order: write some row in ...", "the position of a row is compared")
	}
	r := e.row(v)
	if r == nil {
		r = newRow(from.row, from.many, t.vocabulary)
		f.rows = append(f.rows, r)
		e.index[v] = r
	}
	if r.parent != from.row || r.edge != from.many {
		return place{}, refuse(at, "use one variable for each collection", "one position is used in two collections")
	}
	return place{row: r}, nil
}

// defined translates "this term has a value": what a binding and an argument assert.
func (t *translator) defined(at *ast.Expr, term *ast.Term, e *env, f *frame) (node, error) {
	o, p, err := t.value(at, term, e, f)
	if err != nil {
		return nil, err
	}
	if p.row != nil && p.column == "" {
		return constant(true), nil // its rows are bound: they exist, and a collection of a row is always there
	}
	if _, ok := o.(literal); ok {
		return constant(true), nil
	}
	return present{o}, nil
}

// value resolves a term: a place below input.resource, or an operand.
func (t *translator) value(at *ast.Expr, term *ast.Term, e *env, f *frame) (operand, place, error) {
	switch v := term.Value.(type) {
	case ast.String:
		return literal{string(v)}, place{}, nil
	case ast.Boolean:
		return literal{bool(v)}, place{}, nil
	case ast.Number:
		i, ok := v.Int64()
		if !ok {
			return nil, place{}, refuse(at, "", "%v is not a whole number of 64 bits", v)
		}
		return literal{i}, place{}, nil
	case ast.Var:
		if b, ok := e.binding(v); ok {
			return t.value(at, b.term, b.in, f)
		}
	case ast.Ref:
		ref := e.expand(v)
		if ref.HasPrefix(inputRef()) && !ref.HasPrefix(resourceRef()) {
			o, err := t.request(at, ref)
			return o, place{}, err
		}
		if ref.HasPrefix(ast.DefaultRootRef) {
			return nil, place{}, refuse(at, "use plain rules without else, and tables that are constant",
				"the value of %v is not known before the row is", ref)
		}
	case ast.Call:
		return nil, place{}, refuse(at, "move the computation into a column or a fact of the request",
			"function %v on a value of the database", v[0])
	case ast.Null:
		return nil, place{}, refuse(at, "absent and NULL are the same: write `not row.field` or `row.field`", "null")
	case *ast.ArrayComprehension, *ast.SetComprehension, *ast.ObjectComprehension:
		return nil, place{}, refuse(at, "write `some row in ...` instead", "comprehension")
	case *ast.Array, ast.Object, ast.Set:
		return nil, place{}, refuse(at, "compare single values", "a composite value")
	}
	p, err := t.place(at, term, e, f)
	if err != nil || p.column == "" {
		return nil, p, err
	}
	return p.operand(), p, nil
}

// expand replaces a variable at the head of a reference that stands for a fact of the request (s := input.subject).
func (e *env) expand(ref ast.Ref) ast.Ref {
	v, ok := ref[0].Value.(ast.Var)
	if !ok || ref.HasPrefix(inputRef()) || ref.HasPrefix(ast.DefaultRootRef) {
		return ref
	}
	b, ok := e.binding(v)
	if !ok {
		return ref
	}
	switch term := b.term.Value.(type) {
	case ast.Ref:
		head := b.in.expand(term)
		if head.HasPrefix(inputRef()) && !head.HasPrefix(resourceRef()) {
			return head.Concat(ref[1:])
		}
	case ast.Var:
		return b.in.expand(ast.Ref{b.term}.Concat(ref[1:]))
	}
	return ref
}

// operand resolves a term that must be a single value.
func (t *translator) operand(at *ast.Expr, term *ast.Term, e *env, f *frame) (operand, error) {
	o, p, err := t.value(at, term, e, f)
	switch {
	case err != nil:
		return nil, err
	case p.many != "":
		return nil, refuse(at, "write `some row in ...`", "the collection %q is used as a value", p.many)
	case p.row != nil && p.column == "":
		return nil, refuse(at, "compare ids", "a row is used as a value")
	}
	return o, nil
}

// request resolves a fact of the request.
func (t *translator) request(at *ast.Expr, ref ast.Ref) (operand, error) {
	var names []string
	for _, part := range ref[1:] {
		name, ok := part.Value.(ast.String)
		if !ok {
			return nil, refuse(at, "facts of the request are single values", "%v is computed", ref)
		}
		names = append(names, string(name))
	}
	name := strings.Join(names, ".")
	switch {
	case name == "permission":
		return literal{t.verb}, nil
	case name == "env.now":
		return clock{}, nil
	case t.facts[name] != "":
		return fact{name: name, is: t.facts[name]}, nil
	}
	return nil, refuse(at, "see the vocabulary", "unknown fact input.%s", name)
}
