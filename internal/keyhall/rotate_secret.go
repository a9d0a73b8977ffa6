package keyhall

import (
	"context"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/sealedvalue"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/token"
)

// RotatedSecret is a key with its new secret.
type RotatedSecret struct {
	Key    *ent.APIKey
	Secret keyring.Secret
}

// RotateAPIKeySecret needs api_key.rotate: the key stays, its secret gets a new version, and the earlier ones work on for
// the overlap at most. Errors: NOT_FOUND, FORBIDDEN, and INVALID, TOO_LONG, EXPIRY_TOO_LONG, KEY_EXPIRED.
func (h *House) RotateAPIKeySecret(ctx context.Context, in Rotation) (RotatedSecret, error) {
	if err := in.check(); err != nil {
		return RotatedSecret{}, err
	}
	secret := keyring.NewSecret(token.New(token.KeySecret).Expose())
	err := h.do(ctx, func(tx *ent.Tx) error {
		key, allowed, err := h.rotating(ctx, tx, in.ID, "")
		if err != nil {
			return err
		}
		if err := rotatable(key, allowed.Now); err != nil {
			return err
		}
		grace := in.grace(key, allowed.Now)
		r, err := audit.Record(ctx, tx, allowed, keyEvent("api_key.secret.rotated", key, in.changes(grace)...))
		if err != nil {
			return err
		}
		return h.nextVersion(r.Open(ctx), tx, key.ID, grace, secret)
	})
	key, err := h.key(ctx, in.ID, err)
	if err != nil {
		return RotatedSecret{}, err
	}
	return RotatedSecret{key, secret}, nil
}

// nextVersion seals a new version and ends those before it; one that would have ended sooner still does.
func (h *House) nextVersion(ctx context.Context, tx *ent.Tx, keyID string, grace int64, secret keyring.Secret) error {
	last, err := tx.SealedValue.Query().Where(sealedvalue.APIKeyID(keyID)).Order(ent.Desc(sealedvalue.FieldVersion)).First(ctx)
	if err != nil {
		return err
	}
	err = tx.SealedValue.Update().
		Where(sealedvalue.APIKeyID(keyID), sealedvalue.Or(sealedvalue.ValidUntil(0), sealedvalue.ValidUntilGT(grace))).
		SetValidUntil(grace).Exec(ctx)
	if err != nil {
		return err
	}
	return h.seal(ctx, tx, keyID, last.Version+1, secret)
}
