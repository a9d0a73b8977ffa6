package quota

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/traffic"
	"github.com/keyhall/keyhall/policy/lock"
)

// Charge takes what a request turned out to cost out of every spend limit of its key, in the transaction that records it. It has happened, so
// it counts whatever the limits are: what is given out of one may be above it by what was charged, and by nothing else. It answers
// SpendLimitReached when one of them has nothing left. Of a limit in another currency nothing can be taken, and it refuses.
func (q *Quota) Charge(ctx context.Context, tx *ent.Tx, k *traffic.Key, units int64) (traffic.Code, error) {
	cost, err := costOf(k, units)
	if err != nil || k.UnitPrice == 0 {
		return traffic.Valid, err
	}
	now, err := q.spends.clock(ctx, tx)
	if err != nil {
		return "", err
	}
	code := traffic.Valid
	for _, s := range inOrder(k.Spends) {
		left := int64(0)
		if s.Currency == k.Currency {
			if left, err = q.spends.charge(ctx, tx, s, monthOf(now), cost); err != nil {
				return "", fmt.Errorf("charge a spend limit: %w", err)
			}
		}
		if left <= 0 {
			code = traffic.SpendLimitReached
		}
	}
	return code, nil
}

// charge takes the cost from one account, and answers what is left of the limit, without what other processes hold. When that is above the
// limit from now on, what they hold is called back: it would be spent beside it.
func (l *ledger) charge(ctx context.Context, tx *ent.Tx, s traffic.Spend, month int, cost int64) (left int64, err error) {
	ctx = lock.SpendCharge(ctx, s.Scope)
	account, err := open(ctx, tx, s.Scope, month)
	if err != nil {
		return 0, err
	}
	if cost > math.MaxInt64-account.Granted {
		return 0, errors.New("more was spent than can be counted")
	}
	granted := account.Granted + cost
	update := tx.SpendAccount.UpdateOneID(account.ID).AddGranted(cost)
	if granted > s.Amount && account.Granted <= s.Amount {
		if err := update.Mutation().RaiseEpoch(s.Scope); err != nil {
			return 0, err
		}
	}
	if err := update.Exec(ctx); err != nil {
		return 0, err
	}
	tx.OnCommit(func(next ent.Committer) ent.Committer {
		return ent.CommitFunc(func(ctx context.Context, tx *ent.Tx) error {
			err := next.Commit(ctx, tx)
			if err == nil {
				l.charged(s.Scope, granted > s.Amount)
			}
			return err
		})
	})
	return s.Amount - granted + l.purse(s.Scope).holds(month, l.now()), nil
}

// charged has the alerts of a scope looked at, and this process ask before it spends more of what is over its limit.
func (l *ledger) charged(scope string, over bool) {
	l.touch(scope)
	if over {
		l.purse(scope).recall()
	}
}

// Recall has this process ask the database again before it spends more of the limits of some keys, projects and organizations, of which
// something changed; of all that it holds when it is not known of which.
func (q *Quota) Recall(all bool, scopes ...string) {
	if all {
		for _, p := range q.spends.all() {
			p.recall()
		}
		return
	}
	for _, scope := range scopes {
		if p := q.spends.known(scope); p != nil {
			p.recall()
		}
	}
}
