package gqlhttp

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
)

// deadline starts no further root field once the time is up or the client has gone. Inside a field the resolver's
// context does it: a resolver that ignores its context holds its request, and only its own.
type deadline struct{}

func (deadline) ExtensionName() string                   { return "Deadline" }
func (deadline) Validate(graphql.ExecutableSchema) error { return nil }

func (deadline) InterceptRootField(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
	if err := ctx.Err(); err != nil {
		graphql.AddError(ctx, err)
		return graphql.Null
	}
	return next(ctx)
}
