package graph

import (
	"context"

	"github.com/keyhall/keyhall/ent/organization"
	"github.com/keyhall/keyhall/internal/once"
)

// How the deeds on organizations are answered again; replays says what that is.

func leftOrganization(context.Context, *Resolver, once.Did, LeaveOrganizationInput) (*LeaveOrganizationPayload, error) {
	return &LeaveOrganizationPayload{}, nil
}

func removedFromOrganization(ctx context.Context, r *Resolver, did once.Did, _ RemoveOrganizationMemberInput) (*RemoveOrganizationMemberPayload, error) {
	o, err := r.Reader.Organization().Where(organization.ID(did.Subject)).Only(ctx)
	if err != nil {
		return nil, err
	}
	return &RemoveOrganizationMemberPayload{Organization: o}, still(ctx, r, did.Subject)
}
