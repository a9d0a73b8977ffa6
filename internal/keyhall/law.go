package keyhall

import (
	"context"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy"
)

// Policy says which policy is in force.
type Policy struct {
	Revision  string
	LoadedAt  time.Time
	LastError *string // a policy that does not load keeps the server from starting: there is none
}

// Policy is the one in force.
func (h *House) Policy() *Policy {
	return &Policy{Revision: h.guard.Law().ID(), LoadedAt: h.guard.Since()}
}

// LawModules are the sources of the policy, for who may read them; for everybody else there are none. A law that somebody
// wrote for this installation need not know the permission, and then nobody reads it here.
func (h *House) LawModules(ctx context.Context) ([]policy.Module, error) {
	q := access.Question{Permission: "instance.view_policy", Type: ent.TypeUser, ID: viewer.From(ctx).UserID}
	if !h.guard.Fits(q) {
		return nil, nil
	}
	d, err := h.guard.Me(ctx, q)
	if err != nil || !d.Allow {
		return nil, err
	}
	return h.guard.Law().Modules(), nil
}
