package main

import (
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/apptest/redistest"
)

// Three server processes, on one PostgreSQL: what each of the long runs beside this shows, in short. One of them after the other, as they
// stop and kill processes.
func TestThreeServersOnOnePostgreSQL(t *testing.T) {
	t.Parallel()
	var env []string
	if redistest.Installed(t) {
		env = []string{"KEYHALL_REDIS_URL=" + redistest.Start(t).URL()}
	}
	f := newFleet(t, env...)
	r, l := newRevoking(t, f), &limiting{fleet: f, codes: map[string]int{}}
	t.Run("no key is valid a second after it was revoked", func(t *testing.T) { r.run(t, 240, 4, 5) })
	t.Run("a server that is cut off lets nothing pass", func(t *testing.T) { r.cutOff(t, false) })
	t.Run("a server that slept lets nothing pass that was revoked", r.oversleeps)
	t.Run("a project that is used up holds up no other", func(t *testing.T) { f.isolates(t, 100, 3) })
	t.Run("every limit holds though a server is killed", func(t *testing.T) {
		l.round(t, rand.New(rand.NewPCG(seedOf(t), 0)), 1500, 1, 2*time.Second)
	})
}

// Security 4.5: the same with connections that break, and again and again.
func TestSoakAServerThatIsCutOffLetsNothingPass(t *testing.T) {
	soak(t)
	r := newRevoking(t, newFleet(t))
	for n := range 20 {
		r.cutOff(t, n%2 == 1)
		r.oversleeps(t)
	}
}

// cutOff has a server lose the database, silently or with all its connections. Of what it remembers it lets nothing pass once its
// lease is over: neither the key that was disabled meanwhile, nor the one that was not, of which it cannot know.
func (r *revoking) cutOff(t *testing.T, broken bool) {
	const far = 2
	gone, good := r.known(t), r.known(t)
	way := r.members[far].wire
	way.Set(true, true)
	if broken {
		way.BreakOff(true)
	}
	cut := time.Now()
	if err := gone.deed("disableAPIKey(input: {id: $id})")(); err != nil { // at another process
		t.Fatal(err)
	}
	revoked := time.Now()
	answers, longest := r.askAround(far, 3*bar, gone, good), time.Duration(0)
	for _, a := range answers {
		longest = max(longest, a.ended.Sub(a.began))
		since := map[*revoker]time.Time{gone: revoked, good: cut}[a.of]
		if err := gone.late(a.verdict, since); err != nil {
			t.Errorf("cut off (broken: %t): %v", broken, err)
		}
		if since = since.Add(bar); a.began.After(since) && a.Code != "" {
			t.Errorf("cut off (broken: %t) for %v, it decides: %s", broken, a.began.Sub(cut), a.Code)
		}
	}
	if longest > 15*time.Second {
		t.Errorf("cut off (broken: %t): somebody waited %v for an answer", broken, longest)
	}
	way.Set(false, false)
	mended := time.Now()
	if err := errors.Join(gone.until(far, "DISABLED"), good.until(far, "VALID")); err != nil {
		t.Errorf("when the database is back: %v", err)
	}
	t.Logf("cut off (broken: %t): %d questions, answered in %v at most; decides again %v after it is back", broken, len(answers), longest, time.Since(mended))
}

// oversleeps stops a process for two seconds, in which a key is disabled. Who asked it while it slept, a second after that, or asks it when it
// wakes, is not told that the key is good.
func (r *revoking) oversleeps(t *testing.T) {
	const sleeper = 1
	gone := r.known(t)
	var answers []answered
	var asking sync.WaitGroup
	var revoked time.Time
	r.pause(t, sleeper, func() {
		if err := gone.deed("disableAPIKey(input: {id: $id})")(); err != nil {
			t.Error(err)
		}
		revoked = time.Now()
		asking.Go(func() { answers = r.askAround(sleeper, 2*bar, gone) })
		<-time.After(2 * bar) // how long it sleeps is what is tested
	})
	asking.Wait()
	for _, a := range append(answers, r.askAround(sleeper, bar/4, gone)...) {
		if err := gone.late(a.verdict, revoked); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d questions while it slept", len(answers))
}

// known is a new key that all processes remember; its deeds are done at the first one.
func (r *revoking) known(t *testing.T) *revoker {
	t.Helper()
	p := &revoker{revoking: r, who: "ada"}
	key, err := r.issue(0, "ada", r.project)
	if err != nil {
		t.Fatal(err)
	}
	p.key = key
	for at := range r.members {
		if err := p.until(at, "VALID"); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// answered is an answer about the key of somebody.
type answered struct {
	verdict
	of *revoker
}

// askAround begins a question about each key every few milliseconds, for some time, whether those before are answered or not.
func (r *revoking) askAround(at int, during time.Duration, about ...*revoker) (all []answered) {
	var mu sync.Mutex
	var asking sync.WaitGroup
	began := time.Now()
	every(50*time.Millisecond, func() bool {
		for _, p := range about {
			asking.Go(func() {
				v := p.asked(at, p.key.Plaintext)
				mu.Lock()
				defer mu.Unlock()
				all = append(all, answered{v, p})
			})
		}
		return time.Since(began) < during
	})
	asking.Wait()
	return all
}
