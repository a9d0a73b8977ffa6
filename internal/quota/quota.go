// Package quota holds requests to the limits of their key, of its project and of its organization, all together: a request passes when all
// of them let it, and one that any of them refuses costs nothing in the others. It decides nothing else, writes no history of use,
// and whatever it cannot count it refuses with an error.
//
// Things that share no limit share nothing here: whoever saturates one waits for no one, and has no one wait.
package quota

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/traffic"
)

// Config says how limits are counted.
type Config struct {
	Redis  string        // URL of the Redis that all processes count rates in; empty: each counts for itself
	Single bool          // there is no other process
	Lease  time.Duration // how long a part of a spend limit is good without being renewed
	Renew  time.Duration // how often that is done
	Log    *slog.Logger
}

// Defaults are the times of a running server.
func Defaults() Config {
	return Config{Lease: 30 * time.Second, Renew: 5 * time.Second, Log: slog.Default()}
}

// Quota counts. It is safe for use by many goroutines.
type Quota struct {
	own     *counters // the rates of this process
	shared  *shared   // those of all processes; nil: there is no Redis
	spends  *ledger
	config  Config
	running sync.WaitGroup
}

// ErrUnavailable says that a request could not be counted; it is not let through.
var ErrUnavailable = errors.New("the request could not be held to its limits")

// New begins to count; spend limits are leased from the database.
func New(c *ent.Client, config Config) (*Quota, error) {
	q := &Quota{own: newCounters(time.Now), spends: newLedger(c, config), config: config}
	if config.Redis != "" {
		var err error
		if q.shared, err = newShared(config.Redis, config.Log); err != nil {
			return nil, err
		}
	}
	return q, nil
}

// Take counts one request that costs so many units against all limits of its key, or against none. An error says that it could not
// be counted: it must not pass.
func (q *Quota) Take(ctx context.Context, k *traffic.Key, units int64) (traffic.Standing, error) {
	return q.take(ctx, k, k.Rates, units)
}

// Spend is Take without the rates: for the cost of a request that was counted before.
func (q *Quota) Spend(ctx context.Context, k *traffic.Key, units int64) (traffic.Standing, error) {
	return q.take(ctx, k, nil, units)
}

// take holds the money first, which is here in memory, then counts the rates, and gives the money back when these refuse. What has to
// be asked of the database is asked in between, when nothing is held.
func (q *Quota) take(ctx context.Context, k *traffic.Key, rates []traffic.Rate, units int64) (traffic.Standing, error) {
	cost, err := costOf(k, units)
	if err != nil {
		return traffic.Standing{}, err
	}
	if foreign(k) { // it cannot be said how much is left
		s, err := q.count(ctx, rates, cost == 0)
		if err == nil && s.Code == traffic.Valid && cost > 0 {
			s.Code = traffic.SpendLimitReached
		}
		return s, err
	}
	need := cost
	if k.UnitPrice > 0 {
		need = max(cost, 1) // what it cost may be reported later: something has to be left
	}
	for {
		held, short := q.spends.hold(k.Spends, cost, need)
		if short == nil {
			s, err := q.count(ctx, rates, true)
			if err != nil || s.Code != traffic.Valid {
				held.release()
			}
			return s, err
		}
		s, err := q.count(ctx, rates, false)
		if err != nil || s.Code != traffic.Valid {
			return s, err
		}
		reached, left, err := q.spends.fill(ctx, short, need)
		if err != nil {
			return traffic.Standing{}, err
		}
		if reached {
			s.Code, s.After = traffic.SpendLimitReached, left
			return s, nil
		}
	}
}

// foreign tells whether a limit is in another currency than the cost.
func foreign(k *traffic.Key) bool {
	return slices.ContainsFunc(k.Spends, func(s traffic.Spend) bool { return s.Currency != k.Currency })
}

// costOf is what units cost; what could not be added up is refused as no amount would be enough.
func costOf(k *traffic.Key, units int64) (int64, error) {
	if units < 0 || k.UnitPrice < 0 {
		return 0, errors.New("a request cannot cost less than nothing")
	}
	if units != 0 && k.UnitPrice > traffic.MostCost/units {
		return 0, errors.New("a request costs more than a million, which is not added up")
	}
	return units * k.UnitPrice, nil
}

// count asks the rates, of all processes where that can be done.
func (q *Quota) count(ctx context.Context, rates []traffic.Rate, take bool) (traffic.Standing, error) {
	if err := ctx.Err(); err != nil || len(rates) == 0 {
		return traffic.Standing{Code: traffic.Valid}, err
	}
	if q.shared != nil && q.shared.up() {
		readings, err := q.shared.count(ctx, rates, take)
		if err == nil {
			return standing(readings), nil
		}
		if ctx.Err() != nil {
			return traffic.Standing{}, ctx.Err()
		}
		if q.shared.lose(err) {
			q.running.Go(q.shared.await)
		}
	}
	readings, err := q.own.count(ctx, rates, take)
	if err != nil {
		return traffic.Standing{}, err
	}
	s := standing(readings)
	s.Alone = q.shared != nil || !q.config.Single
	return s, nil
}

// Look tells how each of some rates stands, and counts nothing.
func (q *Quota) Look(ctx context.Context, rates []traffic.Rate) ([]traffic.Standing, error) {
	out := make([]traffic.Standing, len(rates))
	if len(rates) == 0 {
		return out, nil
	}
	var readings []reading
	var err error
	if q.shared != nil && q.shared.up() {
		readings, err = q.shared.count(ctx, rates, false)
	}
	if readings == nil || err != nil {
		readings, err = q.own.count(ctx, rates, false)
	}
	for i, r := range readings {
		out[i] = standing([]reading{r})
	}
	return out, err
}
