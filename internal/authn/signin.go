package authn

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/token"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy/lock"
)

// SignedIn is a new session: who it is of, and the value of its cookie.
type SignedIn struct {
	Viewer  viewer.Viewer
	Cookie  token.Session
	Expires time.Time
}

// SignIn checks a password and opens a session. An unknown account, a wrong password and a suspended account are one answer
// in one time. Errors: BAD_CREDENTIALS, RATE_LIMITED.
func (a *Accounts) SignIn(ctx context.Context, login string, password keyring.Secret) (SignedIn, error) {
	from := viewer.From(ctx)
	login = strings.ToLower(strings.TrimSpace(login))
	if len(login) > 320 || len(password.Expose()) > maximumLen {
		return SignedIn{}, badCredentials()
	}
	if err := a.throttle(ctx, login, from.IP); err != nil {
		return SignedIn{}, err
	}
	user, stored, err := a.account(ctx, login)
	if err != nil {
		return SignedIn{}, err
	}
	ok, old, err := a.passwords.matches(ctx, password.Expose(), stored)
	if err != nil {
		return SignedIn{}, fault.Timeout(err)
	}
	if v, active := viewerOf(user); !ok || !active {
		return SignedIn{}, badCredentials()
	} else if !old {
		return a.open(ctx, user, v, proof{stored, ""})
	} else if again, err := a.passwords.hash(ctx, password.Expose()); err != nil {
		return SignedIn{}, fault.Timeout(err)
	} else {
		return a.open(ctx, user, v, proof{stored, again})
	}
}

// proof is the stored hash that a password went together with; again is the same password at today's cost, when the stored
// one is cheaper.
type proof struct{ stored, again string }

// badCredentials is the one refusal of a sign-in.
func badCredentials() error {
	return fault.Refuse(fault.BadCredentials, "this login and this password do not go together", "input")
}

func (a *Accounts) account(ctx context.Context, login string) (*ent.User, string, error) {
	ctx = lock.SignInLookup(ctx, login)
	u, err := a.client.User.Query().Only(ctx)
	if ent.IsNotFound(err) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("find an account: %w", err)
	}
	c, err := a.client.Credential.Query().Only(ctx)
	if err != nil {
		return nil, "", fmt.Errorf("find a password: %w", err)
	}
	return u, c.PasswordHash, nil
}

// open writes the session and its audit row.
func (a *Accounts) open(ctx context.Context, u *ent.User, v viewer.Viewer, p proof) (SignedIn, error) {
	from := viewer.From(ctx)
	v.IP, v.UserAgent, v.RequestID = from.IP, from.UserAgent, from.RequestID
	cookie, expires := token.NewSession(), time.Now().Add(sessionTTL)
	duty := lock.SignIn(ctx, u.ID)
	tx, err := a.client.Tx(ctx)
	if err != nil {
		return SignedIn{}, fault.Internal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := p.holds(duty, tx, u.ID); err != nil {
		return SignedIn{}, err
	}
	err = audit.Duty(duty, tx, v, u.PersonalOrganizationID, audit.Event{
		Type: "login.succeeded", ResourceType: ent.TypeUser, ResourceID: u.ID, ResourceName: u.Username,
	})
	if err != nil {
		return SignedIn{}, err
	}
	s, err := tx.Session.Create().SetUserID(u.ID).SetTokenHash(hex.EncodeToString(cookie.Hash())).
		SetLastSeenAt(time.Now().UnixMicro()).SetExpiresAt(expires.UnixMicro()).
		SetIP(from.IP).SetUserAgent(from.UserAgent[:min(len(from.UserAgent), 256)]).Save(duty)
	if err != nil {
		return SignedIn{}, fmt.Errorf("open a session: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return SignedIn{}, fmt.Errorf("open a session: %w", err)
	}
	v.SessionID = s.ID
	return SignedIn{Viewer: v, Cookie: cookie, Expires: expires}, nil
}

// holds looks, with the account locked, whether it still stands and has this password: who changes a password or suspends
// an account ends its sessions, and a sign-in that began before must not leave one more. It also keeps the dearer hash.
func (p proof) holds(duty context.Context, tx *ent.Tx, userID string) error {
	u, err := tx.User.Query().ForDeed().Only(duty)
	if err != nil {
		return fmt.Errorf("lock an account: %w", err)
	}
	c, err := tx.Credential.Query().Only(duty)
	if err != nil {
		return fmt.Errorf("read a password again: %w", err)
	}
	if u.SuspendedAt != 0 || p.stored != "" && c.PasswordHash != p.stored {
		return badCredentials()
	}
	if p.again == "" {
		return nil
	}
	if err := tx.Credential.Update().SetPasswordHash(p.again).Exec(duty); err != nil {
		return fmt.Errorf("keep a dearer hash: %w", err)
	}
	return nil
}
