package keyhall

import (
	"context"

	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/viewer"
)

// BeginExport counts a list that the viewer takes out whole; what is in it the lock says, page by page. Errors:
// UNAUTHENTICATED, RATE_LIMITED.
func (h *House) BeginExport(ctx context.Context) error {
	v := viewer.From(ctx)
	if !v.SignedIn() {
		return fault.Unauthenticated()
	}
	return count(ctx, h.limits.Exports, v.UserID)
}
