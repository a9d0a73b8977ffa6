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
	"github.com/keyhall/keyhall/internal/limit"
	"github.com/keyhall/keyhall/internal/mail"
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
		if err := sighted(ctx, "collaborator.view", "invitation.view", "user.view"); err != nil {
			return err
		}
		o, err := h.offer(ctx, tx, in.APIKeyID, in.Role)
		if err != nil {
			return err
		}
		for _, e := range unique(in.Emails) {
			result, err := h.invite(ctx, tx, allowed, o, e)
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
	return repeat(in.Emails, outcomes, invitations)
}

func repeat(emails, outcomes []string, invitations []*ent.Invitation) []InvitationResult {
	byID := map[string]*ent.Invitation{}
	for _, inv := range invitations {
		byID[inv.ID] = inv
	}
	var out []InvitationResult
	for i, email := range unique(emails) {
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
	p.invitees(in.Emails)
	if own, ok := text.Address(in.ConfirmEmail); v.SignedIn() && (!ok || own != v.Email) {
		p.add(fault.EmailNotConfirmed, "confirm with the e-mail address of your own account", "confirmEmail")
	}
	return p.err()
}

// invitees checks how many are invited at a time.
func (p *problems) invitees(emails []string) {
	switch {
	case len(emails) == 0:
		p.add(fault.Required, "name at least one address", "emails")
	case len(emails) > maxInvitees:
		p.add(fault.TooLong, fmt.Sprintf("at most %d addresses at a time", maxInvitees), "emails")
	}
}

// refusePersonal names the way out for a key that is never shared; who may not see the key gets no such answer.
func refusePersonal(ctx context.Context, tx *ent.Tx, id string) error {
	key, err := tx.APIKey.Get(ctx, id)
	if err != nil {
		return err
	}
	if key.Kind == apikey.KindPERSONAL && ownerOf(key) == viewer.From(ctx).UserID {
		return fault.Refuse(fault.PersonalKeyNotShareable,
			"a personal key is never shared: whoever has it acts as its owner, which is a risk to their account and no safe use of a key; nobody can tell "+
				"who used it; and it reaches their usage and billing. "+
				"Create a project key and invite people to that, or make one of this key with moveAPIKeyToProject", "input", "apiKeyId")
	}
	return nil
}

// offer is what everybody of one submission is invited to, and by whom.
type offer struct {
	key  *ent.APIKey
	role collaborator.Role
	by   *ent.User
}

func (h *House) offer(ctx context.Context, tx *ent.Tx, keyID string, role collaborator.Role) (o offer, err error) {
	o.role = role
	if o.key, err = tx.APIKey.Get(ctx, keyID); err != nil {
		return o, err
	}
	if err := lasting(o.key, "apiKeyId"); err != nil {
		return o, err
	}
	o.by, err = tx.User.Get(ctx, viewer.From(ctx).UserID)
	return o, err
}

// invite settles one address. Unknown addresses are answered (only holders of an account can be invited) and counted, so
// that nobody can ask for many.
func (h *House) invite(ctx context.Context, tx *ent.Tx, allowed access.Permit, o offer, raw string) (InvitationResult, error) {
	email, ok := text.Address(raw)
	if !ok {
		return InvitationResult{Email: raw, Error: fault.Refuse(fault.Invalid, "this is no e-mail address")}, nil
	}
	holder, refused, err := h.invitee(ctx, tx, allowed, o.key, email)
	if err != nil || refused != nil {
		return InvitationResult{Email: raw, Error: refused}, err
	}
	if err := count(ctx, h.limits.Invites, viewer.From(ctx).UserID); err != nil {
		return InvitationResult{}, err
	}
	r, err := audit.Record(ctx, tx, allowed, keyEvent("invite.sent", o.key,
		audit.Change{Field: "email", After: &email}, audit.Change{Field: "role", After: (*string)(&o.role)}))
	if err != nil {
		return InvitationResult{}, err
	}
	ctx = r.Open(ctx)
	inv, err := tx.Invitation.Create().SetAPIKeyID(o.key.ID).SetInvitedByID(o.by.ID).SetEmail(email).SetRole(string(o.role)).
		SetTargetName(o.key.Name).SetDelivery(invitation.Delivery(h.mail.First())).
		SetExpiresAt(allowed.Now + invitationTTL.Microseconds()).Save(ctx)
	if err != nil {
		return InvitationResult{}, err
	}
	return InvitationResult{Email: raw, Invitation: inv}, h.mail.Queue(ctx, tx, letterOf(inv, holder.ID, o.by))
}

// invitee is the account that an address belongs to, or why it cannot be invited.
func (h *House) invitee(ctx context.Context, tx *ent.Tx, allowed access.Permit, key *ent.APIKey, email string) (*ent.User, *fault.User, error) {
	holder, err := tx.User.Query().Only(lock.AccountByEmail(ctx, email))
	switch {
	case ent.IsNotFound(err):
		return nil, fault.Refuse(fault.AccountNotFound, "nobody has an account with this address; ask them to sign up first"),
			count(ctx, h.limits.Unknown, viewer.From(ctx).UserID)
	case err != nil:
		return nil, nil, err
	case holder.ID == ownerOf(key):
		return nil, fault.Refuse(fault.OwnerImmutable, "the owner of a key has every right on it already"), nil
	}
	member, err := tx.Collaborator.Query().Where(collaborator.APIKeyID(key.ID), collaborator.UserID(holder.ID)).Exist(ctx)
	if err != nil {
		return nil, nil, err
	}
	if member {
		return nil, fault.Refuse(fault.AlreadyMember, "they have a place on this key already; change their role instead"), nil
	}
	pending, err := tx.Invitation.Query().Where(invitation.APIKeyID(key.ID), invitation.Email(email),
		invitation.StatusEQ(invitation.StatusPENDING), invitation.ExpiresAtGT(allowed.Now)).Exist(ctx)
	if err != nil {
		return nil, nil, err
	}
	if pending {
		return nil, fault.Refuse(fault.InviteAlreadyPending, "an invitation to this address is open; resend or revoke it"), nil
	}
	return holder, nil, nil
}

// letterOf is the mail that carries an invitation.
func letterOf(inv *ent.Invitation, holder string, by *ent.User) mail.Letter {
	return mail.Letter{
		Kind: mail.Invitation, To: inv.Email, UserID: holder, ResourceID: inv.ID, WithinID: *inv.APIKeyID,
		Generation: inv.ResendCount, Name: inv.TargetName, ActorName: by.Name, Role: inv.Role,
	}
}

// count counts one attempt and says when the next may come, if this one was too many.
func count(ctx context.Context, l *limit.Limiter, key string) error {
	ok, wait, err := l.Allow(ctx, key)
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
