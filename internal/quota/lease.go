package quota

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/spendaccount"
	"github.com/keyhall/keyhall/ent/spendlease"
	"github.com/keyhall/keyhall/internal/store"
	"github.com/keyhall/keyhall/policy/lock"
)

// askTime is how long the database may take to lease; who waits is a request.
const askTime = 5 * time.Second

// tries is how often a lease is asked for that another process came before.
const tries = 5

// giving is what a process gives back of its lease. It is not good when there is none.
type giving struct {
	month int
	left  int64
	good  bool
}

// leased is what the database gave.
type leased struct {
	month  int
	amount int64
	ends   time.Duration // until the month is over
}

// take gives back and leases anew, in one short transaction.
func (l *ledger) take(ctx context.Context, scope string, back giving, limit, cost int64) (leased, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	ctx = lock.SpendLease(ctx, scope, l.holder)
	for n := 1; ; n++ {
		got, err := l.once(ctx, scope, back, limit, cost)
		if err == nil || n == tries || !ent.IsConstraintError(err) && !store.IsRetryable(err) {
			return got, err
		}
	}
}

func (l *ledger) once(ctx context.Context, scope string, back giving, limit, cost int64) (got leased, err error) {
	tx, err := l.client.Tx(ctx)
	if err != nil {
		return got, err
	}
	defer func() {
		if err != nil {
			got, err = leased{}, errors.Join(err, tx.Rollback())
		}
	}()
	now, err := l.clock(ctx, tx)
	if err != nil {
		return got, err
	}
	got.month = monthOf(now)
	got.ends = time.Duration(monthEnd(now)-now) * time.Microsecond
	if err := l.giveBack(ctx, tx, scope, back); err != nil {
		return got, err
	}
	account, err := open(ctx, tx, scope, got.month)
	if err != nil {
		return got, err
	}
	if got.amount = portion(limit, limit-account.Granted, cost); got.amount > 0 {
		if err := tx.SpendAccount.UpdateOneID(account.ID).AddGranted(got.amount).Exec(ctx); err != nil {
			return got, err
		}
		err := tx.SpendLease.Create().SetScopeID(scope).SetMonth(got.month).SetHolder(l.holder).SetAmount(got.amount).
			SetExpiresAt(now + l.lease.Microseconds()).Exec(ctx)
		if err != nil {
			return got, err
		}
	}
	return got, tx.Commit()
}

// giveBack ends what this process has leased. A lease that was written off as lost is not there any more, and what was left of it
// stays spent; so does what is not good, as nobody knows what became of it.
func (l *ledger) giveBack(ctx context.Context, tx *ent.Tx, scope string, back giving) error {
	n, err := tx.SpendLease.Delete().Where(spendlease.ScopeID(scope), spendlease.Holder(l.holder)).Exec(ctx)
	if err != nil || n == 0 || !back.good || back.left == 0 {
		return err
	}
	return tx.SpendAccount.Update().Where(spendaccount.ScopeID(scope), spendaccount.Month(back.month)).AddGranted(-back.left).Exec(ctx)
}

// open locks the account of a month, which the first who asks makes.
func open(ctx context.Context, tx *ent.Tx, scope string, month int) (*ent.SpendAccount, error) {
	account, err := tx.SpendAccount.Query().Where(spendaccount.ScopeID(scope), spendaccount.Month(month)).ForDeed().Only(ctx)
	if !ent.IsNotFound(err) {
		return account, err
	}
	account, err = tx.SpendAccount.Create().SetScopeID(scope).SetMonth(month).Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("open the account of a month: %w", err)
	}
	return account, nil
}

// monthOf is the month of UTC that a time in microseconds is in, as 202611.
func monthOf(micros int64) int {
	t := time.UnixMicro(micros).UTC()
	return t.Year()*100 + int(t.Month())
}

func monthEnd(micros int64) int64 {
	t := time.UnixMicro(micros).UTC()
	return time.Date(t.Year(), t.Month()+1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
}
