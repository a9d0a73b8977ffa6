package keyhall

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/apikey"
	"github.com/keyhall/keyhall/ent/collaborator"
	"github.com/keyhall/keyhall/ent/invitation"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/once"
	"github.com/keyhall/keyhall/internal/text"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy"
	"github.com/keyhall/keyhall/policy/lock"
)

// invitationTTL is how long an invitation can be accepted.
const invitationTTL = 7 * 24 * time.Hour

// InviteCollaborators offers people a role on one key.
type InviteCollaborators struct {
	APIKeyID     string
	Emails       []string
	Role         collaborator.Role
	ConfirmEmail string // the inviter's own address, again
}

// InvitationResult is the outcome for one address: an invitation, or why there is none.
type InvitationResult struct {
	Email      string
	Invitation *ent.Invitation
	Error      *fault.User
}

// InviteCollaborators needs api_key.invite. Each address has its own outcome: those that can be invited are. Errors of the
// whole: NOT_FOUND, FORBIDDEN, RATE_LIMITED, and REQUIRED, TOO_LONG, EMAIL_NOT_CONFIRMED, PERSONAL_KEY_NOT_SHAREABLE.
func (h *House) InviteCollaborators(ctx context.Context, in InviteCollaborators) ([]InvitationResult, error) {
	if err := in.check(viewer.From(ctx)); err != nil {
		return nil, err
	}
	var results []InvitationResult
	err := h.do(ctx, func(tx *ent.Tx) error {
		if err := refusePersonal(ctx, tx, in.APIKeyID); err != nil {
			return err
		}
		allowed, err := h.guard.Authorize(ctx, tx, "api_key.invite", policy.Deed{ID: in.APIKeyID})
		if err != nil {
			return err
		}
		key, err := tx.APIKey.Get(ctx, in.APIKeyID)
		if err != nil {
			return err
		}
		for _, e := range unique(in.Emails) {
			result, err := h.invite(ctx, tx, allowed, key, e, in.Role)
			if err != nil {
				return err
			}
			results = append(results, result)
		}
		once.Outcomes(ctx, outcomes(results))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return h.readInvitations(ctx, results)
}

// outcomes are the ids and codes of the addresses, in their order.
func outcomes(results []InvitationResult) []string {
	out := make([]string, len(results))
	for i, r := range results {
		if r.Error != nil {
			out[i] = string(r.Error.Code)
		} else {
			out[i] = r.Invitation.ID
		}
	}
	return out
}

// Repeat is what InviteCollaborators answered when it was done: the outcome of each address, with the invitations as the
// viewer sees them now.
func (in InviteCollaborators) Repeat(outcomes []string, invitations []*ent.Invitation) []InvitationResult {
	byID := map[string]*ent.Invitation{}
	for _, inv := range invitations {
		byID[inv.ID] = inv
	}
	var out []InvitationResult
	for i, email := range unique(in.Emails) {
		result := InvitationResult{Email: email}
		switch {
		case i >= len(outcomes):
		case byID[outcomes[i]] != nil:
			result.Invitation = byID[outcomes[i]]
		case !strings.HasPrefix(outcomes[i], "inv_"):
			result.Error = fault.Refuse(fault.UserErrorCode(outcomes[i]), "this was the outcome when it was done")
		}
		out = append(out, result)
	}
	return out
}

func (in InviteCollaborators) check(v viewer.Viewer) error {
	var p problems
	switch {
	case len(in.Emails) == 0:
		p.add(fault.Required, "name at least one address", "emails")
	case len(in.Emails) > maxInvitees:
		p.add(fault.TooLong, fmt.Sprintf("at most %d addresses at a time", maxInvitees), "emails")
	}
	if own, ok := text.Address(in.ConfirmEmail); v.SignedIn() && (!ok || own != v.Email) {
		p.add(fault.EmailNotConfirmed, "confirm with the e-mail address of your own account", "confirmEmail")
	}
	return p.err()
}

// refusePersonal names the way out for a key that is never shared; who may not see the key gets no such answer.
func refusePersonal(ctx context.Context, tx *ent.Tx, id string) error {
	key, err := tx.APIKey.Get(ctx, id)
	if err != nil {
		return err
	}
	if key.Kind == apikey.KindPERSONAL && key.OwnerID == viewer.From(ctx).UserID {
		return fault.Refuse(fault.PersonalKeyNotShareable,
			"a personal key is never shared: it speaks for one person. Create a project key and invite people to that", "input", "apiKeyId")
	}
	return nil
}

// invite settles one address. Unknown addresses are answered (only holders of an account can be invited) and counted, so
// that nobody can ask for many.
func (h *House) invite(ctx context.Context, tx *ent.Tx, allowed access.Permit, key *ent.APIKey, raw string, role collaborator.Role) (InvitationResult, error) {
	refuse := func(code fault.UserErrorCode, message string) (InvitationResult, error) {
		return InvitationResult{Email: raw, Error: fault.Refuse(code, message)}, nil
	}
	email, ok := text.Address(raw)
	if !ok {
		return refuse(fault.Invalid, "this is no e-mail address")
	}
	holder, err := tx.User.Query().Only(lock.AccountByEmail(ctx, email))
	switch {
	case ent.IsNotFound(err):
		if err := h.countUnknown(ctx); err != nil {
			return InvitationResult{}, err
		}
		return refuse(fault.AccountNotFound, "nobody has an account with this address; ask them to sign up first")
	case err != nil:
		return InvitationResult{}, err
	case holder.ID == key.OwnerID:
		return refuse(fault.OwnerImmutable, "the owner of a key has every right on it already")
	}
	member, err := tx.Collaborator.Query().Where(collaborator.APIKeyID(key.ID), collaborator.UserID(holder.ID)).Exist(ctx)
	if err != nil || member {
		if member {
			return refuse(fault.AlreadyMember, "they have a place on this key already; change their role instead")
		}
		return InvitationResult{}, err
	}
	pending, err := tx.Invitation.Query().Where(invitation.APIKeyID(key.ID), invitation.Email(email),
		invitation.StatusEQ(invitation.StatusPENDING), invitation.ExpiresAtGT(allowed.Now)).Exist(ctx)
	if err != nil || pending {
		if pending {
			return refuse(fault.InviteAlreadyPending, "an invitation to this address is open; resend or revoke it")
		}
		return InvitationResult{}, err
	}
	r, err := audit.Record(ctx, tx, allowed, keyEvent("invite.sent", key,
		audit.Change{Field: "email", After: &email}, audit.Change{Field: "role", After: (*string)(&role)}))
	if err != nil {
		return InvitationResult{}, err
	}
	inv, err := tx.Invitation.Create().SetAPIKeyID(key.ID).SetInvitedByID(viewer.From(ctx).UserID).SetEmail(email).
		SetRole(string(role)).SetTargetName(key.Name).SetExpiresAt(allowed.Now + invitationTTL.Microseconds()).Save(r.Open(ctx))
	return InvitationResult{Email: raw, Invitation: inv}, err
}

func (h *House) countUnknown(ctx context.Context) error {
	ok, wait, err := h.unknown.Allow(ctx, viewer.From(ctx).UserID)
	if err != nil {
		return fault.Internal(err)
	}
	if !ok {
		return fault.RateLimited(wait)
	}
	return nil
}

// readInvitations reads the new rows anew, outside the transaction that made them.
func (h *House) readInvitations(ctx context.Context, results []InvitationResult) ([]InvitationResult, error) {
	for i, r := range results {
		if r.Invitation == nil {
			continue
		}
		inv, err := h.invitation(ctx, r.Invitation.ID, nil)
		if err != nil {
			return nil, err
		}
		results[i].Invitation = inv
	}
	return results, nil
}

// AcceptInvitation needs invitation.accept. Errors: NOT_FOUND, and EMAIL_NOT_VERIFIED, INVITE_NOT_PENDING, INVITE_EXPIRED,
// INVITE_REVOKED (also when the inviter may no longer invite), INVITE_WRONG_ACCOUNT, ALREADY_MEMBER.
func (h *House) AcceptInvitation(ctx context.Context, id string) (*ent.Invitation, error) {
	err := h.settle(ctx, id, "invitation.accept", func(ctx context.Context, tx *ent.Tx, allowed access.Permit, inv *ent.Invitation) error {
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
		return tx.Invitation.UpdateOneID(id).SetStatus(invitation.StatusACCEPTED).SetSettledAt(allowed.Now).Exec(ctx)
	})
	return h.invitation(ctx, id, err)
}

// DeclineInvitation needs invitation.decline. Errors as AcceptInvitation.
func (h *House) DeclineInvitation(ctx context.Context, id string) (*ent.Invitation, error) {
	err := h.settle(ctx, id, "invitation.decline", func(ctx context.Context, tx *ent.Tx, allowed access.Permit, inv *ent.Invitation) error {
		r, err := audit.Record(ctx, tx, allowed, invitationEvent("invite.declined", inv))
		if err != nil {
			return err
		}
		return tx.Invitation.UpdateOneID(id).SetStatus(invitation.StatusDECLINED).SetSettledAt(allowed.Now).Exec(r.Open(ctx))
	})
	return h.invitation(ctx, id, err)
}

type settlement func(ctx context.Context, tx *ent.Tx, allowed access.Permit, inv *ent.Invitation) error

// settle answers an invitation. The key's row is locked before the invitation's, the order that everything about sharing
// keeps, so that accepting, revoking and removing wait for each other and never for a circle.
func (h *House) settle(ctx context.Context, id string, p policy.Permission, f settlement) error {
	return h.do(ctx, func(tx *ent.Tx) error {
		inv, err := tx.Invitation.Get(ctx, id)
		if err != nil {
			return err
		}
		if err := h.guard.LockRow(ctx, tx, ent.TypeAPIKey, *inv.APIKeyID); err != nil {
			return err
		}
		allowed, err := h.guard.Authorize(ctx, tx, p, policy.Deed{ID: id, Part: *inv.APIKeyID})
		if err != nil {
			return h.whyNot(ctx, tx, id, err)
		}
		return f(ctx, tx, allowed, inv)
	})
}

// whyNot tells who sees an invitation what stands between them and it: another account, or how it ended.
func (h *House) whyNot(ctx context.Context, tx *ent.Tx, id string, denied error) error {
	v := viewer.From(ctx)
	inv, err := tx.Invitation.Get(ctx, id)
	if err != nil || !fault.Is(denied, fault.CodeForbidden) || v.Narrow != nil {
		return denied
	}
	if inv.Email != v.Email {
		return fault.Refuse(fault.InviteWrongAccount, "this invitation is for another account: sign in with that one")
	}
	expired, err := h.guard.Passed(ctx, tx, inv.ExpiresAt)
	switch {
	case err != nil:
		return err
	case inv.Status == invitation.StatusREVOKED:
		return fault.Refuse(fault.InviteRevoked, "this invitation was revoked; ask for a new one")
	case inv.Status != invitation.StatusPENDING:
		return fault.Refuse(fault.InviteNotPending, "this invitation was answered already")
	case expired:
		return fault.Refuse(fault.InviteExpired, "this invitation is too old; ask for a new one")
	case !v.EmailVerified:
		return fault.Refuse(fault.EmailNotVerified, "verify your e-mail address first")
	}
	return fault.Refuse(fault.InviteRevoked, "whoever invited you can no longer do so; ask for a new invitation")
}

// RevokeInvitation needs api_key.revoke_invitation. Errors: NOT_FOUND, FORBIDDEN, and INVITE_NOT_PENDING.
func (h *House) RevokeInvitation(ctx context.Context, id string) (*ent.Invitation, error) {
	err := h.do(ctx, func(tx *ent.Tx) error {
		inv, err := tx.Invitation.Get(ctx, id)
		if err != nil {
			return err
		}
		allowed, err := h.guard.Authorize(ctx, tx, "api_key.revoke_invitation", policy.Deed{ID: *inv.APIKeyID, Part: id})
		if err != nil {
			return err
		}
		inv, err = tx.Invitation.Get(ctx, id) // again, now that its key is locked
		if err != nil {
			return err
		}
		if inv.Status != invitation.StatusPENDING {
			return fault.Refuse(fault.InviteNotPending, "only an open invitation can be revoked")
		}
		r, err := audit.Record(ctx, tx, allowed, invitationEvent("invite.revoked", inv))
		if err != nil {
			return err
		}
		return tx.Invitation.UpdateOneID(id).SetStatus(invitation.StatusREVOKED).SetSettledAt(allowed.Now).Exec(r.Open(ctx))
	})
	return h.invitation(ctx, id, err)
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

func invitationEvent(typ string, inv *ent.Invitation) audit.Event {
	return audit.Event{
		Type: typ, ResourceType: ent.TypeAPIKey, ResourceID: *inv.APIKeyID, ResourceName: inv.TargetName,
		Changes: []audit.Change{{Field: "email", After: &inv.Email}, {Field: "role", After: &inv.Role}},
	}
}

// unique drops repetitions of an address, in whatever case it was written.
func unique(emails []string) []string {
	seen := map[string]bool{}
	var out []string
	for _, e := range emails {
		k := strings.ToLower(strings.TrimSpace(e))
		if !seen[k] {
			seen[k] = true
			out = append(out, e)
		}
	}
	return out
}
