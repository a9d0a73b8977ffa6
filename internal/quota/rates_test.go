package quota_test

import (
	"context"
	"fmt"
	"math/big"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/quota"
	"github.com/keyhall/keyhall/internal/traffic"
)

// clock is one that a test moves.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

// rates is a quota without spend limits, so without a database.
func rates(t *testing.T) (*quota.Quota, *clock) {
	t.Helper()
	q, err := quota.New(nil, quota.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	c := &clock{time.Unix(1_800_000_000, 0)}
	q.At(c.now)
	return q, c
}

func take(t *testing.T, q *quota.Quota, k *traffic.Key) traffic.Standing {
	t.Helper()
	s, err := q.Take(t.Context(), k, 1)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// design.md section 7: a rate of 5 in 86,400 s lets exactly 5 pass; then one comes back every 17,280 s.
//
//keyhall:norace
func TestARateOfFiveADayLetsExactlyFivePass(t *testing.T) {
	t.Parallel()
	q, at := rates(t)
	k := quota.Key([]traffic.Rate{{Scope: "key_1", Requests: 5, Window: 24 * time.Hour}})
	for n := int64(1); n <= 5; n++ {
		if s := take(t, q, k); s.Code != traffic.Valid || s.Remaining != 5-n || s.Limit != 5 || s.Window != 24*time.Hour || s.Reset != time.Duration(n)*17_280*time.Second || !s.Limited {
			t.Errorf("request %d: %+v", n, s)
		}
	}
	for range 3 { // refused, and that costs nothing
		if s := take(t, q, k); s.Code != traffic.RateLimited || s.After != 17_280*time.Second || s.Remaining != 0 {
			t.Errorf("request 6: %+v", s)
		}
	}
	for day := range 3 {
		at.at = at.at.Add(17_279 * time.Second)
		if s := take(t, q, k); s.Code != traffic.RateLimited || s.After != time.Second {
			t.Errorf("a second too early (%d): %+v", day, s)
		}
		at.at = at.at.Add(time.Second)
		if s := take(t, q, k); s.Code != traffic.Valid {
			t.Errorf("when one is back (%d): %+v", day, s)
		}
	}
	at.at = at.at.Add(24 * time.Hour)
	if s := take(t, q, k); s.Remaining != 4 {
		t.Errorf("a day later: %+v", s)
	}
}

// A number that changes leaves alone what is used of the window: no one gets a fresh start by it.
//
//keyhall:norace
func TestARateThatChangesKeepsWhatIsUsed(t *testing.T) {
	t.Parallel()
	q, _ := rates(t)
	rate := func(n int64) *traffic.Key {
		return quota.Key([]traffic.Rate{{Scope: "key_1", Requests: n, Window: time.Hour}})
	}
	for range 4 {
		take(t, q, rate(4))
	}
	if s := take(t, q, rate(2)); s.Code != traffic.RateLimited {
		t.Errorf("halved when all was used: %+v", s)
	}
	if s := take(t, q, rate(8)); s.Code != traffic.RateLimited {
		t.Errorf("doubled when all was used: %+v", s)
	}
}

// bucket is the other opinion about a rate: what is in it, exactly, drained evenly.
type bucket struct {
	level *big.Rat
	at    time.Time
}

func (b *bucket) drain(r traffic.Rate, now time.Time) {
	gone := big.NewRat(int64(now.Sub(b.at))*r.Requests, int64(r.Window))
	b.level.Sub(b.level, gone)
	if b.level.Sign() < 0 {
		b.level.SetInt64(0)
	}
	b.at = now
}

// C6, C14: of many keys in a few projects and organizations, each with rates of its own, a request passes exactly when the buckets
// of all its rates have room, and one that is refused puts nothing into any of them.
//
//keyhall:norace
func TestARequestPassesExactlyWhenAllItsRatesHaveRoom(t *testing.T) {
	t.Parallel()
	for range 30 {
		seed := rand.Uint64()
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 1))
			q, at := rates(t)
			keys := world(r)
			buckets := map[string]*bucket{}
			for step := range 600 {
				at.at = at.at.Add(time.Duration(r.IntN(400)) * time.Millisecond)
				k := keys[r.IntN(len(keys))]
				want := traffic.Valid
				for _, rate := range k.Rates {
					name := fmt.Sprint(rate.Scope, rate.Window)
					if buckets[name] == nil {
						buckets[name] = &bucket{new(big.Rat), at.at}
					}
					buckets[name].drain(rate, at.at)
					if new(big.Rat).Add(buckets[name].level, big.NewRat(1, 1)).Cmp(big.NewRat(rate.Requests, 1)) > 0 {
						want = traffic.RateLimited
					}
				}
				if want == traffic.Valid {
					for _, rate := range k.Rates {
						b := buckets[fmt.Sprint(rate.Scope, rate.Window)]
						b.level.Add(b.level, big.NewRat(1, 1))
					}
				}
				if got := take(t, q, k); got.Code != want {
					t.Fatalf("seed %d, step %d: %s, want %s: %+v", seed, step, got.Code, want, k)
				}
			}
		})
	}
}

// world is keys of two organizations with two projects each; some things have no rates, some three.
func world(r *rand.Rand) []*traffic.Key {
	some := func(scope string) (out []traffic.Rate) {
		for _, w := range []int64{1, 6, 60} {
			if r.IntN(3) > 0 {
				out = append(out, traffic.Rate{Scope: scope, Requests: []int64{1, 2, 3, 5, 10, 30}[r.IntN(6)], Window: time.Duration(w) * 30 * time.Second})
			}
		}
		return out
	}
	var keys []*traffic.Key
	for o := range 2 {
		ofOrganization := some(fmt.Sprintf("org_%d", o))
		for p := range 2 {
			ofProject := some(fmt.Sprintf("prj_%d%d", o, p))
			for k := range 3 {
				id := fmt.Sprintf("key_%d%d%d", o, p, k)
				rates := append(append(some(id), ofProject...), ofOrganization...)
				r.Shuffle(len(rates), func(i, j int) { rates[i], rates[j] = rates[j], rates[i] })
				keys = append(keys, &traffic.Key{ID: id, Rates: rates})
			}
		}
	}
	return keys
}

// Many at once never get more than one at a time would, and nobody waits for ever: keys name their limits in any order.
func TestManyAtOnceGetNoMoreThanTheLimit(t *testing.T) {
	t.Parallel()
	q, _ := rates(t)
	limits := []traffic.Rate{{Scope: "key_1", Requests: 500, Window: time.Hour}, {Scope: "prj_1", Requests: 300, Window: time.Hour}, {Scope: "org_1", Requests: 400, Window: 2 * time.Hour}}
	passed := make(chan bool, 16*100)
	var all sync.WaitGroup
	for w := range 16 {
		all.Go(func() {
			k := quota.Key([]traffic.Rate{limits[w%3], limits[(w+1)%3], limits[(w+2)%3]})
			for range 100 {
				s, err := q.Take(context.Background(), k, 1)
				passed <- err == nil && s.Code == traffic.Valid
			}
		})
	}
	all.Wait()
	close(passed)
	n := 0
	for ok := range passed {
		if ok {
			n++
		}
	}
	if n != 300 {
		t.Errorf("%d passed, want 300", n)
	}
}

// What is as if it had never been used is forgotten; a limit in use is not, however many others come.
//
//keyhall:norace
func TestMemoryHoldsWhatIsInUse(t *testing.T) {
	t.Parallel()
	q, at := rates(t)
	busy := quota.Key([]traffic.Rate{{Scope: "key_busy", Requests: 1, Window: 31 * 24 * time.Hour}})
	take(t, q, busy)
	for i := range 400_000 {
		if i%1000 == 0 {
			at.at = at.at.Add(2 * time.Second)
		}
		take(t, q, quota.Key([]traffic.Rate{{Scope: fmt.Sprintf("key_%d", i), Requests: 10, Window: time.Second}}))
	}
	if s := take(t, q, busy); s.Code != traffic.RateLimited {
		t.Errorf("the busy one: %+v", s)
	}
	if n := q.Scopes(); n > 100_000 {
		t.Errorf("%d are remembered", n)
	}
}
