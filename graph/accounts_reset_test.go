package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/mail"
)

// Section 1D, T6: who reads the mail of an account sets its password by a link, once; every session is over at its next
// request, nobody is signed in by it, and the holder is told.
//
//keyhall:norace
func TestAResetLinkSetsThePasswordOnceAndEndsEverySession(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		nele, omar := s.Actor(t, "nele"), s.Actor(t, "omar")
		second, program := again(t, nele), narrowed(t, nele, "api_key.view")
		m := ask(t, s, box, mail.ResetPassword, nele.Email, 1)
		if m.Problem != "" || !strings.HasPrefix(m.Link, s.URL+"/reset-password#khr_") || strings.Count(m.HTML, m.Link) < 2 {
			t.Fatalf("the letter: %s\n%s", m.Problem, m.Raw)
		}
		nele.Must(t, countKeys, nil) // asking for a link ends nothing
		before := contents(t, s)
		for next, code := range map[string]string{"123456789": "INVALID", "": "INVALID", strings.Repeat("p", 5000): "TOO_LONG"} {
			if out := s.Anonymous().Do(t, resetPassword, toReset(m.Token, next)); out.Code() != code || !strings.Contains(out.Body, "newPassword") {
				t.Errorf("a password of %d bytes: %s", len(next), out.Body)
			}
		}
		if after := contents(t, s); after != before { // the link is good for another try
			t.Errorf("something was written:\n%s", difference(before, after))
		}
		if out := omar.Must(t, resetPassword, toReset(m.Token, nextPassword)); len(out.Cookies) != 0 {
			t.Errorf("it signs in: %v", out.Cookies)
		}
		isOut(t, "a session", nele)
		isOut(t, "another session", second)
		omar.Must(t, countKeys, nil)    // in whose browser it was done
		program.Must(t, countKeys, nil) // the address had been proven: its tokens are its own
		if code := s.Anonymous().Do(t, signIn, credentials(nele.Username, apptest.Password)).Code(); code != "BAD_CREDENTIALS" {
			t.Errorf("the old password: %q", code)
		}
		if code := s.Anonymous().Do(t, resetPassword, toReset(m.Token, "a third long password")).Code(); code != "BAD_CREDENTIALS" {
			t.Errorf("the link works twice: %q", code)
		}
		in := s.Anonymous().Must(t, signIn, credentials(nele.Username, nextPassword))
		isOut(t, "a session, after the next sign-in", nele)
		own := askWithCookie(t, s, s.Anonymous(), theCookie(in).Value, `{ auditEvents(organizationId: "`+nele.Home+`") { nodes { type ip resourceId } } }`)
		for _, done := range []string{"user.password_reset", "user.reset_password_requested"} {
			if !strings.Contains(own.Body, `{"type":"`+done+`","ip":"127.0.0.1","resourceId":"`+nele.ID+`"}`) {
				t.Errorf("the holder does not read of %s: %s", done, own.Body)
			}
		}
		told := box.Await(t, mail.PasswordChanged, nele.Email, 1)
		if told.Token != "" || strings.Contains(told.Raw, nextPassword) {
			t.Errorf("the holder is told:\n%s", told.Text)
		}
		trail := s.AuditTrail(t, nele.ID)
		if e := trail[len(trail)-2]; e.Type != "user.password_reset" || e.Actor != nele.ID || e.Change("email_verified") != "" {
			t.Errorf("the audit trail says %+v", trail)
		}
		if e := trail[len(trail)-3]; e.Type != "user.reset_password_requested" || e.Actor != "" {
			t.Errorf("the audit trail says %+v", trail)
		}
	})
}

// T6, T10: whoever made an account with somebody else's address keeps no way in once its reader takes it.
//
//keyhall:norace
func TestTheReaderOfAnAddressTakesTheAccountFromWhoeverMadeIt(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		squatter := s.Unverified(t, "paula")
		early := box.Await(t, mail.VerifyEmail, squatter.Email, 1)
		program := narrowed(t, squatter)
		program.Must(t, countKeys, nil)
		s.Anonymous().Must(t, resetPassword, toReset(ask(t, s, box, mail.ResetPassword, squatter.Email, 1).Token, nextPassword))
		isOut(t, "the session of who made it", squatter)
		isOut(t, "their token", program)
		if n := s.Count(t, "access_tokens WHERE user_id = ?", squatter.ID) + s.Count(t, "sessions WHERE user_id = ?", squatter.ID); n != 0 {
			t.Errorf("%d ways in are left", n)
		}
		if !verified(t, s, squatter) {
			t.Error("the link does not prove the address")
		}
		trail := s.AuditTrail(t, squatter.ID)
		if e := trail[len(trail)-1]; e.Type != "user.password_reset" || e.Change("email_verified") != "yes" {
			t.Errorf("the audit trail says %+v", trail)
		}
		s.Anonymous().Must(t, signIn, credentials(squatter.Username, nextPassword))
		if out := s.Anonymous().Do(t, verifyEmail, withToken(early.Token)); out.At("out", "viewer") != nil || len(out.Cookies) != 0 {
			t.Errorf("the link before: %s", out.Body)
		}
	})
}

const resetRivals = 12

// One link used by many at once sets one password: that of who is told so.
func TestOneResetLinkUsedAtOnceSetsOnePassword(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		quin := s.Actor(t, "quin")
		token := ask(t, s, box, mail.ResetPassword, quin.Email, 1).Token
		password := func(i int) string { return fmt.Sprintf("long password number %d", i) }
		codes := codesAtOnce(resetRivals, func(i int) string { return s.Anonymous().Do(t, resetPassword, toReset(token, password(i))).Code() })
		for i, code := range codes {
			in := s.Anonymous().Do(t, signIn, credentials(quin.Username, password(i))).Code()
			if (code == "") != (in == "") || code != "" && code != "BAD_CREDENTIALS" {
				t.Errorf("number %d was told %q, and signs in with %q", i, code, in)
			}
		}
		won := len(codes) - len(slices.DeleteFunc(slices.Clone(codes), func(c string) bool { return c == "" }))
		posted(t, s)
		if n, letters := events(t, s, quin, "user.password_reset"), len(box.Letters(mail.PasswordChanged, quin.Email)); won != 1 || n != 1 || letters != 1 {
			t.Errorf("%d won, %d rows say so, %d letters", won, n, letters)
		}
	})
}

const signInRounds = 10

// A sign-in with the old password that runs beside a reset leaves no session: either it is refused, or the reset ends it.
func TestASignInBesideAResetLeavesNoSession(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		rike, current, first := s.Actor(t, "rike"), apptest.Password, 0
		for round := range signInRounds {
			token := ask(t, s, box, mail.ResetPassword, rike.Email, round+1).Token
			next := fmt.Sprintf("long password number %d", round)
			var in, reset apptest.Answer
			atOnce(
				func() { in = s.Anonymous().Do(t, signIn, credentials(rike.Username, current)) },
				func() { reset = s.Anonymous().Do(t, resetPassword, toReset(token, next)) },
			)
			if reset.Code() != "" || in.Code() != "" && in.Code() != "BAD_CREDENTIALS" {
				t.Fatalf("reset: %s\nsign-in: %s", reset.Body, in.Body)
			}
			if cookie := theCookie(in); cookie != nil {
				first++
				if code := askWithCookie(t, s, s.Anonymous(), cookie.Value, countKeys).Code(); code != "UNAUTHENTICATED" {
					t.Errorf("round %d: a session of the old password gets %q", round, code)
				}
			}
			current = next
		}
		if n := s.Count(t, "sessions WHERE user_id = ?", rike.ID); n != 0 {
			t.Errorf("%d sessions are left", n)
		}
		t.Logf("the sign-in came first in %d of %d", first, signInRounds)
	})
}

// A changed password ends the links for a new one that were mailed before, and the holder is told by mail.
//
//keyhall:norace
func TestAChangedPasswordEndsTheLinksForANewOne(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		sven := s.Actor(t, "sven")
		token := ask(t, s, box, mail.ResetPassword, sven.Email, 1).Token
		sven.Must(t, changePassword, passwords(apptest.Password, nextPassword))
		if told := box.Await(t, mail.PasswordChanged, sven.Email, 1); told.To != sven.Email || strings.Contains(told.Raw, nextPassword) {
			t.Errorf("the holder is told:\n%s", told.Raw)
		}
		posted(t, s)
		before := contents(t, s)
		if code := s.Anonymous().Do(t, resetPassword, toReset(token, "a third long password")).Code(); code != "BAD_CREDENTIALS" {
			t.Errorf("a link from before: %q", code)
		}
		if after := contents(t, s); after != before {
			t.Errorf("something was written:\n%s", difference(before, after))
		}
		if out := sven.Do(t, changePassword, passwords("not the password", nextPassword)); out.Code() != "BAD_CREDENTIALS" {
			t.Errorf("a wrong password: %s", out.Body)
		}
		posted(t, s)
		if n := len(box.Letters(mail.PasswordChanged, "")); n != 1 {
			t.Errorf("%d letters of one change", n)
		}
	})
}

// A suspended account has no way in by mail either, and being let back revives no link and no session.
//
//keyhall:norace
func TestASuspendedAccountCannotUseALink(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		tilo, admin := s.Unverified(t, "tilo"), s.Administrator(t)
		program := narrowed(t, tilo)
		address := box.Await(t, mail.VerifyEmail, tilo.Email, 1).Token
		reset := ask(t, s, box, mail.ResetPassword, tilo.Email, 1).Token
		status := func(suspended bool) { admin.Must(t, setStatus, apptest.Vars{"id": tilo.ID, "suspended": suspended}) }
		links := func(when string) {
			posted(t, s)
			before := contents(t, s)
			for _, a := range []*apptest.Actor{s.Anonymous(), admin} {
				dead := a.Do(t, verifyEmail, withToken("dead"))
				if out := a.Do(t, verifyEmail, withToken(address)); sameBody(out) != sameBody(dead) || out.Code() != "BAD_CREDENTIALS" {
					t.Errorf("%s: verifying: %s", when, out.Body)
				}
				dead = a.Do(t, resetPassword, toReset("dead", nextPassword))
				if out := a.Do(t, resetPassword, toReset(reset, nextPassword)); sameBody(out) != sameBody(dead) || out.Code() != "BAD_CREDENTIALS" {
					t.Errorf("%s: a new password: %s", when, out.Body)
				}
			}
			if after := contents(t, s); after != before {
				t.Errorf("%s: something was written:\n%s", when, difference(before, after))
			}
		}
		status(true)
		isOut(t, "a session", tilo)
		isOut(t, "a token", program)
		links("suspended")
		status(false)
		links("let back")
		isOut(t, "a session from before", tilo)
		program.Must(t, countKeys, nil)
		status(true)
		s.SQL(t, "UPDATE credentials SET verify_until = ?, reset_until = ? WHERE user_id = ?", int64(1)<<60, int64(1)<<60, tilo.ID)
		links("suspended, where the columns say that the links last")
		for _, query := range []string{resendVerification, requestReset} {
			s.Anonymous().Must(t, query, toAddress(tilo.Email))
		}
		settle(t, s)
		posted(t, s)
		if n := len(box.Letters("", tilo.Email)); n != 2 {
			t.Errorf("%d letters, want the two from before", n)
		}
		status(false)
		s.Anonymous().Must(t, resetPassword, toReset(ask(t, s, box, mail.ResetPassword, tilo.Email, 2).Token, nextPassword))
		s.Anonymous().Must(t, signIn, credentials(tilo.Username, nextPassword))
	})
}

// The administrator takes an address back: links that would verify it again are dead too.
//
//keyhall:norace
func TestAnAddressThatIsTakenBackIsVerifiedByANewLinkOnly(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		udo, admin := s.Unverified(t, "udo"), s.Administrator(t)
		first := box.Await(t, mail.VerifyEmail, udo.Email, 1).Token
		admin.Must(t, setStatus, apptest.Vars{"id": udo.ID, "verified": false})
		if code := udo.Do(t, verifyEmail, withToken(first)).Code(); code != "BAD_CREDENTIALS" || verified(t, s, udo) {
			t.Errorf("a link from before: %q", code)
		}
		udo.Must(t, countKeys, nil) // it is no suspension
		udo.Must(t, verifyEmail, withToken(ask(t, s, box, mail.VerifyEmail, udo.Email, 2).Token))
		if !verified(t, s, udo) {
			t.Error("a new link does not verify the address")
		}
		trail := s.AuditTrail(t, udo.ID)
		if e := trail[len(trail)-3]; e.Type != "user.status_set" || e.Actor != admin.ID || e.Change("email_verified") != "no" {
			t.Errorf("the audit trail says %+v", trail)
		}
	})
}

// Closed sign-up closes nothing else: who has an account still gets links.
//
//keyhall:norace
func TestLinksWorkWhereSignUpIsClosed(t *testing.T) {
	t.Parallel()
	for _, d := range []apptest.Database{apptest.SQLite, apptest.Postgres} {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			box := apptest.NewMailbox(t)
			s := apptest.New(t, d, box.Config, signup("closed"))
			vera := s.Unverified(t, "vera")
			posted(t, s)
			if out := s.Anonymous().Do(t, signUp, with(newcomer("vera"), "email", vera.Email)); out.Code() != "FORBIDDEN" {
				t.Errorf("a sign-up: %s", out.Body)
			}
			if n := s.Count(t, "mails"); n != 1 {
				t.Errorf("a closed sign-up left %d letters", n-1)
			}
			s.Anonymous().Must(t, verifyEmail, withToken(ask(t, s, box, mail.VerifyEmail, vera.Email, 2).Token))
			s.Anonymous().Must(t, resetPassword, toReset(ask(t, s, box, mail.ResetPassword, vera.Email, 1).Token, nextPassword))
			s.Anonymous().Must(t, signIn, credentials(vera.Username, nextPassword))
		})
	}
}
