package authn

import (
	"context"
	"fmt"

	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy/lock"
)

// Replacement is a new password beside the one that it replaces, both as they are stored.
type Replacement struct{ Old, New string }

// Replace compares the viewer's own password and hashes the next one; it writes nothing, and runs before the transaction that
// does. Errors: BAD_CREDENTIALS, INVALID, TOO_LONG, RATE_LIMITED.
func (a *Accounts) Replace(ctx context.Context, current, next keyring.Secret) (Replacement, error) {
	v := viewer.From(ctx)
	if err := good(next.Expose(), "newPassword"); err != nil {
		return Replacement{}, err
	}
	if err := a.throttle(ctx, "change\x00"+v.UserID, v.IP); err != nil {
		return Replacement{}, err
	}
	c, err := a.client.Credential.Query().Only(lock.OwnAccount(ctx, v.UserID))
	if err != nil {
		return Replacement{}, fmt.Errorf("find a password: %w", err)
	}
	wrong := fault.Refuse(fault.BadCredentials, "this is not your password", "input", "currentPassword")
	if len(current.Expose()) > maximumLen {
		return Replacement{}, wrong
	}
	ok, _, err := a.passwords.matches(ctx, current.Expose(), c.PasswordHash)
	if err != nil {
		return Replacement{}, fault.Timeout(err)
	}
	if !ok {
		return Replacement{}, wrong
	}
	hash, err := a.passwords.hash(ctx, next.Expose())
	if err != nil {
		return Replacement{}, fault.Timeout(err)
	}
	return Replacement{c.PasswordHash, hash}, nil
}
