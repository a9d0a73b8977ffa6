package policy

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"entgo.io/ent/dialect"
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/keyhall/keyhall/policy/internal/core"
)

// maxLeaves bounds what is looked up beside each row of a page for all permissions of its type. Its own columns are there anyway.
const maxLeaves = 13

// Options say what to load.
type Options struct {
	Modules    fs.FS      // Rego modules with their tests; Law() for the built-in law
	Vocabulary Vocabulary // nil: vocabulary.json of Modules
	Dialect    string     // of the database: dialect.SQLite or dialect.Postgres
	Settings   Settings   // of the instance

	// Proven says that the modules' own tests are known to pass and the types of its references to be right, as those of the
	// built-in law are: Keyhall's tests load the same bytes that are embedded. Neither is then looked at again at each start.
	// Nobody else's law is proven.
	Proven bool

	// Prepare, when it is given, is called with every statement that the law can generate: a statement that the live
	// database does not understand refuses the law.
	Prepare func(context.Context, core.Statement) error
}

// Load makes a revision of the law, whole or not at all: it parses and checks the modules, runs their tests, turns
// every permission into its SQL forms and prepares these. What is wrong is said with file and line.
func Load(ctx context.Context, o Options) (*Revision, error) {
	if o.Dialect != dialect.SQLite && o.Dialect != dialect.Postgres {
		return nil, fmt.Errorf("policy: no law for database %q", o.Dialect)
	}
	if o.Vocabulary == nil {
		text, err := fs.ReadFile(o.Modules, "vocabulary.json")
		if err != nil {
			return nil, fmt.Errorf("policy: %w", err)
		}
		if o.Vocabulary, err = ParseVocabulary(text); err != nil {
			return nil, err
		}
	} else if err := o.Vocabulary.check(); err != nil {
		return nil, err
	}
	files, err := readSources(o.Modules)
	if err != nil {
		return nil, err
	}
	written := files
	files = files.with(o.Settings)
	id := files.id()
	rules, _, err := files.withoutTests().parse(o.Vocabulary)
	if err != nil {
		return nil, err
	}
	infos, err := permissions(rules)
	if err != nil {
		return nil, err
	}
	how := strictly
	if o.Proven {
		how = proven
	}
	l, err := compile(o.Vocabulary, how, rules)
	if err != nil {
		return nil, err
	}
	if !o.Proven {
		if err := written.runTests(ctx, o.Vocabulary); err != nil {
			return nil, err
		}
	}
	roles, err := l.readRoles(ctx)
	if err != nil {
		return nil, err
	}
	r := &Revision{
		id: id, dialect: o.Dialect, vocabulary: o.Vocabulary, sources: files.withoutTests(), roles: roles,
		rules: map[Permission]*rule{}, types: map[string]*typeColumns{},
	}
	if err := r.build(ctx, l, infos); err != nil {
		return nil, err
	}
	if o.Proven {
		return r, r.prepare(ctx, o.Prepare, true)
	}
	return r, errors.Join(r.readWays(), r.prepare(ctx, o.Prepare, false))
}

// readWays reads now what a proven law reads when it is asked for.
func (r *Revision) readWays() error {
	for _, u := range r.rules {
		if u.ways == nil {
			continue
		}
		if _, err := u.ways(); err != nil {
			return err
		}
	}
	return nil
}

// permissions are the rules that METADATA marks as entry points.
func permissions(modules map[string]*ast.Module) ([]PermissionInfo, error) {
	types := map[string]string{}
	for _, m := range modules {
		for _, a := range m.Annotations {
			if typ, ok := a.Custom["resource"].(string); ok && a.Scope == "package" {
				types[m.Package.Path.String()] = typ
			}
		}
	}
	found := map[Permission]PermissionInfo{}
	for path, m := range modules {
		for _, a := range m.Annotations {
			if !a.Entrypoint {
				continue
			}
			name, err := permissionOf(a.GetTargetPath())
			if err != nil {
				return nil, fmt.Errorf("policy: %s:%d: %w", path, a.Location.Row, err)
			}
			if first, ok := found[name]; ok {
				return nil, fmt.Errorf("policy: %s:%d: %s is an entry point already at %s:%d", path, a.Location.Row, name, first.File, first.Line)
			}
			found[name] = PermissionInfo{Name: name, Type: types[m.Package.Path.String()], Title: a.Title,
				Description: a.Description, File: path, Line: a.Location.Row}
		}
	}
	if len(found) == 0 {
		return nil, errors.New("policy: the law has no permission: mark rules with `entrypoint: true`")
	}
	out := slices.Collect(maps.Values(found))
	slices.SortFunc(out, func(a, b PermissionInfo) int { return compareText(a.Name, b.Name) })
	return out, nil
}

func compareText(a, b Permission) int {
	if a < b {
		return -1
	}
	return 1
}

// permissionOf turns data.keyhall.api_key.rename into api_key.rename.
func permissionOf(path ast.Ref) (Permission, error) {
	name := ""
	for i, part := range path {
		text, ok := part.Value.(ast.String)
		switch {
		case i == 0:
		case !ok:
			return "", fmt.Errorf("the name of an entry point is computed: %v", path)
		case i == 1 && text != "keyhall":
			return "", fmt.Errorf("%v is not below data.keyhall", path)
		case i == 2:
			name = string(text)
		case i > 2:
			name += "." + string(text)
		}
	}
	if len(path) != 4 {
		return "", fmt.Errorf("%v is not data.keyhall.<noun>.<verb>", path)
	}
	return Permission(name), nil
}
