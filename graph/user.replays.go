package graph

import (
	"context"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/accesstoken"
	"github.com/keyhall/keyhall/ent/user"
	"github.com/keyhall/keyhall/internal/keyhall"
	"github.com/keyhall/keyhall/internal/once"
)

func updatedProfile(ctx context.Context, r *Resolver, did once.Did, _ keyhall.UpdateProfile) (*UpdateProfilePayload, error) {
	if err := still(ctx, r, did.Subject); err != nil {
		return nil, err
	}
	u, err := r.Reader.User().Where(user.ID(did.Subject)).Only(ctx)
	return &UpdateProfilePayload{User: u}, ent.MaskNotFound(err)
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
