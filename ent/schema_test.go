package ent_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"entgo.io/ent/schema/field"

	"github.com/keyhall/keyhall/ent"
)

// What Ent loaded from ent/schema is kept in ent/internal/schema.go; `make check` fails when that is not fresh. The guards
// read it from there.
type (
	loaded struct {
		Name   string
		Fields []struct {
			Name string
			Info struct{ Type field.Type } `json:"type"`
		}
		Edges []struct {
			Name, Field string
			Unique      bool
			Annotations map[string]any
		}
		Policy []struct {
			Index   int
			MixedIn bool
		}
		Annotations map[string]any
	}
	snapshot struct{ Schemas []loaded }
)

func loadSnapshot(t *testing.T) snapshot {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("internal", "schema.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var s snapshot
	for _, d := range file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		text, err := strconv.Unquote(g.Specs[0].(*ast.ValueSpec).Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(text), &s); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.Schemas) != len(ent.Types()) {
		t.Fatalf("the snapshot has %d types, the client %d", len(s.Schemas), len(ent.Types()))
	}
	return s
}

// complaints are what is wrong with one type: it must have the policy of the mixin and no other, because Ent asks them in
// order and one that allows would end the asking; its times are whole microseconds; and nothing hangs on its edges.
func complaints(s loaded) []string {
	var out []string
	if len(s.Policy) != 1 || !s.Policy[0].MixedIn {
		out = append(out, s.Name+" has not exactly the one policy of its mixin")
	}
	if identity, ok := s.Annotations["Identity"].(map[string]any); !ok || identity["Prefix"] == "" {
		out = append(out, s.Name+" has no prefix: it does not embed base or sealed")
	}
	for _, f := range s.Fields {
		if f.Info.Type == field.TypeTime {
			out = append(out, s.Name+"."+f.Name+" is a field.Time: times are int64 microseconds")
		}
	}
	for _, e := range s.Edges {
		for name := range e.Annotations {
			out = append(out, s.Name+"."+e.Name+" has the annotation "+name+": an edge has no order and no GraphQL of its own")
		}
		if e.Unique && e.Field == "" {
			out = append(out, s.Name+"."+e.Name+" has no field for its column, so no write can name it")
		}
	}
	return out
}

func TestEverySchemaEmbedsTheLock(t *testing.T) {
	t.Parallel()
	for _, s := range loadSnapshot(t).Schemas {
		for _, c := range complaints(s) {
			t.Error(c)
		}
	}
}

// The guard itself: each kind of violation, made by hand in what was loaded, is seen.
func TestTheGuardOfSchemasSeesEachViolation(t *testing.T) {
	t.Parallel()
	for name, violate := range map[string]func(*loaded){
		"not exactly the one policy": func(s *loaded) { s.Policy = nil },
		"the one policy of its mix":  func(s *loaded) { s.Policy[0].MixedIn = false },
		"exactly the one":            func(s *loaded) { s.Policy = append(s.Policy, s.Policy[0]) },
		"no prefix":                  func(s *loaded) { delete(s.Annotations, "Identity") },
		"field.Time":                 func(s *loaded) { s.Fields[1].Info.Type = field.TypeTime },
		"annotation EntGQL":          func(s *loaded) { s.Edges[0].Annotations = map[string]any{"EntGQL": map[string]any{"OrderField": "X"}} },
		"no field for its column":    func(s *loaded) { s.Edges[0].Unique, s.Edges[0].Field = true, "" },
	} {
		s := loadSnapshot(t)
		i := slices.IndexFunc(s.Schemas, func(l loaded) bool { return l.Name == "APIKey" })
		violate(&s.Schemas[i])
		got := complaints(s.Schemas[i])
		if len(got) != 1 || !strings.Contains(got[0], name) {
			t.Errorf("%s: the guard says %q", name, got)
		}
	}
}

// The source says the same: every type of ent/schema mixes in base or sealed, alone, and nobody brings a policy or an
// interceptor of their own. The audit type has one hook, which only tells the permit that its row is in.
func TestEveryTypeInTheSourceMixesInBaseOrSealed(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("schema", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	types, mixins := map[string]bool{}, map[string]string{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.GenDecl:
				for _, typ := range schemasIn(d) {
					types[typ] = true
				}
			case *ast.FuncDecl:
				on := receiver(d)
				switch d.Name.Name {
				case "Mixin":
					mixins[on] = mixedIn(d)
				case "Policy":
					if on != "base" {
						t.Errorf("%s: %s has a policy of its own", name, on)
					}
				case "Hooks":
					if on != "AuditEvent" && !slices.Contains(revoking(), on) {
						t.Errorf("%s: %s has hooks: what a deed does belongs into its verb", name, on)
					}
				case "Interceptors":
					t.Errorf("%s: %s has interceptors: they see what the lock has not filtered yet", name, on)
				}
			}
		}
	}
	if len(types) != len(ent.Types()) {
		t.Errorf("ent/schema has %d types, the client %d", len(types), len(ent.Types()))
	}
	for typ := range types {
		if m := mixins[typ]; m != "base" && m != "sealed" {
			t.Errorf("%s mixes in %q, want base or sealed and nothing else", typ, m)
		}
	}
}

// schemasIn are the structs of a declaration that embed ent.Schema.
func schemasIn(d *ast.GenDecl) []string {
	var out []string
	for _, spec := range d.Specs {
		typ, ok := spec.(*ast.TypeSpec)
		if !ok {
			continue
		}
		body, ok := typ.Type.(*ast.StructType)
		if !ok {
			continue
		}
		for _, f := range body.Fields.List {
			if sel, ok := f.Type.(*ast.SelectorExpr); ok && len(f.Names) == 0 && sel.Sel.Name == "Schema" && sel.X.(*ast.Ident).Name == "ent" {
				out = append(out, typ.Name.Name)
			}
		}
	}
	return out
}

func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	if id, ok := f.Recv.List[0].Type.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}

// mixedIn names the types in the list that Mixin returns.
func mixedIn(f *ast.FuncDecl) string {
	list, ok := f.Body.List[0].(*ast.ReturnStmt).Results[0].(*ast.CompositeLit)
	if !ok {
		return "?"
	}
	var out []string
	for _, e := range list.Elts {
		if lit, ok := e.(*ast.CompositeLit); ok {
			out = append(out, lit.Type.(*ast.Ident).Name)
		} else {
			out = append(out, "?")
		}
	}
	return strings.Join(out, " ")
}

// Every edge of the schema is in the sweep of edge predicates.
func TestEveryEdgeIsSwept(t *testing.T) {
	t.Parallel()
	swept := map[string]bool{}
	for _, w := range ways() {
		swept[w.from+"."+w.edge] = true
	}
	for _, s := range loadSnapshot(t).Schemas {
		for _, e := range s.Edges {
			if !swept[s.Name+"."+e.Name] {
				t.Errorf("%s.%s is not swept: add it to ways in leak_edges_test.go", s.Name, e.Name)
			}
		}
	}
}

// revoking are the types whose change may end what is remembered of keys: their hook raises the epoch, and no verb can forget to.
func revoking() []string {
	return []string{
		"APIKey", "APIKeyHash", "SealedValue", "Group", "GroupMember", "RateLimit", "SpendLimit", "OrganizationMember", "Project", "ProjectMember",
		"SecuritySettings", "JWTKey", "ServiceAccount", "User", "VerifierToken",
	}
}
