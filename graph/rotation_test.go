package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/apptest"
)

// 5.3, A2, A3, A15: an admin rotates. The new key is as the old one, its owner is who it was, and everybody on it is on the
// new one in the same role.
//
//keyhall:norace
func TestARotatedKeyKeepsItsOwnerItsSettingsAndItsPeople(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, cleo := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo")
		end := time.Now().Add(90 * 24 * time.Hour).UTC().Format(time.RFC3339)
		made := ada.Must(t, `mutation($end: Time) { createAPIKey(input: {name: "Payments", description: "for the shop", tags: ["shop", "eu"], scopes: ["pay:read"], expiresAt: $end}) {
			apiKey { id } plaintext secret errors { code } } }`, apptest.Vars{"end": end})
		old := apptest.Key{ID: made.Text("createAPIKey", "apiKey", "id"), Plaintext: made.Text("createAPIKey", "plaintext"), Secret: made.Text("createAPIKey", "secret")}
		ada.Share(t, old.ID, ben, "ADMIN")
		ada.Share(t, old.ID, cleo, "CONTRIBUTOR")

		heir := rotate(t, ben, old.ID, 3600)
		if !strings.HasPrefix(heir.Plaintext, "kh_") || !strings.HasPrefix(heir.Secret, "khs_") || heir.Plaintext == old.Plaintext || heir.Secret == old.Secret || heir.ID == old.ID {
			t.Fatal("whoever rotates is not shown a new key with a new secret")
		}
		before, after := ada.Must(t, lifeQuery, apptest.Vars{"id": old.ID}), ada.Must(t, lifeQuery, apptest.Vars{"id": heir.ID})
		for _, field := range []string{"name", "description", "tags", "kind", "scopes", "expiresAt", "owner", "project", "viewerRole"} {
			if was, is := fmt.Sprint(before.At("apiKey", field)), fmt.Sprint(after.At("apiKey", field)); was != is {
				t.Errorf("%s was %s and is %s", field, was, is)
			}
		}
		if after.Text("apiKey", "owner", "id") != ada.ID || after.Text("apiKey", "viewerRole") != "OWNER" {
			t.Errorf("the owner of the new key is not who owned the old one: %s", after.Body)
		}
		if after.Text("apiKey", "replaces", "id") != old.ID || before.Text("apiKey", "replacedBy", "id") != heir.ID || after.Text("apiKey", "status") != "ACTIVE" ||
			before.Text("apiKey", "status") != "ROTATING" || after.At("apiKey", "graceExpiresAt") != nil || before.Text("apiKey", "graceExpiresAt") == "" {
			t.Errorf("the two do not name each other:\n%s\n%s", before.Body, after.Body)
		}
		if start := after.Text("apiKey", "start"); !strings.HasPrefix(heir.Plaintext, start) {
			t.Errorf("the new key starts with %s", start)
		}
		for who, role := range map[*apptest.Actor]string{ben: "ADMIN", cleo: "CONTRIBUTOR"} {
			for _, id := range []string{old.ID, heir.ID} {
				if got := who.Must(t, lifeQuery, apptest.Vars{"id": id}).Text("apiKey", "viewerRole"); got != role {
					t.Errorf("%s is %q on %s, want %s", who.Username, got, id, role)
				}
			}
		}
		people := func(id string) string {
			return fmt.Sprint(about(t, ada, `query($id: ID!) { apiKey(id: $id) { collaborators { nodes { role user { id } addedBy { id } } } } }`, id).At("apiKey", "collaborators"))
		}
		if was, is := people(old.ID), people(heir.ID); was != is || !strings.Contains(is, "addedBy:map[id:"+ada.ID) {
			t.Errorf("the people were %s and are %s", was, is)
		}
		for id, secret := range map[string]string{old.ID: old.Secret, heir.ID: heir.Secret} {
			if got := cleo.Must(t, revealMutation, apptest.Vars{"id": id}).Text("revealAPIKeySecret", "secret"); got != secret {
				t.Errorf("the secret of %s is another one", id)
			}
		}
		trail := s.AuditTrail(t, old.ID)
		last := trail[len(trail)-2] // the reveal came after
		if last.Type != "api_key.rotated" || last.Actor != ben.ID || last.Change("replaced_by") != heir.ID || last.Change("grace_expires_at") == "" {
			t.Errorf("the audit log says %+v", last)
		}
		if n := s.Count(t, "audit_events WHERE type LIKE 'api_key.%' AND resource_id = ?", heir.ID); n != 1 {
			t.Errorf("%d events of the new key: one deed has one row, and the reveal another", n)
		}
	})
}

// Open invitations go over to the new key, and their links with them; what was answered stays where it was.
//
//keyhall:norace
func TestOpenInvitationsGoOverToTheNewKey(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, dev, gus := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "dev"), s.Actor(t, "gus")
		old := ada.CreateKey(t, "Payments", "", "PROJECT")
		ada.Share(t, old.ID, ben, "ADMIN")
		open, taken := ben.Invite(t, old.ID, dev, "CONTRIBUTOR"), ben.Invite(t, old.ID, gus, "ADMIN")
		ada.Must(t, revokeMutation, apptest.Vars{"id": taken})
		heir := rotate(t, ada, old.ID, 3600)
		dev.Accept(t, open)
		if got := state(t, dev, heir.ID); got != "ACTIVE" {
			t.Errorf("who accepts has not the new key: %s", got)
		}
		if got := state(t, dev, old.ID); got != "NOT_FOUND" {
			t.Errorf("who accepts has the old key: %s", got)
		}
		if n := s.Count(t, "invitations WHERE api_key_id = ? AND status = 'PENDING'", old.ID); n != 0 {
			t.Errorf("%d open invitations to the old key", n)
		}
		if n := s.Count(t, "invitations WHERE id = ? AND api_key_id = ?", taken, old.ID); n != 1 {
			t.Error("a settled invitation has moved")
		}
	})
}

// 5.3: the old key ends at min(its expiry, now + overlap), by the database's clock.
//
//keyhall:norace
func TestTheGraceIsTheOverlapAndNeverPassesTheExpiry(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		const stored = "SELECT grace_expires_at FROM api_keys WHERE id = ?"
		for _, overlap := range []int{0, 1, 86_400, 2_592_000} {
			key := ada.CreateKey(t, "Payments", "", "PROJECT")
			from := clock(t, s)
			rotate(t, ada, key.ID, overlap)
			to, got := clock(t, s), number(t, s, stored, key.ID)
			if length := int64(overlap) * 1_000_000; got < from+length || got > to+length {
				t.Errorf("after an overlap of %d s the grace ends at %d, not between %d and %d", overlap, got, from+length, to+length)
			}
			want := "ROTATING"
			if overlap == 0 {
				want = "REVOKED"
			}
			if got := state(t, ada, key.ID); got != want && overlap != 1 {
				t.Errorf("after an overlap of %d s it is %s", overlap, got)
			}
		}
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		end := clock(t, s) + micros(time.Hour)
		s.SQL(t, "UPDATE api_keys SET expires_at = ? WHERE id = ?", end, key.ID)
		heir := rotate(t, ada, key.ID, 86_400)
		if got := number(t, s, stored, key.ID); got != end {
			t.Errorf("a key that ends at %d has its grace until %d", end, got)
		}
		if got := number(t, s, "SELECT expires_at FROM api_keys WHERE id = ?", heir.ID); got != end {
			t.Errorf("the new key ends at %d, the old one did at %d", got, end)
		}
		s.SQL(t, "UPDATE api_keys SET grace_expires_at = 1, expires_at = 0 WHERE id = ?", key.ID)
		if got := state(t, ada, key.ID); got != "REVOKED" {
			t.Errorf("after its grace it is %s", got)
		}
	})
}

// 5.3: what cannot be rotated says why, and nothing is written.
//
//keyhall:norace
func TestWhatHasNoFutureIsNotRotated(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		fresh := func() string { return ada.CreateKey(t, "Payments", "", "PROJECT").ID }
		expired, rotating, over := fresh(), fresh(), fresh()
		s.SQL(t, "UPDATE api_keys SET expires_at = 1 WHERE id = ?", expired)
		rotate(t, ada, rotating, 3600)
		rotate(t, ada, over, 0)
		active := fresh()
		long := strings.Repeat("x", 501)
		before := contents(t, s)
		for _, c := range []struct {
			name, id string
			overlap  int
			reason   any
			code     string
		}{
			{"an expired key", expired, 60, nil, "KEY_EXPIRED"},
			{"a key in its grace", rotating, 60, nil, "INVALID"},
			{"a revoked key", over, 60, nil, "INVALID"},
			{"an overlap below nothing", active, -1, nil, "INVALID"},
			{"an overlap of a second more than 30 days", active, 2_592_001, nil, "EXPIRY_TOO_LONG"},
			{"the longest overlap there is", active, 2_147_483_647, nil, "EXPIRY_TOO_LONG"},
			{"a reason too long", active, 0, long, "TOO_LONG"},
			{"a reason with a control character", active, 0, "a\u0007b", "INVALID"},
		} {
			for _, ask := range []string{rotateMutation, rotateSecretMutation} {
				out := ada.Do(t, ask, apptest.Vars{"id": c.id, "overlap": c.overlap, "reason": c.reason})
				if out.Code() != c.code || strings.Contains(out.Body, "kh_") || strings.Contains(out.Body, "khs_") {
					t.Errorf("%s: %s", c.name, out.Body)
				}
			}
		}
		for _, reason := range []string{"", "  \t "} {
			if out := ada.Do(t, exposeMutation, apptest.Vars{"id": active, "reason": reason}); out.Code() != "REASON_REQUIRED" {
				t.Errorf("exposed without a reason: %s", out.Body)
			}
		}
		for id, code := range map[string]string{expired: "KEY_EXPIRED", over: "INVALID"} {
			if out := ada.Do(t, exposeMutation, apptest.Vars{"id": id, "reason": "leaked"}); out.Code() != code {
				t.Errorf("exposing what works no more: %s", out.Body)
			}
		}
		if after := contents(t, s); after != before {
			t.Errorf("something was written:\n%s", difference(before, after))
		}
	})
}

// C13: an exposed key is replaced, works no more from the very moment, and the reason is kept.
//
//keyhall:norace
func TestAnExposedKeyStopsAtOnce(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		old := ada.CreateKey(t, "Payments", "", "PROJECT")
		ada.Share(t, old.ID, ben, "ADMIN")
		out := ben.Must(t, exposeMutation, apptest.Vars{"id": old.ID, "reason": "pushed to a public repository"})
		heir := out.Text("markAPIKeyExposed", "apiKey", "id")
		if heir == "" || heir == old.ID || !strings.HasPrefix(out.Text("markAPIKeyExposed", "plaintext"), "kh_") || !strings.HasPrefix(out.Text("markAPIKeyExposed", "secret"), "khs_") {
			t.Fatalf("an exposed key is not replaced: %s", out.Body)
		}
		if got := state(t, ada, old.ID); got != "REVOKED" {
			t.Errorf("an exposed key is %s", got)
		}
		if got := state(t, ada, heir); got != "ACTIVE" {
			t.Errorf("what replaced it is %s", got)
		}
		trail := s.AuditTrail(t, old.ID)
		if last := trail[len(trail)-1]; last.Type != "api_key.exposed" || last.Actor != ben.ID || last.Change("reason") != "pushed to a public repository" || last.Change("replaced_by") != heir {
			t.Errorf("the audit log says %+v", last)
		}

		third := rotate(t, ada, heir, 86_400) // heir is in its grace, and gets out as well
		out = ben.Must(t, exposeMutation, apptest.Vars{"id": heir, "reason": "again"})
		if out.Text("markAPIKeyExposed", "apiKey", "id") != third.ID || out.At("markAPIKeyExposed", "plaintext") != nil || out.At("markAPIKeyExposed", "secret") != nil {
			t.Errorf("exposing a key in its grace: %s", out.Body)
		}
		if got := state(t, ada, heir); got != "REVOKED" {
			t.Errorf("its grace is not over: %s", got)
		}
		if n := s.Count(t, "api_keys WHERE project_id = ?", ada.Project); n != 3 {
			t.Errorf("%d keys, want 3", n)
		}
		if trail := s.AuditTrail(t, heir); trail[len(trail)-1].Type != "api_key.exposed" || trail[len(trail)-1].Change("reason") != "again" {
			t.Errorf("the audit log says %+v", trail)
		}
	})
}

// 5.3: the secret of a key is replaced alone. The newest is revealed; those before it end with the overlap, or sooner.
//
//keyhall:norace
func TestASecretIsRotatedWithoutItsKey(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		ada.Share(t, key.ID, ben, "CONTRIBUTOR")
		ben.Must(t, revealMutation, apptest.Vars{"id": key.ID})
		until := func(version int) int64 {
			return number(t, s, "SELECT valid_until FROM sealed_values WHERE api_key_id = ? AND version = ?", key.ID, version)
		}
		from := clock(t, s)
		out := ada.Must(t, rotateSecretMutation, apptest.Vars{"id": key.ID, "overlap": 3600, "reason": "yearly"})
		to := clock(t, s)
		next := out.Text("rotateAPIKeySecret", "secret")
		if !strings.HasPrefix(next, "khs_") || next == key.Secret || out.Text("rotateAPIKeySecret", "apiKey", "id") != key.ID {
			t.Fatalf("no new secret: %s", out.Body)
		}
		if got := until(1); got < from+micros(time.Hour) || got > to+micros(time.Hour) || until(2) != 0 {
			t.Errorf("the old secret works until %d, the new one until %d", got, until(2))
		}
		again := ben.Must(t, revealMutation, apptest.Vars{"id": key.ID})
		if again.Text("revealAPIKeySecret", "secret") != next || fmt.Sprint(again.At("revealAPIKeySecret", "revealCount")) != "1" {
			t.Errorf("what is revealed is not the newest, or its reveals are counted with the old one's: %s", again.Body)
		}
		if got := state(t, ada, key.ID); got != "ACTIVE" {
			t.Errorf("the key is %s", got)
		}
		hour := until(1)
		ada.Must(t, rotateSecretMutation, apptest.Vars{"id": key.ID, "overlap": 86_400})
		if until(1) != hour || until(2) < hour {
			t.Errorf("a longer overlap moved an end that was sooner: %d, %d", until(1), until(2))
		}
		ada.Must(t, rotateSecretMutation, apptest.Vars{"id": key.ID})
		if now := clock(t, s); until(1) > now || until(2) > now || until(3) > now || until(4) != 0 {
			t.Error("without an overlap an earlier secret works on")
		}
		events := s.AuditTrail(t, key.ID)
		events = slices.DeleteFunc(events, func(e apptest.Event) bool { return e.Type != "api_key.secret.rotated" })
		if len(events) != 3 || events[0].Change("reason") != "yearly" || events[0].Change("grace_expires_at") == "" {
			t.Errorf("the audit log says %+v", events)
		}
	})
}
