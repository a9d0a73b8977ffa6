package epoch

import (
	"context"
	"fmt"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/revocation"
	"github.com/keyhall/keyhall/policy"
	"github.com/keyhall/keyhall/policy/lock"
)

// mostRows is how many revocations are read at a look; when there are more, everybody is concerned.
const mostRows = 2000

// look reads the number and what it is about, and has it dropped before anybody may believe the rest.
func (w *Watcher) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, leaseTime)
	defer cancel()
	known, began, first := int64(0), time.Now(), true
	if l := w.last.Load(); l != nil {
		known, first = l.number, false
	}
	duty := lock.EpochWatch(ctx, known)
	number, err := w.number(duty)
	if err != nil {
		return err
	}
	clock, err := policy.Clock(duty, w.Store.Client)
	if err != nil {
		return err
	}
	if !first && (number != known || w.missed) { // nothing is remembered before the first look
		change, err := w.since(duty, known, number)
		if err != nil {
			return err
		}
		change.All = change.All || w.missed
		w.Drop(change)
		w.missed = false
	}
	w.last.Store(&look{began: began, number: number, clock: clock})
	return nil
}

// number is 0 until something was changed for the first time.
func (w *Watcher) number(duty context.Context) (int64, error) {
	row, err := w.Store.Client.Epoch.Query().Only(duty)
	if ent.IsNotFound(err) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the epoch: %w", err)
	}
	return row.Number, nil
}

// since is whom the numbers after the known one are about. Numbers are committed in their order and each has a row: where one is
// missing, it was deleted while this process did not look.
func (w *Watcher) since(duty context.Context, known, number int64) (Change, error) {
	rows, err := w.Store.Client.Revocation.Query().Where(revocation.NumberLTE(number)).Limit(mostRows).All(duty)
	if err != nil {
		return Change{}, fmt.Errorf("read what changed: %w", err)
	}
	change, seen := Change{Number: number}, map[int64]bool{}
	for _, r := range rows {
		seen[r.Number] = true
		change.All = change.All || r.SubjectID == ""
		change.Subjects = append(change.Subjects, r.SubjectID)
	}
	change.All = change.All || int64(len(seen)) != number-known || len(rows) == mostRows
	return change, nil
}

// Forget deletes what every process has read. One statement, which needs no transaction.
func (w *Watcher) Forget(ctx context.Context) error {
	if _, err := w.Store.Client.Revocation.Delete().Exec(lock.EpochForget(ctx)); err != nil {
		return fmt.Errorf("delete old changes: %w", err)
	}
	return nil
}
