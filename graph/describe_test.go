package graph_test

import (
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

// Who reads the schema in a tool sees which rule decides about each field, in the words of the schema's files.
//
//keyhall:norace
func TestTheDescriptionOfEachFieldNamesItsPermission(t *testing.T) {
	t.Parallel()
	s := apptest.New(t, apptest.SQLite)
	out := s.Actor(t, "ada").Must(t, `{ __schema { types { name fields(includeDeprecated: true) { name description } } } }`, nil)
	told := map[string]string{}
	types, _ := out.At("__schema", "types").([]any)
	for _, each := range types {
		d, _ := each.(map[string]any)
		fields, _ := d["fields"].([]any)
		for _, one := range fields {
			f, _ := one.(map[string]any)
			text, _ := f["description"].(string)
			name, _ := d["name"].(string)
			field, _ := f["name"].(string)
			told[name+"."+field] = text
		}
	}
	schema, named := loadSchema(t), 0
	for _, d := range schema.Types {
		for _, f := range d.Fields {
			if d.BuiltIn || strings.HasPrefix(f.Name, "__") || d.IsInputType() {
				continue
			}
			want := f.Description
			if p := f.Directives.ForName("permission"); p != nil {
				want += "\n\nNeeds `" + p.Arguments.ForName("name").Value.Raw + "`."
				named++
			}
			if f.Directives.ForName("public") != nil {
				want += "\n\nNeeds no account."
			}
			if got := told[d.Name+"."+f.Name]; got != want {
				t.Errorf("%s.%s is described as %q, want %q", d.Name, f.Name, got, want)
			}
		}
	}
	if named < 20 {
		t.Errorf("only %d fields name a permission", named)
	}
}
