package mail

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/invitation"
	entmail "github.com/keyhall/keyhall/ent/mail"
	"github.com/keyhall/keyhall/policy/lock"
)

// Run sends what is due until ctx ends: when it is woken, and every now and then. origin is where people reach this
// server. Any number of processes may run side by side on one database.
func (o *Outbox) Run(ctx context.Context, origin string) {
	if !o.config.Configured() {
		return
	}
	poll := time.NewTicker(o.config.Poll)
	defer poll.Stop()
	for {
		for o.round(ctx, origin) { // until nothing more is sent
		}
		select {
		case <-ctx.Done():
			return
		case <-o.woken:
		case <-poll.C:
		}
	}
}

// round sends a batch and tells whether any letter was sent.
func (o *Outbox) round(ctx context.Context, origin string) bool {
	due, err := o.client.Mail.Query().Order(ent.Asc(entmail.FieldNextAttemptAt, entmail.FieldID)).Limit(o.config.Batch).All(lock.MailClaim(ctx))
	if err != nil {
		o.complain(ctx, "the outbox could not be read", err)
		return false
	}
	sent := false
	for _, row := range due {
		mine, err := o.claim(ctx, row)
		if err != nil {
			o.complain(ctx, "a letter could not be claimed", err)
			return sent
		}
		if !mine || ctx.Err() != nil {
			continue
		}
		end := o.deliver(ctx, row, origin)
		if err := o.mark(context.WithoutCancel(ctx), row, end); err != nil {
			o.complain(ctx, "what became of a letter could not be written; it may be sent twice", err)
		}
		sent = sent || end.code == ""
		if end.down {
			return false
		}
	}
	return sent
}

// claim takes a letter for as long as a delivery may last: of those who try at once one succeeds, and when it dies the
// letter is due again.
func (o *Outbox) claim(ctx context.Context, row *ent.Mail) (bool, error) {
	n, err := o.client.Mail.Update().Where(entmail.ID(row.ID), entmail.NextAttemptAt(row.NextAttemptAt)).
		SetNextAttemptAt(max(row.NextAttemptAt, time.Now().UnixMicro()) + o.config.Lease.Microseconds()).AddAttempts(1).
		Save(lock.MailClaim(ctx))
	if err != nil {
		return false, fmt.Errorf("claim %s: %w", row.ID, err)
	}
	row.Attempts++
	return n == 1, nil
}

// mark writes what became of a letter, on the invitation that it carried too.
func (o *Outbox) mark(ctx context.Context, row *ent.Mail, end outcome) (err error) {
	now := time.Now()
	state := entmail.StateSENT
	switch {
	case end.code == "":
	case end.final, now.Sub(time.UnixMicro(row.CreatedAt)) > o.config.GiveUp:
		state = entmail.StateFAILED
	default:
		state = entmail.StateQUEUED
	}
	if end.code != "" {
		o.log.WarnContext(ctx, "a letter was not sent", "mail", row.ID, "kind", row.Kind, "why", end.code, "attempt", row.Attempts, "state", state)
	}
	ctx = lock.MailMark(ctx, lock.Posted{MailID: row.ID, ResourceID: row.ResourceID, Generation: row.Generation})
	tx, err := o.client.Tx(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tx.Rollback())
		}
	}()
	u := tx.Mail.Update().SetState(state).SetLastError(end.code)
	about := tx.Invitation.Update().SetDelivery(invitation.Delivery(state))
	switch state {
	case entmail.StateSENT:
		u.SetSentAt(now.UnixMicro())
		about.SetSentAt(now.UnixMicro())
	case entmail.StateQUEUED:
		u.SetNextAttemptAt(now.Add(o.config.pause(row.Attempts)).UnixMicro())
	}
	if err := u.Exec(ctx); err != nil {
		return err
	}
	if Kind(row.Kind).Invites() {
		if err := about.Exec(ctx); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// pause is how long to wait after so many attempts.
func (c Config) pause(attempts int) time.Duration {
	return c.Backoff[min(max(attempts, 1), len(c.Backoff))-1]
}

func (o *Outbox) complain(ctx context.Context, what string, err error) {
	if ctx.Err() == nil {
		o.log.ErrorContext(ctx, what, "error", err)
	}
}
