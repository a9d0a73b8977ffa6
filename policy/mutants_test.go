package policy_test

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"entgo.io/ent/dialect"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/tester"

	"github.com/keyhall/keyhall/policy"
)

// Every rule of the law is defended by the tests beside it: with any of them deleted, or holding exactly when it should
// not, the law is refused. A rule that can be spoiled unnoticed is one that nobody would miss, or that nobody tests.
func TestEveryMutantOfTheLawIsRefused(t *testing.T) {
	t.Parallel()
	l := readLaw(t)
	mutants := append(l.mutants(deleted), l.mutants(flipped)...)
	l.hunt(t, mutants)
	for _, m := range []mutant{mutants[0], mutants[len(mutants)-1]} { // the hunt asks OPA; Keyhall says no to the same
		if err := l.load(t.Context(), m, []string{path.Dir(m.path)}); err == nil {
			t.Errorf("OPA's tests refuse this and it loads: %s", m.name)
		}
	}
}

// The finer ways: one expression of a body dropped or negated, one verb given to a role or taken from it.
func TestSoakEverySmallMutantOfTheLawIsRefused(t *testing.T) {
	if os.Getenv("KEYHALL_SOAK") == "" {
		t.Skip("make soak spoils every expression and every cell of the role tables")
	}
	l := readLaw(t)
	l.hunt(t, append(l.mutants(expressions), l.mutants(cells)...))
}

// mutant is the law with one file changed.
type mutant struct{ name, path, text string }

// book is the law as it is written. Files are sorted into nouns by their folder.
type book struct {
	texts   map[string]string
	modules map[string]*ast.Module
	answers map[string]string // of each test, unspoiled
	killers killers
}

func readLaw(t *testing.T) *book {
	t.Helper()
	l := &book{texts: map[string]string{}, modules: map[string]*ast.Module{}, answers: map[string]string{}, killers: killers{rank: map[string]int{}}}
	err := fs.WalkDir(policy.Law(), ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".rego") {
			return err
		}
		text, err := fs.ReadFile(policy.Law(), path)
		if err != nil {
			return err
		}
		l.texts[path] = string(text)
		l.modules[path], err = parse(path, string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func parse(path, text string) (*ast.Module, error) {
	return ast.ParseModuleWithOpts(path, text, ast.ParserOptions{})
}

func isTest(path string) bool { return strings.HasSuffix(path, "_test.rego") }

// mutants spoils every rule that is not a test.
func (l *book) mutants(spoil func(text string, rules []*ast.Rule, i int) []mutant) []mutant {
	var out []mutant
	for _, path := range slices.Sorted(maps.Keys(l.texts)) {
		if isTest(path) {
			continue
		}
		rules := l.modules[path].Rules
		for i, rule := range rules {
			for _, m := range spoil(l.texts[path], rules, i) {
				m.name = fmt.Sprintf("%s:%d %s: %s", path, rule.Location.Row, rule.Head.Name, m.name)
				m.path = path
				out = append(out, m)
			}
		}
	}
	return out
}

// hunt looks for mutants that live.
func (l *book) hunt(t *testing.T, mutants []mutant) {
	t.Helper()
	l.listen(t)
	for _, noun := range l.nouns() {
		if by := l.refusedBy(t.Context(), mutant{}, []string{noun}); by != "" {
			t.Fatalf("%s alone is refused without being spoiled: %s", noun, by)
		}
	}
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // OPA makes much garbage of a small heap
	began, todo := time.Now(), make(chan mutant)
	var mu sync.Mutex
	var slowest time.Duration
	uncompiled, late := 0, 0
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for m := range todo {
				began := time.Now()
				by, alone := l.caught(t.Context(), m)
				took := time.Since(began)
				if by == "" {
					t.Errorf("nothing notices this: %s", m.name)
				}
				mu.Lock()
				slowest = max(slowest, took)
				if strings.HasPrefix(by, "compiler") {
					uncompiled++
				}
				if !alone {
					late++
				}
				mu.Unlock()
			}
		})
	}
	for _, m := range mutants {
		todo <- m
	}
	close(todo)
	workers.Wait()
	t.Logf("%d mutants in %.1f s, the slowest in %.2f s; %d do not compile, %d are caught by other nouns than their own",
		len(mutants), time.Since(began).Seconds(), slowest.Seconds(), uncompiled, late)
}

// caught says what refuses a mutant, and whether the tests of its own noun do: first these alone are run, which is quick,
// then those of the nouns that build on it, and at last all of them, with everything else that loading a law means.
func (l *book) caught(ctx context.Context, m mutant) (by string, alone bool) {
	noun := path.Dir(m.path)
	if by := l.refusedBy(ctx, m, []string{noun}); by != "" {
		return by, true
	}
	if by := l.refusedBy(ctx, m, l.dependents(noun)); by != "" {
		return by, false
	}
	if err := l.load(ctx, m, l.nouns()); err != nil {
		return err.Error(), false
	}
	return "", false
}

// refusedBy runs the tests of some nouns on the part of the law that they need, until one answers otherwise than of the law as it
// is written. OPA's own runner traces every step, to say which case of a test failed, which takes as long as all the rest.
func (l *book) refusedBy(ctx context.Context, m mutant, tested []string) string {
	modules, err := l.part(m, tested)
	if err != nil {
		return "compiler: " + err.Error()
	}
	compiler := ast.NewCompiler()
	if compiler.Compile(modules); compiler.Failed() {
		return "compiler: " + compiler.Errors.Error()
	}
	for _, test := range l.killers.first(testsIn(modules)) {
		if answer(ctx, compiler, test) != l.answers[test] {
			l.killers.killed(test)
			return test
		}
	}
	return ""
}

// answer is what a test says: true, or its cases that are; nothing where it fails.
func answer(ctx context.Context, compiler *ast.Compiler, test string) string {
	said, err := rego.New(rego.Compiler(compiler), rego.Query(test)).Eval(ctx)
	if err != nil || len(said) == 0 {
		return ""
	}
	return fmt.Sprint(said[0].Expressions[0].Value) // fmt sorts what is in a map
}

// listen keeps what each test says of the law as it is written. That all of it is right is for TestTheBuiltInLawLoadsForBothDatabases.
func (l *book) listen(t *testing.T) {
	t.Helper()
	compiler := ast.NewCompiler()
	if compiler.Compile(l.modules); compiler.Failed() {
		t.Fatal(compiler.Errors)
	}
	for _, test := range testsIn(l.modules) {
		if _, twice := l.answers[test]; twice {
			t.Errorf("two tests are called %s", test)
		}
		if l.answers[test] = answer(t.Context(), compiler, test); l.answers[test] != "true" && !strings.HasPrefix(l.answers[test], "map[") || strings.Contains(l.answers[test], ":false") {
			t.Errorf("%s of the law as it is written: %q", test, l.answers[test])
		}
	}
}

func testsIn(modules map[string]*ast.Module) []string {
	var out []string
	for _, path := range slices.Sorted(maps.Keys(modules)) {
		for _, rule := range modules[path].Rules {
			if name := rule.Head.Ref()[0].String(); strings.HasPrefix(name, tester.TestPrefix) {
				out = append(out, modules[path].Package.Path.String()+"."+name)
			}
		}
	}
	return out
}

// part is the mutated law without the nouns that the tested ones do not build on, and with their tests alone.
func (l *book) part(m mutant, tested []string) (map[string]*ast.Module, error) {
	needed := map[string]bool{}
	for _, noun := range tested {
		l.need(noun, needed, true)
	}
	out := map[string]*ast.Module{}
	for p, module := range l.modules {
		if noun := path.Dir(p); needed[noun] && (!isTest(p) || slices.Contains(tested, noun)) {
			out[p] = module
		}
	}
	if m.path == "" {
		return out, nil
	}
	module, err := parse(m.path, m.text)
	out[m.path] = module
	return out, err
}

// need adds a noun and all that it imports.
func (l *book) need(noun string, needed map[string]bool, tests bool) {
	needed[noun] = true
	for _, other := range l.imports(noun, tests) {
		if !needed[other] {
			l.need(other, needed, false)
		}
	}
}

// imports are the nouns that the files of a noun name.
func (l *book) imports(noun string, tests bool) []string {
	var out []string
	for p, module := range l.modules {
		if path.Dir(p) != noun || isTest(p) && !tests {
			continue
		}
		for _, i := range module.Imports {
			if ref, ok := i.Path.Value.(ast.Ref); ok && len(ref) == 3 {
				out = append(out, "keyhall/"+string(ref[2].Value.(ast.String)))
			}
		}
	}
	return out
}

// dependents are a noun and those that build on it, over any number of steps.
func (l *book) dependents(noun string) []string {
	var out []string
	for _, other := range l.nouns() {
		needed := map[string]bool{}
		if l.need(other, needed, true); needed[noun] {
			out = append(out, other)
		}
	}
	return out
}

func (l *book) nouns() []string {
	found := map[string]bool{}
	for p := range l.modules {
		found[path.Dir(p)] = true
	}
	return slices.Sorted(maps.Keys(found))
}

// load loads a mutant the way the server loads a law, with the tests of some nouns.
func (l *book) load(ctx context.Context, m mutant, tested []string) error {
	words, err := fs.ReadFile(policy.Law(), "vocabulary.json")
	if err != nil {
		return err
	}
	files := fstest.MapFS{"vocabulary.json": {Data: words}}
	for p, text := range l.texts {
		if !isTest(p) || slices.Contains(tested, path.Dir(p)) {
			files[p] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	files[m.path] = &fstest.MapFile{Data: []byte(m.text)}
	_, err = policy.Load(ctx, policy.Options{Modules: files, Dialect: dialect.SQLite})
	return err
}
