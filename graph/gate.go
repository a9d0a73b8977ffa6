package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/keyhall/keyhall/internal/fault"
)

// gated reads the permission of a field (its @permission) through the same batch as viewerCan. Asked of one thing, a field
// that the viewer may not read fails; inside a list it is null, because viewerCan says it of every row. The lock below
// shows no row of it either way.
func gated[V any](ctx context.Context, typ, id string, read func() (*V, error)) (*V, error) {
	permission := permissionOf(graphql.GetFieldContext(ctx).Field.Definition)
	allowed, err := viewerCan(ctx, typ, id, []string{permission})
	if err != nil {
		return nil, err
	}
	if len(allowed) == 1 {
		return read()
	}
	if inList(ctx) {
		return nil, nil
	}
	return nil, fault.Forbidden(permission)
}

func permissionOf(f *ast.FieldDefinition) string {
	d := f.Directives.ForName("permission")
	if d == nil {
		return ""
	}
	return d.Arguments.ForName("name").Value.Raw
}

func inList(ctx context.Context) bool {
	for fc := graphql.GetFieldContext(ctx); fc != nil; fc = fc.Parent {
		if fc.Index != nil {
			return true
		}
	}
	return false
}

// viewerCan is what the viewer may do with one thing: all of it, or those of the list that hold.
func viewerCan(ctx context.Context, typ, id string, of []string) ([]string, error) {
	all, err := requestOf(ctx).can[typ].get(ctx, id)
	if err != nil || of == nil {
		return append([]string{}, all...), err
	}
	held := map[string]bool{}
	for _, p := range all {
		held[p] = true
	}
	out := []string{}
	for _, p := range of {
		if held[p] {
			out = append(out, p)
		}
	}
	return out, nil
}
