package graph_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

// A2: whoever makes a key owns it, alone, whoever the project or the organization belongs to.
//
//keyhall:norace
func TestWhoeverMakesAKeyIsItsOneOwner(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		s.JoinOrganization(t, ada.Home, ben, "READER")
		s.JoinProject(t, ada.Project, ben, "MEMBER")
		key := ben.CreateKey(t, "Payments", ada.Project, "PROJECT").ID
		for who, role := range map[*apptest.Actor]string{ben: "OWNER", ada: ""} {
			out := about(t, who, `query($id: ID!) { apiKey(id: $id) { owner { ... on User { id } } viewerRole } }`, key)
			if out.Text("apiKey", "owner", "id") != ben.ID || out.Text("apiKey", "viewerRole") != role {
				t.Errorf("%s is told %s", who.Username, out.Body)
			}
		}
		answers(t, "the owner of the project and the organization deletes it", ada, `mutation($id: ID!) { deleteAPIKey(input: {id: $id}) { errors { code } } }`, key, "FORBIDDEN")
	})
}

// A8: what can be offered to somebody is to be an admin or a contributor, and nothing else.
//
//keyhall:norace
func TestTheRolesOnOfferAreAdminAndContributor(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, dev := s.Actor(t, "ada"), s.Actor(t, "dev")
		key := ada.CreateKey(t, "Payments", "", "PROJECT").ID
		if got := loadSchema(t).Types["InvitableRole"].EnumValues; len(got) != 2 || got.ForName("ADMIN") == nil || got.ForName("CONTRIBUTOR") == nil {
			t.Errorf("on offer are %v", got)
		}
		for _, role := range []string{"OWNER", "READER", "MEMBER", "admin", ""} {
			out := ada.Do(t, inviteMutation, apptest.Vars{"key": key, "emails": []string{dev.Email}, "role": role, "own": ada.Email})
			if code := out.Code(); code != "BAD_USER_INPUT" && code != "GRAPHQL_VALIDATION_FAILED" {
				t.Errorf("offered to be %q: %s", role, out.Body)
			}
		}
		if n := s.Count(t, "invitations"); n != 0 {
			t.Errorf("%d invitations", n)
		}
	})
}

// A11: the settings list the keys that somebody owns and those that are shared with them, with their role on each; what they
// reach only through a project or an organization is in neither list, and what was taken away or is only offered is not either.
//
//keyhall:norace
func TestOwnAndSharedKeysAreListedWithTheRole(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, cleo := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo")
		own := ben.CreateKey(t, "Own", "", "PROJECT").ID
		mine := ben.CreateKey(t, "Personal", "", "PERSONAL").ID
		admin, contributor := ada.CreateKey(t, "Admin", "", "PROJECT").ID, ada.CreateKey(t, "Contributor", "", "PROJECT").ID
		taken, offered := ada.CreateKey(t, "Taken", "", "PROJECT").ID, ada.CreateKey(t, "Offered", "", "PROJECT").ID
		ada.CreateKey(t, "Apart", "", "PROJECT")
		s.JoinOrganization(t, cleo.Home, ben, "READER")
		s.JoinProject(t, cleo.Project, ben, "MEMBER")
		around := cleo.CreateKey(t, "Around", "", "PROJECT").ID
		ada.Share(t, admin, ben, "ADMIN")
		ada.Share(t, contributor, ben, "CONTRIBUTOR")
		answers(t, "take away", ada, removeMutation, ada.Share(t, taken, ben, "ADMIN"), "")
		ada.Invite(t, offered, ben, "ADMIN")
		for filter, want := range map[string][]string{
			"{ownership: OWNED}":          {own + " OWNER", mine + " OWNER"},
			"{ownership: SHARED_WITH_ME}": {admin + " ADMIN", contributor + " CONTRIBUTOR"},
			"{}":                          {own + " OWNER", mine + " OWNER", admin + " ADMIN", contributor + " CONTRIBUTOR", around + " "},
		} {
			out := ben.Must(t, `{ apiKeys(first: 100, filter: `+filter+`) { totalCount nodes { id viewerRole } } }`, nil)
			var got []string
			for i := range out.At("apiKeys", "nodes").([]any) {
				got = append(got, out.Text("apiKeys", "nodes", i, "id")+" "+out.Text("apiKeys", "nodes", i, "viewerRole"))
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) || out.At("apiKeys", "totalCount") != float64(len(want)) {
				t.Errorf("%s: %v, want %v", filter, got, want)
			}
		}
	})
}

// A5, A6, A12, A16: the screen of a key's sharing, for who may see it: one request draws it, inviting several people to one role is
// one more, and each entry of the menus (Remove Member and Update Role for who is on it, Revoke Invitation and Resend Invite for who
// is invited) is a permission that viewerCan names and a mutation that does it.
//
//keyhall:norace
func TestTheScreenOfAKeysSharing(t *testing.T) {
	t.Parallel()
	const screen = `query($id: ID!) { apiKey(id: $id) { viewerCan(of: ["api_key.view_sharing", "api_key.invite", "api_key.remove_collaborator", "api_key.update_role", "api_key.revoke_invitation", "api_key.resend_invitation"])
		collaborators(first: 100) { nodes { id role addedAt user { username email } } } invitations(first: 100) { nodes { id role status email sentAt expiresAt resendCount deliveryStatus invitedBy { username } } } } }`
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, cleo, dev, gus := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo"), s.Actor(t, "dev"), s.Actor(t, "gus")
		key := ada.CreateKey(t, "Payments", "", "PROJECT").ID
		places := map[string]string{"ben": ada.Share(t, key, ben, "ADMIN"), "cleo": ada.Share(t, key, cleo, "CONTRIBUTOR")}
		drawn := func(who *apptest.Actor) (members, offers map[string]string) {
			t.Helper()
			out := who.Must(t, screen, apptest.Vars{"id": key})
			if can, _ := out.At("apiKey", "viewerCan").([]any); len(can) != 6 {
				t.Errorf("%s has the menus %v", who.Username, can)
			}
			members, offers = map[string]string{}, map[string]string{}
			for i := range out.At("apiKey", "collaborators", "nodes").([]any) {
				row := []any{"apiKey", "collaborators", "nodes", i}
				members[out.Text(append(row, "user", "username")...)] = out.Text(append(row, "role")...)
				if out.Text(append(row, "user", "email")...) == "" || out.Text(append(row, "addedAt")...) == "" {
					t.Errorf("a member without an address or a date: %s", out.Body)
				}
			}
			for i := range out.At("apiKey", "invitations", "nodes").([]any) {
				row := []any{"apiKey", "invitations", "nodes", i}
				if out.Text(append(row, "status")...) == "ACCEPTED" { // what became of it is the member above
					continue
				}
				offers[out.Text(append(row, "email")...)] = fmt.Sprint(out.Text(append(row, "role")...), " ", out.Text(append(row, "status")...), " ", out.At(append(row, "resendCount")...))
				if out.Text(append(row, "expiresAt")...) == "" || out.Text(append(row, "invitedBy", "username")...) != ada.Username {
					t.Errorf("an invitation without its end or its sender: %s", out.Body)
				}
			}
			return members, offers
		}
		is := func(why string, members, offers map[string]string) {
			t.Helper()
			for _, who := range []*apptest.Actor{ada, ben} {
				if m, o := drawn(who); fmt.Sprint(m) != fmt.Sprint(members) || fmt.Sprint(o) != fmt.Sprint(offers) {
					t.Errorf("%s: %s sees %v and %v, want %v and %v", why, who.Username, m, o, members, offers)
				}
			}
		}
		invited := ada.Must(t, inviteMutation, apptest.Vars{"key": key, "emails": []string{dev.Email, gus.Email}, "role": "CONTRIBUTOR", "own": ada.Email})
		id := func(i int) string { return invited.Text("inviteCollaborators", "results", i, "invitation", "id") }
		is("invited", map[string]string{ben.Username: "ADMIN", cleo.Username: "CONTRIBUTOR"}, map[string]string{dev.Email: "CONTRIBUTOR PENDING 0", gus.Email: "CONTRIBUTOR PENDING 0"})
		answers(t, "Resend Invite", ada, resendMutation, id(0), "")
		answers(t, "Revoke Invitation", ben, revokeMutation, id(1), "")
		answers(t, "Update Role", ben, promoteMutation, places["cleo"], "")
		is("after the menus", map[string]string{ben.Username: "ADMIN", cleo.Username: "ADMIN"}, map[string]string{dev.Email: "CONTRIBUTOR PENDING 1", gus.Email: "CONTRIBUTOR REVOKED 0"})
		answers(t, "Remove Member", ben, removeMutation, places["cleo"], "")
		is("removed", map[string]string{ben.Username: "ADMIN"}, map[string]string{dev.Email: "CONTRIBUTOR PENDING 1", gus.Email: "CONTRIBUTOR REVOKED 0"})
	})
}
