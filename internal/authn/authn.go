// Package authn finds out who is asking: accounts, passwords, sessions and access tokens. It grants nothing: what a viewer
// may do is the policy's to say. Tokens are kept as hashes only, and unknown accounts answer like known ones.
package authn

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/limit"
	"github.com/keyhall/keyhall/internal/mail"
	"github.com/keyhall/keyhall/internal/news"
	"github.com/keyhall/keyhall/internal/token"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy/lock"
)

// sessionTTL is how long a sign-in lasts.
const sessionTTL = 12 * time.Hour

// Config of accounts.
type Config struct {
	Signup     string // "open", "closed", or "" for closed after the first account
	Install    string // id of the installation
	Cost       Cost
	PerAccount limit.Rate // sign-ins tried for one login from one address
	PerAddress limit.Rate // sign-ins tried from one address
	PerMailbox limit.Rate // letters of one kind that strangers may have sent to one address
}

// Defaults are the limits of a running server.
func Defaults() Config {
	return Config{
		Cost:       DefaultCost(),
		PerAccount: limit.Rate{Count: 10, Per: 15 * time.Minute},
		PerAddress: limit.Rate{Count: 200, Per: 15 * time.Minute},
		PerMailbox: limit.Rate{Count: 5, Per: time.Hour},
	}
}

// News ends the open streams of an account whose credentials are not good any more. It must not block.
type News interface {
	Publish(n news.Note)
}

// Accounts knows who has an account.
type Accounts struct {
	client     *ent.Client
	keys       *keyring.Keyring
	config     Config
	passwords  *passwords
	perAccount *limit.Limiter
	perAddress *limit.Limiter
	perMailbox *limit.Limiter
	mail       *mail.Outbox
	news       News
	errands    errands
	seen       *seen
	log        *slog.Logger
}

// New opens the accounts of one database.
func New(c *ent.Client, k *keyring.Keyring, m *mail.Outbox, n News, cfg Config, log *slog.Logger) (*Accounts, error) {
	account, err := limit.New(cfg.PerAccount, cfg.PerAccount.Count)
	if err != nil {
		return nil, fmt.Errorf("limit sign-ins of an account: %w", err)
	}
	addr, err := limit.New(cfg.PerAddress, cfg.PerAddress.Count)
	if err != nil {
		return nil, fmt.Errorf("limit sign-ins from an address: %w", err)
	}
	mailbox, err := limit.New(cfg.PerMailbox, cfg.PerMailbox.Count)
	if err != nil {
		return nil, fmt.Errorf("limit letters to an address: %w", err)
	}
	return &Accounts{
		client: c, keys: k, mail: m, news: n, config: cfg, passwords: newPasswords(cfg.Cost),
		perAccount: account, perAddress: addr, perMailbox: mailbox, seen: newSeen(c, log), log: log,
	}, nil
}

// BySession finds the viewer of a session cookie; false when the session is over or never was.
func (a *Accounts) BySession(ctx context.Context, cookie string) (viewer.Viewer, bool, error) {
	t, err := token.ParseSession(cookie)
	if err != nil {
		return viewer.Viewer{}, false, nil
	}
	ctx = lock.SessionByToken(ctx, hex.EncodeToString(t.Hash()))
	s, err := a.client.Session.Query().WithUser().Only(ctx)
	if ent.IsNotFound(err) {
		return viewer.Viewer{}, false, nil
	}
	if err != nil {
		return viewer.Viewer{}, false, fmt.Errorf("find a session: %w", err)
	}
	v, ok := viewerOf(s.Edges.User)
	v.SessionID = s.ID
	if ok {
		a.seen.session(s.ID, s.LastSeenAt)
	}
	return v, ok, nil
}

// ByAccessToken finds the viewer of a bearer token; false when it is expired, revoked or none of ours.
func (a *Accounts) ByAccessToken(ctx context.Context, bearer string) (viewer.Viewer, bool, error) {
	t, err := token.Parse(bearer)
	if err != nil || t.Kind() != token.AccessToken {
		return viewer.Viewer{}, false, nil
	}
	ctx = lock.AccessTokenByLookup(ctx, t.ID())
	row, err := a.client.AccessToken.Query().WithUser().Only(ctx)
	if ent.IsNotFound(err) {
		t.Matches(a.keys, nil, "") // as much work as for a known one
		return viewer.Viewer{}, false, nil
	}
	if err != nil {
		return viewer.Viewer{}, false, fmt.Errorf("find an access token: %w", err)
	}
	if !t.Matches(a.keys, row.Hash, row.PepperID) {
		return viewer.Viewer{}, false, nil
	}
	v, ok := viewerOf(row.Edges.User)
	v.TokenID, v.Narrow = row.ID, row.Permissions
	if ok {
		a.seen.token(row.ID, row.LastUsedAt)
	}
	return v, ok, nil
}

// viewerOf makes a viewer of an account; a suspended one is nobody.
func viewerOf(u *ent.User) (viewer.Viewer, bool) {
	if u == nil || u.SuspendedAt != 0 {
		return viewer.Viewer{}, false
	}
	return viewer.Viewer{
		Kind: viewer.User, UserID: u.ID, Username: u.Username,
		Email: u.Email, EmailVerified: u.EmailVerified, Administrator: u.Administrator,
	}, true
}

// SetupToken is the one-time token of the first sign-up: derived, so that every process of an installation prints the same
// and none stores it. It is worth nothing once there is an administrator.
func (a *Accounts) SetupToken() string {
	return hex.EncodeToString(a.keys.Derive("setup", a.config.Install))
}

// NeedsSetup tells whether nobody administers this installation yet.
func (a *Accounts) NeedsSetup(ctx context.Context) (bool, error) {
	any, err := a.client.User.Query().Exist(lock.Administrator(ctx))
	if err != nil {
		return false, fmt.Errorf("look for an administrator: %w", err)
	}
	return !any, nil
}

// Flush writes when sessions and tokens were last seen, and waits for what is done after an answer.
func (a *Accounts) Flush(ctx context.Context) error {
	return errors.Join(a.errands.settle(ctx), a.seen.flush(ctx))
}

// throttle counts one try of a login from an address.
func (a *Accounts) throttle(ctx context.Context, login, ip string) error {
	if err := a.allowFrom(ctx, ip); err != nil {
		return err
	}
	return allow(ctx, a.perAccount, login+"\x00"+Network(ip))
}

// allowFrom counts one request that a stranger may not send without end.
func (a *Accounts) allowFrom(ctx context.Context, ip string) error {
	return allow(ctx, a.perAddress, Network(ip))
}

// Network is what one client can call its own: an address, or with IPv6 the 64 bits before it.
func Network(ip string) string {
	at, err := netip.ParseAddr(ip)
	if err != nil || at.Is4() || at.Is4In6() {
		return ip
	}
	return netip.PrefixFrom(at.WithZone(""), 64).Masked().String()
}

func allow(ctx context.Context, l *limit.Limiter, key string) error {
	ok, wait, err := l.Allow(ctx, key)
	if err != nil {
		return fault.Internal(err)
	}
	if !ok {
		return fault.RateLimited(wait)
	}
	return nil
}
