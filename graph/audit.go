package graph

import (
	"context"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/auditevent"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/page"
)

// shownBy is the permission on its thing that shows what an event changed. Who reads the trail reads of most events all: that
// is what it is for. But what a role may not look at is not to be had from its history either.
func shownBy(e *ent.AuditEvent) (typ, permission string) {
	switch e.Type {
	case "security_settings.updated":
		return ent.TypeAPIKey, "api_key.view_security"
	case "limits.updated":
		switch e.ResourceType {
		case ent.TypeAPIKey:
			return ent.TypeAPIKey, "api_key.view_security"
		case ent.TypeProject:
			return ent.TypeProject, "project.view_limits"
		}
		return ent.TypeOrganization, "organization.view_limits"
	case "secret.updated": // an owner of the organization is nobody on its secrets
		return ent.TypeSecret, "secret.view"
	}
	return "", ""
}

// auditPage runs a page of the events of an organization, and announces the things that say what is shown of them.
func (r *Resolver) auditPage(ctx context.Context, organizationID string, filter *AuditFilter, w page.Window) (*ent.AuditEventConnection, error) {
	where, err := filter.where(ctx, r.Reader)
	if err != nil {
		return nil, err
	}
	c, err := r.Reader.AuditEvent().Where(auditevent.OrganizationID(organizationID)).Where(where...).Page(ctx, w, newest())
	if err != nil {
		return nil, err
	}
	for _, e := range c.Edges {
		if typ, _ := shownBy(e.Node); typ != "" {
			requestOf(ctx).can[typ].announce(e.Node.ResourceID)
		}
	}
	return c, nil
}

// changes of an event: all of them, with their values where the viewer may see these now.
func changes(ctx context.Context, e *ent.AuditEvent) ([]*audit.Change, error) {
	out := pointers(append([]audit.Change{}, e.Changes...))
	typ, permission := shownBy(e)
	if typ == "" {
		return out, nil
	}
	held, err := viewerCan(ctx, typ, e.ResourceID, []string{permission})
	if err != nil {
		return nil, err
	}
	if len(held) == 0 {
		for _, c := range out {
			c.Before, c.After = nil, nil
		}
	}
	return out, nil
}
