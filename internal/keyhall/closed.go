package keyhall

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/group"
	"github.com/keyhall/keyhall/ent/secretgrant"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/policy"
	"github.com/keyhall/keyhall/policy/lock"
)

// A group is closed to who may not see its members. What it has a grant on is shared with one entry, the group: no answer about
// people may tell who is in it.

// groupWay is what one group was given on a thing, or around it.
type groupWay struct {
	group string
	path  func(*ent.Group) string
	gives []policy.Permission
	until int64 // 0: it does not end by itself
}

// groupWays are those of one thing, by whether the viewer may see who is in the group.
type groupWays struct{ open, closed []groupWay }

// through are the groups that people may be looked for through: what is given to another in the meantime tells nothing either.
func (w groupWays) through() policy.Through {
	var t policy.Through
	for _, g := range w.open {
		t.Groups = append(t.Groups, g.group)
	}
	return t
}

// sharing says that the viewer may know who else has to do with the thing, and which ways to it they may look into.
func (h *House) sharing(ctx context.Context, q access.Question) (groupWays, error) {
	if err := h.guard.Shared(ctx, q); err != nil {
		return groupWays{}, err
	}
	switch q.Type {
	case ent.TypeSecret:
		ways, err := h.groupWays(ctx, q.ID)
		return ways[q.ID], err
	case ent.TypeAPIKey, ent.TypeProject:
		ways, err := h.projectGroupWays(ctx, q.ID)
		for _, one := range ways {
			return one, err
		}
		return groupWays{}, err
	}
	return groupWays{}, nil
}

func errClosed() error {
	return fault.Forbidden("group.view_members", "this is shared with a group whose members you may not see; its grants say with which")
}

// closedEntries are the entries, by the id of the group, of those whose grant gives the permission now to who is in them. Nothing
// is given by a permission that nobody has: of a disabled secret no group reveals the value.
func (h *House) closedEntries(ctx context.Context, thing ent.Noder, q access.Question, closed []groupWay) (map[string]*Access, error) {
	out := map[string]*Access{}
	if len(closed) == 0 {
		return out, nil
	}
	now, err := h.guard.Clock(ctx)
	if err != nil {
		return nil, fault.Internal(err)
	}
	anybody, err := h.guard.CountWhoCan(ctx, q, policy.Through{Any: true})
	if err != nil || anybody == 0 {
		return nil, err
	}
	var ids []string
	for _, g := range closed {
		ids = append(ids, g.group)
	}
	named, err := h.namedGroups(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, g := range closed {
		to := named[g.group]
		if to == nil || to.Status != group.StatusENABLED || !unexpired(g.until, now) || !slices.Contains(g.gives, q.Permission) {
			continue
		}
		out[to.ID] = &Access{Group: to, Resource: thing, Permissions: []string{string(q.Permission)}, Paths: []string{g.path(to)}, ExpiresAt: endOf(g.until)}
	}
	return out, nil
}

// endOf is when something ends by itself; nil: never.
func endOf(until int64) *time.Time {
	if until == 0 {
		return nil
	}
	at := time.UnixMicro(until).UTC()
	return &at
}

// groupWays are those of some secrets, by secret. An access token that leaves out the sight of grants or members closes groups, and
// opens none.
func (h *House) groupWays(ctx context.Context, secretIDs ...string) (map[string]groupWays, error) {
	grants, err := h.client.SecretGrant.Query().All(lock.SharedGroups(ctx, secretIDs))
	if err != nil {
		return nil, translate(err)
	}
	var ways []groupWay
	for _, g := range grants {
		path := func(to *ent.Group) string { return groupPath(to, g) }
		ways = append(ways, groupWay{*g.GroupID, path, h.given("secret", string(g.Level)), g.ExpiresAt})
	}
	closed, err := h.closedOf(ctx, ways)
	if err != nil {
		return nil, err
	}
	out := map[string]groupWays{}
	for i, g := range grants {
		out[g.SecretID] = out[g.SecretID].with(ways[i], closed)
	}
	return out, nil
}

// projectGroupWays are those of some projects, by project; a key names the project that it is in.
func (h *House) projectGroupWays(ctx context.Context, ids ...string) (map[string]groupWays, error) {
	members, err := h.client.ProjectMember.Query().All(lock.ProjectGroups(ctx, ids))
	if err != nil {
		return nil, translate(err)
	}
	var ways []groupWay
	for _, m := range members {
		path := func(to *ent.Group) string { return placePath(to, m) }
		ways = append(ways, groupWay{group: *m.GroupID, path: path, gives: h.given("project", string(m.Role))})
	}
	closed, err := h.closedOf(ctx, ways)
	if err != nil {
		return nil, err
	}
	out := map[string]groupWays{}
	for i, m := range members {
		out[m.ProjectID] = out[m.ProjectID].with(ways[i], closed)
	}
	return out, nil
}

func placePath(g *ent.Group, place *ent.ProjectMember) string {
	return "group " + g.Name + " (" + strings.ToLower(string(place.Role)) + " of the project)"
}

func (w groupWays) with(way groupWay, closed map[string]bool) groupWays {
	if closed[way.group] {
		w.closed = append(w.closed, way)
	} else {
		w.open = append(w.open, way)
	}
	return w
}

// closedOf are the groups among them into which the viewer may not look.
func (h *House) closedOf(ctx context.Context, ways []groupWay) (map[string]bool, error) {
	var groups []string
	for _, w := range ways {
		groups = append(groups, w.group)
	}
	can, err := h.guard.Can(ctx, ent.TypeGroup, groups, []policy.Permission{"group.view_members"})
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for _, id := range groups {
		out[id] = len(can[id]) == 0
	}
	return out, nil
}

func groupPath(g *ent.Group, grant *ent.SecretGrant) string {
	return "group " + g.Name + " (can " + map[secretgrant.Level]string{secretgrant.LevelVIEW: "view", secretgrant.LevelEDIT: "edit"}[grant.Level] + ")"
}

// given is what the law's table says of a role, without what a group's grant gives to nobody (leaving) or only with something else
// (enabling what one disabled oneself).
func (h *House) given(scope, role string) []policy.Permission {
	var out []policy.Permission
	for _, r := range h.guard.Law().Roles() {
		if r.Scope == scope && r.Name == role {
			out = slices.DeleteFunc(slices.Clone(r.Permissions), func(p policy.Permission) bool { return p == "secret.leave" || p.Verb() == "enable" })
		}
	}
	slices.Sort(out)
	return out
}
