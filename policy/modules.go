package policy

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/tester"
)

// sources are the Rego files of a law.
type sources struct {
	paths []string
	texts map[string]string
}

func readSources(modules fs.FS) (sources, error) {
	s := sources{texts: map[string]string{}}
	err := fs.WalkDir(modules, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".rego") {
			return err
		}
		text, err := fs.ReadFile(modules, path)
		s.texts[path] = string(text)
		s.paths = append(s.paths, path)
		return err
	})
	if err != nil {
		return s, fmt.Errorf("policy: read the modules: %w", err)
	}
	if len(s.paths) == 0 {
		return s, errors.New("policy: there are no Rego modules")
	}
	slices.Sort(s.paths)
	return s, nil
}

// withoutTests leaves the tests out.
func (s sources) withoutTests() sources {
	out := sources{texts: map[string]string{}}
	for _, path := range s.paths {
		if !strings.HasSuffix(path, "_test.rego") {
			out.paths, out.texts[path] = append(out.paths, path), s.texts[path]
		}
	}
	return out
}

// id is short for people; two laws that differ in any byte differ in it.
func (s sources) id() string {
	h := sha256.New()
	for _, path := range s.paths {
		fmt.Fprintf(h, "%d:%s%d:%s", len(path), path, len(s.texts[path]), s.texts[path])
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// capabilities are what a rule may call: nothing that reaches out, and nothing that answers differently twice.
func capabilities() *ast.Capabilities {
	c := ast.CapabilitiesForThisVersion()
	c.Builtins = slices.DeleteFunc(c.Builtins, func(b *ast.Builtin) bool {
		return b.IsNondeterministic() || b.Name == "http.send" || b.Name == "opa.runtime" || strings.HasPrefix(b.Name, "net.")
	})
	c.AllowNet = []string{}
	return c
}

// parse parses the modules. Those of tests are apart: the running law does not contain them.
func (s sources) parse(vocabulary Vocabulary) (rules, all map[string]*ast.Module, err error) {
	rules, all = map[string]*ast.Module{}, map[string]*ast.Module{}
	options := ast.ParserOptions{ProcessAnnotation: true, Capabilities: capabilities()}
	for _, path := range s.paths {
		m, err := ast.ParseModuleWithOpts(path, s.texts[path], options)
		if err != nil {
			return nil, nil, fmt.Errorf("policy: %w", err)
		}
		all[path] = m
		if !strings.HasSuffix(path, "_test.rego") {
			rules[path] = m
		}
	}
	return rules, all, bindTypes(rules, vocabulary)
}

// bindTypes reads which type each package is about (custom.resource of its METADATA), and has the type checker of OPA
// read input.resource as a row of that type in every file of the package.
func bindTypes(modules map[string]*ast.Module, vocabulary Vocabulary) error {
	for path, m := range modules {
		for _, a := range m.Annotations {
			if a.Scope != "package" || a.Custom["resource"] == nil {
				continue
			}
			typ, _ := a.Custom["resource"].(string)
			if entity, ok := vocabulary[typ]; !ok || entity.Hidden {
				return &Refusal{File: path, Line: a.Location.Row, Permission: m.Package.Path.String(),
					Reason: fmt.Sprintf("no rule can be about %q", typ), Hint: "see the vocabulary"}
			}
			a.Schemas = append(a.Schemas, &ast.SchemaAnnotation{Path: ast.InputRootRef, Schema: schemaOf(typ)})
		}
	}
	return nil
}

func (v Vocabulary) compiler() *ast.Compiler {
	return untyped().WithSchemas(v.schemas())
}

// untyped checks no reference below input. OPA reads each schema anew for every compiler, which costs as much as the rest.
func untyped() *ast.Compiler {
	return ast.NewCompiler().WithStrict(true).WithCapabilities(capabilities()).WithUseTypeCheckAnnotations(true)
}

// checking is how closely a law is looked at when it is compiled.
type checking int

const (
	strictly checking = iota // for what cannot be meant, and for the type of each reference
	proven                   // as strictly, without the types: they were looked at when its tests ran
	loosely                  // for the types alone
)

// compile compiles the law without its tests twice: as it is written, for decisions, and with sayPresence, to be
// translated. The types of both are those of the first.
func compile(vocabulary Vocabulary, how checking, modules map[string]*ast.Module) (law, error) {
	l := law{vocabulary: vocabulary, decides: untyped()}
	if how != proven {
		l.decides = vocabulary.compiler()
	}
	l.decides.WithStrict(how != loosely)
	l.translates = untyped().WithStrict(how != loosely).WithStageAfterID(ast.StageRewriteDynamicTerms,
		ast.CompilerStageDefinition{Name: "SayPresence", MetricName: "say_presence", Stage: sayPresence})
	for _, c := range []*ast.Compiler{l.decides, l.translates} {
		if c.Compile(modules); c.Failed() {
			return law{}, fmt.Errorf("policy: %w", c.Errors)
		}
	}
	return l, nil
}

// testTimeout is how long one test of a law may take: it ends a test that never would, and forgives a busy machine.
const testTimeout = time.Minute

// runTests runs the tests that stand beside the rules; one that fails refuses the law. They speak of the law as it is written,
// whatever is configured.
func (s sources) runTests(ctx context.Context, vocabulary Vocabulary) error {
	_, modules, err := s.parse(vocabulary)
	if err != nil {
		return err
	}
	results, err := tester.NewRunner().SetTimeout(testTimeout).SetCompiler(vocabulary.compiler()).SetModules(modules).
		EnableTracing(false).RunTests(ctx, nil)
	if err != nil {
		return fmt.Errorf("policy: tests of the law: %w", err)
	}
	var errs []error
	for r := range results {
		if r.Pass() || r.Skip {
			continue
		}
		errs = append(errs, fmt.Errorf("policy: %s:%d: test %s.%s of the law fails", r.Location.File, r.Location.Row, r.Package, r.Name))
		if r.Error != nil {
			errs = append(errs, r.Error)
		}
	}
	return errors.Join(errs...)
}
