package graph_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

// organizationCast has everybody of the table around one organization; spare is a reader whom the deeds about a member are about.
func organizationCast(t *testing.T, s *apptest.Server, m *table) (people map[string]*apptest.Actor, id string, spare *apptest.Actor) {
	t.Helper()
	people = map[string]*apptest.Actor{"anon": s.Anonymous(), "root": s.Administrator(t)}
	for _, person := range m.people {
		if people[person] == nil {
			people[person] = s.Actor(t, person)
		}
	}
	owner := people["owner"]
	id, shop, _ := crew(t, s, owner)
	for person, role := range map[string]string{"co": "OWNER", "reader": "READER", "former": "READER", "susp": "OWNER"} {
		s.JoinOrganization(t, id, people[person], role)
	}
	spare = s.Actor(t, "spare")
	s.JoinOrganization(t, id, spare, "READER")
	owner.Share(t, owner.CreateKey(t, "Key", shop, "PROJECT").ID, people["outside"], "ADMIN")
	owner.InviteTo(t, id, people["invited"].Email, "OWNER")
	owner.Must(t, removeFromOrganize, apptest.Vars{"id": membership(t, s, id, people["former"])})
	people["root"].Must(t, `mutation($id: ID!) { setUserStatus(input: {userId: $id, suspended: true}) { errors { code } } }`, apptest.Vars{"id": people["susp"].ID})
	return people, id, spare
}

// C9 C16: everybody tries everything with an organization.
//
//keyhall:norace
func TestEveryCellOfTheRoleMatrixOfOrganizationsHolds(t *testing.T) {
	t.Parallel()
	m := readTable(t, "organization_matrix.txt", "organization.")
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		people, id, spare := organizationCast(t, s, m)
		const open = "open"
		named := slices.Sorted(maps.Keys(m.cells[open]))
		m.rows(t, open, people, fmt.Sprintf(`query($id: ID!) { organization(id: $id) { viewerCan(of: ["%s"]) } }`, strings.Join(named, `", "`)), "organization", id, map[string]string{
			"organization.view":             `query($id: ID!) { organization(id: $id) { id name slug } }`,
			"organization.view_members":     `query($id: ID!) { organization(id: $id) { members(first: 1) { totalCount } } }`,
			"organization.search":           `query($id: ID!) { searchPrincipals(organizationId: $id, query: "o") { __typename } }`,
			"organization.create_group":     `mutation($id: ID!) { createGroup(input: {organizationId: $id, name: "G"}) { errors { code } } }`,
			"organization.create_secret":    `mutation($id: ID!) { createSecret(input: {organizationId: $id, name: "S", url: "https://x.example", clientId: "c"}) { errors { code } } }`,
			"organization.edit":             `mutation($id: ID!) { updateOrganization(input: {id: $id, billingEmail: "b@keyhall.test"}) { errors { code } } }`,
			"organization.invite":           `mutation($id: ID!) { inviteToOrganization(input: {organizationId: $id, emails: ["new@keyhall.test"], role: OWNER}) { errors { code } } }`,
			"organization.view_offboarding": `query($id: ID!) { offboardingPreview(organizationId: $id, userId: "usr_1") { heirs { id } } }`,
			"organization.create_project":   `mutation($id: ID!) { createProject(input: {organizationId: $id, name: "P", environment: STAGING}) { errors { code } } }`,
			"organization.view_limits":      `query($id: ID!) { organization(id: $id) { limits { rates { binds } } } }`,
			"organization.edit_limits":      `mutation($id: ID!) { updateLimits(input: {targetId: $id, rates: []}) { errors { code } } }`,
			"organization.view_usage":       `query($id: ID!) { organization(id: $id) { usage(window: LAST_HOUR) { requests } } }`,
			"organization.view_billing":     `query($id: ID!) { organization(id: $id) { billing { billingEmail } } }`,
			"audit.view":                    `query($id: ID!) { auditEvents(organizationId: $id, first: 1) { nodes { type } } }`,
		}, func() {})
		for permission, ask := range map[string]string{
			"organization.update_member": `mutation($id: ID!) { updateOrganizationMember(input: {memberId: $id, role: OWNER}) { errors { code } } }`,
			"organization.remove_member": `mutation($id: ID!) { removeOrganizationMember(input: {memberId: $id}) { errors { code } } }`,
			"organization.leave":         leaveOrganization, "organization.delete": fmt.Sprintf(`mutation($id: ID!) { deleteOrganization(input: {id: $id, confirmName: %q}) { errors { code } } }`, "another name"),
		} {
			for _, person := range m.people {
				s.SQL(t, "DELETE FROM organization_members WHERE organization_id = ? AND user_id = ?", id, spare.ID)
				s.JoinOrganization(t, id, spare, "READER")
				about := map[string]string{"organization.leave": id, "organization.delete": id}[permission]
				if about == "" {
					about = membership(t, s, id, spare)
				}
				cell := m.cells[open][permission][person]
				want := cellCode(cell)
				if permission == "organization.delete" && cell == "y" {
					want = "INVALID" // the name is another; TestAnOrganizationIsDeletedWhole writes the right one
				}
				out := people[person].Do(t, ask, apptest.Vars{"id": about})
				if out.Code() != want {
					t.Errorf("%s of %s: %q, want %q: %s", permission, person, out.Code(), want, out.Body)
				}
				if cell == "F" && len(out.Errors) == 1 && out.Errors[0].Extensions.Permission != permission {
					t.Errorf("%s of %s is refused in the name of %q", permission, person, out.Errors[0].Extensions.Permission)
				}
				if permission == "organization.leave" && cell == "y" {
					s.JoinOrganization(t, id, people[person], map[bool]string{true: "READER", false: "OWNER"}[person == "reader"])
				}
			}
		}
	})
}
