package gqlhttp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

const testSDL = `
scalar Long
enum Color { RED GREEN }
input Filter { and: [Filter!] name: String color: Color size: Int one: One }
input One @oneOf { a: String b: String }
interface Node { id: ID! }
type Query {
  ping: String!
  self: Query!
  echo(n: Int, text: String, color: Color, flag: Boolean, ratio: Float, id: ID): String
  big(long: Long): String
  find(filter: Filter, must: Int! = 1): String
  items(first: Int, after: String, last: Int, before: String): ItemConnection!
  search(query: String!, first: Int): [Item!]
  preset(first: Int = 50): [Item!]
  nodes(ids: [ID!]!): [Node]!
  fail(how: String): String
  wait: String
  boom: String
  audited: String
}
type Mutation { bump: Int!  wait: String }
type Subscription { ticks: Int! }
type ItemConnection { edges: [ItemEdge!]!  nodes: [Item!]!  totalCount: Int! }
type ItemEdge { node: Item!  cursor: String! }
type Item implements Node { id: ID!  name: String  items(first: Int, last: Int): ItemConnection! }
`

type resolver func(ctx context.Context, args map[string]any) (any, error)

// testSchema is a small executable schema without generated code. A field without a resolver answers "x", 1 or an object;
// a list holds one element.
type testSchema struct {
	schema    *ast.Schema
	resolvers map[string]resolver
}

func newTestSchema() *testSchema {
	return &testSchema{
		schema: gqlparser.MustLoadSchema(&ast.Source{Input: testSDL}),
		resolvers: map[string]resolver{
			"Query.boom": func(context.Context, map[string]any) (any, error) { panic("panic with " + canary) },
			"Query.fail": func(_ context.Context, args map[string]any) (any, error) {
				if code, ok := args["how"].(string); ok && code != "" {
					return nil, &gqlerror.Error{Message: "told so", Extensions: map[string]any{"code": code}}
				}
				return nil, errors.New("unclassified with " + canary)
			},
		},
	}
}

func (s *testSchema) Schema() *ast.Schema { return s.schema }

func (s *testSchema) Complexity(context.Context, string, string, int, map[string]any) (int, bool) {
	return 0, false
}

func (s *testSchema) Exec(ctx context.Context) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx)
	root := map[ast.Operation]*ast.Definition{ast.Query: s.schema.Query, ast.Mutation: s.schema.Mutation}[op.Operation.Operation]
	if op.Operation.Operation == ast.Subscription { // nothing ever happens
		return func(ctx context.Context) *graphql.Response { <-ctx.Done(); return nil }
	}
	done := false
	return func(ctx context.Context) *graphql.Response {
		if done {
			return nil
		}
		done = true
		var b bytes.Buffer
		s.object(ctx, root, op.Operation.SelectionSet, true).MarshalGQL(&b)
		return &graphql.Response{Data: b.Bytes()}
	}
}

func (s *testSchema) object(ctx context.Context, def *ast.Definition, set ast.SelectionSet, root bool) graphql.Marshaler {
	op := graphql.GetOperationContext(ctx)
	fields := graphql.CollectFields(op, set, append(slices.Clone(def.Interfaces), def.Name))
	return graphql.WriterFunc(func(w io.Writer) {
		_, _ = io.WriteString(w, "{")
		for i, f := range fields {
			if i > 0 {
				_, _ = io.WriteString(w, ",")
			}
			fmt.Fprintf(w, "%q:", f.Alias)
			resolve := func(ctx context.Context) graphql.Marshaler {
				return s.field(graphql.WithFieldContext(ctx, &graphql.FieldContext{Object: def.Name, Field: f}), def, f)
			}
			if root {
				rootCtx := graphql.WithRootFieldContext(ctx, &graphql.RootFieldContext{Object: def.Name, Field: f})
				op.RootResolverMiddleware(rootCtx, resolve).MarshalGQL(w)
			} else {
				resolve(ctx).MarshalGQL(w)
			}
		}
		_, _ = io.WriteString(w, "}")
	})
}

func (s *testSchema) field(ctx context.Context, def *ast.Definition, f graphql.CollectedField) (out graphql.Marshaler) {
	op := graphql.GetOperationContext(ctx)
	defer func() {
		if v := recover(); v != nil {
			op.Error(ctx, op.Recover(ctx, v))
			out = graphql.Null
		}
	}()
	switch f.Name {
	case "__typename":
		return graphql.MarshalString(def.Name)
	case "__type":
		name, _ := f.ArgumentMap(op.Variables)["name"].(string)
		if s.schema.Types[name] == nil {
			return graphql.Null
		}
		return marshalJSON(map[string]any{"name": name})
	case "__schema":
		return marshalJSON(map[string]any{"queryType": map[string]any{"name": s.schema.Query.Name}})
	}
	args, err := arguments(ctx, f.ArgumentMap(op.Variables))
	if err != nil {
		op.Error(ctx, err)
		return graphql.Null
	}
	graphql.GetFieldContext(ctx).Args = args
	if resolve := s.resolvers[def.Name+"."+f.Name]; resolve != nil {
		v, err := resolve(ctx, args)
		if err != nil {
			graphql.AddError(ctx, err)
			return graphql.Null
		}
		return marshalJSON(v)
	}
	return s.example(ctx, f)
}

// arguments converts as generated code does: on a failure the field context has no arguments.
func arguments(ctx context.Context, raw map[string]any) (map[string]any, error) {
	if v, given := raw["long"]; given {
		n, err := graphql.ProcessArgField(ctx, raw, "long", func(ctx context.Context, v any) (int64, error) {
			n, err := graphql.UnmarshalInt64(v)
			return n, graphql.ErrorOnPath(ctx, err)
		})
		if text, ok := v.(string); ok && text == "coded" {
			return nil, &gqlerror.Error{Message: "no such long", Extensions: map[string]any{"code": "NOT_FOUND"}}
		}
		if err != nil {
			return nil, err
		}
		raw["long"] = n
	}
	return raw, nil
}

func (s *testSchema) example(ctx context.Context, f graphql.CollectedField) graphql.Marshaler {
	target := s.schema.Types[f.Definition.Type.Name()]
	var one graphql.Marshaler
	switch {
	case target.Name == "Node":
		one = s.object(ctx, s.schema.Types["Item"], f.Selections, false)
	case target.Kind == ast.Object:
		one = s.object(ctx, target, f.Selections, false)
	case target.Name == "Int":
		one = graphql.MarshalInt(1)
	default:
		one = graphql.MarshalString("x")
	}
	if f.Definition.Type.Elem != nil {
		return graphql.Array{one}
	}
	return one
}

func marshalJSON(v any) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) { _ = json.NewEncoder(w).Encode(v) })
}
