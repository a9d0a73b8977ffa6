package graph_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/limit"
	"github.com/keyhall/keyhall/internal/mail"
)

const (
	verifyEmail        = `mutation($token: String!) { out: verifyEmail(input: {token: $token}) { viewer { email emailVerified } errors { code message path } } }`
	resendVerification = `mutation($email: String!) { out: resendVerification(input: {email: $email}) { errors { code message path } } }`
	requestReset       = `mutation($email: String!) { out: requestPasswordReset(input: {email: $email}) { errors { code message path } } }`
	resetPassword      = `mutation($token: String!, $next: String!) { out: resetPassword(input: {token: $token, newPassword: $next}) { errors { code message path } } }`
)

func toAddress(email string) apptest.Vars { return apptest.Vars{"email": email} }

func toReset(token, next string) apptest.Vars { return apptest.Vars{"token": token, "next": next} }

// settle waits for what is done after an answer.
func settle(t *testing.T, s *apptest.Server) {
	t.Helper()
	if err := s.App.Accounts.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// ask has a link of a kind mailed, and returns the nth letter of that kind that the address got.
func ask(t *testing.T, s *apptest.Server, box *apptest.Mailbox, kind mail.Kind, email string, n int) apptest.Message {
	t.Helper()
	s.Anonymous().Must(t, map[mail.Kind]string{mail.VerifyEmail: resendVerification, mail.ResetPassword: requestReset}[kind], toAddress(email))
	m := box.Await(t, kind, email, n)
	posted(t, s)
	return m
}

// posted waits until no letter waits any more.
func posted(t *testing.T, s *apptest.Server) {
	t.Helper()
	apptest.Until(t, "the outbox is empty", func() bool { return s.Count(t, "mails WHERE state = 'QUEUED'") == 0 })
}

func verified(t *testing.T, s *apptest.Server, who *apptest.Actor) bool {
	t.Helper()
	return s.Count(t, "users WHERE id = ? AND email_verified = ?", who.ID, true) == 1
}

// events is how often something was done to an account, by its holder, as its audit trail says.
func events(t *testing.T, s *apptest.Server, who *apptest.Actor, kind string) (n int) {
	t.Helper()
	for _, e := range s.AuditTrail(t, who.ID) {
		if e.Type == kind {
			n++
		}
	}
	return n
}

// Section 1D: an address is verified by the link that was mailed to it, once, in whoever's browser; also where sign-up has
// been closed since.
//
//keyhall:norace
func TestALinkVerifiesTheAddressItWasMailedToOnce(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		anna, bert, eve := s.Unverified(t, "anna"), s.Unverified(t, "bert"), s.Unverified(t, "eve")
		m := box.Await(t, mail.VerifyEmail, anna.Email, 1)
		if m.Problem != "" || m.From != "keyhall@mail.test" || !strings.HasPrefix(m.Link, s.URL+"/verify-email#khe_") || strings.Count(m.HTML, m.Link) < 2 {
			t.Fatalf("the letter: %s\n%s", m.Problem, m.Raw)
		}
		out := anna.Must(t, verifyEmail, withToken(m.Token))
		if out.Text("out", "viewer", "email") != anna.Email || out.At("out", "viewer", "emailVerified") != true {
			t.Errorf("in the own browser: %s", out.Body)
		}
		if out := anna.Must(t, whoAmI, nil); out.At("viewer", "emailVerified") != true {
			t.Errorf("afterwards: %s", out.Body)
		}
		for name, c := range map[string]struct{ who, browser *apptest.Actor }{
			"nobody's browser": {bert, s.Anonymous()}, "another's browser": {s.Unverified(t, "carl"), eve},
		} {
			m := box.Await(t, mail.VerifyEmail, c.who.Email, 1)
			if out := c.browser.Must(t, verifyEmail, withToken(m.Token)); out.At("out", "viewer") != nil || len(out.Cookies) != 0 {
				t.Errorf("%s learns or gets something: %s", name, out.Body)
			}
			if !verified(t, s, c.who) || verified(t, s, eve) {
				t.Errorf("%s verifies another address", name)
			}
			trail := s.AuditTrail(t, c.who.ID)
			if e := trail[len(trail)-1]; e.Type != "user.email_verified" || e.Actor != c.who.ID {
				t.Errorf("%s: the audit trail says %+v", name, trail)
			}
		}
		posted(t, s)
		before := contents(t, s)
		for _, a := range []*apptest.Actor{anna, eve, s.Anonymous()} {
			if code := a.Do(t, verifyEmail, withToken(m.Token)).Code(); code != "BAD_CREDENTIALS" {
				t.Errorf("the link works twice: %q", code)
			}
		}
		if after := contents(t, s); after != before || events(t, s, anna, "user.email_verified") != 1 {
			t.Errorf("something was written:\n%s", difference(before, after))
		}
	})
}

// A link lasts 24 hours, or one hour for a password, by the database's clock.
//
//keyhall:norace
func TestAMailedLinkLastsItsTime(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		for column, c := range map[string]struct {
			kind  mail.Kind
			nth   int // letter of its kind
			lasts time.Duration
			use   func(token string) apptest.Answer
		}{
			"verify_until": {mail.VerifyEmail, 2, 24 * time.Hour, func(token string) apptest.Answer { return s.Anonymous().Do(t, verifyEmail, withToken(token)) }},
			"reset_until": {mail.ResetPassword, 1, time.Hour, func(token string) apptest.Answer {
				return s.Anonymous().Do(t, resetPassword, toReset(token, nextPassword))
			}},
		} {
			dora := s.Unverified(t, "dora")
			box.Await(t, mail.VerifyEmail, dora.Email, 1)
			token := ask(t, s, box, c.kind, dora.Email, c.nth).Token
			var until int64
			s.Row(t, "SELECT "+column+" FROM credentials WHERE user_id = ?", []any{dora.ID}, &until)
			if left := time.Until(time.UnixMicro(until)); left > c.lasts || left < c.lasts-time.Minute {
				t.Errorf("%s: it lasts %v, want %v", c.kind, left, c.lasts)
			}
			move := func(by time.Duration) {
				s.SQL(t, "UPDATE credentials SET "+column+" = "+column+" + ? WHERE user_id = ?", by.Microseconds(), dora.ID)
			}
			move(-c.lasts)
			before := contents(t, s)
			if code := c.use(token).Code(); code != "BAD_CREDENTIALS" {
				t.Errorf("%s: after its time: %q", c.kind, code)
			}
			if after := contents(t, s); after != before {
				t.Errorf("something was written:\n%s", difference(before, after))
			}
			move(time.Minute)
			if out := c.use(token); out.Code() != "" {
				t.Errorf("%s: within its time: %s", c.kind, out.Body)
			}
		}
	})
}

// A newer link ends the one before, of its own kind only; what still waits with a dead link is not sent.
//
//keyhall:norace
func TestANewerLinkEndsTheOneBefore(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		emil := s.Unverified(t, "emil")
		first := box.Await(t, mail.VerifyEmail, emil.Email, 1)
		old := ask(t, s, box, mail.ResetPassword, emil.Email, 1)
		second := ask(t, s, box, mail.VerifyEmail, emil.Email, 2)
		box.Stop(t)
		for range 3 {
			s.Anonymous().Must(t, requestReset, toAddress(emil.Email))
		}
		settle(t, s)
		if n := s.Count(t, "mails WHERE kind = 'reset_password' AND state = 'QUEUED'"); n != 1 {
			t.Errorf("%d letters wait, of three links that one is alive of", n)
		}
		box.Start(t)
		newest := box.Await(t, mail.ResetPassword, emil.Email, 2)
		for name, c := range map[string]struct {
			query string
			vars  apptest.Vars
		}{
			"an older link for the address":  {verifyEmail, withToken(first.Token)},
			"an older link for the password": {resetPassword, toReset(old.Token, nextPassword)},
		} {
			if code := s.Anonymous().Do(t, c.query, c.vars).Code(); code != "BAD_CREDENTIALS" {
				t.Errorf("%s: %q", name, code)
			}
		}
		if verified(t, s, emil) {
			t.Error("an older link verified the address")
		}
		s.Anonymous().Must(t, verifyEmail, withToken(second.Token))
		s.Anonymous().Must(t, resetPassword, toReset(newest.Token, nextPassword))
		if a, b := events(t, s, emil, "user.verify_email_requested"), events(t, s, emil, "user.reset_password_requested"); a != 1 || b != 4 {
			t.Errorf("asked for %d and %d links, as the audit trail says; want 1 and 4", a, b)
		}
		if all := len(box.Letters(mail.ResetPassword, "")); all != 2 {
			t.Errorf("%d letters for a new password", all)
		}
	})
}

// What is cut, changed, forged, of another kind or of another row is one answer, and writes nothing.
//
//keyhall:norace
func TestAnythingButTheLinkItselfIsNoLink(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		fred, gwen := s.Unverified(t, "fred"), s.Actor(t, "gwen")
		key := gwen.CreateKey(t, "Payments", "", "PROJECT")
		gwen.Invite(t, key.ID, fred, "ADMIN")
		address := box.Await(t, mail.VerifyEmail, fred.Email, 1).Token
		reset := ask(t, s, box, mail.ResetPassword, fred.Email, 1).Token
		gwens := ask(t, s, box, mail.ResetPassword, gwen.Email, 1).Token
		invitation := box.Await(t, mail.Invitation, fred.Email, 1).Token
		posted(t, s)
		before := contents(t, s)
		for kind, good := range map[string]string{"khe": address, "khr": reset} {
			other := map[string]string{"khe": reset, "khr": address}[kind]
			for name, token := range map[string]string{
				"half": good[:40], "cut": good[:len(good)-1], "longer": good + "0", "nothing": "", "a word": "link", "an id": fred.ID, "a key": key.Plaintext,
				"a changed checksum": good[:len(good)-1] + flip(good[len(good)-1]), "upper case": strings.ToUpper(good), "a space before": " " + good,
				"the other kind": other, "of an invitation": invitation, "the other kind's proof": recheck(good[:31] + other[31:74]),
				"an invitation's proof": recheck(good[:31] + invitation[31:74]), "renamed": recheck(kind + other[3:74]),
				"another's proof": recheck(good[:31] + gwens[31:74]), "another's row": recheck(kind + gwens[3:30] + good[30:74]),
				"nobody's row": recheck(kind + "_00000000000000000000000000" + good[30:74]), "a proof of zeros": recheck(good[:31] + strings.Repeat("0", 43)),
				"a long one": strings.Repeat(good, 50),
			} {
				query, vars := verifyEmail, withToken(token)
				if kind == "khr" {
					query, vars = resetPassword, toReset(token, nextPassword)
				}
				dead := s.Anonymous().Do(t, query, with(vars, "token", "dead"))
				for who, a := range map[string]*apptest.Actor{"nobody": s.Anonymous(), "the holder": fred, "another": gwen} {
					if out := a.Do(t, query, vars); sameBody(out) != sameBody(dead) || out.Code() != "BAD_CREDENTIALS" {
						t.Errorf("%s for %s, of %s: %s", name, kind, who, out.Body)
					}
				}
			}
			if out := fred.Do(t, verifyEmail, withToken(good[:40]+"\x00"+good[41:])); out.Code() != "BAD_CREDENTIALS" && out.Code() != "BAD_USER_INPUT" {
				t.Errorf("with a NUL: %s", out.Body)
			}
		}
		if after := contents(t, s); after != before {
			t.Errorf("something was written:\n%s", difference(before, after))
		}
		if strings.Contains(s.Log.String(), `"level":"ERROR"`) {
			t.Errorf("a forged link made the server fail: %s", leakLines(s.Log.String(), `"level":"ERROR"`))
		}
		s.Anonymous().Must(t, verifyEmail, withToken(address))
		s.Anonymous().Must(t, resetPassword, toReset(reset, nextPassword))
	})
}

// T12: who asks for a link learns nothing about an address, and nobody who has no use for a letter gets one.
//
//keyhall:norace
func TestAskingForALinkAnswersAlikeForEveryAddress(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		hilde, ivan, jule, admin := s.Unverified(t, "hilde"), s.Actor(t, "ivan"), s.Unverified(t, "jule"), s.Administrator(t)
		admin.Must(t, setStatus, apptest.Vars{"id": jule.ID, "suspended": true})
		posted(t, s)
		letters, rows := len(box.Letters("", "")), s.Count(t, "mails")
		for _, query := range []string{resendVerification, requestReset} {
			unknown := s.Anonymous().Must(t, query, toAddress("nobody@keyhall.test"))
			for name, email := range map[string]string{
				"unverified": hilde.Email, "verified": ivan.Email, "suspended": jule.Email, "in upper case": strings.ToUpper(hilde.Email), "with spaces": " " + ivan.Email + " ",
			} {
				for who, a := range map[string]*apptest.Actor{"nobody": s.Anonymous(), "another": admin} {
					if known := a.Do(t, query, toAddress(email)); sameBody(known) != sameBody(unknown) || len(known.Cookies) != 0 {
						t.Errorf("%s, asked by %s: %s\nan unknown one: %s", name, who, known.Body, unknown.Body)
					}
				}
			}
			for _, email := range []string{"", "hilde", hilde.ID, "a b@keyhall.test", "hilde1@keyhall.test\r\nBcc: all@keyhall.test", strings.Repeat("e", 400) + "@keyhall.test"} {
				if out := s.Anonymous().Do(t, query, toAddress(email)); out.Code() != "INVALID" {
					t.Errorf("%.40q is an address: %s", email, out.Body)
				}
			}
		}
		settle(t, s)
		posted(t, s)
		for email, want := range map[string][2]bool{
			hilde.Email: {true, true}, ivan.Email: {false, true}, jule.Email: {false, false}, "nobody@keyhall.test": {false, false},
		} {
			again := len(box.Letters(mail.VerifyEmail, email)) > 1
			reset := len(box.Letters(mail.ResetPassword, email)) > 0
			if got := [2]bool{again, reset}; got != want {
				t.Errorf("%s got letters %v, want %v", email, got, want)
			}
		}
		for _, m := range box.Letters("", "")[letters:] {
			if m.To != hilde.Email && m.To != ivan.Email {
				t.Errorf("a letter went to %s: %s", m.To, m.Subject)
			}
		}
		if n := s.Count(t, "mails"); n <= rows {
			t.Error("nothing was asked for")
		}
	})
}

// Where no mail is sent, asking for it is refused in words, for every address alike; the administrator vouches instead.
//
//keyhall:norace
func TestWithoutAMailServerAskingForALinkSaysSoAlike(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		kai, admin := s.Unverified(t, "kai"), s.Administrator(t)
		before := contents(t, s)
		for _, query := range []string{resendVerification, requestReset} {
			unknown := s.Anonymous().Do(t, query, toAddress("nobody@keyhall.test"))
			if known := s.Anonymous().Do(t, query, toAddress(kai.Email)); sameBody(known) != sameBody(unknown) || known.Code() != "FORBIDDEN" || !strings.Contains(known.Body, "administrator") {
				t.Errorf("a known address: %s\nan unknown one: %s", known.Body, unknown.Body)
			}
		}
		settle(t, s)
		if after := contents(t, s); after != before {
			t.Errorf("something was written:\n%s", difference(before, after))
		}
		admin.Must(t, setStatus, apptest.Vars{"id": kai.ID, "verified": true})
		if !verified(t, s, kai) {
			t.Error("the administrator cannot vouch for the address")
		}
	})
}

// T12: letters to one address are counted by kind, and an address without an account is counted as one with it.
//
//keyhall:norace
func TestLettersToOneAddressAreCounted(t *testing.T) {
	t.Parallel()
	for _, d := range []apptest.Database{apptest.SQLite, apptest.Postgres} {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			box := apptest.NewMailbox(t)
			s := apptest.New(t, d, box.Config, func(c *app.Config) { c.Accounts.PerMailbox = limit.Rate{Count: 2, Per: time.Hour} })
			lea := s.Unverified(t, "lea")
			box.Await(t, mail.VerifyEmail, lea.Email, 1)
			for _, query := range []string{resendVerification, requestReset} {
				for _, email := range []string{lea.Email, "nobody@keyhall.test"} {
					var codes []string
					for _, spelled := range []string{email, strings.ToUpper(email), " " + email, email} {
						out := s.Anonymous().Do(t, query, toAddress(spelled))
						codes = append(codes, out.Code())
						if out.Code() == "RATE_LIMITED" && out.Errors[0].Extensions.RetryAfter == 0 {
							t.Errorf("nobody is told when to come back: %s", out.Body)
						}
					}
					if want := []string{"", "", "RATE_LIMITED", "RATE_LIMITED"}; !slices.Equal(codes, want) {
						t.Errorf("two an hour to %s, and the answers are %q", email, codes)
					}
				}
			}
			for i := range 4 { // told twice, and answered as ever
				s.Anonymous().Must(t, signUp, with(newcomer("other"+string(rune('a'+i))), "email", lea.Email))
			}
			settle(t, s)
			posted(t, s)
			if n := s.Count(t, "audit_events WHERE type = 'user.verify_email_requested'"); n != 2 {
				t.Errorf("%d links for the address", n)
			}
			if n := len(box.Letters(mail.KnownAddress, lea.Email)); n != 2 {
				t.Errorf("the holder is told %d times", n)
			}
		})
	}
}

// Guesses at links and requests for them are counted by where they come from, with the sign-ins.
//
//keyhall:norace
func TestGuessesAtLinksAreThrottled(t *testing.T) {
	t.Parallel()
	for name, try := range map[string]func(t *testing.T, s *apptest.Server) apptest.Answer{
		"verifyEmail": func(t *testing.T, s *apptest.Server) apptest.Answer {
			return s.Anonymous().Do(t, verifyEmail, withToken("x"))
		},
		"resetPassword": func(t *testing.T, s *apptest.Server) apptest.Answer {
			return s.Anonymous().Do(t, resetPassword, toReset("x", nextPassword))
		},
		"requestPasswordReset": func(t *testing.T, s *apptest.Server) apptest.Answer {
			return s.Anonymous().Do(t, requestReset, toAddress("nobody@keyhall.test"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			box := apptest.NewMailbox(t)
			s := apptest.New(t, apptest.SQLite, box.Config, tight(100_000, 5))
			var last apptest.Answer
			for range 5 {
				if last = try(t, s); last.Code() == "RATE_LIMITED" {
					t.Fatalf("five are allowed: %s", last.Body)
				}
			}
			if last = try(t, s); last.Code() != "RATE_LIMITED" {
				t.Errorf("the sixth: %s", last.Body)
			}
			if code := s.Anonymous().Do(t, signIn, credentials("x", "y")).Code(); code != "RATE_LIMITED" {
				t.Errorf("a sign-in from there: %q", code)
			}
		})
	}
}

// A link that is followed many times at once verifies once.
func TestOneLinkFollowedAtOnceVerifiesOnce(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		mona := s.Unverified(t, "mona")
		link := withToken(box.Await(t, mail.VerifyEmail, mona.Email, 1).Token)
		done := 0
		for _, code := range codesAtOnce(16, func(int) string { return s.Anonymous().Do(t, verifyEmail, link).Code() }) {
			if code == "" {
				done++
			} else if code != "BAD_CREDENTIALS" {
				t.Errorf("one of them got %q", code)
			}
		}
		if n := events(t, s, mona, "user.email_verified"); done != 1 || n != 1 || !verified(t, s, mona) {
			t.Errorf("%d were told that it is done, and %d rows say so", done, n)
		}
	})
}
