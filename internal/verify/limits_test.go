package verify_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/token"
	"github.com/keyhall/keyhall/internal/traffic"
	"github.com/keyhall/keyhall/internal/verify"
)

const limitTo = `mutation($id: ID!, $rates: [RateLimitInput!], $spend: MoneyInput) { updateLimits(input: {targetId: $id, rates: $rates, spend: $spend}) { errors { code message } } }`

// hourly is a rate, as an input.
func hourly(requests int64) []apptest.Vars {
	return []apptest.Vars{{"requests": requests, "windowSeconds": 3600}}
}

// C6, C7: a request is held against the limits of its key, its project and its organization, and of no other: whichever is used up
// first refuses, also when other keys used it up.
//
//keyhall:norace
func TestARequestMeetsTheLimitsOfItsOwn(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		c, ben := newScene(t, s), s.Actor(t, "ben")
		s.SQL(t, "INSERT INTO projects (id, created_at, organization_id, name, description, environment, is_default, archived_at, unit_price, currency, alert_email) VALUES ('prj_staging', 1, ?, 'Staging', '', 'STAGING', ?, 0, 0, 'USD', '')", c.ada.Home, false)
		s.JoinProject(t, "prj_staging", c.ada, "OWNER")
		beside, staging := c.ada.CreateKey(t, "Beside", "", "PROJECT"), c.ada.CreateKey(t, "Staging", "prj_staging", "PROJECT")
		theirs := ben.CreateKey(t, "Theirs", "", "PROJECT")
		elsewhere, bens := s.PutVerifier(t, "prj_staging", c.ada), s.PutVerifier(t, ben.Project, ben)
		for id, requests := range map[string]int64{c.key.ID: 2, c.ada.Project: 3, c.ada.Home: 4, beside.ID: 100, staging.ID: 100} {
			c.ada.Must(t, limitTo, apptest.Vars{"id": id, "rates": hourly(requests)})
		}
		ben.Must(t, limitTo, apptest.Vars{"id": ben.Project, "rates": hourly(1)})
		s.Settle(t)
		for i, step := range []struct {
			key, verifier, want string
			limit               int64 // that is told of
		}{
			{c.key.Plaintext, c.verifier, "VALID", 2}, {c.key.Plaintext, c.verifier, "VALID", 2}, {c.key.Plaintext, c.verifier, "RATE_LIMITED", 2},
			{beside.Plaintext, c.verifier, "VALID", 3}, {beside.Plaintext, c.verifier, "RATE_LIMITED", 3},
			{staging.Plaintext, elsewhere, "VALID", 4}, {staging.Plaintext, elsewhere, "RATE_LIMITED", 4},
			{theirs.Plaintext, bens, "VALID", 1}, {theirs.Plaintext, bens, "RATE_LIMITED", 1},
		} {
			got := s.Verify(t, step.verifier, apptest.Vars{"key": step.key})
			if got.Code != step.want || got.Limit == nil || *got.Limit != step.limit {
				t.Errorf("request %d: %s, want %s of %d", i+1, got.Body, step.want, step.limit)
			}
		}
	})
}

// C8: what was decided is counted to the key, its project, organization and owner, with the price of the moment, whatever it was; what
// was refused costs nothing, and garbage is nobody's. A key that is metered strictly is counted when the answer is there.
//
//keyhall:norace
func TestADecisionIsCountedToItsOwn(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		c := newScene(t, s)
		s.SQL(t, "UPDATE projects SET unit_price = 250 WHERE id = ?", c.ada.Project)
		s.SQL(t, "UPDATE api_keys SET metering = 'STRICT' WHERE id = ?", c.key.ID)
		s.Changed(t)
		c.ask(t, apptest.Vars{"cost": 7, "method": "pay"})
		c.ask(t, apptest.Vars{"cost": 7, "method": "pay", "scopes": []string{"none"}})
		c.Verify(t, c.verifier, apptest.Vars{"key": "kh_live_garbage"})
		for outcome, units := range map[string]int64{"VALID": 7, "INSUFFICIENT_PERMISSIONS": 0} {
			var requests, counted, spend int64
			s.Row(t, `SELECT COALESCE(SUM(requests), 0), COALESCE(SUM(units), 0), COALESCE(SUM(spend), 0) FROM usage_buckets WHERE outcome = ? AND method = 'pay' AND api_key_id = ?
				AND project_id = ? AND organization_id = ? AND member_id = ? AND environment = (SELECT environment FROM projects WHERE id = project_id) AND currency = 'USD'`,
				[]any{outcome, c.key.ID, c.ada.Project, c.ada.Home, c.ada.ID}, &requests, &counted, &spend)
			if requests != 1 || counted != units || spend != 250*units {
				t.Errorf("%s: %d requests, %d units, %d spent; want 1 of %d units", outcome, requests, counted, spend, units)
			}
		}
		if n := s.Count(t, "usage_buckets"); n != 2 {
			t.Errorf("%d rows of use, want 2", n)
		}
	})
}

// Product 5.4: only a request that passes spends anything. Each code that refuses is answered more often than anything is left, and all
// that was left is left.
//
//keyhall:norace
func TestNoRefusalSpendsAnything(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		c := newScene(t, s)
		beside := c.ada.CreateKey(t, "Beside", "", "PROJECT")
		s.SQL(t, "UPDATE projects SET unit_price = 1000 WHERE id = ?", c.ada.Project)
		s.Changed(t)
		c.do(t, limitTo, apptest.Vars{"rates": hourly(3), "spend": apptest.Vars{"amount": "0.01", "currency": "USD"}})
		rate := traffic.Rate{Scope: c.key.ID, Requests: 3, Window: time.Hour}
		left := func() int64 {
			all, err := s.App.Quota.Look(t.Context(), []traffic.Rate{rate})
			if err != nil {
				t.Fatal(err)
			}
			return all[0].Remaining
		}
		if got := c.ask(t, nil); got != "VALID" || left() != 2 {
			t.Fatalf("the first request: %s, and %d are left", got, left())
		}
		for _, r := range c.refusals(t, beside) {
			r.begin()
			for range 4 {
				if got := c.ask(t, r.question); got != r.code {
					t.Errorf("%s, want %s", got, r.code)
				}
			}
			if n := left(); n != 2 {
				t.Errorf("%s: %d requests are left, want 2", r.code, n)
			}
			r.end()
		}
		for _, step := range []struct {
			cost int
			want string
		}{{10, "SPEND_LIMIT_REACHED"}, {7, "VALID"}, {3, "SPEND_LIMIT_REACHED"}, {1, "VALID"}, {1, "RATE_LIMITED"}} {
			if got := c.ask(t, apptest.Vars{"cost": step.cost}); got != step.want {
				t.Errorf("a cost of %d: %s, want %s", step.cost, got, step.want)
			}
		}
	})
}

// refusal is a code, what a request is asked with that gets it, and what has to be so.
type refusal struct {
	code       string
	question   apptest.Vars
	begin, end func()
}

// refusals are those of all codes.
func (c *scene) refusals(t *testing.T, beside apptest.Key) (out []refusal) {
	asked := func(code string, question apptest.Vars) {
		out = append(out, refusal{code, question, func() {}, func() {}})
	}
	set := func(code, mutation string, begin, end apptest.Vars) {
		out = append(out, refusal{code, nil, func() { c.do(t, mutation, begin) }, func() { c.do(t, mutation, end) }})
	}
	row := func(code, update, id string) {
		change := func(at int) func() {
			return func() { c.SQL(t, fmt.Sprintf(update, at), id); c.Changed(t) }
		}
		out = append(out, refusal{code, nil, change(1), change(0)})
	}
	asked("NOT_FOUND", apptest.Vars{"key": token.New(token.LiveKey).Expose()})
	asked("INSUFFICIENT_PERMISSIONS", apptest.Vars{"scopes": []string{"payments:write"}})
	asked("SECRET_INVALID", apptest.Vars{"secret": token.New(token.KeySecret).Expose()})
	asked("JWT_INVALID", apptest.Vars{"jwt": "a.b.c"})
	asked("SPEND_LIMIT_REACHED", apptest.Vars{"cost": 11})
	none := []string{}
	set("SECRET_REQUIRED", secure, apptest.Vars{"secret": true}, apptest.Vars{"secret": false})
	set("ORIGIN_NOT_ALLOWED", secure, apptest.Vars{"origins": []string{"https://other.example.com"}}, apptest.Vars{"origins": none})
	set("USER_AGENT_NOT_ALLOWED", secure, apptest.Vars{"agents": []string{"Other"}}, apptest.Vars{"agents": none})
	set("METHOD_NOT_ALLOWED", secure, apptest.Vars{"methods": []string{"refund"}}, apptest.Vars{"methods": none})
	set("ADDRESS_NOT_ALLOWED", secure, apptest.Vars{"addresses": []string{"198.51.100.0/24"}}, apptest.Vars{"addresses": none})
	out = append(out, refusal{"DISABLED", nil, func() { c.do(t, disable, nil) }, func() { c.do(t, enable, nil) }})
	row("EXPIRED", "UPDATE api_keys SET expires_at = %d WHERE id = ?", c.key.ID)
	row("OWNER_LOST_ACCESS", "UPDATE users SET suspended_at = %d WHERE id = ?", c.ada.ID)
	row("PROJECT_ARCHIVED", "UPDATE projects SET archived_at = %d WHERE id = ?", c.ada.Project)
	used := func() { // by another key of the project
		c.do(t, limitTo, apptest.Vars{"id": c.ada.Project, "rates": hourly(1)})
		if got := c.Verify(t, c.verifier, apptest.Vars{"key": beside.Plaintext}); got.Code != "VALID" {
			t.Errorf("the key beside it: %s", got.Body)
		}
	}
	return append(out, refusal{"RATE_LIMITED", nil, used, func() { c.do(t, limitTo, apptest.Vars{"id": c.ada.Project, "rates": none}) }})
}

// ahead is a database whose clock is not that of this process.
type ahead struct{ verify.Epoch }

func (a ahead) Clock(now time.Time) int64 { return a.Epoch.Clock(now) + time.Hour.Microseconds() }

// Use belongs to the minute of the database, which decides about expiry, months and what is finished; processes whose clocks differ
// do not disagree.
func TestUseIsCountedByTheClockOfTheDatabase(t *testing.T) {
	t.Parallel()
	s := apptest.New(t, apptest.SQLite)
	c := newScene(t, s)
	s.SQL(t, "UPDATE api_keys SET metering = 'STRICT' WHERE id = ?", c.key.ID)
	s.Changed(t)
	s.App.Verifier.Follow(ahead{s.App.Epoch})
	c.ask(t, nil)
	var start int64
	s.Row(t, "SELECT start FROM usage_buckets WHERE api_key_id = ?", []any{c.key.ID}, &start)
	if by := time.Until(time.UnixMicro(start)); by < 58*time.Minute {
		t.Errorf("the use of an hour ahead is counted %v ahead", by)
	}
}
