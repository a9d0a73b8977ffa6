package graph_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// ruleTest is a test as it stands in its file.
type ruleTest struct {
	rules []string // that its comment names: A1, "A13 to A26"
	both  bool     // runs on both databases
}

// ruleTests are the tests of this package, and of those that are about requests with keys.
func ruleTests(t *testing.T) map[string]ruleTest {
	t.Helper()
	var files []string
	for _, folder := range []string{".", "../internal/verify", "../internal/quota", "../internal/web"} {
		some, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
		if err != nil || len(some) == 0 {
			t.Fatalf("the tests of %s: %v", folder, err)
		}
		files = append(files, some...)
	}
	out := map[string]ruleTest{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, text, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || !strings.HasPrefix(f.Name.Name, "Test") {
				continue
			}
			body := string(text[set.Position(f.Pos()).Offset:set.Position(f.End()).Offset])
			first, _, _ := strings.Cut(body, "\n") // a short comment stands there
			both := strings.Contains(body, "apptest.Each(") || strings.Contains(body, "eachWithMail(") || strings.Contains(body, "gates(") || strings.Contains(body, "{apptest.SQLite, apptest.Postgres}")
			out[f.Name.Name] = ruleTest{numbers(f.Doc.Text() + first), both}
		}
	}
	return out
}

func numbers(text string) (out []string) {
	for _, m := range regexp.MustCompile(`\b([ABC])(\d+)\b(?: to [ABC](\d+)\b)?`).FindAllStringSubmatch(text, -1) {
		from, _ := strconv.Atoi(m[2])
		to := max(from, func() int { n, _ := strconv.Atoi(m[3]); return n }())
		for n := from; n <= to; n++ {
			out = append(out, fmt.Sprint(m[1], n))
		}
	}
	return out
}

// docs/rules.md has a row for each rule of sharing a key, of API secrets and of projects, and each test that a row names exists, says in its
// comment that it is of this rule, and runs on both databases.
//
//keyhall:norace
func TestThePageOfRulesIsTrue(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "docs", "rules.md"))
	if err != nil {
		t.Fatal(err)
	}
	tests, testNames := ruleTests(t), regexp.MustCompile("`(Test\\w+)`")
	var rows []string
	for _, row := range regexp.MustCompile(`(?m)^\| ([ABC]\d+) \| (.+) \| (.+) \|$`).FindAllStringSubmatch(string(page), -1) {
		rule := row[1]
		rows = append(rows, rule)
		named := testNames.FindAllStringSubmatch(row[3], -1)
		if len(named) == 0 {
			t.Errorf("%s has no test", rule)
		}
		for _, name := range named {
			test, ok := tests[name[1]]
			switch {
			case !ok:
				t.Errorf("%s: there is no test %s", rule, name[1])
			case !slices.Contains(test.rules, rule):
				t.Errorf("%s: the comment of %s does not name it", rule, name[1])
			case !test.both:
				t.Errorf("%s: %s does not run on both databases", rule, name[1])
			}
		}
	}
	want := numbers("A1 to A28 B1 to B23 C1 to C16")
	if !slices.Equal(rows, want) {
		t.Errorf("the rows are of the rules %v", rows)
	}
}
