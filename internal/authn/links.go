package authn

import (
	"context"
	"fmt"
	"time"

	"github.com/keyhall/keyhall/ent"
	entmail "github.com/keyhall/keyhall/ent/mail"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/mail"
	"github.com/keyhall/keyhall/internal/text"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy"
	"github.com/keyhall/keyhall/policy/lock"
)

// How long mailed links last, by the database's clock, and how long writing one may take.
const (
	verifyTTL  = 24 * time.Hour
	resetTTL   = time.Hour
	issueLimit = 10 * time.Second
	firstLink  = 1 // generation of the link that is mailed at the sign-up
)

// ResendVerification mails a new link to an address that is not verified yet, and ends the one before. Every address is
// answered alike, before it is looked up. Errors: INVALID, RATE_LIMITED, FORBIDDEN where no mail is sent.
func (a *Accounts) ResendVerification(ctx context.Context, email string) error {
	return a.request(ctx, mail.VerifyEmail, email)
}

// RequestPasswordReset mails a link for a new password. Answers and errors as ResendVerification.
func (a *Accounts) RequestPasswordReset(ctx context.Context, email string) error {
	return a.request(ctx, mail.ResetPassword, email)
}

func (a *Accounts) request(ctx context.Context, kind mail.Kind, email string) error {
	address, ok := text.Address(email)
	if !ok {
		return fault.Refuse(fault.Invalid, "this is no e-mail address", "input", "email")
	}
	if a.mail.First() == string(entmail.StateNOT_CONFIGURED) {
		f := fault.Forbidden("")
		f.Public = "this server sends no mail; ask its administrator, who can verify an address"
		return f
	}
	if err := a.throttleLetters(ctx, kind, address); err != nil {
		return err
	}
	later := context.WithoutCancel(ctx)
	accepted := a.errands.add(func() {
		ctx, cancel := context.WithTimeout(later, issueLimit)
		defer cancel()
		if err := a.issue(ctx, kind, address); err != nil {
			a.log.ErrorContext(ctx, "a link could not be mailed", "kind", string(kind), "error", err)
		}
	})
	if !accepted {
		return fault.RateLimited(time.Second)
	}
	return nil
}

// issue makes the link of an account and queues its letter, where there is such an account and it needs one.
func (a *Accounts) issue(ctx context.Context, kind mail.Kind, address string) error {
	found, err := a.client.User.Query().Only(lock.AccountByEmail(ctx, address))
	if ent.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find an account: %w", err)
	}
	duty := lock.IssueLink(ctx, found.ID, string(kind))
	tx, err := a.client.Tx(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	u, err := tx.User.Query().ForDeed().Only(duty)
	if err != nil {
		return fmt.Errorf("lock an account: %w", err)
	}
	if u.SuspendedAt != 0 || kind == mail.VerifyEmail && u.EmailVerified {
		return nil
	}
	if err := a.reissue(duty, tx, u, kind); err != nil {
		return err
	}
	return tx.Commit()
}

func (a *Accounts) reissue(duty context.Context, tx *ent.Tx, u *ent.User, kind mail.Kind) error {
	now, err := policy.Clock(duty, tx)
	if err != nil {
		return err
	}
	c, err := tx.Credential.Query().Only(duty)
	if err != nil {
		return fmt.Errorf("read a credential: %w", err)
	}
	err = audit.Duty(duty, tx, viewer.From(duty), u.PersonalOrganizationID, audit.Event{
		Type: "user." + string(kind) + "_requested", ResourceType: ent.TypeUser, ResourceID: u.ID, ResourceName: u.Username,
	})
	if err != nil {
		return err
	}
	if _, err := tx.Mail.Delete().Exec(duty); err != nil { // what still waits carries a link that is dead from now on
		return fmt.Errorf("take back a letter: %w", err)
	}
	update, generation := tx.Credential.Update(), c.ResetGeneration+1
	if kind == mail.VerifyEmail {
		generation = c.VerifyGeneration + 1
		update.SetVerifyGeneration(generation).SetVerifyUntil(now + verifyTTL.Microseconds())
	} else {
		update.SetResetGeneration(generation).SetResetUntil(now + resetTTL.Microseconds())
	}
	if err := update.Exec(duty); err != nil {
		return fmt.Errorf("make a link: %w", err)
	}
	return a.mail.Queue(duty, tx, mail.Letter{Kind: kind, To: u.Email, UserID: u.ID, ResourceID: u.ID, Generation: generation, Name: u.Name})
}

// throttleLetters counts one letter of a kind to an address, whether it has an account or not, and the client that asks.
func (a *Accounts) throttleLetters(ctx context.Context, kind mail.Kind, address string) error {
	if err := a.allowFrom(ctx, viewer.From(ctx).IP); err != nil {
		return err
	}
	return allow(ctx, a.perMailbox, string(kind)+"\x00"+address)
}
