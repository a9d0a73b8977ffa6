package keyhall

import (
	"context"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/invitation"
	"github.com/keyhall/keyhall/ent/organizationmember"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/news"
	"github.com/keyhall/keyhall/policy"
	"github.com/keyhall/keyhall/policy/lock"
)

// Who leaves an organization, or is removed from it, keeps nothing that they were given there: grants on its secrets, places in
// its groups and projects and on their keys, and open invitations to these. Somebody from outside can be given such a thing, so
// that no rule could tell it from what a leaver kept: it is taken in the deed itself. What they own there stops with the membership, by the rules.

// LeaveOrganization needs organization.leave. Errors: NOT_FOUND, FORBIDDEN, and LAST_OWNER.
func (h *House) LeaveOrganization(ctx context.Context, id string) error {
	return h.do(ctx, func(tx *ent.Tx) error {
		if err := h.holdInvitations(ctx, tx, id, viewerID(ctx)); err != nil {
			return err
		}
		allowed, err := h.guard.Authorize(ctx, tx, "organization.leave", policy.Deed{ID: id})
		if err != nil {
			return err
		}
		m, err := tx.OrganizationMember.Query().
			Where(organizationmember.OrganizationID(id), organizationmember.UserID(viewerID(ctx))).Only(ctx)
		if err != nil {
			return err
		}
		return h.depart(ctx, tx, allowed, m, "organization.member_left", "id")
	})
}

// RemoveOrganizationMember needs organization.remove_member; it holds from the very next request on. The organization comes
// back as the viewer sees it, nil when it was themself. Errors: NOT_FOUND, FORBIDDEN, and LAST_OWNER.
func (h *House) RemoveOrganizationMember(ctx context.Context, memberID string) (*ent.Organization, error) {
	var id string
	err := h.do(ctx, func(tx *ent.Tx) error {
		m, err := tx.OrganizationMember.Get(ctx, memberID)
		if err != nil {
			return err
		}
		id = m.OrganizationID
		if err := h.holdInvitations(ctx, tx, id, m.UserID); err != nil {
			return err
		}
		allowed, err := h.guard.Authorize(ctx, tx, "organization.remove_member", policy.Deed{ID: id, Part: memberID, Person: m.UserID})
		if err != nil {
			return err
		}
		if m, err = tx.OrganizationMember.Get(ctx, memberID); err != nil { // as it is now that the organization is held
			return err
		}
		return h.depart(ctx, tx, allowed, m, "organization.member_removed", "memberId")
	})
	if err != nil {
		return nil, err
	}
	o, err := h.client.Organization.Get(ctx, id)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	return o, translate(err)
}

func (h *House) depart(ctx context.Context, tx *ent.Tx, allowed access.Permit, m *ent.OrganizationMember, event, field string) error {
	if err := keepsOwner(ctx, tx, m, field); err != nil {
		return err
	}
	o, err := tx.Organization.Get(ctx, m.OrganizationID)
	if err != nil {
		return err
	}
	role := string(m.Role)
	r, err := audit.Record(ctx, tx, allowed, audit.Event{
		Type: event, ResourceType: ent.TypeOrganization, ResourceID: o.ID, ResourceName: o.Name,
		Changes: []audit.Change{{Field: "member", Before: &m.UserID}, {Field: "role", Before: &role}},
	})
	if err != nil {
		return err
	}
	h.tellOf(tx, news.Lost, ent.TypeOrganization, o.ID, m.UserID)
	if err := h.recordLosses(ctx, tx, allowed, m); err != nil {
		return err
	}
	if err := closeInvitations(r.Open(ctx), tx, allowed.Now); err != nil {
		return err
	}
	return takeAll(r.Open(ctx), tx)
}

// holdInvitations holds the keys that somebody is invited to in an organization, before the organization itself: whoever accepts
// holds the key first too, and then finds the invitation revoked, or is found by takeAll.
func (h *House) holdInvitations(ctx context.Context, tx *ent.Tx, organizationID, userID string) error {
	open, err := tx.Invitation.Query().Order(ent.Asc(invitation.FieldAPIKeyID)).All(lock.Departure(ctx, organizationID, userID))
	if err != nil {
		return err
	}
	for _, inv := range open {
		if err := h.guard.LockRow(ctx, tx, ent.TypeAPIKey, *inv.APIKeyID); err != nil {
			return err
		}
	}
	return nil
}

// closeInvitations revokes the open invitations that the permit of a departure reaches, and drops the letters that still wait.
func closeInvitations(ctx context.Context, tx *ent.Tx, now int64) error {
	if _, err := tx.Mail.Delete().Exec(ctx); err != nil {
		return err
	}
	return tx.Invitation.Update().SetStatus(invitation.StatusREVOKED).SetSettledAt(now).Exec(ctx)
}

// takeAll deletes what the permit of a departure reaches: it names the person and the organization.
func takeAll(ctx context.Context, tx *ent.Tx) error {
	for _, take := range []func(context.Context) (int, error){
		tx.SecretGrant.Delete().Exec, tx.GroupMember.Delete().Exec, tx.Collaborator.Delete().Exec, tx.ProjectMember.Delete().Exec, tx.OrganizationMember.Delete().Exec,
	} {
		if _, err := take(ctx); err != nil {
			return err
		}
	}
	return nil
}
