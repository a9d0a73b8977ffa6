package keyhall

import (
	"context"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/mail"
	"github.com/keyhall/keyhall/internal/viewer"
)

// tellRevealed queues a letter to the owner of a secret that somebody else reveals, in the transaction of the reveal; it says
// who and which secret. ctx is that of the open receipt. An owner who has left the organization is not told.
func (h *House) tellRevealed(ctx context.Context, tx *ent.Tx, s *ent.Secret) error {
	me := viewer.From(ctx)
	if !s.NotifyOnReveal || s.OwnerID == me.UserID {
		return nil
	}
	owner, err := tx.User.Query().All(ctx) // the permit reads nobody else
	if err != nil || len(owner) == 0 {
		return err
	}
	return h.mail.Queue(ctx, tx, mail.Letter{
		Kind: mail.SecretRevealed, To: owner[0].Email, UserID: owner[0].ID, ResourceID: s.ID, Name: s.Name, ActorName: me.Username,
	})
}
