package graph

import (
	"context"
	"slices"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/keyhall"
	"github.com/keyhall/keyhall/internal/page"
)

// groupsPage runs a page of groups and announces its rows.
func groupsPage(ctx context.Context, q *ent.GroupQuery, w page.Window) (*ent.GroupConnection, error) {
	c, err := q.Eager(edgesOf(ctx)...).Page(ctx, w, oldest())
	if err != nil {
		return nil, err
	}
	for _, e := range c.Edges {
		requestOf(ctx).can[ent.TypeGroup].announce(e.Node.ID)
	}
	return c, nil
}

// membersPage is the same of memberships.
func membersPage(ctx context.Context, q *ent.GroupMemberQuery, w page.Window) (*ent.GroupMemberConnection, error) {
	c, err := q.Eager(without(edgesOf(ctx), "user")...).Page(ctx, w, oldest())
	if err != nil {
		return nil, err
	}
	for _, e := range c.Edges {
		requestOf(ctx).members.announce(e.Node.ID)
	}
	return c, nil
}

// without leaves out an edge that is not read as the lock shows it, but named to who may see that it is there.
func without(edges []string, name string) []string {
	return slices.DeleteFunc(edges, func(e string) bool { return e == name })
}

// granteesOf announces the groups among people and groups.
func granteesOf(ctx context.Context, found []keyhall.Grantee) []Grantee {
	out := []Grantee{}
	for _, g := range found {
		if g.Group != nil {
			requestOf(ctx).can[ent.TypeGroup].announce(g.Group.ID)
			out = append(out, g.Group)
		} else {
			out = append(out, g.User)
		}
	}
	return out
}

// changes of a group: what is left out stays, null clears.
func (in UpdateGroupInput) changes() keyhall.UpdateGroup {
	out := keyhall.UpdateGroup{ID: in.ID, Name: in.Name, Status: in.Status, MembersCanView: in.MembersCanView}
	if text, set := in.Description.ValueOK(); set {
		out.Description = orZero(text)
	}
	return out
}
