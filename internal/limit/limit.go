// Package limit counts attempts: so many of one key in a time, spread evenly,
// after a burst (GCRA). It answers for this process alone.
//
// It never blocks and never sleeps, its errors never name a key (keys are
// addresses of people), and whatever goes wrong refuses.
package limit

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/throttled/throttled/v2"
	"github.com/throttled/throttled/v2/store/memstore"
)

// maxKeys bounds the memory of one limiter to some 22 MiB. When it is full the
// key that was quiet for the longest time is forgotten and starts anew, so a
// key under attack is never the one.
const maxKeys = 100_000

// casAttempts is how often a lost race for one key is tried again. Each loss
// means that another attempt was counted, so this ends.
const casAttempts = 1000

// ErrUnavailable says that the attempt could not be counted; it is refused.
var ErrUnavailable = errors.New("the attempt could not be counted against its limit")

// Rate is a number of attempts in a time.
type Rate struct {
	Count int
	Per   time.Duration
}

// Limiter is safe for use by many goroutines.
type Limiter struct {
	gcra  *throttled.GCRARateLimiterCtx
	pause time.Duration // to ask for when nothing better is known
}

// New makes a limiter: burst attempts may come at once, and then they come back
// one by one, evenly, as often as the rate says.
func New(rate Rate, burst int) (*Limiter, error) {
	store, err := memstore.NewCtx(maxKeys)
	if err != nil {
		return nil, fmt.Errorf("memory of the limit: %w", err)
	}
	return over(store, rate, burst)
}

func over(store throttled.GCRAStoreCtx, rate Rate, burst int) (*Limiter, error) {
	if rate.Count < 1 || rate.Per < time.Duration(rate.Count) || burst < 1 {
		return nil, fmt.Errorf("a limit of %d in %v with a burst of %d lets nothing through, or everything", rate.Count, rate.Per, burst)
	}
	quota := throttled.RateQuota{MaxRate: throttled.PerDuration(rate.Count, rate.Per), MaxBurst: burst - 1}
	gcra, err := throttled.NewGCRARateLimiterCtx(store, quota)
	if err != nil {
		return nil, fmt.Errorf("limit: %w", err)
	}
	gcra.SetMaxCASAttemptsLimit(casAttempts)
	return &Limiter{gcra: gcra, pause: rate.Per / time.Duration(rate.Count)}, nil
}

// Look tells what Allow would answer now, and counts nothing.
func (l *Limiter) Look(ctx context.Context, key string) (ok bool, retryAfter time.Duration, err error) {
	return l.try(ctx, key, 0)
}

// Allow counts one attempt of the key. When it is refused, retryAfter tells
// when the next one can pass; refused attempts cost nothing.
func (l *Limiter) Allow(ctx context.Context, key string) (ok bool, retryAfter time.Duration, err error) {
	return l.try(ctx, key, 1)
}

func (l *Limiter) try(ctx context.Context, key string, attempts int) (ok bool, retryAfter time.Duration, err error) {
	if err := ctx.Err(); err != nil {
		return false, l.pause, err
	}
	digest := sha256.Sum256([]byte(key)) // as long for any key, and no address of a person stays in memory
	limited, result, err := l.gcra.RateLimitCtx(ctx, string(digest[:]), attempts)
	if err != nil {
		return false, l.pause, ErrUnavailable
	}
	if limited || attempts == 0 && result.RetryAfter > 0 {
		return false, result.RetryAfter, nil
	}
	return true, 0, nil
}
