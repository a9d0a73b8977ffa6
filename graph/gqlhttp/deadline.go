package gqlhttp

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// deadline starts no further root field once the time is up or the client has gone. Inside a field the resolver's
// context does it: a resolver that ignores its context holds its request, and only its own.
type deadline struct{}

func (deadline) ExtensionName() string                   { return "Deadline" }
func (deadline) Validate(graphql.ExecutableSchema) error { return nil }

func (deadline) InterceptRootField(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
	if err := ctx.Err(); err != nil {
		graphql.AddError(ctx, &gqlerror.Error{Err: err, Message: timeoutMessage, Path: rootPath(ctx)})
		return graphql.Null
	}
	return next(ctx)
}

// rootPath is the place of a root field, which has no field context before it runs.
func rootPath(ctx context.Context) ast.Path {
	if root := graphql.GetRootFieldContext(ctx); root != nil {
		return ast.Path{ast.PathName(root.Field.Alias)}
	}
	return nil
}
