package graph

import (
	"context"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/apikey"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/keyhall"
	"github.com/keyhall/keyhall/internal/once"
)

// keyOf reads a key that the viewer may still see, and whose permission they still have on subject.
func keyOf(ctx context.Context, r *Resolver, id, subject string) (*ent.APIKey, error) {
	key, err := r.Reader.APIKey().Where(apikey.ID(id)).Only(ctx)
	if err != nil {
		return nil, err
	}
	return key, still(ctx, r, subject)
}

func createdKey(ctx context.Context, r *Resolver, did once.Did, in keyhall.CreateAPIKey) (*CreateAPIKeyPayload, error) {
	key, err := r.Reader.APIKey().Where(apikey.ID(did.Made)).Only(ctx)
	switch {
	case err != nil:
		return nil, err
	case in.ServiceAccountID != nil:
		err = stillHas(ctx, r, "project.manage_service_accounts", did.Subject)
	default:
		err = still(ctx, r, did.Subject)
	}
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

// successorOf reads the key that took the subject's place. The plaintexts were shown with it, unless it was there before.
func successorOf(ctx context.Context, r *Resolver, did once.Did) (*ent.APIKey, []*fault.User, error) {
	key, err := r.Reader.APIKey().Where(apikey.ReplacesID(did.Subject)).Only(ctx)
	if err == nil {
		err = still(ctx, r, did.Subject)
	}
	if err != nil || key.ID != did.Made {
		return key, nil, err
	}
	return key, delivered("if it is lost, rotate the newer key under a new Idempotency-Key"), nil
}

func rotatedKey(ctx context.Context, r *Resolver, did once.Did, _ keyhall.Rotation) (*RotateAPIKeyPayload, error) {
	key, errs, err := successorOf(ctx, r, did)
	return &RotateAPIKeyPayload{APIKey: key, Errors: errs}, err
}

func movedKey(ctx context.Context, r *Resolver, did once.Did, _ keyhall.Move) (*MoveAPIKeyToProjectPayload, error) {
	key, err := keyOf(ctx, r, did.Made, did.Subject)
	return &MoveAPIKeyToProjectPayload{APIKey: key, Errors: delivered("if it is lost, rotate the new key under a new Idempotency-Key")}, err
}

func exposedKey(ctx context.Context, r *Resolver, did once.Did, _ keyhall.ExposedAPIKey) (*MarkAPIKeyExposedPayload, error) {
	key, errs, err := successorOf(ctx, r, did)
	if did.Made == "" && ent.IsNotFound(err) { // it was replaced before, and what took its place is gone or hidden: as when it was done
		_, err = keyOf(ctx, r, did.Subject, did.Subject)
	}
	return &MarkAPIKeyExposedPayload{APIKey: key, Errors: errs}, err
}

func rotatedSecret(ctx context.Context, r *Resolver, did once.Did, _ keyhall.Rotation) (*RotateAPIKeySecretPayload, error) {
	key, err := keyOf(ctx, r, did.Subject, did.Subject)
	return &RotateAPIKeySecretPayload{APIKey: key, Errors: delivered("to see it again, reveal it")}, err
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
