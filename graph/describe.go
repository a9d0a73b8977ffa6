package graph

import (
	"strings"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// describedSchema is the schema with what its directives promise said in words: introspection carries no directives, and
// who reads the schema in a tool shall see which rule decides about a field.
func describedSchema() *ast.Schema {
	schema := gqlparser.MustLoadSchema(sources...)
	for _, d := range schema.Types {
		for _, f := range d.Fields {
			f.Description = described(f)
		}
	}
	return schema
}

func described(f *ast.FieldDefinition) string {
	words := []string{f.Description}
	if p := f.Directives.ForName("permission"); p != nil {
		words = append(words, "Needs `"+p.Arguments.ForName("name").Value.Raw+"`.")
	}
	if f.Directives.ForName("public") != nil {
		words = append(words, "Needs no account.")
	}
	return strings.Join(words, "\n\n")
}
