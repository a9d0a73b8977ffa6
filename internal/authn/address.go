package authn

import (
	"context"
	"fmt"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy/lock"
)

// Proves tells, inside a deed, whether a link that was mailed to the viewer's address at a moment still proves that address:
// not one from before an administrator ended what was mailed to the account.
func Proves(ctx context.Context, tx *ent.Tx, mailed int64) (bool, error) {
	v := viewer.From(ctx)
	c, err := tx.Credential.Query().Only(lock.AddressProven(ctx, v.UserID, v.Email))
	if err != nil {
		return false, fmt.Errorf("look what a link proves: %w", err)
	}
	return mailed > c.LinksSince, nil
}

// AddressProven writes, in the transaction of the deed that it serves, that the viewer followed a link mailed to the
// address of their account at a moment. The caller has compared the link and the address. What comes back is the viewer as
// they are then: verified, if the link still proves anything.
func AddressProven(ctx context.Context, tx *ent.Tx, mailed int64) (viewer.Viewer, error) {
	v := viewer.From(ctx)
	duty := lock.AddressProven(ctx, v.UserID, v.Email)
	u, err := tx.User.Query().ForDeed().Only(duty) // held, so that nobody takes the proof back meanwhile
	if err != nil {
		return v, fmt.Errorf("read the account of a proven address: %w", err)
	}
	if v.EmailVerified = u.EmailVerified; v.EmailVerified {
		return v, nil
	}
	if proves, err := Proves(ctx, tx, mailed); err != nil || !proves {
		return v, err
	}
	v.EmailVerified = true
	if err := tx.User.UpdateOneID(u.ID).SetEmailVerified(true).Exec(duty); err != nil {
		return v, fmt.Errorf("verify an address: %w", err)
	}
	return v, audit.Duty(duty, tx, v, u.PersonalOrganizationID, audit.Event{
		Type: "user.email_verified", ResourceType: ent.TypeUser, ResourceID: u.ID, ResourceName: u.Username,
	})
}
