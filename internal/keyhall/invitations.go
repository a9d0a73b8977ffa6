package keyhall

import (
	"context"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/collaborator"
	"github.com/keyhall/keyhall/ent/invitation"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/news"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy"
)

// WhichInvitation names an invitation by its id or by the link of its mail, exactly one of both.
type WhichInvitation struct{ InvitationID, Token *string }

// AcceptInvitation needs invitation.accept. The link of the mail also verifies the account's address. Errors: NOT_FOUND, and
// REQUIRED, INVALID, EMAIL_NOT_VERIFIED, INVITE_NOT_PENDING, INVITE_EXPIRED, INVITE_REVOKED (also when the inviter may no
// longer invite, or a newer mail was sent), INVITE_WRONG_ACCOUNT, ALREADY_MEMBER.
func (h *House) AcceptInvitation(ctx context.Context, which WhichInvitation) (*ent.Invitation, error) {
	return h.settle(ctx, which, "invitation.accept", func(ctx context.Context, tx *ent.Tx, allowed access.Permit, inv *ent.Invitation, with []place) error {
		if inv.APIKeyID == nil {
			return h.join(ctx, tx, allowed, inv, with)
		}
		v := viewer.From(ctx)
		r, err := audit.Record(ctx, tx, allowed, invitationEvent("invite.accepted", inv))
		if err != nil {
			return err
		}
		ctx = r.Open(ctx)
		err = tx.Collaborator.Create().SetAPIKeyID(*inv.APIKeyID).SetUserID(v.UserID).
			SetRole(collaborator.Role(inv.Role)).SetAddedByID(inv.InvitedByID).Exec(ctx)
		if ent.IsConstraintError(err) {
			return fault.Refuse(fault.AlreadyMember, "you have a place on this key already")
		}
		if err != nil {
			return err
		}
		h.tell(tx, news.Gained, *inv.APIKeyID, v.UserID)
		return tx.Invitation.UpdateOneID(inv.ID).SetStatus(invitation.StatusACCEPTED).SetSettledAt(allowed.Now).Exec(ctx)
	})
}

// DeclineInvitation needs invitation.decline. Errors as AcceptInvitation.
func (h *House) DeclineInvitation(ctx context.Context, which WhichInvitation) (*ent.Invitation, error) {
	return h.settle(ctx, which, "invitation.decline", func(ctx context.Context, tx *ent.Tx, allowed access.Permit, inv *ent.Invitation, _ []place) error {
		r, err := audit.Record(ctx, tx, allowed, invitationEvent("invite.declined", inv))
		if err != nil {
			return err
		}
		return tx.Invitation.UpdateOneID(inv.ID).SetStatus(invitation.StatusDECLINED).SetSettledAt(allowed.Now).Exec(r.Open(ctx))
	})
}

type settlement func(ctx context.Context, tx *ent.Tx, allowed access.Permit, inv *ent.Invitation, with []place) error

// target is what an invitation is to: a key, or an organization.
type target struct{ typ, id string }

func targetOf(inv *ent.Invitation) target {
	if inv.APIKeyID != nil {
		return target{ent.TypeAPIKey, *inv.APIKeyID}
	}
	return target{ent.TypeOrganization, *inv.OrganizationID}
}

// settle answers an invitation. The row of its key or organization is locked before the invitation's, the order that everything
// about sharing keeps, so that accepting, revoking and removing wait for each other and never for a circle.
func (h *House) settle(ctx context.Context, which WhichInvitation, p policy.Permission, f settlement) (*ent.Invitation, error) {
	l, err := h.linkOf(which)
	if err != nil {
		return nil, err
	}
	err = h.do(ctx, func(tx *ent.Tx) error {
		inv, err := tx.Invitation.Get(l.sight(ctx), l.id)
		if err != nil {
			return err
		}
		to := targetOf(inv)
		if err := h.guard.LockRow(ctx, tx, to.typ, to.id); err != nil {
			return err
		}
		if inv, err = tx.Invitation.Get(l.sight(ctx), l.id); err != nil { // again, now that what it is to is locked
			return err
		}
		if err := stays(to, inv); err != nil {
			return err
		}
		ctx, err := h.follow(ctx, tx, l, inv)
		if err != nil {
			return err
		}
		with, err := h.placesWith(ctx, tx, inv)
		if err != nil {
			return err
		}
		allowed, err := h.guard.Authorize(ctx, tx, p, policy.Deed{ID: l.id, Part: to.id, Projects: given(with)})
		if err != nil {
			return h.whyNot(ctx, tx, l.id, err)
		}
		return f(ctx, tx, allowed, inv, with)
	})
	if err != nil {
		return nil, err
	}
	return shown(h.client.Invitation.Get(ctx, l.id))
}

// stays tells, once the key of an invitation is held, that it is still its key: a rotation takes open invitations to the new
// one.
func stays(before target, now *ent.Invitation) error {
	if targetOf(now) != before {
		return fault.Conflict("the key was replaced by a newer one just now, and the invitation is to that: try again")
	}
	return nil
}

// whyNot tells who sees an invitation what stands between them and it: another account, or how it ended.
func (h *House) whyNot(ctx context.Context, tx *ent.Tx, id string, denied error) error {
	v := viewer.From(ctx)
	inv, err := tx.Invitation.Get(ctx, id)
	if err != nil || !fault.Is(denied, fault.CodeForbidden) || v.Narrow != nil {
		return denied
	}
	if inv.Email != v.Email {
		return wrongAccount()
	}
	now, err := h.guard.Now(ctx, tx)
	switch {
	case err != nil:
		return err
	case inv.Status == invitation.StatusREVOKED:
		return fault.Refuse(fault.InviteRevoked, "this invitation was revoked; ask for a new one")
	case inv.Status != invitation.StatusPENDING:
		return fault.Refuse(fault.InviteNotPending, "this invitation was answered already")
	case inv.ExpiresAt <= now:
		return fault.Refuse(fault.InviteExpired, "this invitation is too old; ask for a new one")
	case !v.EmailVerified:
		return fault.Refuse(fault.EmailNotVerified, "verify your e-mail address first")
	}
	return fault.Refuse(fault.InviteRevoked, "whoever invited you can no longer do so; ask for a new invitation")
}

func (h *House) invitation(ctx context.Context, id string, err error) (*ent.Invitation, error) {
	if err != nil {
		return nil, err
	}
	inv, err := h.client.Invitation.Get(ctx, id)
	if err != nil {
		return nil, translate(err)
	}
	return inv, nil
}

func invitationEvent(typ string, inv *ent.Invitation, changes ...audit.Change) audit.Event {
	to := targetOf(inv)
	return audit.Event{
		Type: typ, ResourceType: to.typ, ResourceID: to.id, ResourceName: inv.TargetName,
		Changes: append([]audit.Change{{Field: "email", After: &inv.Email}, {Field: "role", After: &inv.Role}}, changes...),
	}
}
