package graph

import (
	"context"
	"errors"
	"reflect"

	"github.com/99designs/gqlgen/graphql"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/accesstoken"
	"github.com/keyhall/keyhall/ent/apikey"
	"github.com/keyhall/keyhall/ent/collaborator"
	"github.com/keyhall/keyhall/ent/invitation"
	"github.com/keyhall/keyhall/ent/user"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/keyhall"
	"github.com/keyhall/keyhall/internal/once"
)

// replay makes the answer of a mutation that was done already under its key, or that failed: err says which.
type replay func(ctx context.Context, r *Resolver, err error) (any, error)

// replays says of each mutation what its answer is when it was done already; nil: the key means nothing to it, and it runs
// anew. A mutation that is not here refuses a key. What is shown is read with the rights of now: whoever lost the thing gets
// NOT_FOUND and, where `still` asks, whoever lost the permission gets FORBIDDEN, as for a new request.
func replays() map[string]replay {
	return map[string]replay{
		"signUp":  nil, // nobody is there yet whose key it could be; a known address answers alike anyway
		"signIn":  nil, // the same; and a cookie is never given out twice
		"signOut": nil, // ends the session that asks, whichever that is

		"createAPIKey":       again(createdKey),
		"updateAPIKey":       again(updatedKey),
		"revealAPIKeySecret": again(revealedSecret),
		"disableAPIKey":      again(disabledKey),
		"enableAPIKey":       again(enabledKey),
		"deleteAPIKey":       again(deletedKey),

		"updateSecuritySettings": again(editedSecurity),

		"inviteCollaborators":    again(invited),
		"acceptInvitation":       again(accepted),
		"declineInvitation":      again(declined),
		"revokeInvitation":       again(revokedInvitation),
		"updateCollaboratorRole": again(updatedRole),
		"removeCollaborator":     again(removedCollaborator),
		"leaveAPIKey":            again(left),

		"createAccessToken": again(createdToken),
		"revokeAccessToken": again(revokedToken),
		"revokeSession":     again(revokedSession),
		"setUserStatus":     again(statusSet),
	}
}

// again makes a replay of how its payload is read anew. Expected refusals become a payload too, other failures pass.
func again[I, P any](read func(context.Context, *Resolver, once.Did, I) (*P, error)) replay {
	return func(ctx context.Context, r *Resolver, err error) (any, error) {
		done, ok := errors.AsType[*once.Again](err)
		if !ok {
			return answer(err, func(e []*fault.User) *P { return withErrors(new(P), e) })
		}
		input, _ := graphql.GetFieldContext(ctx).Args["input"].(I)
		payload, err := read(ctx, r, done.Did, input)
		if err != nil {
			return nil, err
		}
		return withErrors(payload, []*fault.User{}), nil
	}
}

// withErrors fills in the errors of a payload that has none yet; every payload has them, as a test of the schema keeps.
func withErrors[P any](payload *P, e []*fault.User) *P {
	if field := reflect.ValueOf(payload).Elem().FieldByName("Errors"); field.IsNil() {
		field.Set(reflect.ValueOf(e))
	}
	return payload
}

// delivered stands in the place of a value that was shown when the deed was done, and never again.
func delivered(now string) []*fault.User {
	return []*fault.User{fault.Refuse(fault.AlreadyDelivered, "this was done already, and its value was shown then; "+now)}
}

// still asks whether the viewer has the permission of the mutation now.
func still(ctx context.Context, r *Resolver, id string) error {
	permission := permissionOf(graphql.GetFieldContext(ctx).Field.Definition)
	for typ, ps := range r.permissionsByType() {
		for _, p := range ps {
			if string(p) != permission {
				continue
			}
			held, err := viewerCan(ctx, typ, id, []string{permission})
			if err == nil && len(held) == 0 {
				err = fault.Forbidden(permission)
			}
			return err
		}
	}
	return fault.Internal(errors.New("no type has the permission " + permission))
}

// keyOf reads a key that the viewer may still see, and whose permission they still have on subject.
func keyOf(ctx context.Context, r *Resolver, id, subject string) (*ent.APIKey, error) {
	key, err := r.Reader.APIKey().Where(apikey.ID(id)).Only(ctx)
	if err != nil {
		return nil, err
	}
	return key, still(ctx, r, subject)
}

func createdKey(ctx context.Context, r *Resolver, did once.Did, _ keyhall.CreateAPIKey) (*CreateAPIKeyPayload, error) {
	key, err := keyOf(ctx, r, did.Made, did.Subject)
	return &CreateAPIKeyPayload{APIKey: key, Errors: delivered("if it is lost, make another key under a new Idempotency-Key")}, err
}

func updatedKey(ctx context.Context, r *Resolver, did once.Did, _ UpdateAPIKeyInput) (*UpdateAPIKeyPayload, error) {
	key, err := keyOf(ctx, r, did.Subject, did.Subject)
	return &UpdateAPIKeyPayload{APIKey: key}, err
}

func editedSecurity(ctx context.Context, r *Resolver, did once.Did, _ UpdateSecuritySettingsInput) (*UpdateSecuritySettingsPayload, error) {
	key, err := keyOf(ctx, r, did.Subject, did.Subject)
	return &UpdateSecuritySettingsPayload{APIKey: key}, err
}

func revealedSecret(ctx context.Context, r *Resolver, did once.Did, _ RevealAPIKeySecretInput) (*RevealAPIKeySecretPayload, error) {
	_, err := keyOf(ctx, r, did.Subject, did.Subject)
	return &RevealAPIKeySecretPayload{Errors: delivered("to see it again, reveal it under a new Idempotency-Key")}, err
}

func disabledKey(ctx context.Context, r *Resolver, did once.Did, _ DisableAPIKeyInput) (*DisableAPIKeyPayload, error) {
	key, err := keyOf(ctx, r, did.Subject, did.Subject)
	return &DisableAPIKeyPayload{APIKey: key}, err
}

func enabledKey(ctx context.Context, r *Resolver, did once.Did, _ EnableAPIKeyInput) (*EnableAPIKeyPayload, error) {
	key, err := keyOf(ctx, r, did.Subject, did.Subject)
	return &EnableAPIKeyPayload{APIKey: key}, err
}

func deletedKey(_ context.Context, _ *Resolver, did once.Did, _ DeleteAPIKeyInput) (*DeleteAPIKeyPayload, error) {
	return &DeleteAPIKeyPayload{DeletedID: &did.Subject}, nil
}

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

func accepted(ctx context.Context, r *Resolver, did once.Did, _ AcceptInvitationInput) (*AcceptInvitationPayload, error) {
	inv, err := invitationOf(ctx, r, did.Subject)
	return &AcceptInvitationPayload{Invitation: inv}, err
}

func declined(ctx context.Context, r *Resolver, did once.Did, _ DeclineInvitationInput) (*DeclineInvitationPayload, error) {
	inv, err := invitationOf(ctx, r, did.Subject)
	return &DeclineInvitationPayload{Invitation: inv}, err
}

func revokedInvitation(ctx context.Context, r *Resolver, did once.Did, _ RevokeInvitationInput) (*RevokeInvitationPayload, error) {
	if _, err := keyOf(ctx, r, did.Subject, did.Subject); err != nil {
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

func createdToken(ctx context.Context, r *Resolver, did once.Did, _ keyhall.CreateAccessToken) (*CreateAccessTokenPayload, error) {
	row, err := r.Reader.AccessToken().Where(accesstoken.ID(did.Made)).Only(ctx)
	if err == nil {
		err = still(ctx, r, did.Subject)
	}
	return &CreateAccessTokenPayload{AccessToken: row, Errors: delivered("if it is lost, revoke this token and make another under a new Idempotency-Key")}, err
}

func revokedToken(_ context.Context, _ *Resolver, did once.Did, _ RevokeAccessTokenInput) (*RevokeAccessTokenPayload, error) {
	return &RevokeAccessTokenPayload{RevokedID: &did.Subject}, nil
}

func revokedSession(_ context.Context, _ *Resolver, did once.Did, _ RevokeSessionInput) (*RevokeSessionPayload, error) {
	return &RevokeSessionPayload{RevokedID: &did.Subject}, nil
}

// statusSet shows the account where the administrator may see it; the deed itself reaches further than their sight.
func statusSet(ctx context.Context, r *Resolver, did once.Did, _ keyhall.SetUserStatus) (*SetUserStatusPayload, error) {
	if err := still(ctx, r, did.Subject); err != nil {
		return nil, err
	}
	u, err := r.Reader.User().Where(user.ID(did.Subject)).Only(ctx)
	return &SetUserStatusPayload{User: u}, ent.MaskNotFound(err)
}
