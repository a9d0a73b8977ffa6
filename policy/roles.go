package policy

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// Role is one role of the published matrix: where it is held, and what it gives on that and on what is in it.
type Role struct {
	Scope       string // the noun of the thing that it is held on
	Name        string
	Permissions []Permission
}

// Way is a role that by itself gives somebody a permission.
type Way struct {
	Source string // where the role comes from, as the table of the roles says
	Role   string
}

// table is what data.keyhall.roles says about one noun: where a role comes from, the role, and its verbs.
type table map[string]map[string][]string

// readRoles evaluates the roles of a law. A law need not have such tables; then its answers name no roles.
func (l law) readRoles(ctx context.Context) (map[string]table, error) {
	out := map[string]table{}
	if len(l.decides.GetRulesWithPrefix(ast.MustParseRef("data.keyhall.roles"))) == 0 {
		return out, nil
	}
	results, err := rego.New(rego.Compiler(l.decides), rego.Query("data.keyhall.roles")).Eval(ctx)
	if err != nil {
		return nil, fmt.Errorf("policy: read the roles: %w", err)
	}
	if len(results) != 1 {
		return nil, errors.New("policy: the roles are not one table")
	}
	values, _ := results[0].Expressions[0].Value.(map[string]any)
	for noun, value := range values {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("policy: read the roles of %s: %w", noun, err)
		}
		var t table
		if json.Unmarshal(text, &t) == nil && len(t) > 0 {
			out[noun] = t
		}
	}
	return out, nil
}

// Roles is the matrix that the law publishes. What a role gives on the things inside of what it is held on is part of it.
func (r *Revision) Roles() []Role {
	type key struct{ scope, name string }
	held := map[key][]Permission{}
	for noun, t := range r.roles {
		for source, roles := range t {
			scope := noun
			if _, elsewhere := r.roles[source]; elsewhere {
				scope = source
			}
			for role, verbs := range roles {
				for _, verb := range verbs {
					held[key{scope, role}] = append(held[key{scope, role}], permissionOn(noun, verb))
				}
				held[key{scope, role}] = append([]Permission{}, held[key{scope, role}]...)
			}
		}
	}
	var out []Role
	for k, permissions := range held {
		slices.Sort(permissions)
		out = append(out, Role{k.scope, k.name, slices.Compact(permissions)})
	}
	slices.SortFunc(out, func(a, b Role) int {
		return cmp.Or(strings.Compare(a.Scope, b.Scope), cmp.Compare(len(b.Permissions), len(a.Permissions)), strings.Compare(a.Name, b.Name))
	})
	return out
}

// permissionOn names a verb of the table of a noun; a verb of another noun carries that noun itself.
func permissionOn(noun, verb string) Permission {
	if strings.Contains(verb, ".") {
		return Permission(verb)
	}
	return Permission(noun + "." + verb)
}

// waysQuery asks a rule again for each role of the noun, with a table in which no other role holds anything: a role by which
// it holds then is a way to it. So the rule itself says it, with all its conditions, and nothing is written twice.
func (l law) waysQuery(ctx context.Context, path string, noun string, t table) (*rego.PreparedEvalQuery, error) {
	type lens struct {
		Way   [2]string `json:"way"`
		Table table     `json:"table"`
	}
	var lenses []lens
	for _, source := range slices.Sorted(maps.Keys(t)) {
		for _, role := range slices.Sorted(maps.Keys(t[source])) {
			if len(t[source][role]) > 0 {
				lenses = append(lenses, lens{[2]string{source, role}, t.only(source, role)})
			}
		}
	}
	text, err := json.Marshal(lenses)
	if err != nil || len(lenses) == 0 {
		return nil, err
	}
	// The table has a name of its own: OPA takes `with ... as lens.table` in a comprehension for undefined.
	query, err := l.query(ctx, fmt.Sprintf("[lens.way | some lens in %s; table := lens.table; %s == true with data.keyhall.roles.%s as table]", text, path, noun))
	return &query, err
}

// only is the table with one role left; the others are there, and empty.
func (t table) only(source, role string) table {
	out := table{}
	for s, roles := range t {
		out[s] = map[string][]string{}
		for name, verbs := range roles {
			if out[s][name] = []string{}; s == source && name == role {
				out[s][name] = verbs
			}
		}
	}
	return out
}

// waysOf are the roles that give the subject the permission, each by itself.
func (u *rule) waysOf(ctx context.Context, input *ast.Term) ([]Way, error) {
	if u.ways == nil {
		return nil, nil
	}
	results, err := u.ways.Eval(ctx, rego.EvalParsedInput(input.Value))
	if err != nil || len(results) != 1 {
		return nil, err
	}
	var out []Way
	list, _ := results[0].Expressions[0].Value.([]any)
	for _, v := range list {
		if way, ok := v.([]any); ok && len(way) == 2 {
			out = append(out, Way{fmt.Sprint(way[0]), fmt.Sprint(way[1])})
		}
	}
	return out, nil
}

// holds asks OPA the rule itself.
func (u *rule) holds(ctx context.Context, input *ast.Term, tracer topdown.QueryTracer) (bool, error) {
	options := []rego.EvalOption{rego.EvalParsedInput(input.Value)}
	if tracer != nil {
		options = append(options, rego.EvalQueryTracer(tracer))
	}
	results, err := u.allow.Eval(ctx, options...)
	if err != nil {
		return false, err
	}
	return len(results) == 1 && len(results[0].Expressions) == 1 && results[0].Expressions[0].Value == true, nil
}
