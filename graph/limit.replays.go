package graph

import (
	"context"

	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/keyhall"
	"github.com/keyhall/keyhall/internal/once"
)

// editedLimits are the limits of now, for who may still change them.
func editedLimits(ctx context.Context, r *Resolver, did once.Did, _ UpdateLimitsInput) (*UpdateLimitsPayload, error) {
	target, ok := keyhall.LimitTarget(did.Subject)
	if !ok {
		return nil, fault.NotFound()
	}
	held, err := viewerCan(ctx, target.Type, did.Subject, []string{target.EditLimits})
	switch {
	case err != nil:
		return nil, err
	case len(held) == 0:
		return nil, r.refused(ctx, target, did.Subject)
	}
	limits, err := r.limitsAfter(ctx, did.Subject)
	return &UpdateLimitsPayload{Limits: limits}, err
}

// refused is FORBIDDEN on what the viewer still sees, and NOT_FOUND on what they do not.
func (r *Resolver) refused(ctx context.Context, target keyhall.Limited, id string) error {
	if _, err := r.Reader.Node(ctx, id); err != nil {
		return fault.NotFound()
	}
	return fault.Forbidden(target.EditLimits)
}
