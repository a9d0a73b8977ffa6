package quota_test

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/apptest/redistest"
	"github.com/keyhall/keyhall/internal/quota"
	"github.com/keyhall/keyhall/internal/traffic"
)

// counting is a process that counts in a Redis.
func counting(t *testing.T, redis *redistest.Server, log *apptest.Log) *quota.Quota {
	t.Helper()
	c := quota.Defaults()
	c.Redis, c.Log = redis.URL(), slog.New(slog.NewTextHandler(log, nil))
	q, err := quota.New(nil, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Close(t.Context()) })
	return q
}

// design.md section 7, across processes: exactly five pass of all that they let in, by the clock of Redis.
func TestProcessesThatShareARedisCountTogether(t *testing.T) {
	t.Parallel()
	redis, log := redistest.Start(t), &apptest.Log{}
	processes := []*quota.Quota{counting(t, redis, log), counting(t, redis, log), counting(t, redis, log)}
	k := quota.Key([]traffic.Rate{{Scope: "key_1", Requests: 5, Window: 24 * time.Hour}, {Scope: "prj_1", Requests: 7, Window: 24 * time.Hour}})
	for n := range 12 {
		got, want := take(t, processes[n%3], k), traffic.Valid
		if n >= 5 {
			want = traffic.RateLimited
		}
		if got.Code != want || got.Alone {
			t.Errorf("request %d: %+v", n+1, got)
		}
		if n >= 5 && (got.After > 17_280*time.Second || got.After < 17_200*time.Second) {
			t.Errorf("one comes back in %v", got.After)
		}
	}
	other := quota.Key([]traffic.Rate{{Scope: "key_2", Requests: 5, Window: 24 * time.Hour}, {Scope: "prj_1", Requests: 7, Window: 24 * time.Hour}})
	for n, want := range []traffic.Code{traffic.Valid, traffic.Valid, traffic.RateLimited} { // what was refused cost the project nothing
		if got := take(t, processes[n%3], other); got.Code != want {
			t.Errorf("request %d of another key of the project: %+v", n+1, got)
		}
	}
	seen, err := processes[1].Look(t.Context(), append(k.Rates, other.Rates[0]))
	if err != nil || seen[0].Remaining != 0 || seen[0].Code != traffic.RateLimited || seen[1].Remaining != 0 || seen[2].Remaining != 3 || seen[2].Code != traffic.Valid {
		t.Errorf("looked at: %+v %v", seen, err)
	}
}

// The two ways of counting are one: whatever rates and requests, Redis and this process say the same.
//
//keyhall:norace
func TestRedisAndMemoryAgree(t *testing.T) {
	t.Parallel()
	redis, seed := redistest.Start(t), rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 4))
	shared, log := counting(t, redis, &apptest.Log{}), &apptest.Log{}
	own, err := quota.New(nil, quota.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	for range 40 {
		var rates []traffic.Rate
		for i := range 1 + r.IntN(3) {
			rates = append(rates, traffic.Rate{Scope: fmt.Sprintf("key_%d", r.IntN(8)), Requests: 1 + r.Int64N(12), Window: time.Duration(1+i+r.IntN(3)*20) * 24 * time.Hour})
		}
		for range 3 {
			a, b := take(t, shared, quota.Key(rates)), take(t, own, quota.Key(rates))
			if a.Code != b.Code || a.Remaining != b.Remaining || (a.Reset-b.Reset).Abs() > 5*time.Minute || (a.After-b.After).Abs() > 5*time.Minute {
				t.Fatalf("seed %d: %+v in Redis, %+v here, of %+v", seed, a, b, rates)
			}
		}
	}
	if log.String() != "" {
		t.Error(log.String())
	}
}

// Without Redis each process counts for itself and says so, once in the log; when it is back they count together again.
func TestARedisThatIsGoneAndComesBack(t *testing.T) {
	t.Parallel()
	redis, log := redistest.Start(t), &apptest.Log{}
	one, two := counting(t, redis, log), counting(t, redis, &apptest.Log{})
	k := quota.Key([]traffic.Rate{{Scope: "key_1", Requests: 2, Window: 24 * time.Hour}})
	take(t, one, k)
	redis.Kill()
	for _, q := range []*quota.Quota{one, two} {
		for n, want := range []traffic.Code{traffic.Valid, traffic.Valid, traffic.RateLimited} {
			began := time.Now()
			if got := take(t, q, k); got.Code != want || !got.Alone {
				t.Errorf("alone, request %d: %+v", n+1, got)
			}
			if took := time.Since(began); took > 2*time.Second*apptest.Slowdown {
				t.Errorf("a request waited %v for a Redis that is gone", took)
			}
		}
	}
	if n := strings.Count(log.String(), "Redis is gone"); n != 1 {
		t.Errorf("said %d times: %s", n, log)
	}
	redis.Again(t)
	fresh := func(n int) *traffic.Key {
		return quota.Key([]traffic.Rate{{Scope: fmt.Sprintf("key_new%d", n), Requests: 1, Window: time.Second}})
	}
	n := 0
	for _, q := range []*quota.Quota{one, two} {
		apptest.Until(t, "the process counts in Redis again", func() bool { n++; return !take(t, q, fresh(n)).Alone })
	}
	if got := take(t, one, k); got.Code != traffic.Valid || got.Remaining != 1 { // this Redis kept nothing on a disk
		t.Errorf("the first of two, together: %+v", got)
	}
	if got := take(t, two, k); got.Code != traffic.Valid || got.Remaining != 0 {
		t.Errorf("the second of two, together: %+v", got)
	}
	if strings.Count(log.String(), "Redis is back") != 1 {
		t.Errorf("nothing says that it is back: %s", log)
	}
}

// An address that is none is refused without a word of it: it may hold a password.
//
//keyhall:norace
func TestAnUnreadableRedisURLIsNotRepeated(t *testing.T) {
	t.Parallel()
	c := quota.Defaults()
	c.Redis = "redis://:hunter2@[::1"
	if _, err := quota.New(nil, c); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("it says %v", err)
	}
}
