package policy

import (
	"context"

	"github.com/keyhall/keyhall/policy/internal/core"
)

// Permit locks the row, sees that the subject still stands (ErrEnded), decides on facts that are read after that, and after an
// allow mints the permit for one deed in the transaction that conn stands for. It is the only place that makes permits. A
// permission that names no deed can be asked, and no permit comes of it.
func (r *Revision) Permit(ctx context.Context, q core.Asker, conn any, s Subject, p Permission, deed Deed) (core.Permit, Decision, error) {
	typ, err := r.TypeOf(p)
	if err != nil {
		return core.Permit{}, Decision{}, err
	}
	if err := r.LockRow(ctx, q, typ, deed.ID); err != nil { // before the subject's row, which may be the same one: never the weaker lock first
		return core.Permit{}, Decision{}, err
	}
	standing, err := r.standing(ctx, q, s)
	if err != nil {
		return core.Permit{}, Decision{}, err
	}
	if !standing {
		return core.Permit{}, Decision{}, ErrEnded
	}
	d, err := r.Decide(ctx, q, s, p, deed.ID)
	if err != nil || !d.Allow {
		return core.Permit{}, d, err
	}
	scope, ok := scopeOf(p, s.ID, deed)
	if !ok {
		d.Allow = false
		d.Reasons = append(d.Reasons, "nothing can be done with "+string(p))
		return core.Permit{}, d, nil
	}
	return core.NewPermit(string(p), conn, scope.writes, scope.reads), d, nil
}
