package usage_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/traffic"
	"github.com/keyhall/keyhall/internal/usage"
	"github.com/keyhall/keyhall/policy/lock"
)

// model is what should be stored, added up by hand: of each key, method and outcome by the minute.
type model struct {
	written map[line]int64
	waiting []map[line]int64 // of each process: gone when it is killed
}

type line struct {
	key, method, outcome string
	minute               int64
}

// However counting, writing, commits of which nobody learns, kills and adding up come one after the other: what was written is
// there, once, in every sum, before and after minutes became hours and hours days. What a killed process had not written is not.
//
//keyhall:norace
func TestCountsStayExactHoweverTheyAreWrittenAndAddedUp(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		for range 3 {
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			s.SQL(t, "DELETE FROM usage_buckets")
			walk(t, s, rand.New(rand.NewPCG(seed, 1)))
		}
	})
}

func walk(t *testing.T, s *apptest.Server, r *rand.Rand) {
	t.Helper()
	const processes = 3
	m := model{written: map[line]int64{}}
	var running []*usage.Counter
	for range processes {
		running, m.waiting = append(running, counter(s)), append(m.waiting, map[line]int64{})
	}
	settle := func(i int) { // all that waits is written
		for k, n := range m.waiting[i] {
			m.written[k] += n
		}
		m.waiting[i] = map[line]int64{}
	}
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for range 150 {
		i := r.IntN(processes)
		c := running[i]
		must := func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		}
		switch r.IntN(10) {
		default:
			for range 1 + r.IntN(20) {
				k, method := keyOf(r.IntN(4)), []string{"GET", "POST", ""}[r.IntN(3)]
				code := []traffic.Code{traffic.Valid, traffic.Disabled}[r.IntN(2)]
				at := now.Add(-time.Duration(r.IntN(7200)) * time.Second) // some come late
				must(c.Count(t.Context(), use(k, method, code, 2, at)))
				m.waiting[i][line{k.ID, method, string(code), at.Truncate(time.Minute).UnixMicro()}]++
			}
		case 5:
			must(c.Flush(t.Context()))
			settle(i)
		case 6:
			must(c.WriteUnclearly(t.Context())) // it is written; the process does not know
			settle(i)
		case 7: // kill -9
			running[i], m.waiting[i] = counter(s), map[line]int64{}
		case 8:
			must(c.RollUpAt(t.Context(), now))
		case 9:
			now = now.Add(time.Duration(r.IntN(30)) * time.Hour)
		}
	}
	for i, c := range running {
		if err := c.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		settle(i)
	}
	agree(t, s, m, now)
	for range 2 { // also added up as far as it goes, and once more
		now = now.Add(20 * 24 * time.Hour)
		if err := running[0].RollUpAt(t.Context(), now); err != nil {
			t.Fatal(err)
		}
		agree(t, s, m, now)
	}
	if n := s.Count(t, "usage_buckets WHERE width <> 'DAY'"); n != 0 {
		t.Errorf("%d rows are not added up to days", n)
	}
	if n := s.Count(t, "usage_batches"); n > 60 {
		t.Errorf("%d rows of batches are left", n)
	}
}

// agree compares the sums of all, of each key, and of each window that can be asked for.
func agree(t *testing.T, s *apptest.Server, m model, now time.Time) {
	t.Helper()
	of := map[string]int64{}
	for k, n := range m.written {
		for _, name := range []string{"all", "key " + k.key, "method " + k.method, "outcome " + k.outcome, "line " + k.key + k.method + k.outcome} {
			of[name] += n
		}
	}
	check := func(name, where string, args ...any) {
		requests, units, spend := stored(t, s, where, args...)
		if requests != of[name] || units != 2*of[name] || spend != 6*of[name] {
			t.Errorf("%s: %d requests, %d units, %d spent; want %d requests", name, requests, units, spend, of[name])
		}
	}
	check("all", "1 = 1")
	for i := range 4 {
		check(fmt.Sprintf("key key_%d", i), "api_key_id = ?", fmt.Sprintf("key_%d", i))
	}
	for _, method := range []string{"GET", "POST", ""} {
		check("method "+method, "method = ?", method)
	}
	check("outcome VALID", "outcome = 'VALID'")
	check("outcome DISABLED", "outcome = 'DISABLED'")
	// Days are never wider than a day, so thirty of them can always be told apart.
	span := usage.Finished(now.Add(24*time.Hour), 24*time.Hour, 30)
	under := lock.UsageOf(context.Background(), lock.Used{OrganizationID: "org_1"})
	got, err := usage.Totals(under, s.App.Store.Client, span, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	days := map[int64]int64{}
	for k, n := range m.written {
		if day := time.UnixMicro(k.minute).Truncate(24 * time.Hour); !day.Before(span.From) && day.Before(span.To) {
			days[day.UnixMicro()] += n
		}
	}
	for _, d := range got {
		if days[d.Start.UnixMicro()] != d.Requests {
			t.Errorf("on %s: %d requests, want %d", d.Start, d.Requests, days[d.Start.UnixMicro()])
		}
		delete(days, d.Start.UnixMicro())
	}
	if len(days) > 0 {
		t.Errorf("days without a point: %v", days)
	}
}
