package graph

import (
	"context"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/keyhall"
	"github.com/keyhall/keyhall/internal/page"
)

// projectMembersPage runs a page of the members of a project, and announces its rows.
func projectMembersPage(ctx context.Context, q *ent.ProjectMemberQuery, w page.Window) (*ent.ProjectMemberConnection, error) {
	c, err := q.Page(ctx, w, oldest())
	if err != nil {
		return nil, err
	}
	for _, e := range c.Edges {
		requestOf(ctx).places.announce(e.Node.ID)
	}
	return c, nil
}

// changes of a project: what is left out stays, null clears.
func (in UpdateProjectInput) changes() keyhall.UpdateProject {
	out := keyhall.UpdateProject{ID: in.ID, Name: in.Name, Environment: in.Environment, ConfirmName: in.ConfirmName}
	if text, set := in.Description.ValueOK(); set {
		out.Description = orZero(text)
	}
	if price, set := in.UnitPrice.ValueOK(); set {
		out.UnitPrice = orZero(price)
	}
	if address, set := in.AlertEmail.ValueOK(); set {
		out.AlertEmail = orZero(address)
	}
	return out
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
