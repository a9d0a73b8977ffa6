package graph_test

import (
	"strings"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/limit"
	"github.com/keyhall/keyhall/internal/mail"
)

const signUpInvited = `mutation($email: String!, $username: String!, $token: String) { signUp(input: {email: $email, username: $username, name: "New",
	password: "a long enough password", invitationToken: $token}) { viewer { email } errors { code path } } }`

func closed(c *app.Config) { c.Accounts.Signup = "closed" }

// joining is what a stranger asks for: an account with an address, on the ground of a link.
func joining(email, username string, token any) apptest.Vars {
	return apptest.Vars{"email": email, "username": username, "token": token}
}

// C9, section 7: while sign-up is closed, the link of an invitation lets in whom it was mailed to, with that address, and proves it.
func TestWhoIsInvitedCanMakeAnAccountWhileSignUpIsClosed(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		ada, nobody := s.Actor(t, "ada"), s.Anonymous()
		id, _, _ := crew(t, s, ada)
		ada.InviteTo(t, id, "new@keyhall.test", "READER")
		token := box.Await(t, mail.OrganizationInvitation, "new@keyhall.test", 1).Token
		if code := nobody.Do(t, signUpInvited, joining("new@keyhall.test", "new", nil)).Code(); code != "FORBIDDEN" {
			t.Errorf("without the link: %q", code)
		}
		if out := nobody.Do(t, signUpInvited, joining("other@keyhall.test", "new", token)); out.Code() != "INVITE_WRONG_ACCOUNT" {
			t.Errorf("with another address: %s", out.Body)
		}
		first := nobody.Must(t, signUpInvited, joining("New@Keyhall.test", "new", token))
		dev := *nobody
		dev.Username = "new"
		dev.SignIn(t)
		if out := dev.Must(t, `{ viewer { email emailVerified } }`, nil); out.Text("viewer", "email") != "new@keyhall.test" || out.At("viewer", "emailVerified") != true {
			t.Errorf("they are %s", out.Body)
		}
		again := nobody.Must(t, signUpInvited, joining("new@keyhall.test", "second", token))
		if again.Body != first.Body || strings.Contains(first.Body, "@") {
			t.Errorf("once more answers unlike:\n%s\n%s", first.Body, again.Body)
		}
		box.Await(t, mail.KnownAddress, "new@keyhall.test", 1)
		if n := s.Count(t, "users WHERE username <> ?", ada.Username); n != 1 {
			t.Errorf("%d accounts were made", n)
		}
		dev.Must(t, acceptByToken, withToken(token))
		if out := dev.Must(t, seesIt, apptest.Vars{"id": id}); out.Text("organization", "viewerRole") != "READER" {
			t.Errorf("they are in it as %s", out.Body)
		}
		if got := textOf(t, s, "SELECT CAST(changes AS TEXT) FROM audit_events WHERE type = 'user.signed_up' AND actor_id <> ?", ada.ID); !strings.Contains(got, "inv_") || strings.Contains(got, token) {
			t.Errorf("the trail says %s", got)
		}
	}, closed)
}

// C9: a link that could not be accepted any more makes no account either, and a guessed one learns nothing.
func TestADeadInvitationMakesNoAccount(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		ada, ben, nobody := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Anonymous()
		id, _, _ := crew(t, s, ada)
		s.JoinOrganization(t, id, ben, "OWNER")
		invited := func(by *apptest.Actor, email string) (invitation, token string) {
			invitation = by.InviteTo(t, id, email, "READER")
			return invitation, box.Await(t, mail.OrganizationInvitation, email, 1).Token
		}
		revoked, revokedToken := invited(ada, "revoked@keyhall.test")
		ada.Must(t, `mutation($id: ID!) { revokeInvitation(input: {invitationId: $id}) { errors { code } } }`, apptest.Vars{"id": revoked})
		expired, expiredToken := invited(ada, "expired@keyhall.test")
		s.SQL(t, "UPDATE invitations SET expires_at = 1 WHERE id = ?", expired)
		resent, resentToken := invited(ada, "resent@keyhall.test")
		ada.Must(t, resendThere, apptest.Vars{"id": resent})
		_, powerless := invited(ben, "powerless@keyhall.test")
		ada.Must(t, updateMemberRole, apptest.Vars{"id": membership(t, s, id, ben), "role": "READER"})
		_, good := invited(ada, "good@keyhall.test")
		last := map[bool]string{true: "b", false: "a"}[strings.HasSuffix(good, "a")]
		for name, c := range map[string]struct{ email, token, code string }{
			"revoked": {"revoked@keyhall.test", revokedToken, "INVITE_REVOKED"}, "expired": {"expired@keyhall.test", expiredToken, "INVITE_EXPIRED"},
			"of an older mail": {"resent@keyhall.test", resentToken, "INVITE_REVOKED"}, "of who may not invite now": {"powerless@keyhall.test", powerless, "INVITE_REVOKED"},
			"cut off": {"good@keyhall.test", good[:len(good)-4], "INVALID"}, "empty": {"good@keyhall.test", "", "INVALID"}, "mistyped": {"good@keyhall.test", good[:len(good)-1] + last, "INVALID"},
			"of somebody else's mail": {"good@keyhall.test", expiredToken, "INVITE_WRONG_ACCOUNT"},
		} {
			if out := nobody.Do(t, signUpInvited, joining(c.email, "stranger", c.token)); out.Code() != c.code {
				t.Errorf("%s: %s", name, out.Body)
			}
		}
		if n := s.Count(t, "users"); n != 2 {
			t.Errorf("there are %d accounts", n)
		}
	}, closed)
}

// C9: a link that was handed to who invites, for want of mail, lets the address in and does not prove it. Strangers try so often and no more.
func TestALinkHandedOnMakesAnAccountAndProvesNothing(t *testing.T) {
	t.Parallel()
	few := func(c *app.Config) { c.Accounts.PerAddress = limit.Rate{Count: 4, Per: time.Hour} }
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, nobody := s.Actor(t, "ada"), s.Anonymous() // one sign-in
		id, _, _ := crew(t, s, ada)
		out := ada.Must(t, inviteThere, apptest.Vars{"org": id, "emails": []string{"new@keyhall.test"}, "role": "READER"})
		_, token, _ := strings.Cut(out.Text("inviteToOrganization", "results", 0, "link"), "#")
		nobody.Must(t, signUpInvited, joining("new@keyhall.test", "new", token))
		dev := *nobody
		dev.Username = "new"
		dev.SignIn(t)
		if out := dev.Must(t, `{ viewer { emailVerified } }`, nil); out.At("viewer", "emailVerified") != false {
			t.Errorf("they are %s", out.Body)
		}
		if code := dev.Do(t, acceptByToken, withToken(token)).Code(); code != "EMAIL_NOT_VERIFIED" {
			t.Errorf("accepting with it: %q", code)
		}
		for range 2 {
			out = nobody.Do(t, signUpInvited, joining("new@keyhall.test", "third", "guess"))
		}
		if out.Code() != "RATE_LIMITED" {
			t.Errorf("a guess too many: %s", out.Body)
		}
	}, closed, few)
}
