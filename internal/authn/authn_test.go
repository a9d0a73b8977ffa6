package authn_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/authn"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/instance"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/limit"
	"github.com/keyhall/keyhall/internal/mail"
	"github.com/keyhall/keyhall/internal/news"
	"github.com/keyhall/keyhall/internal/store"
	"github.com/keyhall/keyhall/internal/viewer"
)

func TestMain(m *testing.M) { apptest.Main(m) }

// place is a data folder with its database and key file.
type place struct {
	dir     string
	store   *store.Store
	keys    *keyring.Keyring
	install string
}

func newPlace(t *testing.T) place {
	t.Helper()
	dir := t.TempDir()
	s, err := store.Open(t.Context(), store.Config{Dir: dir}, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	k, id, err := instance.Open(t.Context(), s.Client, dir)
	if err != nil {
		t.Fatal(err)
	}
	return place{dir, s, k, id}
}

// accounts is one process of an installation, whose sign-ins are cheap unless it is told otherwise.
func (p place) accounts(t *testing.T, change ...func(*authn.Config)) *authn.Accounts {
	t.Helper()
	c := authn.Defaults()
	c.Install, c.Signup, c.Cost = p.install, "open", authn.Cost{MemoryKiB: 8, Passes: 1}
	for _, f := range change {
		f(&c)
	}
	outbox, err := mail.New(p.store.Client, p.keys, mail.Config{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	a, err := authn.New(p.store.Client, p.keys, outbox, news.NewHub(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (p place) raw(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+p.dir+"/keyhall.db?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func (p place) text(t *testing.T, query string) string {
	t.Helper()
	var s string
	if err := p.raw(t).QueryRow(query).Scan(&s); err != nil {
		t.Fatal(err)
	}
	return s
}

func newAccount(name string) authn.NewAccount {
	return authn.NewAccount{Email: name + "@keyhall.test", Username: name, Name: name, Password: keyring.NewSecret(apptest.Password)}
}

// from is a request from an address.
func from(t *testing.T, ip string) context.Context {
	return viewer.With(t.Context(), viewer.Viewer{IP: ip, UserAgent: "test"})
}

func unlimited(c *authn.Config) {
	plenty := limit.Rate{Count: 1_000_000, Per: time.Minute}
	c.PerAccount, c.PerAddress, c.PerMailbox = plenty, plenty, plenty
}

//keyhall:norace
func TestGuessesAreDearAndFewByDefault(t *testing.T) { // security.md 4.4
	t.Parallel()
	d := authn.Defaults()
	if d.PerAccount.Count != 10 || d.PerAccount.Per != 15*time.Minute {
		t.Errorf("%d tries in %v for one account, promised are 10 in 15 minutes", d.PerAccount.Count, d.PerAccount.Per)
	}
	if d.PerAddress.Count <= 0 || d.PerAddress.Per <= 0 {
		t.Errorf("sign-ins from one address are not limited: %+v", d.PerAddress)
	}
	p := newPlace(t)
	a := p.accounts(t, func(c *authn.Config) { c.Cost = authn.DefaultCost() })
	if err := a.SignUp(from(t, "192.0.2.1"), newAccount("ada")); err != nil {
		t.Fatal(err)
	}
	if got := p.text(t, "SELECT password_hash FROM credentials"); !strings.HasPrefix(got, "$argon2id$v=19$m=65536,t=3,p=1$") {
		t.Errorf("a password is kept as %.32s...", got)
	}
	if _, err := a.SignIn(from(t, "192.0.2.1"), "ada", keyring.NewSecret(apptest.Password)); err != nil {
		t.Error(err)
	}
	// A server whose cost was raised since must still know who signed up before.
	cheaper := p.accounts(t)
	if _, err := cheaper.SignIn(from(t, "192.0.2.1"), "ada", keyring.NewSecret(apptest.Password)); err != nil {
		t.Errorf("after the cost was changed: %v", err)
	}
}

//keyhall:norace
func TestEqualPasswordsAreKeptAsDifferentHashes(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	a := p.accounts(t, unlimited)
	for _, name := range []string{"ada", "ben", "cleo"} {
		if err := a.SignUp(from(t, "192.0.2.1"), newAccount(name)); err != nil {
			t.Fatal(err)
		}
	}
	if n := p.text(t, "SELECT COUNT(DISTINCT password_hash) FROM credentials"); n != "3" {
		t.Errorf("three accounts with one password have %s hashes", n)
	}
}

//keyhall:norace
func TestASessionIs32RandomBytesKeptAsTheirSHA256(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	a := p.accounts(t, unlimited)
	if err := a.SignUp(from(t, "192.0.2.1"), newAccount("ada")); err != nil {
		t.Fatal(err)
	}
	in, err := a.SignIn(from(t, "192.0.2.1"), "ada", keyring.NewSecret(apptest.Password))
	if err != nil {
		t.Fatal(err)
	}
	cookie := in.Cookie.Expose()
	raw, err := base64.RawURLEncoding.DecodeString(cookie)
	if err != nil {
		if raw, err = hex.DecodeString(cookie); err != nil {
			t.Fatalf("the cookie is neither base64 nor hex: %v", err)
		}
	}
	if len(raw) != 32 {
		t.Errorf("the cookie holds %d bytes", len(raw))
	}
	ofBytes, ofText := sha256.Sum256(raw), sha256.Sum256([]byte(cookie))
	if kept := p.text(t, "SELECT token_hash FROM sessions"); kept != hex.EncodeToString(ofBytes[:]) && kept != hex.EncodeToString(ofText[:]) {
		t.Errorf("the session is kept as %s", kept)
	}
	if left := time.Until(in.Expires); left <= 0 || left > 12*time.Hour { // T6
		t.Errorf("it lasts %v", left)
	}
	if v, ok, err := a.BySession(t.Context(), cookie); err != nil || !ok || v.Username != "ada" || v.SessionID == "" || v.TokenID != "" || v.Narrow != nil {
		t.Errorf("it is of %+v, %v, %v", v, ok, err)
	}
	for _, no := range []string{"", "x", cookie[1:], cookie + "A", strings.ToUpper(cookie), strings.Repeat("A", 43), p.text(t, "SELECT token_hash FROM sessions"), "\x00", strings.Repeat("A", 1<<20)} {
		if v, ok, err := a.BySession(t.Context(), no); err != nil || ok || v.SignedIn() {
			t.Errorf("%.20q is a session of %+v (%v)", no, v, err)
		}
		if v, ok, err := a.ByAccessToken(t.Context(), no); err != nil || ok || v.SignedIn() {
			t.Errorf("%.20q is a token of %+v (%v)", no, v, err)
		}
	}
}

// Guesses at somebody's password must not lock them out where they are.
//
//keyhall:norace
func TestAnAttackerElsewhereDoesNotLockAnybodyOut(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	a := p.accounts(t, func(c *authn.Config) {
		c.PerAccount, c.PerAddress = limit.Rate{Count: 3, Per: time.Hour}, limit.Rate{Count: 100, Per: time.Hour}
	})
	if err := a.SignUp(from(t, "192.0.2.1"), newAccount("ada")); err != nil {
		t.Fatal(err)
	}
	limited := 0
	for range 10 {
		_, err := a.SignIn(from(t, "203.0.113.66"), "ada", keyring.NewSecret("a wrong password"))
		if fault.Is(err, fault.CodeRateLimited) {
			limited++
		} else if !fault.Refused(err, fault.BadCredentials) {
			t.Errorf("a wrong password: %v", err)
		}
	}
	if limited != 7 {
		t.Errorf("%d of 10 guesses were refused unseen, 3 an hour are allowed", limited)
	}
	if _, err := a.SignIn(from(t, "192.0.2.1"), "ada", keyring.NewSecret(apptest.Password)); err != nil {
		t.Errorf("ada herself: %v", err)
	}
	if _, err := a.SignIn(from(t, "203.0.113.66"), "ben", keyring.NewSecret("a wrong password")); !fault.Refused(err, fault.BadCredentials) {
		t.Errorf("another account from there: %v", err)
	}
}

// With IPv6 a client has 64 bits of addresses of its own: they are counted as one.
//
//keyhall:norace
func TestGuessesFromOneIPv6NetworkAreCountedTogether(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	a := p.accounts(t, func(c *authn.Config) {
		c.PerAccount, c.PerAddress = limit.Rate{Count: 3, Per: time.Hour}, limit.Rate{Count: 100, Per: time.Hour}
	})
	for i := range 10 {
		_, err := a.SignIn(from(t, fmt.Sprintf("2001:db8::%x", i+1)), "ada", keyring.NewSecret("a wrong password"))
		if limited := fault.Is(err, fault.CodeRateLimited); limited != (i >= 3) {
			t.Errorf("guess %d: %v", i+1, err)
		}
	}
	if _, err := a.SignIn(from(t, "2001:db8:0:1::1"), "ada", keyring.NewSecret("a wrong password")); !fault.Refused(err, fault.BadCredentials) {
		t.Errorf("from another network: %v", err)
	}
}

//keyhall:norace
func TestEveryProcessOfAnInstallationPrintsTheSameSetUpTokenAndNoneKeepsIt(t *testing.T) {
	t.Parallel()
	p, other := newPlace(t), newPlace(t)
	token := p.accounts(t).SetupToken()
	if again := p.accounts(t).SetupToken(); again != token {
		t.Error("two processes print different tokens")
	}
	if other.accounts(t).SetupToken() == token {
		t.Error("two installations print one token")
	}
	a := p.accounts(t, unlimited)
	if needed, err := a.NeedsSetup(t.Context()); err != nil || !needed {
		t.Errorf("a new installation needs set-up: %v, %v", needed, err)
	}
	if _, err := a.SetUp(from(t, "192.0.2.1"), newAccount("mallory"), other.accounts(t).SetupToken()); !fault.Refused(err, fault.BadCredentials) {
		t.Errorf("the token of another installation: %v", err)
	}
	if _, err := a.SetUp(from(t, "192.0.2.1"), newAccount("ada"), token); err != nil {
		t.Fatal(err)
	}
	if needed, err := p.accounts(t).NeedsSetup(t.Context()); err != nil || needed {
		t.Errorf("after set-up it is needed: %v, %v", needed, err)
	}
	for name, b := range map[string]*authn.Accounts{"this process": a, "another": p.accounts(t, unlimited)} {
		if _, err := b.SetUp(from(t, "192.0.2.1"), newAccount("mallory"), token); !fault.Refused(err, fault.BadCredentials) {
			t.Errorf("a used token in %s: %v", name, err)
		}
	}
	if n := p.text(t, "SELECT COUNT(*) FROM users"); n != "1" {
		t.Errorf("%s accounts", n)
	}
}
