package quota

import (
	"context"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/traffic"
)

// At has rates counted by this clock.
func (q *Quota) At(now func() time.Time) { q.own.now = now }

// Shift moves the database's clock as this process reads it.
func (q *Quota) Shift(by *time.Duration) {
	read := q.spends.clock
	q.spends.clock = func(ctx context.Context, tx *ent.Tx) (int64, error) {
		at, err := read(ctx, tx)
		return at + by.Microseconds(), err
	}
}

// Ahead moves this process's own clock, by which its leases end.
func (q *Quota) Ahead(by *time.Duration) {
	q.spends.now = func() time.Time { return time.Now().Add(*by) }
}

// Keep does once what Run does every few seconds.
func (q *Quota) Keep(ctx context.Context) error { return q.spends.keep(ctx) }

// Scopes is how many keys, projects and organizations are remembered.
func (q *Quota) Scopes() (n int) {
	for i := range q.own.shards {
		n += len(q.own.shards[i].scopes)
	}
	return n
}

// Key is a key of one scope each.
func Key(rates []traffic.Rate, spends ...traffic.Spend) *traffic.Key {
	return &traffic.Key{ID: "key_1", ProjectID: "prj_1", OrganizationID: "org_1", UnitPrice: 30_000, Currency: "USD", Rates: rates, Spends: spends}
}

// Stick holds all locks of a key, a project or an organization, as a request would that is stuck in the middle of being counted.
func (q *Quota) Stick(name string) (free func()) {
	s, p := q.own.lock(name), q.spends.purse(name)
	p.mu.Lock()
	return func() { p.mu.Unlock(); s.mu.Unlock() }
}
