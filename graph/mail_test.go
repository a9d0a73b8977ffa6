package graph_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/mail"
)

const (
	openMutation   = `mutation($token: String!) { openInvitation(input: {token: $token}) { invitation { id email role targetName status } errors { code message path } } }`
	acceptByToken  = `mutation($token: String!) { acceptInvitation(input: {token: $token}) { invitation { status } errors { code message path } } }`
	declineByToken = `mutation($token: String!) { declineInvitation(input: {token: $token}) { invitation { status } errors { code message path } } }`
	resendMutation = `mutation($id: ID!) { resendInvitation(input: {invitationId: $id}) { invitation { status role resendCount expiresAt deliveryStatus } errors { code message } } }`
	deliveryQuery  = `query($id: ID!) { node(id: $id) { ... on Invitation { status deliveryStatus sentAt resendCount expiresAt role } } }`
	inviteMany     = `mutation($key: ID!, $emails: [String!]!, $own: String!) { inviteCollaborators(input: {apiKeyId: $key, emails: $emails, role: CONTRIBUTOR, confirmEmail: $own}) {
		results { email invitation { id role deliveryStatus } error { code message } } errors { code message } } }`
	deliveryOf = "deliveryStatus"
)

// eachWithMail is apptest.Each with an SMTP server that the test runs.
func eachWithMail(t *testing.T, test func(*testing.T, *apptest.Server, *apptest.Mailbox), options ...func(*app.Config)) {
	t.Helper()
	for _, d := range []apptest.Database{apptest.SQLite, apptest.Postgres} {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			box := apptest.NewMailbox(t)
			test(t, apptest.New(t, d, append(options, box.Config)...), box)
		})
	}
}

func withToken(token string) apptest.Vars { return apptest.Vars{"token": token} }

// A9: the invitee gets a mail, confirms the address by its link, and accepts; the link is in the fragment and works once.
//
//keyhall:norace
func TestAnInvitationComesByMailAndItsLinkVerifiesAndAccepts(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		ada, eve := s.Actor(t, "ada"), s.Unverified(t, "eve")
		key := ada.CreateKey(t, "Payments & <b>Co</b>", "", "PROJECT")
		id := ada.Invite(t, key.ID, eve, "ADMIN")
		m := box.Await(t, mail.Invitation, eve.Email, 1)
		if m.Problem != "" || !strings.Contains(m.Subject, "Payments & <b>Co</b>") || !strings.Contains(m.Subject, "Ada") || m.From != "keyhall@mail.test" {
			t.Fatalf("the letter: %s %q\n%s", m.Problem, m.Subject, m.Raw)
		}
		if !strings.HasPrefix(m.Link, s.URL+"/invitations#khi_") || !strings.Contains(m.HTML, m.Link) || !strings.Contains(m.HTML, "Payments &amp; &lt;b&gt;Co&lt;/b&gt;") ||
			strings.Contains(m.HTML, "<img") || strings.Contains(m.HTML, "<b>Co") || !strings.Contains(m.Text, "an admin") {
			t.Errorf("the forms of the letter:\n%s\n%s", m.Text, m.HTML)
		}
		if outside := regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(m.HTML, -1); len(outside) != 2 || outside[0][1] != m.Link || outside[1][1] != m.Link {
			t.Errorf("the page leads to %v", outside)
		}
		if strings.Contains(m.Raw, key.Secret) || strings.Contains(m.Raw, key.Plaintext) {
			t.Error("a value is in the mail")
		}
		answers(t, "accepted by id without verifying", eve, acceptMutation, id, "EMAIL_NOT_VERIFIED")
		for range 2 { // looking consumes nothing
			out := eve.Must(t, openMutation, withToken(m.Token))
			if out.Text("openInvitation", "invitation", "id") != id || out.Text("openInvitation", "invitation", "targetName") != "Payments & <b>Co</b>" || out.Text("openInvitation", "invitation", "role") != "ADMIN" {
				t.Errorf("the link stands for %s", out.Body)
			}
		}
		if s.Count(t, "users WHERE id = ? AND email_verified = ?", eve.ID, true) != 0 || s.Count(t, "collaborators WHERE user_id = ?", eve.ID) != 0 {
			t.Error("looking at it wrote something")
		}
		if out := eve.Must(t, acceptByToken, withToken(m.Token)); out.Text("acceptInvitation", "invitation", "status") != "ACCEPTED" {
			t.Errorf("accepted: %s", out.Body)
		}
		if s.Count(t, "users WHERE id = ? AND email_verified = ?", eve.ID, true) != 1 {
			t.Error("the link did not verify the address")
		}
		if s.Count(t, "audit_events WHERE type = 'user.email_verified' AND actor_id = ?", eve.ID) != 1 {
			t.Error("that the address is verified is not in the audit log, once")
		}
		answers(t, "look", eve, lookQuery, key.ID, "")
		for _, again := range []string{openMutation, acceptByToken, declineByToken} {
			if code := eve.Do(t, again, withToken(m.Token)).Code(); code != "INVITE_NOT_PENDING" {
				t.Errorf("the used link: %q of %s", code, again)
			}
		}
		apptest.Until(t, "the delivery is shown", func() bool { return about(t, ada, deliveryQuery, id).Text("node", deliveryOf) == "SENT" })
		if about(t, ada, deliveryQuery, id).Text("node", "sentAt") == "" {
			t.Error("sent at no time")
		}
		if n := len(box.Letters(mail.Invitation, eve.Email)); n != 1 {
			t.Errorf("%d letters", n)
		}
	})
}
