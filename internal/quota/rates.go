package quota

import (
	"context"
	"fmt"
	"hash/maphash"
	"slices"
	"sync"
	"time"

	"github.com/throttled/throttled/v2"

	"github.com/keyhall/keyhall/internal/traffic"
)

// shards is into how many parts the scopes are sorted: who looks for one waits for few others, and never for long.
const shards = 64

// sweepFrom is how many scopes a shard holds before it looks which of them are as if they had never been used.
const sweepFrom = 1024

// counters are the rates of this process.
type counters struct {
	now    func() time.Time
	seed   maphash.Seed
	shards [shards]shard
}

type shard struct {
	mu     sync.Mutex
	scopes map[string]*scope
	sweep  int
}

// scope is what a key, a project or an organization has used. Its lock is held while a request looks at all its rates and is
// counted; nothing is waited for under it.
type scope struct {
	mu    sync.Mutex
	gone  bool
	cells map[time.Duration]*cell
}

func newCounters(now func() time.Time) *counters {
	c := &counters{now: now, seed: maphash.MakeSeed()}
	for i := range c.shards {
		c.shards[i] = shard{scopes: map[string]*scope{}, sweep: sweepFrom}
	}
	return c
}

// count looks at all rates and, if it is to take and all of them let it, counts one request against each.
func (c *counters) count(ctx context.Context, rates []traffic.Rate, take bool) ([]reading, error) {
	scopes := c.hold(rates)
	defer func() {
		for _, s := range scopes {
			s.mu.Unlock()
		}
	}()
	now := c.now()
	readings, err := c.each(ctx, rates, scopes, now, 0)
	if err != nil || !take || refuses(readings) {
		return readings, err
	}
	return c.each(ctx, rates, scopes, now, 1)
}

func (c *counters) each(ctx context.Context, rates []traffic.Rate, scopes map[string]*scope, now time.Time, n int) ([]reading, error) {
	out := make([]reading, len(rates))
	for i, r := range rates {
		cell, err := scopes[r.Scope].cell(r)
		if err != nil {
			return nil, err
		}
		cell.now = now
		_, result, err := cell.gcra.RateLimitCtx(ctx, "", n)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		out[i] = reading{rate: r, remaining: int64(result.Remaining), reset: result.ResetAfter}
		if n == 0 {
			out[i].after = max(result.RetryAfter, 0)
		}
	}
	return out, nil
}

// hold locks the scopes of some rates, in the order of their names, so that two requests never wait for each other.
func (c *counters) hold(rates []traffic.Rate) map[string]*scope {
	names := make([]string, 0, 3)
	for _, r := range rates {
		if !slices.Contains(names, r.Scope) {
			names = append(names, r.Scope)
		}
	}
	slices.Sort(names)
	held := make(map[string]*scope, len(names))
	for _, name := range names {
		held[name] = c.lock(name)
	}
	return held
}

func (c *counters) lock(name string) *scope {
	for {
		s := c.find(name)
		s.mu.Lock()
		if !s.gone {
			return s
		}
		s.mu.Unlock() // swept between two looks
	}
}

func (c *counters) find(name string) *scope {
	sh := &c.shards[maphash.String(c.seed, name)%shards]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	s := sh.scopes[name]
	if s == nil {
		if len(sh.scopes) >= sh.sweep {
			sh.forget(c.now())
		}
		s = &scope{cells: map[time.Duration]*cell{}}
		sh.scopes[name] = s
	}
	return s
}

// forget drops the scopes of which everything is there again, so that memory holds what is in use and no limit is ever forgotten.
func (sh *shard) forget(now time.Time) {
	for name, s := range sh.scopes {
		if s.mu.TryLock() {
			if s.full(now) {
				s.gone = true
				delete(sh.scopes, name)
			}
			s.mu.Unlock()
		}
	}
	sh.sweep = max(sweepFrom, 2*len(sh.scopes))
}

func (s *scope) full(now time.Time) bool {
	for _, c := range s.cells {
		if c.tat > now.UnixNano() {
			return false
		}
	}
	return true
}

// cell is one rate: when all of it will be there again. It is the store of the library that does the arithmetic.
type cell struct {
	requests int64
	tat      int64 // nanoseconds since 1970; -1: never used
	now      time.Time
	gcra     *throttled.GCRARateLimiterCtx
}

// cell is made anew when the number changes; what is used of the window stays used.
func (s *scope) cell(r traffic.Rate) (*cell, error) {
	was := s.cells[r.Window]
	if was != nil && was.requests == r.Requests {
		return was, nil
	}
	c := &cell{requests: r.Requests, tat: -1}
	if was != nil {
		c.tat = was.tat
	}
	if r.Requests < 1 || r.Window < time.Duration(r.Requests) {
		return nil, fmt.Errorf("%w: %d in %v lets nothing through, or everything", ErrUnavailable, r.Requests, r.Window)
	}
	quota := throttled.RateQuota{MaxRate: throttled.PerDuration(int(r.Requests), r.Window), MaxBurst: int(r.Requests) - 1}
	gcra, err := throttled.NewGCRARateLimiterCtx(c, quota)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	c.gcra = gcra
	s.cells[r.Window] = c
	return c, nil
}

// GetWithTime implements throttled.GCRAStoreCtx; the lock of the scope is held.
func (c *cell) GetWithTime(context.Context, string) (int64, time.Time, error) {
	return c.tat, c.now, nil
}

// SetIfNotExistsWithTTL implements throttled.GCRAStoreCtx.
func (c *cell) SetIfNotExistsWithTTL(_ context.Context, _ string, value int64, _ time.Duration) (bool, error) {
	c.tat = value
	return true, nil
}

// CompareAndSwapWithTTL implements throttled.GCRAStoreCtx.
func (c *cell) CompareAndSwapWithTTL(_ context.Context, _ string, _, value int64, _ time.Duration) (bool, error) {
	c.tat = value
	return true, nil
}
