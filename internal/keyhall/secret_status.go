package keyhall

import (
	"context"
	"fmt"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/secretgrant"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/news"
	"github.com/keyhall/keyhall/internal/once"
	"github.com/keyhall/keyhall/policy"
)

// DisableSecrets needs secret.disable on every one of them; it is all or nothing, and a disabled one stays as it is, unless
// the viewer takes it over. Nobody reveals a disabled secret. Errors: NOT_FOUND, FORBIDDEN, and REQUIRED, TOO_LONG.
func (h *House) DisableSecrets(ctx context.Context, ids []string) ([]*ent.Secret, error) {
	return h.switchSecrets(ctx, ids, "secret.disable", func(ctx context.Context, tx *ent.Tx, allowed access.Permit, s *ent.Secret) error {
		if s.DisabledAt != 0 {
			if over, err := h.takesOver(ctx, tx, s); err != nil || !over {
				return err
			}
		}
		r, err := audit.Record(ctx, tx, allowed, secretEvent("secret.disabled", s))
		if err != nil {
			return err
		}
		if err := h.tellSecret(ctx, tx, news.Changed, s); err != nil {
			return err
		}
		return tx.Secret.UpdateOneID(s.ID).SetDisabledAt(allowed.Now).SetDisabledByID(viewerID(ctx)).Exec(r.Open(ctx))
	})
}

// takesOver tells whether a disabled secret is from now on disabled by the viewer: who may enable it whoever disabled it wants
// it to stay so when they disable it too, and whoever disabled it first could otherwise enable it again.
func (h *House) takesOver(ctx context.Context, tx *ent.Tx, s *ent.Secret) (bool, error) {
	if deref(s.DisabledByID) == viewerID(ctx) {
		return false, nil
	}
	return h.guard.Could(ctx, tx, "secret.enable", s.ID)
}

// EnableSecrets is the reverse, and needs secret.enable.
func (h *House) EnableSecrets(ctx context.Context, ids []string) ([]*ent.Secret, error) {
	return h.switchSecrets(ctx, ids, "secret.enable", func(ctx context.Context, tx *ent.Tx, allowed access.Permit, s *ent.Secret) error {
		if s.DisabledAt == 0 {
			return nil
		}
		r, err := audit.Record(ctx, tx, allowed, secretEvent("secret.enabled", s))
		if err != nil {
			return err
		}
		if err := h.tellSecret(ctx, tx, news.Changed, s); err != nil {
			return err
		}
		return tx.Secret.UpdateOneID(s.ID).SetDisabledAt(0).ClearDisabledByID().Exec(r.Open(ctx))
	})
}

type secretDeed func(context.Context, *ent.Tx, access.Permit, *ent.Secret) error

// switchSecrets does the same to several, in one order for everybody, so that two submissions cannot wait for each other.
func (h *House) switchSecrets(ctx context.Context, ids []string, permission policy.Permission, do secretDeed) ([]*ent.Secret, error) {
	var p problems
	switch {
	case len(ids) == 0:
		p.add(fault.Required, "name at least one secret", "ids")
	case len(ids) > maxShared:
		p.add(fault.TooLong, fmt.Sprintf("at most %d secrets at a time", maxShared), "ids")
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	sorted := sortedUnique(ids)
	err := h.do(ctx, func(tx *ent.Tx) error {
		once.Outcomes(ctx, sorted)
		for _, id := range sorted {
			allowed, err := h.guard.Authorize(ctx, tx, permission, policy.Deed{ID: id})
			if err != nil {
				return err
			}
			s, err := tx.Secret.Get(ctx, id)
			if err != nil {
				return err
			}
			if err := do(ctx, tx, allowed, s); err != nil {
				return err
			}
		}
		return nil
	})
	return h.secrets(ctx, ids, err)
}

// DeleteSecret needs secret.delete: the secret, its grants and every version of its value with the key that it is sealed
// under are gone for good. Errors: NOT_FOUND, FORBIDDEN.
func (h *House) DeleteSecret(ctx context.Context, id string) error {
	return h.do(ctx, func(tx *ent.Tx) error {
		r, err := h.permit(ctx, tx, "secret.delete", policy.Deed{ID: id}, func(access.Permit) (audit.Event, error) {
			s, err := tx.Secret.Get(ctx, id)
			if err != nil {
				return audit.Event{}, err
			}
			return secretEvent("secret.deleted", s), h.tellSecretGone(ctx, tx, s)
		})
		if err != nil {
			return err
		}
		ctx := r.Open(ctx)
		for _, part := range []func() error{
			func() error { _, err := tx.SecretGrant.Delete().Exec(ctx); return err },
			func() error { _, err := tx.SealedVersion.Delete().Exec(ctx); return err },
			func() error { _, err := tx.SecretVersion.Delete().Exec(ctx); return err },
			func() error { _, err := tx.ShareLink.Delete().Exec(ctx); return err },
			func() error { _, err := tx.Mail.Delete().Exec(ctx); return err }, // a code for a link that is gone
		} {
			if err := part(); err != nil {
				return err
			}
		}
		return tx.Secret.DeleteOneID(id).Exec(ctx)
	})
}

// LeaveSecret needs secret.leave: it ends the viewer's own direct grant. Errors: NOT_FOUND, FORBIDDEN, and OWNER_IMMUTABLE for
// the owner.
func (h *House) LeaveSecret(ctx context.Context, id string) error {
	return h.do(ctx, func(tx *ent.Tx) error {
		s, err := tx.Secret.Get(ctx, id)
		if err != nil {
			return err
		}
		if s.OwnerID == viewerID(ctx) {
			return fault.Refuse(fault.OwnerImmutable, "the owner of a secret cannot leave it; delete it instead", "input", "id")
		}
		r, err := h.permit(ctx, tx, "secret.leave", policy.Deed{ID: id}, func(access.Permit) (audit.Event, error) {
			return secretEvent("share.left", s), nil
		})
		if err != nil {
			return err
		}
		h.tellOf(tx, news.Lost|news.Changed, ent.TypeSecret, id, viewerID(ctx))
		_, err = tx.SecretGrant.Delete().Where(secretgrant.SecretID(id)).Exec(r.Open(ctx))
		return err
	})
}
