//keyhall:norace
package floors

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// Ent's privacy packages carry a context that lets everything pass before the
// lock is asked. Whoever cannot import them cannot make one.
func TestOnlyTheLockKnowsEntsPrivacy(t *testing.T) {
	t.Parallel()
	for _, file := range readModule(t) {
		if within(file, "policy/lock") || within(file, "ent") && file.generated() {
			continue
		}
		for _, e := range file.edges() {
			if e.to == "entgo.io/ent/privacy" || e.to == module+"/ent/privacy" {
				t.Errorf("%s: imports %s, which only policy/lock may", e.at, e.to)
			}
		}
	}
}

// The door reads through a query-only reader; who writes are the verbs.
func TestTheDoorHoldsNoClientThatWrites(t *testing.T) {
	t.Parallel()
	refuse := []string{"Client", "Tx", "NewClient", "NewTxContext", "NewContext", "FromContext", "TxFromContext", "Open"}
	for _, file := range readModule(t) {
		if !within(file, "graph") || file.test() {
			continue
		}
		eachUse(file, module+"/ent", func(use *ast.SelectorExpr) {
			if slices.Contains(refuse, use.Sel.Name) {
				t.Errorf("%s: ent.%s can write", file.at(use.Pos()), use.Sel.Name)
			}
		})
	}
}

// The keyring handles what must never be printed. Of log/slog it may use what
// a type needs to hide itself, and no package that prints at all.
func TestTheKeyringNeverLogs(t *testing.T) {
	t.Parallel()
	hide := []string{"LogValuer", "Value", "StringValue"}
	for _, file := range readModule(t) {
		if !within(file, "internal/keyring") || file.test() {
			continue
		}
		for _, e := range file.edges() {
			if e.to == "log" || e.to == "log/syslog" {
				t.Errorf("%s: imports %s", e.at, e.to)
			}
		}
		eachUse(file, "log/slog", func(use *ast.SelectorExpr) {
			if !slices.Contains(hide, use.Sel.Name) {
				t.Errorf("%s: uses slog.%s; the keyring may only hide itself: %v", file.at(use.Pos()), use.Sel.Name, hide)
			}
		})
		eachUse(file, "fmt", func(use *ast.SelectorExpr) {
			if strings.HasPrefix(use.Sel.Name, "Print") {
				t.Errorf("%s: prints", file.at(use.Pos()))
			}
		})
	}
}

// within tells whether a file is in a folder or below it.
func within(file goFile, folder string) bool {
	return strings.HasPrefix(file.path, folder+"/")
}

// eachUse calls found for each pkg.Name of the package that importPath names, also when it is renamed.
func eachUse(file goFile, importPath string, found func(*ast.SelectorExpr)) {
	local := ""
	for _, spec := range file.syntax.Imports {
		if spec.Path.Value != `"`+importPath+`"` {
			continue
		}
		local = importPath[strings.LastIndex(importPath, "/")+1:]
		if spec.Name != nil {
			local = spec.Name.Name
		}
	}
	if local == "" {
		return
	}
	ast.Inspect(file.syntax, func(n ast.Node) bool {
		if use, ok := n.(*ast.SelectorExpr); ok {
			if pkg, ok := use.X.(*ast.Ident); ok && pkg.Name == local {
				found(use)
			}
		}
		return true
	})
}
