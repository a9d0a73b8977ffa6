package policy

import (
	"github.com/open-policy-agent/opa/v1/ast"
)

// schemas are what OPA checks references below input against, so that a typo in a rule is an error at load: one for
// the packages of each type, and one for packages that are about no type, in which a row can be anything.
func (v Vocabulary) schemas() *ast.SchemaSet {
	set := ast.NewSchemaSet()
	definitions := map[string]any{}
	for name, entity := range v {
		if !entity.Hidden {
			definitions[name] = entity.schema()
		}
	}
	set.Put(ast.SchemaRootRef, inputSchema(map[string]any{}, nil))
	for name, entity := range v {
		if !entity.Hidden {
			set.Put(schemaOf(name), inputSchema(map[string]any{"$ref": "#/definitions/" + name}, definitions))
		}
	}
	return set
}

func schemaOf(typ string) ast.Ref { return ast.SchemaRootRef.Append(ast.StringTerm(typ)) }

func (e Entity) schema() map[string]any {
	properties := map[string]any{}
	for name, field := range e.Fields {
		properties[name] = field.Kind.schema()
	}
	for name, edge := range e.Edges {
		to := map[string]any{"$ref": "#/definitions/" + edge.To}
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
