package benches

import (
	"testing"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"
)

// The three permissions in casbin: the matrix as policy lines, places as roles in domains, the conditions in the matcher.
const casbinModel = `
[request_definition]
r = sub, obj, act
[policy_definition]
p = column, role, act
[role_definition]
g = _, _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.act == p.act && (p.column == "owner" && r.sub == r.obj.Owner && g(r.sub, "standing", r.obj.Organization) || \
	r.obj.Kind == "PROJECT" && (p.column == "collaborator" && g(r.sub, p.role, r.obj.ID) || \
	p.column == "project" && g(r.sub, p.role, r.obj.Project) && g(r.sub, "member", r.obj.Organization) || \
	p.column == "organization" && g(r.sub, p.role, r.obj.Organization)))
`

type casbinKey struct{ ID, Owner, Kind, Project, Organization string }

// newCasbin prepares the enforcer with the lines of three permissions only: it reads every line for every decision.
func newCasbin(t *testing.T) peer {
	t.Helper()
	m, err := model.NewModelFromString(casbinModel)
	if err != nil {
		t.Fatal(err)
	}
	e, err := casbin.NewEnforcer(m)
	if err != nil {
		t.Fatal(err)
	}
	_, err = e.AddPolicies([][]string{
		{"owner", "OWNER", "view"}, {"owner", "OWNER", "reveal_secret"}, {"owner", "OWNER", "rename"},
		{"collaborator", "ADMIN", "view"}, {"collaborator", "ADMIN", "reveal_secret"}, {"collaborator", "ADMIN", "rename"},
		{"collaborator", "CONTRIBUTOR", "view"}, {"collaborator", "CONTRIBUTOR", "reveal_secret"},
		{"project", "OWNER", "view"}, {"project", "OWNER", "reveal_secret"}, {"project", "OWNER", "rename"},
		{"project", "MEMBER", "view"}, {"organization", "OWNER", "view"},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = e.AddGroupingPolicies([][]string{
		{"owner", "standing", "org"}, {"owner", "member", "org"},
		{"admin", "ADMIN", "key"}, {"contributor", "CONTRIBUTOR", "key"},
		{"project_owner", "OWNER", "prj"}, {"project_owner", "member", "org"},
		{"project_member", "MEMBER", "prj"}, {"project_member", "member", "org"},
		{"organization_owner", "OWNER", "org"}, {"organization_owner", "member", "org"},
	})
	if err != nil {
		t.Fatal(err)
	}
	key := casbinKey{ID: "key", Owner: "owner", Kind: "PROJECT", Project: "prj", Organization: "org"}
	return peer{"casbin", func(d decision) (bool, error) { return e.Enforce(d.actor, key, d.verb) }}
}
