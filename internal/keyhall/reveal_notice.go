package keyhall

import (
	"context"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/fault"
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

// turnsNotices tells whether the owner would hear of reveals from now on, or would not any more.
func (in UpdateSecret) turnsNotices(s *ent.Secret) bool {
	return in.NotifyOnReveal != nil && *in.NotifyOnReveal != s.NotifyOnReveal
}

// mayTurnNotices keeps who can only edit from revealing unheard.
func (h *House) mayTurnNotices(ctx context.Context, tx *ent.Tx, in UpdateSecret, s *ent.Secret) error {
	if !in.turnsNotices(s) {
		return nil
	}
	const sharing = "secret.share"
	may, err := h.guard.Holds(ctx, tx, sharing, s.ID)
	if err != nil {
		return fault.Internal(err)
	}
	if !may {
		return fault.Forbidden(sharing, "whether the owner is told of reveals is changed by who may share the secret")
	}
	return nil
}
