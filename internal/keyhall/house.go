// Package keyhall is the verbs: what people do with keys, one file a noun. An exported method is one verb and one
// transaction: it authorizes, writes the audit row, then does the deed. It never decides who may do what (the policy
// does), and it never lets a plaintext out but in the one answer that exists to show it.
package keyhall

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/limit"
	"github.com/keyhall/keyhall/internal/mail"
	"github.com/keyhall/keyhall/internal/news"
	"github.com/keyhall/keyhall/internal/once"
	"github.com/keyhall/keyhall/internal/store"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy"
)

// News passes on whom a deed concerned, after it was committed. It must not block.
type News interface {
	Publish(n news.Note)
}

// House is where the verbs live.
type House struct {
	client    *ent.Client
	guard     *access.Guard
	keys      *keyring.Keyring
	install   string
	limits    Limits
	mail      *mail.Outbox
	news      News
	once      *once.Ledger // what was done under which Idempotency-Key
	passwords Passwords
	links     time.Duration // how long a one-time link may last; 0: there are none
	origin    atomic.Value  // string: where people reach this server
}

// Limits count what could be done too often.
type Limits struct {
	Unknown *limit.Limiter // addresses without an account, per inviter
	Invites *limit.Limiter // invitations, and whom new alerts tell, per person
	Resends *limit.Limiter // how often an invitation is sent again
	Reveals *limit.Limiter // values of secrets, per person
	Exports *limit.Limiter // lists that are taken out whole, per person

	Openings *limit.Limiter // one-time links that are tried, per client
	Searches *limit.Limiter // people and groups, per person
}

// Parts are what a house is built from.
type Parts struct {
	Client    *ent.Client
	Guard     *access.Guard
	Keys      *keyring.Keyring
	Install   string // id of this installation, bound into every sealed value
	Limits    Limits
	Mail      *mail.Outbox
	News      News
	Passwords Passwords
	Links     time.Duration
}

// New builds the house.
func New(p Parts) *House {
	return &House{
		client: p.Client, guard: p.Guard, keys: p.Keys, install: p.Install,
		limits: p.Limits, mail: p.Mail, news: p.News, passwords: p.Passwords, links: p.Links,
		once: once.New(p.Client, p.Keys, p.Guard),
	}
}

// At says where people reach this server, which is known once it listens: the links that it hands out begin so.
func (h *House) At(origin string) { h.origin.Store(origin) }

// Can tells which of the permissions the viewer has on each thing of a page.
func (h *House) Can(ctx context.Context, typ string, ids []string, ps []policy.Permission) (map[string][]policy.Permission, error) {
	return h.guard.Can(ctx, typ, ids, ps)
}

// Now is the database's clock.
func (h *House) Now(ctx context.Context) (int64, error) { return h.guard.Clock(ctx) }

// Law is the policy in force.
func (h *House) Law() *policy.Revision { return h.guard.Law() }

// Recall tells whether the mutation of ctx was done already under its Idempotency-Key: *once.Again when it was, and
// IDEMPOTENCY_MISMATCH when the key is of another request.
func (h *House) Recall(ctx context.Context) error { return translate(h.once.Recall(ctx)) }

// ForgetKeys deletes the Idempotency-Keys that were kept for their day.
func (h *House) ForgetKeys(ctx context.Context) error {
	_, err := h.once.Forget(ctx)
	return err
}

// do runs one deed in one transaction, which ends before do returns: committed when f says nil, undone otherwise. Under an
// Idempotency-Key it is done once: after that the answer is *once.Again, which the door turns into the payload.
func (h *House) do(ctx context.Context, f func(*ent.Tx) error) error {
	if !viewer.From(ctx).SignedIn() {
		return fault.Unauthenticated()
	}
	tx, err := h.client.Tx(ctx)
	if err != nil {
		return fault.Internal(err)
	}
	if err := h.once.Do(ctx, tx, f); err != nil {
		if e := tx.Rollback(); e != nil {
			err = errors.Join(err, fmt.Errorf("undo: %w", e))
		}
		return translate(h.once.Ended(ctx, err))
	}
	if err := tx.Commit(); err != nil {
		return translate(fmt.Errorf("commit: %w", err))
	}
	return h.once.Ended(ctx, nil)
}

// shown is what a deed was about, as its viewer sees it now that it is done. Where they do not, as their token leaves it out or they
// have just lost it, there is nothing to see: NOT_FOUND would say that nothing was done, and have them do it again.
func shown[T any](thing *T, err error) (*T, error) {
	return thing, translate(ent.MaskNotFound(err))
}

// translate gives what the database says a code.
func translate(err error) error {
	switch {
	case ent.IsNotFound(err):
		return fault.NotFound()
	case ent.IsConstraintError(err), store.IsRetryable(err):
		return fault.Conflict("another request was quicker; look again").Because(err)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return fault.Timeout(err)
	}
	return err
}

// permit authorizes a deed and writes its audit row: what comes back opens the deed's own writes.
func (h *House) permit(ctx context.Context, tx *ent.Tx, p policy.Permission, d policy.Deed, e func(access.Permit) (audit.Event, error)) (audit.Receipt, error) {
	allowed, err := h.guard.Authorize(ctx, tx, p, d)
	if err != nil {
		return audit.Receipt{}, err
	}
	event, err := e(allowed)
	if err != nil {
		return audit.Receipt{}, err
	}
	return audit.Record(ctx, tx, allowed, event)
}
