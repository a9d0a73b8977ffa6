package instance

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/sealedvalue"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/policy/lock"
)

// batch is how many data keys one transaction moves: on SQLite everybody else who writes waits for it.
const batch = 200

// KeySecret is the place of a version of a key's secret, bound into what is sealed there.
func KeySecret(install, keyID string, version int) keyring.Context {
	return keyring.Context{Install: install, Type: "api_key", ID: keyID, Version: version, Field: "secret"}
}

// Behind counts the sealed values whose data keys are not under the key in use.
func Behind(ctx context.Context, c *ent.Client, keys *keyring.Keyring) (int, error) {
	n, err := c.SealedValue.Query().Where(sealedvalue.KeysetIDNEQ(keys.PrimaryID())).Count(lock.Rewrap(ctx))
	if err != nil {
		return 0, fmt.Errorf("count the sealed values: %w", err)
	}
	return n, nil
}

// Rewrap puts the data keys of all sealed values under the key in use and reports how many, batch by batch. What is left to
// do stands in the rows, so it can be stopped at any moment and begun again, and others can work meanwhile.
func Rewrap(ctx context.Context, c *ent.Client, keys *keyring.Keyring, install string, report func(moved int)) error {
	ctx = lock.Rewrap(ctx)
	w := rewrapping{client: c, keys: keys, install: install, report: report}
	for { // again until a whole round finds nothing: others sealed values while the round went on
		moved, err := w.round(ctx)
		if err != nil {
			return fmt.Errorf("re-wrap the sealed values: %w", err)
		}
		if moved == 0 {
			return nil
		}
	}
}

type rewrapping struct {
	client  *ent.Client
	keys    *keyring.Keyring
	install string
	report  func(int)
}

// round goes through all values once. After each batch it leaves the database to others for as long as that took.
func (w *rewrapping) round(ctx context.Context) (moved int, err error) {
	for after := ""; ; {
		began := time.Now()
		last, n, err := w.some(ctx, after)
		if err != nil || last == "" {
			return moved, err
		}
		if n > 0 {
			w.report(n)
		}
		after, moved = last, moved+n
		select {
		case <-ctx.Done():
			return moved, ctx.Err()
		case <-time.After(time.Since(began)):
		}
	}
}

// some moves one batch in one transaction, with its audit row.
func (w *rewrapping) some(ctx context.Context, after string) (last string, moved int, err error) {
	err = within(ctx, w.client, func(tx *ent.Tx) error {
		rows, err := tx.SealedValue.Query().Where(sealedvalue.IDGT(after), sealedvalue.KeysetIDNEQ(w.keys.PrimaryID())).
			Order(ent.Asc(sealedvalue.FieldID)).Limit(batch).All(ctx)
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, row := range rows {
			n, err := w.one(ctx, tx, row)
			if err != nil {
				return err
			}
			moved += n
		}
		last = rows[len(rows)-1].ID
		if moved == 0 {
			return nil
		}
		count := strconv.Itoa(moved)
		return audit.Duty(ctx, tx, operator(), "", audit.Event{
			Type: "keyring.rewrapped", ResourceType: ent.TypeInstance, ResourceID: w.install, Changes: []audit.Change{{Field: "values", After: &count}},
		})
	})
	return last, moved, err
}

// one moves one value, unless somebody moved or deleted it just now.
func (w *rewrapping) one(ctx context.Context, tx *ent.Tx, row *ent.SealedValue) (int, error) {
	sealed := keyring.Sealed{WrappedKey: row.WrappedKey, KeysetID: row.KeysetID}
	next, err := w.keys.Rewrap(sealed, KeySecret(w.install, row.APIKeyID, row.Version))
	if err != nil {
		return 0, fmt.Errorf("%s: %w", row.ID, err)
	}
	return tx.SealedValue.Update().Where(sealedvalue.ID(row.ID), sealedvalue.KeysetID(row.KeysetID)).
		SetWrappedKey(next.WrappedKey).SetKeysetID(next.KeysetID).Save(ctx)
}
