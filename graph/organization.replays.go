package graph

import (
	"context"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/invitation"
	"github.com/keyhall/keyhall/ent/organization"
	"github.com/keyhall/keyhall/ent/organizationmember"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/keyhall"
	"github.com/keyhall/keyhall/internal/once"
)

// How the deeds on organizations are answered again; replays says what that is.

func createdOrganization(ctx context.Context, r *Resolver, did once.Did, _ keyhall.CreateOrganization) (*CreateOrganizationPayload, error) {
	o, err := r.Reader.Organization().Where(organization.ID(did.Made)).Only(ctx)
	return &CreateOrganizationPayload{Organization: o}, err
}

func updatedOrganization(ctx context.Context, r *Resolver, did once.Did, _ UpdateOrganizationInput) (*UpdateOrganizationPayload, error) {
	o, err := r.Reader.Organization().Where(organization.ID(did.Subject)).Only(ctx)
	if err != nil {
		return nil, err
	}
	return &UpdateOrganizationPayload{Organization: o}, still(ctx, r, did.Subject)
}

func deletedOrganization(_ context.Context, _ *Resolver, did once.Did, _ DeleteOrganizationInput) (*DeleteOrganizationPayload, error) {
	return &DeleteOrganizationPayload{DeletedID: &did.Subject}, nil
}

func updatedOrganizationMember(ctx context.Context, r *Resolver, did once.Did, _ UpdateOrganizationMemberInput) (*UpdateOrganizationMemberPayload, error) {
	m, err := r.Reader.OrganizationMember().Where(organizationmember.ID(did.Part)).Only(ctx)
	if err != nil {
		return nil, err
	}
	return &UpdateOrganizationMemberPayload{Member: m}, still(ctx, r, did.Subject)
}

func invitedToOrganization(ctx context.Context, r *Resolver, did once.Did, in keyhall.InviteToOrganization) (*InviteToOrganizationPayload, error) {
	if err := stillInvites(ctx, r, did.Subject); err != nil {
		return nil, err
	}
	open, err := r.Reader.Invitation().Where(invitation.IDIn(did.Outcomes...)).All(ctx)
	out := &InviteToOrganizationPayload{Results: invitedThere(in.Repeat(did.Outcomes, open))}
	for _, inv := range open {
		if out.Errors == nil {
			out.Errors = handedOver(inv)
		}
	}
	return out, err
}

// stillInvites asks whether the viewer sees an organization now and may invite to it.
func stillInvites(ctx context.Context, r *Resolver, id string) error {
	if _, err := r.Reader.Organization().Where(organization.ID(id)).Only(ctx); err != nil {
		return err
	}
	return stillHas(ctx, r, "organization.invite", id)
}

// handedOver stands in the place of the link of an invitation that was not mailed.
func handedOver(inv *ent.Invitation) []*fault.User {
	if inv.OrganizationID == nil || inv.Delivery != invitation.DeliveryNOT_CONFIGURED {
		return nil
	}
	return delivered("send the invitation again for a new link")
}

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
