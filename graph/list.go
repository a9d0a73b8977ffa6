package graph

import (
	"context"
	"slices"

	"github.com/99designs/gqlgen/graphql"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/page"
)

// newest and oldest are the orders of lists that offer no choice.
func newest() page.Order { return page.Order{Column: "created_at", Desc: true} }
func oldest() page.Order { return page.Order{Column: "created_at"} }

func window(first *int, after *page.Cursor, last *int, before *page.Cursor) page.Window {
	return page.Window{First: first, After: after, Last: last, Before: before}
}

// edgesOf lists the fields that a page's rows are asked for, so that single edges are loaded with the page.
func edgesOf(ctx context.Context) []string {
	oc := graphql.GetOperationContext(ctx)
	var out []string
	for _, f := range graphql.CollectFieldsCtx(ctx, nil) {
		rows := f.Selections
		if f.Name == "edges" {
			for _, e := range graphql.CollectFields(oc, f.Selections, nil) {
				if e.Name == "node" {
					out = append(out, names(graphql.CollectFields(oc, e.Selections, nil))...)
				}
			}
		} else if f.Name == "nodes" {
			out = append(out, names(graphql.CollectFields(oc, rows, nil))...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func names(fields []graphql.CollectedField) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = f.Name
	}
	return out
}

// keysPage runs a page of keys and announces its rows.
func keysPage(ctx context.Context, q *ent.APIKeyQuery, w page.Window, o page.Order) (*ent.APIKeyConnection, error) {
	c, err := q.Eager(edgesOf(ctx)...).Page(ctx, w, o)
	if err != nil {
		return nil, err
	}
	memory := requestOf(ctx)
	for _, e := range c.Edges {
		memory.can[ent.TypeAPIKey].announce(e.Node.ID)
		memory.place.announce(e.Node.ID)
		memory.security.announce(e.Node.ID)
		memory.jwtKeys.announce(e.Node.ID)
		memory.limits.announce(e.Node.ID)
	}
	return c, nil
}

// projectsPage runs a page of projects and announces its rows.
func projectsPage(ctx context.Context, q *ent.ProjectQuery, w page.Window, o page.Order) (*ent.ProjectConnection, error) {
	c, err := q.Eager(edgesOf(ctx)...).Page(ctx, w, o)
	if err != nil {
		return nil, err
	}
	memory := requestOf(ctx)
	for _, e := range c.Edges {
		memory.can[ent.TypeProject].announce(e.Node.ID)
		memory.project.announce(e.Node.ID)
		memory.limits.announce(e.Node.ID)
	}
	return c, nil
}

// organizationsPage runs a page of organizations and announces its rows.
func organizationsPage(ctx context.Context, q *ent.OrganizationQuery, w page.Window, o page.Order) (*ent.OrganizationConnection, error) {
	c, err := q.Page(ctx, w, o)
	if err != nil {
		return nil, err
	}
	memory := requestOf(ctx)
	for _, e := range c.Edges {
		memory.can[ent.TypeOrganization].announce(e.Node.ID)
		memory.organization.announce(e.Node.ID)
		memory.limits.announce(e.Node.ID)
	}
	return c, nil
}
