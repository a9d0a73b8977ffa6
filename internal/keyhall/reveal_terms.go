package keyhall

import (
	"context"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/fault"
)

// What a reveal asks for and who hears of it are the terms that a secret is shared on. Who can only edit it reveals it on these
// terms, and does not change them.

// turnsNotices tells whether the owner would hear of reveals from now on, or would not any more.
func (in UpdateSecret) turnsNotices(s *ent.Secret) bool {
	return in.NotifyOnReveal != nil && *in.NotifyOnReveal != s.NotifyOnReveal
}

// turnsReasons tells whether people would have to say why from now on, or would not any more.
func (in UpdateSecret) turnsReasons(s *ent.Secret) bool {
	return in.ReasonRequired != nil && *in.ReasonRequired != s.ReasonRequired
}

// mayTurnTerms keeps who can only edit from revealing unheard, or without a reason.
func (h *House) mayTurnTerms(ctx context.Context, tx *ent.Tx, in UpdateSecret, s *ent.Secret) error {
	if !in.turnsNotices(s) && !in.turnsReasons(s) {
		return nil
	}
	const sharing = "secret.share"
	may, err := h.guard.Holds(ctx, tx, sharing, s.ID)
	if err != nil {
		return fault.Internal(err)
	}
	if !may {
		return fault.Forbidden(sharing, "whether a reveal needs a reason, and whether the owner is told of it, is changed by who may share the secret")
	}
	return nil
}
