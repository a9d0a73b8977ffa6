package access

import (
	"context"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy"
)

// Question is a permission about a thing that the viewer sees. Asking is no attempt: nothing of it is kept.
type Question struct {
	Permission policy.Permission
	Type       string // of the thing
	ID         string
}

// Fits tells whether the permission is one about things of this type.
func (g *Guard) Fits(q Question) bool {
	typ, err := g.engine.Revision().TypeOf(q.Permission)
	return err == nil && typ == q.Type
}

// Me asks about the viewer, with what their access token leaves of their rights.
func (g *Guard) Me(ctx context.Context, q Question) (policy.Decision, error) {
	return g.answer(ctx, subjectOf(viewer.From(ctx)), q)
}

// Somebody asks about another account, which may be no account at all.
func (g *Guard) Somebody(ctx context.Context, q Question, id string) (policy.Decision, error) {
	s, suspended, found, err := g.engine.Revision().Account(ctx, g.client, id)
	if err != nil {
		return policy.Decision{}, fault.Internal(err)
	}
	if !found || suspended {
		return policy.Decision{Permission: q.Permission, Revision: g.engine.Revision().ID(), Reasons: []string{"this account is suspended"}, Found: found}, nil
	}
	return g.answer(ctx, s, q)
}

func (g *Guard) answer(ctx context.Context, s policy.Subject, q Question) (policy.Decision, error) {
	rev := g.engine.Revision()
	d, err := rev.Explain(ctx, g.client, s, q.Permission, q.ID)
	if err != nil {
		return d, fault.Internal(err)
	}
	if d.Disagreement {
		g.log.ErrorContext(ctx, "the two forms of a rule disagree; denied", "permission", q.Permission, "resource", q.ID, "revision", d.Revision)
	}
	return d, nil
}

// Shared says that the viewer may see who else has to do with the thing. Who may not is told so.
func (g *Guard) Shared(ctx context.Context, q Question) error {
	p, ok := g.engine.Revision().SharingPermission(q.Type)
	if !ok {
		return fault.Forbidden("", "who else may do something with this is told to nobody")
	}
	d, err := g.Me(ctx, Question{p, q.Type, q.ID})
	if err != nil {
		return err
	}
	if !d.Allow {
		return fault.Forbidden(string(p), d.Reasons...)
	}
	return nil
}

// WhoCan lists whom the permission allows on the thing, suspended accounts left out. The caller has asked Shared before.
func (g *Guard) WhoCan(ctx context.Context, q Question, span policy.Span) ([]policy.Person, error) {
	people, err := g.engine.Revision().WhoCan(ctx, g.client, q.Permission, q.ID, span)
	return people, internal(err)
}

// CountWhoCan counts all of them.
func (g *Guard) CountWhoCan(ctx context.Context, q Question, through policy.Through) (int, error) {
	n, err := g.engine.Revision().CountWhoCan(ctx, g.client, q.Permission, q.ID, through)
	return n, internal(err)
}

// Reaches tells whether WhoCan would list a person.
func (g *Guard) Reaches(ctx context.Context, q Question, id string, through policy.Through) (bool, error) {
	reaches, err := g.engine.Revision().Reaches(ctx, g.client, q.Permission, q.ID, id, through)
	return reaches, internal(err)
}

// Visible finds the thing that a question is about.
func (g *Guard) Visible(ctx context.Context, id string) (ent.Noder, error) {
	thing, err := g.client.Reader().Node(ctx, id)
	if ent.IsNotFound(err) {
		return nil, fault.NotFound()
	}
	return thing, err
}
