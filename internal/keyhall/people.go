package keyhall

import (
	"context"
	"slices"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/group"
	"github.com/keyhall/keyhall/ent/groupmember"
	"github.com/keyhall/keyhall/ent/projectmember"
	"github.com/keyhall/keyhall/ent/secret"
	"github.com/keyhall/keyhall/ent/secretgrant"
	"github.com/keyhall/keyhall/policy/lock"
)

// Who may see that somebody has to do with a thing sees who it is, also where they do not see each other otherwise. Each of
// these first reads the rows that name people as the viewer sees them, and names nobody else.

// Grantee is a person or a group that a secret is shared with.
type Grantee struct {
	User  *ent.User
	Group *ent.Group
}

// Grantees are those of some grants, by the id of the grant.
func (h *House) Grantees(ctx context.Context, grantIDs []string) (map[string]Grantee, error) {
	grants, err := h.client.SecretGrant.Query().Where(secretgrant.IDIn(grantIDs...)).All(ctx)
	if err != nil {
		return nil, translate(err)
	}
	all := make([]hold, len(grants))
	for i, g := range grants {
		all[i] = hold{g.ID, g.UserID, g.GroupID}
	}
	return h.grantees(ctx, all)
}

// ProjectGrantees are the people and groups of some places in projects, by the id of the place.
func (h *House) ProjectGrantees(ctx context.Context, memberIDs []string) (map[string]Grantee, error) {
	members, err := h.client.ProjectMember.Query().Where(projectmember.IDIn(memberIDs...)).All(ctx)
	if err != nil {
		return nil, translate(err)
	}
	all := make([]hold, len(members))
	for i, m := range members {
		all[i] = hold{m.ID, m.UserID, m.GroupID}
	}
	return h.grantees(ctx, all)
}

// hold is what a user or a group has.
type hold struct {
	id          string
	user, group *string
}

func (h *House) grantees(ctx context.Context, all []hold) (map[string]Grantee, error) {
	var users, groups []string
	for _, g := range all {
		if g.user != nil {
			users = append(users, *g.user)
		} else {
			groups = append(groups, deref(g.group))
		}
	}
	people, err := h.named(ctx, users)
	if err != nil {
		return nil, err
	}
	named, err := h.namedGroups(ctx, groups)
	if err != nil {
		return nil, err
	}
	out := map[string]Grantee{}
	for _, g := range all {
		out[g.id] = Grantee{people[deref(g.user)], named[deref(g.group)]}
	}
	return out, nil
}

// SecretOwners are the owners of some secrets, by the id of the secret.
func (h *House) SecretOwners(ctx context.Context, secretIDs []string) (map[string]*ent.User, error) {
	secrets, err := h.client.Secret.Query().Where(secret.IDIn(secretIDs...)).All(ctx)
	if err != nil {
		return nil, translate(err)
	}
	owner := map[string]string{}
	for _, s := range secrets {
		owner[s.ID] = s.OwnerID
	}
	return h.namedBy(ctx, owner)
}

// Members are the people of some memberships of groups, by the id of the membership.
func (h *House) Members(ctx context.Context, memberIDs []string) (map[string]*ent.User, error) {
	members, err := h.client.GroupMember.Query().Where(groupmember.IDIn(memberIDs...)).All(ctx)
	if err != nil {
		return nil, translate(err)
	}
	person := map[string]string{}
	for _, m := range members {
		person[m.ID] = m.UserID
	}
	return h.namedBy(ctx, person)
}

func (h *House) namedBy(ctx context.Context, person map[string]string) (map[string]*ent.User, error) {
	var ids []string
	for _, id := range person {
		ids = append(ids, id)
	}
	people, err := h.named(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := map[string]*ent.User{}
	for row, id := range person {
		out[row] = people[id]
	}
	return out, nil
}

// namedGroups are groups by id. Those that the viewer does not see otherwise have a name and a state.
func (h *House) namedGroups(ctx context.Context, ids []string) (map[string]*ent.Group, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	all, err := h.client.Group.Query().Where(group.IDIn(ids...)).All(lock.Sharing(ctx, ids))
	if err != nil {
		return nil, translate(err)
	}
	seen, err := h.client.Group.Query().Where(group.IDIn(ids...)).IDs(ctx)
	if err != nil {
		return nil, translate(err)
	}
	out := map[string]*ent.Group{}
	for _, g := range all {
		if !slices.Contains(seen, g.ID) {
			name, status := g.Name, g.Status
			g = &ent.Group{ID: g.ID, Name: name, Status: status}
		}
		out[g.ID] = g
	}
	return out, nil
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func set(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
