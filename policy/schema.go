package policy

import (
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
)

// schemaDepth is how many edges the type checker of OPA follows. Types must not contain themselves: its comparison of
// two such types never ends. What lies deeper is checked by the translator.
const schemaDepth = 4

// schemas are what OPA checks references below input against, so that a typo in a rule is an error at load: one for
// the packages of each type, and one for packages that are about no type, in which a row can be anything.
func (v Vocabulary) schemas() *ast.SchemaSet {
	set := ast.NewSchemaSet()
	definitions := map[string]any{}
	for name, entity := range v {
		for depth := range schemaDepth + 1 {
			if !entity.Hidden {
				definitions[definition(name, depth)] = entity.schema(depth)
			}
		}
	}
	set.Put(ast.SchemaRootRef, inputSchema(map[string]any{}, nil))
	for name, entity := range v {
		if !entity.Hidden {
			set.Put(schemaOf(name), inputSchema(reference(name, schemaDepth), definitions))
		}
	}
	return set
}

func definition(typ string, depth int) string { return fmt.Sprintf("%s_%d", typ, depth) }

func reference(typ string, depth int) map[string]any {
	return map[string]any{"$ref": "#/definitions/" + definition(typ, depth)}
}

func schemaOf(typ string) ast.Ref { return ast.SchemaRootRef.Append(ast.StringTerm(typ)) }

// schema is a row with its columns, and its edges as far as depth reaches.
func (e Entity) schema(depth int) map[string]any {
	properties := map[string]any{}
	for name, field := range e.Fields {
		properties[name] = field.Kind.schema()
	}
	for name, edge := range e.Edges {
		to := map[string]any{}
		if depth > 0 {
			to = reference(edge.To, depth-1)
		}
		if edge.Rel == ToMany {
			to = map[string]any{"type": "array", "items": to}
		}
		properties[name] = to
	}
	return object(properties)
}

func (k Kind) schema() map[string]any {
	types := map[Kind]string{String: "string", Int: "integer", Bool: "boolean"}
	return map[string]any{"type": types[k]}
}

func inputSchema(resource, definitions map[string]any) map[string]any {
	schema := object(map[string]any{
		"resource":   resource,
		"permission": String.schema(),
		"env":        object(map[string]any{"now": Int.schema()}),
		"subject": object(map[string]any{
			"id": String.schema(), "email": String.schema(),
			"email_verified": Bool.schema(), "administrator": Bool.schema(),
		}),
	})
	if definitions != nil {
		schema["definitions"] = definitions
	}
	return schema
}

func object(properties map[string]any) map[string]any {
	return map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
}
