package keyhall

import (
	"context"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/invitation"
	"github.com/keyhall/keyhall/internal/authn"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/token"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy/lock"
)

// oldLinks is how many links before the current one are told apart from forgeries.
const oldLinks = 100

// link is an invitation by its id, and the token of its mail where that was given.
type link struct {
	id     string
	token  token.Mailed
	mailed bool
}

// linkOf reads how an invitation was named; garbage is refused before any look-up.
func (h *House) linkOf(which WhichInvitation) (link, error) {
	switch {
	case (which.InvitationID == nil) == (which.Token == nil):
		return link{}, fault.Refuse(fault.Required, "name the invitation by its id or by the token of its mail, one of both", "input")
	case which.InvitationID != nil:
		return link{id: *which.InvitationID}, nil
	}
	return mailedLink(*which.Token, "token")
}

func mailedLink(text, field string) (link, error) {
	m, err := token.ParseMailed(text)
	if err != nil || m.Link() != token.InvitationLink {
		return link{}, fault.Refuse(fault.Invalid, "this link is incomplete: copy it whole from the mail", "input", field)
	}
	return link{m.ID(), m, true}, nil
}

// sight is the ctx that reads the invitation: who holds its link may not see it as themself, and must be told why.
func (l link) sight(ctx context.Context) context.Context {
	if l.mailed {
		return lock.InvitationByLink(ctx, l.id)
	}
	return ctx
}

// check compares the link with the invitation and its address with the account. A link that was never mailed is answered
// as an invitation that does not exist.
func (h *House) check(ctx context.Context, l link, inv *ent.Invitation) error {
	if !l.token.Matches(h.keys, inv.ResendCount) {
		for g := inv.ResendCount - 1; g >= 0 && g >= inv.ResendCount-oldLinks; g-- {
			if l.token.Matches(h.keys, g) {
				return fault.Refuse(fault.InviteRevoked, "a newer mail was sent since: use the link in that one")
			}
		}
		return fault.NotFound()
	}
	if inv.Email != viewer.From(ctx).Email {
		return wrongAccount()
	}
	return nil
}

func wrongAccount() error {
	return fault.Refuse(fault.InviteWrongAccount, "this invitation is for another account: sign in with that one")
}

// follow checks a mailed link and verifies the address of the account that it was mailed to; what comes back is the ctx of
// the viewer as they are now. An invitation named by its id verifies nothing, nor does a mail from before links were ended.
func (h *House) follow(ctx context.Context, tx *ent.Tx, l link, inv *ent.Invitation) (context.Context, error) {
	if !l.mailed {
		return ctx, nil
	}
	if err := h.check(ctx, l, inv); err != nil {
		return ctx, err
	}
	if !proves(inv) {
		return ctx, nil
	}
	v, err := authn.AddressProven(ctx, tx, mailedAt(inv))
	return h.guard.Enter(ctx, v), err
}

// proves tells whether whoever has the newest link of an invitation had it by mail: without a mail server it was handed to who
// invited.
func proves(inv *ent.Invitation) bool { return inv.Delivery != invitation.DeliveryNOT_CONFIGURED }

// mailedAt is when the newest link of an invitation was made, by the database's clock.
func mailedAt(inv *ent.Invitation) int64 { return inv.ExpiresAt - invitationTTL.Microseconds() }

// OpenInvitation shows what a mailed link stands for, and consumes nothing. Errors as AcceptInvitation, but that an address
// need not be verified.
func (h *House) OpenInvitation(ctx context.Context, text string) (*ent.Invitation, error) {
	l, err := h.linkOf(WhichInvitation{Token: &text})
	if err != nil {
		return nil, err
	}
	err = h.do(ctx, func(tx *ent.Tx) error {
		inv, err := tx.Invitation.Get(l.sight(ctx), l.id)
		if err != nil {
			return err
		}
		if err := h.check(ctx, l, inv); err != nil {
			return err
		}
		v := viewer.From(ctx)
		proven, err := authn.Proves(ctx, tx, mailedAt(inv))
		if err != nil {
			return err
		}
		v.EmailVerified = v.EmailVerified || proven && proves(inv) // as they would be by accepting
		return h.acceptable(h.guard.Enter(ctx, v), tx, l.id)
	})
	return h.invitation(ctx, l.id, err)
}

// acceptable refuses an invitation that the viewer of ctx could not accept now.
func (h *House) acceptable(ctx context.Context, tx *ent.Tx, id string) error {
	ok, err := h.guard.Holds(ctx, tx, "invitation.accept", id)
	if err != nil || ok {
		return err
	}
	return h.whyNot(ctx, tx, id, fault.Forbidden("invitation.accept"))
}

// Offer is an invitation by its link, for who has no account yet. Errors as OpenInvitation.
func (h *House) Offer(text string) authn.Offer {
	return func(ctx context.Context, tx *ent.Tx, newcomer viewer.Viewer) (authn.Offered, error) {
		l, err := mailedLink(text, "invitationToken")
		if err != nil {
			return authn.Offered{}, err
		}
		if err := h.guard.LockRow(ctx, tx, ent.TypeInvitation, l.id); err != nil { // nobody revokes it meanwhile
			return authn.Offered{}, translate(err)
		}
		inv, err := tx.Invitation.Get(l.sight(ctx), l.id)
		if err != nil {
			return authn.Offered{}, translate(err)
		}
		ctx = h.guard.Enter(ctx, newcomer)
		if err := h.check(ctx, l, inv); err != nil {
			return authn.Offered{}, err
		}
		return authn.Offered{InvitationID: inv.ID, Proven: proves(inv)}, translate(h.acceptable(ctx, tx, inv.ID))
	}
}
