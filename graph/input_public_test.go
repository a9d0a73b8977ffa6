package graph_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/keyhall/keyhall/internal/apptest"
)

// readSchema reads the schema as its files say, not as the generated code does.
func readSchema(t testing.TB) *ast.Schema {
	t.Helper()
	files, err := filepath.Glob("schema/*.graphqls")
	if err != nil || len(files) == 0 {
		t.Fatalf("no schema: %v", err)
	}
	var sources []*ast.Source
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, &ast.Source{Name: f, Input: string(text)})
	}
	schema, err := gqlparser.LoadSchema(sources...)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// smallest is the shortest operation that asks for one root field, with a value for all that it requires.
func smallest(schema *ast.Schema, operation string, f *ast.FieldDefinition) string {
	var arguments []string
	for _, a := range f.Arguments {
		if a.Type.NonNull && a.DefaultValue == nil {
			arguments = append(arguments, a.Name+":"+literal(schema, a.Type))
		}
	}
	text := f.Name
	if len(arguments) > 0 {
		text += "(" + strings.Join(arguments, ",") + ")"
	}
	if schema.Types[f.Type.Name()].IsCompositeType() {
		text += "{__typename}"
	}
	return operation + "{" + text + "}"
}

func literal(schema *ast.Schema, typ *ast.Type) string {
	if typ.Elem != nil {
		return "[" + literal(schema, typ.Elem) + "]"
	}
	def := schema.Types[typ.Name()]
	switch {
	case def.Kind == ast.Enum:
		return def.EnumValues[0].Name
	case def.Kind == ast.InputObject:
		var fields []string
		for i, f := range def.Fields {
			oneOf := i == 0 && def.Directives.ForName("oneOf") != nil
			if oneOf || f.Type.NonNull && f.DefaultValue == nil {
				fields = append(fields, f.Name+":"+literal(schema, f.Type))
			}
		}
		return "{" + strings.Join(fields, ",") + "}"
	case def.Name == "Int" || def.Name == "Long":
		return "1"
	case def.Name == "Boolean":
		return "true"
	case def.Name == "Time":
		return `"2030-01-01T00:00:00Z"`
	case def.Name == "Permission":
		return `"api_key.view"`
	}
	return `"x"`
}

type rootField struct{ operation, name, text string }

// rootFields are those of the schema, and whether they are marked @public.
func rootFields(schema *ast.Schema) (public, others []rootField) {
	for operation, typ := range map[string]*ast.Definition{"query": schema.Query, "mutation": schema.Mutation} {
		for _, f := range typ.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			r := rootField{operation, f.Name, smallest(schema, operation, f)}
			if f.Directives.ForName("public") != nil {
				public = append(public, r)
			} else {
				others = append(others, r)
			}
		}
	}
	return public, others
}

// The promise of who needs no account, by hand from the contract.
//
//keyhall:norace
func TestOnlyWhatTheContractSaysIsPublic(t *testing.T) {
	t.Parallel()
	public, others := rootFields(readSchema(t))
	promised := []string{"viewer", "signUp", "signIn", "verifyEmail", "resendVerification", "requestPasswordReset", "resetPassword", "openShareLink"}
	for _, f := range public {
		if !slices.Contains(promised, f.name) {
			t.Errorf("%s %s needs no account", f.operation, f.name)
		}
	}
	if len(others) < 20 {
		t.Errorf("only %d root fields need an account: the sweep is blind", len(others))
	}
}

//keyhall:norace
func TestWithoutAnAccountEverythingThatIsNotPublicIsUnauthenticated(t *testing.T) {
	t.Parallel()
	schema := readSchema(t)
	public, others := rootFields(schema)
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		maria := s.Actor(t, "maria")
		key := maria.CreateKey(t, "Hidden from nobody", "", "PROJECT")
		before := contents(t, s)
		events := s.Count(t, "audit_events")
		for _, f := range others {
			for _, text := range []string{f.text, strings.ReplaceAll(f.text, `"x"`, `"`+key.ID+`"`)} {
				out := s.Anonymous().Do(t, text, nil)
				refusedWithACode(t, f.name, out)
				if len(out.Errors) != 1 || out.Code() != "UNAUTHENTICATED" || strings.Contains(fmt.Sprint(out.Data), key.ID) || len(out.Cookies) != 0 {
					t.Errorf("%s: %d %s", text, out.Status, out.Body)
				}
				if len(out.Errors) > 0 && fmt.Sprint(out.Errors[0].Path) != "["+f.name+"]" {
					t.Errorf("%s: the error is at %v", f.name, out.Errors[0].Path)
				}
				if out.Data[f.name] != nil {
					t.Errorf("%s: with data: %s", text, out.Body)
				}
			}
		}
		for _, f := range public {
			if out := s.Anonymous().Do(t, f.text, nil); out.Code() == "UNAUTHENTICATED" || len(out.Errors) > 0 {
				t.Errorf("%s is public, but answers %s", f.name, out.Body)
			}
		}
		if after := contents(t, s); after != before || s.Count(t, "audit_events") != events {
			t.Errorf("something was written:\n%s", difference(before, after))
		}
		t.Logf("%d root fields need an account, %d do not", len(others), len(public))
	})
}

//keyhall:norace
func TestAnAliasAFragmentOrCompanyDoesNotOpenAField(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		maria := s.Actor(t, "maria")
		key := maria.CreateKey(t, "Hidden", "", "PROJECT")
		before := contents(t, s)
		for _, query := range []string{
			`{ viewer: apiKeys { totalCount } }`,
			`{ __typename: apiKeys { totalCount } }`,
			`{ viewer { email } apiKeys { totalCount } }`,
			`{ apiKeys { totalCount } viewer { email } }`,
			`{ ...A } fragment A on Query { apiKeys { totalCount } }`,
			`{ ... on Query { ... @include(if: true) { node(id: "` + key.ID + `") { id } } } }`,
			`{ a: apiKey(id: "` + key.ID + `") { name } b: viewer { email } }`,
			`mutation { signIn: deleteAPIKey(input: {id: "` + key.ID + `"}) { deletedId } }`,
			`mutation { signIn(input: {login: "` + maria.Username + `", password: "wrong password"}) { viewer { email } } deleteAPIKey(input: {id: "` + key.ID + `"}) { deletedId } }`,
			`mutation { deleteAPIKey(input: {id: "` + key.ID + `"}) { deletedId } signIn(input: {login: "nosuch", password: "wrong password"}) { viewer { email } } }`,
		} {
			out := s.Anonymous().Do(t, query, nil)
			if out.Code() != "UNAUTHENTICATED" || strings.Contains(out.Body, "totalCount") || strings.Contains(out.Body, "Hidden") {
				t.Errorf("%s: %s", query, out.Body)
			}
		}
		if out := s.Anonymous().Do(t, `{ apiKeys @skip(if: true) { totalCount } viewer { email } }`, nil); out.Code() != "" {
			t.Errorf("what is skipped is refused: %s", out.Body)
		}
		if after := contents(t, s); after != before {
			t.Errorf("something was written:\n%s", difference(before, after))
		}
	})
}

// The schema itself is not for strangers, and no message helps to guess it.
//
//keyhall:norace
func TestStrangersLearnNothingOfTheSchema(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		for _, query := range []string{`{ __schema { types { name } } }`, `{ __type(name: "User") { fields { name } } }`, `{ viewer { __typename } __schema { queryType { name } } }`,
			`{ a: __schema { types { name } } }`, `{ ...A } fragment A on Query { __schema { types { name } } }`} {
			out := s.Anonymous().Do(t, query, nil)
			refusedWithACode(t, query, out)
			if strings.Contains(out.Body, "APIKey") || strings.Contains(out.Body, `"fields"`) || strings.Contains(out.Body, "queryType\":{") {
				t.Errorf("%s: %.300s", query, out.Body)
			}
		}
		for _, query := range []string{`{ apiKey5 { id } }`, `{ viewe { email } }`, `{ viewer { emai } }`, `mutation { signI { errors { code } } }`, `{ node(i: "x") { id } }`,
			`mutation { signIn(input: {logi: "x", password: "y"}) { errors { code } } }`, `{ ... on Quer { viewer { email } } }`} {
			out := s.Anonymous().Do(t, query, nil)
			refusedWithACode(t, query, out)
			for _, word := range []string{"Did you mean", "did you mean", `\"signIn\"?`, "apiKeys", "emailVerified"} {
				if strings.Contains(out.Body, word) {
					t.Errorf("%s suggests: %s", query, out.Body)
				}
			}
		}
		if out := s.Anonymous().Do(t, `{ __typename }`, nil); out.Text("__typename") != "Query" {
			t.Errorf("__typename: %s", out.Body)
		}
	})
}
