package graph

import (
	"context"
	"strings"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/apikey"
	"github.com/keyhall/keyhall/ent/collaborator"
	"github.com/keyhall/keyhall/ent/invitation"
	"github.com/keyhall/keyhall/internal/keyhall"
	"github.com/keyhall/keyhall/internal/once"
)

func invited(ctx context.Context, r *Resolver, did once.Did, in keyhall.InviteCollaborators) (*InviteCollaboratorsPayload, error) {
	if _, err := keyOf(ctx, r, did.Subject, did.Subject); err != nil {
		return nil, err
	}
	open, err := r.Reader.Invitation().Where(invitation.IDIn(did.Outcomes...)).All(ctx)
	return &InviteCollaboratorsPayload{Results: pointers(in.Repeat(did.Outcomes, open))}, err
}

func invitationOf(ctx context.Context, r *Resolver, id string) (*ent.Invitation, error) {
	return r.Reader.Invitation().Where(invitation.ID(id)).Only(ctx)
}

func accepted(ctx context.Context, r *Resolver, did once.Did, _ keyhall.WhichInvitation) (*AcceptInvitationPayload, error) {
	inv, err := invitationOf(ctx, r, did.Subject)
	return &AcceptInvitationPayload{Invitation: inv}, err
}

func declined(ctx context.Context, r *Resolver, did once.Did, _ keyhall.WhichInvitation) (*DeclineInvitationPayload, error) {
	inv, err := invitationOf(ctx, r, did.Subject)
	return &DeclineInvitationPayload{Invitation: inv}, err
}

// mayStillInvite asks it of what an invitation is to: a key, or an organization.
func mayStillInvite(ctx context.Context, r *Resolver, id string) error {
	if strings.HasPrefix(id, "org_") {
		return stillInvites(ctx, r, id)
	}
	_, err := keyOf(ctx, r, id, id)
	return err
}

func resentInvitation(ctx context.Context, r *Resolver, did once.Did, _ ResendInvitationInput) (*ResendInvitationPayload, error) {
	if err := mayStillInvite(ctx, r, did.Subject); err != nil {
		return nil, err
	}
	inv, err := invitationOf(ctx, r, did.Part)
	if err != nil {
		return nil, err
	}
	return &ResendInvitationPayload{Invitation: inv, Errors: handedOver(inv)}, nil
}

func revokedInvitation(ctx context.Context, r *Resolver, did once.Did, _ RevokeInvitationInput) (*RevokeInvitationPayload, error) {
	if err := mayStillInvite(ctx, r, did.Subject); err != nil {
		return nil, err
	}
	inv, err := invitationOf(ctx, r, did.Part)
	return &RevokeInvitationPayload{Invitation: inv}, err
}

func updatedRole(ctx context.Context, r *Resolver, did once.Did, _ UpdateCollaboratorRoleInput) (*UpdateCollaboratorRolePayload, error) {
	if _, err := keyOf(ctx, r, did.Subject, did.Subject); err != nil {
		return nil, err
	}
	c, err := r.Reader.Collaborator().Where(collaborator.ID(did.Part)).Only(ctx)
	return &UpdateCollaboratorRolePayload{Collaborator: c}, err
}

// removedCollaborator is null for who removed themself, as it was then.
func removedCollaborator(ctx context.Context, r *Resolver, did once.Did, _ RemoveCollaboratorInput) (*RemoveCollaboratorPayload, error) {
	key, err := r.Reader.APIKey().Where(apikey.ID(did.Subject)).Only(ctx)
	return &RemoveCollaboratorPayload{APIKey: key}, ent.MaskNotFound(err)
}

func left(context.Context, *Resolver, once.Did, LeaveAPIKeyInput) (*LeaveAPIKeyPayload, error) {
	return &LeaveAPIKeyPayload{}, nil
}
