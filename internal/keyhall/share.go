package keyhall

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/secret"
	"github.com/keyhall/keyhall/ent/secretgrant"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/news"
	"github.com/keyhall/keyhall/internal/once"
	"github.com/keyhall/keyhall/policy"
)

// How many secrets and how many people and groups one submission may name.
const (
	maxShared   = 50
	maxGrantees = 50
)

// ShareSecrets gives people and groups a level on several secrets at once.
type ShareSecrets struct {
	SecretIDs []string
	Grants    []NewGrant
}

// NewGrant is who gets what, and until when.
type NewGrant struct {
	Grantee          GranteeRef
	CanView, CanEdit bool
	ExpiresAt        *time.Time
}

func (g NewGrant) level() secretgrant.Level {
	if g.CanEdit { // and so they can view
		return secretgrant.LevelEDIT
	}
	return secretgrant.LevelVIEW
}

// ShareSecrets needs secret.share on every secret; it is all or nothing. Who has a grant already gets this one instead.
// Errors: NOT_FOUND, FORBIDDEN, RATE_LIMITED, and REQUIRED, TOO_LONG, GRANT_EMPTY, EXPIRY_IN_PAST, GRANTEE_INVALID,
// GROUP_DISABLED, each at the path of the grant.
func (h *House) ShareSecrets(ctx context.Context, in ShareSecrets) ([]*ent.Secret, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	ids := sortedUnique(in.SecretIDs)
	err := h.do(ctx, func(tx *ent.Tx) error {
		if err := h.holdGroups(ctx, tx, in.Grants); err != nil {
			return err
		}
		permits := make([]access.Permit, len(ids))
		for i, id := range ids { // in one order for everybody, so that two submissions cannot wait for each other
			var err error
			if permits[i], err = h.guard.Authorize(ctx, tx, "secret.share", policy.Deed{ID: id}); err != nil {
				return err
			}
		}
		secrets, err := tx.Secret.Query().Where(secret.IDIn(ids...)).Order(ent.Asc(secret.FieldID)).All(ctx)
		if err != nil {
			return err
		}
		if len(secrets) != len(ids) { // the viewer's token may share them and does not show them
			return fault.NotFound()
		}
		to, err := h.granteesOf(ctx, tx, in.Grants, secrets, permits[0].Now)
		if err != nil {
			return err
		}
		once.Outcomes(ctx, ids)
		told := make([][]string, len(to))
		for i := range to {
			if told[i], err = granteeAudience(ctx, tx, to[i]); err != nil {
				return err
			}
		}
		for i, s := range secrets {
			if err := h.share(ctx, tx, permits[i], s, in.Grants, to, told); err != nil {
				return err
			}
		}
		return nil
	})
	return h.secrets(ctx, in.SecretIDs, err)
}

func (in ShareSecrets) check() error {
	var p problems
	switch {
	case len(in.SecretIDs) == 0:
		p.add(fault.Required, "name at least one secret", "secretIds")
	case len(in.SecretIDs) > maxShared:
		p.add(fault.TooLong, fmt.Sprintf("at most %d secrets at a time", maxShared), "secretIds")
	}
	switch {
	case len(in.Grants) == 0:
		p.add(fault.Required, "name at least one person or group", "grants")
	case len(in.Grants) > maxGrantees:
		p.add(fault.TooLong, fmt.Sprintf("at most %d people and groups at a time", maxGrantees), "grants")
		return p.err()
	}
	for i, g := range in.Grants {
		if !g.CanView && !g.CanEdit {
			p.add(fault.GrantEmpty, "this would allow nothing: let them view, or edit", fmt.Sprintf("grants.%d", i))
		}
	}
	return p.err()
}

// holdGroups holds the groups of a submission before its secrets, in one order for everybody: one that is being deleted is
// gone then, or stays until all is written.
func (h *House) holdGroups(ctx context.Context, tx *ent.Tx, grants []NewGrant) error {
	var ids []string
	for _, g := range grants {
		if g.Grantee.GroupID != nil {
			ids = append(ids, *g.Grantee.GroupID)
		}
	}
	for _, id := range sortedUnique(ids) {
		if err := h.guard.LockRow(ctx, tx, ent.TypeGroup, id); err != nil {
			return err
		}
	}
	return nil
}

// share writes the grants of one secret, and tells whom each concerns.
func (h *House) share(ctx context.Context, tx *ent.Tx, allowed access.Permit, s *ent.Secret, grants []NewGrant, to []grantee, told [][]string) error {
	for i, g := range grants {
		old, err := tx.SecretGrant.Query().Where(secretgrant.SecretID(s.ID), to[i].has()).Only(ctx)
		if err != nil && !ent.IsNotFound(err) {
			return err
		}
		until := Expiry{g.ExpiresAt}.micros()
		if old != nil && old.Level == g.level() && old.ExpiresAt == until {
			continue
		}
		r, err := audit.Record(ctx, tx, allowed, grantEvent(s, old, to[i].id(), g))
		if err != nil {
			return err
		}
		if err := h.writeGrant(r.Open(ctx), tx, s, old, to[i], g, allowed.Now); err != nil {
			return err
		}
		how := news.Changed | news.Gained
		if old != nil && unexpired(old.ExpiresAt, allowed.Now) {
			how = news.Changed
		}
		h.tellOf(tx, how, ent.TypeSecret, s.ID, told[i]...)
	}
	return nil
}

func (h *House) writeGrant(ctx context.Context, tx *ent.Tx, s *ent.Secret, old *ent.SecretGrant, to grantee, g NewGrant, now int64) error {
	until, me := Expiry{g.ExpiresAt}.micros(), viewerID(ctx)
	if old != nil {
		return tx.SecretGrant.UpdateOneID(old.ID).SetLevel(g.level()).SetExpiresAt(until).SetGrantedByID(me).SetGrantedAt(now).Exec(ctx)
	}
	return tx.SecretGrant.Create().SetSecretID(s.ID).SetNillableUserID(set(to.userID)).SetNillableGroupID(set(to.groupID)).
		SetLevel(g.level()).SetExpiresAt(until).SetGrantedByID(me).SetGrantedAt(now).Exec(ctx)
}

func grantEvent(s *ent.Secret, old *ent.SecretGrant, to string, g NewGrant) audit.Event {
	level, until := string(g.level()), moment(Expiry{g.ExpiresAt}.micros())
	changes := []audit.Change{{Field: "grantee", After: &to}, {Field: "level", After: &level}, {Field: "expires_at", After: &until}}
	if old == nil {
		return secretEvent("share.granted", s, changes...)
	}
	changes[1], changes[2] = audit.Changed("level", string(old.Level), level), audit.Changed("expires_at", moment(old.ExpiresAt), until)
	return secretEvent("share.updated", s, changes...)
}

// UnshareSecret needs secret.unshare: it holds from the very next request on. Other grants, and other ways of the same
// people, stay. Errors: NOT_FOUND, FORBIDDEN, and REQUIRED, TOO_LONG.
func (h *House) UnshareSecret(ctx context.Context, id string, grantIDs []string) (*ent.Secret, error) {
	var p problems
	switch {
	case len(grantIDs) == 0:
		p.add(fault.Required, "name at least one grant", "grantIds")
	case len(grantIDs) > maxGrantees:
		p.add(fault.TooLong, fmt.Sprintf("at most %d grants at a time", maxGrantees), "grantIds")
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	ids := sortedUnique(grantIDs)
	err := h.do(ctx, func(tx *ent.Tx) error {
		allowed, err := h.guard.Authorize(ctx, tx, "secret.unshare", policy.Deed{ID: id})
		if err != nil {
			return err
		}
		s, err := tx.Secret.Get(ctx, id)
		if err != nil {
			return err
		}
		grants, err := tx.SecretGrant.Query().Where(secretgrant.SecretID(id), secretgrant.IDIn(ids...)).All(ctx)
		if err != nil {
			return err
		}
		if len(grants) != len(ids) { // of another secret, or gone
			return fault.NotFound()
		}
		for _, g := range grants {
			if err := h.unshare(ctx, tx, allowed, s, g); err != nil {
				return err
			}
		}
		return nil
	})
	return h.secret(ctx, id, err)
}

func (h *House) unshare(ctx context.Context, tx *ent.Tx, allowed access.Permit, s *ent.Secret, g *ent.SecretGrant) error {
	who := cmp.Or(deref(g.UserID), deref(g.GroupID))
	r, err := audit.Record(ctx, tx, allowed, secretEvent("share.revoked", s,
		audit.Change{Field: "grantee", Before: &who}, audit.Change{Field: "level", Before: (*string)(&g.Level)}))
	if err != nil {
		return err
	}
	if err := h.tellGrantee(ctx, tx, news.Lost|news.Changed, s.ID, grantee{deref(g.UserID), deref(g.GroupID)}); err != nil {
		return err
	}
	return tx.SecretGrant.DeleteOneID(g.ID).Exec(r.Open(ctx))
}

// secrets reads several as the viewer sees them after a deed, in the order that they were named in.
func (h *House) secrets(ctx context.Context, ids []string, err error) ([]*ent.Secret, error) {
	if err != nil {
		return nil, err
	}
	rows, err := h.client.Secret.Query().Where(secret.IDIn(ids...)).All(ctx)
	if err != nil {
		return nil, translate(err)
	}
	slices.SortFunc(rows, func(a, b *ent.Secret) int { return slices.Index(ids, a.ID) - slices.Index(ids, b.ID) })
	return rows, nil
}

func unexpired(at, now int64) bool { return at == 0 || at > now }

func sortedUnique(ids []string) []string {
	out := slices.Clone(ids)
	slices.Sort(out)
	return slices.Compact(out)
}
