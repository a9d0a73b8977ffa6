package keyhall

import (
	"context"
	"slices"

	"entgo.io/ent/dialect/sql"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/project"
	"github.com/keyhall/keyhall/ent/projectmember"
	"github.com/keyhall/keyhall/ent/secret"
	"github.com/keyhall/keyhall/ent/secretgrant"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy"
	"github.com/keyhall/keyhall/policy/lock"
)

// reach is what a group has of one type, or will have when it is enabled: what the viewer sees, by name, and how many more.
type reach struct {
	typ    string
	all    []policy.Permission // that such a thing can give
	gifts  []gift
	open   []string // things of which the viewer may know who has what
	hidden int
}

// gift is what a group has on one thing.
type gift struct {
	thing     ent.Noder
	id, owner string
	gives     []policy.Permission
	path      string
	until     int64
}

// reachOf is about secrets.
func (h *House) reachOf(ctx context.Context, g *ent.Group) (reach, error) {
	out, under := reach{typ: ent.TypeSecret, all: h.given("secret", string(secretgrant.LevelEDIT))}, lock.GroupReach(ctx, g.ID)
	now, err := h.guard.Clock(ctx)
	if err != nil {
		return out, translate(err)
	}
	secrets, err := h.client.Secret.Query().Where(func(s *sql.Selector) {
		live := sql.Or(sql.EQ("expires_at", 0), sql.GT("expires_at", now))
		of := sql.Dialect(s.Dialect()).Select("secret_id").From(sql.Table("secret_grants")).Where(sql.And(sql.EQ("group_id", g.ID), live))
		s.Where(sql.In(s.C(secret.FieldID), of))
	}).Order(ent.Asc(secret.FieldName, secret.FieldID)).Limit(maxPreviewed).All(ctx)
	if err != nil {
		return out, translate(err)
	}
	for _, s := range secrets {
		out.open = append(out.open, s.ID)
	}
	grants, err := h.client.SecretGrant.Query().Where(secretgrant.SecretIDIn(out.open...)).All(under)
	if err != nil {
		return out, translate(err)
	}
	of := map[string]*ent.SecretGrant{}
	for _, grant := range grants {
		of[grant.SecretID] = grant
	}
	for _, s := range secrets {
		if grant := of[s.ID]; grant != nil { // nil: it ended just now
			out.gifts = append(out.gifts, gift{s, s.ID, s.OwnerID, h.given("secret", string(grant.Level)), groupPath(g, grant), grant.ExpiresAt})
		}
	}
	total, err := h.client.SecretGrant.Query().Count(under)
	if err != nil {
		return out, translate(err)
	}
	out.hidden = total - len(out.gifts)
	ways, err := h.groupWays(ctx, out.open...)
	out.open = slices.DeleteFunc(out.open, func(id string) bool { return len(ways[id].closed) > 0 })
	return out, err
}

// placesOf is about projects.
func (h *House) placesOf(ctx context.Context, g *ent.Group) (reach, error) {
	out, under := reach{typ: ent.TypeProject, all: h.givenThere(projectmember.RoleOWNER)}, lock.GroupReach(ctx, g.ID)
	projects, err := h.client.Project.Query().Where(func(s *sql.Selector) {
		of := sql.Dialect(s.Dialect()).Select("project_id").From(sql.Table("project_members")).Where(sql.EQ("group_id", g.ID))
		s.Where(sql.In(s.C(project.FieldID), of))
	}).Order(ent.Asc(project.FieldName, project.FieldID)).Limit(maxPreviewed).All(ctx)
	if err != nil {
		return out, translate(err)
	}
	for _, p := range projects {
		out.open = append(out.open, p.ID)
	}
	places, err := h.client.ProjectMember.Query().Where(projectmember.ProjectIDIn(out.open...)).All(under)
	if err != nil {
		return out, translate(err)
	}
	of := map[string]*ent.ProjectMember{}
	for _, m := range places {
		of[m.ProjectID] = m
	}
	for _, p := range projects {
		if m := of[p.ID]; m != nil {
			out.gifts = append(out.gifts, gift{thing: p, id: p.ID, gives: h.givenThere(m.Role), path: placePath(g, m)})
		}
	}
	total, err := h.client.ProjectMember.Query().Count(under)
	if err != nil {
		return out, translate(err)
	}
	out.hidden = total - len(out.gifts)
	ways, err := h.projectGroupWays(ctx, out.open...)
	out.open = slices.DeleteFunc(out.open, func(id string) bool { return len(ways[id].closed) > 0 })
	return out, err
}

// givenThere is what a place gives on the project itself, without what it gives on the keys in it.
func (h *House) givenThere(role projectmember.Role) []policy.Permission {
	return slices.DeleteFunc(h.given("project", string(role)), func(p policy.Permission) bool { return p.Noun() != "project" })
}

// gainsOf is what one person would have that they have not: what the group's role gives, without what they hold already, where
// the viewer may know that they do.
func (h *House) gainsOf(ctx context.Context, person *ent.User, in reach) ([]*Access, error) {
	held, err := h.guard.CanOf(ctx, person.ID, in.typ, in.open, in.all)
	if err != nil {
		return nil, err
	}
	var out []*Access
	for _, g := range in.gifts {
		gained := []string{}
		for _, p := range g.gives {
			if !slices.Contains(held[g.id], p) {
				gained = append(gained, string(p))
			}
		}
		if len(gained) == 0 || g.owner == person.ID {
			continue
		}
		a := &Access{Principal: person, Resource: g.thing, Permissions: gained, Paths: []string{g.path}, ExpiresAt: endOf(g.until)}
		out = append(out, a)
	}
	return out, nil
}

// placed is gainsOf of projects: a group gives a place in one to who is in the organization, and who may not know who that is, is
// told as if everybody were.
func (h *House) placed(ctx context.Context, person *ent.User, g *ent.Group, in reach) ([]*Access, error) {
	if len(in.gifts) > 0 && !viewer.From(ctx).Narrowed("organization_member.view") {
		near, err := h.guard.Stands(ctx, person.ID, "organization.view", g.OrganizationID)
		if err != nil || !near {
			return nil, translate(err)
		}
	}
	return h.gainsOf(ctx, person, in)
}
