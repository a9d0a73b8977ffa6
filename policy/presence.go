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
		for _, v := range bindsReference(expr) {
			said := ast.NewExpr([]*ast.Term{ast.RefTerm(ast.VarTerm(presence)), v})
			said.Location, said.Generated = expr.Location, true
			out.Append(said)
		}
	}
	return out
}

// bindsReference are the variables that an equality may give the value of a reference or of another variable.
func bindsReference(expr *ast.Expr) []*ast.Term {
	if expr.Negated || len(expr.With) > 0 || !expr.IsEquality() {
		return nil
	}
	var out []*ast.Term
	for i := range 2 {
		v, isVar := expr.Operand(i).Value.(ast.Var)
		if isVar && !v.IsWildcard() {
			out = append(out, expr.Operand(i))
		}
	}
	return out
}
