package gqlhttp

import "github.com/vektah/gqlparser/v2/ast"

// shape is what a selection set amounts to once its fragments are expanded.
type shape struct {
	depth, meta                        int // levels of fields; meta: those below __schema and __type
	width, fields, aliases, directives int // width: fields at the top level
}

func (s *shape) add(c shape) {
	s.depth, s.meta = max(s.depth, c.depth), max(s.meta, c.meta)
	s.width = min(s.width+c.width, ceiling)
	s.fields = min(s.fields+c.fields, ceiling)
	s.aliases = min(s.aliases+c.aliases, ceiling)
	s.directives = min(s.directives+c.directives, ceiling)
}

// measurer expands fragments without walking any of them twice, so its work is linear in the document.
type measurer struct {
	fragments map[string]*ast.FragmentDefinition
	memo      map[*ast.FragmentDefinition]shape
}

func newMeasurer(doc *ast.QueryDocument) *measurer {
	m := &measurer{fragments: map[string]*ast.FragmentDefinition{}, memo: map[*ast.FragmentDefinition]shape{}}
	for _, f := range doc.Fragments {
		if m.fragments[f.Name] == nil { // of equal names validation looks at the first
			m.fragments[f.Name] = f
		}
	}
	return m
}

func (m *measurer) operation(op *ast.OperationDefinition) shape {
	s := m.set(op.SelectionSet)
	s.directives += len(op.Directives)
	for _, v := range op.VariableDefinitions {
		s.directives += len(v.Directives)
	}
	return s
}

func (m *measurer) fragment(f *ast.FragmentDefinition) shape {
	s, known := m.memo[f]
	if !known {
		m.memo[f] = shape{} // a cycle counts nothing: validation refuses it
		s = m.set(f.SelectionSet)
		s.directives += len(f.Directives)
		m.memo[f] = s
	}
	return s
}

func (m *measurer) set(selections ast.SelectionSet) (total shape) {
	for _, selection := range selections {
		switch s := selection.(type) {
		case *ast.Field:
			total.add(m.field(s))
		case *ast.InlineFragment:
			inner := m.set(s.SelectionSet)
			inner.directives += len(s.Directives)
			total.add(inner)
		case *ast.FragmentSpread:
			inner := shape{}
			if f := m.fragments[s.Name]; f != nil {
				inner = m.fragment(f)
			}
			inner.directives += len(s.Directives)
			total.add(inner)
		}
	}
	return total
}

func (m *measurer) field(f *ast.Field) shape {
	s := m.set(f.SelectionSet)
	s.depth++
	s.width = 1
	s.fields++
	s.directives += len(f.Directives)
	if f.Alias != f.Name {
		s.aliases++
	}
	if isIntrospection(f) {
		s.depth, s.meta = 1, s.depth
	}
	return s
}

func isIntrospection(f *ast.Field) bool { return f.Name == "__schema" || f.Name == "__type" }
