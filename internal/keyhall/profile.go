package keyhall

import (
	"context"
	"errors"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/credential"
	"github.com/keyhall/keyhall/ent/session"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/authn"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/mail"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy"
	"github.com/keyhall/keyhall/policy/lock"
)

// UpdateProfile asks for another username or name. A nil field keeps.
type UpdateProfile struct {
	Username *string
	Name     *string
}

// UpdateProfile needs account.manage. What is the same already succeeds and changes nothing. Errors: INVALID, REQUIRED,
// TOO_LONG, TAKEN (of the username).
func (h *House) UpdateProfile(ctx context.Context, in UpdateProfile) (*ent.User, error) {
	if err := in.normalize(); err != nil {
		return nil, err
	}
	me := viewer.From(ctx).UserID
	err := h.do(ctx, func(tx *ent.Tx) error {
		allowed, err := h.guard.Authorize(ctx, tx, "account.manage", policy.Deed{ID: me})
		if err != nil {
			return err
		}
		u, err := tx.User.Query().Only(lock.OwnAccount(ctx, me)) // a token may be allowed to manage the account and not to see it
		if err != nil {
			return err
		}
		update, changes := in.update(tx, u)
		if len(changes) == 0 {
			return nil
		}
		r, err := audit.Record(ctx, tx, allowed, audit.Event{
			Type: "user.profile_updated", ResourceType: ent.TypeUser, ResourceID: me, ResourceName: u.Username, Changes: changes,
		})
		if err != nil {
			return err
		}
		if err := update.Exec(r.Open(ctx)); ent.IsConstraintError(err) {
			return authn.Taken()
		} else {
			return err
		}
	})
	if err != nil {
		return nil, err
	}
	u, err := h.client.User.Get(ctx, me)
	if err != nil && !ent.IsNotFound(err) {
		return nil, translate(err)
	}
	return u, nil
}

func (in *UpdateProfile) normalize() error {
	if in.Username == nil && in.Name == nil {
		return fault.Refuse(fault.Required, "say what to change", "input")
	}
	var problems [2]error
	if in.Username != nil {
		text, err := authn.Username(*in.Username)
		in.Username, problems[0] = &text, err
	}
	if in.Name != nil {
		text, err := authn.Name(*in.Name)
		in.Name, problems[1] = &text, err
	}
	return errors.Join(problems[:]...)
}

func (in UpdateProfile) update(tx *ent.Tx, u *ent.User) (*ent.UserUpdateOne, []audit.Change) {
	update := tx.User.UpdateOneID(u.ID)
	var changes []audit.Change
	if in.Username != nil && *in.Username != u.Username {
		update.SetUsername(*in.Username)
		changes = append(changes, audit.Changed("username", u.Username, *in.Username))
	}
	if in.Name != nil && *in.Name != u.Name {
		update.SetName(*in.Name)
		changes = append(changes, audit.Changed("name", u.Name, *in.Name))
	}
	return update, changes
}

// Passwords compares and hashes. It takes long, so it is asked before a transaction and never inside one.
type Passwords interface {
	Replace(ctx context.Context, current, next keyring.Secret) (authn.Replacement, error)
	Hash(ctx context.Context, phrase keyring.Secret) (string, error)
	Matches(ctx context.Context, phrase keyring.Secret, hash string) (bool, error)
}

// ChangePassword needs account.manage and the password that is replaced. It ends every other session of the account and
// every link for a new password. Errors: BAD_CREDENTIALS, INVALID, TOO_LONG, RATE_LIMITED, CONFLICT.
func (h *House) ChangePassword(ctx context.Context, current, next keyring.Secret) error {
	v := viewer.From(ctx)
	deed := policy.Deed{ID: v.UserID}
	err := h.do(ctx, func(tx *ent.Tx) error { // who may not is not told whether the password is right
		_, err := h.guard.Authorize(ctx, tx, "account.manage", deed)
		return err
	})
	if err != nil {
		return err
	}
	replacement, err := h.passwords.Replace(ctx, current, next)
	if err != nil {
		return err
	}
	return h.do(ctx, func(tx *ent.Tx) error {
		var now int64
		r, err := h.permit(ctx, tx, "account.manage", deed, func(allowed access.Permit) (audit.Event, error) {
			now = allowed.Now
			return audit.Event{Type: "user.password_changed", ResourceType: ent.TypeUser, ResourceID: v.UserID, ResourceName: v.Username}, nil
		})
		if err != nil {
			return err
		}
		ctx := r.Open(ctx)
		n, err := tx.Credential.Update().Where(credential.PasswordHash(replacement.Old)).
			SetPasswordHash(replacement.New).SetChangedAt(now).SetResetUntil(0).Save(ctx)
		if err != nil {
			return err
		}
		if n != 1 {
			return fault.Conflict("another request changed the password first; sign in again")
		}
		h.tellViewer(ctx, tx)
		if _, err = tx.Session.Delete().Where(session.IDNEQ(v.SessionID)).Exec(ctx); err != nil {
			return err
		}
		return h.mail.Queue(ctx, tx, mail.Letter{Kind: mail.PasswordChanged, To: v.Email, UserID: v.UserID, Name: v.Username})
	})
}
