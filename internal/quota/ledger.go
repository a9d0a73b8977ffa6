package quota

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/policy"
)

// ledger is the purses of this process, and how they are filled.
type ledger struct {
	client *ent.Client
	holder string // this process, to the database
	lease  time.Duration
	log    *slog.Logger
	now    func() time.Time
	clock  func(ctx context.Context, tx *ent.Tx) (int64, error) // the database's; without a transaction too

	mu      sync.RWMutex
	purses  map[string]*purse
	touched map[string]bool // scopes of which more was asked for since somebody looked
}

func newLedger(c *ent.Client, config Config) *ledger {
	name := make([]byte, 16)
	_, _ = rand.Read(name) // never fails
	return &ledger{
		client: c, holder: "prc_" + hex.EncodeToString(name), lease: config.Lease, log: config.Log, now: time.Now,
		clock:  clockOf(c),
		purses: map[string]*purse{}, touched: map[string]bool{},
	}
}

func clockOf(c *ent.Client) func(context.Context, *ent.Tx) (int64, error) {
	return func(ctx context.Context, tx *ent.Tx) (int64, error) {
		if tx == nil {
			return policy.Clock(ctx, c)
		}
		return policy.Clock(ctx, tx)
	}
}

func (l *ledger) purse(scope string) *purse {
	if p := l.known(scope); p != nil {
		return p
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.purses[scope]
	if p == nil {
		p = &purse{scope: scope}
		l.purses[scope] = p
	}
	return p
}

// known is the purse if there is one.
func (l *ledger) known(scope string) *purse {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.purses[scope]
}

// touch remembers that more was asked for.
func (l *ledger) touch(scope string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.touched[scope] = true
}

// all are the purses there are.
func (l *ledger) all() []*purse {
	l.mu.RLock()
	defer l.mu.RUnlock()
	out := make([]*purse, 0, len(l.purses))
	for _, p := range l.purses {
		out = append(out, p)
	}
	return out
}

// fill asks the database for more, once for all who wait. It answers whether the limit is reached, and how long it will be so; when it is
// not, look again.
func (l *ledger) fill(ctx context.Context, short *shortage, cost int64) (reached bool, left time.Duration, err error) {
	p, limit := short.purse, short.limit.Amount
	p.mu.Lock()
	now := l.now()
	switch {
	case p.has(limit, cost, now):
		p.mu.Unlock()
		return false, 0, nil
	case p.empty.limit == limit && cost >= p.empty.cost && p.left < cost && now.Before(p.empty.until):
		defer p.mu.Unlock()
		return true, p.empty.left, nil
	case p.filling != nil:
		wait := p.filling
		p.mu.Unlock()
		select {
		case <-wait:
			return false, 0, nil
		case <-ctx.Done():
			return false, 0, ctx.Err()
		}
	}
	back, recalls := giving{month: p.month, left: p.left, good: !p.until.IsZero()}, p.recalls
	p.left, p.filling = 0, make(chan struct{})
	p.mu.Unlock()
	return l.refill(ctx, p, back, limit, cost, recalls)
}

// refill is fill for the one who asks. What was left is given back in the same transaction, so that there is one lease at most. When
// nobody knows whether that happened, what was left counts as spent.
func (l *ledger) refill(ctx context.Context, p *purse, back giving, limit, cost int64, recalls int) (bool, time.Duration, error) {
	began := l.now()
	got, err := l.take(context.WithoutCancel(ctx), p.scope, back, limit, cost)
	p.mu.Lock()
	defer p.mu.Unlock()
	defer close(p.filling)
	defer func() { p.filling = nil }()
	l.touch(p.scope)
	if p.month != got.month {
		p.left = 0
	}
	p.until, p.limit, p.month, p.leased = time.Time{}, limit, got.month, got.amount
	if err != nil {
		return false, 0, fmt.Errorf("%w: lease a part of a spend limit: %w", ErrUnavailable, err)
	}
	p.ends = began.Add(got.ends)
	if got.amount == 0 {
		p.empty = refusal{limit: limit, cost: cost, until: l.now().Add(min(refusalKept, got.ends)), left: got.ends}
		return true, got.ends, nil
	}
	p.used = true
	p.left += got.amount // beside what requests put back that others had refused
	if p.left >= p.empty.cost {
		p.empty = refusal{}
	}
	p.until = earlier(began.Add(l.lease), p.ends)
	if p.recalls != recalls {
		p.limit = recalled
	}
	return false, 0, nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
