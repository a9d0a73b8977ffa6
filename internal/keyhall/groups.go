package keyhall

import (
	"context"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/group"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/news"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy"
)

// CreateGroup asks for a new group. Whoever makes it owns it, and is no member of it by that.
type CreateGroup struct {
	OrganizationID string
	Name           string
	Description    *string
	Status         group.Status
	MembersCanView bool
}

// CreateGroup needs organization.create_group. Errors: NOT_FOUND, FORBIDDEN, and INVALID, REQUIRED, TOO_LONG.
func (h *House) CreateGroup(ctx context.Context, in CreateGroup) (*ent.Group, error) {
	if err := checkGroup(&in.Name, in.Description); err != nil {
		return nil, err
	}
	id, me := group.DefaultID(), viewer.From(ctx).UserID
	err := h.do(ctx, func(tx *ent.Tx) error {
		r, err := h.permit(ctx, tx, "organization.create_group", policy.Deed{ID: in.OrganizationID, New: id}, func(access.Permit) (audit.Event, error) {
			return audit.Event{
				Type: "group.created", ResourceType: ent.TypeGroup, ResourceID: id, ResourceName: in.Name, Within: in.OrganizationID,
			}, nil
		})
		if err != nil {
			return err
		}
		h.tellOf(tx, news.Gained, ent.TypeGroup, id, me)
		return tx.Group.Create().SetID(id).SetOrganizationID(in.OrganizationID).SetOwnerID(me).SetName(in.Name).
			SetNillableDescription(in.Description).SetStatus(in.Status).SetMembersCanView(in.MembersCanView).Exec(r.Open(ctx))
	})
	return h.group(ctx, id, err)
}

func checkGroup(name, description *string) error {
	var p problems
	if name != nil {
		p.text("name", *name, maxName, true, false)
	}
	if description != nil {
		p.text("description", *description, maxDescription, false, true)
	}
	return p.err()
}

// UpdateGroup changes a group. A nil field keeps what is there.
type UpdateGroup struct {
	ID             string
	Name           *string
	Description    *string
	Status         *group.Status
	MembersCanView *bool
}

// UpdateGroup needs group.edit. A disabled group gives its members nothing from the very next request on.
// Errors: NOT_FOUND, FORBIDDEN, and INVALID, REQUIRED, TOO_LONG.
func (h *House) UpdateGroup(ctx context.Context, in UpdateGroup) (*ent.Group, error) {
	if err := checkGroup(in.Name, in.Description); err != nil {
		return nil, err
	}
	err := h.do(ctx, func(tx *ent.Tx) error {
		allowed, err := h.guard.Authorize(ctx, tx, "group.edit", policy.Deed{ID: in.ID})
		if err != nil {
			return err
		}
		g, err := tx.Group.Get(ctx, in.ID)
		if err != nil {
			return err
		}
		update, changes := in.apply(tx, g)
		if len(changes) == 0 {
			return nil
		}
		r, err := audit.Record(ctx, tx, allowed, groupEvent("group.updated", g, changes...))
		if err != nil {
			return err
		}
		if err := update.Exec(r.Open(ctx)); err != nil {
			return err
		}
		return h.tellGroup(ctx, tx, news.Changed, g)
	})
	return h.group(ctx, in.ID, err)
}

func (in UpdateGroup) apply(tx *ent.Tx, g *ent.Group) (*ent.GroupUpdateOne, []audit.Change) {
	u := tx.Group.UpdateOneID(g.ID)
	var changes []audit.Change
	if in.Name != nil && *in.Name != g.Name {
		u.SetName(*in.Name)
		changes = append(changes, audit.Changed("name", g.Name, *in.Name))
	}
	if in.Description != nil && *in.Description != g.Description {
		u.SetDescription(*in.Description)
		changes = append(changes, audit.Changed("description", g.Description, *in.Description))
	}
	if in.Status != nil && *in.Status != g.Status {
		u.SetStatus(*in.Status)
		changes = append(changes, audit.Changed("status", string(g.Status), string(*in.Status)))
	}
	if in.MembersCanView != nil && *in.MembersCanView != g.MembersCanView {
		u.SetMembersCanView(*in.MembersCanView)
		changes = append(changes, audit.Changed("members_can_view", yes(g.MembersCanView), yes(*in.MembersCanView)))
	}
	return u, changes
}

// DeleteGroup needs group.delete: its memberships and what it was given are gone with it.
func (h *House) DeleteGroup(ctx context.Context, id string) error {
	return h.do(ctx, func(tx *ent.Tx) error {
		r, err := h.permit(ctx, tx, "group.delete", policy.Deed{ID: id}, func(access.Permit) (audit.Event, error) {
			g, err := tx.Group.Get(ctx, id)
			if err != nil {
				return audit.Event{}, err
			}
			return groupEvent("group.deleted", g), h.tellGroupGone(ctx, tx, g)
		})
		if err != nil {
			return err
		}
		ctx := r.Open(ctx)
		if _, err := tx.GroupMember.Delete().Exec(ctx); err != nil {
			return err
		}
		if _, err := tx.SecretGrant.Delete().Exec(ctx); err != nil {
			return err
		}
		if _, err := tx.ProjectMember.Delete().Exec(ctx); err != nil {
			return err
		}
		return tx.Group.DeleteOneID(id).Exec(ctx)
	})
}

// group reads a group as the viewer sees it after a deed.
func (h *House) group(ctx context.Context, id string, err error) (*ent.Group, error) {
	if err != nil {
		return nil, err
	}
	return shown(h.client.Group.Get(ctx, id))
}

func groupEvent(typ string, g *ent.Group, changes ...audit.Change) audit.Event {
	return audit.Event{Type: typ, ResourceType: ent.TypeGroup, ResourceID: g.ID, ResourceName: g.Name, Changes: changes}
}
