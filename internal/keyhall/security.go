package keyhall

import (
	"context"
	"slices"
	"strings"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/jwtkey"
	"github.com/keyhall/keyhall/ent/securitysettings"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy"
)

// UpdateSecuritySettings changes what requests with a key must look like. A nil field keeps what is there.
type UpdateSecuritySettings struct {
	APIKeyID                  string
	RequireSecret             *bool
	SecretOverridesAllowlists *bool
	Origins                   *[]string
	UserAgents                *[]string
	Methods                   *[]string
	Addresses                 *[]string
	RequireJWT                *bool
	JWTKeys                   *[]*NewJWTKey // in the place of those there are
}

// UpdateSecuritySettings needs api_key.edit_security. What is not named keeps its value under the lock of the key, so two who
// change different settings at once both get their way. Errors: NOT_FOUND, FORBIDDEN, and INVALID, REQUIRED, TOO_LONG,
// ALLOWLIST_FULL.
func (h *House) UpdateSecuritySettings(ctx context.Context, in UpdateSecuritySettings) (*ent.APIKey, error) {
	keys, err := in.normalize()
	if err != nil {
		return nil, err
	}
	err = h.do(ctx, func(tx *ent.Tx) error {
		allowed, err := h.guard.Authorize(ctx, tx, "api_key.edit_security", policy.Deed{ID: in.APIKeyID})
		if err != nil {
			return err
		}
		key, now, err := securityOf(ctx, tx, in.APIKeyID)
		if err != nil {
			return err
		}
		update := tx.SecuritySettings.UpdateOneID(now.settings.ID)
		changes := in.apply(update, now.settings)
		written := len(changes) > 0
		signers := now.replace(keys)
		changes = append(changes, signers.changes()...)
		if err := in.consistent(now.settings, signers.after); err != nil || len(changes) == 0 {
			return err
		}
		r, err := audit.Record(ctx, tx, allowed, keyEvent("security_settings.updated", key, changes...))
		if err != nil {
			return err
		}
		ctx := r.Open(ctx)
		if written {
			if err := update.Exec(ctx); err != nil {
				return err
			}
		}
		return signers.write(ctx, tx, in.APIKeyID)
	})
	return h.key(ctx, in.APIKeyID, err)
}

// security is all that is set about a key.
type security struct {
	settings *ent.SecuritySettings
	keys     []*ent.JWTKey
}

// sighted refuses a token that leaves out seeing what a deed looks at: it would take what it does not see for what is not
// there.
func sighted(ctx context.Context, rows ...string) error {
	for _, row := range rows {
		if viewer.From(ctx).Narrowed(row) {
			return fault.Forbidden(row)
		}
	}
	return nil
}

// securityOf reads a key and its settings under its lock.
func securityOf(ctx context.Context, tx *ent.Tx, id string) (*ent.APIKey, security, error) {
	var now security
	if err := sighted(ctx, "security_settings.view", "jwt_key.view"); err != nil {
		return nil, now, err
	}
	key, err := tx.APIKey.Get(ctx, id)
	if err != nil {
		return nil, now, err
	}
	if now.settings, err = tx.SecuritySettings.Query().Where(securitysettings.APIKeyID(id)).Only(ctx); err != nil {
		return nil, now, err
	}
	now.keys, err = tx.JWTKey.Query().Where(jwtkey.APIKeyID(id)).Order(ent.Asc(jwtkey.FieldPosition)).All(ctx)
	return key, now, err
}

// apply changes the settings in the hand, prepares to write just that, and lists it.
func (in UpdateSecuritySettings) apply(u *ent.SecuritySettingsUpdateOne, now *ent.SecuritySettings) []audit.Change {
	var out []audit.Change
	flag := func(field string, is, to *bool, set func(bool) *ent.SecuritySettingsUpdateOne) {
		if to != nil && *to != *is {
			out = append(out, audit.Changed(field, yesNo(*is), yesNo(*to)))
			*is = *to
			set(*to)
		}
	}
	list := func(field string, is, to *[]string, set func([]string) *ent.SecuritySettingsUpdateOne) {
		if to != nil && !slices.Equal(*to, *is) {
			out = append(out, audit.Changed(field, strings.Join(*is, ", "), strings.Join(*to, ", ")))
			*is = *to
			set(*to)
		}
	}
	flag("require_secret", &now.RequireSecret, in.RequireSecret, u.SetRequireSecret)
	flag("secret_overrides_allowlists", &now.SecretOverridesAllowlists, in.SecretOverridesAllowlists, u.SetSecretOverridesAllowlists)
	list("origins", &now.Origins, in.Origins, u.SetOrigins)
	list("user_agents", &now.UserAgents, in.UserAgents, u.SetUserAgents)
	list("methods", &now.Methods, in.Methods, u.SetMethods)
	list("addresses", &now.Addresses, in.Addresses, u.SetAddresses)
	flag("require_jwt", &now.RequireJwt, in.RequireJWT, u.SetRequireJwt)
	return out
}

// consistent refuses settings under which no request could ever pass.
func (in UpdateSecuritySettings) consistent(after *ent.SecuritySettings, keys []signer) error {
	if !after.RequireJwt || len(keys) > 0 {
		return nil
	}
	if in.RequireJWT != nil {
		return fault.Refuse(fault.Invalid, "add a public key first: without one no token could be checked", "input", "requireJWT")
	}
	return fault.Refuse(fault.Invalid, "tokens are required: keep a public key, or stop requiring them", "input", "jwtKeys")
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
