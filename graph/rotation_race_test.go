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

// A13: an admin is removed while they rotate. Either the removal came first, and there is no new key; or the rotation did,
// and the new key has the people of that moment. The removal holds in both.
func TestRotatingAgainstTheRemovalOfWhoRotates(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		ends := map[bool]int{}
		for range 12 {
			key := ada.CreateKey(t, "Payments", "", "PROJECT")
			place := ada.Share(t, key.ID, ben, "ADMIN")
			var turned, removed apptest.Answer
			atOnce(
				func() { turned = ben.Do(t, rotateMutation, apptest.Vars{"id": key.ID, "overlap": 60}) },
				func() {
					removed = ada.Do(t, `mutation($id: ID!) { removeCollaborator(input: {collaboratorId: $id}) { errors { code } } }`, apptest.Vars{"id": place})
				},
			)
			if code := removed.Code(); code != "" {
				t.Errorf("the removal: %s", removed.Body)
			}
			if got := state(t, ben, key.ID); got != "NOT_FOUND" {
				t.Errorf("who was removed still sees the key: %s", got)
			}
			heirs := s.Count(t, "api_keys WHERE replaces_id = ?", key.ID)
			kept := s.Count(t, "collaborators c WHERE c.user_id = ? AND c.api_key_id IN (SELECT id FROM api_keys WHERE replaces_id = ?)", ben.ID, key.ID)
			done := turned.Code() == ""
			if !done && turned.Code() != "NOT_FOUND" || done && (heirs != 1 || kept != 1) || !done && heirs != 0 {
				t.Errorf("neither of the two ends: %d new keys, %d places: %s", heirs, kept, turned.Body)
			}
			ends[done]++
		}
		t.Logf("the rotation came first %d times, the removal %d times", ends[true], ends[false])
	})
}

// Accepting while the key is rotated ends with a place on the new key, on both, or in "try again"; never on the old alone.
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
