package keyhall

import (
	"context"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/invitation"
	"github.com/keyhall/keyhall/ent/invitationproject"
	"github.com/keyhall/keyhall/ent/organizationmember"
	"github.com/keyhall/keyhall/ent/projectmember"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/news"
	"github.com/keyhall/keyhall/policy/lock"
)

// place is one in a project that comes with an invitation to its organization.
type place struct {
	project *ent.Project
	role    projectmember.Role
	void    bool // the project is archived, or who invited could not add them to it any more
}

// placesWith are the places that come with an invitation, as they stand now. Their projects are held, after the organization.
func (h *House) placesWith(ctx context.Context, tx *ent.Tx, inv *ent.Invitation) ([]place, error) {
	if inv.OrganizationID == nil {
		return nil, nil
	}
	under := lock.InvitationPlaces(ctx, inv.ID)
	rows, err := tx.InvitationProject.Query().Order(ent.Asc(invitationproject.FieldProjectID)).All(under)
	if err != nil {
		return nil, err
	}
	out := make([]place, len(rows))
	for i, row := range rows {
		if err := h.guard.LockRow(ctx, tx, ent.TypeProject, row.ProjectID); err != nil {
			return nil, err
		}
		p, err := tx.Project.Get(under, row.ProjectID)
		if err != nil {
			return nil, err
		}
		may, err := h.guard.HeldBy(ctx, tx, inv.InvitedByID, addMember, p.ID)
		if err != nil {
			return nil, err
		}
		out[i] = place{project: p, role: projectmember.Role(row.Role), void: !may || p.ArchivedAt != 0}
	}
	return out, nil
}

// given are the projects in which somebody gets a place.
func given(places []place) []string {
	var out []string
	for _, p := range places {
		if !p.void {
			out = append(out, p.project.ID)
		}
	}
	return out
}

// join makes the viewer a member of an organization, and of those projects that they were offered a place in and still can be. What
// is left out is written on the invitation's own event.
func (h *House) join(ctx context.Context, tx *ent.Tx, allowed access.Permit, inv *ent.Invitation, with []place) error {
	me := viewerID(ctx)
	var left []audit.Change
	for _, p := range with {
		if p.void {
			left = append(left, audit.Change{Field: "project_left_out", Before: &p.project.ID})
		}
	}
	r, err := audit.Record(ctx, tx, allowed, invitationEvent("invite.accepted", inv, left...))
	if err != nil {
		return err
	}
	err = tx.OrganizationMember.Create().SetOrganizationID(*inv.OrganizationID).SetUserID(me).SetRole(organizationmember.Role(inv.Role)).Exec(r.Open(ctx))
	if ent.IsConstraintError(err) {
		return fault.Refuse(fault.AlreadyMember, "you are in this organization already")
	}
	if err != nil {
		return err
	}
	for _, p := range with {
		if p.void {
			continue
		}
		r, err := audit.Record(ctx, tx, allowed, audit.Event{
			Type: "project.member_added", ResourceType: ent.TypeProject, ResourceID: p.project.ID, ResourceName: p.project.Name,
			Changes: []audit.Change{{Field: "grantee", After: &me}, {Field: "role", After: (*string)(&p.role)}},
		})
		if err != nil {
			return err
		}
		if err := tx.ProjectMember.Create().SetProjectID(p.project.ID).SetUserID(me).SetRole(p.role).Exec(r.Open(ctx)); err != nil {
			return err
		}
		h.tellOf(tx, news.Gained, ent.TypeProject, p.project.ID, me)
	}
	h.tellOf(tx, news.Gained, ent.TypeOrganization, *inv.OrganizationID, me)
	return tx.Invitation.UpdateOneID(inv.ID).SetStatus(invitation.StatusACCEPTED).SetSettledAt(allowed.Now).Exec(r.Open(ctx))
}

func roleWith(r projectmember.Role) invitationproject.Role { return invitationproject.Role(r) }
