package graph_test

import (
	"fmt"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

// A replay is no way around a right that was lost: each mutation that an admin of a key may send is refused again under its key
// when they are a contributor, and hides the key when they are nothing. A key that somebody may make no more is not shown as
// just made.
//
//keyhall:norace
func TestEveryReplayAsksForItsPermissionAgain(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		invitee := s.Actor(t, "invitee")
		deed := func(mutation, input string) string {
			return fmt.Sprintf(`mutation($id: ID!) { %s(input: {%s}) { errors { code } } }`, mutation, input)
		}
		offer := func(key string) string { return ada.Invite(t, key, invitee, "CONTRIBUTOR") }
		var mate string
		for mutation, c := range map[string]struct {
			input string
			about func(key string) string // what it names, when that is not the key
		}{
			"updateAPIKey":           {`id: $id, name: "Payouts"`, nil},
			"rotateAPIKey":           {`id: $id, overlapSeconds: 60`, nil},
			"rotateAPIKeySecret":     {`id: $id`, nil},
			"markAPIKeyExposed":      {`id: $id, reason: "seen in a log"`, nil},
			"disableAPIKey":          {`id: $id`, nil},
			"enableAPIKey":           {`id: $id`, func(key string) string { answers(t, "disable", ben, disableMutation, key, ""); return key }},
			"updateSecuritySettings": {`apiKeyId: $id, requireSecret: true`, nil},
			"updateLimits":           {`targetId: $id, rates: [{requests: 3, windowSeconds: 1}]`, nil},
			"inviteCollaborators":    {fmt.Sprintf(`apiKeyId: $id, emails: [%q], role: ADMIN, confirmEmail: %q`, invitee.Email, ben.Email), nil},
			"resendInvitation":       {`invitationId: $id`, offer},
			"revokeInvitation":       {`invitationId: $id`, offer},
			"updateCollaboratorRole": {`collaboratorId: $id, role: ADMIN`, func(string) string { return mate }},
		} {
			key := ada.CreateKey(t, "Payments", "", "PROJECT").ID
			place := ada.Share(t, key, ben, "ADMIN")
			mate = ada.Share(t, key, s.Actor(t, "mate"), "CONTRIBUTOR")
			id := key
			if c.about != nil {
				id = c.about(key)
			}
			send := func() apptest.Answer {
				return ben.Once(t, deed(mutation, c.input), apptest.Vars{"id": id}, mutation)
			}
			if out := send(); out.Code() != "" {
				t.Fatalf("%s: %s", mutation, out.Body)
			}
			if code := send().Code(); code != "" && code != "ALREADY_DELIVERED" {
				t.Errorf("%s again: %q", mutation, code)
			}
			answers(t, "demote", ada, demoteMutation, place, "")
			if out := send(); out.Code() != "FORBIDDEN" || out.Data != nil {
				t.Errorf("%s again, as a contributor: %s", mutation, out.Body)
			}
			answers(t, "remove", ada, removeMutation, place, "")
			if out := send(); out.Code() != "NOT_FOUND" || out.Data != nil {
				t.Errorf("%s again, removed: %s", mutation, out.Body)
			}
		}

		s.JoinOrganization(t, ada.Home, ben, "READER")
		s.JoinProject(t, ada.Project, ben, "MEMBER")
		create := func() string {
			return ben.Once(t, `mutation($id: ID!) { createAPIKey(input: {name: "Mine", projectId: $id}) { apiKey { id } plaintext errors { code } } }`, apptest.Vars{"id": ada.Project}, "create").Code()
		}
		for _, want := range []string{"", "ALREADY_DELIVERED"} {
			if code := create(); code != want {
				t.Errorf("a member makes a key: %q, want %q", code, want)
			}
		}
		s.SQL(t, "DELETE FROM project_members WHERE user_id = ? AND project_id = ?", ben.ID, ada.Project)
		if code := create(); code != "FORBIDDEN" && code != "NOT_FOUND" {
			t.Errorf("who is out of the project makes a key again: %q", code)
		}
	})
}

// A token that leaves a permission out does not read the answer of a deed that the same account did by another way. Who removed
// themself is answered as then: it is done, and there is no key for them.
//
//keyhall:norace
func TestAReplayAsksForWhatItsTokenLeavesOut(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, root := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Administrator(t)
		for ask, who := range map[string]*apptest.Actor{
			`mutation { createAccessToken(input: {name: "robot"}) { accessToken { id name } errors { code } } }`:                  ada,
			`mutation { updateProfile(input: {name: "Ada L."}) { user { id name } errors { code } } }`:                            ada,
			`mutation { setUserStatus(input: {userId: "` + root.ID + `", emailVerified: true}) { user { id } errors { code } } }`: root,
		} {
			less := narrowed(t, who, "api_key.view", "access_token.view", "user.view")
			if out := who.Once(t, ask, nil, ask[:24]); out.Code() != "" {
				t.Fatal(out.Body)
			}
			if code := who.Once(t, ask, nil, ask[:24]).Code(); code != "" && code != "ALREADY_DELIVERED" {
				t.Errorf("%s again: %q", ask, code)
			}
			if out := less.Once(t, ask, nil, ask[:24]); out.Code() != "FORBIDDEN" || out.Data != nil {
				t.Errorf("%s again, by a token that leaves it out: %s", ask, out.Body)
			}
		}
		key := ada.CreateKey(t, "Payments", "", "PROJECT").ID
		place := ada.Share(t, key, ben, "ADMIN")
		for range 2 {
			out := ben.Once(t, removeMutation, apptest.Vars{"id": place}, "away")
			if out.Code() != "" || out.At("removeCollaborator") == nil || out.At("removeCollaborator", "apiKey") != nil {
				t.Errorf("who removes themself: %s", out.Body)
			}
		}
	})
}
