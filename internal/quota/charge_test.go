package quota_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/quota"
	"github.com/keyhall/keyhall/internal/traffic"
)

// charge reports what a request turned out to cost.
func charge(t *testing.T, s *apptest.Server, q *quota.Quota, k *traffic.Key, units int64) traffic.Code {
	t.Helper()
	tx, err := s.App.Store.Tx(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	code, err := q.Charge(t.Context(), tx, k, units)
	if err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	return code
}

// C7: what has happened counts whatever the limit is. Then nothing more passes, here at once and elsewhere as soon as it is called back, also
// nothing that says it costs nothing; what is over is told, and a higher limit lets pass again.
func TestAReportedCostCountsAndThenNothingPasses(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		q, other := s.App.Quota, beside(t, s)
		k := quota.Key(nil, spend("prj_1", 100_000_000), spend("key_1", 900_000_000))
		take(t, q, k)
		take(t, other, k)
		if code := charge(t, s, q, k, 1000); code != traffic.Valid { // 30.00 of 100.00
			t.Errorf("there is room: %s", code)
		}
		if code := charge(t, s, q, k, 4000); code != traffic.SpendLimitReached {
			t.Errorf("150.00 of 100.00: %s", code)
		}
		if got := take(t, q, k); got.Code != traffic.SpendLimitReached {
			t.Errorf("here: %+v", got)
		}
		other.Recall(false, "prj_1")
		if got := take(t, other, k); got.Code != traffic.SpendLimitReached {
			t.Errorf("elsewhere: %+v", got)
		}
		if free, err := other.Take(t.Context(), k, 0); err != nil || free.Code != traffic.SpendLimitReached {
			t.Errorf("what is said to cost nothing: %+v, %v", free, err)
		}
		b, err := q.Budgets(t.Context(), k.Spends)
		if err != nil || b[0].Spent != 150_060_000 || !b[0].Binds || b[1].Spent != 150_030_000 || b[1].Binds { // of the key the other process still holds a lease
			t.Errorf("the project, then the key: %+v, %v", b, err)
		}
		k.Spends[0].Amount = 150_100_000
		if got := take(t, q, k); got.Code != traffic.Valid {
			t.Errorf("raised: %+v", got)
		}
		unpriced := *k
		unpriced.UnitPrice = 0
		k.Spends[0].Amount = 1
		if got := take(t, q, &unpriced); got.Code != traffic.Valid {
			t.Errorf("where use has no price: %+v", got)
		}
	}, calm)
}

// A limit in another currency than the cost: nothing can be taken out of it, and the answer is as for any request.
func TestALimitInAnotherCurrencyIsNotChargedAndRefuses(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		k := quota.Key(nil, traffic.Spend{Scope: "prj_1", Amount: 1_000_000_000, Currency: "EUR"})
		if code := charge(t, s, s.App.Quota, k, 1); code != traffic.SpendLimitReached || s.Count(t, "spend_accounts") != 0 {
			t.Errorf("%s, and %d accounts", code, s.Count(t, "spend_accounts"))
		}
	}, calm)
}

// C7: requests and reports of several processes at once, of which none hears that the others are over: what passed is never more than the
// limit, and once nobody holds anything what is given out is what passed and what was reported.
func TestReportsTakeNothingFromTheLimitTwice(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		scopes := []string{"key_1", "prj_1", "org_1"}
		const limit = 2_000_000
		var passed, reported atomic.Int64
		processes := []*quota.Quota{beside(t, s), beside(t, s), beside(t, s)}
		var all sync.WaitGroup
		for w := range 6 {
			all.Go(func() {
				r := rand.New(rand.NewPCG(seed, uint64(w)))
				for range 30 {
					k := &traffic.Key{UnitPrice: 1 + r.Int64N(9_000), Currency: "USD", Spends: []traffic.Spend{spend(scopes[0], limit), spend(scopes[1], limit), spend(scopes[2], limit)}}
					r.Shuffle(3, func(i, j int) { k.Spends[i], k.Spends[j] = k.Spends[j], k.Spends[i] })
					q, units := processes[r.IntN(3)], 1+r.Int64N(5)
					if r.IntN(4) == 0 {
						if reports(s, q, k, units) == nil {
							reported.Add(units * k.UnitPrice)
						}
						continue
					}
					got, err := q.Take(context.Background(), k, units)
					if err != nil {
						t.Errorf("seed %d: %v", seed, err)
						return
					}
					if got.Code == traffic.Valid {
						passed.Add(units * k.UnitPrice)
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
		if passed.Load() > limit || reported.Load() == 0 {
			t.Errorf("seed %d: %d passed, %d was reported, the limit is %d", seed, passed.Load(), reported.Load(), limit)
		}
		for _, scope := range scopes {
			var granted int64
			s.Row(t, fmt.Sprintf("SELECT granted FROM spend_accounts WHERE scope_id = '%s'", scope), nil, &granted)
			if granted != passed.Load()+reported.Load() {
				t.Errorf("seed %d: of %s %d is given out; %d passed and %d was reported", seed, scope, granted, passed.Load(), reported.Load())
			}
		}
	}, calm)
}

// reports charges, or does nothing where somebody else opened the account of the month at the same moment.
func reports(s *apptest.Server, q *quota.Quota, k *traffic.Key, units int64) error {
	tx, err := s.App.Store.Tx(context.Background())
	if err != nil {
		return err
	}
	if _, err := q.Charge(context.Background(), tx, k, units); err != nil {
		_ = tx.Rollback()
		return err
	}
	return tx.Commit()
}
