package authn_test

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/authn"
	"github.com/keyhall/keyhall/internal/keyring"
)

const (
	// countedKiB is what one argon2 run takes where runs are counted: so much that they can be counted by what is allocated,
	// which no neighbour on the machine changes as a clock would.
	countedKiB = 32 << 10
	dearKiB    = 64 << 10 // as a running server takes
)

// runs counts the argon2 runs of a deed. Nothing else may run in this process meanwhile.
func runs(deed func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	deed()
	runtime.ReadMemStats(&after)
	return int(math.Floor(float64(after.TotalAlloc-before.TotalAlloc) / (countedKiB << 10)))
}

func costing(kiB uint32) func(*app.Config) {
	return func(c *app.Config) { c.Accounts.Cost = authn.Cost{MemoryKiB: kiB, Passes: 1} }
}

// Not parallel: it counts what the process allocates.
//
//keyhall:norace
func TestAnUnknownAccountIsAsMuchWorkAsAKnownOne(t *testing.T) { // T12, security.md 3.12
	for _, d := range []apptest.Database{apptest.SQLite, apptest.Postgres} {
		s := apptest.New(t, d, costing(countedKiB))
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		s.SQL(t, "UPDATE users SET suspended_at = 1 WHERE id = ?", ben.ID)
		accounts := s.App.Accounts
		for name, password := range map[string]string{"the right password": apptest.Password, "a wrong password": "not the password", "a short one": "x", "a long one": strings.Repeat("p", 2000), "none": ""} {
			want := runs(func() { _, _ = accounts.SignIn(t.Context(), "somebody-else", keyring.NewSecret(password)) })
			for who, login := range map[string]string{"a username": ada.Username, "an address": ada.Email, "a suspended account": ben.Username, "an unknown username": "nosuch", "an unknown address": "no@such.test"} {
				got := runs(func() { _, _ = accounts.SignIn(t.Context(), login, keyring.NewSecret(password)) })
				if got != want || (name == "the right password" || name == "a wrong password") && got != 1 {
					t.Errorf("%s: %s with %s costs %d runs, somebody unknown %d", d, who, name, got, want)
				}
			}
		}
		fresh := func(email, username string) authn.NewAccount {
			return authn.NewAccount{Email: email, Username: username, Name: "New", Password: keyring.NewSecret(apptest.Password)}
		}
		for who, in := range map[string]authn.NewAccount{"a known address": fresh(ada.Email, "new1"), "a known address in upper case": fresh(strings.ToUpper(ada.Email), "new2"), "an unknown one": fresh("new3@keyhall.test", "new3")} {
			if got := runs(func() { _ = accounts.SignUp(t.Context(), in) }); got != 1 {
				t.Errorf("%s: signing up with %s costs %d runs", d, who, got)
			}
		}
	}
}

// Not parallel: as above.
func TestWhoHasGoneAwayCostsNoRun(t *testing.T) {
	s := apptest.New(t, apptest.SQLite, costing(countedKiB))
	ada := s.Actor(t, "ada")
	gone, leave := context.WithCancel(t.Context())
	leave()
	if got := runs(func() { _, _ = s.App.Accounts.SignIn(gone, ada.Username, keyring.NewSecret(apptest.Password)) }); got != 0 {
		t.Errorf("%d runs for a client that is gone", got)
	}
}

// Not parallel: it watches the memory of the process. Each run takes 64 MiB; two at a time leave room for the garbage.
//
//keyhall:norace
func TestManySignInsAtOnceStayWithinTheirMemory(t *testing.T) { // design.md 6: 200 simultaneous sign-ins, 256 MiB
	const signIns = 200
	answers := int64(signIns)
	if testing.Short() {
		answers = 40 // all 200 come at once and wait, and go away when 40 were answered: no more than two ever run
	}
	s := apptest.New(t, apptest.SQLite, costing(dearKiB))
	ada := s.Actor(t, "ada")
	debug.FreeOSMemory()
	var base runtime.MemStats
	runtime.ReadMemStats(&base)

	var peak atomic.Uint64
	done, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				var now runtime.MemStats
				runtime.ReadMemStats(&now)
				if now.HeapInuse > peak.Load() {
					peak.Store(now.HeapInuse)
				}
			}
		}
	}()
	var all sync.WaitGroup
	var answered, wrong atomic.Int64
	ctx, enough := context.WithCancel(t.Context())
	defer enough()
	for i := range signIns {
		all.Go(func() {
			login, password := ada.Username, apptest.Password
			if i%2 == 1 {
				login = fmt.Sprintf("nosuch%d", i)
			}
			_, err := s.App.Accounts.SignIn(ctx, login, keyring.NewSecret(password))
			if (err == nil) != (i%2 == 0) && ctx.Err() == nil {
				wrong.Add(1)
			}
			if answered.Add(1) == answers {
				enough()
			}
		})
	}
	all.Wait()
	close(done)
	<-watched
	if wrong.Load() != 0 {
		t.Errorf("%d of %d sign-ins ended wrongly", wrong.Load(), signIns)
	}
	grown := (int64(peak.Load()) - int64(base.HeapInuse)) >> 20
	t.Logf("%d sign-ins at once: %d MiB more than before", signIns, grown)
	if grown > 256 {
		t.Errorf("%d sign-ins at once took %d MiB, 256 are allowed", signIns, grown)
	}
}
