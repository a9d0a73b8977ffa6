package gqlhttp

import "github.com/vektah/gqlparser/v2/ast"

// count is what stands in a document as it is written, fragments not expanded.
type count struct {
	nodes  int             // fields, values and directives
	names  map[string]int  // fields by response name
	values int             // the deepest nesting of lists and objects in a value
	ifs    map[string]bool // the variables that @skip and @include ask
}

func census(doc *ast.QueryDocument) count {
	c := count{names: map[string]int{}, ifs: map[string]bool{}}
	for _, op := range doc.Operations {
		for _, v := range op.VariableDefinitions {
			c.value(v.DefaultValue, 0)
			c.directives(v.Directives)
		}
		c.directives(op.Directives)
		c.set(op.SelectionSet)
	}
	for _, f := range doc.Fragments {
		c.directives(f.Directives)
		c.set(f.SelectionSet)
	}
	return c
}

// pairs bounds how often validation may have to compare two fields.
func (c *count) pairs() (n int) {
	for _, k := range c.names {
		n += k * (k - 1) / 2
	}
	return n
}

func (c *count) set(selections ast.SelectionSet) {
	for _, selection := range selections {
		switch s := selection.(type) {
		case *ast.Field:
			c.nodes++
			c.names[s.Alias]++
			c.arguments(s.Arguments)
			c.directives(s.Directives)
			c.set(s.SelectionSet)
		case *ast.InlineFragment:
			c.directives(s.Directives)
			c.set(s.SelectionSet)
		case *ast.FragmentSpread:
			c.directives(s.Directives)
		}
	}
}

func (c *count) directives(list ast.DirectiveList) {
	for _, d := range list {
		c.nodes++
		c.arguments(d.Arguments)
		if cond := d.Arguments.ForName("if"); cond != nil && cond.Value != nil && cond.Value.Kind == ast.Variable {
			c.ifs[cond.Value.Raw] = true
		}
	}
}

func (c *count) arguments(list ast.ArgumentList) {
	for _, a := range list {
		c.value(a.Value, 0)
	}
}

func (c *count) value(v *ast.Value, depth int) {
	if v == nil {
		return
	}
	c.nodes++
	if v.Kind == ast.ListValue || v.Kind == ast.ObjectValue {
		depth++
		c.values = max(c.values, depth)
	}
	for _, child := range v.Children {
		c.value(child.Value, depth)
	}
}
