//keyhall:norace
package once_test

import (
	"context"
	"errors"
	"testing"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/instance"
	"github.com/keyhall/keyhall/internal/once"
	"github.com/keyhall/keyhall/internal/viewer"
)

func TestMain(m *testing.M) { apptest.Main(m) }

// scene is a ledger and somebody whose requests come to it.
type scene struct {
	*apptest.Server
	*once.Ledger
	ada *apptest.Actor
}

func newScene(t *testing.T, s *apptest.Server) *scene {
	t.Helper()
	keys, _, err := instance.Open(t.Context(), s.App.Store.Client, s.Dir)
	if err != nil {
		t.Fatal(err)
	}
	return &scene{s, once.New(s.App.Store.Client, keys, s.App.Guard), s.Actor(t, "ada")}
}

// request is one that comes with a key.
func (c *scene) request(key string) context.Context {
	ctx := c.App.Guard.Enter(context.Background(), viewer.Viewer{Kind: viewer.User, UserID: c.ada.ID})
	return once.With(ctx, key, "test", []byte("{}"))
}

// do is a deed that notes what it did, in a transaction that ends as end says.
func (c *scene) do(t *testing.T, ctx context.Context, note func(), end func(*ent.Tx) error) error {
	t.Helper()
	tx, err := c.App.Store.Tx(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Do(ctx, tx, func(*ent.Tx) error { note(); return nil }); err != nil {
		return c.Ended(ctx, errors.Join(err, tx.Rollback()))
	}
	return c.Ended(ctx, end(tx))
}

var errUndone = errors.New("undone")

func undo(tx *ent.Tx) error { return errors.Join(errUndone, tx.Rollback()) }

func again(err error) bool { _, ok := errors.AsType[*once.Again](err); return ok }

// Who waits for a deed under the same key does it when the first is undone, and is told of it when it was done.
func TestWhoWaitsForADeedLearnsHowItEnded(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		c := newScene(t, s)
		for name, end := range map[string]func(*ent.Tx) error{"undone": undo, "done": (*ent.Tx).Commit} {
			second, did := make(chan error), 0
			first := c.do(t, c.request(name), func() {
				go func() { second <- c.do(t, c.request(name), func() { did++ }, (*ent.Tx).Commit) }()
				waiting(t, s)
			}, end)
			err := <-second
			switch {
			case name == "undone" && (!errors.Is(first, errUndone) || err != nil || did != 1):
				t.Errorf("the first was undone (%v), the second did it %d times: %v", first, did, err)
			case name == "done" && (first != nil || !again(err) || did != 0):
				t.Errorf("the first was done (%v), the second did it %d times: %v", first, did, err)
			}
		}
	})
}

// waiting returns when somebody waits for a key; on SQLite they wait for the writer, before anything can be seen.
func waiting(t *testing.T, s *apptest.Server) {
	t.Helper()
	if s.Database != apptest.Postgres {
		return
	}
	apptest.Until(t, "somebody waits for a key", func() bool {
		return s.Count(t, "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") > 0
	})
}

func TestOnlyIdsAndCodesAreRemembered(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		c := newScene(t, s)
		for what, note := range map[string]func(context.Context){
			"an address as an outcome": func(ctx context.Context) { once.Outcomes(ctx, []string{"ada@keyhall.test"}) },
			"a key as what was made": func(ctx context.Context) {
				once.Note(ctx, "", "kh_live_0000000000000000_0123456789012345678901234567890123456789", "")
			},
			"a sentence as a subject": func(ctx context.Context) { once.Note(ctx, "the name of a key", "", "") },
			"a secret as a part":      func(ctx context.Context) { once.Note(ctx, "", "", "khs_0123456789012345678901234567890123456789") },
			"two lines":               func(ctx context.Context) { once.Outcomes(ctx, []string{"INVALID\nada"}) },
		} {
			ctx := c.request(what)
			if err := c.do(t, ctx, func() { note(ctx) }, (*ent.Tx).Commit); err == nil || again(err) {
				t.Errorf("%s was remembered (%v)", what, err)
			}
		}
		if n := s.Count(t, "idempotency_keys"); n != 0 {
			t.Errorf("%d are remembered", n)
		}
		ctx := c.request("k")
		note := func() {
			once.Note(ctx, "prj_01JCZ3V8Q4T2N6M0R5W7Y9B1DF", "key_01JCZ3V8Q4T2N6M0R5W7Y9B1DF", "")
			once.Note(ctx, "usr_01JCZ3V8Q4T2N6M0R5W7Y9B1DF", "", "col_01JCZ3V8Q4T2N6M0R5W7Y9B1DF") // a second right of the same deed
			once.Outcomes(ctx, []string{"inv_01JCZ3V8Q4T2N6M0R5W7Y9B1DF", "ALREADY_MEMBER"})
		}
		if err := c.do(t, ctx, note, (*ent.Tx).Commit); err != nil {
			t.Fatal(err)
		}
		done, _ := errors.AsType[*once.Again](c.Recall(c.request("k")))
		if done == nil || done.Did.Subject != "prj_01JCZ3V8Q4T2N6M0R5W7Y9B1DF" || done.Did.Made != "key_01JCZ3V8Q4T2N6M0R5W7Y9B1DF" ||
			done.Did.Part != "col_01JCZ3V8Q4T2N6M0R5W7Y9B1DF" || len(done.Did.Outcomes) != 2 {
			t.Errorf("remembered is %+v", done)
		}
	})
}

// What a verb does after its deed has no key any more: it is not held to be the deed again.
func TestAKeyIsSpentWithItsDeed(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		c, did := newScene(t, s), 0
		ctx := c.request("k")
		for range 2 {
			if err := c.do(t, ctx, func() { did++ }, (*ent.Tx).Commit); err != nil {
				t.Error(err)
			}
		}
		if err := c.do(t, c.request("k"), func() { did++ }, (*ent.Tx).Commit); !again(err) || did != 2 {
			t.Errorf("another request did it: %v (%d)", err, did)
		}
		other := once.With(c.App.Guard.Enter(context.Background(), viewer.Viewer{Kind: viewer.User, UserID: c.ada.ID}), "k", "test", []byte(`{"a":1}`))
		if err := c.Recall(other); !fault.Refused(err, fault.IdempotencyMismatch) {
			t.Errorf("another input: %v", err)
		}
		if err := c.Recall(once.With(context.Background(), "k", "test", nil)); err != nil {
			t.Errorf("nobody's key: %v", err)
		}
	})
}
