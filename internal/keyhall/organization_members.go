package keyhall

import (
	"context"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/organizationmember"
	"github.com/keyhall/keyhall/ent/user"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/news"
	"github.com/keyhall/keyhall/policy"
)

// UpdateOrganizationMember needs organization.update_member; it holds from the very next request on. What is the same already
// succeeds and changes nothing. Errors: NOT_FOUND, FORBIDDEN, and LAST_OWNER.
func (h *House) UpdateOrganizationMember(ctx context.Context, memberID string, role organizationmember.Role) (*ent.OrganizationMember, error) {
	err := h.do(ctx, func(tx *ent.Tx) error {
		m, err := tx.OrganizationMember.Get(ctx, memberID)
		if err != nil {
			return err
		}
		allowed, err := h.guard.Authorize(ctx, tx, "organization.update_member", policy.Deed{ID: m.OrganizationID, Part: memberID})
		if err != nil {
			return err
		}
		if m, err = tx.OrganizationMember.Get(ctx, memberID); err != nil { // as it is now that the organization is held
			return err
		}
		if m.Role == role {
			return nil
		}
		if err := keepsOwner(ctx, tx, m, "memberId"); err != nil {
			return err
		}
		o, err := tx.Organization.Get(ctx, m.OrganizationID)
		if err != nil {
			return err
		}
		r, err := audit.Record(ctx, tx, allowed, organizationEvent("organization.member_role_updated", o,
			audit.Change{Field: "member", Before: &m.UserID, After: &m.UserID}, audit.Changed("role", string(m.Role), string(role))))
		if err != nil {
			return err
		}
		h.tellOf(tx, news.Changed, ent.TypeOrganization, o.ID, m.UserID)
		return tx.OrganizationMember.UpdateOneID(memberID).SetRole(role).Exec(r.Open(ctx))
	})
	if err != nil {
		return nil, err
	}
	return shown(h.client.OrganizationMember.Get(ctx, memberID))
}

// keepsOwner refuses to end or lessen the place of the last owner; who is suspended looks after nothing. The organization is held: of
// two who go at once one stays.
func keepsOwner(ctx context.Context, tx *ent.Tx, m *ent.OrganizationMember, field string) error {
	if m.Role != organizationmember.RoleOWNER {
		return nil
	}
	another, err := tx.OrganizationMember.Query().Where(organizationmember.OrganizationID(m.OrganizationID), organizationmember.RoleEQ(organizationmember.RoleOWNER),
		organizationmember.IDNEQ(m.ID), organizationmember.HasUserWith(user.SuspendedAt(0))).Exist(ctx)
	if err == nil && !another {
		err = fault.Refuse(fault.LastOwner, "an organization has an owner at all times: make somebody else one first", "input", field)
	}
	return err
}
