package audit

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/auditevent"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy"
	"github.com/keyhall/keyhall/policy/lock"
)

const (
	foldFor    = time.Minute
	maxFolded  = 10_000 // denials remembered at a time; beyond it a repetition is counted as new
	writeLimit = 5 * time.Second
)

// Denials keeps what was refused: one row for an actor, permission and resource in a minute, with how often it came. The
// first is written at once in a transaction of its own, because the refused one is undone; repetitions are counted here and
// written by Flush, so that asking again and again does not write again and again.
type Denials struct {
	client *ent.Client
	log    *slog.Logger
	work   sync.WaitGroup

	mu     sync.Mutex
	folded map[denial]*repetition
}

type denial struct {
	actor, resource string
	permission      policy.Permission
	minute          int64
}

type repetition struct {
	row     string
	count   int
	written int
}

// NewDenials keeps denials in one database.
func NewDenials(c *ent.Client, log *slog.Logger) *Denials {
	return &Denials{client: c, log: log, folded: map[denial]*repetition{}}
}

// Refused implements access.Refusals. It does not hold up the answer: on SQLite the refused transaction is still the one
// writer, so the row is written when it is over.
func (d *Denials) Refused(ctx context.Context, r access.Refusal) {
	v := viewer.From(ctx)
	key := denial{v.UserID, r.ResourceID, r.Permission, time.Now().UnixMicro() / foldFor.Microseconds()}
	if !d.first(key) {
		return
	}
	ctx = context.WithoutCancel(ctx)
	d.work.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, writeLimit)
		defer cancel()
		id, err := d.write(ctx, v, r)
		if err != nil {
			d.log.ErrorContext(ctx, "a denial could not be recorded", "permission", r.Permission, "error", err)
			return
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		if f := d.folded[key]; f != nil {
			f.row = id
		}
	})
}

func (d *Denials) first(k denial) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.folded[k]; f != nil {
		f.count++
		return false
	}
	if len(d.folded) >= maxFolded {
		clear(d.folded)
	}
	d.folded[k] = &repetition{count: 1, written: 1}
	return true
}

func (d *Denials) write(ctx context.Context, v viewer.Viewer, r access.Refusal) (string, error) {
	tx, err := d.client.Tx(ctx)
	if err != nil {
		return "", err
	}
	defer func() { _ = tx.Rollback() }()
	at, err := placeOf(ctx, tx, v.UserID, r.ResourceID)
	if err != nil {
		return "", err
	}
	row, err := fill(tx.AuditEvent.Create(), v, at, Event{Type: "access.denied", ResourceID: r.ResourceID}).
		SetOutcome(auditevent.OutcomeDENIED).SetPermission(string(r.Permission)).
		SetPolicyRevision(r.Revision).SetReasons(append([]string{}, r.Reasons...)).
		Save(lock.Denial(ctx))
	if err != nil {
		return "", err
	}
	return row.ID, tx.Commit()
}

// Flush writes how often each denial came, and forgets those of past minutes.
func (d *Denials) Flush(ctx context.Context) error {
	for row, count := range d.due() {
		err := d.client.AuditEvent.UpdateOneID(row).SetRepeated(count).Exec(lock.Denial(ctx))
		if err != nil && !ent.IsNotFound(err) {
			return err
		}
	}
	return nil
}

func (d *Denials) due() map[string]int {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now().UnixMicro() / foldFor.Microseconds()
	out := map[string]int{}
	for k, f := range d.folded {
		if f.row != "" && f.count > f.written {
			out[f.row], f.written = f.count, f.count
		}
		if k.minute < now && f.row != "" {
			delete(d.folded, k)
		}
	}
	return out
}

// Close waits for the denials that are being written, then flushes.
func (d *Denials) Close(ctx context.Context) error {
	d.work.Wait()
	return d.Flush(ctx)
}
