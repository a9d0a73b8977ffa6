package authn

import (
	"context"
	"fmt"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/mail"
	"github.com/keyhall/keyhall/internal/news"
	"github.com/keyhall/keyhall/internal/token"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy"
	"github.com/keyhall/keyhall/policy/lock"
)

func deadLink() error {
	return fault.Refuse(fault.BadCredentials, "this link is not valid any more; ask for a new one", "input", "token")
}

// VerifyEmail verifies the address that a link was mailed to, once. What comes back is the viewer, when the account is
// theirs. Errors: BAD_CREDENTIALS for any other token, RATE_LIMITED.
func (a *Accounts) VerifyEmail(ctx context.Context, link string) (viewer.Viewer, error) {
	if err := a.allowFrom(ctx, viewer.From(ctx).IP); err != nil {
		return viewer.Viewer{}, err
	}
	m, err := token.ParseMailed(link)
	if err != nil || m.Link() != token.AddressLink {
		return viewer.Viewer{}, deadLink()
	}
	duty := lock.FollowAddressLink(ctx, m.ID())
	err = a.inTx(ctx, func(tx *ent.Tx) error {
		u, c, err := followed(duty, tx.User.Query().ForDeed(), tx.Credential.Query())
		if err != nil {
			return err
		}
		if !m.Matches(a.keys, c.VerifyGeneration) {
			return deadLink()
		}
		err = audit.Duty(duty, tx, holder(ctx, u), u.PersonalOrganizationID, audit.Event{
			Type: "user.email_verified", ResourceType: ent.TypeUser, ResourceID: u.ID, ResourceName: u.Username,
		})
		if err != nil {
			return err
		}
		if err := tx.Credential.Update().SetVerifyGeneration(c.VerifyGeneration + 1).SetVerifyUntil(0).Exec(duty); err != nil {
			return fmt.Errorf("use a link up: %w", err)
		}
		return tx.User.Update().SetEmailVerified(true).Exec(duty)
	})
	v := viewer.From(ctx)
	if err != nil || v.UserID != m.ID() {
		return viewer.Viewer{}, err
	}
	v.EmailVerified = true
	return v, nil
}

// ResetPassword sets a new password for who holds a link for one, once, and ends every session of the account. The link
// proves the address too; where it was not proven before, access tokens end as well, because whoever made them may be
// somebody else. Errors: BAD_CREDENTIALS for any other token, INVALID, TOO_LONG, RATE_LIMITED.
func (a *Accounts) ResetPassword(ctx context.Context, link string, next keyring.Secret) error {
	if err := a.allowFrom(ctx, viewer.From(ctx).IP); err != nil {
		return err
	}
	if err := good(next.Expose(), "newPassword"); err != nil {
		return err
	}
	m, err := token.ParseMailed(link)
	if err != nil || m.Link() != token.ResetLink {
		return deadLink()
	}
	duty := lock.FollowResetLink(ctx, m.ID())
	if _, c, err := followed(duty, a.client.User.Query(), a.client.Credential.Query()); err != nil {
		return err
	} else if !m.Matches(a.keys, c.ResetGeneration) { // before the hashing, which is dear
		return deadLink()
	}
	hash, err := a.passwords.hash(ctx, next.Expose())
	if err != nil {
		return fault.Timeout(err)
	}
	defer a.news.Publish(news.Note{To: []string{m.ID()}}) // also when nobody can say whether it was committed
	return a.inTx(ctx, func(tx *ent.Tx) error {
		u, c, err := followed(duty, tx.User.Query().ForDeed(), tx.Credential.Query())
		if err != nil {
			return err
		}
		if !m.Matches(a.keys, c.ResetGeneration) {
			return deadLink()
		}
		return a.reset(duty, tx, u, c, hash)
	})
}

func (a *Accounts) reset(duty context.Context, tx *ent.Tx, u *ent.User, c *ent.Credential, hash string) error {
	now, err := policy.Clock(duty, tx)
	if err != nil {
		return err
	}
	event := audit.Event{Type: "user.password_reset", ResourceType: ent.TypeUser, ResourceID: u.ID, ResourceName: u.Username}
	if !u.EmailVerified {
		event.Changes = []audit.Change{audit.Changed("email_verified", "no", "yes")}
	}
	if err := audit.Duty(duty, tx, holder(duty, u), u.PersonalOrganizationID, event); err != nil {
		return err
	}
	err = tx.Credential.Update().SetPasswordHash(hash).SetChangedAt(now).SetResetGeneration(c.ResetGeneration + 1).SetResetUntil(0).Exec(duty)
	if err != nil {
		return fmt.Errorf("keep a new password: %w", err)
	}
	if _, err := tx.Session.Delete().Exec(duty); err != nil {
		return fmt.Errorf("end the sessions: %w", err)
	}
	if !u.EmailVerified {
		if _, err := tx.AccessToken.Delete().Exec(duty); err != nil {
			return fmt.Errorf("end the access tokens: %w", err)
		}
		if err := tx.User.Update().SetEmailVerified(true).Exec(duty); err != nil {
			return fmt.Errorf("verify an address: %w", err)
		}
	}
	return a.mail.Queue(duty, tx, mail.Letter{Kind: mail.PasswordChanged, To: u.Email, UserID: u.ID, Name: u.Name})
}

// followed is the account of a link that lasts; in a transaction it is locked.
func followed(duty context.Context, users *ent.UserQuery, credentials *ent.CredentialQuery) (*ent.User, *ent.Credential, error) {
	u, err := users.Only(duty)
	if err != nil {
		return nil, nil, absent(err)
	}
	c, err := credentials.Only(duty)
	if err != nil {
		return nil, nil, absent(err)
	}
	return u, c, nil
}

func absent(err error) error {
	if ent.IsNotFound(err) {
		return deadLink()
	}
	return fmt.Errorf("find the account of a link: %w", err)
}

// holder is who followed a link: the account's own, whoever is signed in in that browser.
func holder(ctx context.Context, u *ent.User) viewer.Viewer {
	v := viewer.From(ctx)
	return viewer.Viewer{Kind: viewer.User, UserID: u.ID, Username: u.Username, IP: v.IP, UserAgent: v.UserAgent, RequestID: v.RequestID}
}

func (a *Accounts) inTx(ctx context.Context, f func(*ent.Tx) error) error {
	tx, err := a.client.Tx(ctx)
	if err != nil {
		return fault.Internal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}
