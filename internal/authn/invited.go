package authn

import (
	"context"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/user"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy/lock"
)

// Offer is an invitation by its link: it refuses a newcomer who could not accept it, and holds it until the transaction ends.
type Offer func(ctx context.Context, tx *ent.Tx, newcomer viewer.Viewer) (Offered, error)

// Offered is an invitation that somebody who has no account could accept.
type Offered struct {
	InvitationID string
	Proven       bool // whoever has the link had it by mail
}

// SignUpInvited makes an account for who holds the link of an invitation, with the address that was invited and no other, also
// while sign-up is closed. A mailed link verifies that address. The invitation stays open: it is accepted by who signs in. A known
// address answers as SignUp does. Errors as SignUp, and those of the offer.
func (a *Accounts) SignUpInvited(ctx context.Context, in NewAccount, offer Offer) error {
	if err := a.throttle(ctx, "sign-up", viewer.From(ctx).IP); err != nil {
		return err
	}
	in, err := in.normal()
	if err != nil {
		return err
	}
	holds := func(ctx context.Context, tx *ent.Tx, ids lock.Account) (grounds, error) {
		o, err := offer(ctx, tx, viewer.Viewer{Kind: viewer.User, UserID: ids.UserID, Username: in.Username, Email: in.Email, EmailVerified: true})
		return grounds{proven: o.Proven, invitation: o.InvitationID}, err
	}
	err = a.inTx(ctx, func(tx *ent.Tx) error { // before the hashing, which is dear
		_, err := holds(ctx, tx, lock.Account{UserID: user.DefaultID()})
		return err
	})
	if err != nil {
		return err
	}
	_, err = a.create(ctx, in, holds)
	return a.alike(ctx, err)
}
