package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/traffic"
)

// metered counts requests as verifying does, and writes them.
type metered struct{ *apptest.Server }

// use counts n requests with a key that were decided at some time, two units each where they were let through.
func (m metered) use(t *testing.T, keyID string, n int, method string, code traffic.Code, at time.Time) {
	t.Helper()
	k := &traffic.Key{ID: keyID}
	m.Row(t, `SELECT k.project_id, p.organization_id, p.environment, k.owner_id, p.unit_price, p.currency FROM api_keys k JOIN projects p ON p.id = k.project_id
		WHERE k.id = ?`, []any{keyID}, &k.ProjectID, &k.OrganizationID, &k.Environment, &k.OwnerID, &k.UnitPrice, &k.Currency)
	for range n {
		u := traffic.Use{Key: k, Method: method, Code: code, At: at}
		if code == traffic.Valid {
			u.Units = 2
		}
		if err := m.App.Usage.Count(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.App.Usage.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

const (
	keyUsage = `query($id: ID!, $window: UsageWindow!, $by: UsageGroup) { apiKey(id: $id) { usage(window: $window, groupBy: $by) { ` + usageOut + ` } } }`
	prjUsage = `query($id: ID!, $window: UsageWindow!, $by: UsageGroup) { project(id: $id) { usage(window: $window, groupBy: $by) { ` + usageOut + ` } } }`
	orgUsage = `query($id: ID!, $window: UsageWindow!, $by: UsageGroup) { organization(id: $id) { usage(window: $window, groupBy: $by) { ` + usageOut + ` } } }`
	usageOut = `window requests allowed refused cost { amount currency } points { start group requests refused cost { amount currency } }`
)

// seen is what somebody is told of a usage: "5 of 7, 13.5 EUR", or the code and the permission of a refusal.
func seen(t *testing.T, who *apptest.Actor, query, of, id, window string) string {
	t.Helper()
	out := who.Do(t, query, apptest.Vars{"id": id, "window": window})
	if code := out.Code(); code != "" {
		return strings.TrimSpace(code + " " + out.Errors[0].Extensions.Permission)
	}
	text := fmt.Sprintf("%v of %v", out.At(of, "usage", "allowed"), out.At(of, "usage", "requests"))
	if out.At(of, "usage", "cost") != nil {
		text += ", " + out.Text(of, "usage", "cost", "amount") + " " + out.Text(of, "usage", "cost", "currency")
	}
	return text
}

// grouped adds up the points of a usage by their groups, "-" for the nameless one.
func grouped(t *testing.T, who *apptest.Actor, query, of, id, by string) string {
	t.Helper()
	out := who.Do(t, query, apptest.Vars{"id": id, "window": "LAST_HOUR", "by": by})
	if code := out.Code(); code != "" {
		return strings.TrimSpace(code + " " + out.Errors[0].Extensions.Permission)
	}
	sums := map[string]float64{}
	points, _ := out.At(of, "usage", "points").([]any)
	for _, p := range points {
		point := p.(map[string]any)
		name, named := point["group"].(string)
		if !named {
			name = "-"
		}
		sums[name] += point["requests"].(float64)
	}
	var lines []string
	for name, n := range sums {
		lines = append(lines, fmt.Sprintf("%s=%v", name, n))
	}
	slices.Sort(lines)
	return strings.Join(lines, " ")
}

// A16, A19, A20, A21, A24, A25: who sees what a key, a project and an organization were used for, and who sees what it cost. C16: limits,
// billing and usage of an organization are its owners'.
//
//keyhall:norace
func TestUsageIsForWhoMaySeeItAndItsCostForTheOwner(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		e, m := newEstate(t, s), metered{s}
		s.SQL(t, "UPDATE projects SET unit_price = 1500000, currency = 'EUR' WHERE id = ?", e.ada.Project)
		s.SQL(t, "UPDATE organizations SET billing_email = 'bills@zanzibar.example' WHERE id = ?", e.ada.Home)
		at := time.Now().Add(-2 * time.Minute)
		m.use(t, e.key.ID, 5, "GET", traffic.Valid, at)
		m.use(t, e.key.ID, 2, "GET", traffic.RateLimited, at)
		m.use(t, e.spare.ID, 1, "GET", traffic.Valid, at)
		for _, c := range []struct {
			who              *apptest.Actor
			key, spare       string
			project, company string
		}{
			{e.ada, "5 of 7, 15 EUR", "1 of 1, 3 EUR", "6 of 8, 18 EUR", "6 of 8, 18 EUR"},
			{e.ben, "5 of 7", "NOT_FOUND", "NOT_FOUND", "NOT_FOUND"},
			{e.cleo, "5 of 7", "NOT_FOUND", "NOT_FOUND", "NOT_FOUND"},
			{e.hal, "FORBIDDEN api_key.view_stats", "FORBIDDEN api_key.view_stats", "6 of 8", "FORBIDDEN organization.view_usage"},
			{e.ida, "FORBIDDEN api_key.view_stats", "FORBIDDEN api_key.view_stats", "6 of 8, 18 EUR", "6 of 8, 18 EUR"},
			{e.gus, "NOT_FOUND", "NOT_FOUND", "NOT_FOUND", "FORBIDDEN organization.view_usage"},
			{e.eve, "NOT_FOUND", "NOT_FOUND", "NOT_FOUND", "NOT_FOUND"},
		} {
			for _, window := range []string{"LAST_15_MINUTES", "LAST_HOUR"} {
				for _, look := range []struct{ query, of, id, want string }{
					{keyUsage, "apiKey", e.key.ID, c.key}, {keyUsage, "apiKey", e.spare.ID, c.spare},
					{prjUsage, "project", e.ada.Project, c.project}, {orgUsage, "organization", e.ada.Home, c.company},
				} {
					if got := seen(t, c.who, look.query, look.of, look.id, window); got != look.want {
						t.Errorf("%s sees of %s in %s: %q, want %q", c.who.Username, look.id, window, got, look.want)
					}
				}
			}
		}
		m.bills(t, e)
	})
}

// bills: the owner of a key sees what it costs and nobody else; the address where bills go is the organization's.
func (m metered) bills(t *testing.T, e *estate) {
	t.Helper()
	const out = `billing { billingEmail monthToDate { amount currency } unitPrice { amount } }`
	const ofKey = `query($id: ID!) { apiKey(id: $id) { ` + out + ` } }`
	const ofOrg = `query($id: ID!) { organization(id: $id) { ` + out + ` } }`
	for _, c := range []struct {
		who             *apptest.Actor
		query, id, code string
	}{
		{e.ben, ofKey, e.key.ID, "FORBIDDEN"}, {e.cleo, ofKey, e.key.ID, "FORBIDDEN"}, {e.hal, ofKey, e.key.ID, "FORBIDDEN"}, {e.ida, ofKey, e.key.ID, "FORBIDDEN"},
		{e.gus, ofOrg, e.ada.Home, "FORBIDDEN"}, {e.eve, ofOrg, e.ada.Home, "NOT_FOUND"}, {e.eve, ofKey, e.key.ID, "NOT_FOUND"},
	} {
		if answer := c.who.Do(t, c.query, apptest.Vars{"id": c.id}); answer.Code() != c.code {
			t.Errorf("the bill of %s for %s: %s", c.id, c.who.Username, answer.Body)
		}
	}
	// Two minutes ago was another month once a month: then it is not in this month's bill.
	began := time.Now().UTC()
	want := map[string]string{e.key.ID: "15", e.ada.Home: "18"}
	if began.Add(-3*time.Minute).Month() != began.Month() {
		want = map[string]string{e.key.ID: "0", e.ada.Home: "0"}
	}
	bill := e.ada.Must(t, ofKey, apptest.Vars{"id": e.key.ID})
	if got := bill.Text("apiKey", "billing", "monthToDate", "amount"); got != want[e.key.ID] || bill.Text("apiKey", "billing", "unitPrice", "amount") != "1.5" {
		t.Errorf("ada's bill of the key: %s", bill.Body)
	}
	for _, owner := range []*apptest.Actor{e.ada, e.ida} {
		bill := owner.Must(t, ofOrg, apptest.Vars{"id": e.ada.Home})
		if bill.Text("organization", "billing", "monthToDate", "amount") != want[e.ada.Home] || bill.Text("organization", "billing", "billingEmail") != "bills@zanzibar.example" {
			t.Errorf("the bill of the organization: %s", bill.Body)
		}
	}
}

// C3, C8: each request is attributed to its key, its project and whose key it is; C14: and to what the project is for. What is hidden
// from who asks is in the sums, and in one group without a name.
//
//keyhall:norace
func TestUsageIsToldApartByWhatTheViewerMaySee(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		e, m := newEstate(t, s), metered{s}
		s.SQL(t, "INSERT INTO projects (id, created_at, organization_id, name, description, environment, is_default, archived_at, unit_price, currency, alert_email) VALUES ('prj_rehearsal', 1, ?, 'Rehearsal', '', 'STAGING', ?, 0, 0, 'USD', '')", e.ada.Home, false)
		s.JoinProject(t, "prj_rehearsal", e.ada, "OWNER")
		stage := e.ada.CreateKey(t, "stage", "prj_rehearsal", "PROJECT").ID
		mine := e.hal.CreateKey(t, "hal's own", e.ada.Project, "PROJECT").ID
		s.SQL(t, "UPDATE api_keys SET kind = 'PERSONAL' WHERE id = ?", mine)
		at := time.Now().Add(-3 * time.Minute)
		m.use(t, e.key.ID, 5, "GET", traffic.Valid, at)
		m.use(t, e.key.ID, 2, "POST", traffic.Disabled, at.Add(-time.Minute))
		m.use(t, mine, 3, "", traffic.Valid, at)
		m.use(t, stage, 7, "GET", traffic.Valid, at)
		var environment string
		s.Row(t, "SELECT environment FROM projects WHERE id = ?", []any{e.ada.Project}, &environment)
		line := func(parts ...string) string { slices.Sort(parts); return strings.Join(parts, " ") }
		for _, c := range []struct {
			who               *apptest.Actor
			query, of, id, by string
			want              string
		}{
			{e.ada, prjUsage, "project", e.ada.Project, "API_KEY", line(e.key.ID+"=7", "-=3")}, // hal's own key is not ada's to look at
			{e.hal, prjUsage, "project", e.ada.Project, "API_KEY", line(mine+"=3", "-=7")},
			{e.ida, prjUsage, "project", e.ada.Project, "API_KEY", "-=10"},
			{e.hal, prjUsage, "project", e.ada.Project, "MEMBER", line(e.ada.ID+"=7", e.hal.ID+"=3")},
			{e.hal, prjUsage, "project", e.ada.Project, "METHOD", line("=3", "GET=5", "POST=2")},
			{e.hal, prjUsage, "project", e.ada.Project, "OUTCOME", line("VALID=8", "DISABLED=2")},
			{e.ada, orgUsage, "organization", e.ada.Home, "PROJECT", line(e.ada.Project+"=10", "prj_rehearsal=7")},
			{e.ada, orgUsage, "organization", e.ada.Home, "ENVIRONMENT", line(environment+"=10", "STAGING=7")},
			{e.ida, orgUsage, "organization", e.ada.Home, "MEMBER", line(e.ada.ID+"=14", e.hal.ID+"=3")},
			{e.ben, keyUsage, "apiKey", e.key.ID, "METHOD", line("GET=5", "POST=2")},
			{e.ben, keyUsage, "apiKey", e.key.ID, "PROJECT", "-=7"}, // he is not in the project
			{e.ben, keyUsage, "apiKey", e.key.ID, "MEMBER", e.ada.ID + "=7"},
			{e.cleo, keyUsage, "apiKey", e.key.ID, "MEMBER", "FORBIDDEN api_key.view_sharing"},
			{e.gus, orgUsage, "organization", e.ada.Home, "MEMBER", "FORBIDDEN organization.view_usage"},
			{e.eve, keyUsage, "apiKey", e.key.ID, "MEMBER", "NOT_FOUND"},
		} {
			if got := grouped(t, c.who, c.query, c.of, c.id, c.by); got != c.want {
				t.Errorf("%s sees %s by %s: %q, want %q", c.who.Username, c.id, c.by, got, c.want)
			}
		}
		e.usageIsBounded(t)
	})
}

// usageIsBounded: an operation reads the usage of so many things only.
func (e *estate) usageIsBounded(t *testing.T) {
	t.Helper()
	usages := func(n int, args string) string {
		var text strings.Builder
		for i := range n {
			fmt.Fprintf(&text, "a%d: usage(window: LAST_HOUR%s) { requests } ", i, args)
		}
		return text.String()
	}
	one := func(n int) string {
		return `query($id: ID!) { apiKey(id: $id) { ` + usages(n, ", groupBy: METHOD") + ` } }`
	}
	three := func(n int) string { return `{ apiKeys(first: 3) { nodes { ` + usages(n, "") + ` } } }` }
	for _, c := range []struct{ query, code string }{{one(5), ""}, {one(6), "BAD_USER_INPUT"}, {three(8), ""}, {three(9), "BAD_USER_INPUT"}} {
		if out := e.ada.Do(t, c.query, apptest.Vars{"id": e.key.ID}); out.Code() != c.code {
			t.Errorf("want %q: %s", c.code, out.Body)
		}
	}
}

// Every window has its points, all of them over, one after the other; what happened in each is in it, also when minutes have become
// hours and hours days.
//
//keyhall:norace
func TestWindowsShowFinishedPeriodsOfUTC(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		m, ada := metered{s}, s.Actor(t, "ada")
		key := ada.CreateKey(t, "k", "", "PROJECT").ID
		now := time.Now().UTC()
		ages := []time.Duration{2 * time.Minute, 40 * time.Minute, 5 * time.Hour, 50 * time.Hour, 9 * 24 * time.Hour, 20 * 24 * time.Hour, 40 * 24 * time.Hour}
		for _, age := range ages {
			m.use(t, key, 1, "GET", traffic.Valid, now.Add(-age))
		}
		m.use(t, key, 100, "GET", traffic.Valid, now.Add(time.Minute)) // is not over
		if err := s.App.Usage.RollUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s.Count(t, "usage_buckets WHERE width = 'HOUR'") != 2 || s.Count(t, "usage_buckets WHERE width = 'DAY'") != 3 {
			t.Errorf("what is old is not added up")
		}
		for window, form := range map[string]struct {
			step time.Duration
			n    int
		}{
			"LAST_15_MINUTES": {time.Minute, 15}, "LAST_HOUR": {time.Minute, 60}, "LAST_24_HOURS": {time.Hour, 24}, "LAST_7_DAYS": {time.Hour, 168}, "LAST_30_DAYS": {24 * time.Hour, 30},
		} {
			before := time.Now()
			out := ada.Must(t, keyUsage, apptest.Vars{"id": key, "window": window})
			if !before.Truncate(form.step).Equal(time.Now().Truncate(form.step)) { // a period ended while it was asked for
				out = ada.Must(t, keyUsage, apptest.Vars{"id": key, "window": window})
				before = time.Now()
			}
			points, _ := out.At("apiKey", "usage", "points").([]any)
			if len(points) != form.n {
				t.Fatalf("%s has %d points, want %d", window, len(points), form.n)
			}
			first := before.UTC().Truncate(form.step).Add(-time.Duration(form.n) * form.step)
			sum := 0.0
			for i, p := range points {
				point := p.(map[string]any)
				start, err := time.Parse(time.RFC3339, point["start"].(string))
				if err != nil || !start.Equal(first.Add(time.Duration(i)*form.step)) {
					t.Fatalf("point %d of %s begins at %v, want %s", i, window, point["start"], first.Add(time.Duration(i)*form.step))
				}
				want := 0.0
				for _, age := range ages {
					if at := now.Add(-age); !at.Before(start) && at.Before(start.Add(form.step)) {
						want++
					}
				}
				if point["requests"].(float64) != want {
					t.Errorf("%s at %s: %v requests, want %v", window, start, point["requests"], want)
				}
				sum += want
			}
			if out.At("apiKey", "usage", "requests").(float64) != sum {
				t.Errorf("%s: %v requests in all, want %v", window, out.At("apiKey", "usage", "requests"), sum)
			}
		}
	})
}

// A stream of usage begins with the newest minute that is over. Nobody opens one on what they may not see.
func TestAStreamOfUsageBeginsWithTheNewestMinute(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		e, m := newEstate(t, s), metered{s}
		for age := range 4 {
			m.use(t, e.key.ID, 3, "GET", traffic.Valid, time.Now().Add(-time.Duration(age)*time.Minute))
		}
		const query = `subscription($id: ID!) { usage(apiKeyId: $id) { start group requests refused cost { amount } } }`
		for _, who := range []*apptest.Actor{e.ada, e.cleo} {
			name, event := who.Stream(t, query, apptest.Vars{"id": e.key.ID}).Event(t)
			if name != "next" || event.At("usage", "requests") != 3.0 || (event.At("usage", "cost") != nil) != (who == e.ada) {
				t.Errorf("%s sees first: %s %s", who.Username, name, event.Body)
			}
			start, err := time.Parse(time.RFC3339, event.Text("usage", "start"))
			if age := time.Since(start); err != nil || age < time.Minute || age > 3*time.Minute {
				t.Errorf("the first minute began at %s (%v)", start, err)
			}
		}
		for who, code := range map[*apptest.Actor]string{e.eve: "NOT_FOUND", e.hal: "FORBIDDEN"} {
			if _, event := who.Stream(t, query, apptest.Vars{"id": e.key.ID}).Event(t); event.Code() != code {
				t.Errorf("%s is told %s, want %s", who.Username, event.Body, code)
			}
		}
	})
}
