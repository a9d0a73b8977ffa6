package policy

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/keyhall/keyhall/policy/internal/core"
)

// Revision is one law in all its forms. It never changes.
type Revision struct {
	id         string
	dialect    string
	vocabulary Vocabulary
	sources    sources // without its tests
	roles      map[string]table
	rules      map[Permission]*rule
	types      map[string]*typeColumns
}

// Engine holds the revision in force.
type Engine struct{ current atomic.Pointer[inForce] }

// inForce is a revision, and since when it decides.
type inForce struct {
	revision *Revision
	since    time.Time
}

// NewEngine starts with a revision.
func NewEngine(r *Revision) *Engine {
	e := &Engine{}
	e.Swap(r)
	return e
}

// Revision is the revision in force. A deed asks once and keeps it.
func (e *Engine) Revision() *Revision { return e.current.Load().revision }

// Since is when the revision in force was loaded.
func (e *Engine) Since() time.Time { return e.current.Load().since }

// Swap puts another revision in force, for whoever asks from now on.
func (e *Engine) Swap(r *Revision) { e.current.Store(&inForce{r, time.Now().UTC()}) }

// ID names the revision in decisions and in the audit.
func (r *Revision) ID() string { return r.id }

// Permissions lists what the law knows, by name.
func (r *Revision) Permissions() []PermissionInfo {
	out := make([]PermissionInfo, 0, len(r.rules))
	for _, p := range slices.Sorted(maps.Keys(r.rules)) {
		out = append(out, r.rules[p].info)
	}
	return out
}

// RowPermission is the permission that decides which rows of a type a subject sees.
func (r *Revision) RowPermission(typ string) (Permission, bool) {
	t := r.types[typ]
	if t == nil || t.view == "" {
		return "", false
	}
	return t.view, true
}

// SharingPermission is the permission to see who else has to do with a thing of a type; not every type has one.
func (r *Revision) SharingPermission(typ string) (Permission, bool) {
	for _, verb := range []string{"view_sharing", "view_members"} {
		if p := Permission(snake(typ) + "." + verb); r.rules[p] != nil {
			return p, true
		}
	}
	return "", false
}

// Module is one file of the law.
type Module struct{ Path, Source string }

// Modules are the files of the law, without its tests.
func (r *Revision) Modules() []Module {
	out := make([]Module, len(r.sources.paths))
	for i, path := range r.sources.paths {
		out[i] = Module{path, r.sources.texts[path]}
	}
	return out
}

// Leaves tells how many different things are looked up beside each row of a page, by type.
func (r *Revision) Leaves() map[string]int {
	out := map[string]int{}
	for typ, t := range r.types {
		out[typ] = t.leaves()
	}
	return out
}

// rule is one permission in its forms.
type rule struct {
	info    PermissionInfo
	root    *row
	formula formula
	reads   map[string]bool // facts of the request that decide its texts
	facts   *facts
	allow   rego.PreparedEvalQuery
	reasons *rego.PreparedEvalQuery
	forms   map[posture]*forms
	who     func() who            // written when it is first asked; nil: the vocabulary has no User
	veiled  func() who            // the same; nil: the rule follows no group
	ways    func() (*ways, error) // read when they are first asked; nil: the type has no table of roles
}

// forms are the statements of a rule for the subjects of one posture.
type forms struct {
	where          node
	one, few, many *phrase // nil: about no rows
	decide         statement
	count          statement
}

// statement is a program whose text is ready.
type statement struct {
	program program
	text    string
}

func (r *Revision) statement(p program) statement { return statement{p, p.text(r.dialect)} }

func (s statement) bind(v values) (core.Statement, error) {
	args, err := s.program.bind(v)
	if err != nil {
		return core.Statement{}, err
	}
	return core.NewStatement(s.text, args), nil
}

func (r *Revision) rule(p Permission) (*rule, error) {
	if rule, ok := r.rules[p]; ok {
		return rule, nil
	}
	return nil, fmt.Errorf("policy: the law has no permission %q", p)
}

func (f *forms) filter(s Shape) *phrase {
	switch s {
	case Few:
		return f.few
	case Many:
		return f.many
	}
	return f.one
}

func (u *rule) form(s Subject) *forms { return u.forms[postureOf(s).only(u.reads)] }

// prepare hands every text that can be generated to the database, each once.
func (r *Revision) prepare(ctx context.Context, prepare func(context.Context, core.Statement) error, proven bool) error {
	if prepare == nil {
		return nil
	}
	seen := map[string]bool{}
	try := func(what string, s statement) error {
		if s.text == "" || seen[s.text] {
			return nil
		}
		seen[s.text] = true
		if err := prepare(ctx, core.NewStatement(s.text, nil)); err != nil {
			return fmt.Errorf("policy: the database refuses a statement of %s: %w: %s", what, err, s.text)
		}
		return nil
	}
	for _, p := range slices.Sorted(maps.Keys(r.rules)) {
		for _, s := range r.statements(r.rules[p], proven) {
			if err := try(string(p), s); err != nil {
				return err
			}
		}
	}
	for _, typ := range slices.Sorted(maps.Keys(r.types)) {
		for _, c := range r.types[typ].forms {
			if err := try(typ, c.page); err != nil {
				return err
			}
		}
	}
	return nil
}

// statements are all that a rule can ask; without its questions about everybody where the law is proven: a server that is
// asked none of them never writes these.
func (r *Revision) statements(u *rule, proven bool) []statement {
	var all []statement
	for _, questions := range []func() who{u.who, u.veiled} {
		if questions != nil && !proven {
			all = append(all, questions().all()...)
		}
	}
	for _, f := range u.forms {
		all = append(all, f.decide, f.count, r.listStatement(u, f.one), r.listStatement(u, f.few), r.listStatement(u, f.many))
	}
	return all
}
