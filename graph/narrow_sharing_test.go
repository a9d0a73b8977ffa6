package graph_test

import (
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

// A27: who does not see the people on a key cannot tell whom not to invite; such a token is refused whole and writes nothing.
// Accepting is done also where the token does not show what was accepted.
//
//keyhall:norace
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

// B6 B10: a token that may share and does not see what is shared is told so, and nothing is written; one that sees some of it too.
//
//keyhall:norace
func TestATokenSharesNoSecretThatItDoesNotShow(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		ids := []string{ada.AddSecret(t, "One", "v"), ada.AddSecret(t, "Two", "v")}
		const share = `mutation($ids: [ID!]!, $login: String!) { shareSecrets(input: {secretIds: $ids, grants: [{grantee: {login: $login}}]}) { secrets { id } errors { code } } }`
		vars := apptest.Vars{"ids": ids, "login": ben.Username}
		if out := narrowed(t, ada, "secret.share").Do(t, share, vars); out.Code() != "NOT_FOUND" || s.Count(t, "secret_grants") != 0 {
			t.Errorf("without secret.view: %s", out.Body)
		}
		out := narrowed(t, ada, "secret.share", "secret.view", "secret_grant.view").Do(t, share, vars)
		if out.Text("shareSecrets", "secrets", 1, "id") != ids[1] || s.Count(t, "secret_grants") != 2 {
			t.Errorf("with it: %s", out.Body)
		}
	})
}

// B1 B16 B21: what is made is made, also by a token that does not show it: it is not answered as if it were not there, so that nobody
// makes a second one, and what is shown once is shown.
//
//keyhall:norace
func TestWhatATokenMakesIsAnsweredAlsoWhereItIsNotShown(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		id := ada.AddSecret(t, "Payments", "v")
		for table, c := range map[string]struct {
			permissions []string
			of          string
			deed        string
			once        string // how what is shown once begins
		}{
			"secrets WHERE name = 'New'": {[]string{"organization.create_secret"}, ada.Home,
				`createSecret(input: {organizationId: $id, name: "New", url: "https://x.example", clientId: "c"}) { thing: secret { id } errors { code } }`, ""},
			"groups": {[]string{"organization.create_group"}, ada.Home,
				`createGroup(input: {organizationId: $id, name: "New"}) { thing: group { id } errors { code } }`, ""},
			"share_links": {[]string{"secret.share_outside", "secret.view"}, id,
				`createShareLink(input: {secretId: $id, expiresInSeconds: 3600}) { thing: shareLink { id } once: url errors { code } }`, s.URL + "/share#"},
			"api_keys": {[]string{"project.create_api_key", "project.view"}, ada.Project,
				`createAPIKey(input: {projectId: $id, name: "New", kind: PROJECT}) { thing: apiKey { id } once: plaintext errors { code } }`, "kh_"},
		} {
			out := narrowed(t, ada, c.permissions...).Do(t, `mutation($id: ID!) { made: `+c.deed+` }`, apptest.Vars{"id": c.of})
			if n := s.Count(t, table); n != 1 || out.Code() != "" || out.At("made", "thing") != nil {
				t.Errorf("%d of %s: %s", n, table, out.Body)
			}
			if c.once != "" && !strings.HasPrefix(out.Text("made", "once"), c.once) {
				t.Errorf("what is shown once of %s: %s", table, out.Body)
			}
		}
	}, withLinks)
}
