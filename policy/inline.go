package policy

import (
	"github.com/open-policy-agent/opa/v1/ast"
)

// maxDepth bounds how deep rules are inlined into each other; Rego has no recursion, so this is only a belt.
const maxDepth = 64

// rule puts the bodies of a plain boolean rule in the place of a reference to it. Partial evaluation does so where it
// can; what it leaves are negated bodies, rules with a default, and what stands inside `every`.
func (t *translator) rule(at *ast.Expr, name ast.Ref, args []*ast.Term, e *env, f *frame) (node, error) {
	rules := t.support[name.String()]
	if len(rules) == 0 {
		rules = t.compiler.GetRulesExact(name)
	}
	if len(rules) == 0 {
		return nil, refuse(at, "use plain boolean rules: name if { ... }", "%v is not a plain rule", name)
	}
	if t.depth++; t.depth > maxDepth {
		return nil, refuse(at, "", "rules are nested too deep")
	}
	defer func() { t.depth-- }()
	alternatives := disjunction{}
	for _, rule := range rules {
		if err := plain(at, rule); err != nil {
			return nil, err
		}
		if rule.Default {
			continue
		}
		n, err := t.application(at, rule, args, e, f)
		if err != nil {
			return nil, err
		}
		alternatives = append(alternatives, n)
	}
	return alternatives, nil
}

// plain refuses rules that are more than a disjunction of bodies.
func plain(at *ast.Expr, rule *ast.Rule) error {
	value, isBool := rule.Head.Value, false
	var is ast.Boolean
	if value != nil {
		is, isBool = value.Value.(ast.Boolean)
	}
	switch {
	case rule.Else != nil:
		return refuse(at, "use several bodies: name if { ... }", "rule %v has an `else`", rule.Head.Name)
	case rule.Head.Key != nil:
		return refuse(at, "use plain boolean rules: name if { ... }", "%v is a set", rule.Head.Name)
	case rule.Default && (!isBool || bool(is)):
		return refuse(at, "", "the default of rule %v is not false", rule.Head.Name)
	case !rule.Default && (!isBool || !bool(is)):
		return refuse(at, "use plain boolean rules: name if { ... }", "rule %v is not simply true", rule.Head.Name)
	}
	return nil
}

// application translates one body of a rule with its arguments. The arguments are evaluated in the body that calls:
// each must have a value, and the rows that they name belong to the caller.
func (t *translator) application(at *ast.Expr, rule *ast.Rule, args []*ast.Term, e *env, f *frame) (node, error) {
	if len(rule.Head.Args) != len(args) {
		return nil, refuse(at, "write the call as a bare expression", "the result of %v is used as a value", rule.Head.Name)
	}
	inner := newEnv(nil)
	holds := conjunction{}
	var repeated []*ast.Term
	for i, parameter := range rule.Head.Args {
		v, ok := parameter.Value.(ast.Var)
		if !ok {
			return nil, refuse(at, "compare in the body instead", "rule %v has an argument that is a pattern", rule.Head.Name)
		}
		if _, twice := inner.bound[v]; twice || inner.index[v] != nil {
			repeated = append(repeated, parameter)
		}
		if position, ok := args[i].Value.(ast.Var); ok {
			if r := e.row(position); r != nil {
				if _, bound := e.binding(position); !bound {
					inner.index[v] = r // partial evaluation passes positions of rows
					continue
				}
			}
		}
		n, err := t.defined(at, args[i], e, f)
		if err != nil {
			return nil, err
		}
		holds = append(holds, n)
		inner.bound[v] = binding{args[i], e}
	}
	if len(repeated) > 0 {
		return nil, refuse(at, "", "rule %v names an argument twice", rule.Head.Name)
	}
	n, err := t.body(rule.Body, inner, f)
	if err != nil {
		return nil, err
	}
	return append(holds, n), nil
}
