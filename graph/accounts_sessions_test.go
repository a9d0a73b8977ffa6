package graph_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/store"
)

const (
	signOut     = `mutation { signOut { errors { code } } }`
	mySessions  = `{ viewer { sessions { totalCount nodes { id current createdAt lastSeenAt userAgent ip } } } }`
	revokeOne   = `mutation($id: ID!) { revokeSession(input: {id: $id}) { revokedId errors { code } } }`
	createToken = `mutation($name: String!, $expires: Time, $permissions: [Permission!]) {
		createAccessToken(input: {name: $name, expiresAt: $expires, permissions: $permissions}) {
			accessToken { id name start permissions createdAt expiresAt lastUsedAt } plaintext errors { code path } } }`
	revokeToken = `mutation($id: ID!) { revokeAccessToken(input: {id: $id}) { revokedId errors { code } } }`
)

// again is the same person in a session of its own.
func again(t testing.TB, a *apptest.Actor) *apptest.Actor {
	t.Helper()
	b := *a
	b.SignIn(t)
	return &b
}

// current is the id of the session that asks.
func current(t testing.TB, a *apptest.Actor) string {
	t.Helper()
	out := a.Must(t, mySessions, nil)
	nodes, _ := out.At("viewer", "sessions", "nodes").([]any)
	var id string
	for _, n := range nodes {
		if node := n.(map[string]any); node["current"] == true {
			if id != "" {
				t.Errorf("two sessions are the one that asks: %s", out.Body)
			}
			id, _ = node["id"].(string)
		}
	}
	if !strings.HasPrefix(id, "ses_") {
		t.Fatalf("no session is the one that asks: %s", out.Body)
	}
	return id
}

func isOut(t testing.TB, who string, a *apptest.Actor) {
	t.Helper()
	if out := a.Do(t, countKeys, nil); out.Code() != "UNAUTHENTICATED" {
		t.Errorf("%s still gets %d %s", who, out.Status, out.Body)
	}
}

//keyhall:norace
func TestSigningOutEndsTheSessionThatAsksAndNoOther(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ines := s.Actor(t, "ines")
		other := again(t, ines)
		out := ines.Must(t, signOut, nil)
		cleared := false
		for _, c := range out.Cookies {
			cleared = cleared || strings.HasPrefix(c.Name, "__Host-") && (c.MaxAge < 0 || !c.Expires.IsZero() && c.Expires.Before(time.Now()))
		}
		if !cleared {
			t.Errorf("the browser keeps its cookie: %v", out.Cookies)
		}
		isOut(t, "who signed out", ines)
		other.Must(t, countKeys, nil)
		if n := s.Count(t, "sessions WHERE user_id = ?", ines.ID); n != 1 {
			t.Errorf("%d sessions are left", n)
		}
		isOut(t, "who was never in", s.Anonymous())
		if out := s.Anonymous().Do(t, signOut, nil); out.Code() != "UNAUTHENTICATED" {
			t.Errorf("signing out without a session answers %s", out.Body)
		}
	})
}

//keyhall:norace
func TestSessionsAreListedToTheirOwnerAloneAndRevoked(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		jana, kurt := s.Actor(t, "jana"), s.Actor(t, "kurt")
		lost, admin := again(t, jana), s.Administrator(t)
		mine, theirs := current(t, jana), current(t, lost)
		out := jana.Must(t, mySessions, nil)
		if out.At("viewer", "sessions", "totalCount") != 2.0 || mine == theirs {
			t.Errorf("two sessions are listed as %s", out.Body)
		}
		for _, secret := range []string{"cookie", "token", "hash"} {
			if strings.Contains(strings.ToLower(out.Body), secret) {
				t.Errorf("the list holds a %s: %s", secret, out.Body)
			}
		}
		if ip := out.Text("viewer", "sessions", "nodes", 0, "ip"); ip != "127.0.0.1" {
			t.Errorf("signed in from %q", ip)
		}
		before := contents(t, s)
		for name, id := range map[string]string{"somebody else's": theirs, "an absent": "ses_01JCZ3V8Q4T2N6M0R5W7Y9B1DF", "a malformed": "x", "another thing's": jana.ID} {
			for who, a := range map[string]*apptest.Actor{"another account": kurt, "the administrator": admin} {
				if out := a.Do(t, revokeOne, apptest.Vars{"id": id}); out.Code() != "NOT_FOUND" {
					t.Errorf("%s revokes %s session: %s", who, name, out.Body)
				}
				if out := a.Do(t, `query($id: ID!) { node(id: $id) { id } }`, apptest.Vars{"id": theirs}); out.Code() != "NOT_FOUND" {
					t.Errorf("%s sees the session: %s", who, out.Body)
				}
			}
		}
		if after := contents(t, s); after != before {
			t.Errorf("something was written:\n%s", difference(before, after))
		}
		if got := jana.Must(t, revokeOne, apptest.Vars{"id": theirs}).Text("revokeSession", "revokedId"); got != theirs {
			t.Errorf("revoked %q", got)
		}
		isOut(t, "a revoked session", lost)
		if out := jana.Do(t, revokeOne, apptest.Vars{"id": theirs}); out.Code() != "NOT_FOUND" {
			t.Errorf("a session is revoked twice: %s", out.Body)
		}
		jana.Must(t, revokeOne, apptest.Vars{"id": mine}) // one's own is no exception
		isOut(t, "who revoked their own session", jana)
	})
}

// The touch of a session is kept in memory and written later: it must update a row and never make one.
//
//keyhall:norace
func TestATouchedSessionDoesNotComeBackAfterItWasRevoked(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		lena := s.Actor(t, "lena")
		lost := again(t, lena)
		id := current(t, lost)
		s.SQL(t, "UPDATE sessions SET last_seen_at = last_seen_at - 600000000, created_at = created_at - 600000000")
		lost.Must(t, countKeys, nil) // touched, not yet written
		lena.Must(t, revokeOne, apptest.Vars{"id": id})
		if err := s.App.Accounts.Flush(context.Background()); err != nil {
			t.Fatal(err)
		}
		isOut(t, "a revoked session that was touched before", lost)
		if n := s.Count(t, "sessions WHERE id = ?", id); n != 0 {
			t.Error("the flush made the session again")
		}
	})
}

func TestNoRequestPassesAfterTheRevocationWasAcknowledged(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		mira := s.Actor(t, "mira")
		lost := again(t, mira)
		id := current(t, lost)
		var acknowledged atomic.Bool
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for range 15 {
					late := acknowledged.Load()
					out := lost.Do(t, countKeys, nil)
					if late && out.Code() != "UNAUTHENTICATED" || out.Code() != "" && out.Code() != "UNAUTHENTICATED" {
						t.Errorf("after the revocation (%v): %s", late, out.Body)
					}
				}
			})
		}
		all.Go(func() {
			for range 10 {
				if err := s.App.Accounts.Flush(context.Background()); err != nil {
					t.Error(err)
				}
			}
		})
		mira.Must(t, revokeOne, apptest.Vars{"id": id})
		acknowledged.Store(true)
		all.Wait()
		isOut(t, "a revoked session", lost)
	})
}

//keyhall:norace
func TestASessionSaysWhenItWasLastSeen(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		nora := s.Actor(t, "nora")
		s.SQL(t, "UPDATE sessions SET last_seen_at = 1000000, created_at = 1000000 WHERE user_id = ?", nora.ID)
		nora.Must(t, countKeys, nil)
		if err := s.App.Accounts.Flush(context.Background()); err != nil {
			t.Fatal(err)
		}
		seen, err := time.Parse(time.RFC3339, nora.Must(t, mySessions, nil).Text("viewer", "sessions", "nodes", 0, "lastSeenAt"))
		if err != nil || time.Since(seen).Abs() > 2*time.Minute {
			t.Errorf("last seen %v (%v)", seen, err)
		}
	})
}

//keyhall:norace
func TestAnExpiredSessionOrTokenIsWorthNothing(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		olaf := s.Actor(t, "olaf")
		out := olaf.Must(t, createToken, apptest.Vars{"name": "ci", "expires": time.Now().Add(time.Hour).Format(time.RFC3339)})
		program := olaf.WithToken(out.Text("createAccessToken", "plaintext"))
		program.Must(t, countKeys, nil)
		var expires int64
		s.Row(t, "SELECT expires_at FROM sessions WHERE user_id = ?", []any{olaf.ID}, &expires)
		if left := time.Until(time.UnixMicro(expires)); left <= 0 || left > 13*time.Hour {
			t.Errorf("a session lasts %v (security.md T6: 12 hours)", left)
		}
		now := time.Now().UnixMicro()
		s.SQL(t, "UPDATE access_tokens SET expires_at = ?", now-1_000_000)
		isOut(t, "an expired token", program)
		s.SQL(t, "UPDATE sessions SET expires_at = ?", now-1_000_000)
		isOut(t, "an expired session", olaf)
		s.SQL(t, "UPDATE sessions SET expires_at = ?", now+60_000_000)
		olaf.Must(t, countKeys, nil)
	})
}

// The clock of the database and that of the process differ by a day: the database's decides (T26). SQLite's is the process's;
// PostgreSQL gets another one by a schema in front of pg_catalog.
//
//keyhall:norace
func TestTheClockOfTheDatabaseDecidesWhatHasExpired(t *testing.T) {
	t.Parallel()
	var at store.Config
	s := apptest.New(t, apptest.Postgres, func(c *app.Config) { at = c.Store })
	paul := s.Actor(t, "paul")
	out := paul.Must(t, createToken, apptest.Vars{"name": "ci", "expires": time.Now().Add(time.Hour).Format(time.RFC3339)})
	program := out.Text("createAccessToken", "plaintext")
	cookie := theCookie(s.Anonymous().Must(t, signIn, credentials(paul.Username, apptest.Password)))
	outcomes := func(there *apptest.Server) [2]string {
		return [2]string{askWithCookie(t, there, there.Anonymous(), cookie.Value, countKeys).Code(), there.Anonymous().WithToken(program).Do(t, countKeys, nil).Code()}
	}
	tomorrow, yesterday := clocked(t, s, at, "tomorrow", "+"), clocked(t, s, at, "yesterday", "-")
	if got := outcomes(s); got != [2]string{} {
		t.Fatalf("now: %v", got)
	}
	if got := outcomes(tomorrow); got != [2]string{"UNAUTHENTICATED", "UNAUTHENTICATED"} {
		t.Errorf("the database is a day ahead, a session of 12 hours and a token of one hour answer %q", got)
	}
	anHourAgo := time.Now().Add(-time.Hour).UnixMicro()
	s.SQL(t, "UPDATE sessions SET expires_at = ?", anHourAgo)
	s.SQL(t, "UPDATE access_tokens SET expires_at = ?", anHourAgo)
	if got := outcomes(yesterday); got != [2]string{} {
		t.Errorf("the database is a day behind, what ends tomorrow answers %q", got)
	}
	if got := outcomes(s); got != [2]string{"UNAUTHENTICATED", "UNAUTHENTICATED"} {
		t.Errorf("what ended an hour ago answers %q", got)
	}
}

// clocked is another server on the same database and key file, whose database has another time.
func clocked(t *testing.T, s *apptest.Server, at store.Config, schema, sign string) *apptest.Server {
	t.Helper()
	s.SQL(t, "CREATE SCHEMA "+schema)
	for _, f := range []string{"now", "clock_timestamp", "statement_timestamp", "transaction_timestamp"} {
		s.SQL(t, fmt.Sprintf("CREATE FUNCTION %s.%s() RETURNS timestamptz LANGUAGE sql AS 'SELECT pg_catalog.%s() %s interval ''1 day'''", schema, f, f, sign))
	}
	separator := "?"
	if strings.Contains(at.URL, "?") {
		separator = "&"
	}
	return apptest.New(t, apptest.Postgres, func(c *app.Config) {
		c.Store = store.Config{Dir: at.Dir, URL: at.URL + separator + "search_path=public," + schema + ",pg_catalog"}
	})
}
