package epoch_test

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/epoch"
)

func TestMain(m *testing.M) { apptest.Main(m) }

// record is what a watcher has dropped.
type record struct {
	mu      sync.Mutex
	changes []epoch.Change
	more    chan struct{}
}

func (r *record) drop(c epoch.Change) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.changes = append(r.changes, c)
	select {
	case r.more <- struct{}{}:
	default:
	}
}

// next is the change that is told next.
func (r *record) next(t *testing.T) epoch.Change {
	t.Helper()
	for {
		r.mu.Lock()
		if len(r.changes) > 0 {
			c := r.changes[0]
			r.changes = r.changes[1:]
			r.mu.Unlock()
			return c
		}
		r.mu.Unlock()
		select {
		case <-r.more:
		case <-time.After(10 * time.Second * apptest.Slowdown):
			t.Fatal("nothing was told")
		}
	}
}

func watch(t *testing.T, s *apptest.Server) (*epoch.Watcher, *record, func()) {
	t.Helper()
	r := &record{more: make(chan struct{}, 1)}
	w, err := epoch.Open(t.Context(), epoch.Config{Store: s.App.Store, Deaf: true, Drop: r.drop, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { w.Run(ctx) })
	stop := sync.OnceFunc(func() { cancel(); running.Wait() })
	t.Cleanup(stop)
	return w, r, stop
}

// Security 4.5: whoever changes what verifying depends on says so, whichever verb it is, and says whom it concerns; what it does
// not depend on says nothing.
//
//keyhall:norace
func TestEveryChangeOfWhatVerifyingDependsOnIsToldOfWhomItConcerns(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		group := ada.MakeGroup(t, "Team")
		root := s.Administrator(t)
		ben := s.Actor(t, "ben")
		s.JoinOrganization(t, ada.Home, ben, "READER")
		_, told, _ := watch(t, s)
		id := apptest.Vars{"id": key.ID}
		for _, deed := range []struct {
			who      *apptest.Actor
			mutation string
			vars     apptest.Vars
			about    []string // one of them at least; "": everybody
		}{
			{ada, `mutation($id: ID!) { disableAPIKey(input: {id: $id}) { errors { code } } }`, id, []string{key.ID}},
			{ada, `mutation($id: ID!) { enableAPIKey(input: {id: $id}) { errors { code } } }`, id, []string{key.ID}},
			{ada, `mutation($id: ID!) { updateSecuritySettings(input: {apiKeyId: $id, requireSecret: true}) { errors { code } } }`, id, []string{key.ID}},
			{ada, `mutation($id: ID!) { rotateAPIKeySecret(input: {id: $id, overlapSeconds: 0}) { errors { code } } }`, id, []string{key.ID}},
			{ada, `mutation($id: ID!) { addGroupMembers(input: {groupId: $id, members: [{login: "` + ben.Username + `"}]}) { errors { code } } }`, apptest.Vars{"id": group}, []string{ben.ID}},
			{ada, `mutation($id: ID!) { updateGroup(input: {id: $id, status: DISABLED}) { errors { code } } }`, apptest.Vars{"id": group}, nil},
			{root, `mutation($id: ID!) { setUserStatus(input: {userId: $id, suspended: true}) { errors { code } } }`, apptest.Vars{"id": ben.ID}, []string{ben.ID}},
			{ada, `mutation($id: ID!) { rotateAPIKey(input: {id: $id, overlapSeconds: 60}) { errors { code } } }`, id, []string{key.ID}},
			{ada, `mutation($id: ID!) { deleteAPIKey(input: {id: $id}) { errors { code } } }`, id, []string{key.ID}},
		} {
			// what is only told of a key is no change
			other := ada.CreateKey(t, "Other", "", "PROJECT")
			if c := told.next(t); !slices.Contains(c.Subjects, other.ID) || c.All {
				t.Fatalf("a new key is told as %+v, and those before it too", c)
			}
			ada.Must(t, `mutation($id: ID!) { updateAPIKey(input: {id: $id, name: "Renamed", tags: ["a"]}) { errors { code } } }`, apptest.Vars{"id": other.ID})
			deed.who.Must(t, deed.mutation, deed.vars)
			c := told.next(t)
			if c.All != (deed.about == nil) {
				t.Errorf("%s is about everybody: %v", deed.mutation, c.All)
			}
			for _, want := range deed.about {
				if !slices.Contains(c.Subjects, want) {
					t.Errorf("%s is about %v, not %s", deed.mutation, c.Subjects, want)
				}
			}
		}
	})
}

// Security 4.5: a deed that was undone raised nothing.
//
//keyhall:norace
func TestWhatWasUndoneIsNotTold(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		before := s.Count(t, "revocations")
		ben.Do(t, `mutation($id: ID!) { disableAPIKey(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": key.ID})
		ada.Do(t, `mutation($id: ID!) { updateSecuritySettings(input: {apiKeyId: $id, requireJWT: true}) { errors { code } } }`, apptest.Vars{"id": key.ID})
		if after := s.Count(t, "revocations"); after != before {
			t.Errorf("%d changes were told of what was refused", after-before)
		}
	})
}

// Security 4.5: a process that slept longer than the rows are kept cannot know whom it missed.
func TestAWatcherThatMissedRowsDropsEverybody(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		_, told, _ := watch(t, s)
		s.SQL(t, "UPDATE epoches SET number = number + 2")
		if c := told.next(t); !c.All {
			t.Errorf("told %+v", c)
		}
		ada.CreateKey(t, "Payments", "", "PROJECT")
		if c := told.next(t); c.All {
			t.Errorf("and then %+v", c)
		}
	})
}

// Security 4.5: the lease is 900 ms from the start of the last look that succeeded, by a clock that nobody sets.
//
//keyhall:norace
func TestALeaseThatIsNotRenewedIsOver(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		w, _, stop := watch(t, s)
		stop()
		now := time.Now()
		if !w.Fresh(now) {
			t.Skip("this machine took longer than the lease")
		}
		if w.Fresh(now.Add(900 * time.Millisecond)) {
			t.Error("what is remembered is believed 900 ms after the last look")
		}
		var clock int64
		ask := "SELECT CAST(unixepoch('subsec') * 1000000 AS INTEGER)"
		if s.Database == apptest.Postgres {
			ask = "SELECT (extract(epoch from clock_timestamp()) * 1000000)::bigint"
		}
		s.Row(t, ask, nil, &clock)
		if ahead := time.Duration(w.Clock(now)-clock) * time.Microsecond; ahead > time.Second || ahead < -5*time.Second {
			t.Errorf("the clock is %v ahead of the database's", ahead)
		}
	})
}

// Rows of changes go after an hour, and not before.
//
//keyhall:norace
func TestOldChangesAreForgotten(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		s.Actor(t, "ada").CreateKey(t, "Payments", "", "PROJECT")
		had := s.Count(t, "revocations")
		s.SQL(t, "INSERT INTO revocations (id, created_at, number, subject_id) VALUES ('rvc_old', ?, 0, '')", time.Now().Add(-time.Hour-time.Minute).UnixMicro())
		if err := s.App.Epoch.Forget(t.Context()); err != nil {
			t.Fatal(err)
		}
		if has := s.Count(t, "revocations"); has != had || had == 0 {
			t.Errorf("%d rows are left of %d and an old one", has, had)
		}
	})
}

// Nothing is left of a watcher that was stopped, also where it listens.
func TestAStoppedWatcherLeavesNothingBehind(t *testing.T) {
	for _, d := range []apptest.Database{apptest.SQLite, apptest.Postgres} { // not beside others, whose goroutines come and go
		t.Run(string(d), func(t *testing.T) {
			s := apptest.New(t, d)
			s.Actor(t, "ada")
			defer goleak.VerifyNone(t, goleak.IgnoreCurrent(), goleak.IgnoreAnyFunction("database/sql.(*DB).connectionOpener"), goleak.IgnoreAnyFunction("github.com/lib/pq.(*conn).watchCancel.func1"))
			w, err := epoch.Open(t.Context(), epoch.Config{Store: s.App.Store, Drop: func(epoch.Change) {}, Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			done := make(chan struct{})
			go func() { w.Run(ctx); close(done) }()
			for began, tick := w.Number(), time.Tick(time.Millisecond); w.Number() == began; <-tick {
				s.SQL(t, "UPDATE epoches SET number = number + 1")
			}
			cancel()
			<-done
		})
	}
}
