package keyhall

import (
	"context"
	"fmt"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/sealedvalue"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/instance"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/policy"
)

// The one file that opens sealed values. A value is opened after the transaction that recorded its reveal is committed, and
// only with the receipt of that record: without the row nobody gets the value.

// Revealed is a key's secret and how often it was revealed by now.
type Revealed struct {
	Secret keyring.Secret
	Count  int64
}

// RevealAPIKeySecret needs api_key.reveal_secret. Errors: NOT_FOUND, FORBIDDEN, and TOO_LONG of the reason.
func (h *House) RevealAPIKeySecret(ctx context.Context, id string, reason *string) (Revealed, error) {
	var p problems
	var changes []audit.Change
	if reason != nil {
		p.text("reason", *reason, maxReason, false, false)
		changes = append(changes, audit.Change{Field: "reason", After: reason})
	}
	if err := p.err(); err != nil {
		return Revealed{}, err
	}
	var receipt audit.Receipt
	var row *ent.SealedValue
	err := h.do(ctx, func(tx *ent.Tx) error {
		allowed, err := h.guard.Authorize(ctx, tx, "api_key.reveal_secret", policy.Deed{ID: id})
		if err != nil {
			return err
		}
		key, err := tx.APIKey.Get(ctx, id)
		if err != nil {
			return err
		}
		if err := alive(key, allowed.Now, "id"); err != nil {
			return err
		}
		if receipt, err = audit.Record(ctx, tx, allowed, keyEvent("api_key.secret.revealed", key, changes...)); err != nil {
			return err
		}
		ctx := receipt.Open(ctx)
		row, err = tx.SealedValue.Query().Where(sealedvalue.APIKeyID(id)).Order(ent.Desc(sealedvalue.FieldVersion)).First(ctx)
		if err != nil {
			return err
		}
		row.RevealCount++
		return tx.SealedValue.UpdateOneID(row.ID).SetRevealCount(row.RevealCount).Exec(ctx)
	})
	if err != nil {
		return Revealed{}, err
	}
	secret, err := h.open(receipt, "api_key.reveal_secret", row)
	return Revealed{secret, row.RevealCount}, err
}

// seal stores a new version of a key's secret.
func (h *House) seal(ctx context.Context, tx *ent.Tx, keyID string, version int, value keyring.Secret) error {
	s, err := h.keys.Seal(value, h.secretPlace(keyID, version))
	if err != nil {
		return fmt.Errorf("seal the secret of a key: %w", err)
	}
	return tx.SealedValue.Create().SetAPIKeyID(keyID).SetVersion(version).
		SetWrappedKey(s.WrappedKey).SetCiphertext(s.Ciphertext).SetKeysetID(s.KeysetID).Exec(ctx)
}

func (h *House) open(r audit.Receipt, permission string, row *ent.SealedValue) (keyring.Secret, error) {
	if !r.Holds(permission) {
		return keyring.Secret{}, fmt.Errorf("a sealed value was asked for without the record of %s", permission)
	}
	s := keyring.Sealed{WrappedKey: row.WrappedKey, Ciphertext: row.Ciphertext, KeysetID: row.KeysetID}
	value, err := h.keys.Open(s, h.secretPlace(row.APIKeyID, row.Version))
	if err != nil {
		return keyring.Secret{}, fmt.Errorf("open the secret of a key: %w", err)
	}
	return value, nil
}

func (h *House) secretPlace(keyID string, version int) keyring.Context {
	return instance.KeySecret(h.install, keyID, version)
}
