package instance

import (
	"context"
	"errors"
	"fmt"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/viewer"
)

// renew remembers the keys that a rotation added, so that the file from before it opens this database no more. That another
// key is in use is recorded with it, by whoever comes upon it first.
func renew(ctx context.Context, c *ent.Client, row *ent.Instance, keys *keyring.Keyring) error {
	proof, err := keys.NewCheck(row.ID)
	if err != nil {
		return fmt.Errorf("seal the check value: %w", err)
	}
	err = within(ctx, c, func(tx *ent.Tx) error {
		if from, to := row.CheckKeysetID, proof.Sealed.KeysetID; from != to {
			e := audit.Event{Type: "keyring.rotated", ResourceType: ent.TypeInstance, ResourceID: row.ID, Changes: []audit.Change{audit.Changed("key", from, to)}}
			if err := audit.Duty(ctx, tx, operator(), "", e); err != nil {
				return err
			}
		}
		return tx.Instance.UpdateOneID(row.ID).SetCheckWrappedKey(proof.Sealed.WrappedKey).SetCheckCiphertext(proof.Sealed.Ciphertext).
			SetCheckKeysetID(proof.Sealed.KeysetID).SetCheckIds(proof.IDs).Exec(ctx)
	})
	if err != nil {
		return fmt.Errorf("remember the new keys: %w", err)
	}
	return nil
}

// operator is the person at the machine: whoever can write the key file needs no account.
func operator() viewer.Viewer { return viewer.Viewer{Kind: viewer.Operator, Username: "operator"} }

// within runs one transaction.
func within(ctx context.Context, c *ent.Client, f func(*ent.Tx) error) error {
	tx, err := c.Tx(ctx)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}
