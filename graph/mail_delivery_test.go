package graph_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/limit"
	"github.com/keyhall/keyhall/internal/mail"
)

func delivery(t *testing.T, who *apptest.Actor, id string) string {
	t.Helper()
	return about(t, who, deliveryQuery, id).Text("node", deliveryOf)
}

// A4, A6, A27: of one submission the addresses that can be invited get one letter each, all with the one role; the others
// get their own outcome and no letter, and asking again sends nothing.
//
//keyhall:norace
func TestEachAddressOfASubmissionHasItsOutcomeAndItsLetter(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		ada, ben, cleo, dev := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo"), s.Actor(t, "dev")
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		ada.Share(t, key.ID, ben, "ADMIN")
		box.Await(t, mail.Invitation, ben.Email, 1)
		vars := apptest.Vars{"key": key.ID, "own": ada.Email, "emails": []string{
			"nobody@keyhall.test", cleo.Email, ben.Email, strings.ToUpper(dev.Email), "no address", ada.Email,
		}}
		for round, want := range [][]string{
			{"ACCOUNT_NOT_FOUND", "", "ALREADY_MEMBER", "", "INVALID", "OWNER_IMMUTABLE"},
			{"ACCOUNT_NOT_FOUND", "INVITE_ALREADY_PENDING", "ALREADY_MEMBER", "INVITE_ALREADY_PENDING", "INVALID", "OWNER_IMMUTABLE"},
		} {
			out := ada.Must(t, inviteMany, vars)
			for i, code := range want {
				if got := out.Text("inviteCollaborators", "results", i, "error", "code"); got != code {
					t.Errorf("round %d: address %d: %q, want %q", round, i, got, code)
				}
				if role := out.Text("inviteCollaborators", "results", i, "invitation", "role"); code == "" && role != "CONTRIBUTOR" {
					t.Errorf("round %d: address %d is invited as %q", round, i, role)
				}
			}
		}
		for _, who := range []*apptest.Actor{cleo, dev} {
			box.Await(t, mail.Invitation, who.Email, 1)
		}
		apptest.Until(t, "the outbox is empty", func() bool { return s.Count(t, "mails WHERE state = 'QUEUED'") == 0 })
		if n, rows := len(box.Letters(mail.Invitation, "")), s.Count(t, "mails WHERE kind = 'invitation'"); n != 3 || rows != 3 {
			t.Errorf("%d letters of %d rows, want 3: ben's, cleo's and dev's", n, rows)
		}
	})
}

// A7: without the inviter's own address nothing is written and no mail leaves; A6: nor when a submission is undone.
//
//keyhall:norace
func TestNoMailLeavesWithoutItsDeed(t *testing.T) {
	t.Parallel()
	for _, d := range []apptest.Database{apptest.SQLite, apptest.Postgres} {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			box := apptest.NewMailbox(t)
			s := apptest.New(t, d, box.Config, func(c *app.Config) { c.Unknown = limit.Rate{Count: 1, Per: time.Hour} })
			ada, ben, cleo, dev := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo"), s.Actor(t, "dev")
			key := ada.CreateKey(t, "Payments", "", "PROJECT")
			for _, own := range []string{"", ben.Email, "ada"} {
				out := ada.Do(t, inviteMany, apptest.Vars{"key": key.ID, "emails": []string{ben.Email}, "own": own})
				if out.Code() != "EMAIL_NOT_CONFIRMED" {
					t.Errorf("confirmed with %q: %s", own, out.Body)
				}
			}
			undone := []string{cleo.Email, ben.Email, "one@keyhall.test", "two@keyhall.test"}
			if out := ada.Do(t, inviteMany, apptest.Vars{"key": key.ID, "emails": undone, "own": ada.Email}); out.Code() != "RATE_LIMITED" {
				t.Errorf("two unknown addresses where one is allowed: %s", out.Body)
			}
			if s.Count(t, "invitations") != 0 || s.Count(t, "mails WHERE kind = 'invitation'") != 0 {
				t.Error("something is left of what was undone")
			}
			ada.Invite(t, key.ID, dev, "ADMIN") // the worker is awake: what waits is sent now
			box.Await(t, mail.Invitation, dev.Email, 1)
			apptest.Until(t, "the outbox is empty", func() bool { return s.Count(t, "mails WHERE state = 'QUEUED'") == 0 })
			if n := len(box.Letters(mail.Invitation, "")); n != 1 {
				t.Errorf("%d letters, want the one of the deed that was done", n)
			}
		})
	}
}

// A9: a server that takes the letter and never says so gets it again, as the same letter; each accepted invitation has one.
//
//keyhall:norace
func TestALetterIsSentAtLeastOnceAndStaysTheSame(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		ada := s.Actor(t, "ada")
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		const people, cut = 6, 4
		invited, team := map[string]*apptest.Actor{}, make([]*apptest.Actor, people)
		for i := range team {
			team[i] = s.Unverified(t, fmt.Sprintf("p%c", 'a'+i))
		}
		apptest.Until(t, "their sign-ups are told", func() bool { return s.Count(t, "mails WHERE state = 'QUEUED'") == 0 })
		box.DropAfterData(cut)
		for _, who := range team {
			invited[ada.Invite(t, key.ID, who, "CONTRIBUTOR")] = who
		}
		ids := map[string]bool{}
		for id, who := range invited {
			apptest.Until(t, "it is sent", func() bool { return delivery(t, ada, id) == "SENT" })
			letters := box.Letters(mail.Invitation, who.Email)
			for _, m := range letters {
				if m.ID != letters[0].ID || m.Token != letters[0].Token || m.Subject != letters[0].Subject || m.Text != letters[0].Text || m.HTML != letters[0].HTML {
					t.Errorf("the letter changed: %s and %s", m.ID, letters[0].ID)
				}
			}
			ids[letters[0].ID] = true
			who.Must(t, acceptByToken, withToken(letters[len(letters)-1].Token))
		}
		if all := len(box.Letters(mail.Invitation, "")); len(ids) != people || all != people+cut {
			t.Errorf("%d different letters of %d, want %d of %d", len(ids), all, people, people+cut)
		}
		for id := range ids {
			if !strings.HasPrefix(id, "<mai_") || !strings.HasSuffix(id, "@mail.test>") {
				t.Errorf("Message-ID %s", id)
			}
		}
		if n := s.Count(t, "mails WHERE kind = 'invitation' AND state = 'SENT' AND sent_at > 0 AND last_error = ''"); n != people {
			t.Errorf("%d rows are sent", n)
		}
	})
}

// A10: a mail that is refused for good is shown as failed, undoes nothing, and the app is still a way.
//
//keyhall:norace
func TestARefusedLetterIsShownAndUndoesNothing(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		ada, dev := s.Actor(t, "ada"), s.Actor(t, "dev")
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		box.Refuse(dev.Email)
		id := ada.Invite(t, key.ID, dev, "ADMIN")
		apptest.Until(t, "it is shown as failed", func() bool { return delivery(t, ada, id) == "FAILED" })
		var code string
		s.Row(t, "SELECT last_error FROM mails WHERE resource_id = ?", []any{id}, &code)
		if code != "refused_550" || about(t, ada, deliveryQuery, id).Text("node", "sentAt") != "" {
			t.Errorf("the outbox says %q", code)
		}
		if strings.Contains(s.Log.String(), "nobody of that name") || strings.Contains(s.Log.String(), dev.Email) {
			t.Error("the log repeats what the mail server said, or whom it was about")
		}
		box.Refuse("")
		answers(t, "send again", ada, resendMutation, id, "")
		box.Await(t, mail.Invitation, dev.Email, 1)
		apptest.Until(t, "it is shown as sent", func() bool { return delivery(t, ada, id) == "SENT" })
		dev.Accept(t, id)
	})
}

// A mail server that is away does not stop a deed; what waited is sent when it comes back, and what was revoked is not.
func TestLettersWaitForTheirServer(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		ada, ben, cleo, dev := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo"), s.Actor(t, "dev")
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		box.Stop(t)
		waits, again, revoked := ada.Invite(t, key.ID, ben, "ADMIN"), ada.Invite(t, key.ID, cleo, "ADMIN"), ada.Invite(t, key.ID, dev, "ADMIN")
		apptest.Until(t, "it was tried in vain", func() bool {
			return s.Count(t, "mails WHERE kind = 'invitation' AND state = 'QUEUED' AND attempts > 1 AND last_error = 'unreachable'") > 0
		})
		if got := delivery(t, ada, waits); got != "QUEUED" {
			t.Errorf("shown as %s", got)
		}
		answers(t, "send again", ada, resendMutation, again, "")
		answers(t, "revoke", ada, revokeMutation, revoked, "")
		box.Start(t)
		box.Await(t, mail.Invitation, ben.Email, 1)
		m := box.Await(t, mail.Invitation, cleo.Email, 1)
		cleo.Must(t, acceptByToken, withToken(m.Token))
		apptest.Until(t, "the outbox is empty", func() bool { return s.Count(t, "mails WHERE state = 'QUEUED'") == 0 })
		if n := len(box.Letters(mail.Invitation, "")); n != 2 {
			t.Errorf("%d letters; the revoked one and the dead link of the other stay here", n)
		}
	})
}

// Without a mail server the letters are kept, that is shown, and the app is enough.
//
//keyhall:norace
func TestWithoutAMailServerTheAppIsEnough(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, dev := s.Actor(t, "ada"), s.Actor(t, "dev")
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		id := ada.Invite(t, key.ID, dev, "ADMIN")
		if got := delivery(t, ada, id); got != "NOT_CONFIGURED" || s.Count(t, "mails WHERE kind = 'invitation' AND state = 'NOT_CONFIGURED' AND attempts = 0") != 1 {
			t.Errorf("shown as %s", got)
		}
		out := dev.Must(t, `{ viewer { invitations(first: 1) { nodes { id deliveryStatus } } } }`, nil)
		if out.Text("viewer", "invitations", "nodes", 0, "id") != id {
			t.Errorf("in the app: %s", out.Body)
		}
		answers(t, "send again", ada, resendMutation, id, "")
		if got := delivery(t, ada, id); got != "NOT_CONFIGURED" {
			t.Errorf("sent again it is shown as %s", got)
		}
		dev.Accept(t, id)
	})
}

// Two processes on one database share the outbox: no letter is lost, and none is sent twice while all goes well.
func TestTwoProcessesSendEachLetterOnce(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		second := s.Beside(t, box.Config)
		ada := s.Actor(t, "ada")
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		const people = 20
		emails := make([]string, people)
		for i := range emails {
			emails[i] = s.Actor(t, fmt.Sprintf("p%c", 'a'+i)).Email
		}
		ada.Must(t, inviteMany, apptest.Vars{"key": key.ID, "emails": emails, "own": ada.Email})
		second.App.Mail.Wake()
		apptest.Until(t, "the outbox is empty", func() bool { return s.Count(t, "mails WHERE state <> 'SENT'") == 0 })
		if n, signUps := len(box.Letters(mail.Invitation, "")), len(box.Letters(mail.VerifyEmail, "")); n != people || signUps != people+1 {
			t.Errorf("%d invitations for %d people, and %d letters for %d sign-ups", n, people, signUps, people+1)
		}
	})
}
