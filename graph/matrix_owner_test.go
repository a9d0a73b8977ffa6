package graph_test

import (
	"slices"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

// The mutations of the rules beside the matrix, each of which names one thing.
const (
	renameMutation  = `mutation($id: ID!) { updateAPIKey(input: {id: $id, name: "Renamed"}) { apiKey { id } errors { code } } }`
	disableMutation = `mutation($id: ID!) { disableAPIKey(input: {id: $id}) { apiKey { status } errors { code } } }`
	enableMutation  = `mutation($id: ID!) { enableAPIKey(input: {id: $id}) { apiKey { status } errors { code } } }`
	leaveMutation   = `mutation($id: ID!) { leaveAPIKey(input: {id: $id}) { errors { code } } }`
	removeMutation  = `mutation($id: ID!) { removeCollaborator(input: {collaboratorId: $id}) { apiKey { id } errors { code } } }`
	promoteMutation = `mutation($id: ID!) { updateCollaboratorRole(input: {collaboratorId: $id, role: ADMIN}) { collaborator { role } errors { code } } }`
	demoteMutation  = `mutation($id: ID!) { updateCollaboratorRole(input: {collaboratorId: $id, role: CONTRIBUTOR}) { collaborator { role } errors { code } } }`
	lookQuery       = `query($id: ID!) { apiKey(id: $id) { id viewerRole viewerCan } }`
)

// about asks something that names one thing.
func about(t *testing.T, who *apptest.Actor, query, id string) apptest.Answer {
	t.Helper()
	return who.Do(t, query, apptest.Vars{"id": id})
}

// answers checks the code of what is asked about one thing; an empty one is success.
func answers(t *testing.T, why string, who *apptest.Actor, query, id, code string) {
	t.Helper()
	if out := about(t, who, query, id); out.Code() != code {
		t.Errorf("%s: got %q, want %q: %s", why, out.Code(), code, out.Body)
	}
}

// A2, A3, A8, A18: whatever path somebody tries, the owner stays who they are and keeps all that is theirs.
//
//keyhall:norace
func TestNobodyChangesOrRemovesTheOwner(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		place := ada.Share(t, key.ID, ben, "ADMIN")
		for _, who := range []*apptest.Actor{ada, ben} {
			for why, query := range map[string]string{
				"invite an owner":      `mutation($id: ID!) { inviteCollaborators(input: {apiKeyId: $id, emails: ["` + ben.Email + `"], role: OWNER, confirmEmail: "` + who.Email + `"}) { errors { code } } }`,
				"become the owner":     `mutation($id: ID!) { x: updateCollaboratorRole(input: {collaboratorId: "` + place + `", role: OWNER}) { errors { code } } updateAPIKey(input: {id: $id}) { errors { code } } }`,
				"give the key away":    `mutation($id: ID!) { updateAPIKey(input: {id: $id, ownerId: "` + ben.ID + `"}) { errors { code } } }`,
				"take it to a project": `mutation($id: ID!) { updateAPIKey(input: {id: $id, projectId: "` + ben.Project + `"}) { errors { code } } }`,
			} {
				if code := about(t, who, query, key.ID).Code(); code != "GRAPHQL_VALIDATION_FAILED" && code != "BAD_USER_INPUT" {
					t.Errorf("%s tries to %s: %q", who.Username, why, code)
				}
			}
			for _, id := range []string{ada.ID, key.ID} {
				answers(t, "remove the owner", who, removeMutation, id, "NOT_FOUND")
				answers(t, "demote the owner", who, demoteMutation, id, "NOT_FOUND")
			}
			out := who.Do(t, inviteMutation, apptest.Vars{"key": key.ID, "emails": []string{ada.Email}, "role": "CONTRIBUTOR", "own": who.Email})
			if code := out.Text("inviteCollaborators", "results", 0, "error", "code"); code != "OWNER_IMMUTABLE" && code != "ALREADY_MEMBER" {
				t.Errorf("the owner is invited: %s", out.Body)
			}
		}
		out := ben.Do(t, `mutation($id: ID!, $role: InvitableRole!) { updateCollaboratorRole(input: {collaboratorId: $id, role: $role}) { errors { code } } }`,
			apptest.Vars{"id": place, "role": "OWNER"})
		if code := out.Code(); code != "GRAPHQL_VALIDATION_FAILED" && code != "BAD_USER_INPUT" {
			t.Errorf("an owner by variable: %s", out.Body)
		}
		answers(t, "the owner leaves", ada, leaveMutation, key.ID, "OWNER_IMMUTABLE")
		if s.Count(t, "api_keys WHERE id = ? AND owner_id = ? AND project_id = ?", key.ID, ada.ID, ada.Project) != 1 ||
			s.Count(t, "collaborators WHERE api_key_id = ?", key.ID) != 1 || s.Count(t, "invitations WHERE api_key_id = ?", key.ID) != 1 {
			t.Error("something of the owner was changed")
		}
		if role := about(t, ada, lookQuery, key.ID).Text("apiKey", "viewerRole"); role != "OWNER" {
			t.Errorf("the owner is now %q", role)
		}
	})
}

// A13, A14, A16, A28: an admin changes and removes admins, themself included, and each change counts from the next
// request on, in sessions that are open.
//
//keyhall:norace
func TestAnAdminManagesAdminsAndThemself(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, cleo := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo")
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		bens, cleos := ada.Share(t, key.ID, ben, "ADMIN"), ada.Share(t, key.ID, cleo, "ADMIN")
		answers(t, "an admin demotes an admin", ben, demoteMutation, cleos, "")
		answers(t, "who was demoted", cleo, renameMutation, key.ID, "FORBIDDEN")
		answers(t, "who was demoted makes themself an admin", cleo, promoteMutation, cleos, "FORBIDDEN")
		answers(t, "a contributor demotes an admin", cleo, demoteMutation, bens, "NOT_FOUND")
		answers(t, "a contributor removes themself, who may leave", cleo, removeMutation, cleos, "FORBIDDEN")
		answers(t, "an admin promotes", ben, promoteMutation, cleos, "")
		answers(t, "who was promoted", cleo, renameMutation, key.ID, "")
		answers(t, "an admin removes an admin", cleo, removeMutation, bens, "")
		answers(t, "who was removed", ben, lookQuery, key.ID, "NOT_FOUND")
		answers(t, "an admin demotes themself", cleo, demoteMutation, cleos, "")
		answers(t, "and cannot undo it", cleo, promoteMutation, cleos, "FORBIDDEN")
		answers(t, "the owner can", ada, promoteMutation, cleos, "")
		out := cleo.Must(t, removeMutation, apptest.Vars{"id": cleos})
		if out.At("removeCollaborator", "apiKey") != nil {
			t.Errorf("who removed themself still gets the key: %s", out.Body)
		}
		answers(t, "who removed themself", cleo, lookQuery, key.ID, "NOT_FOUND")
	})
}

// Section 3 and 7: the owner's word holds against all others, the organization's against admins.
//
//keyhall:norace
func TestWhoDisabledAKeyDecidesWhoEnablesIt(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		c := newCast(t, s, readMatrix(t).people)
		g := c.stage(t, &keyState{name: "active"})
		second, both := s.Actor(t, "second"), s.Actor(t, "both")
		s.JoinOrganization(t, g.organization, second, "OWNER")
		s.JoinOrganization(t, g.organization, both, "OWNER")
		admin, first := g.actor("admin"), g.actor("org-own")
		key := g.prop(t)
		g.owner.Share(t, key.ID, both, "ADMIN")
		for _, step := range []struct {
			why   string
			who   *apptest.Actor
			query string
			code  string
		}{
			{"the owner disables", g.owner, disableMutation, ""},
			{"an admin disables what is disabled", admin, disableMutation, ""},
			{"and has not taken it over", admin, enableMutation, "FORBIDDEN"},
			{"nor has the organization", first, disableMutation, ""},
			{"who cannot enable it", first, enableMutation, "FORBIDDEN"},
			{"nor can who is both", both, enableMutation, "FORBIDDEN"},
			{"the owner enables", g.owner, enableMutation, ""},
			{"an admin disables: what was before is forgotten", admin, disableMutation, ""},
			{"and enables", admin, enableMutation, ""},
			{"an admin disables again", admin, disableMutation, ""},
			{"the organization did not", first, enableMutation, "FORBIDDEN"},
			{"the owner may always", g.owner, enableMutation, ""},
			{"the organization disables", first, disableMutation, ""},
			{"an admin cannot enable that", admin, enableMutation, "FORBIDDEN"},
			{"nor can a project owner", g.actor("pr-own"), enableMutation, "FORBIDDEN"},
			{"nor can the other owner of the organization", second, enableMutation, "FORBIDDEN"},
			{"who did it can", first, enableMutation, ""},
			{"who is both disables", both, disableMutation, ""},
			{"and enables", both, enableMutation, ""},
			{"the organization disables again", first, disableMutation, ""},
			{"the owner may always", g.owner, enableMutation, ""},
			{"an admin disables once more", admin, disableMutation, ""},
			{"the organization disables it too", first, disableMutation, ""},
			{"and the admin alone cannot enable it", admin, enableMutation, "FORBIDDEN"},
			{"the other owner of the organization disables it too", second, disableMutation, ""},
			{"and has not taken it over", second, enableMutation, "FORBIDDEN"},
			{"the owner disables it too", g.owner, disableMutation, ""},
			{"and the organization alone cannot enable it", first, enableMutation, "FORBIDDEN"},
			{"the owner enables", g.owner, enableMutation, ""},
			{"an admin disables", admin, disableMutation, ""},
			{"the owner disables it too", g.owner, disableMutation, ""},
			{"the admin alone cannot enable that", admin, enableMutation, "FORBIDDEN"},
			{"the owner enables", g.owner, enableMutation, ""},
			{"an admin disables by a token that may do just that", narrowed(t, admin, "api_key.disable", "api_key.view"), disableMutation, ""},
			{"and enables as the admin that they are", admin, enableMutation, ""},
		} {
			answers(t, step.why, step.who, step.query, key.ID, step.code)
		}
		answers(t, "the organization disables", first, disableMutation, key.ID, "")
		s.SQL(t, "UPDATE organization_members SET role = 'READER' WHERE organization_id = ? AND user_id = ?", g.organization, first.ID)
		answers(t, "who owns the organization no more", first, enableMutation, key.ID, "NOT_FOUND")
		answers(t, "an admin still cannot", admin, enableMutation, key.ID, "FORBIDDEN")
	})
}

// Enabling what is enabled and disabling what is disabled succeed, change nothing and leave no audit row.
//
//keyhall:norace
func TestDisablingTwiceIsDoneOnce(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		for _, query := range []string{enableMutation, disableMutation, disableMutation, enableMutation, enableMutation} {
			answers(t, query, ada, query, key.ID, "")
		}
		for _, typ := range []string{"api_key.disabled", "api_key.enabled"} {
			if n := s.Count(t, "audit_events WHERE type = ? AND resource_id = ?", typ, key.ID); n != 1 {
				t.Errorf("%d rows of %s", n, typ)
			}
		}
	})
}

// C10: who is no longer a member of the organization has nothing left of what they were in it, at once, whatever places
// below it are still written; and keeps what is elsewhere.
//
//keyhall:norace
func TestWhoLeftTheOrganizationHasNothingLeftInIt(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		c := newCast(t, s, readMatrix(t).people)
		g := c.stage(t, &keyState{name: "active"})
		key, elsewhere := g.prop(t), g.owner.CreateKey(t, "Elsewhere", "", "PROJECT")
		const create = `mutation($id: ID!) { createAPIKey(input: {name: "More", projectId: $id}) { apiKey { id } errors { code } } }`
		const list = `query($id: ID!) { apiKeys(filter: {organizationId: $id}) { totalCount } }`
		reveal := deeds()["reveal_secret"].mutation
		for _, person := range []string{"owner", "pr-own", "pr-mem"} {
			who := g.actor(person)
			answers(t, person+" creates", who, create, g.project, "")
			s.SQL(t, "DELETE FROM organization_members WHERE organization_id = ? AND user_id = ?", g.organization, who.ID)
			answers(t, person+" creates after leaving", who, create, g.project, "NOT_FOUND")
			for _, query := range []string{lookQuery, reveal, renameMutation, enableMutation, leaveMutation} {
				answers(t, person+" after leaving: "+query, who, query, key.ID, "NOT_FOUND")
			}
			answers(t, person+" looks at the project after leaving", who, `query($id: ID!) { project(id: $id) { id } }`, g.project, "NOT_FOUND")
			if n := about(t, who, list, g.organization).At("apiKeys", "totalCount"); n != 0.0 {
				t.Errorf("%s lists %v keys after leaving", person, n)
			}
		}
		boss := g.actor("org-own")
		s.SQL(t, "UPDATE organization_members SET role = 'READER' WHERE organization_id = ? AND user_id = ?", g.organization, boss.ID)
		answers(t, "who is only a reader now", boss, lookQuery, key.ID, "NOT_FOUND")
		answers(t, "a key elsewhere", g.owner, renameMutation, elsewhere.ID, "")
		answers(t, "an admin from outside", g.actor("admin"), renameMutation, key.ID, "")
	})
}

// viewerCan(of:) names those of the list that hold, and is the same in a list and alone.
//
//keyhall:norace
func TestViewerCanAnswersWhatItIsAsked(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		ada.Share(t, key.ID, ben, "CONTRIBUTOR")
		out := ben.Must(t, `{ apiKeys { nodes { viewerRole viewerCan(of: ["api_key.rename", "api_key.view_stats", "api_key.leave", "api_key.delete"]) } } }`, nil)
		list, _ := out.At("apiKeys", "nodes", 0, "viewerCan").([]any)
		got := []string{}
		for _, permission := range list {
			got = append(got, permission.(string))
		}
		slices.Sort(got)
		if !slices.Equal(got, []string{"api_key.leave", "api_key.view_stats"}) || out.Text("apiKeys", "nodes", 0, "viewerRole") != "CONTRIBUTOR" {
			t.Errorf("a contributor: %s", out.Body)
		}
	})
}
