package gqlhttp

import (
	"cmp"
	"fmt"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Limits bound the shape of every operation of a document, fragments expanded wherever they are spread.
// Zero means the default.
type Limits struct {
	Depth      int // levels of fields; 10
	Aliases    int // 15
	RootFields int // 5
	Directives int // 20
	Fields     int // 1000
}

const (
	// The usual introspection query is 15 levels deep, and its types lead nowhere else.
	maxIntrospectionDepth = 20
	maxValueDepth         = 20
	maxVariableValues     = 5000
	// Validation compares the fields of one response name pairwise.
	maxPairs = 50_000
	// Validation walks each fragment again from each definition that reaches it.
	maxWalks = 5
	ceiling  = 1 << 30 // where counts stop growing, so that a fragment bomb cannot overflow them
)

func (l Limits) withDefaults() Limits {
	return Limits{
		Depth:      cmp.Or(l.Depth, 10),
		Aliases:    cmp.Or(l.Aliases, 15),
		RootFields: cmp.Or(l.RootFields, 5),
		Directives: cmp.Or(l.Directives, 20),
		Fields:     cmp.Or(l.Fields, 1000),
	}
}

// check measures a parsed document that may still be invalid in any way.
func (l Limits) check(doc *ast.QueryDocument) *gqlerror.Error {
	raw := census(doc)
	if raw.values > maxValueDepth {
		return tooLarge("values nested %d deep", raw.values, maxValueDepth)
	}
	if pairs := raw.pairs(); pairs > maxPairs {
		return tooLarge("%d pairs of fields of one name", pairs, maxPairs)
	}
	m := newMeasurer(doc)
	walked := 0
	for _, op := range doc.Operations {
		s := m.operation(op)
		if err := l.exceeded(s); err != nil {
			return err
		}
		walked = min(walked+s.fields, ceiling)
	}
	for _, fragment := range doc.Fragments {
		s := m.fragment(fragment)
		s.depth, s.width = 0, 0 // these depend on where it is spread
		if err := l.exceeded(s); err != nil {
			return err
		}
		walked = min(walked+s.fields, ceiling)
	}
	if walked > maxWalks*l.Fields {
		return tooLarge("%d fields over all its definitions", walked, maxWalks*l.Fields)
	}
	return nil
}

// checkVariables bounds what validation coerces value by value, and recursively.
func checkVariables(variables map[string]any) *gqlerror.Error {
	values, depth := 0, 0
	for _, v := range variables {
		n, d := weigh(v, 0)
		values, depth = values+n, max(depth, d)
	}
	switch {
	case depth > maxValueDepth:
		return tooLarge("variables nested %d deep", depth, maxValueDepth)
	case values > maxVariableValues:
		return tooLarge("%d values in its variables", values, maxVariableValues)
	}
	return nil
}

// weigh counts the values inside a decoded JSON value, itself included, and the levels of lists and objects.
func weigh(v any, level int) (values, depth int) {
	values, depth = 1, level
	visit := func(child any) {
		n, d := weigh(child, level+1)
		values, depth = values+n, max(depth, d)
	}
	switch v := v.(type) {
	case []any:
		depth++
		for _, child := range v {
			visit(child)
		}
	case map[string]any:
		depth++
		for _, child := range v {
			visit(child)
		}
	}
	return values, depth
}

func (l Limits) exceeded(s shape) *gqlerror.Error {
	for _, bound := range []struct {
		what     string
		got, max int
	}{
		{"%d levels", s.depth, l.Depth},
		{"%d levels of introspection", s.meta, maxIntrospectionDepth},
		{"%d root fields", s.width, l.RootFields},
		{"%d aliases", s.aliases, l.Aliases},
		{"%d directives", s.directives, l.Directives},
		{"%d fields", s.fields, l.Fields},
	} {
		if bound.got > bound.max {
			return tooLarge(bound.what, bound.got, bound.max)
		}
	}
	return nil
}

func tooLarge(what string, got, limit int) *gqlerror.Error {
	return coded(CodeOperationTooLarge, fmt.Sprintf("The operation has "+what+"; the limit is %d.", got, limit))
}
