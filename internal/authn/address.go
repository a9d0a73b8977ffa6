package authn

import (
	"context"
	"fmt"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy/lock"
)

// AddressProven writes, in the transaction of the deed that it serves, that the viewer followed a link mailed to the
// address of their account. The caller has compared the link and the address. What comes back is the viewer, verified.
func AddressProven(ctx context.Context, tx *ent.Tx) (viewer.Viewer, error) {
	v := viewer.From(ctx)
	duty := lock.AddressProven(ctx, v.UserID, v.Email)
	u, err := tx.User.Query().Only(duty)
	if err != nil {
		return v, fmt.Errorf("read the account of a proven address: %w", err)
	}
	v.EmailVerified = true
	if u.EmailVerified {
		return v, nil
	}
	if err := tx.User.UpdateOneID(u.ID).SetEmailVerified(true).Exec(duty); err != nil {
		return v, fmt.Errorf("verify an address: %w", err)
	}
	return v, audit.Duty(duty, tx, v, u.PersonalOrganizationID, audit.Event{
		Type: "user.email_verified", ResourceType: ent.TypeUser, ResourceID: u.ID, ResourceName: u.Username,
	})
}
