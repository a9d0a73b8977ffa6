package benches

import (
	"testing"

	"github.com/cedar-policy/cedar-go"
)

// The three permissions in Cedar. It has no "there is a row such that": what a member is, is a group that is prepared.
const cedarRules = `
permit (principal, action in [Action::"view", Action::"reveal_secret", Action::"rename"], resource)
	when { resource.owner == principal && principal in resource.standing };
permit (principal, action in [Action::"view", Action::"reveal_secret", Action::"rename"], resource)
	when { resource.kind == "PROJECT" && principal in resource.admins };
permit (principal, action in [Action::"view", Action::"reveal_secret"], resource)
	when { resource.kind == "PROJECT" && principal in resource.contributors };
permit (principal, action in [Action::"view", Action::"reveal_secret", Action::"rename"], resource)
	when { resource.kind == "PROJECT" && principal in resource.projectOwners && principal in resource.members };
permit (principal, action == Action::"view", resource)
	when { resource.kind == "PROJECT" && principal in resource.projectMembers && principal in resource.members };
permit (principal, action == Action::"view", resource)
	when { resource.kind == "PROJECT" && principal in resource.organizationOwners };
`

// newCedar prepares the policies and the entities, groups included.
func newCedar(t *testing.T) peer {
	t.Helper()
	rules, err := cedar.NewPolicySetFromBytes("rules.cedar", []byte(cedarRules))
	if err != nil {
		t.Fatal(err)
	}
	person := func(name string) cedar.EntityUID { return cedar.NewEntityUID("User", cedar.String(name)) }
	group := func(name string) cedar.EntityUID { return cedar.NewEntityUID("Group", cedar.String(name)) }
	entities := cedar.EntityMap{}
	for name, groups := range map[string][]string{
		"owner": {"members", "standing"}, "admin": {"admins"}, "contributor": {"contributors"},
		"project_owner": {"members", "standing", "projectOwners"}, "project_member": {"members", "standing", "projectMembers"},
		"organization_owner": {"members", "standing", "organizationOwners"}, "stranger": nil,
	} {
		var parents []cedar.EntityUID
		for _, g := range groups {
			parents = append(parents, group(g))
		}
		entities[person(name)] = cedar.Entity{UID: person(name), Parents: cedar.NewEntityUIDSet(parents...)}
	}
	key := cedar.NewEntityUID("APIKey", "key")
	attributes := cedar.RecordMap{"kind": cedar.String("PROJECT"), "owner": person("owner")}
	for _, g := range []string{"standing", "members", "admins", "contributors", "projectOwners", "projectMembers", "organizationOwners"} {
		attributes[cedar.String(g)] = group(g)
	}
	entities[key] = cedar.Entity{UID: key, Attributes: cedar.NewRecord(attributes)}
	requests := map[decision]cedar.Request{}
	for _, d := range decisions() {
		requests[d] = cedar.Request{Principal: person(d.actor), Action: cedar.NewEntityUID("Action", cedar.String(d.verb)), Resource: key}
	}
	return peer{"cedar-go", func(d decision) (bool, error) {
		allowed, _ := cedar.Authorize(rules, entities, requests[d])
		return allowed == cedar.Allow, nil
	}}
}
