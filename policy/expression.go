package policy

import (
	"unicode/utf8"

	"github.com/open-policy-agent/opa/v1/ast"
)

// expression translates one expression of a body.
func (t *translator) expression(expr *ast.Expr, e *env, f *frame) (node, error) {
	if len(expr.With) > 0 {
		return nil, refuse(expr, "pass the row to a function instead", "`with`")
	}
	if expr.Negated {
		return t.not(ast.NewBody(expr.Complement()), e, f)
	}
	switch terms := expr.Terms.(type) {
	case *ast.Not:
		return t.not(terms.Body, e, f)
	case *ast.Every:
		return t.every(expr, terms, e, f)
	case *ast.SomeDecl:
		return t.declaration(expr, terms)
	case *ast.Term:
		if call, ok := terms.Value.(ast.Call); ok {
			return t.call(expr, call[0].Value.(ast.Ref), call[1:], e, f)
		}
		return t.bare(expr, terms, e, f)
	case []*ast.Term:
		return t.call(expr, expr.Operator(), expr.Operands(), e, f)
	}
	return nil, refuse(expr, "", "an expression that has no SQL form")
}

func (t *translator) declaration(expr *ast.Expr, some *ast.SomeDecl) (node, error) {
	for _, symbol := range some.Symbols {
		if _, ok := symbol.Value.(ast.Var); !ok {
			return nil, refuse(expr, "", "a declaration with a pattern")
		}
	}
	return constant(true), nil
}

// bare translates an expression that is only a term: it holds for everything that is there and is not false.
func (t *translator) bare(expr *ast.Expr, term *ast.Term, e *env, f *frame) (node, error) {
	if ref, ok := term.Value.(ast.Ref); ok && ref.HasPrefix(ast.DefaultRootRef) {
		return t.rule(expr, ref, nil, e, f)
	}
	o, p, err := t.value(expr, term, e, f)
	if err != nil {
		return nil, err
	}
	if p.many != "" {
		return nil, refuse(expr, "write `some row in ...`", "the collection %q is always there, even when it is empty", p.many)
	}
	if p.row != nil && p.column == "" {
		return constant(true), nil
	}
	switch o := o.(type) {
	case literal:
		return constant(o.value != false), nil
	case column:
		if o.kind() != Bool && !o.field.Nullable {
			return nil, refuse(expr, "compare it (0 is never)", "%s.%s is always there, so this is always true", o.row.entity.Table, o.name)
		}
	case clock:
		return constant(true), nil
	}
	if o.kind() == Bool {
		return truth{o}, nil
	}
	return present{o}, nil
}

func comparisons() map[string]operator {
	return map[string]operator{
		"eq": equal, "equal": equal, "neq": unequal,
		"lt": less, "lte": lessEqual, "gt": greater, "gte": greaterEqual,
	}
}

// call translates a call of a builtin or of a rule of the law.
func (t *translator) call(expr *ast.Expr, name ast.Ref, args []*ast.Term, e *env, f *frame) (node, error) {
	if name.HasPrefix(ast.DefaultRootRef) {
		return t.rule(expr, name, args, e, f)
	}
	if op, ok := comparisons()[name.String()]; ok && len(args) == 2 {
		return t.comparison(expr, op, args, e, f)
	}
	text := name.String()
	if text == presence && len(args) == 1 {
		return t.defined(expr, args[0], e, f)
	}
	if len(args) != 2 { // a third one is the result, used as a value
		text = ""
	}
	switch text {
	case "internal.member_2":
		return t.membership(expr, args, e, f)
	case "startswith":
		return t.match(expr, atStart, args, e, f)
	case "endswith":
		return t.match(expr, atEnd, args, e, f)
	case "contains":
		return t.match(expr, anywhere, args, e, f)
	}
	return nil, refuse(expr, "move the computation into a column or a fact of the request",
		"function %v on a value of the database", name)
}

func (t *translator) comparison(expr *ast.Expr, op operator, args []*ast.Term, e *env, f *frame) (node, error) {
	left, err := t.operand(expr, args[0], e, f)
	if err != nil {
		return nil, err
	}
	right, err := t.operand(expr, args[1], e, f)
	if err != nil {
		return nil, err
	}
	if left.kind() != right.kind() {
		return nil, refuse(expr, "values of different types are ordered by their type", "a %s is compared with a %s", left.kind(), right.kind())
	}
	if left.kind() == Bool && op.orders() {
		return nil, refuse(expr, "", "booleans are ordered")
	}
	return comparison{op, left, right}, nil
}

func (t *translator) membership(expr *ast.Expr, args []*ast.Term, e *env, f *frame) (node, error) {
	of, err := t.operand(expr, args[0], e, f)
	if err != nil {
		return nil, err
	}
	m := membership{of: of}
	add := func(term *ast.Term) error {
		o, err := t.operand(expr, term, e, f)
		if err != nil {
			return err
		}
		l, ok := o.(literal)
		if !ok {
			return refuse(expr, "compare with ==", "`in` a set that is not constant")
		}
		if l.kind() != of.kind() {
			return refuse(expr, "", "a %s is looked up among values of type %s", of.kind(), l.kind())
		}
		m.list = append(m.list, l)
		return nil
	}
	list := args[1]
	if v, ok := list.Value.(ast.Var); ok {
		if b, ok := e.binding(v); ok {
			list = b.term
		}
	}
	switch list := list.Value.(type) {
	case ast.Set:
		err = list.Iter(add)
	case *ast.Array:
		err = list.Iter(add)
	default:
		err = refuse(expr, "write `some row in input.resource.edge` and compare a column", "`in` something that is not a constant set")
	}
	return m, err
}

func (t *translator) match(expr *ast.Expr, where matchAt, args []*ast.Term, e *env, f *frame) (node, error) {
	of, err := t.operand(expr, args[0], e, f)
	if err != nil {
		return nil, err
	}
	pattern, err := t.operand(expr, args[1], e, f)
	if err != nil {
		return nil, err
	}
	l, ok := pattern.(literal)
	text, isText := l.value.(string)
	if !ok || !isText || of.kind() != String || !utf8.ValidString(text) {
		return nil, refuse(expr, "", "a pattern must be a constant text, and what it is looked up in a text")
	}
	return match{of: of, where: where, pattern: text}, nil
}
