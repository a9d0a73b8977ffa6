package policy

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
)

// Role is one role of the published matrix: where it is held, and what it gives on that and on what is in it.
type Role struct {
	Scope       string // the noun of the thing that it is held on
	Name        string
	Permissions []Permission
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
