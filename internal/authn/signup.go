package authn

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/organization"
	"github.com/keyhall/keyhall/ent/organizationmember"
	"github.com/keyhall/keyhall/ent/project"
	"github.com/keyhall/keyhall/ent/projectmember"
	"github.com/keyhall/keyhall/ent/user"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/mail"
	"github.com/keyhall/keyhall/internal/text"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy"
	"github.com/keyhall/keyhall/policy/lock"
)

// NewAccount is what a sign-up needs.
type NewAccount struct {
	Email    string
	Username string
	Name     string
	Password keyring.Secret
}

// SignUp makes an account with its personal organization and default project. An address that has an account already
// answers as if it were new, and its holder is told by mail. Errors: FORBIDDEN when sign-up is closed, RATE_LIMITED, and INVALID,
// REQUIRED, TOO_LONG, TAKEN (of the username).
func (a *Accounts) SignUp(ctx context.Context, in NewAccount) error {
	if err := a.signupOpen(); err != nil {
		return err
	}
	if err := a.throttle(ctx, "sign-up", viewer.From(ctx).IP); err != nil {
		return err
	}
	_, err := a.Create(ctx, in, false)
	return a.alike(ctx, err)
}

// alike makes of a known address the answer of a new one.
func (a *Accounts) alike(ctx context.Context, err error) error {
	if known, ok := errors.AsType[*knownAddress](err); ok {
		return a.tell(ctx, known.holder)
	}
	return err
}

// tell lets the holder of an address know that somebody signed up with it; not without end.
func (a *Accounts) tell(ctx context.Context, holder *ent.User) error {
	if err := allow(ctx, a.perMailbox, string(mail.KnownAddress)+"\x00"+holder.Email); err != nil {
		return nil // they were told; the answer is the same
	}
	duty := lock.KnownAddress(ctx, holder.ID)
	return a.inTx(ctx, func(tx *ent.Tx) error {
		return a.mail.Queue(duty, tx, mail.Letter{Kind: mail.KnownAddress, To: holder.Email, UserID: holder.ID, Name: holder.Name})
	})
}

// SetUp makes the administrator with the one-time token that the server printed, and signs them in. Errors as SignUp;
// BAD_CREDENTIALS for a wrong or used token.
func (a *Accounts) SetUp(ctx context.Context, in NewAccount, setupToken string) (SignedIn, error) {
	if err := a.throttle(ctx, "set-up", viewer.From(ctx).IP); err != nil {
		return SignedIn{}, err
	}
	needed, err := a.NeedsSetup(ctx)
	if err != nil {
		return SignedIn{}, err
	}
	right := subtle.ConstantTimeCompare([]byte(setupToken), []byte(a.SetupToken())) == 1
	if !right || !needed {
		return SignedIn{}, fault.Refuse(fault.BadCredentials, "this set-up link is not valid any more; sign in instead", "input", "setupToken")
	}
	u, err := a.Create(ctx, in, true)
	if _, known := errors.AsType[*knownAddress](err); known { // who holds the link may know
		return SignedIn{}, fault.Refuse(fault.Taken, "this address has an account already; give another one", "input", "email")
	}
	if err != nil {
		return SignedIn{}, err
	}
	v, _ := viewerOf(u)
	return a.open(ctx, u, v, proof{}) // made just now: there is nothing to compare
}

func (a *Accounts) signupOpen() error {
	if a.config.Signup == "open" {
		return nil
	}
	f := fault.Forbidden("")
	f.Public = "sign-up is closed here; ask the administrator for an account"
	return f
}

// knownAddress is an error that no answer tells apart from success.
type knownAddress struct{ holder *ent.User }

func (*knownAddress) Error() string { return "this address has an account already" }

// Create makes an account: the administrator's, with its address verified, or anybody's. The hashing is done before the
// transaction, and for a known address too.
func (a *Accounts) Create(ctx context.Context, in NewAccount, administrator bool) (*ent.User, error) {
	if administrator {
		return a.create(ctx, in, a.stillNeeded)
	}
	return a.create(ctx, in, func(context.Context, *ent.Tx, lock.Account) (grounds, error) { return grounds{}, nil })
}

// grounds are what an account is made on.
type grounds struct {
	administrator bool
	proven        bool   // the address, by what brought them here
	invitation    string // that let them in; empty: none was needed
}

func (a *Accounts) create(ctx context.Context, in NewAccount, because func(context.Context, *ent.Tx, lock.Account) (grounds, error)) (*ent.User, error) {
	in, err := in.normal()
	if err != nil {
		return nil, err
	}
	hash, err := a.passwords.hash(ctx, in.Password.Expose())
	if err != nil {
		return nil, fault.Timeout(err)
	}
	ids := lock.Account{UserID: user.DefaultID(), OrganizationID: organization.DefaultID(), ProjectID: project.DefaultID()}
	tx, err := a.client.Tx(ctx)
	if err != nil {
		return nil, fault.Internal(err)
	}
	defer func() { _ = tx.Rollback() }()
	on, err := because(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	if err := free(ctx, tx.User, in); err != nil {
		return nil, err
	}
	u, err := a.write(ctx, tx, ids, in, hash, on)
	if ent.IsConstraintError(err) { // somebody took the name or the address in this very moment
		return nil, errors.Join(tx.Rollback(), a.whichTaken(ctx, in))
	}
	if err != nil {
		return nil, err
	}
	if err := tx.Commit(); err != nil {
		return nil, fmt.Errorf("make an account: %w", err)
	}
	return u.Unwrap(), nil
}

// stillNeeded lets two that hold the set-up link at once wait for each other: one becomes the administrator.
func (a *Accounts) stillNeeded(ctx context.Context, tx *ent.Tx, _ lock.Account) (grounds, error) {
	if _, err := tx.Instance.Query().ForDeed().Only(lock.Instance(ctx)); err != nil {
		return grounds{}, fmt.Errorf("lock the installation: %w", err)
	}
	exists, err := tx.User.Query().Exist(lock.Administrator(ctx))
	if err != nil {
		return grounds{}, fmt.Errorf("look for an administrator: %w", err)
	}
	if exists {
		return grounds{}, fault.Refuse(fault.BadCredentials, "this set-up link is not valid any more; sign in instead", "input", "setupToken")
	}
	return grounds{administrator: true, proven: true}, nil
}

// whichTaken looks again at what another sign-up has just taken. The address answers as if it were new, also here.
func (a *Accounts) whichTaken(ctx context.Context, in NewAccount) error {
	if err := free(ctx, a.client.User, in); err != nil {
		return err
	}
	return fault.Conflict("another request was quicker; try again")
}

func free(ctx context.Context, users *ent.UserClient, in NewAccount) error {
	holders, err := users.Query().All(lock.SignUpLookup(ctx, in.Email, in.Username))
	if err != nil {
		return fmt.Errorf("look for the address and the name: %w", err)
	}
	for _, u := range holders {
		if u.Username == in.Username {
			return Taken()
		}
	}
	if len(holders) > 0 {
		return &knownAddress{holders[0]}
	}
	return nil
}

func (a *Accounts) write(ctx context.Context, tx *ent.Tx, ids lock.Account, in NewAccount, hash string, on grounds) (*ent.User, error) {
	duty := on.duty(ctx, ids)
	now, err := policy.Clock(ctx, tx)
	if err != nil {
		return nil, err
	}
	u, err := tx.User.Create().SetID(ids.UserID).SetEmail(in.Email).SetUsername(in.Username).SetName(in.Name).
		SetEmailVerified(on.proven).SetAdministrator(on.administrator).SetPersonalOrganizationID(ids.OrganizationID).Save(duty)
	if err != nil {
		return nil, err
	}
	for _, step := range []interface{ Exec(context.Context) error }{
		tx.Credential.Create().SetUserID(ids.UserID).SetPasswordHash(hash).SetVerifyGeneration(firstLink).SetVerifyUntil(now + verifyTTL.Microseconds()),
		tx.Organization.Create().SetID(ids.OrganizationID).SetName(in.Name).SetSlug(strings.ToLower(ids.OrganizationID)).SetPersonal(true),
		tx.OrganizationMember.Create().SetOrganizationID(ids.OrganizationID).SetUserID(ids.UserID).SetRole(organizationmember.RoleOWNER),
		tx.Project.Create().SetID(ids.ProjectID).SetOrganizationID(ids.OrganizationID).SetName("Default").
			SetEnvironment(project.EnvironmentDEVELOPMENT).SetIsDefault(true),
		tx.ProjectMember.Create().SetProjectID(ids.ProjectID).SetUserID(ids.UserID).SetRole(projectmember.RoleOWNER),
	} {
		if err := step.Exec(duty); err != nil {
			return nil, err
		}
	}
	err = audit.Duty(duty, tx, holder(ctx, u), ids.OrganizationID, audit.Event{
		Type: "user.signed_up", ResourceType: ent.TypeUser, ResourceID: ids.UserID, ResourceName: in.Username, Changes: on.changes(),
	})
	if err != nil || on.proven {
		return u, err
	}
	return u, a.mail.Queue(duty, tx, mail.Letter{
		Kind: mail.VerifyEmail, To: u.Email, UserID: u.ID, ResourceID: u.ID, Generation: firstLink, Name: u.Name,
	})
}

func (on grounds) duty(ctx context.Context, ids lock.Account) context.Context {
	switch {
	case on.administrator:
		return lock.SetUp(ctx, ids)
	case on.proven:
		return lock.SignUpProven(ctx, ids)
	}
	return lock.SignUp(ctx, ids)
}

// changes are what the trail tells of a sign-up: which invitation let somebody in.
func (on grounds) changes() []audit.Change {
	if on.invitation == "" {
		return nil
	}
	return []audit.Change{{Field: "invitation", After: &on.invitation}}
}

// normal checks a sign-up and brings its address and its names to their normal form.
func (in NewAccount) normal() (NewAccount, error) {
	var problems [4]error
	email, ok := text.Address(in.Email)
	if !ok {
		problems[0] = fault.Refuse(fault.Invalid, "this is no e-mail address", "input", "email")
	}
	in.Email = email
	in.Username, problems[1] = Username(in.Username)
	in.Name, problems[2] = Name(in.Name)
	problems[3] = good(in.Password.Expose(), "password")
	return in, errors.Join(problems[:]...)
}
