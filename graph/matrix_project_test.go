package graph_test

import (
	"cmp"
	"fmt"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

// C3 C4 C10 C14 C16: everybody tries everything with a project, by every way in.
//
//keyhall:norace
func TestEveryCellOfTheRoleMatrixOfProjectsHolds(t *testing.T) {
	t.Parallel()
	m := readTable(t, "project_matrix.txt", "project.")
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		people, ada, spare := map[string]*apptest.Actor{"anon": s.Anonymous(), "root": s.Administrator(t)}, s.Actor(t, "ada"), s.Actor(t, "spare")
		s.JoinOrganization(t, ada.Home, spare, "READER")
		for _, person := range m.people {
			if people[person] == nil {
				people[person] = s.Actor(t, strings.ReplaceAll(person, "-", ""))
				if role := map[string]string{"org-own": "OWNER"}; person != "strang" {
					s.JoinOrganization(t, ada.Home, people[person], cmp.Or(role[person], "READER"))
				}
			}
		}
		id := newProject(t, ada, ada.Home, "Works", "STAGING")
		put := func(to apptest.Vars, role string) { join(t, ada, id, to, role) }
		user := func(person string) apptest.Vars { return apptest.Vars{"userId": people[person].ID} }
		put(user("owner"), "OWNER")
		put(user("susp"), "OWNER")
		people["root"].Must(t, `mutation($id: ID!) { setUserStatus(input: {userId: $id, suspended: true}) { errors { code } } }`, apptest.Vars{"id": people["susp"].ID})
		for _, person := range []string{"member", "both", "ex", "left"} {
			put(user(person), "MEMBER")
		}
		owners := ada.MakeGroup(t, "Owners", people["g-owner"], people["both"], people["late"], people["left"])
		off := ada.MakeGroup(t, "Off", people["off"])
		put(apptest.Vars{"groupId": owners}, "OWNER")
		put(apptest.Vars{"groupId": off}, "OWNER")
		put(apptest.Vars{"groupId": ada.MakeGroup(t, "Members", people["g-member"])}, "MEMBER")
		for _, sql := range []string{
			"UPDATE group_members SET expires_at = 1 WHERE user_id = '" + people["late"].ID + "'", "DELETE FROM project_members WHERE user_id = '" + people["ex"].ID + "'",
			"DELETE FROM organization_members WHERE organization_id = '" + ada.Home + "' AND user_id = '" + people["left"].ID + "'", `UPDATE "groups" SET status = 'DISABLED' WHERE id = '` + off + "'",
		} {
			s.SQL(t, sql)
		}
		const place = "prm_01JCZ3V8Q4T2N6M0R5W7Y9B1DF"
		taken := s.Actor(t, "taken")
		archived := 0
		again := func() {
			s.SQL(t, "UPDATE projects SET archived_at = ? WHERE id = ?", archived, id)
			s.SQL(t, "DELETE FROM service_accounts WHERE project_id = ?", id)
			s.SQL(t, "DELETE FROM project_members WHERE user_id IN (?, ?) AND project_id = ?", spare.ID, taken.ID, id)
			s.SQL(t, "INSERT INTO project_members (id, created_at, project_id, user_id, role) VALUES (?, 1, ?, ?, 'MEMBER')", place, id, taken.ID)
		}
		deed := func(mutation, input string) string {
			return `mutation($id: ID!) { ` + mutation + `(input: {` + input + `}) { errors { code } } }`
		}
		onPlace := func(mutation, more string) string { // it is named by the place, and the project is read beside it
			return fmt.Sprintf(`mutation { %s(input: {memberId: %q%s}) { errors { code } } }`, mutation, place, more)
		}
		const look = `query($id: ID!) { project(id: $id) { viewerCan } }`
		deeds := map[string]string{
			"project.view":                    `query($id: ID!) { project(id: $id) { id name } }`,
			"project.view_members":            `query($id: ID!) { project(id: $id) { members(first: 1) { totalCount } serviceAccounts(first: 1) { totalCount } } }`,
			"project.create_api_key":          deed("createAPIKey", `projectId: $id, name: "k"`),
			"project.edit":                    deed("updateProject", `id: $id, description: "d"`),
			"project.archive":                 deed("unarchiveProject", `id: $id`),
			"project.add_member":              deed("addProjectMember", fmt.Sprintf(`projectId: $id, role: MEMBER, grantee: {userId: %q}`, spare.ID)),
			"project.update_member":           onPlace("updateProjectMember", ", role: OWNER"),
			"project.remove_member":           onPlace("removeProjectMember", ""),
			"project.manage_service_accounts": deed("createServiceAccount", `projectId: $id, name: "ci"`),
			"project.manage_verifiers":        deed("createVerifierToken", `projectId: $id, name: "gateway"`),
			"project.view_usage":              `query($id: ID!) { project(id: $id) { usage(window: LAST_HOUR) { requests } } }`,
			"project.view_limits":             `query($id: ID!) { project(id: $id) { limits { rates { binds } } } }`,
			"project.edit_limits":             deed("updateLimits", `targetId: $id, rates: []`),
		}
		m.rows(t, "open", people, look, "project", id, deeds, again)
		archived = 1
		again()
		for _, same := range []string{"project.view_usage", "project.view_limits", "project.edit_limits", "project.update_member", "project.remove_member"} {
			delete(deeds, same) // do not look at it
		}
		m.rows(t, "archived", people, look, "project", id, deeds, again)
	})
}
