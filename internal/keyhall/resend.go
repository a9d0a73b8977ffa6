package keyhall

import (
	"context"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/invitation"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/mail"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy"
	"github.com/keyhall/keyhall/policy/lock"
)

// RevokeInvitation needs api_key.revoke_invitation, or organization.invite where it is to an organization. A letter that still
// waits is not sent any more. Errors: NOT_FOUND, FORBIDDEN, and INVITE_NOT_PENDING.
func (h *House) RevokeInvitation(ctx context.Context, id string) (*ent.Invitation, error) {
	err := h.onInvitation(ctx, id, "api_key.revoke_invitation", func(tx *ent.Tx, allowed access.Permit, inv *ent.Invitation) error {
		r, err := audit.Record(ctx, tx, allowed, invitationEvent("invite.revoked", inv))
		if err != nil {
			return err
		}
		ctx := r.Open(ctx)
		if _, err := tx.Mail.Delete().Exec(ctx); err != nil {
			return err
		}
		return tx.Invitation.UpdateOneID(id).SetStatus(invitation.StatusREVOKED).SetSettledAt(allowed.Now).Exec(ctx)
	})
	return h.invitation(ctx, id, err)
}

// ResendInvitation needs api_key.resend_invitation, or organization.invite where it is to an organization: a new link with
// another seven days, and the link before it is dead. The role stays; whoever sends it again is who invites from now on. The link
// comes back where InviteToOrganization gives it. Errors: NOT_FOUND, FORBIDDEN, RATE_LIMITED, and INVITE_NOT_PENDING, also of an
// expired one: its address can be invited anew.
func (h *House) ResendInvitation(ctx context.Context, id string) (*ent.Invitation, keyring.Secret, error) {
	var link keyring.Secret
	err := h.onInvitation(ctx, id, "api_key.resend_invitation", func(tx *ent.Tx, allowed access.Permit, inv *ent.Invitation) error {
		if inv.ExpiresAt <= allowed.Now {
			return fault.Refuse(fault.InviteNotPending, "this invitation has expired; invite them again", "input", "invitationId")
		}
		if err := count(ctx, h.limits.Resends, id); err != nil {
			return err
		}
		by, err := tx.User.Get(ctx, viewer.From(ctx).UserID)
		if err != nil {
			return err
		}
		letter, err := letterAgain(ctx, tx, inv, by)
		if err != nil {
			return err
		}
		var shown []audit.Change
		link, shown = h.handOver(letter)
		r, err := audit.Record(ctx, tx, allowed, invitationEvent("invite.resent", inv, shown...))
		if err != nil {
			return err
		}
		ctx := r.Open(ctx)
		if _, err := tx.Mail.Delete().Exec(ctx); err != nil { // what still waits would carry the dead link
			return err
		}
		err = tx.Invitation.UpdateOneID(id).SetResendCount(letter.Generation).SetInvitedByID(by.ID).
			SetDelivery(invitation.Delivery(h.mail.First())).SetExpiresAt(allowed.Now + invitationTTL.Microseconds()).Exec(ctx)
		if err != nil {
			return err
		}
		return h.mail.Queue(ctx, tx, letter)
	})
	inv, err := h.invitation(ctx, id, err)
	return inv, link, err
}

// letterAgain is the next letter of an invitation. One to a key is for the holder of an account.
func letterAgain(ctx context.Context, tx *ent.Tx, inv *ent.Invitation, by *ent.User) (mail.Letter, error) {
	next := *inv
	next.ResendCount++
	if inv.APIKeyID == nil {
		return letterToJoin(&next, by), nil
	}
	holder, err := tx.User.Query().Only(lock.AccountByEmail(ctx, inv.Email))
	if ent.IsNotFound(err) {
		return mail.Letter{}, fault.Refuse(fault.AccountNotFound, "nobody has an account with this address any more", "input", "invitationId")
	}
	if err != nil {
		return mail.Letter{}, err
	}
	return letterOf(&next, holder.ID, by), nil
}

type invitationDeed func(*ent.Tx, access.Permit, *ent.Invitation) error

// onInvitation authorizes a deed on the key or the organization of an open invitation, and reads the invitation again under its
// lock. p is what is asked of a key; of an organization there is one permission for all that is about inviting.
func (h *House) onInvitation(ctx context.Context, id string, p policy.Permission, f invitationDeed) error {
	return h.do(ctx, func(tx *ent.Tx) error {
		inv, err := tx.Invitation.Get(ctx, id)
		if err != nil {
			return err
		}
		to := targetOf(inv)
		if to.typ == ent.TypeOrganization {
			p = inviteThere
		}
		allowed, err := h.guard.Authorize(ctx, tx, p, policy.Deed{ID: to.id, Part: id})
		if err != nil {
			return err
		}
		if inv, err = tx.Invitation.Get(ctx, id); err != nil {
			return err
		}
		if err := stays(to, inv); err != nil {
			return err
		}
		if inv.Status != invitation.StatusPENDING {
			return fault.Refuse(fault.InviteNotPending, "this invitation was answered or revoked already", "input", "invitationId")
		}
		return f(tx, allowed, inv)
	})
}
