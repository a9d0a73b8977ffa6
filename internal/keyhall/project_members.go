package keyhall

import (
	"context"
	"errors"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/organizationmember"
	"github.com/keyhall/keyhall/ent/predicate"
	"github.com/keyhall/keyhall/ent/projectmember"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/news"
	"github.com/keyhall/keyhall/policy"
	"github.com/keyhall/keyhall/policy/lock"
)

// A project may be left without an owner: the owners of its organization manage it too, so that nothing is out of reach.

// AddProjectMember asks to give a person or a group a place in a project.
type AddProjectMember struct {
	ProjectID string
	Grantee   GranteeRef
	Role      projectmember.Role
}

// AddProjectMember needs project.add_member. Errors: NOT_FOUND, FORBIDDEN, RATE_LIMITED, and INVALID, GRANTEE_INVALID,
// GROUP_DISABLED, ALREADY_MEMBER at the grantee.
func (h *House) AddProjectMember(ctx context.Context, in AddProjectMember) (*ent.ProjectMember, error) {
	id := projectmember.DefaultID()
	err := h.do(ctx, func(tx *ent.Tx) error {
		if err := h.holdAround(ctx, tx, in); err != nil {
			return err
		}
		allowed, err := h.guard.Authorize(ctx, tx, "project.add_member", policy.Deed{ID: in.ProjectID, New: id})
		if err != nil {
			return err
		}
		p, err := tx.Project.Get(ctx, in.ProjectID)
		if err != nil {
			return err
		}
		to, err := h.newPlace(ctx, tx, p, in.Grantee)
		refused := (*fault.User)(nil)
		if errors.As(err, &refused) {
			return fault.Refuse(refused.Code, refused.Message, "input", "grantee")
		}
		if err != nil {
			return err
		}
		who, role := to.id(), string(in.Role)
		r, err := audit.Record(ctx, tx, allowed, projectEvent("project.member_added", p,
			audit.Change{Field: "grantee", After: &who}, audit.Change{Field: "role", After: &role}))
		if err != nil {
			return err
		}
		err = tx.ProjectMember.Create().SetID(id).SetProjectID(p.ID).SetNillableUserID(set(to.userID)).SetNillableGroupID(set(to.groupID)).
			SetRole(in.Role).Exec(r.Open(ctx))
		if err != nil {
			return err
		}
		return h.tellPlace(ctx, tx, news.Gained|news.Changed, p.ID, to)
	})
	return h.projectMember(ctx, id, err)
}

// holdAround holds what must not go while a place is given: the group, and the organization, out of which somebody could be removed.
func (h *House) holdAround(ctx context.Context, tx *ent.Tx, in AddProjectMember) error {
	if in.Grantee.GroupID != nil {
		return h.guard.LockRow(ctx, tx, ent.TypeGroup, *in.Grantee.GroupID)
	}
	p, err := tx.Project.Get(ctx, in.ProjectID)
	if err != nil { // of a hidden project the permission speaks
		return ent.MaskNotFound(err)
	}
	return h.guard.LockRow(ctx, tx, ent.TypeOrganization, p.OrganizationID)
}

// newPlace finds who is to have a place: a member of the organization of the project, or one of its groups.
func (h *House) newPlace(ctx context.Context, tx *ent.Tx, p *ent.Project, ref GranteeRef) (grantee, error) {
	to, err := h.grantee(ctx, tx, ref)
	if err != nil {
		return to, err
	}
	near, has := false, predicate.ProjectMember(nil)
	if to.groupID != "" {
		has = projectmember.GroupID(to.groupID)
		g, err := tx.Group.Query().Only(lock.GroupInReach(ctx, viewerID(ctx), to.groupID))
		if err != nil {
			return to, err
		}
		near = g.OrganizationID == p.OrganizationID
	} else {
		has = projectmember.UserID(to.userID)
		near, err = tx.OrganizationMember.Query().
			Where(organizationmember.OrganizationID(p.OrganizationID), organizationmember.UserID(to.userID)).Exist(ctx)
		if err != nil {
			return to, err
		}
	}
	if !near {
		return to, fault.Refuse(fault.GranteeInvalid, "only members of the organization of this project, and its groups, have places in it: invite them to the organization first")
	}
	there, err := tx.ProjectMember.Query().Where(projectmember.ProjectID(p.ID), has).Exist(ctx)
	if err == nil && there {
		err = fault.Refuse(fault.AlreadyMember, "they have a place in this project already; change their role instead")
	}
	return to, err
}

// UpdateProjectMember needs project.update_member. Errors: NOT_FOUND, FORBIDDEN.
func (h *House) UpdateProjectMember(ctx context.Context, memberID string, role projectmember.Role) (*ent.ProjectMember, error) {
	err := h.do(ctx, func(tx *ent.Tx) error {
		m, allowed, p, err := h.onProjectMember(ctx, tx, memberID, "project.update_member")
		if err != nil || m.Role == role {
			return err
		}
		who := whoIs(m).id()
		r, err := audit.Record(ctx, tx, allowed, projectEvent("project.member_updated", p,
			audit.Changed("grantee", who, who), audit.Changed("role", string(m.Role), string(role))))
		if err != nil {
			return err
		}
		if err := tx.ProjectMember.UpdateOneID(m.ID).SetRole(role).Exec(r.Open(ctx)); err != nil {
			return err
		}
		return h.tellPlace(ctx, tx, news.Changed, p.ID, whoIs(m))
	})
	return h.projectMember(ctx, memberID, err)
}

// RemoveProjectMember needs project.remove_member; it holds from the very next request on (C10). The project comes back as the viewer
// sees it, nil when they removed themself. Errors: NOT_FOUND, FORBIDDEN.
func (h *House) RemoveProjectMember(ctx context.Context, memberID string) (*ent.Project, error) {
	var projectID string
	err := h.do(ctx, func(tx *ent.Tx) error {
		m, allowed, p, err := h.onProjectMember(ctx, tx, memberID, "project.remove_member")
		if err != nil {
			return err
		}
		projectID = p.ID
		who, role := whoIs(m).id(), string(m.Role)
		r, err := audit.Record(ctx, tx, allowed, projectEvent("project.member_removed", p,
			audit.Change{Field: "grantee", Before: &who}, audit.Change{Field: "role", Before: &role}))
		if err != nil {
			return err
		}
		if err := h.tellPlace(ctx, tx, news.Lost|news.Changed, p.ID, whoIs(m)); err != nil {
			return err
		}
		return tx.ProjectMember.DeleteOneID(m.ID).Exec(r.Open(ctx))
	})
	return h.project(ctx, projectID, err)
}

// onProjectMember authorizes a deed on somebody's place in a project, and reads the place as it is now that the project is held.
func (h *House) onProjectMember(ctx context.Context, tx *ent.Tx, id string, permission policy.Permission) (*ent.ProjectMember, access.Permit, *ent.Project, error) {
	m, err := tx.ProjectMember.Get(ctx, id)
	if err != nil {
		return nil, access.Permit{}, nil, err
	}
	allowed, err := h.guard.Authorize(ctx, tx, permission, policy.Deed{ID: m.ProjectID, Part: id})
	if err != nil {
		return nil, access.Permit{}, nil, err
	}
	if m, err = tx.ProjectMember.Get(ctx, id); err != nil {
		return nil, access.Permit{}, nil, err
	}
	p, err := tx.Project.Get(ctx, m.ProjectID)
	return m, allowed, p, err
}

func whoIs(m *ent.ProjectMember) grantee { return grantee{deref(m.UserID), deref(m.GroupID)} }

// tellPlace is for the person, or for everybody in the group, whose place in a project it is.
func (h *House) tellPlace(ctx context.Context, tx *ent.Tx, how news.How, projectID string, to grantee) error {
	users, err := granteeAudience(ctx, tx, to)
	if err != nil {
		return err
	}
	h.tellOf(tx, how, ent.TypeProject, projectID, users...)
	return nil
}

// projectMember reads a place as the viewer sees it after a deed.
func (h *House) projectMember(ctx context.Context, id string, err error) (*ent.ProjectMember, error) {
	if err != nil {
		return nil, err
	}
	return shown(h.client.ProjectMember.Get(ctx, id))
}
