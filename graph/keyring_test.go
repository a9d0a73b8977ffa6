package graph_test

import (
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/instance"
	"github.com/keyhall/keyhall/internal/keyring"
)

// security.md 4.1: the keyring is rotated again and again while people reveal, issue and rotate. No reveal fails, and in the end
// everything is under the key in use.
func TestRotatingTheKeyringFailsNoReveal(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		var keys []apptest.Key
		for range 20 {
			keys = append(keys, ada.CreateKey(t, "Payments", "", "PROJECT"))
		}
		var stop atomic.Bool
		var reveals atomic.Int64
		var all sync.WaitGroup
		for i := range 4 {
			all.Go(func() {
				for n := i; !stop.Load(); n++ {
					key := keys[n%len(keys)]
					if out := ada.Do(t, revealMutation, apptest.Vars{"id": key.ID}); out.Text("revealAPIKeySecret", "secret") != key.Secret {
						t.Errorf("a reveal failed: %s", out.Code())
						return
					}
					reveals.Add(1)
				}
			})
		}
		all.Go(func() {
			for !stop.Load() {
				made := ada.CreateKey(t, "new", "", "PROJECT")
				ada.Must(t, rotateSecretMutation, apptest.Vars{"id": rotate(t, ada, made.ID, 60).ID})
			}
		})
		path := filepath.Join(s.Dir, keyring.FileName)
		for range 5 {
			turnKeyring(t, s, path)
		}
		stop.Store(true)
		all.Wait()
		turnKeyring(t, s, path)
		in, _, err := instance.Open(t.Context(), s.App.Store.Client, s.Dir)
		if err != nil {
			t.Fatal(err)
		}
		if n := s.Count(t, "sealed_values WHERE keyset_id <> ?", in.PrimaryID()); n != 0 {
			t.Errorf("%d values are not under the key in use", n)
		}
		for _, key := range keys {
			if ada.Must(t, revealMutation, apptest.Vars{"id": key.ID}).Text("revealAPIKeySecret", "secret") != key.Secret {
				t.Error("a value is lost")
			}
		}
		if n := s.Count(t, "audit_events WHERE type = 'keyring.rotated' AND actor_kind = 'operator' AND actor_id IS NULL"); n != 6 {
			t.Errorf("%d rotations are recorded, of 6", n)
		}
		if n := s.Count(t, "audit_events WHERE type = 'keyring.rewrapped' AND actor_kind = 'operator'"); n < 6 {
			t.Errorf("only %d batches are recorded", n)
		}
		t.Logf("%d reveals", reveals.Load())
		if reveals.Load() < 20 {
			t.Error("too few for this to mean anything")
		}
	})
}

// turnKeyring does what `keyhall keyring rotate` does, with the file of a server that runs.
func turnKeyring(t *testing.T, s *apptest.Server, path string) {
	t.Helper()
	if err := errors.Join(keyring.Add(path), keyring.Promote(path)); err != nil {
		t.Fatal(err)
	}
	in, install, err := instance.Open(t.Context(), s.App.Store.Client, s.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := instance.Rewrap(t.Context(), s.App.Store.Client, in, install, func(int) {}); err != nil {
		t.Fatal(err)
	}
}
