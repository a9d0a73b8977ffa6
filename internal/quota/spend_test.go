package quota_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/quota"
	"github.com/keyhall/keyhall/internal/traffic"
)

// calm leaves alone what leases: these tests look after them themselves.
func calm(c *app.Config) { c.Quota.Renew = time.Hour }

// beside is another process on the same database.
func beside(t *testing.T, s *apptest.Server, change ...func(*quota.Config)) *quota.Quota {
	t.Helper()
	c := quota.Defaults()
	for _, f := range change {
		f(&c)
	}
	q, err := quota.New(s.App.Store.Client, c)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func spend(scope string, amount int64) traffic.Spend {
	return traffic.Spend{Scope: scope, Amount: amount, Currency: "USD"}
}

// spendAll takes until it is refused, and answers what was spent in millionths at 0.03 a request.
func spendAll(t *testing.T, q *quota.Quota, k *traffic.Key) (spent int64) {
	t.Helper()
	for {
		s := take(t, q, k)
		if s.Code == traffic.SpendLimitReached {
			return spent
		}
		if s.Code != traffic.Valid {
			t.Fatalf("%+v", s)
		}
		spent += k.UnitPrice
	}
}

// What one request may cost is bounded, also without a limit: a sum that is no number any more would stop the adding up of everybody.
func TestARequestCostsAMillionAtMost(t *testing.T) {
	t.Parallel()
	q := beside(t, apptest.New(t, apptest.SQLite, calm))
	for price, passes := range map[int64]bool{1000: true, 1001: false, 9_000_000_000: false} {
		k := quota.Key(nil)
		k.UnitPrice = price
		if _, err := q.Take(t.Context(), k, 1_000_000_000); (err == nil) != passes {
			t.Errorf("a thousand million units at %d millionths: %v", price, err)
		}
	}
}

// C7: of 10.00 at 0.03 exactly 333 pass, and not one more; what is left is too little for any.
//
//keyhall:norace
func TestASpendLimitIsHardAndWhollyUsable(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		q, k := s.App.Quota, quota.Key(nil, spend("prj_1", 10_000_000))
		if spent := spendAll(t, q, k); spent != 9_990_000 {
			t.Errorf("%d was spent, want 9,990,000", spent)
		}
		refused := take(t, q, k)
		if refused.Code != traffic.SpendLimitReached || refused.After <= 0 || refused.After > 31*24*time.Hour {
			t.Errorf("one more: %+v", refused)
		}
		free, err := q.Take(t.Context(), k, 0)
		if err != nil || free.Code != traffic.Valid {
			t.Errorf("what costs nothing: %+v %v", free, err)
		}
		b, err := q.Budgets(t.Context(), k.Spends)
		if err != nil || b[0].Spent != 9_990_000 || !b[0].Binds {
			t.Errorf("it says %+v, %v", b, err)
		}
	}, calm)
}

// C7: another project is not touched, and neither are its keys.
//
//keyhall:norace
func TestTheLimitOfOneProjectRefusesItsKeysOnly(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		q := s.App.Quota
		spendAll(t, q, quota.Key(nil, spend("prj_p", 100_000)))
		if got := take(t, q, quota.Key(nil, spend("prj_q", 100_000))); got.Code != traffic.Valid {
			t.Errorf("a key of the other project: %+v", got)
		}
	}, calm)
}

// Raising a limit lets pass again, and lowering it below what is spent refuses, with the very next request that knows of it.
//
//keyhall:norace
func TestALimitThatChangesHoldsAtOnce(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		q := s.App.Quota
		spendAll(t, q, quota.Key(nil, spend("prj_1", 300_000)))
		raised := quota.Key(nil, spend("prj_1", 3_000_000))
		if got := take(t, q, raised); got.Code != traffic.Valid {
			t.Errorf("raised: %+v", got)
		}
		if got := take(t, q, quota.Key(nil, spend("prj_1", 200_000))); got.Code != traffic.SpendLimitReached {
			t.Errorf("lowered below what is spent: %+v", got)
		}
		if spent := spendAll(t, q, raised); spent != 3_000_000-300_000-30_000 {
			t.Errorf("raised again, %d was spent beside the 330,000 before", spent)
		}
	}, calm)
}

// The same while a process still has much of its lease: what was leased under another limit is not spent under this one.
//
//keyhall:norace
func TestALeaseUnderAnotherLimitIsNotSpent(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		q := s.App.Quota
		take(t, q, quota.Key(nil, spend("prj_1", 100_000_000))) // a lease of 1.00
		if got := take(t, q, quota.Key(nil, spend("prj_1", 40_000))); got.Code != traffic.SpendLimitReached {
			t.Errorf("0.03 is spent, the limit is 0.04 now, and another 0.03 passes: %+v", got)
		}
	}, calm)
}

// What a rate refuses is put back into a lease that has room, and not lost.
//
//keyhall:norace
func TestWhatARateRefusesIsNotSpentOfALease(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		q := s.App.Quota
		k := quota.Key([]traffic.Rate{{Scope: "key_1", Requests: 1, Window: time.Hour}}, spend("prj_1", 100_000_000))
		for range 10 {
			take(t, q, k)
		}
		if b, err := q.Budgets(t.Context(), k.Spends); err != nil || b[0].Spent != 30_000 {
			t.Errorf("one of ten passed, and %+v is spent (%v)", b, err)
		}
	}, calm)
}

// A request that its rate refuses spends nothing; one that the spend limit of the organization refuses uses up nothing of the rate and
// of the other limits.
//
//keyhall:norace
func TestARefusedRequestCostsNothingAnywhere(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		q := s.App.Quota
		k := quota.Key([]traffic.Rate{{Scope: "key_1", Requests: 3, Window: 24 * time.Hour}}, spend("prj_1", 300_000), spend("org_1", 60_000))
		for n, want := range []traffic.Code{traffic.Valid, traffic.Valid, traffic.SpendLimitReached, traffic.SpendLimitReached} {
			if got := take(t, q, k); got.Code != want {
				t.Errorf("request %d: %+v", n, got)
			}
		}
		k.Spends[1].Amount = 600_000
		if got := take(t, q, k); got.Code != traffic.Valid || got.Remaining != 0 {
			t.Errorf("the third of the rate: %+v", got)
		}
		for range 5 {
			if got := take(t, q, k); got.Code != traffic.RateLimited {
				t.Errorf("the fourth: %+v", got)
			}
		}
		b, err := q.Budgets(t.Context(), k.Spends)
		if err != nil || b[0].Spent != 90_000 || b[1].Spent != 90_000 {
			t.Errorf("three requests cost 90,000: %+v, %v", b, err)
		}
		k.Spends[1].Amount = 1 // both refuse: the first of the order of codes is answered
		if got := take(t, q, k); got.Code != traffic.RateLimited {
			t.Errorf("both refuse: %+v", got)
		}
		k.Rates = nil
		k.Spends[1] = traffic.Spend{Scope: "org_1", Amount: 9_000_000, Currency: "EUR"}
		if got := take(t, q, k); got.Code != traffic.SpendLimitReached {
			t.Errorf("a limit in a currency that the use does not cost: %+v", got)
		}
	}, calm)
}

// What a process gives back when it stops is there for the others; what one held that died counts as spent, and a line says so.
//
//keyhall:norace
func TestWhatAStoppedProcessHeldIsThereAndWhatADeadOneHeldIsNot(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		limit := spend("prj_1", 100_000_000) // a lease of it is 1.00: 33 requests
		one, log := quota.Key(nil, limit), &apptest.Log{}
		stops, dies := beside(t, s), beside(t, s)
		take(t, stops, one)
		take(t, dies, one)
		if err := stops.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		ahead := 31 * time.Second
		lives := beside(t, s, func(c *quota.Config) { c.Log = slog.New(slog.NewTextHandler(log, nil)) })
		if err := lives.Keep(t.Context()); err != nil || log.String() != "" {
			t.Errorf("a lease in its time is written off: %v %s", err, log)
		}
		s.SQL(t, "UPDATE spend_leases SET expires_at = 1")
		if err := lives.Keep(t.Context()); err != nil || !strings.Contains(log.String(), "1000000") {
			t.Errorf("nothing says that a lease is lost: %v %s", err, log)
		}
		if spent := spendAll(t, lives, one); spent != 98_970_000 { // 100 less 1.00 of the dead and 0.03 of the stopped: 3,299 requests
			t.Errorf("the others could spend %d", spent)
		}
		dies.Ahead(&ahead) // it was not dead, it slept: what it had is over by its own clock too
		if got := take(t, dies, one); got.Code != traffic.SpendLimitReached {
			t.Errorf("the sleeper goes on spending: %+v", got)
		}
	}, calm)
}

// A lease that is used is renewed, and one that is not is given back.
func TestALeaseInUseIsRenewedAndAnIdleOneGivenBack(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		q, k := s.App.Quota, quota.Key(nil, spend("prj_1", 100_000_000))
		take(t, q, k)
		s.SQL(t, "UPDATE spend_leases SET expires_at = expires_at - 1000000")
		var before, after int64
		s.Row(t, "SELECT expires_at FROM spend_leases", nil, &before)
		if err := q.Keep(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.Row(t, "SELECT expires_at FROM spend_leases", nil, &after)
		if after <= before {
			t.Errorf("in use, and not renewed: %d, %d", before, after)
		}
		if err := q.Keep(t.Context()); err != nil {
			t.Fatal(err)
		}
		var granted int64
		s.Row(t, "SELECT granted FROM spend_accounts", nil, &granted)
		if n := s.Count(t, "spend_leases"); n != 0 || granted != 30_000 {
			t.Errorf("idle: %d leases, %d granted, want none and the 30,000 that were spent", n, granted)
		}
	}, calm)
}

// 00:00 UTC of the first day by the database's clock: what was leased before is good for nothing after, and the whole limit is there.
//
//keyhall:norace
func TestTheMonthIsThatOfTheDatabase(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		q, k := beside(t, s), quota.Key(nil, spend("prj_1", 900_000))
		var shift, ahead time.Duration
		q.Shift(&shift)
		q.Ahead(&ahead)
		now := time.Now().UTC()
		shift = time.Date(2031, 12, 31, 23, 59, 50, 0, time.UTC).Sub(now)
		if spent := spendAll(t, q, k); spent != 900_000 {
			t.Errorf("in December: %d", spent)
		}
		if got := take(t, q, k); got.Code != traffic.SpendLimitReached || got.After > 10*time.Second || got.After < 0 {
			t.Errorf("the month is over in ten seconds: %+v", got)
		}
		shift, ahead = shift+11*time.Second, 11*time.Second
		if spent := spendAll(t, q, k); spent != 900_000 {
			t.Errorf("in January: %d", spent)
		}
		if n := s.Count(t, "spend_accounts WHERE scope_id = 'prj_1' AND month IN (203112, 203201)"); n != 2 {
			t.Errorf("%d months", n)
		}
	}, calm)
}

// Whatever cannot be asked is refused with an error, and what is leased already is spent first.
//
//keyhall:norace
func TestWithoutADatabaseNothingPassesThatIsNotLeased(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		q, k := beside(t, s), quota.Key(nil, spend("prj_1", 100_000_000))
		take(t, q, k)
		s.SQL(t, "ALTER TABLE spend_accounts RENAME TO out_of_reach")
		passed, failed := 0, 0
		for range 40 {
			if got, err := q.Take(t.Context(), k, 1); err != nil {
				failed++
			} else if got.Code == traffic.Valid {
				passed++
			}
		}
		if passed != 32 || failed != 8 {
			t.Errorf("%d passed of the 32 that were leased, and %d failed", passed, failed)
		}
		s.SQL(t, "ALTER TABLE out_of_reach RENAME TO spend_accounts")
		if got := take(t, q, k); got.Code != traffic.Valid {
			t.Errorf("when it is back: %+v", got)
		}
	}, calm)
}

// C7 with all scopes: several processes, many at once, random limits and prices. No limit is ever overspent, and when none of the
// processes holds anything any more what is granted is what was spent.
func TestNoLimitIsOverspentByProcessesSideBySide(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		r := rand.New(rand.NewPCG(seed, 2))
		limits, spent := map[string]int64{}, map[string]*atomic.Int64{}
		for _, scope := range []string{"org_1", "prj_1", "prj_2", "key_1", "key_2", "key_3"} {
			limits[scope], spent[scope] = 100_000+r.Int64N(3_000_000), &atomic.Int64{}
		}
		keys := [][]string{{"key_1", "prj_1", "org_1"}, {"key_2", "prj_1", "org_1"}, {"key_3", "prj_2", "org_1"}, {"key_4", "prj_2", "org_1"}}
		processes := []*quota.Quota{beside(t, s), beside(t, s), beside(t, s)}
		var all sync.WaitGroup
		for w := range 12 {
			seed := r.Uint64()
			all.Go(func() {
				r := rand.New(rand.NewPCG(seed, 3))
				for range 60 {
					scopes := keys[r.IntN(len(keys))]
					k := &traffic.Key{UnitPrice: 1 + r.Int64N(9_000), Currency: "USD"}
					for _, scope := range scopes {
						if limits[scope] > 0 {
							k.Spends = append(k.Spends, spend(scope, limits[scope]))
						}
					}
					units := 1 + r.Int64N(5)
					got, err := processes[w%3].Take(context.Background(), k, units)
					if err != nil {
						t.Errorf("seed %d: %v", seed, err)
						return
					}
					if got.Code == traffic.Valid {
						for _, l := range k.Spends {
							spent[l.Scope].Add(units * k.UnitPrice)
						}
					}
				}
			})
		}
		all.Wait()
		for _, q := range processes {
			if err := q.Close(context.Background()); err != nil {
				t.Error(err)
			}
		}
		for scope, limit := range limits {
			var granted int64
			s.Row(t, fmt.Sprintf("SELECT COALESCE(MAX(granted), 0) FROM spend_accounts WHERE scope_id = '%s'", scope), nil, &granted)
			if sum := spent[scope].Load(); sum > limit || granted != sum {
				t.Errorf("seed %d: of %s %d was spent, %d is granted, the limit is %d", seed, scope, sum, granted, limit)
			}
		}
	}, calm)
}
