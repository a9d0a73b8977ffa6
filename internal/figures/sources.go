package main

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
)

// A source is one hand-written file.
type source struct {
	path      string
	lines     int
	test      bool
	functions []function // of Go files only
}

// A function is one declared Go function or method; what is nested in it counts as its own lines.
type function struct {
	name  string // path:line name
	lines int
}

// listed asks git for the files of the working tree: tracked, or new and not ignored.
func listed(root string) ([]string, error) {
	cmd := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("list files with git: %w", err)
	}
	return strings.Split(strings.TrimRight(string(out), "\x00"), "\x00"), nil
}

// readSources reads the files of paths that people wrote in Go, TypeScript or Rego.
func readSources(tree fs.FS, paths []string) ([]source, error) {
	var sources []source
	for _, p := range paths {
		if !counted(p) {
			continue
		}
		text, err := fs.ReadFile(tree, p)
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted, and git has not been told yet
		}
		if err != nil {
			return nil, err
		}
		if generatedText(text) {
			continue
		}
		s := source{path: p, lines: bytes.Count(text, []byte("\n")), test: isTest(p)}
		if path.Ext(p) == ".go" {
			if s.functions, err = functionsOf(p, text); err != nil {
				return nil, err
			}
		}
		sources = append(sources, s)
	}
	return sources, nil
}

// counted tells by its path alone whether a file may be hand-written source.
func counted(p string) bool {
	if !slices.Contains([]string{".go", ".ts", ".tsx", ".rego"}, path.Ext(p)) {
		return false
	}
	for _, folder := range strings.Split(path.Dir(p), "/") {
		if folder == "generated" || folder == "dist" || folder == "node_modules" || folder == "testdata" {
			return false
		}
	}
	return !strings.HasSuffix(p, "_gen.go") && !strings.HasSuffix(p, ".generated.go")
}

// isTest tells tests and the test kit from the product.
func isTest(p string) bool {
	if strings.HasPrefix(p, "internal/apptest/") {
		return true
	}
	return regexp.MustCompile(`(_test\.(go|rego)|\.(test|spec)\.tsx?)$`).MatchString(p)
}

// generatedText looks for the line by which generators mark their files. Only
// the beginning counts, so that a generator is not taken for what it writes.
func generatedText(text []byte) bool {
	head := text[:min(len(text), 512)]
	return regexp.MustCompile(`(?m)^(//|#|/\*) Code generated .*DO NOT EDIT`).Match(head)
}

func functionsOf(p string, text []byte) ([]function, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, p, text, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var functions []function
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok {
			first, last := files.Position(f.Pos()), files.Position(f.End())
			name := fmt.Sprintf("%s:%d %s", p, first.Line, f.Name.Name)
			functions = append(functions, function{name: name, lines: last.Line - first.Line + 1})
		}
	}
	return functions, nil
}
