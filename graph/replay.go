package graph

import (
	"context"
	"errors"
	"reflect"

	"github.com/99designs/gqlgen/graphql"

	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/once"
)

// replay makes the answer of a mutation that was done already under its key, or that failed: err says which.
type replay func(ctx context.Context, r *Resolver, err error) (any, error)

// again makes a replay of how its payload is read anew. Expected refusals become a payload too, other failures pass.
func again[I, P any](read func(context.Context, *Resolver, once.Did, I) (*P, error)) replay {
	return func(ctx context.Context, r *Resolver, err error) (any, error) {
		done, ok := errors.AsType[*once.Again](err)
		if !ok {
			return answer(err, func(e []*fault.User) *P { return withErrors(new(P), e) })
		}
		input, _ := graphql.GetFieldContext(ctx).Args["input"].(I)
		payload, err := read(ctx, r, done.Did, input)
		if err != nil {
			return nil, err
		}
		return withErrors(payload, []*fault.User{}), nil
	}
}

// withErrors fills in the errors of a payload that has none yet; every payload has them, as a test of the schema keeps.
func withErrors[P any](payload *P, e []*fault.User) *P {
	if field := reflect.ValueOf(payload).Elem().FieldByName("Errors"); field.IsNil() {
		field.Set(reflect.ValueOf(e))
	}
	return payload
}

// delivered stands in the place of a value that was shown when the deed was done, and never again.
func delivered(now string) []*fault.User {
	return []*fault.User{fault.Refuse(fault.AlreadyDelivered, "this was done already, and its value was shown then; "+now)}
}

// still asks whether the viewer has the permission of the mutation now.
func still(ctx context.Context, r *Resolver, id string) error {
	return stillHas(ctx, r, permissionOf(graphql.GetFieldContext(ctx).Field.Definition), id)
}

// stillHas is still for a permission that depends on what a mutation is about.
func stillHas(ctx context.Context, r *Resolver, permission, id string) error {
	for typ, ps := range r.permissionsByType() {
		for _, p := range ps {
			if string(p) != permission {
				continue
			}
			held, err := viewerCan(ctx, typ, id, []string{permission})
			if err == nil && len(held) == 0 {
				err = fault.Forbidden(permission)
			}
			return err
		}
	}
	return fault.Internal(errors.New("no type has the permission " + permission))
}
