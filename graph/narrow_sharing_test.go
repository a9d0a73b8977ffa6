package graph_test

import (
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

// A27: who does not see the people on a key cannot tell whom not to invite; such a token is refused whole and writes nothing.
// Accepting is done also where the token does not show what was accepted.
func TestANarrowTokenSharesKnowinglyOrNotAtAll(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		key := ada.CreateKey(t, "Payments", "", "PROJECT").ID
		all := []string{"api_key.invite", "api_key.view", "collaborator.view", "invitation.view", "user.view"}
		const invite = `mutation($key: ID!, $emails: [String!]!, $own: String!) { inviteCollaborators(input: {apiKeyId: $key, emails: $emails, role: ADMIN, confirmEmail: $own}) {
			results { error { code } } errors { code } } }`
		vars := apptest.Vars{"key": key, "emails": []string{ben.Email}, "own": ada.Email}
		for i, missing := range []string{"collaborator.view", "invitation.view", "user.view"} {
			var some []string
			for _, p := range all {
				if p != missing {
					some = append(some, p)
				}
			}
			out := narrowed(t, ada, some...).Do(t, invite, vars)
			if out.Code() != "FORBIDDEN" || out.Errors[0].Extensions.Permission != missing {
				t.Errorf("%d: without %s: %s", i, missing, out.Body)
			}
		}
		if n := s.Count(t, "invitations WHERE api_key_id = ?", key); n != 0 {
			t.Fatalf("%d invitations were written", n)
		}
		narrowed(t, ada, all...).Must(t, invite, vars)
		link := box.Await(t, "invitation", ben.Email, 1).Token
		out := narrowed(t, ben, "invitation.accept").Must(t, acceptByToken, withToken(link))
		if out.At("acceptInvitation", "invitation") != nil || s.Count(t, "collaborators WHERE api_key_id = ? AND user_id = ?", key, ben.ID) != 1 {
			t.Errorf("accepting answers %s", out.Body)
		}
	})
}
