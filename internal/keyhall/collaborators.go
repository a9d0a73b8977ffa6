package keyhall

import (
	"context"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/collaborator"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/news"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy"
)

// UpdateCollaboratorRole needs api_key.update_role on the key. Who is made less is made less on the keys that replaced it too.
// Errors: NOT_FOUND, FORBIDDEN.
func (h *House) UpdateCollaboratorRole(ctx context.Context, id string, role collaborator.Role) (*ent.Collaborator, error) {
	err := h.do(ctx, func(tx *ent.Tx) error {
		deed := func(allowed access.Permit, key *ent.APIKey, c *ent.Collaborator) error {
			if c.Role == role {
				return nil
			}
			r, err := audit.Record(ctx, tx, allowed, keyEvent("collaborator.role_updated", key,
				audit.Change{Field: "collaborator", After: &c.UserID}, audit.Changed("role", string(c.Role), string(role))))
			if err != nil {
				return err
			}
			h.tell(tx, news.Changed, key.ID, c.UserID)
			return tx.Collaborator.UpdateOneID(c.ID).SetRole(role).Exec(r.Open(ctx))
		}
		c, err := h.onCollaborator(ctx, tx, id, "api_key.update_role", deed)
		if err != nil || role != collaborator.RoleCONTRIBUTOR {
			return err
		}
		return h.onwards(ctx, tx, c, "api_key.update_role", deed)
	})
	if err != nil {
		return nil, err
	}
	c, err := h.client.Collaborator.Get(ctx, id)
	if err != nil { // who demotes themself may no longer see the row
		return nil, nil
	}
	return c, nil
}

// RemoveCollaborator needs api_key.remove_collaborator on the key; it holds from the very next request on, also on the keys
// that replaced it. The key comes back as the viewer sees it now: nil when they removed themself. Errors: NOT_FOUND, FORBIDDEN.
func (h *House) RemoveCollaborator(ctx context.Context, id string) (*ent.APIKey, error) {
	var keyID string
	err := h.do(ctx, func(tx *ent.Tx) error {
		deed := func(allowed access.Permit, key *ent.APIKey, c *ent.Collaborator) error {
			r, err := audit.Record(ctx, tx, allowed, keyEvent("collaborator.removed", key,
				audit.Change{Field: "collaborator", Before: &c.UserID}, audit.Change{Field: "role", Before: (*string)(&c.Role)}))
			if err != nil {
				return err
			}
			h.tell(tx, news.Lost, key.ID, c.UserID)
			return tx.Collaborator.DeleteOneID(c.ID).Exec(r.Open(ctx))
		}
		c, err := h.onCollaborator(ctx, tx, id, "api_key.remove_collaborator", deed)
		if err != nil {
			return err
		}
		keyID = c.APIKeyID
		return h.onwards(ctx, tx, c, "api_key.remove_collaborator", deed)
	})
	key, err := h.key(ctx, keyID, err)
	if fault.Is(err, fault.CodeNotFound) && keyID != "" {
		return nil, nil
	}
	return key, err
}

type collaboratorDeed func(access.Permit, *ent.APIKey, *ent.Collaborator) error

// onCollaborator authorizes a deed on the key that a collaborator's row belongs to, and reads the row again under the lock.
func (h *House) onCollaborator(ctx context.Context, tx *ent.Tx, id string, p policy.Permission, f collaboratorDeed) (*ent.Collaborator, error) {
	c, err := tx.Collaborator.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := h.noSuccessor(ctx, tx, c.APIKeyID); err != nil {
		return nil, err
	}
	allowed, err := h.guard.Authorize(ctx, tx, p, policy.Deed{ID: c.APIKeyID, Part: id})
	if err != nil {
		return nil, err
	}
	key, err := tx.APIKey.Get(ctx, c.APIKeyID)
	if err != nil {
		return nil, err
	}
	if c, err = tx.Collaborator.Get(ctx, id); err != nil {
		return nil, err
	}
	return c, f(allowed, key, c)
}

// LeaveAPIKey needs api_key.leave: it ends the viewer's own place on the key. Errors: NOT_FOUND, FORBIDDEN, and
// OWNER_IMMUTABLE for the owner.
func (h *House) LeaveAPIKey(ctx context.Context, id string) error {
	return h.do(ctx, func(tx *ent.Tx) error {
		key, err := tx.APIKey.Get(ctx, id)
		if err != nil {
			return err
		}
		if ownerOf(key) == viewer.From(ctx).UserID {
			return fault.Refuse(fault.OwnerImmutable, "the owner of a key cannot leave it; delete it instead", "input", "id")
		}
		r, err := h.permit(ctx, tx, "api_key.leave", policy.Deed{ID: id}, func(access.Permit) (audit.Event, error) {
			return keyEvent("collaborator.left", key), nil
		})
		if err != nil {
			return err
		}
		h.tell(tx, news.Lost, id, viewer.From(ctx).UserID)
		_, err = tx.Collaborator.Delete().Exec(r.Open(ctx))
		return err
	})
}
