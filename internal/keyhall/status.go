package keyhall

import (
	"context"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy"
)

// SetUserStatus asks to suspend somebody or to let them back, or to vouch for their address. A nil field keeps.
type SetUserStatus struct {
	UserID        string
	Suspended     *bool
	EmailVerified *bool
}

// SetUserStatus needs instance.manage_users. Suspending ends every session of the account and every link that was mailed to
// it, and with it every right: its access tokens are refused and the keys that it owns stop, until it is let back.
// Errors: NOT_FOUND, FORBIDDEN, and INVALID for the viewer's own account.
func (h *House) SetUserStatus(ctx context.Context, in SetUserStatus) (*ent.User, error) {
	if in.Suspended == nil && in.EmailVerified == nil {
		return nil, fault.Refuse(fault.Required, "say what to change", "input")
	}
	var out *ent.User
	err := h.do(ctx, func(tx *ent.Tx) error {
		allowed, err := h.guard.Authorize(ctx, tx, "instance.manage_users", policy.Deed{ID: in.UserID})
		if err != nil {
			return err
		}
		if in.UserID == viewer.From(ctx).UserID && in.Suspended != nil && *in.Suspended {
			return fault.Refuse(fault.Invalid, "you cannot suspend yourself", "input", "userId")
		}
		r, err := audit.Record(ctx, tx, allowed, audit.Event{
			Type: "user.status_set", ResourceType: ent.TypeUser, ResourceID: in.UserID, Changes: in.changes(),
		})
		if err != nil {
			return err
		}
		h.tellAccount(tx, in.UserID)
		ctx := r.Open(ctx)
		u := tx.User.UpdateOneID(in.UserID)
		if in.EmailVerified != nil {
			u.SetEmailVerified(*in.EmailVerified)
		}
		if in.Suspended != nil && !*in.Suspended {
			u.SetSuspendedAt(0)
		}
		if in.Suspended != nil && *in.Suspended {
			u.SetSuspendedAt(allowed.Now)
			if _, err := tx.Session.Delete().Exec(ctx); err != nil {
				return err
			}
		}
		if in.ends() {
			if err := tx.Credential.Update().SetVerifyUntil(0).SetResetUntil(0).SetLinksSince(allowed.Now).Exec(ctx); err != nil {
				return err
			}
		}
		if out, err = u.Save(ctx); err != nil {
			return err
		}
		out = out.Unwrap()
		return nil
	})
	return out, err
}

// ends tells whether the links that were mailed before must not work any more: they set no password and prove no address. An
// invitation among them can still be accepted, with an address that is verified in another way.
func (in SetUserStatus) ends() bool {
	return in.Suspended != nil && *in.Suspended || in.EmailVerified != nil && !*in.EmailVerified
}

func (in SetUserStatus) changes() []audit.Change {
	var out []audit.Change
	for _, c := range []struct {
		field string
		value *bool
	}{{"suspended", in.Suspended}, {"email_verified", in.EmailVerified}} {
		if c.value != nil {
			text := "no"
			if *c.value {
				text = "yes"
			}
			out = append(out, audit.Change{Field: c.field, After: &text})
		}
	}
	return out
}
