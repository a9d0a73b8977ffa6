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
	"github.com/keyhall/keyhall/policy/lock"
)

// A group is closed to who may not see its members. What it has a grant on is shared with one entry, the group: no answer about
// people may tell who is in it.

// groupWays are the grants of groups on one thing, by whether the viewer may see who is in the group.
type groupWays struct{ open, closed []*ent.SecretGrant }

// through are the groups that people may be looked for through: what is given to another in the meantime tells nothing either.
func (w groupWays) through() policy.Through {
	var t policy.Through
	for _, g := range w.open {
		t.Groups = append(t.Groups, *g.GroupID)
	}
	return t
}

// sharing says that the viewer may know who else has to do with the thing, and which ways to it they may look into.
func (h *House) sharing(ctx context.Context, q access.Question) (groupWays, error) {
	if err := h.guard.Shared(ctx, q); err != nil || q.Type != ent.TypeSecret {
		return groupWays{}, err
	}
	ways, err := h.groupWays(ctx, q.ID)
	return ways[q.ID], err
}

func errClosed() error {
	return fault.Forbidden("group.view_members", "this is shared with a group whose members you may not see; its grants say with which")
}

// closedEntries are the entries, by the id of the group, of those whose grant gives the permission now to who is in them. Nothing
// is given by a permission that nobody has: of a disabled secret no group reveals the value.
func (h *House) closedEntries(ctx context.Context, thing ent.Noder, q access.Question, closed []*ent.SecretGrant) (map[string]*Access, error) {
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
		ids = append(ids, *g.GroupID)
	}
	named, err := h.namedGroups(ctx, ids)
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

// groupWays are those of some secrets, by secret. An access token that leaves out the sight of grants or members closes groups, and
// opens none.
func (h *House) groupWays(ctx context.Context, secretIDs ...string) (map[string]groupWays, error) {
	grants, err := h.client.SecretGrant.Query().All(lock.SharedGroups(ctx, secretIDs))
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
	out := map[string]groupWays{}
	for _, g := range grants {
		w := out[g.SecretID]
		if len(can[*g.GroupID]) > 0 {
			w.open = append(w.open, g)
		} else {
			w.closed = append(w.closed, g)
		}
		out[g.SecretID] = w
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
