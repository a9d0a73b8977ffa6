package graph

import (
	"context"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/sharelink"
	"github.com/keyhall/keyhall/internal/once"
)

// How the deeds on links are answered again; replays says what that is. The address of a link is never told a second time.

// linkOf reads a link that the viewer may still see, of a secret on which they still have the permission of the mutation.
func linkOf(ctx context.Context, r *Resolver, id, secretID string) (*ent.ShareLink, error) {
	l, err := r.Reader.ShareLink().Where(sharelink.ID(id)).Only(ctx)
	if err != nil {
		return nil, err
	}
	return l, still(ctx, r, secretID)
}

func createdLink(ctx context.Context, r *Resolver, did once.Did, _ CreateShareLinkInput) (*CreateShareLinkPayload, error) {
	l, err := linkOf(ctx, r, did.Made, did.Subject)
	return &CreateShareLinkPayload{ShareLink: l, Errors: delivered("if its address is lost, send the link again")}, err
}

func resentLink(ctx context.Context, r *Resolver, did once.Did, in ResendShareLinkInput) (*ResendShareLinkPayload, error) {
	l, err := linkOf(ctx, r, in.ID, did.Subject)
	return &ResendShareLinkPayload{ShareLink: l, Errors: delivered("if its address is lost, send the link again under a new Idempotency-Key")}, err
}

func revokedLink(ctx context.Context, r *Resolver, did once.Did, in RevokeShareLinkInput) (*RevokeShareLinkPayload, error) {
	l, err := linkOf(ctx, r, in.ID, did.Subject)
	return &RevokeShareLinkPayload{ShareLink: l}, err
}
