package keyhall

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/user"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/page"
	"github.com/keyhall/keyhall/policy"
	"github.com/keyhall/keyhall/policy/lock"
)

// Access is what somebody may do with a thing, and by which roles.
type Access struct {
	Principal   *ent.User  // without an address, unless the viewer sees them otherwise too
	Group       *ent.Group // instead: one whose members the viewer may not see, as one entry
	Resource    ent.Noder
	Permissions []string
	Paths       []string
	ExpiresAt   *time.Time // when the last of it ends; no role that there is ends by itself
}

// AccessEdge is one row of a page.
type AccessEdge struct {
	Node   *Access
	Cursor page.Cursor
}

// AccessConnection is a page of who can.
type AccessConnection struct {
	Edges    []*AccessEdge
	PageInfo page.Info
	count    func(context.Context) (int, error)
}

// Nodes are the rows of the page.
func (c *AccessConnection) Nodes() []*Access {
	out := make([]*Access, len(c.Edges))
	for i, e := range c.Edges {
		out[i] = e.Node
	}
	return out
}

// TotalCount counts all rows of the list; it costs a query of its own.
func (c *AccessConnection) TotalCount(ctx context.Context) (int, error) { return c.count(ctx) }

// byAge is the one order of this list: ids are sortable by age.
func byAge() page.Order { return page.Order{Column: "id"} }

// WhoCan lists who may do something with a thing, for who may see its sharing.
func (h *House) WhoCan(ctx context.Context, permission, resourceID string, w page.Window) (*AccessConnection, error) {
	if _, _, err := w.Seek("Access", byAge(), ""); err != nil {
		return nil, err
	}
	thing, q, err := h.question(ctx, permission, resourceID)
	if err != nil {
		return nil, err
	}
	ways, err := h.sharing(ctx, q)
	if err != nil {
		return nil, err
	}
	entries, err := h.closedEntries(ctx, thing, q, ways.closed)
	if err != nil {
		return nil, err
	}
	c, people, err := h.whoCanPage(ctx, q, w, ways.through(), entries)
	if err != nil {
		return nil, err
	}
	shown, err := h.people(ctx, people)
	if err != nil {
		return nil, err
	}
	words, err := h.wordsFor(ctx, thing)
	if err != nil {
		return nil, err
	}
	paths := map[string][]string{}
	for _, p := range people {
		paths[p.ID] = words.paths(p.Ways)
	}
	for _, e := range c.Edges {
		if e.Node == nil {
			e.Node = &Access{Principal: shown[e.Cursor.ID], Resource: thing, Permissions: []string{permission}, Paths: paths[e.Cursor.ID]}
		}
	}
	return c, nil
}

// whoCanPage asks for one more than the page holds, to know whether there is more. The entries stand among the people, in the
// order of their ids.
func (h *House) whoCanPage(ctx context.Context, q access.Question, w page.Window, through policy.Through, entries map[string]*Access) (*AccessConnection, []policy.Person, error) {
	size, fromEnd, err := w.Size()
	if err != nil {
		return nil, nil, err
	}
	span := policy.Span{After: w.After.Place(), Before: w.Before.Place(), FromEnd: fromEnd, Limit: size + 1, Through: through}
	people, err := h.guard.WhoCan(ctx, q, span)
	if err != nil {
		return nil, nil, err
	}
	var ids []string
	for _, p := range people {
		ids = append(ids, p.ID)
	}
	for id := range entries {
		if id > span.After && (span.Before == "" || id < span.Before) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	more := len(ids) > size
	if more && fromEnd {
		ids = ids[len(ids)-size:]
	} else {
		ids = ids[:min(len(ids), size)]
	}
	c := &AccessConnection{
		Edges: make([]*AccessEdge, len(ids)), PageInfo: w.Info(more, fromEnd),
		count: func(ctx context.Context) (int, error) {
			n, err := h.guard.CountWhoCan(ctx, q, through)
			return n + len(entries), err
		},
	}
	for i, id := range ids {
		c.Edges[i] = &AccessEdge{Node: entries[id], Cursor: page.Cursor{Type: "Access", Column: byAge().Column, Value: id, ID: id}}
	}
	if n := len(c.Edges); n > 0 {
		c.PageInfo.StartCursor, c.PageInfo.EndCursor = &c.Edges[0].Cursor, &c.Edges[n-1].Cursor
	}
	return c, slices.DeleteFunc(people, func(p policy.Person) bool { return !slices.Contains(ids, p.ID) }), nil
}

// people are the accounts of a page by id. Those whom the viewer does not see otherwise have a name and no address.
func (h *House) people(ctx context.Context, of []policy.Person) (map[string]*ent.User, error) {
	ids := make([]string, len(of))
	for i, p := range of {
		ids[i] = p.ID
	}
	return h.named(ctx, ids)
}

// named are accounts by id, as people says. The caller knows that the viewer may be told who they are.
func (h *House) named(ctx context.Context, ids []string) (map[string]*ent.User, error) {
	if len(ids) == 0 {
		return map[string]*ent.User{}, nil
	}
	all, err := h.client.User.Query().Where(user.IDIn(ids...)).All(lock.Sharing(ctx, ids))
	if err != nil {
		return nil, translate(err)
	}
	seen, err := h.client.User.Query().Where(user.IDIn(ids...)).IDs(ctx)
	if err != nil {
		return nil, translate(err)
	}
	out := map[string]*ent.User{}
	for _, u := range all {
		if !slices.Contains(seen, u.ID) {
			u = &ent.User{ID: u.ID, Username: u.Username, Name: u.Name, CreatedAt: u.CreatedAt}
		}
		out[u.ID] = u
	}
	return out, nil
}

// words say a way in to people. A project or an organization around the thing is named to who sees it.
type words struct{ thing, project, organization string }

func (h *House) wordsFor(ctx context.Context, thing ent.Noder) (words, error) {
	w := words{thing: "it", project: "its project", organization: "its organization"}
	var around *ent.Organization
	var err error
	switch t := thing.(type) {
	case *ent.APIKey:
		w.thing = "the key"
		var p *ent.Project
		if p, err = t.Project(ctx); err == nil && p != nil {
			w.project = "project " + p.Name
			around, err = p.Organization(ctx)
		}
	case *ent.Project:
		w.project = "project " + t.Name
		around, err = t.Organization(ctx)
	case *ent.Secret:
		w.thing = "the secret"
		around, err = t.Organization(ctx)
	case *ent.Group:
		w.thing = "the group"
		around, err = t.Organization(ctx)
	case *ent.Organization:
		around = t
	}
	if around != nil {
		w.organization = "organization " + around.Name
	}
	return w, err
}

func (w words) paths(ways []policy.Way) []string {
	out := []string{}
	for _, way := range ways {
		role := strings.ToLower(way.Role)
		switch way.Source {
		case "owner":
			out = append(out, role+" of "+w.thing)
		case "collaborator":
			out = append(out, role+" on "+w.thing)
		case "grant":
			out = append(out, "can "+role)
		case "group":
			out = append(out, role+" of "+w.thing)
		case "project":
			out = append(out, role+" of "+w.project)
		case "organization":
			out = append(out, role+" of "+w.organization)
		default:
			out = append(out, role+" by "+way.Source)
		}
	}
	return out
}
