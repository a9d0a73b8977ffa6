package graph_test

import (
	"hash/crc32"
	"strings"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/limit"
	"github.com/keyhall/keyhall/internal/mail"
)

// byLink are the three things that one can do with a mailed link.
func byLink() map[string]string {
	return map[string]string{"open": openMutation, "accept": acceptByToken, "decline": declineByToken}
}

// A10: sending again makes a new link with another seven days and the same role; the link before is dead for everybody.
//
//keyhall:norace
func TestSendingAgainKillsTheLinkBefore(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		ada, ben, dev, eve := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "dev"), s.Actor(t, "eve")
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		ada.Share(t, key.ID, ben, "ADMIN")
		id := ada.Invite(t, key.ID, dev, "CONTRIBUTOR")
		first := box.Await(t, mail.Invitation, dev.Email, 1)
		s.SQL(t, "UPDATE invitations SET expires_at = expires_at - ? WHERE id = ?", (24 * time.Hour).Microseconds(), id)
		before := about(t, ada, deliveryQuery, id).Text("node", "expiresAt")
		out := ben.Must(t, resendMutation, apptest.Vars{"id": id})
		if n, _ := out.At("resendInvitation", "invitation", "resendCount").(float64); n != 1 || out.Text("resendInvitation", "invitation", "role") != "CONTRIBUTOR" ||
			out.Text("resendInvitation", "invitation", "expiresAt") <= before {
			t.Errorf("sent again: %s", out.Body)
		}
		second := box.Await(t, mail.Invitation, dev.Email, 2)
		if second.Token == first.Token || second.ID == first.ID || !strings.Contains(second.Subject, "Ben") {
			t.Errorf("the second letter: %s %s", second.Subject, second.ID)
		}
		for what, mutation := range byLink() {
			for _, who := range []*apptest.Actor{dev, eve, ada} {
				if code := who.Do(t, mutation, withToken(first.Token)).Code(); code != "INVITE_REVOKED" {
					t.Errorf("%s with the old link: %q", what, code)
				}
			}
		}
		if s.Count(t, "audit_events WHERE type = 'invite.resent' AND resource_id = ? AND actor_id = ?", key.ID, ben.ID) != 1 {
			t.Error("sending again is not in the audit log")
		}
		dev.Must(t, acceptByToken, withToken(second.Token))
		if n := s.Count(t, "collaborators WHERE api_key_id = ? AND user_id = ? AND role = 'CONTRIBUTOR'", key.ID, dev.ID); n != 1 {
			t.Errorf("%d places", n)
		}
	})
}

// A10: what is settled or too old is neither sent again nor revoked.
//
//keyhall:norace
func TestOnlyAnOpenInvitationIsSentAgain(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		ada := s.Actor(t, "ada")
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		for end, settle := range map[string]func(who *apptest.Actor, id string){
			"accepted": func(who *apptest.Actor, id string) { who.Accept(t, id) },
			"declined": func(who *apptest.Actor, id string) { answers(t, "decline", who, declineMutation, id, "") },
			"revoked":  func(_ *apptest.Actor, id string) { answers(t, "revoke", ada, revokeMutation, id, "") },
			"expired":  func(_ *apptest.Actor, id string) { s.SQL(t, "UPDATE invitations SET expires_at = 1 WHERE id = ?", id) },
		} {
			dev := s.Actor(t, "dev")
			id := ada.Invite(t, key.ID, dev, "ADMIN")
			box.Await(t, mail.Invitation, dev.Email, 1)
			apptest.Until(t, "it is sent", func() bool { return delivery(t, ada, id) == "SENT" }) // until then revoking takes it back
			settle(dev, id)
			answers(t, end, ada, resendMutation, id, "INVITE_NOT_PENDING")
			if s.Count(t, "mails WHERE resource_id = ?", id) != 1 || s.Count(t, "invitations WHERE id = ? AND resend_count = 0", id) != 1 {
				t.Errorf("%s: something was sent again", end)
			}
		}
	})
}

// A9, A10, section 7: expired, revoked (or void) and another's account are three different refusals, whatever is tried.
//
//keyhall:norace
func TestADeadLinkSaysWhy(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		ada, eve := s.Actor(t, "ada"), s.Actor(t, "eve")
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		for why, c := range map[string]struct {
			end  func(g *apptest.Actor, place, id string)
			code string
			void bool // declining needs nobody in power
		}{
			"expired": {func(_ *apptest.Actor, _, id string) {
				s.SQL(t, "UPDATE invitations SET expires_at = 1 WHERE id = ?", id)
			}, "INVITE_EXPIRED", false},
			"revoked": {func(_ *apptest.Actor, _, id string) { answers(t, "revoke", ada, revokeMutation, id, "") }, "INVITE_REVOKED", false},
			"demoted": {func(_ *apptest.Actor, place, _ string) { answers(t, "demote", ada, demoteMutation, place, "") }, "INVITE_REVOKED", true},
			"removed": {func(_ *apptest.Actor, place, _ string) { answers(t, "remove", ada, removeMutation, place, "") }, "INVITE_REVOKED", true},
		} {
			sender, dev := s.Actor(t, "ben"), s.Unverified(t, "dev")
			place := ada.Share(t, key.ID, sender, "ADMIN")
			id := sender.Invite(t, key.ID, dev, "CONTRIBUTOR")
			m := box.Await(t, mail.Invitation, dev.Email, 1)
			for what, mutation := range byLink() {
				if code := eve.Do(t, mutation, withToken(m.Token)).Code(); code != "INVITE_WRONG_ACCOUNT" {
					t.Errorf("%s by another account: %q", what, code)
				}
				if code := s.Anonymous().Do(t, mutation, withToken(m.Token)).Code(); code != "UNAUTHENTICATED" {
					t.Errorf("%s by nobody: %q", what, code)
				}
			}
			c.end(sender, place, id)
			for what, mutation := range byLink() {
				if what == "decline" && c.void {
					continue
				}
				out := dev.Do(t, mutation, withToken(m.Token))
				if out.Code() != c.code {
					t.Errorf("%s: %s: %q, want %q", why, what, out.Code(), c.code)
				}
			}
			if s.Count(t, "users WHERE id = ? AND email_verified = ?", dev.ID, true) != 0 || s.Count(t, "collaborators WHERE user_id = ?", dev.ID) != 0 {
				t.Errorf("%s: a dead link wrote something", why)
			}
		}
	})
}

// A9: a link is one thing and whole: what is cut, changed, forged or of another row opens nothing and tells nothing.
//
//keyhall:norace
func TestAForgedLinkIsNoLink(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		ada, dev := s.Actor(t, "ada"), s.Actor(t, "dev")
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		other := ada.CreateKey(t, "Other", "", "PROJECT")
		id := ada.Invite(t, key.ID, dev, "ADMIN")
		good := box.Await(t, mail.Invitation, dev.Email, 1).Token
		ada.Invite(t, other.ID, dev, "ADMIN")
		second := box.Await(t, mail.Invitation, dev.Email, 2).Token
		forged := map[string]string{
			"cut": good[:len(good)-1], "longer": good + "0", "nothing": "", "a word": "invitation", "its id": id, "with a NUL": good[:40] + "\x00" + good[41:],
			"a changed checksum": good[:len(good)-1] + string('0'+(good[len(good)-1]+1)%10), "a key": key.Plaintext, "upper case": strings.ToUpper(good),
			"the other's proof": recheck(good[:31] + second[31:74]), "a proof of zeros": recheck(good[:31] + strings.Repeat("0", 43)),
			"nobody's row": recheck("khi_00000000000000000000000000" + good[30:74]), "another kind": recheck("khr" + good[3:74]),
		}
		for name, token := range forged {
			for what, mutation := range byLink() {
				code := dev.Do(t, mutation, withToken(token)).Code()
				if code != "INVALID" && code != "NOT_FOUND" && (name != "with a NUL" || code != "BAD_USER_INPUT") {
					t.Errorf("%s: %s: %q", name, what, code)
				}
			}
		}
		for what, input := range map[string]string{"both": `invitationId: "` + id + `", token: "` + good + `"`, "neither": ``, "nulls": `invitationId: null, token: null`} {
			for _, deed := range []string{"acceptInvitation", "declineInvitation"} {
				if code := dev.Do(t, `mutation { `+deed+`(input: {`+input+`}) { errors { code } } }`, nil).Code(); code != "REQUIRED" {
					t.Errorf("%s: %s: %q", deed, what, code)
				}
			}
		}
		if s.Count(t, "invitations WHERE status <> 'PENDING'") != 0 || s.Count(t, "collaborators") != 0 {
			t.Error("something was written")
		}
		if strings.Contains(s.Log.String(), `"level":"ERROR"`) {
			t.Errorf("a forged link made the server fail: %s", leakLines(s.Log.String(), `"level":"ERROR"`))
		}
	})
}

// A4, A10: nobody floods others with mail: inviting and sending again are counted.
//
//keyhall:norace
func TestInvitingIsCounted(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, dev, eve := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "dev"), s.Actor(t, "eve")
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		id := ada.Invite(t, key.ID, dev, "ADMIN")
		for range 2 {
			answers(t, "again", ada, resendMutation, id, "")
		}
		answers(t, "too often", ada, resendMutation, id, "RATE_LIMITED")
		second := ada.Invite(t, key.ID, eve, "ADMIN")
		answers(t, "another invitation", ada, resendMutation, second, "")
		out := ada.Do(t, inviteMany, apptest.Vars{"key": key.ID, "emails": []string{ben.Email, s.Actor(t, "cleo").Email}, "own": ada.Email})
		if out.Code() != "RATE_LIMITED" || out.Errors[0].Extensions.RetryAfter == 0 {
			t.Errorf("the fourth of three an hour: %s", out.Body)
		}
		if n := s.Count(t, "invitations"); n != 2 {
			t.Errorf("%d invitations, want the two: the submission that was too much is undone whole", n)
		}
		if n := s.Count(t, "mails WHERE kind = 'invitation'"); n != 5 {
			t.Errorf("%d letters", n)
		}
	}, func(c *app.Config) {
		c.Invites, c.Resends = limit.Rate{Count: 3, Per: time.Hour}, limit.Rate{Count: 2, Per: time.Hour}
	})
}

// recheck gives a forged token the checksum that belongs to it: 6 characters of base62 over CRC-32, as the page about
// tokens says. Anybody can compute it.
func recheck(text string) string {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	sum, out := crc32.ChecksumIEEE([]byte(text)), make([]byte, 6)
	for i := 5; i >= 0; i-- {
		out[i] = alphabet[sum%62]
		sum /= 62
	}
	return text + string(out)
}
