package gqlhttp

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// conditions refuses null for a variable that @skip or @include asks. Validation lets it pass when the variable is
// nullable with a default, and gqlgen panics on it, outside of any field.
type conditions struct{}

func (conditions) ExtensionName() string                   { return "Conditions" }
func (conditions) Validate(graphql.ExecutableSchema) error { return nil }

func (conditions) MutateOperationContext(_ context.Context, op *graphql.OperationContext) *gqlerror.Error {
	for _, v := range op.Operation.VariableDefinitions {
		value, given := op.Variables[v.Variable]
		if !given || value != nil || v.Type.Name() != "Boolean" {
			continue // this is nearly always so, and the document is not walked
		}
		if census(op.Doc).ifs[v.Variable] {
			return coded(CodeBadUserInput, "A variable of @skip or @include must not be null.")
		}
	}
	return nil
}
