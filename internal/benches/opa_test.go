package benches

import (
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/keyhall/keyhall/policy"
)

// newOPA evaluates the rules of the built-in law on the facts that the law itself would load: of each collection only
// what concerns the viewer and the owner.
func newOPA(t *testing.T) peer {
	t.Helper()
	options := []func(*rego.Rego){rego.StrictBuiltinErrors(true)}
	err := fs.WalkDir(policy.Law(), ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || path.Ext(name) != ".rego" || strings.HasSuffix(name, "_test.rego") {
			return err
		}
		text, err := fs.ReadFile(policy.Law(), name)
		options = append(options, rego.Module(name, string(text)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	rules, inputs := map[string]rego.PreparedEvalQuery{}, map[decision]ast.Value{}
	for _, d := range decisions() {
		inputs[d] = facts(t, d)
		if _, ok := rules[d.verb]; ok {
			continue
		}
		q, err := rego.New(append(options, rego.Query("data.keyhall.api_key."+d.verb))...).PrepareForEval(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		rules[d.verb] = q
	}
	return peer{"OPA", func(d decision) (bool, error) {
		q := rules[d.verb]
		results, err := q.Eval(t.Context(), rego.EvalParsedInput(inputs[d]))
		return results.Allowed(), err
	}}
}

func facts(t *testing.T, d decision) ast.Value {
	t.Helper()
	type rows = []map[string]any
	standing := map[string]any{"suspended_at": 0}
	collaborators, projectMembers, members := rows{}, rows{}, rows{{"user_id": "owner", "role": "READER", "user": standing}}
	switch d.actor {
	case "admin", "contributor":
		collaborators = append(collaborators, map[string]any{"user_id": d.actor, "role": strings.ToUpper(d.actor)})
	case "project_owner", "project_member":
		role := strings.ToUpper(strings.TrimPrefix(d.actor, "project_"))
		projectMembers = append(projectMembers, map[string]any{"user_id": d.actor, "role": role})
		members = append(members, map[string]any{"user_id": d.actor, "role": "READER", "user": standing})
	case "organization_owner":
		members = append(members, map[string]any{"user_id": d.actor, "role": "OWNER", "user": standing})
	}
	v, err := ast.InterfaceToValue(map[string]any{
		"subject": map[string]any{"id": d.actor, "email_verified": true, "administrator": false}, "permission": d.verb,
		"resource": map[string]any{
			"kind": "PROJECT", "owner_id": "owner", "disabled_as": "", "collaborators": collaborators,
			"project": map[string]any{"members": projectMembers, "organization": map[string]any{"members": members}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}
