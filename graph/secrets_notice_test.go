package graph_test

import (
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

const notify = `mutation($id: ID!, $on: Boolean) { updateSecret(input: {id: $id, notifyOnReveal: $on}) { secret { notifyOnReveal } errors { code } } }`

func notices(t *testing.T, s *apptest.Server, secretID string) int {
	t.Helper()
	return s.Count(t, "mails WHERE kind = 'secret_revealed' AND resource_id = ?", secretID)
}

// B17: a secret that is set to it tells its owner by mail of each reveal by somebody else, of showing and of copying; the letter says
// who and what, and no value.
//
//keyhall:norace
func TestAnOwnerIsToldOfRevealsWhereTheSecretIsSetToIt(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		ada, ben, cleo := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo")
		id := ada.AddSecret(t, "Payments <b>EU</b>", "canary-of-payments")
		ada.ShareSecret(t, id, apptest.Vars{"login": ben.Username}, nil)
		ada.ShareSecret(t, id, apptest.Vars{"groupId": ada.MakeGroup(t, "Team", cleo)}, nil)
		ben.Reveal(t, id)
		if n := notices(t, s, id); n != 0 {
			t.Errorf("off, it tells %d times", n)
		}
		if out := ada.Must(t, notify, apptest.Vars{"id": id, "on": true}); out.At("updateSecret", "secret", "notifyOnReveal") != true {
			t.Errorf("switched on: %s", out.Body)
		}
		ada.Reveal(t, id)
		if n := notices(t, s, id); n != 0 {
			t.Errorf("the owner's own reveal tells %d times", n)
		}
		ben.Reveal(t, id)
		ben.Must(t, `mutation($id: ID!) { revealSecret(input: {id: $id, purpose: COPY}) { clientSecret errors { code } } }`, apptest.Vars{"id": id})
		cleo.Reveal(t, id)
		for who, times := range map[*apptest.Actor]int{ben: 2, cleo: 1} {
			m := awaitLetter(t, box, ada, who.Username+" revealed “Payments <b>EU</b>”", times)
			if m.Problem != "" || !strings.Contains(m.Text, "the value of your API secret “Payments <b>EU</b>”") || strings.Contains(m.Raw, "canary") || strings.Contains(m.Raw, id) {
				t.Errorf("the letter: %s\n%s", m.Problem, m.Raw)
			}
		}
		if n := notices(t, s, id); n != 3 || s.Count(t, "mails WHERE kind = 'secret_revealed' AND recipient <> ?", ada.Email) != 0 {
			t.Errorf("%d letters of 3 reveals", n)
		}
		ada.Must(t, notify, apptest.Vars{"id": id, "on": false})
		ben.Reveal(t, id)
		made := ada.Must(t, `mutation($org: ID!) { createSecret(input: {organizationId: $org, name: "Told", url: "https://x.example", clientId: "c", clientSecret: "v", notifyOnReveal: true}) {
			secret { id notifyOnReveal } errors { code } } }`, apptest.Vars{"org": ada.Home})
		if n := notices(t, s, id); n != 3 || made.At("createSecret", "secret", "notifyOnReveal") != true {
			t.Errorf("off again, %d letters; made %s", n, made.Body)
		}
	})
}

// B17: a letter is queued with its reveal or not at all: none for what is refused or sent again under its key, none to an owner
// who has left the organization or is suspended; and who can only edit does not switch it.
//
//keyhall:norace
func TestNoRevealNoNotice(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, cleo := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo")
		s.JoinOrganization(t, ben.Home, ada, "READER")
		id := ada.Must(t, `mutation($org: ID!) { createSecret(input: {organizationId: $org, name: "Payments", url: "https://x.example", clientId: "c", clientSecret: "v", notifyOnReveal: true}) {
			secret { id } errors { code } } }`, apptest.Vars{"org": ben.Home}).Text("createSecret", "secret", "id")
		ada.ShareSecret(t, id, apptest.Vars{"login": ben.Username}, apptest.Vars{"canEdit": true})
		for _, on := range []bool{false, true} { // what it is already, too
			want := ""
			if !on {
				want = "FORBIDDEN"
			}
			out := ben.Do(t, notify, apptest.Vars{"id": id, "on": on})
			if out.Code() != want || want != "" && out.Errors[0].Extensions.Permission != "secret.share" {
				t.Errorf("who can edit switches it to %v: %s", on, out.Body)
			}
		}
		const ask = `mutation($id: ID!, $on: Boolean) { updateSecret(input: {id: $id, reasonRequired: $on}) { secret { reasonRequired } errors { code } } }`
		ada.Must(t, ask, apptest.Vars{"id": id, "on": true})
		if out := ben.Do(t, ask, apptest.Vars{"id": id, "on": false}); out.Code() != "FORBIDDEN" || out.Errors[0].Extensions.Permission != "secret.share" {
			t.Errorf("who can edit asks for no reason any more: %s", out.Body)
		}
		ben.Must(t, ask, apptest.Vars{"id": id, "on": true}) // what it is already
		const reveal = `mutation($id: ID!, $reason: String, $version: Int) { revealSecret(input: {id: $id, purpose: SHOW, reason: $reason, version: $version}) { clientSecret errors { code } } }`
		expect := func(what string, who *apptest.Actor, vars apptest.Vars, code string, letters int) {
			t.Helper()
			vars["id"] = id
			if out := who.Do(t, reveal, vars); out.Code() != code {
				t.Errorf("%s: %s", what, out.Body)
			}
			if n := notices(t, s, id); n != letters {
				t.Errorf("%s: %d letters, want %d", what, n, letters)
			}
		}
		expect("a stranger", cleo, apptest.Vars{}, "NOT_FOUND", 0)
		expect("no reason", ben, apptest.Vars{}, "REASON_REQUIRED", 0)
		expect("an earlier version", ben, apptest.Vars{"reason": "r", "version": 7}, "FORBIDDEN", 0)
		s.SQL(t, "UPDATE secrets SET disabled_at = 1 WHERE id = ?", id)
		expect("disabled", ben, apptest.Vars{"reason": "r"}, "FORBIDDEN", 0)
		s.SQL(t, "UPDATE secrets SET disabled_at = 0 WHERE id = ?", id)
		for _, code := range []string{"", "ALREADY_DELIVERED"} {
			if out := ben.Once(t, reveal, apptest.Vars{"id": id, "reason": "r"}, "once"); out.Code() != code {
				t.Errorf("under a key: %s", out.Body)
			}
		}
		expect("after one, sent twice", cleo, apptest.Vars{}, "NOT_FOUND", 1)
		s.SQL(t, "UPDATE users SET suspended_at = 1 WHERE id = ?", ada.ID)
		expect("of somebody suspended", ben, apptest.Vars{"reason": "r"}, "", 1)
		s.SQL(t, "UPDATE users SET suspended_at = 0 WHERE id = ?", ada.ID)
		s.SQL(t, "DELETE FROM organization_members WHERE user_id = ? AND organization_id = ?", ada.ID, ben.Home)
		expect("of somebody who left", ben, apptest.Vars{"reason": "r"}, "", 1)
		if state := textOf(t, s, "SELECT state FROM mails WHERE kind = 'secret_revealed'"); state != "NOT_CONFIGURED" {
			t.Errorf("the letter is %s", state)
		}
		if n, m := s.Count(t, "audit_events WHERE type = 'secret.revealed' AND resource_id = ?", id), s.Count(t, "secrets WHERE reveal_count = 3 AND id = ?", id); n != 3 || m != 1 {
			t.Errorf("%d rows of 3 reveals", n)
		}
	})
}
