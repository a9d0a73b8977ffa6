package keyhall

import (
	"context"
	"fmt"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/invitation"
	"github.com/keyhall/keyhall/ent/organizationmember"
	"github.com/keyhall/keyhall/ent/projectmember"
	"github.com/keyhall/keyhall/ent/user"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/mail"
	"github.com/keyhall/keyhall/internal/once"
	"github.com/keyhall/keyhall/internal/text"
	"github.com/keyhall/keyhall/policy"
)

const (
	inviteThere policy.Permission = "organization.invite"
	addMember   policy.Permission = "project.add_member"
	maxPlaces                     = 50
)

// InviteToOrganization offers people a place in an organization, and in projects of it.
type InviteToOrganization struct {
	OrganizationID string
	Emails         []string
	Role           organizationmember.Role
	Projects       []ProjectPlace
}

// ProjectPlace is a project, and what somebody is to be in it.
type ProjectPlace struct {
	ProjectID string
	Role      projectmember.Role
}

// OrganizationInvitation is the outcome for one address. Link is set where no mail is sent: then whoever invites hands it on.
type OrganizationInvitation struct {
	InvitationResult
	Link keyring.Secret
}

// InviteToOrganization needs organization.invite, and project.add_member of each project. Any address can be invited: those with
// an account and those without are answered alike. Errors of the whole: NOT_FOUND (also of a project), FORBIDDEN, RATE_LIMITED, and
// REQUIRED, TOO_LONG, INVALID; of an address INVALID, ALREADY_MEMBER, INVITE_ALREADY_PENDING.
func (h *House) InviteToOrganization(ctx context.Context, in InviteToOrganization) ([]OrganizationInvitation, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	var results []OrganizationInvitation
	err := h.do(ctx, func(tx *ent.Tx) error {
		if _, err := h.guard.Authorize(ctx, tx, inviteThere, policy.Deed{ID: in.OrganizationID}); err != nil {
			return err
		}
		if err := sighted(ctx, "organization_member.view", "invitation.view", "user.view"); err != nil {
			return err
		}
		if err := h.mayGive(ctx, tx, in); err != nil {
			return err
		}
		o, err := tx.Organization.Get(ctx, in.OrganizationID)
		if err != nil {
			return err
		}
		by, err := tx.User.Get(ctx, viewerID(ctx))
		if err != nil {
			return err
		}
		for _, e := range unique(in.Emails) {
			result, err := h.inviteThere(ctx, tx, in, o, by, e)
			if err != nil {
				return err
			}
			results = append(results, result)
		}
		once.Outcomes(ctx, outcomes(plain(results)))
		return nil
	})
	if err != nil {
		return nil, err
	}
	read, err := h.readInvitations(ctx, plain(results))
	for i := range read {
		results[i].InvitationResult = read[i]
	}
	return results, err
}

// Repeat is what InviteToOrganization answered when it was done, without its links.
func (in InviteToOrganization) Repeat(outcomes []string, invitations []*ent.Invitation) []OrganizationInvitation {
	var out []OrganizationInvitation
	for _, r := range repeat(in.Emails, outcomes, invitations) {
		out = append(out, OrganizationInvitation{InvitationResult: r})
	}
	return out
}

func plain(results []OrganizationInvitation) []InvitationResult {
	out := make([]InvitationResult, len(results))
	for i, r := range results {
		out[i] = r.InvitationResult
	}
	return out
}

func (in InviteToOrganization) check() error {
	var p problems
	p.invitees(in.Emails)
	if len(in.Projects) > maxPlaces {
		p.add(fault.TooLong, fmt.Sprintf("at most %d projects at a time", maxPlaces), "projects")
	}
	named := map[string]bool{}
	for i, place := range in.Projects {
		if named[place.ProjectID] {
			p.add(fault.Invalid, "this one is named twice", fmt.Sprintf("projects.%d.projectId", i))
		}
		named[place.ProjectID] = true
	}
	return p.err()
}

// mayGive tells whether the viewer may add members to all the projects themself.
func (h *House) mayGive(ctx context.Context, tx *ent.Tx, in InviteToOrganization) error {
	for i, place := range in.Projects {
		p, err := tx.Project.Get(ctx, place.ProjectID)
		if err != nil {
			return err
		}
		if p.OrganizationID != in.OrganizationID {
			return fault.NotFound()
		}
		may, err := h.guard.Holds(ctx, tx, addMember, p.ID)
		if err != nil {
			return err
		}
		if !may {
			return fault.Forbidden(string(addMember))
		}
		if p.ArchivedAt != 0 {
			return fault.Refuse(fault.Invalid, "this project is archived", "input", "projects", fmt.Sprint(i), "projectId")
		}
	}
	return nil
}

// inviteThere settles one address, each with a permit of its own: it names the invitation that it makes.
func (h *House) inviteThere(ctx context.Context, tx *ent.Tx, in InviteToOrganization, o *ent.Organization, by *ent.User, raw string) (OrganizationInvitation, error) {
	out := OrganizationInvitation{InvitationResult: InvitationResult{Email: raw}}
	email, ok := text.Address(raw)
	if !ok {
		out.Error = fault.Refuse(fault.Invalid, "this is no e-mail address")
		return out, nil
	}
	id := invitation.DefaultID()
	allowed, err := h.guard.Authorize(ctx, tx, inviteThere, policy.Deed{ID: o.ID, New: id})
	if err != nil {
		return out, err
	}
	if out.Error, err = uninvitable(ctx, tx, o.ID, email, allowed.Now); err != nil || out.Error != nil {
		return out, err
	}
	if err := count(ctx, h.limits.Invites, by.ID); err != nil {
		return out, err
	}
	inv := &ent.Invitation{ID: id, OrganizationID: &o.ID, Email: email, Role: string(in.Role), TargetName: o.Name}
	letter := letterToJoin(inv, by)
	link, changes := h.handOver(letter)
	for _, place := range in.Projects {
		changes = append(changes, audit.Change{Field: "project", After: &place.ProjectID}, audit.Change{Field: "project_role", After: (*string)(&place.Role)})
	}
	r, err := audit.Record(ctx, tx, allowed, invitationEvent("invite.sent", inv, changes...))
	if err != nil {
		return out, err
	}
	ctx = r.Open(ctx)
	out.Link = link
	out.Invitation, err = tx.Invitation.Create().SetID(id).SetOrganizationID(o.ID).SetInvitedByID(by.ID).SetEmail(email).SetRole(inv.Role).
		SetTargetName(o.Name).SetDelivery(invitation.Delivery(h.mail.First())).SetExpiresAt(allowed.Now + invitationTTL.Microseconds()).Save(ctx)
	if err != nil {
		return out, err
	}
	for _, place := range in.Projects {
		if err := tx.InvitationProject.Create().SetInvitationID(id).SetProjectID(place.ProjectID).SetRole(roleWith(place.Role)).Exec(ctx); err != nil {
			return out, err
		}
	}
	return out, h.mail.Queue(ctx, tx, letter)
}

// uninvitable says why an address cannot be invited. Who is a member is no secret to who invites; whether somebody else has an
// account is not even looked up.
func uninvitable(ctx context.Context, tx *ent.Tx, organizationID, email string, now int64) (*fault.User, error) {
	member, err := tx.OrganizationMember.Query().
		Where(organizationmember.OrganizationID(organizationID), organizationmember.HasUserWith(user.Email(email))).Exist(ctx)
	if err != nil {
		return nil, err
	}
	if member {
		return fault.Refuse(fault.AlreadyMember, "they are in this organization already; change their role instead"), nil
	}
	pending, err := tx.Invitation.Query().Where(invitation.OrganizationID(organizationID), invitation.Email(email),
		invitation.StatusEQ(invitation.StatusPENDING), invitation.ExpiresAtGT(now)).Exist(ctx)
	if err != nil || !pending {
		return nil, err
	}
	return fault.Refuse(fault.InviteAlreadyPending, "an invitation to this address is open; resend or revoke it"), nil
}

// letterToJoin is the mail that carries an invitation to an organization. It says nothing of an account: there need be none.
func letterToJoin(inv *ent.Invitation, by *ent.User) mail.Letter {
	return mail.Letter{
		Kind: mail.OrganizationInvitation, To: inv.Email, ResourceID: inv.ID, WithinID: *inv.OrganizationID,
		Generation: inv.ResendCount, Name: inv.TargetName, ActorName: by.Name, Role: inv.Role,
	}
}

// handOver is the link of a letter to join that is not sent, once, for who invites; and that they got it, for the trail. It lets in
// nobody but the account with the address, and does not prove that address.
func (h *House) handOver(letter mail.Letter) (keyring.Secret, []audit.Change) {
	if letter.Kind != mail.OrganizationInvitation {
		return keyring.Secret{}, nil
	}
	origin, _ := h.origin.Load().(string)
	link, ok := h.mail.Link(letter, origin)
	if !ok {
		return keyring.Secret{}, nil
	}
	shown := "shown to who invites"
	return link, []audit.Change{{Field: "link", After: &shown}}
}
