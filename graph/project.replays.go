package graph

import (
	"context"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/project"
	"github.com/keyhall/keyhall/ent/projectmember"
	"github.com/keyhall/keyhall/ent/serviceaccount"
	"github.com/keyhall/keyhall/ent/verifiertoken"
	"github.com/keyhall/keyhall/internal/keyhall"
	"github.com/keyhall/keyhall/internal/once"
)

// How the deeds on projects and in them are answered again; replays says what that is.

// projectOf reads a project that the viewer may still see, while they have the permission of the mutation on subject.
func projectOf(ctx context.Context, r *Resolver, id, subject string) (*ent.Project, error) {
	p, err := r.Reader.Project().Where(project.ID(id)).Only(ctx)
	if err != nil {
		return nil, err
	}
	return p, still(ctx, r, subject)
}

func createdProject(ctx context.Context, r *Resolver, did once.Did, _ keyhall.CreateProject) (*CreateProjectPayload, error) {
	p, err := projectOf(ctx, r, did.Made, did.Subject)
	return &CreateProjectPayload{Project: p}, err
}

func updatedProject(ctx context.Context, r *Resolver, did once.Did, _ UpdateProjectInput) (*UpdateProjectPayload, error) {
	p, err := projectOf(ctx, r, did.Subject, did.Subject)
	return &UpdateProjectPayload{Project: p}, err
}

func archivedProject(ctx context.Context, r *Resolver, did once.Did, _ ArchiveProjectInput) (*ArchiveProjectPayload, error) {
	p, err := projectOf(ctx, r, did.Subject, did.Subject)
	return &ArchiveProjectPayload{Project: p}, err
}

func unarchivedProject(ctx context.Context, r *Resolver, did once.Did, _ UnarchiveProjectInput) (*UnarchiveProjectPayload, error) {
	p, err := projectOf(ctx, r, did.Subject, did.Subject)
	return &UnarchiveProjectPayload{Project: p}, err
}

// placeOf reads somebody's place in a project like projectOf.
func placeOf(ctx context.Context, r *Resolver, id, subject string) (*ent.ProjectMember, error) {
	m, err := r.Reader.ProjectMember().Where(projectmember.ID(id)).Only(ctx)
	if err != nil {
		return nil, err
	}
	return m, still(ctx, r, subject)
}

func addedProjectMember(ctx context.Context, r *Resolver, did once.Did, _ keyhall.AddProjectMember) (*AddProjectMemberPayload, error) {
	m, err := placeOf(ctx, r, did.Made, did.Subject)
	return &AddProjectMemberPayload{Member: m}, err
}

func updatedProjectMember(ctx context.Context, r *Resolver, did once.Did, _ UpdateProjectMemberInput) (*UpdateProjectMemberPayload, error) {
	m, err := placeOf(ctx, r, did.Part, did.Subject)
	return &UpdateProjectMemberPayload{Member: m}, err
}

func removedProjectMember(ctx context.Context, r *Resolver, did once.Did, _ RemoveProjectMemberInput) (*RemoveProjectMemberPayload, error) {
	p, err := projectOf(ctx, r, did.Subject, did.Subject)
	return &RemoveProjectMemberPayload{Project: p}, err
}

// serviceOf reads a service account like projectOf.
func serviceOf(ctx context.Context, r *Resolver, id, subject string) (*ent.ServiceAccount, error) {
	s, err := r.Reader.ServiceAccount().Where(serviceaccount.ID(id)).Only(ctx)
	if err != nil {
		return nil, err
	}
	return s, still(ctx, r, subject)
}

func createdServiceAccount(ctx context.Context, r *Resolver, did once.Did, _ CreateServiceAccountInput) (*CreateServiceAccountPayload, error) {
	s, err := serviceOf(ctx, r, did.Made, did.Subject)
	return &CreateServiceAccountPayload{ServiceAccount: s}, err
}

func disabledServiceAccount(ctx context.Context, r *Resolver, did once.Did, _ DisableServiceAccountInput) (*DisableServiceAccountPayload, error) {
	s, err := serviceOf(ctx, r, did.Part, did.Subject)
	return &DisableServiceAccountPayload{ServiceAccount: s}, err
}

func enabledServiceAccount(ctx context.Context, r *Resolver, did once.Did, _ EnableServiceAccountInput) (*EnableServiceAccountPayload, error) {
	s, err := serviceOf(ctx, r, did.Part, did.Subject)
	return &EnableServiceAccountPayload{ServiceAccount: s}, err
}

func createdVerifierToken(ctx context.Context, r *Resolver, did once.Did, _ CreateVerifierTokenInput) (*CreateVerifierTokenPayload, error) {
	v, err := r.Reader.VerifierToken().Where(verifiertoken.ID(did.Made)).Only(ctx)
	if err == nil {
		err = still(ctx, r, did.Subject)
	}
	return &CreateVerifierTokenPayload{VerifierToken: v, Errors: delivered("if it is lost, revoke it and make another under a new Idempotency-Key")}, err
}

func revokedVerifierToken(ctx context.Context, r *Resolver, did once.Did, in RevokeVerifierTokenInput) (*RevokeVerifierTokenPayload, error) {
	return &RevokeVerifierTokenPayload{RevokedID: &in.ID}, still(ctx, r, did.Subject)
}
