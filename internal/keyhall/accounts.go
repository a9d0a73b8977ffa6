package keyhall

import (
	"context"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/accesstoken"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/token"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy"
	"github.com/keyhall/keyhall/policy/lock"
)

// CreateAccessToken asks for a token that acts as the viewer.
type CreateAccessToken struct {
	Name        string
	ExpiresAt   *time.Time
	Permissions []string // nil: all that the viewer may
}

// IssuedToken is a new access token with its plaintext, shown this once.
type IssuedToken struct {
	Token     *ent.AccessToken
	Plaintext keyring.Secret
}

// CreateAccessToken needs account.manage. A token makes none that lasts longer than itself. Errors:
// FORBIDDEN, and INVALID, REQUIRED, TOO_LONG, EXPIRY_IN_PAST, EXPIRY_TOO_LONG.
func (h *House) CreateAccessToken(ctx context.Context, in CreateAccessToken) (IssuedToken, error) {
	if err := h.checkToken(ctx, in); err != nil {
		return IssuedToken{}, err
	}
	id, plain, me := accesstoken.DefaultID(), token.New(token.AccessToken), viewer.From(ctx).UserID
	err := h.do(ctx, func(tx *ent.Tx) error {
		r, err := h.permit(ctx, tx, "account.manage", policy.Deed{ID: me, New: id}, func(allowed access.Permit) (audit.Event, error) {
			if in.ExpiresAt != nil && in.ExpiresAt.UnixMicro() <= allowed.Now {
				return audit.Event{}, expiryInPast()
			}
			if err := notBeyondOwn(ctx, tx, in.ExpiresAt); err != nil {
				return audit.Event{}, err
			}
			return audit.Event{Type: "access_token.created", ResourceType: ent.TypeAccessToken, ResourceID: id, ResourceName: in.Name}, nil
		})
		if err != nil {
			return err
		}
		hash, pepper := plain.Hash(h.keys)
		create := tx.AccessToken.Create().SetID(id).SetUserID(me).SetName(in.Name).SetStart(plain.Start()).
			SetLookup(plain.ID()).SetHash(hash).SetPepperID(pepper)
		if in.ExpiresAt != nil {
			create.SetExpiresAt(in.ExpiresAt.UnixMicro())
		}
		if in.Permissions != nil {
			create.SetPermissions(in.Permissions)
		}
		return create.Exec(r.Open(ctx))
	})
	if err != nil {
		return IssuedToken{}, err
	}
	row, err := h.client.AccessToken.Get(ctx, id)
	if err != nil && !ent.IsNotFound(err) { // a token may be allowed to make tokens and not to see them
		return IssuedToken{}, translate(err)
	}
	return IssuedToken{row, keyring.NewSecret(plain.Expose())}, nil
}

// checkToken refuses names that the law does not know, and permissions that the asking token itself leaves out.
func (h *House) checkToken(ctx context.Context, in CreateAccessToken) error {
	var p problems
	p.text("name", in.Name, maxName, true, false)
	known := map[string]bool{}
	for _, info := range h.Law().Permissions() {
		known[string(info.Name)] = true
	}
	v := viewer.From(ctx)
	for _, name := range in.Permissions {
		if !known[name] {
			p.add(fault.Invalid, "there is no such permission; docs/policy.md lists them", "permissions")
			break
		}
		if v.Narrowed(name) {
			p.add(fault.Invalid, "a token cannot give more than the token that asks for it has", "permissions")
			break
		}
	}
	if in.Permissions == nil && v.Narrow != nil {
		p.add(fault.Invalid, "name the permissions: a token cannot give more than the token that asks for it has", "permissions")
	}
	return p.err()
}

// notBeyondOwn refuses a token that would last longer than the access token that asks for it.
func notBeyondOwn(ctx context.Context, tx *ent.Tx, at *time.Time) error {
	id := viewer.From(ctx).TokenID
	if id == "" {
		return nil
	}
	own, err := tx.AccessToken.Query().Only(lock.CredentialStanding(ctx, id))
	if err != nil {
		return err
	}
	if own.ExpiresAt != 0 && (at == nil || at.UnixMicro() > own.ExpiresAt) {
		return fault.Refuse(fault.ExpiryTooLong, "a token cannot last longer than the token that asks for it", "input", "expiresAt")
	}
	return nil
}

// RevokeAccessToken needs access_token.revoke: the token is worth nothing from the next request on.
func (h *House) RevokeAccessToken(ctx context.Context, id string) error {
	return h.do(ctx, func(tx *ent.Tx) error {
		if err := h.holdAccount(ctx, tx); err != nil {
			return err
		}
		r, err := h.permit(ctx, tx, "access_token.revoke", policy.Deed{ID: id}, func(access.Permit) (audit.Event, error) {
			t, err := tx.AccessToken.Get(ctx, id)
			if err != nil {
				return audit.Event{}, err
			}
			return audit.Event{Type: "access_token.revoked", ResourceType: ent.TypeAccessToken, ResourceID: id, ResourceName: t.Name}, nil
		})
		if err != nil {
			return err
		}
		h.tellViewer(ctx, tx)
		return tx.AccessToken.DeleteOneID(id).Exec(r.Open(ctx))
	})
}

// RevokeSession needs session.revoke: whoever holds its cookie is signed out at the next request.
func (h *House) RevokeSession(ctx context.Context, id string) error {
	return h.do(ctx, func(tx *ent.Tx) error {
		if err := h.holdAccount(ctx, tx); err != nil {
			return err
		}
		r, err := h.permit(ctx, tx, "session.revoke", policy.Deed{ID: id}, func(access.Permit) (audit.Event, error) {
			return audit.Event{Type: "session.revoked", ResourceType: ent.TypeSession, ResourceID: id}, nil
		})
		if err != nil {
			return err
		}
		h.tellViewer(ctx, tx)
		return tx.Session.DeleteOneID(id).Exec(r.Open(ctx))
	})
}

// holdAccount takes the viewer's own account before one of its credentials: every deed looks at both in that order.
func (h *House) holdAccount(ctx context.Context, tx *ent.Tx) error {
	return h.guard.LockRow(ctx, tx, ent.TypeUser, viewer.From(ctx).UserID)
}
