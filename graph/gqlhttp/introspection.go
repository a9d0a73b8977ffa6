package gqlhttp

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// introspectionGate asks for each operation that reads the schema whether its caller may.
// Suggestions in error messages are off for everybody (validationRules): they would spell the schema out.
type introspectionGate struct{ open func(context.Context) bool }

func (introspectionGate) ExtensionName() string                   { return "IntrospectionGate" }
func (introspectionGate) Validate(graphql.ExecutableSchema) error { return nil }

func (g introspectionGate) MutateOperationContext(ctx context.Context, op *graphql.OperationContext) *gqlerror.Error {
	if !introspects(op.Operation.SelectionSet, map[string]bool{}) {
		return nil // the executor starts with it disabled
	}
	if !g.open(ctx) {
		return coded(CodeForbidden, "Introspection is switched off.")
	}
	op.DisableIntrospection = false
	return nil
}

// introspects looks at the root fields, through fragments.
func introspects(selections ast.SelectionSet, seen map[string]bool) bool {
	for _, selection := range selections {
		switch s := selection.(type) {
		case *ast.Field:
			if isIntrospection(s) {
				return true
			}
		case *ast.InlineFragment:
			if introspects(s.SelectionSet, seen) {
				return true
			}
		case *ast.FragmentSpread:
			if seen[s.Name] {
				continue
			}
			seen[s.Name] = true
			if introspects(s.Definition.SelectionSet, seen) {
				return true
			}
		}
	}
	return false
}
