package keyhall

import (
	"context"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/apikey"
	"github.com/keyhall/keyhall/ent/collaborator"
	"github.com/keyhall/keyhall/policy"
)

// noSuccessor keeps everybody else from replacing a key, and whatever replaced it, until the transaction ends. Keys replace
// each other within one project, so its row stands for them all; it is held before the row of any key.
func (h *House) noSuccessor(ctx context.Context, tx *ent.Tx, keyID string) error {
	key, err := tx.APIKey.Get(ctx, keyID)
	if err != nil { // of a hidden key the permission speaks
		return ent.MaskNotFound(err)
	}
	return h.guard.LockRow(ctx, tx, ent.TypeProject, key.ProjectID)
}

// onwards takes from somebody on each newer key what was taken from them on an older one, where the viewer may: a rotation
// that was quicker must not keep what a removal takes. Nobody stays ahead by rotating again, because noSuccessor holds.
func (h *House) onwards(ctx context.Context, tx *ent.Tx, c *ent.Collaborator, p policy.Permission, f collaboratorDeed) error {
	keyID := c.APIKeyID
	for {
		next, err := tx.APIKey.Query().Where(apikey.ReplacesID(keyID)).Only(ctx)
		if err != nil {
			return ent.MaskNotFound(err)
		}
		keyID = next.ID
		place, err := tx.Collaborator.Query().Where(collaborator.APIKeyID(keyID), collaborator.UserID(c.UserID)).OnlyID(ctx)
		if ent.IsNotFound(err) {
			continue
		}
		if err != nil {
			return err
		}
		if held, err := h.guard.Holds(ctx, tx, p, keyID); err != nil || !held {
			return err
		}
		if _, err := h.onCollaborator(ctx, tx, place, p, f); err != nil {
			return err
		}
	}
}
