package keyhall

import (
	"context"
	"slices"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/group"
	"github.com/keyhall/keyhall/ent/secretgrant"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/policy"
)

// A group is closed to who may not see its members. What it has a grant on is shared with one entry, the group: no answer about
// people may tell who is in it.

// closedWays are the grants of closed groups on one thing.
type closedWays []*ent.SecretGrant

func (c closedWays) groups() []string {
	var out []string
	for _, g := range c {
		out = append(out, *g.GroupID)
	}
	return out
}

// closedWays says that the viewer may know who else has to do with the thing, and which ways to it they may not look into.
func (h *House) closedWays(ctx context.Context, q access.Question) (closedWays, error) {
	if err := h.guard.Shared(ctx, q); err != nil || q.Type != ent.TypeSecret {
		return nil, err
	}
	closed, err := h.closedGroups(ctx, q.ID)
	return closed[q.ID], err
}

func errClosed() error {
	return fault.Forbidden("group.view_members", "this is shared with a group whose members you may not see; its grants say with which")
}

// closedEntries are the entries, by the id of the group, of those whose grant gives the permission now to who is in them. Nothing
// is given by a permission that nobody has: of a disabled secret no group reveals the value.
func (h *House) closedEntries(ctx context.Context, thing ent.Noder, q access.Question, closed closedWays) (map[string]*Access, error) {
	out := map[string]*Access{}
	if len(closed) == 0 {
		return out, nil
	}
	now, err := h.guard.Clock(ctx)
	if err != nil {
		return nil, fault.Internal(err)
	}
	anybody, err := h.guard.CountWhoCan(ctx, q, nil)
	if err != nil || anybody == 0 {
		return nil, err
	}
	named, err := h.namedGroups(ctx, closed.groups())
	if err != nil {
		return nil, err
	}
	for _, g := range closed {
		to := named[*g.GroupID]
		if to == nil || to.Status != group.StatusENABLED || g.ExpiresAt != 0 && g.ExpiresAt <= now || !slices.Contains(h.grantGives(g.Level), q.Permission) {
			continue
		}
		out[to.ID] = &Access{Group: to, Resource: thing, Permissions: []string{string(q.Permission)}, Paths: []string{groupPath(to, g)}, ExpiresAt: endOf(g)}
	}
	return out, nil
}

// endOf is when a grant ends by itself; nil: never.
func endOf(g *ent.SecretGrant) *time.Time {
	if g.ExpiresAt == 0 {
		return nil
	}
	at := time.UnixMicro(g.ExpiresAt).UTC()
	return &at
}

// closedGroups are the groups, by secret, that have a grant on it and whose members the viewer may not see.
func (h *House) closedGroups(ctx context.Context, secretIDs ...string) (map[string][]*ent.SecretGrant, error) {
	grants, err := h.client.SecretGrant.Query().Where(secretgrant.SecretIDIn(secretIDs...), secretgrant.GroupIDNotNil()).All(ctx)
	if err != nil {
		return nil, translate(err)
	}
	var groups []string
	for _, g := range grants {
		groups = append(groups, *g.GroupID)
	}
	can, err := h.guard.Can(ctx, ent.TypeGroup, groups, []policy.Permission{"group.view_members"})
	if err != nil {
		return nil, err
	}
	out := map[string][]*ent.SecretGrant{}
	for _, g := range grants {
		if len(can[*g.GroupID]) == 0 {
			out[g.SecretID] = append(out[g.SecretID], g)
		}
	}
	return out, nil
}

func groupPath(g *ent.Group, grant *ent.SecretGrant) string {
	return "group " + g.Name + " (can " + map[secretgrant.Level]string{secretgrant.LevelVIEW: "view", secretgrant.LevelEDIT: "edit"}[grant.Level] + ")"
}

// grantGives is what the law's table says of a level, without what a group's grant gives to nobody (leaving) or only with
// something else (enabling what one disabled oneself).
func (h *House) grantGives(level secretgrant.Level) []policy.Permission {
	var out []policy.Permission
	for _, role := range h.guard.Law().Roles() {
		if role.Scope == "secret" && role.Name == string(level) {
			out = slices.DeleteFunc(slices.Clone(role.Permissions), func(p policy.Permission) bool { return p == "secret.leave" || p == "secret.enable" })
		}
	}
	slices.Sort(out)
	return out
}
