package once

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/policy/lock"
)

// keptFor is how long a key is remembered, by the database's clock.
const keptFor = 24 * time.Hour

// Clock is the database's.
type Clock interface {
	Now(ctx context.Context, tx *ent.Tx) (int64, error)
}

// Ledger remembers what was done under which key.
type Ledger struct {
	client *ent.Client
	keys   *keyring.Keyring
	clock  Clock
}

// New opens the ledger of one database.
func New(c *ent.Client, k *keyring.Keyring, clock Clock) *Ledger {
	return &Ledger{client: c, keys: k, clock: clock}
}

// errHeld says that another request holds the key or has just used it.
var errHeld = errors.New("once: the key is taken")

// Recall looks for what was done under the key of ctx: nil when nothing was, *Again when this was, and
// IDEMPOTENCY_MISMATCH when something else was.
func (l *Ledger) Recall(ctx context.Context) error {
	c, ok := from(ctx)
	if !ok {
		return nil
	}
	row, err := l.client.IdempotencyKey.Query().Only(lock.Idempotency(ctx, c.user, c.lookup))
	switch {
	case ent.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("recall a key: %w", err)
	case row.Mutation != c.mutation || !l.keys.Verify("idempotency", c.text(), row.Fingerprint, row.PepperID):
		return mismatch()
	}
	return &Again{Did{Subject: row.SubjectID, Made: row.MadeID, Part: row.PartID, Outcomes: row.Outcomes}}
}

// text is what two requests must have in common to be the same one.
func (c *claim) text() []byte { return append([]byte(c.mutation+"\x00"), c.input...) }

// Do runs a deed in its transaction. With a key in ctx the key is taken first, so that another request with the same one
// waits here until this transaction ends, and what came of the deed is written last. Errors of the deed pass as they are.
func (l *Ledger) Do(ctx context.Context, tx *ent.Tx, deed func(*ent.Tx) error) error {
	c, ok := from(ctx)
	if !ok {
		return deed(tx)
	}
	duty := lock.Idempotency(ctx, c.user, c.lookup)
	if err := l.take(duty, tx, c); err != nil {
		return err
	}
	if err := deed(tx); err != nil {
		return err
	}
	if err := c.did.check(); err != nil {
		return err
	}
	u := tx.IdempotencyKey.Update().SetSubjectID(c.did.Subject).SetMadeID(c.did.Made).SetPartID(c.did.Part)
	if c.did.Outcomes != nil {
		u.SetOutcomes(c.did.Outcomes)
	}
	if err := u.Exec(duty); err != nil {
		return fmt.Errorf("remember what was done: %w", err)
	}
	return nil
}

// take writes the row of a key that nobody holds; an old one whose day is over makes room.
func (l *Ledger) take(duty context.Context, tx *ent.Tx, c *claim) error {
	c.did = Did{}
	now, err := l.clock.Now(duty, tx)
	if err != nil {
		return err
	}
	if _, err := tx.IdempotencyKey.Delete().Exec(duty); err != nil {
		return fmt.Errorf("forget an old key: %w", err)
	}
	fingerprint, pepper := l.keys.Hash("idempotency", c.text())
	err = tx.IdempotencyKey.Create().SetLookup(c.lookup).SetUserID(c.user).SetMutation(c.mutation).
		SetFingerprint(fingerprint).SetPepperID(pepper).SetExpiresAt(now + keptFor.Microseconds()).Exec(duty)
	if ent.IsConstraintError(err) {
		return errHeld
	}
	if err != nil {
		return fmt.Errorf("take a key: %w", err)
	}
	return nil
}

// Ended tells the ledger how the transaction of a deed ended, after it did. A key that was found taken becomes what was
// done under it; every other error passes.
func (l *Ledger) Ended(ctx context.Context, err error) error {
	c, ok := from(ctx)
	switch {
	case !ok:
		return err
	case err == nil:
		c.spent = true
		return nil
	case !errors.Is(err, errHeld):
		return err
	}
	if err := l.Recall(ctx); err != nil {
		return err
	}
	return fault.Conflict("a request with this Idempotency-Key was under way; send it again")
}

// check keeps everything but ids and codes out of the memory.
func (d Did) check() error {
	idOrCode := regexp.MustCompile(`^(|[a-z]{3}_[0-9A-Za-z_]{1,36}|[A-Z][A-Z_]{1,39})$`)
	for _, text := range append([]string{d.Subject, d.Made, d.Part}, d.Outcomes...) {
		if !idOrCode.MatchString(text) {
			return errors.New("once: what is neither an id nor a code cannot be remembered")
		}
	}
	return nil
}

// Forget deletes what was kept for its day, and tells how much: its duty reaches no other row.
func (l *Ledger) Forget(ctx context.Context) (int, error) {
	n, err := l.client.IdempotencyKey.Delete().Exec(lock.ForgetKeys(ctx))
	if err != nil {
		return 0, fmt.Errorf("forget old keys: %w", err)
	}
	return n, nil
}
