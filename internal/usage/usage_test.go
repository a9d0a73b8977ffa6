package usage_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/traffic"
	"github.com/keyhall/keyhall/internal/usage"
)

// 64 who count at once, half of them strictly, beside the writer: nothing is lost and nothing is counted twice, and what was said to be
// counted strictly is on the disk at that moment.
func TestManyCountAtOnceAndNothingIsLost(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		const writers, each = 64, 20
		c := counter(s, func(c *usage.Config) { c.Every = 5 * time.Millisecond })
		ctx, stop := context.WithCancel(t.Context())
		var running, counting sync.WaitGroup
		running.Go(func() { c.Run(ctx) })
		for w := range writers {
			counting.Go(func() {
				k := keyOf(w % 5)
				k.Strict = w%2 == 0
				method := fmt.Sprintf("M%d", w)
				for i := range each {
					if err := c.Count(t.Context(), use(k, method, traffic.Valid, 1, time.Now())); err != nil {
						t.Error(err)
					}
					if !k.Strict {
						continue
					}
					if n, _, _ := stored(t, s, "method = ?", method); n != int64(i+1) {
						t.Errorf("%d of %d strict counts are stored", n, i+1)
					}
				}
			})
		}
		counting.Wait()
		stop()
		running.Wait()
		if err := c.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n, units, spend := stored(t, s, "1 = 1"); n != writers*each || units != n || spend != 3*n {
			t.Errorf("%d requests, %d units, %d spent; want %d", n, units, spend, writers*each)
		}
	})
}

// Who cannot be counted strictly is told so; what nobody waits for is kept until the database is there again, and counted once.
//
//keyhall:norace
func TestCountsOutliveAWriteThatFailed(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		c := counter(s)
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		strict := keyOf(1)
		strict.Strict = true
		if err := c.Count(gone, use(strict, "GET", traffic.Valid, 1, time.Now())); !errors.Is(err, context.Canceled) {
			t.Errorf("a strict count that nobody wrote: %v", err)
		}
		for range 3 {
			if err := c.Count(t.Context(), use(keyOf(2), "GET", traffic.Valid, 1, time.Now())); err != nil {
				t.Fatal(err)
			}
			if err := c.Flush(gone); err == nil {
				t.Error("a write that failed says nothing")
			}
		}
		for range 2 {
			if err := c.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if n, _, _ := stored(t, s, "1 = 1"); n != 4 {
			t.Errorf("%d requests are stored, want 4", n)
		}
	})
}

// Counts are bounded: past that, strict ones are refused and others are left out, and what there is room for still counts.
//
//keyhall:norace
func TestCountsThatWaitAreBounded(t *testing.T) {
	t.Parallel()
	s := apptest.New(t, apptest.SQLite)
	c := counter(s, func(c *usage.Config) { c.Cells = 10 })
	at := time.Now()
	for i := range 30 {
		if err := c.Count(t.Context(), use(keyOf(i), "GET", traffic.Valid, 1, at)); err != nil {
			t.Fatal(err)
		}
	}
	strict := keyOf(99)
	strict.Strict = true
	gone, cancel := context.WithCancel(t.Context())
	cancel() // nobody writes here: whoever found room would wait
	if err := c.Count(gone, use(strict, "GET", traffic.Valid, 1, at)); !errors.Is(err, usage.ErrFull) {
		t.Errorf("a strict count without room: %v", err)
	}
	if err := c.Count(t.Context(), use(keyOf(3), "GET", traffic.Valid, 1, at)); err != nil {
		t.Fatal(err)
	}
	if err := c.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, _, _ := stored(t, s, "1 = 1"); n != 11 {
		t.Errorf("%d requests are stored, want the 10 that there was room for and 1 more of these", n)
	}
	if err := c.Count(t.Context(), use(keyOf(50), "GET", traffic.Valid, 1, at)); err != nil {
		t.Error("there is room again")
	}
	if err := c.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, _, _ := stored(t, s, "api_key_id = 'key_50'"); n != 1 {
		t.Error("what there is room for again is not counted")
	}
}

// Whoever calls names methods: at most 100 of a key in a minute, of 64 plain signs; all others are one.
//
//keyhall:norace
func TestMethodsAreBounded(t *testing.T) {
	t.Parallel()
	s := apptest.New(t, apptest.SQLite)
	c := counter(s)
	at := time.Now().Truncate(time.Minute)
	long := ""
	for range 65 {
		long += "x"
	}
	for _, method := range []string{long, "GET /x", "é", "a\x00b", "'; DROP"} {
		_ = c.Count(t.Context(), use(keyOf(1), method, traffic.Valid, 1, at))
	}
	for _, method := range []string{long[:64], "orders.v1:list/all-of_them"} {
		_ = c.Count(t.Context(), use(keyOf(1), method, traffic.Valid, 1, at))
	}
	for i := range 150 {
		_ = c.Count(t.Context(), use(keyOf(1), fmt.Sprintf("m%d", i), traffic.Valid, 1, at))
		_ = c.Flush(t.Context()) // the bound is of the minute, not of what waits
	}
	_ = c.Count(t.Context(), use(keyOf(2), "m149", traffic.Valid, 1, at))
	_ = c.Count(t.Context(), use(keyOf(1), "m149", traffic.Valid, 1, at.Add(time.Minute)))
	if err := c.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := s.Count(t, "(SELECT DISTINCT method FROM usage_buckets WHERE api_key_id = 'key_1') AS m"); n != 102 {
		t.Errorf("%d methods of a key, want 100, OTHER, and one of the next minute", n)
	}
	if n, _, _ := stored(t, s, "method = 'OTHER'"); n != 5+52 {
		t.Errorf("%d requests are OTHER, want 57", n)
	}
	if n, _, _ := stored(t, s, "method = 'm149'"); n != 2 {
		t.Errorf("another key and another minute: %d, want 2", n)
	}
}

// What a key was last let through with is written to ten seconds; what was refused is no use of it.
//
//keyhall:norace
func TestAKeyKnowsWhenItWasLastUsed(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		c, key := counter(s), keyOf(1)
		key.ID = ada.CreateKey(t, "k", "", "PROJECT").ID
		began := time.Now().Truncate(time.Second)
		for _, step := range []struct {
			after time.Duration
			code  traffic.Code
			want  time.Duration
		}{{0, traffic.Disabled, -1}, {time.Minute, traffic.Valid, time.Minute}, {65 * time.Second, traffic.Valid, time.Minute},
			{71 * time.Second, traffic.Valid, 71 * time.Second}, {10 * time.Second, traffic.Valid, 71 * time.Second}} {
			if err := c.Count(t.Context(), use(key, "GET", step.code, 1, began.Add(step.after))); err != nil {
				t.Fatal(err)
			}
			if err := c.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			var at, want int64
			s.Row(t, "SELECT last_used_at FROM api_keys WHERE id = ?", []any{key.ID}, &at)
			if step.want >= 0 {
				want = began.Add(step.want).UnixMicro()
			}
			if at != want {
				t.Errorf("after %s %s: last used %d, want %d", step.after, step.code, at, want)
			}
		}
	})
}

// A cost that is reported afterwards counts once for each request id within a day, however often and to however many processes it
// comes, also all at once; with another cost it is refused. It is no request.
func TestAReportedCostCountsOnce(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		key, other := ada.CreateKey(t, "k", "", "PROJECT").ID, ben.CreateKey(t, "k", "", "PROJECT").ID
		s.SQL(t, "UPDATE projects SET unit_price = 5 WHERE id = ?", ada.Project)
		processes := []*usage.Counter{counter(s), counter(s)}
		report := func(project, key, request string, units int64) error {
			_, err := processes[0].Report(t.Context(), project, usage.Report{KeyID: key, RequestID: request, Units: units})
			return err
		}
		var wg sync.WaitGroup
		for request := range 5 {
			for i := range 8 {
				wg.Go(func() {
					_, err := processes[i%2].Report(t.Context(), ada.Project, usage.Report{KeyID: key, RequestID: fmt.Sprint(request), Units: 7})
					if err != nil && fault.From(err).Code != fault.CodeConflict {
						t.Error(err)
					}
				})
			}
		}
		wg.Wait()
		if n, units, spend := stored(t, s, "api_key_id = ? AND member_id = ? AND project_id = ?", key, ada.ID, ada.Project); n != 0 || units != 35 || spend != 175 {
			t.Errorf("%d requests, %d units, %d spent; want 0, 35 and 175", n, units, spend)
		}
		if err := report(ada.Project, key, "1", 8); !fault.Refused(err, fault.IdempotencyMismatch) {
			t.Errorf("another cost under the same request id: %v", err)
		}
		for _, c := range []struct {
			project, key, request string
			units                 int64
			code                  fault.Code
		}{
			{ada.Project, other, "x", 1, fault.CodeNotFound}, {ada.Project, "key_none", "x", 1, fault.CodeNotFound}, {"", key, "x", 1, fault.CodeNotFound},
			{ada.Project, key, "", 1, fault.CodeBadUserInput}, {ada.Project, key, "x", 0, fault.CodeBadUserInput}, {ada.Project, key, "x", -1, fault.CodeBadUserInput},
			{ada.Project, key, "x", 1_000_000_001, fault.CodeBadUserInput},
		} {
			if err := report(c.project, c.key, c.request, c.units); err == nil || fault.From(err).Code != c.code {
				t.Errorf("%+v: %v", c, err)
			}
		}
		// A day later the same request id is a new one.
		s.SQL(t, "UPDATE usage_reports SET expires_at = 1")
		if err := report(ada.Project, key, "1", 8); err != nil {
			t.Errorf("a day later: %v", err)
		}
		if err := processes[0].ForgetReports(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := s.Count(t, "usage_reports"); n != 1 {
			t.Errorf("%d reports are remembered, want the one of today", n)
		}
		if _, units, _ := stored(t, s, "1 = 1"); units != 43 {
			t.Errorf("%d units, want 43", units)
		}
	})
}
