package graph

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/99designs/gqlgen/graphql"

	"github.com/keyhall/keyhall/graph/gqlhttp"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/once"
)

// keyed has each mutation that comes with an Idempotency-Key done once. It gives the key to the verb, and turns what was
// done already into the payload of then, as the viewer sees it now.
type keyed struct{ resolver *Resolver }

var _ interface {
	graphql.HandlerExtension
	graphql.FieldInterceptor
} = keyed{}

func (keyed) ExtensionName() string                   { return "IdempotencyKey" }
func (keyed) Validate(graphql.ExecutableSchema) error { return nil }

func (k keyed) InterceptField(ctx context.Context, next graphql.Resolver) (any, error) {
	fc := graphql.GetFieldContext(ctx)
	if fc.Object != "Mutation" || !fc.IsResolver {
		return next(ctx)
	}
	op := graphql.GetOperationContext(ctx)
	key := op.Headers.Get(gqlhttp.IdempotencyKey)
	if key == "" {
		return next(ctx)
	}
	if mutations(op) > 1 {
		return nil, fault.BadInput("an Idempotency-Key is for one mutation: send each in a request of its own")
	}
	replay, known := replays()[fc.Field.Name]
	if !known {
		return nil, fault.Internal(errors.New("the mutation " + fc.Field.Name + " has no replay"))
	}
	if replay == nil {
		return next(ctx)
	}
	input, err := json.Marshal(fc.Field.ArgumentMap(op.Variables)) // sorts the members: their order says nothing
	if err != nil {
		return nil, fault.BadInput("the input cannot be read again", "input")
	}
	ctx = once.With(ctx, key, fc.Field.Name, input)
	if err := k.resolver.House.Recall(ctx); err != nil {
		return replay(ctx, k.resolver, err)
	}
	out, err := next(ctx)
	if err != nil {
		return replay(ctx, k.resolver, err)
	}
	return out, nil
}

// mutations counts the mutations that an operation runs.
func mutations(op *graphql.OperationContext) int {
	n := 0
	for _, field := range graphql.CollectFields(op, op.Operation.SelectionSet, []string{"Mutation"}) {
		if field.Name != "__typename" {
			n++
		}
	}
	return n
}
