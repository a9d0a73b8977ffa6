package floors

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/keyhall/keyhall"

// A goFile is one parsed file of the module, whatever its build tags.
type goFile struct {
	path      string // below the module's root, with slashes
	syntax    *ast.File
	positions *token.FileSet
}

// An edge is one import of one file.
type edge struct {
	from string // folder of the importing file, "." for the root
	to   string // the import path as written
	at   string // file:line
}

func (f goFile) folder() string  { return path.Dir(f.path) }
func (f goFile) test() bool      { return strings.HasSuffix(f.path, "_test.go") }
func (f goFile) generated() bool { return ast.IsGenerated(f.syntax) }

// at names a place of the file for people and editors.
func (f goFile) at(pos token.Pos) string {
	return f.path + ":" + strconv.Itoa(f.positions.Position(pos).Line)
}

func (f goFile) edges() []edge {
	var edges []edge
	for _, spec := range f.syntax.Imports {
		to, _ := strconv.Unquote(spec.Path.Value) // the parser has accepted it
		edges = append(edges, edge{from: f.folder(), to: to, at: f.at(spec.Pos())})
	}
	return edges
}

// ours turns an import path into a folder of the module.
func ours(importPath string) (folder string, ok bool) {
	if importPath == module {
		return ".", true
	}
	return strings.CutPrefix(importPath, module+"/")
}

// readModule parses every Go file of this module. It does not ask the go
// command, which would hide files behind build tags.
func readModule(t *testing.T) []goFile {
	t.Helper()
	root := filepath.Join("..", "..")
	var files []goFile
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && name != root && (skipped(entry.Name()) || isModule(name)) {
			return filepath.SkipDir
		}
		if entry.IsDir() || filepath.Ext(name) != ".go" {
			return nil
		}
		below, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		positions := token.NewFileSet()
		syntax, err := parser.ParseFile(positions, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		files = append(files, goFile{filepath.ToSlash(below), syntax, positions})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func skipped(folder string) bool {
	return strings.HasPrefix(folder, ".") || folder == "testdata" || folder == "node_modules"
}

// isModule tells folders that are modules of their own: their imports are not the house's.
func isModule(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, "go.mod"))
	return err == nil
}
