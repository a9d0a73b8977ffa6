package limit

import (
	"context"
	"errors"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/throttled/throttled/v2"
	"github.com/throttled/throttled/v2/store/memstore"
	"pgregory.net/rapid"
)

func limiter(t testing.TB, rate Rate, burst, keys int) *Limiter {
	t.Helper()
	store, storeErr := memstore.NewCtx(keys)
	l, err := over(store, rate, burst)
	if err := errors.Join(storeErr, err); err != nil {
		t.Fatal(err)
	}
	return l
}

// allow fails on an error, because it would hide which limit was wrong.
func allow(t testing.TB, l *Limiter, key string) (bool, time.Duration) {
	t.Helper()
	ok, retryAfter, err := l.Allow(context.Background(), key)
	if err != nil {
		t.Fatal(err)
	}
	return ok, retryAfter
}

func TestABurstPassesAndThenOneAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := limiter(t, Rate{10, 15 * time.Minute}, 10, maxKeys) // one in 90 seconds
		for i := range 10 {
			if ok, wait := allow(t, l, "anna"); !ok || wait != 0 {
				t.Fatalf("attempt %d: %v, wait %v", i+1, ok, wait)
			}
		}
		ok, wait := allow(t, l, "anna")
		if ok || wait != 90*time.Second {
			t.Fatalf("attempt 11: %v, wait %v", ok, wait)
		}
		if ok, _ := allow(t, l, "bert"); !ok {
			t.Fatal("another key pays for it")
		}
		time.Sleep(wait - time.Nanosecond) // the clock of the test, not of the machine
		if ok, wait := allow(t, l, "anna"); ok || wait != time.Nanosecond {
			t.Fatalf("a moment too early: %v, wait %v", ok, wait)
		}
		time.Sleep(time.Nanosecond)
		if ok, _ := allow(t, l, "anna"); !ok {
			t.Fatal("refused at the time it was told to come back")
		}
		if ok, _ := allow(t, l, "anna"); ok {
			t.Fatal("the burst is back too early")
		}
	})
}

// bucket is another way to think of the same limit: a bucket of burst tokens
// that gets one back each interval.
type bucket struct {
	tokens, burst int
	last          time.Duration
	interval      time.Duration
}

func (b *bucket) take(now time.Duration) bool {
	for b.tokens < b.burst && b.last+b.interval <= now {
		b.tokens, b.last = b.tokens+1, b.last+b.interval
	}
	if b.tokens == b.burst {
		b.last = now // a full bucket starts to wait when something is taken
	}
	if b.tokens == 0 {
		return false
	}
	b.tokens--
	return true
}

func TestItCountsLikeABucket(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		burst := rapid.IntRange(1, 5).Draw(r, "burst")
		pauses := rapid.SliceOfN(rapid.IntRange(0, 40), 1, 60).Draw(r, "pauses in tenths of the interval")
		wrong := -1
		synctest.Test(t, func(t *testing.T) {
			l := limiter(t, Rate{6, time.Minute}, burst, maxKeys)
			model, start := bucket{tokens: burst, burst: burst, interval: 10 * time.Second}, time.Now()
			for i, tenths := range pauses {
				time.Sleep(time.Duration(tenths) * time.Second)
				if ok, _ := allow(t, l, "key"); ok != model.take(time.Since(start)) && wrong < 0 {
					wrong = i
				}
			}
		})
		if wrong >= 0 {
			r.Fatalf("attempt %d differs from the bucket", wrong)
		}
	})
}

func TestAttemptsAtTheSameTimeAreAllCounted(t *testing.T) {
	t.Parallel()
	l := limiter(t, Rate{1, 24 * time.Hour}, 50, maxKeys)
	var passed atomic.Int64
	var wait sync.WaitGroup
	for range 64 {
		wait.Go(func() {
			for range 100 {
				if ok, _ := allow(t, l, "key"); ok {
					passed.Add(1)
				}
			}
		})
	}
	wait.Wait()
	if passed.Load() != 50 {
		t.Errorf("%d passed, the burst is 50", passed.Load())
	}
}

func TestTheNumberOfKeysIsBounded(t *testing.T) {
	t.Parallel()
	l := limiter(t, Rate{1, time.Hour}, 1, 100)
	for i := range 1000 {
		if ok, _ := allow(t, l, strconv.Itoa(i)); !ok {
			t.Fatalf("key %d is new and refused", i)
		}
		if ok, _ := allow(t, l, "under attack"); ok != (i == 0) {
			t.Fatalf("after %d other keys the busy one: %v", i, ok)
		}
	}
	if ok, _ := allow(t, l, "0"); !ok {
		t.Error("the quietest key of 1000 was kept, with room for 100")
	}
}

func TestAnErrorRefusesAndNamesNoKey(t *testing.T) {
	t.Parallel()
	l := limiter(t, Rate{1, time.Second}, 1, 10)
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	if ok, wait, err := l.Allow(cancelled, "k"); ok || wait != time.Second || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v, %v, %v", ok, wait, err)
	}
	broken, err := over(throttled.WrapStoreWithContext(noStore{}), Rate{1, time.Second}, 1)
	if err != nil {
		t.Fatal(err)
	}
	ok, wait, err := broken.Allow(context.Background(), "anna@example.com")
	if ok || wait != time.Second || !errors.Is(err, ErrUnavailable) || strings.Contains(err.Error(), "anna") {
		t.Errorf("no store: %v, %v, %v", ok, wait, err)
	}
}

// noStore has lost its memory, and says whose.
type noStore struct{}

func (noStore) GetWithTime(key string) (int64, time.Time, error) {
	return 0, time.Time{}, errors.New("no memory of " + key)
}

func (noStore) SetIfNotExistsWithTTL(key string, _ int64, _ time.Duration) (bool, error) {
	return false, errors.New("no memory of " + key)
}

func (noStore) CompareAndSwapWithTTL(key string, _, _ int64, _ time.Duration) (bool, error) {
	return false, errors.New("no memory of " + key)
}

func TestALimitWithoutAMeaningIsRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rate  Rate
		burst int
	}{{Rate{0, time.Minute}, 1}, {Rate{-1, time.Minute}, 1}, {Rate{1, 0}, 1}, {Rate{1, -time.Second}, 1}, {Rate{10, 5}, 1}, {Rate{1, time.Minute}, 0}} {
		if _, err := New(tt.rate, tt.burst); err == nil {
			t.Errorf("%+v is accepted", tt)
		}
	}
}

func BenchmarkAllow(b *testing.B) {
	l := limiter(b, Rate{1, time.Hour}, 1<<30, maxKeys)
	for b.Loop() {
		allow(b, l, "key")
	}
}

// BenchmarkMemoryOfAFullLimiter reports the bytes that 100,000 keys take.
func BenchmarkMemoryOfAFullLimiter(b *testing.B) {
	l := limiter(b, Rate{1, time.Hour}, 1, maxKeys)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range 2 * maxKeys {
		allow(b, l, strings.Repeat("a long address ", 100)+strconv.Itoa(i))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MiB")
	allow(b, l, "kept alive")
}
