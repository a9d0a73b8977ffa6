package graph_test

import (
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

func TestMain(m *testing.M) { apptest.Main(m) }

// The main job: one key shared with an admin and a contributor, each sees and does what the matrix says, and who is
// removed is out at once (A1, A2, A9, A13, A17, A21 to A23, A25, A26).
//
//keyhall:norace
func TestOneKeyIsSharedUsedAndTakenBack(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, cleo, dev := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo"), s.Actor(t, "dev")
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		place := ada.Share(t, key.ID, ben, "ADMIN")
		ada.Share(t, key.ID, cleo, "CONTRIBUTOR")

		const rename = `mutation($id: ID!) { updateAPIKey(input: {id: $id, name: "Payouts"}) { apiKey { name } errors { code } } }`
		const reveal = `mutation($id: ID!) { revealAPIKeySecret(input: {id: $id}) { secret errors { code } } }`
		const look = `query($id: ID!) { apiKey(id: $id) { name } }`
		id := apptest.Vars{"id": key.ID}
		if got := ben.Must(t, rename, id).Text("updateAPIKey", "apiKey", "name"); got != "Payouts" {
			t.Errorf("the admin renamed it to %q", got)
		}
		if code := cleo.Do(t, rename, id).Code(); code != "FORBIDDEN" {
			t.Errorf("a contributor who renames gets %q", code)
		}
		if got := cleo.Must(t, reveal, id).Text("revealAPIKeySecret", "secret"); got != key.Secret {
			t.Error("the contributor did not get the secret")
		}
		if code := dev.Do(t, look, id).Code(); code != "NOT_FOUND" {
			t.Errorf("a stranger gets %q", code)
		}
		ada.Must(t, `mutation($id: ID!) { removeCollaborator(input: {collaboratorId: $id}) { apiKey { id } errors { code } } }`, apptest.Vars{"id": place})
		for _, q := range []string{look, rename, reveal} {
			if code := ben.Do(t, q, id).Code(); code != "NOT_FOUND" {
				t.Errorf("the removed admin gets %q of %s", code, q)
			}
		}
		if n := s.Count(t, "audit_events WHERE type = ? AND resource_id = ? AND actor_id = ?", "api_key.secret.revealed", key.ID, cleo.ID); n != 1 {
			t.Errorf("%d rows for one reveal", n)
		}
	})
}
