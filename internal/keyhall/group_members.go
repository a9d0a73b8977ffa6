package keyhall

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/groupmember"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/news"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy"
)

// AddGroupMembers asks to put people into a group.
type AddGroupMembers struct {
	GroupID string
	Members []NewGroupMember
}

// NewGroupMember is who, and until when.
type NewGroupMember struct {
	UserID    *string
	Login     *string
	ExpiresAt *time.Time
}

// AddGroupMembers needs group.add_member; it is all or nothing. They gain what the group reaches at once. Errors: NOT_FOUND,
// FORBIDDEN, RATE_LIMITED, and REQUIRED, TOO_LONG, INVALID, GRANTEE_INVALID, ALREADY_MEMBER, EXPIRY_IN_PAST, each at its path.
func (h *House) AddGroupMembers(ctx context.Context, in AddGroupMembers) (*ent.Group, error) {
	var p problems
	switch {
	case len(in.Members) == 0:
		p.add(fault.Required, "name at least one person", "members")
	case len(in.Members) > maxGrantees:
		p.add(fault.TooLong, fmt.Sprintf("at most %d people at a time", maxGrantees), "members")
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	err := h.do(ctx, func(tx *ent.Tx) error {
		allowed, err := h.guard.Authorize(ctx, tx, "group.add_member", policy.Deed{ID: in.GroupID})
		if err != nil {
			return err
		}
		g, err := tx.Group.Get(ctx, in.GroupID)
		if err != nil {
			return err
		}
		people, err := h.newMembers(ctx, tx, in, allowed.Now)
		if err != nil {
			return err
		}
		for i, person := range people {
			if err := h.addMember(ctx, tx, allowed, g, person, Expiry{in.Members[i].ExpiresAt}.micros()); err != nil {
				return err
			}
		}
		return h.tellOwners(ctx, tx, allowed, g, people)
	})
	return h.group(ctx, in.GroupID, err)
}

// newMembers finds everybody of a submission. All that cannot be added are named, each at its path.
func (h *House) newMembers(ctx context.Context, tx *ent.Tx, in AddGroupMembers, now int64) ([]*ent.User, error) {
	var p problems
	out, named := make([]*ent.User, len(in.Members)), map[string]bool{}
	for i, m := range in.Members {
		place := fmt.Sprintf("members.%d", i)
		u, err := h.newMember(ctx, tx, in.GroupID, m, now)
		refused := (*fault.User)(nil)
		switch {
		case errors.As(err, &refused):
			p.add(refused.Code, refused.Message, place)
			continue
		case err != nil:
			return nil, err
		case named[u.ID]:
			p.add(fault.Invalid, "this one is named twice", place)
		}
		if m.ExpiresAt != nil && m.ExpiresAt.UnixMicro() <= now {
			p.add(fault.ExpiryInPast, "choose a time in the future, or none", place+".expiresAt")
		}
		out[i], named[u.ID] = u, true
	}
	return out, p.err()
}

func (h *House) newMember(ctx context.Context, tx *ent.Tx, groupID string, m NewGroupMember, now int64) (*ent.User, error) {
	if (m.UserID == nil) == (m.Login == nil) {
		return nil, fault.Refuse(fault.Invalid, "name them in one way: by userId or login")
	}
	u, err := h.person(ctx, tx.Client(), m.UserID, m.Login)
	if err != nil {
		return nil, err
	}
	member, err := tx.GroupMember.Query().Where(groupmember.GroupID(groupID), groupmember.UserID(u.ID),
		groupmember.Or(groupmember.ExpiresAt(0), groupmember.ExpiresAtGT(now))).Exist(ctx)
	if err == nil && member {
		err = fault.Refuse(fault.AlreadyMember, "they are a member of this group already")
	}
	return u, err
}

// addMember writes a membership; one that has expired begins anew.
func (h *House) addMember(ctx context.Context, tx *ent.Tx, allowed access.Permit, g *ent.Group, u *ent.User, until int64) error {
	over, err := tx.GroupMember.Query().Where(groupmember.GroupID(g.ID), groupmember.UserID(u.ID)).Only(ctx)
	if err != nil && !ent.IsNotFound(err) {
		return err
	}
	end := moment(until)
	r, err := audit.Record(ctx, tx, allowed, groupEvent("group.member_added", g,
		audit.Change{Field: "member", After: &u.ID}, audit.Change{Field: "expires_at", After: &end}))
	if err != nil {
		return err
	}
	h.tellOf(tx, news.Gained, ent.TypeGroup, g.ID, u.ID)
	ctx = r.Open(ctx)
	if over != nil {
		return tx.GroupMember.UpdateOneID(over.ID).SetExpiresAt(until).SetAddedByID(viewerID(ctx)).Exec(ctx)
	}
	return tx.GroupMember.Create().SetGroupID(g.ID).SetUserID(u.ID).SetAddedByID(viewerID(ctx)).SetExpiresAt(until).Exec(ctx)
}

// RemoveGroupMember needs group.remove_member; it holds from the very next request on. The group comes back as the viewer
// sees it. Errors: NOT_FOUND, FORBIDDEN.
func (h *House) RemoveGroupMember(ctx context.Context, memberID string) (*ent.Group, error) {
	var groupID string
	err := h.do(ctx, func(tx *ent.Tx) error {
		m, err := tx.GroupMember.Get(ctx, memberID)
		if err != nil {
			return err
		}
		groupID = m.GroupID
		r, err := h.permit(ctx, tx, "group.remove_member", policy.Deed{ID: groupID, Part: memberID}, func(access.Permit) (audit.Event, error) {
			g, err := tx.Group.Get(ctx, groupID)
			if err != nil {
				return audit.Event{}, err
			}
			return groupEvent("group.member_removed", g, audit.Change{Field: "member", Before: &m.UserID}), nil
		})
		if err != nil {
			return err
		}
		h.tellOf(tx, news.Lost, ent.TypeGroup, groupID, m.UserID)
		return tx.GroupMember.DeleteOneID(memberID).Exec(r.Open(ctx))
	})
	return h.group(ctx, groupID, err)
}

// LeaveGroup needs group.leave: it ends the viewer's own membership. Errors: NOT_FOUND, FORBIDDEN.
func (h *House) LeaveGroup(ctx context.Context, id string) error {
	return h.do(ctx, func(tx *ent.Tx) error {
		r, err := h.permit(ctx, tx, "group.leave", policy.Deed{ID: id}, func(access.Permit) (audit.Event, error) {
			g, err := tx.Group.Get(ctx, id)
			if err != nil {
				return audit.Event{}, err
			}
			return groupEvent("group.member_left", g), nil
		})
		if err != nil {
			return err
		}
		h.tellOf(tx, news.Lost, ent.TypeGroup, id, viewer.From(ctx).UserID)
		_, err = tx.GroupMember.Delete().Exec(r.Open(ctx))
		return err
	})
}

func viewerID(ctx context.Context) string { return viewer.From(ctx).UserID }
