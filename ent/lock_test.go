package ent_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/ent"
)

// Ways round the lock that Ent can generate, and that its features must stay off for: an upsert is seen as a create and
// overwrites, raw SQL is not seen at all, and a modifier can take a predicate away (graphql.md section 2).
func TestNoWayRoundTheLockIsGenerated(t *testing.T) {
	t.Parallel()
	refuse := []string{"OnConflict", "OnConflictColumns", "ExecContext", "QueryContext", "Modify", "Filter", "FilterFunc", "SQLExec"}
	client := reflect.TypeFor[ent.Client]()
	clients := 0
	for i := range client.NumField() {
		f := client.Field(i)
		if !f.IsExported() || !strings.HasSuffix(f.Type.String(), f.Name+"Client") {
			continue
		}
		clients++
		for _, made := range []string{"Query", "Create", "CreateBulk", "Update", "UpdateOneID", "Delete", "DeleteOneID"} {
			m, ok := f.Type.MethodByName(made)
			if !ok {
				t.Fatalf("%s has no %s: Ent generates something new, look at this test", f.Type, made)
			}
			for _, way := range refuse {
				if _, ok := m.Type.Out(0).MethodByName(way); ok {
					t.Errorf("%s has the method %s", m.Type.Out(0), way)
				}
			}
		}
	}
	if clients != len(ent.Types()) {
		t.Errorf("%d clients for %d types", clients, len(ent.Types()))
	}
	for _, holder := range []reflect.Type{reflect.TypeFor[*ent.Client](), reflect.TypeFor[*ent.Tx](), reflect.TypeFor[ent.Reader]()} {
		for _, way := range refuse {
			if _, ok := holder.MethodByName(way); ok {
				t.Errorf("%s has the method %s", holder, way)
			}
		}
	}
}

// The door reads through Reader: it starts queries, and nothing that it returns can write by itself.
func TestReaderOnlyReads(t *testing.T) {
	t.Parallel()
	reader := reflect.TypeFor[ent.Reader]()
	for i := range reader.NumField() {
		if f := reader.Field(i); f.IsExported() {
			t.Errorf("Reader shows its %s", f.Name)
		}
	}
	for i := range reader.NumMethod() {
		m := reader.Method(i)
		if m.Name == "Node" {
			continue
		}
		if out := m.Type.Out(0).String(); out != "*ent."+m.Name+"Query" {
			t.Errorf("Reader.%s returns %s", m.Name, out)
		}
	}
}

// Every HasX and HasXWith that Ent generated asks the lock for the rows of the type it leads to.
func TestEveryEdgePredicateAsksTheLock(t *testing.T) {
	t.Parallel()
	found := 0
	eachGenerated(t, func(path string, f *ast.FuncDecl) {
		if !calls(f, "sqlgraph", "HasNeighborsWith") && !calls(f, "sqlgraph", "HasNeighbors") {
			return
		}
		found++
		if !calls(f, "lock", "Row") {
			t.Errorf("%s: %s does not ask the lock", path, f.Name.Name)
		}
	})
	if want := 2 * len(ways()); found != want {
		t.Errorf("%d edge predicates are generated, and the sweep of leak_edges_test.go knows %d", found, want)
	}
}

// An order by the rows of an edge has no policy hook and puts what is hidden into an order (graphql.md section 2).
func TestNoOrderByTheRowsOfAnEdgeIsGenerated(t *testing.T) {
	t.Parallel()
	eachGenerated(t, func(path string, f *ast.FuncDecl) {
		for _, order := range []string{"OrderByNeighborsCount", "OrderByNeighborTerms"} {
			if calls(f, "sqlgraph", order) {
				t.Errorf("%s: %s orders by the rows of an edge", path, f.Name.Name)
			}
		}
	})
}

func eachGenerated(t *testing.T, found func(path string, f *ast.FuncDecl)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && ast.IsGenerated(file) {
				found(path, f)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func calls(f *ast.FuncDecl, pkg, name string) (yes bool) {
	ast.Inspect(f, func(n ast.Node) bool {
		if use, ok := n.(*ast.SelectorExpr); ok && use.Sel.Name == name {
			if p, ok := use.X.(*ast.Ident); ok && p.Name == pkg {
				yes = true
			}
		}
		return true
	})
	return yes
}
