package quota

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/keyhall/keyhall/internal/traffic"
)

// patience is how long a Redis may take; who waits is a request.
const patience = 250 * time.Millisecond

//go:embed count.lua
var countScript string

// shared are the rates of all processes, in one Redis, by its clock. One script looks at all rates of a request and counts it,
// or does not.
type shared struct {
	client *redis.Client
	script *redis.Script
	log    *slog.Logger
	down   atomic.Bool
	closed chan struct{}
}

func newShared(url string, log *slog.Logger) (*shared, error) {
	o, err := redis.ParseURL(url)
	if err != nil { // not repeated: it may hold a password
		return nil, errors.New("KEYHALL_REDIS_URL is not readable: write redis://user:password@host:6379/0, or rediss:// for TLS")
	}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = patience, patience, patience, patience
	o.MaxRetries, o.DialerRetries, o.ContextTimeoutEnabled = -1, 1, true // what is tried twice is counted twice
	return &shared{client: redis.NewClient(o), script: redis.NewScript(countScript), log: log, closed: make(chan struct{})}, nil
}

func (s *shared) up() bool { return !s.down.Load() }

// count is one round trip, whatever the number of rates.
func (s *shared) count(ctx context.Context, rates []traffic.Rate, take bool) ([]reading, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	keys, args := make([]string, len(rates)), make([]any, 0, 2*len(rates)+1)
	for i, r := range rates {
		interval, whole := steps(r)
		keys[i] = fmt.Sprintf("keyhall:rate:%s:%d", r.Scope, int64(r.Window/time.Second))
		args = append(args, interval, whole)
	}
	n := 0
	if take {
		n = 1
	}
	debts, err := s.script.Run(ctx, s.client, keys, append(args, n)...).Int64Slice()
	if err != nil || len(debts) != len(rates)+1 {
		return nil, fmt.Errorf("count in Redis (%d numbers for %d rates): %w", len(debts), len(rates), err)
	}
	return readingsOf(rates, debts[1:], take && debts[0] == 1), nil
}

// steps is a rate in microseconds: after how many one more passes, and how many of them all are worth. What does not divide is
// rounded so that less passes, never more.
func steps(r traffic.Rate) (interval, whole int64) {
	n := max(r.Requests, 1)
	interval = max((r.Window.Microseconds()+n-1)/n, 1)
	return interval, interval * n
}

// readingsOf tells what is left of rates of which so much is used, in microseconds.
func readingsOf(rates []traffic.Rate, debts []int64, taken bool) []reading {
	out := make([]reading, len(rates))
	for i, r := range rates {
		interval, whole := steps(r)
		out[i] = reading{rate: r, remaining: max(whole-debts[i], 0) / interval, reset: time.Duration(debts[i]) * time.Microsecond}
		if over := debts[i] + interval - whole; over > 0 && !taken {
			out[i].after = time.Duration(over) * time.Microsecond
		}
	}
	return out
}

// lose has this process count for itself; it tells whether it did not before.
func (s *shared) lose(err error) bool {
	if !s.down.CompareAndSwap(false, true) {
		return false
	}
	s.log.Warn("Redis is gone: this process counts rates for itself until it is back", "error", err)
	return true
}

// await looks for Redis until it is back.
func (s *shared) await() {
	tick := time.NewTicker(2 * patience)
	defer tick.Stop()
	for {
		select {
		case <-s.closed:
			return
		case <-tick.C:
			if s.answers() {
				s.down.Store(false)
				s.log.Info("Redis is back: all processes count rates together")
				return
			}
		}
	}
}

// answers first looks whether anybody is there at all: the library would write a line of its own each time that nobody is.
func (s *shared) answers() bool {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	o := s.client.Options()
	c, err := (&net.Dialer{}).DialContext(ctx, o.Network, o.Addr)
	if err != nil {
		return false
	}
	return c.Close() == nil && s.client.Ping(ctx).Err() == nil
}

func (s *shared) close() error {
	close(s.closed)
	return s.client.Close()
}
