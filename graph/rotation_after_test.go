package graph_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

// lettersAbout are the letters to somebody whose subject has a text in it.
func lettersAbout(box *apptest.Mailbox, to *apptest.Actor, text string) (out []apptest.Message) {
	for _, m := range box.Letters("", to.Email) {
		if strings.Contains(m.Subject, text) {
			out = append(out, m)
		}
	}
	return out
}

// awaitLetter waits for the nth of them, counted from 1.
func awaitLetter(t *testing.T, box *apptest.Mailbox, to *apptest.Actor, text string, n int) apptest.Message {
	t.Helper()
	apptest.Until(t, "a letter to "+to.Username, func() bool { return len(lettersAbout(box, to, text)) >= n })
	return lettersAbout(box, to, text)[n-1]
}

// 5.3, 5.4: the new key asks of its requests what the old one asked, with the same public keys in the same order under ids of
// their own; from then on each has its own settings.
//
//keyhall:norace
func TestARotatedKeyKeepsItsSecuritySettings(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		first, _, _ := keyPair(t)
		second, _, _ := keyPair(t)
		for name, ask := range map[string]string{"rotated": rotateMutation, "exposed": exposeMutation} {
			key := ada.CreateKey(t, "Payments", "", "PROJECT").ID
			ada.Share(t, key, ben, "ADMIN")
			ada.Must(t, editSecurity, settings(key, apptest.Vars{
				"requireSecret": true, "secretOverridesAllowlists": true, "requireJWT": true, "origins": []string{"https://*.example.com"},
				"userAgents": []string{"curl"}, "methods": []string{"pay.send"}, "addresses": []string{"192.0.2.0/24"},
				"jwtKeys": []apptest.Vars{{"name": "zeta", "publicKeyPEM": first}, {"name": "alpha", "publicKeyPEM": second}},
			}))
			robot := narrowed(t, ben, "api_key.view", "api_key.rotate") // sees none of it, and none of it is lost
			out := robot.Must(t, ask, apptest.Vars{"id": key, "overlap": 60, "reason": "because"})
			heir := out.Text("rotateAPIKey", "apiKey", "id") + out.Text("markAPIKeyExposed", "apiKey", "id")
			look := func(id string) (all map[string]any, ids []any) {
				all, _ = ada.Must(t, seeSecurity, apptest.Vars{"id": id}).At("apiKey", "securitySettings").(map[string]any)
				for _, k := range all["jwtKeys"].([]any) {
					row := k.(map[string]any)
					ids = append(ids, row["id"])
					delete(row, "id")
				}
				return all, ids
			}
			before, were := look(key)
			after, are := look(heir)
			if len(were) != 2 || !reflect.DeepEqual(before, after) {
				t.Errorf("%s: the old key asks %v, the new one %v", name, before, after)
			}
			if n := s.Count(t, "jwt_keys WHERE api_key_id = ? AND position IN (0, 1)", heir); n != 2 || s.Count(t, "jwt_keys WHERE api_key_id = ? AND position = 1", heir) != 1 {
				t.Errorf("%s: the order of the public keys is not kept", name)
			}
			for i := range are {
				if are[i] == were[i] {
					t.Errorf("%s: two keys share a public key's row", name)
				}
			}
			ada.Must(t, editSecurity, settings(heir, apptest.Vars{"requireJWT": false, "jwtKeys": []any{}, "origins": []any{}}))
			if now, ids := look(key); !reflect.DeepEqual(now, before) || !reflect.DeepEqual(ids, were) {
				t.Errorf("%s: an edit of the new key changed the old one: %v", name, now)
			}
		}
	})
}

// A9, A10: the link of an invitation that was mailed before a rotation, or two, leads to the newest key, and to that alone. What
// is revoked or sent again after it is so as before.
//
//keyhall:norace
func TestALinkMailedBeforeARotationLeadsToTheNewestKey(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		ada, dev, gus, eve := s.Actor(t, "ada"), s.Actor(t, "dev"), s.Actor(t, "gus"), s.Unverified(t, "eve")
		key := ada.CreateKey(t, "Payments", "", "PROJECT").ID
		offers, links := map[*apptest.Actor]string{}, map[*apptest.Actor]apptest.Vars{}
		for _, who := range []*apptest.Actor{dev, gus, eve} {
			offers[who] = ada.Invite(t, key, who, "CONTRIBUTOR")
			links[who] = withToken(awaitLetter(t, box, who, "Payments", 1).Token)
		}
		between := rotate(t, ada, key, 3600).ID
		newest := rotate(t, ada, between, 0).ID
		if out := eve.Must(t, openMutation, links[eve]); out.Text("openInvitation", "invitation", "id") != offers[eve] || out.Text("openInvitation", "invitation", "status") != "PENDING" {
			t.Errorf("the link stands for %s", out.Body)
		}
		answers(t, "revoke after the rotation", ada, revokeMutation, offers[dev], "")
		if out := dev.Do(t, acceptByToken, links[dev]); out.Code() != "INVITE_REVOKED" {
			t.Errorf("a link that was revoked: %s", out.Body)
		}
		answers(t, "send again after the rotation", ada, resendMutation, offers[gus], "")
		if out := gus.Do(t, acceptByToken, links[gus]); out.Code() != "INVITE_REVOKED" {
			t.Errorf("the link before the last: %s", out.Body)
		}
		gus.Must(t, acceptByToken, withToken(awaitLetter(t, box, gus, "Payments", 2).Token))
		eve.Must(t, acceptByToken, links[eve])
		for who, want := range map[*apptest.Actor]string{eve: "ACTIVE", gus: "ACTIVE", dev: "NOT_FOUND"} {
			if got := state(t, who, newest); got != want {
				t.Errorf("%s sees the newest key as %s", who.Username, got)
			}
			for _, old := range []string{key, between} {
				if got := state(t, who, old); got != "NOT_FOUND" {
					t.Errorf("%s sees an old key as %s", who.Username, got)
				}
			}
		}
		if n := s.Count(t, "mails WHERE kind = 'invitation' AND within_id <> ?", newest); n != 0 {
			t.Errorf("%d letters of invitations have stayed behind", n)
		}
		answers(t, "delete the newest", ada, `mutation($id: ID!) { deleteAPIKey(input: {id: $id}) { errors { code } } }`, newest, "")
		if n := s.Count(t, "mails WHERE kind = 'invitation'"); n != 0 {
			t.Errorf("%d letters of invitations outlive their key", n)
		}
	})
}

// C13: that a key is exposed is told to everybody on it but whoever marked it, once, and to nobody else; in the grace and
// disabled as well, and not when nothing was done.
//
//keyhall:norace
func TestAnExposureIsToldToEverybodyElseOnTheKey(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		e := newEstate(t, s)
		gone := s.Actor(t, "gone")
		n := 0
		for name, c := range map[string]struct {
			before func(t *testing.T, key string)
			code   string
		}{
			"active":   {func(*testing.T, string) {}, ""},
			"disabled": {func(t *testing.T, key string) { answers(t, "disable", e.ada, disableMutation, key, "") }, ""},
			"in grace": {func(t *testing.T, key string) { rotate(t, e.ada, key, 3600) }, ""},
			"replaced": {func(t *testing.T, key string) { rotate(t, e.ada, key, 0) }, "INVALID"},
			"expired": {func(t *testing.T, key string) {
				s.SQL(t, "UPDATE api_keys SET expires_at = 1 WHERE id = ?", key)
			}, "KEY_EXPIRED"},
		} {
			key := e.ada.CreateKey(t, "Exposed "+name, "", "PROJECT")
			e.ada.Share(t, key.ID, e.ben, "ADMIN")
			e.ada.Share(t, key.ID, e.cleo, "CONTRIBUTOR")
			answers(t, "remove", e.ada, removeMutation, e.ada.Share(t, key.ID, gone, "ADMIN"), "")
			e.ada.Invite(t, key.ID, e.dev, "ADMIN")
			c.before(t, key.ID)
			if out := e.ben.Do(t, exposeMutation, apptest.Vars{"id": key.ID, "reason": "seen in a log"}); out.Code() != c.code {
				t.Errorf("%s: %s", name, out.Body)
			}
			for who, want := range map[*apptest.Actor]bool{e.ada: true, e.cleo: true, e.ben: false, e.dev: false, e.hal: false, e.ida: false, gone: false, e.eve: false} {
				queued := s.Count(t, "mails WHERE kind = 'key_exposed' AND resource_id = ? AND user_id = ?", key.ID, who.ID)
				if (queued == 1) != (want && c.code == "") || queued > 1 {
					t.Errorf("%s: %d letters for %s", name, queued, who.Username)
				}
			}
			if c.code == "" {
				n += 2
				for _, who := range []*apptest.Actor{e.ada, e.cleo} {
					m := awaitLetter(t, box, who, "“Exposed "+name+"” was marked as exposed", 1)
					if m.Problem != "" || !strings.Contains(m.Text, e.ben.Username) || strings.Contains(m.Raw, key.Secret) || strings.Contains(m.Raw, "kh_") {
						t.Errorf("%s: the letter: %s\n%s", name, m.Problem, m.Raw)
					}
				}
			}
		}
		if got := s.Count(t, "mails WHERE kind = 'key_exposed'"); got != n {
			t.Errorf("%d letters, want %d", got, n)
		}
	})
}

// A rotation that is sent again under its key shows the key that it made, also when that was replaced since; marking a key in its
// grace shows the one that was there before, of which nothing was shown and nothing is missing.
//
//keyhall:norace
func TestAReplayOfARotationReadsTheSuccessor(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		key := ada.CreateKey(t, "Payments", "", "PROJECT").ID
		ada.Share(t, key, ben, "ADMIN")
		turn, mark := apptest.Vars{"id": key, "overlap": 3600}, apptest.Vars{"id": key, "reason": "seen in a log"}
		heir := ben.Once(t, rotateMutation, turn, "turn").Text("rotateAPIKey", "apiKey", "id")
		again := func(why, ask, under string, vars apptest.Vars, want, code string) {
			t.Helper()
			tables := (&estate{Server: s}).tables(t)
			before := everything(t, s, tables)
			out := ben.Once(t, ask, vars, under)
			field := map[string]string{"turn": "rotateAPIKey", "mark": "markAPIKeyExposed"}[under]
			if got := out.Text(field, "apiKey", "id"); got != want || out.Code() != code || out.At(field, "plaintext") != nil || out.At(field, "secret") != nil {
				t.Errorf("%s: %s, want %s and %q", why, out.Body, want, code)
			}
			same(t, why, before, everything(t, s, tables))
		}
		again("rotated again", rotateMutation, "turn", turn, heir, "ALREADY_DELIVERED")
		first := ben.Once(t, exposeMutation, mark, "mark")
		if first.Code() != "" || first.Text("markAPIKeyExposed", "apiKey", "id") != heir || first.At("markAPIKeyExposed", "plaintext") != nil {
			t.Errorf("marked in its grace: %s", first.Body)
		}
		again("marked again", exposeMutation, "mark", mark, heir, "")
		newest := rotate(t, ada, heir, 0).ID
		again("rotated again, and its heir since", rotateMutation, "turn", turn, heir, "ALREADY_DELIVERED")
		again("marked again, and its heir since", exposeMutation, "mark", mark, heir, "")
		if out := ben.Once(t, rotateMutation, apptest.Vars{"id": heir, "overlap": 3600}, "turn"); out.Code() != "IDEMPOTENCY_MISMATCH" {
			t.Errorf("another key under the same one: %s", out.Body)
		}
		var on string
		s.Row(t, "SELECT id FROM collaborators WHERE api_key_id = ? AND user_id = ?", []any{heir, ben.ID}, &on)
		answers(t, "remove from the heirs", ada, removeMutation, on, "")
		again("who sees the heir no more", rotateMutation, "turn", turn, "", "NOT_FOUND")
		again("who sees the heir no more, which was there before", exposeMutation, "mark", mark, "", "")
		answers(t, "the newest is not theirs either", ben, lookQuery, newest, "NOT_FOUND")
	})
}

// Rotating and deleting a key while its letters are being sent waits for nobody in a circle.
func TestKeysAreRotatedAndDeletedWhileTheirLettersAreSent(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, _ *apptest.Mailbox) {
		ada := s.Actor(t, "ada")
		var guests []*apptest.Actor
		for range 6 {
			guests = append(guests, s.Actor(t, "guest"))
		}
		for range 12 {
			key := ada.CreateKey(t, "Payments", "", "PROJECT").ID
			inviteAll(t, ada, key, "CONTRIBUTOR", guests...)
			heir := rotate(t, ada, key, 60).ID
			for _, id := range []string{key, heir} {
				answers(t, "delete", ada, `mutation($id: ID!) { deleteAPIKey(input: {id: $id}) { errors { code } } }`, id, "")
			}
		}
		if log := s.Log.String(); strings.Contains(log, `"level":"ERROR"`) {
			t.Error(leakLines(log, `"level":"ERROR"`))
		}
	})
}
