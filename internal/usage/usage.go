// Package usage counts what was decided about requests with API keys: in memory, written a moment later in one transaction, by
// the minute, and added up to hours and days. It also takes costs that are reported afterwards, and reads the counts again. It
// never refuses a request, limits nothing, and does not ask who may read: that is for who calls it.
package usage

import (
	"context"
	"crypto/rand"
	"errors"
	"hash/maphash"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/traffic"
)

// Config bounds what is held in memory, and for how long.
type Config struct {
	Every time.Duration // how often counts are written
	Cells int           // how many different counts may wait to be written; what is more is not counted

	Limits Limits // that what is reported afterwards is taken out of; nil: of none
}

// Limits take a cost that was reported out of every spend limit of a key, in the transaction that records it, and say how they stand then.
type Limits interface {
	Charge(ctx context.Context, tx *ent.Tx, key *traffic.Key, units int64) (traffic.Code, error)
}

// Defaults are for a running server: a count is written within a second, also when the write takes a while.
func Defaults() Config { return Config{Every: 500 * time.Millisecond, Cells: 200_000} }

// ErrFull says that the counts have not been written for so long that there is no room for another one.
var ErrFull = errors.New("usage: there is no room for another count until the database takes those that wait")

const shards = 64

// Counter counts in memory and writes.
type Counter struct {
	client *ent.Client
	config Config
	log    *slog.Logger
	seed   maphash.Seed
	shards [shards]shard
	cells  atomic.Int64 // in memory: in the shards, and in the batch that is being written
	lost   atomic.Int64 // uses that nobody waits for, and that there was no room for
	hurry  chan struct{}
	writer chan struct{} // holds the one batch at a time
	batch  *batch        // that could not be written yet; of who holds writer
	name   string        // of this process among those that write
	number int
}

// New makes a counter; Run writes what it counts.
func New(c *ent.Client, config Config, log *slog.Logger) *Counter {
	out := &Counter{
		client: c, config: config, log: log, seed: maphash.MakeSeed(), name: rand.Text(),
		hurry: make(chan struct{}, 1), writer: make(chan struct{}, 1),
	}
	for i := range out.shards {
		out.shards[i].methods.seed = out.seed
	}
	return out
}

// Count counts one request. For a key that is metered strictly it returns once the count is on the disk, and with an error when that
// cannot be said; else at once.
func (c *Counter) Count(ctx context.Context, u traffic.Use) error {
	if u.Key == nil { // nobody's
		return nil
	}
	key := maphash.String(c.seed, u.Key.ID)
	written, ok := c.shards[key%shards].add(u, key, c.room)
	if !ok {
		if u.Key.Strict {
			return ErrFull
		}
		c.lost.Add(1)
		return nil
	}
	if !u.Key.Strict {
		return nil
	}
	select {
	case c.hurry <- struct{}{}:
	default: // somebody else is waiting: it goes with theirs
	}
	select {
	case <-written:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// room takes the place of one more cell, if there is one.
func (c *Counter) room() bool {
	if c.cells.Add(1) <= int64(c.config.Cells) {
		return true
	}
	c.cells.Add(-1)
	return false
}

// Run writes what was counted until ctx ends; Flush writes the rest.
func (c *Counter) Run(ctx context.Context) {
	tick := time.NewTicker(c.config.Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-c.hurry:
		}
		if err := c.Flush(ctx); err != nil && ctx.Err() == nil {
			c.log.ErrorContext(ctx, "usage could not be written; it is kept and tried again", "error", err)
			pause(ctx, c.config.Every)
		}
		if n := c.lost.Swap(0); n > 0 {
			c.log.ErrorContext(ctx, "requests were not counted: too much waits to be written", "requests", n)
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
