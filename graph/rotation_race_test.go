package graph_test

import (
	"sync"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

// at once runs all of them, started together.
func atOnce(deeds ...func()) {
	var ready, all sync.WaitGroup
	ready.Add(1)
	for _, deed := range deeds {
		all.Go(func() {
			ready.Wait()
			deed()
		})
	}
	ready.Done()
	all.Wait()
}

// 5.3: a key has one successor, however many people rotate it at the same moment.
//
//keyhall:norace
func TestRotationsOfOneKeyAtOnceMakeOneNewKey(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		for range 5 {
			key := ada.CreateKey(t, "Payments", "", "PROJECT")
			ada.Share(t, key.ID, ben, "ADMIN")
			answers := make([]apptest.Answer, 12)
			var deeds []func()
			for i := range answers {
				who, ask, vars := ada, rotateMutation, apptest.Vars{"id": key.ID, "overlap": 60}
				if i%2 == 1 {
					who = ben
				}
				if i%3 == 2 {
					ask, vars = exposeMutation, apptest.Vars{"id": key.ID, "reason": "race"}
				}
				deeds = append(deeds, func() { answers[i] = who.Do(t, ask, vars) })
			}
			atOnce(deeds...)
			made := 0
			for _, out := range answers {
				switch code := out.Code(); {
				case code == "" && out.Text("rotateAPIKey", "plaintext")+out.Text("markAPIKeyExposed", "plaintext") != "":
					made++
				case code != "" && code != "INVALID" && code != "CONFLICT":
					t.Errorf("who came too late is told %s", out.Body)
				}
			}
			if n := s.Count(t, "api_keys WHERE replaces_id = ?", key.ID); made != 1 || n != 1 {
				t.Errorf("%d rotations were done and %d new keys are there", made, n)
			}
			if n := s.Count(t, "audit_events WHERE resource_id = ? AND type = 'api_key.rotated'", key.ID) +
				s.Count(t, "audit_events WHERE resource_id = ? AND type = 'api_key.exposed' AND CAST(changes AS TEXT) LIKE '%replaced_by%'", key.ID); n != 1 {
				t.Errorf("%d audit rows of one new key", n)
			}
		}
	})
}

// A13, A14: an admin is removed, or made a contributor, while they rotate, again and again. Whoever was quicker: from the answer on
// the admin has no place on the key and on no key that replaced it, or is an admin of none of them.
//
//keyhall:norace
func TestRotatingDoesNotOutrunARemoval(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		for i := range 12 {
			key := ada.CreateKey(t, "Payments", "", "PROJECT")
			place := ada.Share(t, key.ID, ben, "ADMIN")
			take, code, left := removeMutation, "NOT_FOUND", "user_id = ?"
			if i%2 == 1 {
				take, code, left = demoteMutation, "FORBIDDEN", "user_id = ? AND role = 'ADMIN'"
			}
			newest, rotations, last, taken := key.ID, 0, apptest.Answer{}, apptest.Answer{}
			atOnce(
				func() {
					for ; rotations < 50; rotations++ { // until it is taken from them; each but the last made a key
						last = ben.Do(t, rotateMutation, apptest.Vars{"id": newest, "overlap": 60})
						if last.Code() != "" {
							return
						}
						newest = last.Text("rotateAPIKey", "apiKey", "id")
					}
				},
				func() { taken = about(t, ada, take, place) },
			)
			if taken.Code() != "" {
				t.Fatalf("who is taken from is ahead: %s", taken.Body)
			}
			if last.Code() != code {
				t.Errorf("after %d rotations who rotates is told %s", rotations, last.Body)
			}
			if n := s.Count(t, "collaborators WHERE "+left, ben.ID); n != 0 {
				t.Errorf("after %d rotations %d places are left", rotations, n)
			}
			if n := s.Count(t, "api_keys WHERE name = 'Payments'"); n != rotations+1 {
				t.Errorf("%d keys after %d rotations", n, rotations)
			}
			s.SQL(t, "DELETE FROM collaborators WHERE user_id = ?", ben.ID)
			s.SQL(t, "UPDATE api_keys SET name = 'done'")
			t.Logf("%d rotations were quicker", rotations)
		}
	})
}

// What is taken on a replaced key is taken on the newer ones, where whoever takes it may; what is given stays on the one.
//
//keyhall:norace
func TestWhatIsTakenOnAReplacedKeyIsTakenOnTheNewerOnes(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, cleo := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo")
		other := s.Actor(t, "other")
		key := ada.CreateKey(t, "Payments", "", "PROJECT").ID
		places := map[*apptest.Actor]string{ben: ada.Share(t, key, ben, "ADMIN"), cleo: ada.Share(t, key, cleo, "ADMIN"), other: ada.Share(t, key, other, "CONTRIBUTOR")}
		second := rotate(t, ada, key, 3600).ID
		third := rotate(t, ada, second, 3600).ID
		roles := func(who *apptest.Actor, want ...string) {
			t.Helper()
			for i, id := range []string{key, second, third} {
				out := about(t, who, lookQuery, id)
				if got := out.Code() + out.Text("apiKey", "viewerRole"); got != want[i] {
					t.Errorf("%s is %q on key %d, want %q", who.Username, got, i, want[i])
				}
			}
		}
		on := func(who *apptest.Actor, key string) (id string) {
			s.Row(t, "SELECT id FROM collaborators WHERE user_id = ? AND api_key_id = ?", []any{who.ID, key}, &id)
			return id
		}
		answers(t, "promote on the old one", ada, promoteMutation, places[other], "")
		roles(other, "ADMIN", "CONTRIBUTOR", "CONTRIBUTOR")
		answers(t, "an admin of the old key alone removes an admin", other, removeMutation, places[cleo], "")
		roles(cleo, "NOT_FOUND", "ADMIN", "ADMIN")
		answers(t, "demote on the old one", ada, demoteMutation, places[ben], "")
		roles(ben, "CONTRIBUTOR", "CONTRIBUTOR", "CONTRIBUTOR")
		answers(t, "remove from the newest", ada, removeMutation, on(ben, third), "")
		roles(ben, "CONTRIBUTOR", "CONTRIBUTOR", "NOT_FOUND")
		answers(t, "remove from the one between", ada, removeMutation, on(cleo, second), "")
		roles(cleo, "NOT_FOUND", "NOT_FOUND", "NOT_FOUND")
		answers(t, "remove from the newest", ada, removeMutation, on(other, third), "")
		ada.Share(t, third, ben, "ADMIN")
		answers(t, "leave a gap", ada, removeMutation, on(ben, second), "")
		roles(ben, "CONTRIBUTOR", "NOT_FOUND", "NOT_FOUND")
		ada.Share(t, third, ben, "ADMIN")
		answers(t, "remove beyond a gap", ada, removeMutation, places[ben], "")
		roles(ben, "NOT_FOUND", "NOT_FOUND", "NOT_FOUND")
		for id, want := range map[string]int{key: 2, second: 2, third: 5} {
			if n := s.Count(t, "audit_events WHERE type = 'collaborator.removed' AND resource_id = ?", id); n != want {
				t.Errorf("%d removals are recorded on %s, want %d", n, id, want)
			}
		}
	})
}

// Accepting while the key is rotated ends with a place on the new key, on both, or in "try again"; never on the old alone.
//
//keyhall:norace
func TestAcceptingAgainstRotating(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, dev := s.Actor(t, "ada"), s.Actor(t, "dev")
		for range 12 {
			key := ada.CreateKey(t, "Payments", "", "PROJECT")
			invitation := ada.Invite(t, key.ID, dev, "CONTRIBUTOR")
			var heir apptest.Key
			var accepted apptest.Answer
			atOnce(
				func() { heir = rotate(t, ada, key.ID, 60) },
				func() { accepted = about(t, dev, acceptMutation, invitation) },
			)
			on := func(id string) bool {
				return s.Count(t, "collaborators WHERE user_id = ? AND api_key_id = ?", dev.ID, id) == 1
			}
			switch code := accepted.Code(); {
			case code == "" && on(heir.ID):
			case code == "CONFLICT" && !on(key.ID) && !on(heir.ID):
				dev.Accept(t, invitation)
				if !on(heir.ID) {
					t.Error("trying again leads nowhere")
				}
			default:
				t.Errorf("old %v, new %v: %s", on(key.ID), on(heir.ID), accepted.Body)
			}
		}
	})
}
