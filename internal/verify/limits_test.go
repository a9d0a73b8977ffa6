package verify_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/traffic"
	"github.com/keyhall/keyhall/internal/verify"
)

// ledger lets everything pass and keeps what it was asked, and what was counted.
type ledger struct {
	mu    sync.Mutex
	asked []traffic.Key
	uses  []traffic.Use
}

func (l *ledger) Take(_ context.Context, key *traffic.Key, _ int64) (traffic.Standing, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked = append(l.asked, *key)
	return traffic.Standing{Code: traffic.Valid}, nil
}

func (l *ledger) Count(_ context.Context, use traffic.Use) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.uses = append(l.uses, use)
	return nil
}

// C6, C7, C8: a request is held against the limits of its key, its project and its organization, and of no other; it is counted to
// its key, project, organization and owner, with the price of the moment, whatever was decided; what was refused costs nothing.
func TestARequestMeetsTheLimitsOfItsOwnAndIsCountedToItsOwn(t *testing.T) {
	t.Parallel()
	for _, d := range []apptest.Database{apptest.SQLite, apptest.Postgres} {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			book := &ledger{}
			s := apptest.New(t, d, func(c *app.Config) { c.Limits, c.Meter = book, book })
			c, ben := newScene(t, s), s.Actor(t, "ben")
			other := c.ada.CreateKey(t, "Other", "", "PROJECT")
			limit := func(id, column, scope string, requests int64) {
				s.SQL(t, "INSERT INTO rate_limits (id, created_at, "+column+", requests, window_seconds) VALUES (?, 1, ?, ?, 60)", "rlm_"+id, scope, requests)
				s.SQL(t, "INSERT INTO spend_limits (id, created_at, "+column+", amount, currency) VALUES (?, 1, ?, ?, 'USD')", "spl_"+id, scope, requests*1000)
			}
			limit("key", "api_key_id", c.key.ID, 1)
			limit("project", "project_id", c.ada.Project, 2)
			limit("organization", "organization_id", c.ada.Home, 3)
			limit("other", "api_key_id", other.ID, 4)
			limit("theirs", "project_id", ben.Project, 5)
			limit("their_organization", "organization_id", ben.Home, 6)
			s.SQL(t, "UPDATE projects SET unit_price = 250 WHERE id = ?", c.ada.Project)
			s.SQL(t, "UPDATE api_keys SET metering = 'STRICT' WHERE id = ?", c.key.ID)
			s.Changed(t)
			c.ask(t, apptest.Vars{"cost": 7, "method": "pay"})
			c.ask(t, apptest.Vars{"cost": 7, "method": "pay", "scopes": []string{"none"}})
			c.Verify(t, c.verifier, apptest.Vars{"key": "kh_live_garbage"})
			if len(book.asked) != 1 || len(book.uses) != 2 {
				t.Fatalf("%d requests met the limits, want 1; %d were counted, want 2", len(book.asked), len(book.uses))
			}
			key := book.asked[0]
			want := []traffic.Rate{{Scope: c.key.ID, Requests: 1, Window: time.Minute}, {Scope: c.ada.Project, Requests: 2, Window: time.Minute}, {Scope: c.ada.Home, Requests: 3, Window: time.Minute}}
			slices.SortFunc(key.Rates, func(a, b traffic.Rate) int { return int(a.Requests - b.Requests) })
			if !slices.Equal(key.Rates, want) {
				t.Errorf("it meets %v, want %v", key.Rates, want)
			}
			spends := []traffic.Spend{{Scope: c.key.ID, Amount: 1000, Currency: "USD"}, {Scope: c.ada.Project, Amount: 2000, Currency: "USD"}, {Scope: c.ada.Home, Amount: 3000, Currency: "USD"}}
			slices.SortFunc(key.Spends, func(a, b traffic.Spend) int { return int(a.Amount - b.Amount) })
			if !slices.Equal(key.Spends, spends) {
				t.Errorf("it may spend %v, want %v", key.Spends, spends)
			}
			if key.ID != c.key.ID || key.ProjectID != c.ada.Project || key.OrganizationID != c.ada.Home || key.OwnerID != c.ada.ID || !key.Strict || key.UnitPrice != 250 || key.Currency != "USD" {
				t.Errorf("it is counted to %+v", key)
			}
			for i, use := range []traffic.Use{{Method: "pay", Code: traffic.Valid, Units: 7}, {Method: "pay", Code: traffic.InsufficientPermissions}} {
				got := book.uses[i]
				if got.Method != use.Method || got.Code != use.Code || got.Units != use.Units || got.Key.ID != c.key.ID || time.Since(got.At) > time.Minute {
					t.Errorf("use %d is %s %s %d of %s", i, got.Method, got.Code, got.Units, got.Key.ID)
				}
			}
		})
	}
}

// ahead is a database whose clock is not that of this process.
type ahead struct{ verify.Epoch }

func (a ahead) Clock(now time.Time) int64 { return a.Epoch.Clock(now) + time.Hour.Microseconds() }

// Use belongs to the minute of the database, which decides about expiry, months and what is finished; processes whose clocks differ
// do not disagree.
func TestUseIsCountedByTheClockOfTheDatabase(t *testing.T) {
	t.Parallel()
	book := &ledger{}
	s := apptest.New(t, apptest.SQLite, func(c *app.Config) { c.Limits, c.Meter = book, book })
	c := newScene(t, s)
	s.App.Verifier.Follow(ahead{s.App.Epoch})
	c.ask(t, nil)
	if by := time.Until(book.uses[0].At); by < 59*time.Minute {
		t.Errorf("the use of an hour ahead is counted %v ahead", by)
	}
}
