package policy

import "github.com/open-policy-agent/opa/v1/ast"

// presence is a builtin that holds for every value that is there.
const presence = "type_name"

// sayPresence makes explicit, in the copy of the law that is translated, that what a body binds has a value.
//
// The compiler of OPA binds the operands of a call in front of it, also of a negated one: in `not row.name != "x"` a row
// without a name makes the body undefined, not true. Partial evaluation then puts the operands back into the call and
// forgets that they were bound, so that residual would let in the row without a name. A call that only holds for
// values survives partial evaluation and becomes IS NOT NULL (or the row is joined); it changes nothing in OPA.
func sayPresence(c *ast.Compiler) *ast.Error {
	for _, m := range c.Modules {
		for _, rule := range m.Rules {
			for ; rule != nil; rule = rule.Else {
				if at := comparesWithItself(rule.Body); at != nil {
					return ast.NewError(ast.CompileErr, at.Location, "a value is compared with itself under `not`: %v", at)
				}
				rule.Body = withPresence(rule.Body)
			}
		}
	}
	return nil
}

func withPresence(body ast.Body) ast.Body {
	out := ast.Body{}
	for _, expr := range body {
		switch terms := expr.Terms.(type) {
		case *ast.Every:
			terms.Body = withPresence(terms.Body)
		case *ast.Not:
			terms.Body = withPresence(terms.Body)
		}
		out.Append(expr)
		for _, operand := range equated(expr) {
			said := ast.NewExpr([]*ast.Term{ast.RefTerm(ast.VarTerm(presence)), operand})
			said.Location, said.Generated = expr.Location, true
			out.Append(said)
		}
	}
	return out
}

// equated are the operands of an equality that may turn out to have no value: variables, and references to facts
// (partial evaluation also drops `row.name == row.name`, which does not hold for a row without a name).
func equated(expr *ast.Expr) []*ast.Term {
	if expr.Negated || len(expr.With) > 0 || !expr.IsEquality() {
		return nil
	}
	var out []*ast.Term
	for i := range 2 {
		operand := expr.Operand(i)
		switch v := operand.Value.(type) {
		case ast.Var:
			if !v.IsWildcard() {
				out = append(out, operand)
			}
		case ast.Ref:
			if expr.Operand(0).Equal(expr.Operand(1)) {
				out = append(out, operand)
			}
		}
	}
	return out
}

// comparesWithItself finds `not x == x`, of which partial evaluation forgets that x may have no value.
func comparesWithItself(body ast.Body) *ast.Expr {
	var found *ast.Expr
	ast.WalkExprs(body, func(expr *ast.Expr) bool {
		if expr.Negated && expr.IsEquality() && expr.Operand(0).Equal(expr.Operand(1)) {
			found = expr
		}
		return found != nil
	})
	return found
}
