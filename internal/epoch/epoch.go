// Package epoch knows, within a second and in every process, that something changed which verifying keys depends on. Whoever
// writes raises the number of the database (policy/lock, Revoking); a watcher reads it four times a second, and at once when it
// hears of it, and tells whom the new numbers are about.
//
// It never looks at what changed, and it never says that what is remembered is good without having looked: a lease that was not
// renewed is over.
package epoch

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/lib/pq"

	"github.com/keyhall/keyhall/internal/store"
	"github.com/keyhall/keyhall/policy/lock"
)

// How often the number is read, and how long what is remembered may be believed after the start of the last look that succeeded.
// What somebody was told is over is over everywhere within a second: what is left of it is for the answer on its way.
const (
	pollEvery   = 250 * time.Millisecond
	leaseTime   = 900 * time.Millisecond
	forgetEvery = 10 * time.Minute
)

// Change is whom the numbers since the last look are about.
type Change struct {
	Number   int64
	Subjects []string // ids of keys, projects, organizations, people, service accounts and verifier tokens, and public parts of keys
	All      bool     // it is not known: everybody
}

// Config of a watcher.
type Config struct {
	Store *store.Store
	Deaf  bool // does not hear what is told between the looks: those alone have to be enough
	Drop  func(Change)
	Log   *slog.Logger
}

// Watcher looks at the number.
type Watcher struct {
	Config
	last    atomic.Pointer[look]
	missed  bool // nothing was heard for a while
	failing bool
}

// look is what was found, and when: nothing that was committed before it began is missing from it.
type look struct {
	began  time.Time
	number int64
	clock  int64 // the database's, in microseconds
}

// Open looks for the first time. The caller runs the watcher.
func Open(ctx context.Context, c Config) (*Watcher, error) {
	w := &Watcher{Config: c}
	if err := w.look(ctx); err != nil {
		return nil, err
	}
	return w, nil
}

// Run watches until ctx is over.
func (w *Watcher) Run(ctx context.Context) {
	var heard <-chan *pq.Notification
	var committed <-chan struct{}
	if !w.Deaf {
		committed = w.Store.Committed()
		if l := w.Store.Listen(lock.EpochChannel); l != nil {
			defer func() { _ = l.Close() }()
			heard = l.Notify
		}
	}
	tick, forget := time.NewTicker(pollEvery), time.NewTicker(forgetEvery)
	defer tick.Stop()
	defer forget.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-forget.C:
			if err := w.Forget(ctx); err != nil && ctx.Err() == nil {
				w.Log.WarnContext(ctx, "old changes are still there", "error", err)
			}
			continue
		case n := <-heard:
			w.hear(n, heard)
		case <-committed:
		case <-tick.C:
		}
		w.tell(ctx, w.look(ctx))
	}
}

// hear takes all that waits: one look answers it.
func (w *Watcher) hear(n *pq.Notification, more <-chan *pq.Notification) {
	for {
		w.missed = w.missed || n == nil
		select {
		case n = <-more:
		default:
			return
		}
	}
}

// Fresh tells whether what is remembered may be believed at a moment.
func (w *Watcher) Fresh(now time.Time) bool { return now.Sub(w.last.Load().began) < leaseTime }

// Number is the newest that was dealt with.
func (w *Watcher) Number() int64 { return w.last.Load().number }

// Clock is the database's at a moment, in microseconds; ahead of it by the time of one look at most.
func (w *Watcher) Clock(now time.Time) int64 {
	l := w.last.Load()
	return l.clock + now.Sub(l.began).Microseconds()
}

// tell writes down that the database stopped answering, and that it does again, once each.
func (w *Watcher) tell(ctx context.Context, err error) {
	switch {
	case ctx.Err() != nil:
	case err != nil && !w.failing:
		w.failing = true
		w.Log.ErrorContext(ctx, "what is remembered of keys cannot be believed any more: the database does not say what changed", "error", err)
	case err == nil && w.failing:
		w.failing = false
		w.Log.InfoContext(ctx, "what is remembered of keys can be believed again")
	}
}
