package audit

import (
	"context"
	"strings"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/policy/lock"
)

// place is where an event belongs: the organization whose owners may read it, and the project.
type place struct{ organization, project string }

// placeOf finds it from the id of what the event is about. What belongs to nobody's organization (an account's sessions and
// tokens) is kept in the actor's own one. It reads under a duty: who acts on a key need not see the project around it.
func placeOf(ctx context.Context, tx *ent.Tx, actor, resource string) (place, error) {
	ctx = lock.AuditPlace(ctx, actor, resource)
	prefix, _, _ := strings.Cut(resource, "_")
	switch prefix {
	case "org":
		return place{organization: resource}, nil
	case "key":
		key, err := tx.APIKey.Get(ctx, resource)
		if err != nil {
			return place{}, err
		}
		return projectPlace(ctx, tx, key.ProjectID)
	case "inv":
		inv, err := tx.Invitation.Get(ctx, resource)
		if err != nil {
			return place{}, err
		}
		if inv.APIKeyID == nil {
			return place{organization: *inv.OrganizationID}, nil
		}
		key, err := tx.APIKey.Get(ctx, *inv.APIKeyID)
		if err != nil {
			return place{}, err
		}
		return projectPlace(ctx, tx, key.ProjectID)
	case "prj":
		return projectPlace(ctx, tx, resource)
	case "sec":
		s, err := tx.Secret.Get(ctx, resource)
		if err != nil {
			return place{}, err
		}
		return place{organization: s.OrganizationID}, nil
	case "grp":
		g, err := tx.Group.Get(ctx, resource)
		if err != nil {
			return place{}, err
		}
		return place{organization: g.OrganizationID}, nil
	}
	u, err := tx.User.Get(ctx, actor)
	if err != nil {
		return place{}, err
	}
	return place{organization: u.PersonalOrganizationID}, nil
}

func projectPlace(ctx context.Context, tx *ent.Tx, id string) (place, error) {
	p, err := tx.Project.Get(ctx, id)
	if err != nil {
		return place{}, err
	}
	return place{organization: p.OrganizationID, project: id}, nil
}
