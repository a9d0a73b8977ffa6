// Package access stands between the law and what is remembered: it puts one viewer's gate into ctx, asks the policy engine
// before a deed, and turns its answers into the faults that a client sees. It holds no rule: every answer is the policy's.
package access

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"entgo.io/ent/dialect/sql"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/once"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy"
	"github.com/keyhall/keyhall/policy/lock"
)

// Refusal is a deed that was denied, as the audit log keeps it.
type Refusal struct {
	Permission policy.Permission
	ResourceID string
	Reasons    []string
	Revision   string
}

// Refusals keeps what was denied. It may fold repetitions; it must not fail a request.
type Refusals interface {
	Refused(ctx context.Context, r Refusal)
}

// Guard asks the engine for the viewer in ctx.
type Guard struct {
	engine   *policy.Engine
	client   *ent.Client
	classes  *classes
	refusals Refusals
	log      *slog.Logger
}

// New makes a guard over one engine and one database.
func New(e *policy.Engine, c *ent.Client, r Refusals, log *slog.Logger) *Guard {
	return &Guard{engine: e, client: c, classes: newClasses(), refusals: r, log: log}
}

// Enter puts the viewer and their gate into ctx; every query below sees their rows and no others.
func (g *Guard) Enter(ctx context.Context, v viewer.Viewer) context.Context {
	return lock.WithGate(viewer.With(ctx, v), gate{g})
}

// Permit is an allowed deed, before its audit row.
type Permit struct {
	lock.Permit
	Revision string // of the policy that allowed it
	Now      int64  // the database's clock when it was decided
}

// Authorize locks the thing that the deed is about, loads the facts of the rule anew, and decides. Denied is NOT_FOUND for
// who may not see the thing and FORBIDDEN for who may; a denial is kept in the audit log. Whose session or token ended while
// they waited, or whose account was suspended, is UNAUTHENTICATED.
func (g *Guard) Authorize(ctx context.Context, tx *ent.Tx, p policy.Permission, d policy.Deed) (Permit, error) {
	v := viewer.From(ctx)
	if !v.SignedIn() {
		return Permit{}, fault.Unauthenticated()
	}
	s, rev := subjectOf(v), g.engine.Revision()
	permit, decision, err := rev.Permit(ctx, tx, tx.Conn(), s, p, d)
	if errors.Is(err, policy.ErrEnded) {
		return Permit{}, fault.Unauthenticated()
	}
	if err != nil {
		return Permit{}, fault.Internal(err)
	}
	if decision.Allow {
		once.Note(ctx, d.ID, d.New, d.Part)
		return Permit{Permit: permit, Revision: decision.Revision, Now: decision.Now}, nil
	}
	if decision.Disagreement {
		g.log.ErrorContext(ctx, "the two forms of a rule disagree; denied", "permission", p, "resource", d.ID, "revision", decision.Revision)
	}
	return Permit{}, g.refuse(ctx, tx, rev, s, p, d.ID, decision)
}

// OnBehalf decides about a deed that somebody does who has no account, on the right of somebody who has one. What is denied is
// the caller's to tell: nobody is there who could see the thing.
func (g *Guard) OnBehalf(ctx context.Context, tx *ent.Tx, userID string, p policy.Permission, d policy.Deed) (Permit, bool, error) {
	permit, decision, err := g.engine.Revision().Permit(ctx, tx, tx.Conn(), policy.Subject{ID: userID}, p, d)
	if err != nil {
		return Permit{}, false, fault.Internal(err)
	}
	if decision.Disagreement {
		g.log.ErrorContext(ctx, "the two forms of a rule disagree; denied", "permission", p, "resource", d.ID, "revision", decision.Revision)
	}
	return Permit{Permit: permit, Revision: decision.Revision, Now: decision.Now}, decision.Allow, nil
}

// Stands tells whether somebody has a permission now. It authorizes nothing.
func (g *Guard) Stands(ctx context.Context, userID string, p policy.Permission, id string) (bool, error) {
	d, err := g.engine.Revision().Decide(ctx, g.client, policy.Subject{ID: userID}, p, id)
	return d.Allow, err
}

func (g *Guard) refuse(ctx context.Context, tx *ent.Tx, rev *policy.Revision, s policy.Subject, p policy.Permission, id string, d policy.Decision) error {
	typ, err := rev.TypeOf(p)
	if err != nil {
		return fault.Internal(err)
	}
	view, ok := rev.RowPermission(typ)
	if !ok {
		return fault.Internal(errNoRowRule(typ))
	}
	seen, err := rev.Decide(ctx, tx, s, view, id)
	if err != nil {
		return fault.Internal(err)
	}
	if !d.Found && !seen.Found { // what a token leaves out is refused before its row is looked for
		return fault.NotFound()
	}
	g.refusals.Refused(ctx, Refusal{Permission: p, ResourceID: id, Reasons: d.Reasons, Revision: d.Revision})
	if !seen.Allow {
		return fault.NotFound()
	}
	return fault.Forbidden(string(p), d.Reasons...)
}

// Can tells, for a page of things of one type, which of the permissions the viewer has on each. It is what viewerCan and
// gated fields read; it authorizes no deed.
func (g *Guard) Can(ctx context.Context, typ string, ids []string, ps []policy.Permission) (map[string][]policy.Permission, error) {
	v := viewer.From(ctx)
	if !v.SignedIn() {
		return nil, fault.Unauthenticated()
	}
	out, err := g.engine.Revision().Can(ctx, g.client, subjectOf(v), typ, ids, ps)
	if err != nil {
		return nil, fault.Internal(err)
	}
	return out, nil
}

// CanOf is Can for another account; one that is suspended or not there can do nothing.
func (g *Guard) CanOf(ctx context.Context, userID, typ string, ids []string, ps []policy.Permission) (map[string][]policy.Permission, error) {
	rev := g.engine.Revision()
	s, suspended, found, err := rev.Account(ctx, g.client, userID)
	if err != nil || !found || suspended {
		return nil, internal(err)
	}
	out, err := rev.Can(ctx, g.client, s, typ, ids, ps)
	return out, internal(err)
}

func internal(err error) error {
	if err != nil {
		err = fault.Internal(err)
	}
	return err
}

// Holds tells, inside a deed, whether the viewer has another permission too. It authorizes nothing.
func (g *Guard) Holds(ctx context.Context, tx *ent.Tx, p policy.Permission, id string) (bool, error) {
	d, err := g.engine.Revision().Decide(ctx, tx, subjectOf(viewer.From(ctx)), p, id)
	return d.Allow, err
}

// Could tells, inside a deed, whether the viewer's account has another permission, also where their token leaves it out: what
// a deed means goes by who did it, and not by what they did it with. It authorizes nothing.
func (g *Guard) Could(ctx context.Context, tx *ent.Tx, p policy.Permission, id string) (bool, error) {
	d, err := g.engine.Revision().Decide(ctx, tx, policy.Subject{ID: viewer.From(ctx).UserID}, p, id)
	return d.Allow, err
}

// HeldBy tells, inside a deed, whether somebody else has a permission now. It authorizes nothing.
func (g *Guard) HeldBy(ctx context.Context, tx *ent.Tx, userID string, p policy.Permission, id string) (bool, error) {
	d, err := g.engine.Revision().Decide(ctx, tx, policy.Subject{ID: userID}, p, id)
	return d.Allow, err
}

// SeenBy are those of some people, inside a deed, who see a thing. It authorizes nothing.
func (g *Guard) SeenBy(ctx context.Context, tx *ent.Tx, users []string, typ, id string) ([]string, error) {
	rev := g.engine.Revision()
	p, ok := rev.RowPermission(typ)
	if !ok {
		return nil, errNoRowRule(typ)
	}
	return rev.Among(ctx, tx, p, id, users)
}

// LockRow holds a row until the transaction ends; for deeds that touch a second thing beside the one they are about.
func (g *Guard) LockRow(ctx context.Context, tx *ent.Tx, typ, id string) error {
	return g.engine.Revision().LockRow(ctx, tx, typ, id)
}

// Clock is the database's clock: what people are shown goes by the same one as what they may do.
func (g *Guard) Clock(ctx context.Context) (int64, error) {
	return policy.Clock(ctx, g.client)
}

// Now is the database's clock, inside a deed.
func (g *Guard) Now(ctx context.Context, tx *ent.Tx) (int64, error) {
	return policy.Clock(ctx, tx)
}

// Since is when the policy in force was loaded.
func (g *Guard) Since() time.Time { return g.engine.Since() }

// Law is the policy in force.
func (g *Guard) Law() *policy.Revision { return g.engine.Revision() }

func subjectOf(v viewer.Viewer) policy.Subject {
	s := policy.Subject{ID: v.UserID, Email: v.Email, EmailVerified: v.EmailVerified, Administrator: v.Administrator, Session: v.SessionID, Token: v.TokenID}
	if v.Narrow != nil {
		s.Narrow = make([]policy.Permission, len(v.Narrow))
		for i, p := range v.Narrow {
			s.Narrow[i] = policy.Permission(p)
		}
	}
	return s
}

// gate answers the lock for the viewer of the request.
type gate struct{ guard *Guard }

// Rows is the row predicate of a type; any error denies.
func (g gate) Rows(ctx context.Context, typ string) (func(*sql.Selector), error) {
	v := viewer.From(ctx)
	if !v.SignedIn() {
		return nil, fault.Unauthenticated()
	}
	rev, s := g.guard.engine.Revision(), subjectOf(v)
	p, ok := rev.RowPermission(typ)
	if !ok {
		return nil, fault.Internal(errNoRowRule(typ))
	}
	return rev.Filter(s, p, g.guard.shape(ctx, rev, s, p))
}
