package keyhall

import (
	"context"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/sealedversion"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/news"
	"github.com/keyhall/keyhall/policy"
)

// RestoreSecretVersion needs secret.restore_version: the value of an earlier version, also none, is copied into a new one,
// sealed under a data key of its own. The version in use stays as it is. Errors: NOT_FOUND, FORBIDDEN.
func (h *House) RestoreSecretVersion(ctx context.Context, versionID string) (*ent.Secret, error) {
	var id string
	err := h.do(ctx, func(tx *ent.Tx) error {
		v, err := tx.SecretVersion.Get(ctx, versionID)
		if err != nil {
			return err
		}
		id = v.SecretID
		allowed, err := h.guard.Authorize(ctx, tx, "secret.restore_version", policy.Deed{ID: id})
		if err != nil {
			return err
		}
		s, err := tx.Secret.Get(ctx, id) // under its lock: nobody makes another version meanwhile
		if err != nil || v.Number == s.Version {
			return err
		}
		return h.restore(ctx, tx, allowed, s, v)
	})
	return h.secret(ctx, id, err)
}

func (h *House) restore(ctx context.Context, tx *ent.Tx, allowed access.Permit, s *ent.Secret, v *ent.SecretVersion) error {
	next := s.Version + 1
	r, err := audit.Record(ctx, tx, allowed, secretEvent("secret.version_restored", s,
		audit.Changed("restored", "", number(v.Number)), versionChange(s.Version, next)))
	if err != nil {
		return err
	}
	if err := h.tellSecret(ctx, tx, news.Changed, s); err != nil {
		return err
	}
	ctx = r.Open(ctx)
	value, err := h.valueOf(ctx, tx, r, v)
	if err != nil {
		return err
	}
	err = tx.Secret.UpdateOneID(s.ID).SetVersion(next).SetHasValue(v.HasValue).SetUpdatedAt(allowed.Now).Exec(ctx)
	if err != nil {
		return err
	}
	return h.newVersion(ctx, tx, s.ID, next, v.ValueOf, value)
}

// valueOf opens the value of a version to seal it again; it goes nowhere else. Nil: there is none.
func (h *House) valueOf(ctx context.Context, tx *ent.Tx, r audit.Receipt, v *ent.SecretVersion) (*keyring.Secret, error) {
	if !v.HasValue {
		return nil, nil
	}
	row, err := tx.SealedVersion.Query().Where(sealedversion.SecretID(v.SecretID), sealedversion.Number(v.Number)).Only(ctx)
	if err != nil {
		return nil, err
	}
	value, err := h.openVersion(r, "secret.restore_version", row)
	return &value, err
}
