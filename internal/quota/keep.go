package quota

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/spendaccount"
	"github.com/keyhall/keyhall/ent/spendlease"
	"github.com/keyhall/keyhall/internal/traffic"
	"github.com/keyhall/keyhall/policy/lock"
)

// writtenOffAtOnce is how many leases of dead processes are looked after in one go.
const writtenOffAtOnce = 100

// Run renews what is leased and used, gives back what is not, and writes off what processes held that died, until ctx ends.
func (q *Quota) Run(ctx context.Context) {
	tick := time.NewTicker(q.config.Renew)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := q.spends.keep(ctx); err != nil && ctx.Err() == nil {
				q.config.Log.ErrorContext(ctx, "spend limits could not be looked after; what is leased is used up and then refused", "error", err)
			}
		}
	}
}

// Close gives everything back.
func (q *Quota) Close(ctx context.Context) error {
	var failed []error
	if q.shared != nil {
		failed = append(failed, q.shared.close())
	}
	q.running.Wait()
	for _, p := range q.spends.all() {
		failed = append(failed, q.spends.end(ctx, p))
	}
	return errors.Join(failed...)
}

// Touched are the keys, projects and organizations of whose spend limit more was asked for since this was asked last.
func (q *Quota) Touched() []string {
	l := q.spends
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for scope := range l.touched {
		out = append(out, scope)
	}
	clear(l.touched)
	return out
}

func (l *ledger) keep(ctx context.Context) error {
	failed := []error{l.writeOff(ctx), l.renew(ctx)}
	for _, p := range l.all() {
		p.mu.Lock()
		idle := !p.used && !p.until.IsZero()
		p.used = false
		p.mu.Unlock()
		if idle {
			failed = append(failed, l.end(ctx, p))
		}
	}
	return errors.Join(failed...)
}

// renew keeps all leases in one statement. A purse whose time came while that ran may have been written off before it: it
// is not believed longer.
func (l *ledger) renew(ctx context.Context) error {
	began, count := l.now(), 0
	for _, p := range l.all() {
		p.mu.Lock()
		if began.Before(p.until) {
			count++
		}
		p.mu.Unlock()
	}
	if count == 0 {
		return nil
	}
	ctx = lock.SpendRenew(ctx, l.holder)
	tx, err := l.client.Tx(ctx)
	if err != nil {
		return err
	}
	now, err := l.clock(ctx, tx)
	if err == nil {
		err = tx.SpendLease.Update().SetExpiresAt(now + l.lease.Microseconds()).Exec(ctx)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("renew leases: %w", err), tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("renew leases: %w", err)
	}
	ended := l.now()
	for _, p := range l.all() {
		p.mu.Lock()
		if ended.Before(p.until) && p.filling == nil {
			p.until = earlier(began.Add(l.lease), p.ends)
		}
		p.mu.Unlock()
	}
	return nil
}

// end gives one lease back.
func (l *ledger) end(ctx context.Context, p *purse) error {
	p.mu.Lock()
	if p.filling != nil || p.until.IsZero() {
		p.mu.Unlock()
		return nil
	}
	back := giving{month: p.month, left: p.left, good: true}
	p.left, p.until = 0, time.Time{}
	done := make(chan struct{})
	p.filling = done
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		p.filling = nil
		p.mu.Unlock()
		close(done)
	}()
	ctx = lock.SpendLease(ctx, p.scope, l.holder)
	tx, err := l.client.Tx(ctx)
	if err != nil {
		return fmt.Errorf("give back a lease: %w", err)
	}
	if err := l.giveBack(ctx, tx, p.scope, back); err != nil {
		return errors.Join(fmt.Errorf("give back a lease: %w", err), tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("give back a lease: %w", err)
	}
	return nil
}

// writeOff counts as spent what processes held whose time is over.
func (l *ledger) writeOff(ctx context.Context) error {
	ctx = lock.SpendLost(ctx)
	over, err := l.client.SpendLease.Query().Order(ent.Asc(spendlease.FieldExpiresAt)).Limit(writtenOffAtOnce).All(ctx)
	if err != nil {
		return fmt.Errorf("look for leases of processes that died: %w", err)
	}
	for _, row := range over {
		lost, err := l.writeOffOne(ctx, row)
		if err != nil {
			return fmt.Errorf("write off a lease: %w", err)
		}
		if lost {
			l.log.WarnContext(ctx, "a process ended without giving back what it had leased of a spend limit: it counts as spent",
				"of", row.ScopeID, "month", row.Month, "millionths", row.Amount)
		}
	}
	return nil
}

func (l *ledger) writeOffOne(ctx context.Context, row *ent.SpendLease) (bool, error) {
	tx, err := l.client.Tx(ctx)
	if err != nil {
		return false, err
	}
	n, err := tx.SpendLease.Delete().Where(spendlease.ID(row.ID)).Exec(ctx)
	if err == nil && n == 1 {
		err = tx.SpendAccount.Update().Where(spendaccount.ScopeID(row.ScopeID), spendaccount.Month(row.Month)).AddLost(row.Amount).Exec(ctx)
	}
	if err != nil {
		return false, errors.Join(err, tx.Rollback())
	}
	return n == 1, tx.Commit()
}

// Budgets tells how each of some spend limits stands.
func (q *Quota) Budgets(ctx context.Context, limits []traffic.Spend) ([]traffic.Budget, error) {
	out := make([]traffic.Budget, len(limits))
	if len(limits) == 0 {
		return out, nil
	}
	l := q.spends
	scopes := make([]string, len(limits))
	for i, s := range limits {
		scopes[i] = s.Scope
	}
	granted, leased, month, err := l.look(lock.SpendLook(ctx, scopes))
	if err != nil {
		return nil, fmt.Errorf("look at spend limits: %w", err)
	}
	now := l.now()
	for i, s := range limits {
		p := l.purse(s.Scope)
		p.mu.Lock()
		var mine, left int64 // of this process it is known exactly
		if p.month == month && now.Before(p.until) && p.filling == nil {
			mine, left = p.leased, p.left
		}
		refused := p.empty.limit == s.Amount && now.Before(p.empty.until)
		p.mu.Unlock()
		out[i].Spent = max(granted[s.Scope]-leased[s.Scope]+mine-left, 0)
		out[i].Binds = refused || s.Amount-granted[s.Scope]+left <= 0
	}
	return out, nil
}

func (l *ledger) look(ctx context.Context) (granted, leased map[string]int64, month int, err error) {
	granted, leased = map[string]int64{}, map[string]int64{}
	now, err := l.clock(ctx, nil)
	if err != nil {
		return nil, nil, 0, err
	}
	month = monthOf(now)
	accounts, err := l.client.SpendAccount.Query().Where(spendaccount.Month(month)).All(ctx)
	if err != nil {
		return nil, nil, 0, err
	}
	leases, err := l.client.SpendLease.Query().Where(spendlease.Month(month)).All(ctx)
	for _, r := range leases {
		leased[r.ScopeID] += r.Amount
	}
	for _, r := range accounts {
		granted[r.ScopeID] = r.Granted
	}
	return granted, leased, month, err
}
