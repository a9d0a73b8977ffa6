package keyhall

import (
	"context"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/user"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy"
)

// Decision answers whether somebody may do something with a thing, and why not.
type Decision struct {
	Allow          bool
	Permission     string
	Reasons        []string
	PolicyRevision string
	question       access.Question
	trace          []string
}

// Explain tells whether the viewer may do something with a thing that they see, or another person, if the viewer may see
// who else has to do with it. It records nothing: a question is no attempt, and who may ask about others could as well read
// the list of them.
func (h *House) Explain(ctx context.Context, permission, resourceID string, subjectID *string) (*Decision, error) {
	_, q, err := h.question(ctx, permission, resourceID)
	if err != nil {
		return nil, err
	}
	d, err := h.decision(ctx, q, subjectID)
	if err != nil {
		return nil, err
	}
	return &Decision{d.Allow, permission, append([]string{}, d.Reasons...), d.Revision, q, d.Trace}, nil
}

// Trace tells how the rule came to a decision. It speaks of the rows around the thing, so it is for who may see all of these.
func (h *House) Trace(ctx context.Context, d *Decision) ([]string, error) {
	ways, err := h.sharing(ctx, d.question)
	if err != nil {
		return nil, err
	}
	if len(ways.closed) > 0 {
		return nil, errClosed()
	}
	return append([]string{}, d.trace...), nil
}

// question finds the thing first: of what is hidden nobody learns which permissions are about it.
func (h *House) question(ctx context.Context, permission, resourceID string) (ent.Noder, access.Question, error) {
	thing, err := h.guard.Visible(ctx, resourceID)
	if err != nil {
		return nil, access.Question{}, err
	}
	q := access.Question{Permission: policy.Permission(permission), Type: ent.TypeOf(thing), ID: resourceID}
	if !h.guard.Fits(q) {
		return nil, q, fault.BadInput("this is no permission about such a thing; `policy` lists them all", "permission")
	}
	return thing, q, nil
}

func (h *House) decision(ctx context.Context, q access.Question, subject *string) (policy.Decision, error) {
	if subject == nil || *subject == viewer.From(ctx).UserID {
		return h.found(h.guard.Me(ctx, q))
	}
	ways, err := h.sharing(ctx, q)
	if err != nil {
		return policy.Decision{}, err
	}
	if err := h.known(ctx, q, *subject, ways.through()); err != nil {
		return policy.Decision{}, err
	}
	reaches, err := h.guard.Reaches(ctx, q, *subject, ways.through())
	if err != nil {
		return policy.Decision{}, err
	}
	// A no would tell who is not in the closed group, and the same person's yes who is. So only what holds without it is told.
	if len(ways.closed) > 0 && !reaches {
		return policy.Decision{}, errClosed()
	}
	d, err := h.found(h.guard.Somebody(ctx, q, *subject))
	if err == nil && d.Allow && !reaches { // by a group that was given something only now
		err = errClosed()
	}
	if len(ways.closed) > 0 {
		d.Trace = nil // it speaks of the rows of the closed group
	}
	return d, err
}

// found: the thing may have gone while it was asked about.
func (h *House) found(d policy.Decision, err error) (policy.Decision, error) {
	if err == nil && !d.Allow && !d.Found && len(d.Reasons) == 0 {
		return d, fault.NotFound()
	}
	return d, err
}

// known says that the viewer may know of a person: they see them, or the person has access to the thing whose sharing the
// viewer sees, and not by a closed group alone. Everybody else is for the viewer as if they had no account.
func (h *House) known(ctx context.Context, q access.Question, id string, through policy.Through) error {
	seen, err := h.client.User.Query().Where(user.ID(id)).Exist(ctx)
	if err != nil || seen {
		return translate(err)
	}
	view, _ := h.guard.Law().RowPermission(q.Type)
	reaches, err := h.guard.Reaches(ctx, access.Question{Permission: view, Type: q.Type, ID: q.ID}, id, through)
	if err == nil && !reaches {
		return fault.NotFound()
	}
	return err
}
