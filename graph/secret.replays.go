package graph

import (
	"context"
	"slices"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/group"
	"github.com/keyhall/keyhall/ent/secret"
	"github.com/keyhall/keyhall/internal/keyhall"
	"github.com/keyhall/keyhall/internal/once"
)

// How the deeds on secrets and groups are answered again; replays says what that is.

// secretOf reads a secret that the viewer may still see, and whose permission they still have on subject.
func secretOf(ctx context.Context, r *Resolver, id, subject string) (*ent.Secret, error) {
	s, err := r.Reader.Secret().Where(secret.ID(id)).Only(ctx)
	if err != nil {
		return nil, err
	}
	return s, still(ctx, r, subject)
}

func createdSecret(ctx context.Context, r *Resolver, did once.Did, _ CreateSecretInput) (*CreateSecretPayload, error) {
	s, err := secretOf(ctx, r, did.Made, did.Subject)
	return &CreateSecretPayload{Secret: s}, err
}

func updatedSecret(ctx context.Context, r *Resolver, did once.Did, _ UpdateSecretInput) (*UpdateSecretPayload, error) {
	s, err := secretOf(ctx, r, did.Subject, did.Subject)
	return &UpdateSecretPayload{Secret: s}, err
}

func revealedValue(ctx context.Context, r *Resolver, did once.Did, _ RevealSecretInput) (*RevealSecretPayload, error) {
	_, err := secretOf(ctx, r, did.Subject, did.Subject)
	return &RevealSecretPayload{Errors: delivered("to see it again, reveal it under a new Idempotency-Key")}, err
}

// secretsOf is secretOf for several, in the order that they were named in.
func secretsOf(ctx context.Context, r *Resolver, did once.Did, named []string) ([]*ent.Secret, error) {
	out := []*ent.Secret{}
	for _, id := range did.Outcomes {
		s, err := secretOf(ctx, r, id, id)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b *ent.Secret) int { return slices.Index(named, a.ID) - slices.Index(named, b.ID) })
	return out, nil
}

func sharedSecrets(ctx context.Context, r *Resolver, did once.Did, in keyhall.ShareSecrets) (*ShareSecretsPayload, error) {
	out, err := secretsOf(ctx, r, did, in.SecretIDs)
	return &ShareSecretsPayload{Secrets: out}, err
}

func disabledSecrets(ctx context.Context, r *Resolver, did once.Did, in DisableSecretsInput) (*DisableSecretsPayload, error) {
	out, err := secretsOf(ctx, r, did, in.Ids)
	return &DisableSecretsPayload{Secrets: out}, err
}

func enabledSecrets(ctx context.Context, r *Resolver, did once.Did, in EnableSecretsInput) (*EnableSecretsPayload, error) {
	out := []*ent.Secret{}
	for _, id := range did.Outcomes { // who could enable what they had disabled themself may not need to any more
		s, err := r.Reader.Secret().Where(secret.ID(id)).Only(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b *ent.Secret) int { return slices.Index(in.Ids, a.ID) - slices.Index(in.Ids, b.ID) })
	return &EnableSecretsPayload{Secrets: out}, nil
}

func deletedSecret(_ context.Context, _ *Resolver, did once.Did, _ DeleteSecretInput) (*DeleteSecretPayload, error) {
	return &DeleteSecretPayload{DeletedID: &did.Subject}, nil
}

func restoredSecret(ctx context.Context, r *Resolver, did once.Did, _ RestoreSecretVersionInput) (*RestoreSecretVersionPayload, error) {
	s, err := secretOf(ctx, r, did.Subject, did.Subject)
	return &RestoreSecretVersionPayload{Secret: s}, err
}

func leftSecret(context.Context, *Resolver, once.Did, LeaveSecretInput) (*LeaveSecretPayload, error) {
	return &LeaveSecretPayload{}, nil
}

func unsharedSecret(ctx context.Context, r *Resolver, did once.Did, _ UnshareSecretInput) (*UnshareSecretPayload, error) {
	s, err := secretOf(ctx, r, did.Subject, did.Subject)
	return &UnshareSecretPayload{Secret: s}, err
}

// groupOf is secretOf for a group.
func groupOf(ctx context.Context, r *Resolver, id, subject string) (*ent.Group, error) {
	g, err := r.Reader.Group().Where(group.ID(id)).Only(ctx)
	if err != nil {
		return nil, err
	}
	return g, still(ctx, r, subject)
}

func createdGroup(ctx context.Context, r *Resolver, did once.Did, _ keyhall.CreateGroup) (*CreateGroupPayload, error) {
	g, err := groupOf(ctx, r, did.Made, did.Subject)
	return &CreateGroupPayload{Group: g}, err
}

func updatedGroup(ctx context.Context, r *Resolver, did once.Did, _ UpdateGroupInput) (*UpdateGroupPayload, error) {
	g, err := groupOf(ctx, r, did.Subject, did.Subject)
	return &UpdateGroupPayload{Group: g}, err
}

func deletedGroup(_ context.Context, _ *Resolver, did once.Did, _ DeleteGroupInput) (*DeleteGroupPayload, error) {
	return &DeleteGroupPayload{DeletedID: &did.Subject}, nil
}

func addedMembers(ctx context.Context, r *Resolver, did once.Did, _ keyhall.AddGroupMembers) (*AddGroupMembersPayload, error) {
	g, err := groupOf(ctx, r, did.Subject, did.Subject)
	return &AddGroupMembersPayload{Group: g}, err
}

func removedMember(ctx context.Context, r *Resolver, did once.Did, _ RemoveGroupMemberInput) (*RemoveGroupMemberPayload, error) {
	g, err := groupOf(ctx, r, did.Subject, did.Subject)
	return &RemoveGroupMemberPayload{Group: g}, err
}

func leftGroup(context.Context, *Resolver, once.Did, LeaveGroupInput) (*LeaveGroupPayload, error) {
	return &LeaveGroupPayload{}, nil
}
