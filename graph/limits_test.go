package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/limit"
	"github.com/keyhall/keyhall/internal/traffic"
)

const (
	limitFields = `limits { rates { requests windowSeconds used resetsAt binds } spend { amount { amount currency } spent { amount currency } resetsAt binds }
		alerts { id percent emails webhookUrl webhookSecret } }`
	editLimits = `mutation($in: UpdateLimitsInput!) { updateLimits(input: $in) { ` + limitFields + ` errors { code message path } } }`
	seeLimits  = `query($id: ID!) { node(id: $id) { ... on APIKey { ` + limitFields + ` } ... on Project { ` + limitFields + ` } ... on Organization { ` + limitFields + ` } } }`
)

// limited is an input of updateLimits.
func limited(target string, with apptest.Vars) apptest.Vars {
	in := apptest.Vars{"targetId": target}
	for name, v := range with {
		in[name] = v
	}
	return apptest.Vars{"in": in}
}

func rate(requests, seconds any) apptest.Vars {
	return apptest.Vars{"requests": requests, "windowSeconds": seconds}
}

// team is an organization with everybody who could have something to do with the limits of a key in it.
type team struct {
	*apptest.Server
	key     apptest.Key
	project string
	people  map[string]*apptest.Actor
}

func newTeam(t *testing.T, s *apptest.Server) *team {
	t.Helper()
	c := &team{Server: s, people: map[string]*apptest.Actor{"nobody": s.Anonymous()}}
	for _, name := range []string{"boss", "owner", "head", "hand", "reader", "admin", "contr", "stranger"} {
		c.people[name] = s.Actor(t, name)
	}
	boss := c.people["boss"]
	c.project = boss.Project
	for name, role := range map[string]string{"owner": "MEMBER", "head": "OWNER", "hand": "MEMBER", "reader": ""} {
		s.JoinOrganization(t, boss.Home, c.people[name], "READER")
		if role != "" {
			s.JoinProject(t, boss.Project, c.people[name], role)
		}
	}
	s.SQL(t, "DELETE FROM project_members WHERE user_id = ? AND project_id = ?", boss.ID, boss.Project) // owns the organization, and is in none of its projects
	c.key = c.people["owner"].CreateKey(t, "Payments", c.project, "PROJECT")
	c.people["owner"].Share(t, c.key.ID, c.people["admin"], "ADMIN")
	c.people["owner"].Share(t, c.key.ID, c.people["contr"], "CONTRIBUTOR")
	return c
}

// C14, C16, design section 3: who sees and who changes the limits of a key, of a project and of an organization. y: done; F: FORBIDDEN; N: NOT_FOUND;
// U: UNAUTHENTICATED. v: changes them and does not see them.
//
//keyhall:norace
func TestWhoSeesAndChangesLimits(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		c := newTeam(t, s)
		//                    boss owner head hand reader admin contr stranger nobody
		people := strings.Fields("boss owner head hand reader admin contr stranger nobody")
		codes := map[string]string{"y": "", "F": "FORBIDDEN", "N": "NOT_FOUND", "U": "UNAUTHENTICATED"}
		for _, row := range []struct{ target, sees, edits string }{
			{c.key.ID, "F y y F N y F N U", "y y y F N y F N U"},
			{c.project, "y y y y N N N N U", "y F y F N N N N U"},
			{c.people["boss"].Home, "y F F F F N N N U", "y F F F F N N N U"},
		} {
			for i, name := range people {
				who, sees, edits := c.people[name], strings.Fields(row.sees)[i], strings.Fields(row.edits)[i]
				out := who.Do(t, seeLimits, apptest.Vars{"id": row.target})
				if out.Code() != codes[sees] || (out.At("node", "limits") != nil) != (sees == "y") {
					t.Errorf("%s looks at the limits of %s: %s, want %q", name, row.target, out.Body, codes[sees])
				}
				out = who.Do(t, editLimits, limited(row.target, apptest.Vars{"rates": []apptest.Vars{rate(100+i, 60)}}))
				done := s.Count(t, "rate_limits WHERE requests = ? AND (api_key_id = ? OR project_id = ? OR organization_id = ?)", 100+i, row.target, row.target, row.target) == 1
				if out.Code() != codes[edits] || done != (edits == "y") {
					t.Errorf("%s changes the limits of %s: %s (written: %v), want %q", name, row.target, out.Body, done, codes[edits])
				}
				if edits == "y" && (out.At("updateLimits", "limits") != nil) != (sees == "y") {
					t.Errorf("%s changed the limits of %s and is shown %s", name, row.target, out.Body)
				}
			}
		}
	})
}

// 5.5, C14: a list takes the place of the one there was, what is left out stays, null clears; the audit trail says before and after.
//
//keyhall:norace
func TestLimitsAreReplacedKeptAndCleared(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		alerts := []apptest.Vars{{"percent": 80, "emails": []string{"b@example.com", "a@example.com"}}, {"percent": 50, "emails": []string{}, "webhookUrl": "https://hooks.example.com/x"}}
		set := ada.Must(t, editLimits, limited(ada.Project, apptest.Vars{
			"rates": []apptest.Vars{rate(1000, 86400), rate(5, 1)}, "spend": apptest.Vars{"amount": "12.500001", "currency": "USD"}, "alerts": alerts,
		}))
		at := func(o apptest.Answer, path ...any) any {
			return o.At(append([]any{"updateLimits", "limits"}, path...)...)
		}
		if at(set, "rates", 0, "requests") != 5.0 || at(set, "rates", 1, "windowSeconds") != 86400.0 || at(set, "spend", "amount", "amount") != "12.500001" ||
			at(set, "spend", "spent", "amount") != "0" || at(set, "alerts", 0, "percent") != 50.0 || at(set, "alerts", 1, "webhookUrl") != nil {
			t.Errorf("set: %s", set.Body)
		}
		if text, _ := at(set, "alerts", 0, "webhookSecret").(string); len(text) < 40 || at(set, "alerts", 1, "webhookSecret") != nil {
			t.Errorf("the secret of a webhook: %s", set.Body)
		}
		id := at(set, "alerts", 1, "id")
		kept := ada.Must(t, editLimits, limited(ada.Project, apptest.Vars{"alerts": []apptest.Vars{alerts[0]}}))
		if at(kept, "alerts", 0, "id") != id || at(kept, "rates", 1) == nil || at(kept, "spend", "amount", "amount") != "12.500001" {
			t.Errorf("an alert that stays keeps its id, and what is left out stays: %s", kept.Body)
		}
		events := s.Count(t, "audit_events WHERE type = 'limits.updated'")
		ada.Must(t, editLimits, limited(ada.Project, apptest.Vars{"alerts": []apptest.Vars{alerts[0]}, "rates": []apptest.Vars{rate(5, 1), rate(1000, 86400)}}))
		if n := s.Count(t, "audit_events WHERE type = 'limits.updated'"); n != events {
			t.Errorf("nothing changed, and %d events more", n-events)
		}
		gone := ada.Must(t, editLimits, limited(ada.Project, apptest.Vars{"spend": nil, "rates": nil, "alerts": []any{}}))
		if at(gone, "spend") != nil || len(at(gone, "rates").([]any)) != 0 || len(at(gone, "alerts").([]any)) != 0 {
			t.Errorf("cleared: %s", gone.Body)
		}
		trail := ada.Must(t, `query($id: ID!) { auditEvents(organizationId: $id, first: 1, filter: {types: ["limits.updated"]}) { nodes { changes { field before after } } } }`, apptest.Vars{"id": ada.Home})
		for _, want := range []string{`"5 in 1 s, 1000 in 86400 s"`, `"12.500001 USD"`, `"80 %: b@example.com a@example.com"`} {
			if !strings.Contains(trail.Body, want) {
				t.Errorf("the trail does not say %s: %s", want, trail.Body)
			}
		}
	})
}

// What could not be held, or would hold nothing, is refused by name, and nothing is written.
//
//keyhall:norace
func TestLimitsThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		alert := func(change apptest.Vars) apptest.Vars {
			a := apptest.Vars{"percent": 50, "emails": []string{"a@example.com"}}
			for k, v := range change {
				a[k] = v
			}
			return apptest.Vars{"alerts": []apptest.Vars{a}}
		}
		many := func(n int, one func(i int) any) (out []any) {
			for i := range n {
				out = append(out, one(i))
			}
			return out
		}
		hook := func(url string) apptest.Vars { return alert(apptest.Vars{"webhookUrl": url}) }
		for place, in := range map[string]apptest.Vars{
			"rates.0.requests":      {"rates": []apptest.Vars{rate(0, 1)}},
			"rates.0.requests ":     {"rates": []apptest.Vars{rate(-1, 1)}},
			"rates.0.requests  ":    {"rates": []apptest.Vars{rate(1_000_000_001, 1)}},
			"rates.0.windowSeconds": {"rates": []apptest.Vars{rate(1, 0)}}, "rates.0.windowSeconds ": {"rates": []apptest.Vars{rate(1, 2_678_401)}},
			"rates.1.windowSeconds": {"rates": []apptest.Vars{rate(1, 60), rate(2, 60)}},
			"rates":                 {"rates": many(11, func(i int) any { return rate(1, i+1) })},
			"spend.amount":          {"spend": apptest.Vars{"amount": "0", "currency": "USD"}},
			"spend.amount ":         {"spend": apptest.Vars{"amount": "-1", "currency": "USD"}},
			"spend.currency":        {"spend": apptest.Vars{"amount": "1", "currency": "usd"}},
			"spend.currency ":       {"spend": apptest.Vars{"amount": "1", "currency": "EUR"}},
			"alerts.0.percent":      alert(apptest.Vars{"percent": 0}), "alerts.0.percent ": alert(apptest.Vars{"percent": 101}),
			"alerts.0.emails":     alert(apptest.Vars{"emails": []string{}}),
			"alerts.0.emails ":    alert(apptest.Vars{"emails": many(11, func(i int) any { return fmt.Sprintf("a%d@example.com", i) })}),
			"alerts.0.emails.0":   alert(apptest.Vars{"emails": []string{"Ada <a@example.com>"}}),
			"alerts.0.emails.1":   alert(apptest.Vars{"emails": []string{"a@example.com", "a@example.com"}}),
			"alerts":              {"alerts": many(11, func(int) any { return apptest.Vars{"percent": 1, "emails": []string{"a@example.com"}} })},
			"alerts.0.webhookUrl": hook("http://hooks.example.com/"), "alerts.0.webhookUrl ": hook("https://127.0.0.1/"), "alerts.0.webhookUrl  ": hook("https://10.1.2.3/"),
			"alerts.0.webhookUrl   ": hook("https://[::1]/"), "alerts.0.webhookUrl    ": hook("https://localhost/"), "alerts.0.webhookUrl     ": hook("https://u:p@hooks.example.com/"),
			"alerts.0.webhookUrl 1": hook("https://[::ffff:192.168.0.1]/"), "alerts.0.webhookUrl 2": hook("https://169.254.169.254/latest"), "alerts.0.webhookUrl 3": hook("ftp://x.example"), "alerts.0.webhookUrl 4": hook(""),
		} {
			path, _, _ := strings.Cut(place, " ")
			out := ada.Do(t, editLimits, limited(ada.Project, in))
			refused := out.Refused()
			got := fmt.Sprint(out.At("updateLimits", "errors", 0, "path"))
			if len(refused) == 0 || got != "[input "+strings.ReplaceAll(path, ".", " ")+"]" {
				t.Errorf("%s: %s", place, out.Body)
			}
		}
		for _, amount := range []any{"1.0000001", "1e3", "", 1.5, "NaN"} {
			if out := ada.Do(t, editLimits, limited(ada.Project, apptest.Vars{"spend": apptest.Vars{"amount": amount, "currency": "USD"}})); out.Code() != "BAD_USER_INPUT" {
				t.Errorf("an amount of %v: %s", amount, out.Body)
			}
		}
		if s.Count(t, "rate_limits")+s.Count(t, "spend_limits")+s.Count(t, "spend_alerts")+s.Count(t, "audit_events WHERE type = 'limits.updated'") != 0 {
			t.Error("something was written")
		}
		if out := ada.Do(t, editLimits, limited("sec_1", apptest.Vars{"rates": nil})); out.Code() != "NOT_FOUND" {
			t.Errorf("the limits of what has none: %s", out.Body)
		}
	})
}

// An amount that is none is refused in words that say how one is written, and that repeat nothing.
func TestAnAmountThatIsNoneSaysHowOneIsWritten(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		for amount, want := range map[any]string{"1e5": "digits with at most six places", "0.0000001": "at most six places", "12,5": "digits", 5.5: "as a string", strings.Repeat("9", 30): "digits", "": "digits"} {
			out := ada.Do(t, editLimits, limited(ada.Project, apptest.Vars{"spend": apptest.Vars{"amount": amount, "currency": "USD"}}))
			if out.Code() != "BAD_USER_INPUT" || !strings.Contains(out.Body, want) || amount != "" && strings.Contains(out.Body, fmt.Sprint(amount)) {
				t.Errorf("%v: %s, want %q", amount, out.Body, want)
			}
		}
	})
}

// 5.5, C7: used, spent, binds and resetsAt are how the limits stand now; what is spent only who may see the cost sees (A19, A24).
//
//keyhall:norace
func TestLimitsSayHowTheyStand(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		c := newTeam(t, s)
		owner, boss := c.people["owner"], c.people["boss"]
		owner.Must(t, editLimits, limited(c.key.ID, apptest.Vars{"rates": []apptest.Vars{rate(3, 86400)}}))
		boss.Must(t, editLimits, limited(c.project, apptest.Vars{"spend": apptest.Vars{"amount": "0.05", "currency": "USD"}}))
		k := &traffic.Key{ID: c.key.ID, ProjectID: c.project, UnitPrice: 20_000, Currency: "USD",
			Rates: []traffic.Rate{{Scope: c.key.ID, Requests: 3, Window: 86400e9}}, Spends: []traffic.Spend{{Scope: c.project, Amount: 50_000, Currency: "USD"}}}
		var codes []traffic.Code
		for range 3 {
			got, err := s.App.Quota.Take(t.Context(), k, 1)
			if err != nil {
				t.Fatal(err)
			}
			codes = append(codes, got.Code)
		}
		if !slices.Equal(codes, []traffic.Code{traffic.Valid, traffic.Valid, traffic.SpendLimitReached}) {
			t.Errorf("two units of 0.02 fit into 0.05, and no third: %v", codes)
		}
		ofKey := owner.Must(t, seeLimits, apptest.Vars{"id": c.key.ID})
		if ofKey.At("node", "limits", "rates", 0, "used") != 2.0 || ofKey.At("node", "limits", "rates", 0, "binds") != false || ofKey.Text("node", "limits", "rates", 0, "resetsAt") == "" {
			t.Errorf("the rate of the key: %s", ofKey.Body)
		}
		ofProject := boss.Must(t, seeLimits, apptest.Vars{"id": c.project})
		if ofProject.At("node", "limits", "spend", "spent", "amount") != "0.04" || ofProject.At("node", "limits", "spend", "binds") != true ||
			!strings.HasSuffix(ofProject.Text("node", "limits", "spend", "resetsAt"), "-01T00:00:00Z") {
			t.Errorf("the spend limit of the project: %s", ofProject.Body)
		}
		for _, name := range []string{"head", "hand"} {
			out := c.people[name].Must(t, seeLimits, apptest.Vars{"id": c.project})
			if out.At("node", "limits", "spend", "spent") != nil || out.Text("node", "limits", "spend", "amount", "amount") != "0.05" {
				t.Errorf("%s sees the cost: %s", name, out.Body)
			}
		}
		if _, err := s.App.Quota.Take(t.Context(), &traffic.Key{ID: c.key.ID, Rates: k.Rates}, 1); err != nil {
			t.Fatal(err)
		}
		if out := owner.Must(t, seeLimits, apptest.Vars{"id": c.key.ID}); out.At("node", "limits", "rates", 0, "binds") != true || out.At("node", "limits", "rates", 0, "used") != 3.0 {
			t.Errorf("all is used: %s", out.Body)
		}
	})
}

// An alert writes to people who never asked for it: whoever makes new ones is held back as who invites, and what stays is not counted.
func TestNobodyIsFloodedByNewAlerts(t *testing.T) {
	t.Parallel()
	s := apptest.New(t, apptest.SQLite, func(c *app.Config) { c.Invites = limit.Rate{Count: 4, Per: time.Hour} })
	ada := s.Actor(t, "ada")
	alerts := func(percent ...int) string {
		var list []apptest.Vars
		for _, p := range percent {
			list = append(list, apptest.Vars{"percent": p, "emails": []string{"victim@example.com"}, "webhookUrl": "https://hooks.example.com/x"})
		}
		return ada.Do(t, editLimits, limited(ada.Project, apptest.Vars{"alerts": list})).Code()
	}
	for _, step := range []struct {
		percent []int
		code    string
	}{{[]int{1}, ""}, {[]int{1, 2}, ""}, {[]int{1, 2}, ""}, {[]int{2}, ""}, {[]int{2, 3}, "RATE_LIMITED"}, {nil, ""}} {
		if code := alerts(step.percent...); code != step.code {
			t.Errorf("alerts at %v: %q, want %q", step.percent, code, step.code)
		}
	}
}

// A rotated key is limited as the old one was, and a deleted one leaves nothing that limits.
//
//keyhall:norace
func TestLimitsGoWithTheirKey(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		old := ada.CreateKey(t, "Payments", "", "PROJECT").ID
		ada.Must(t, editLimits, limited(old, apptest.Vars{"rates": []apptest.Vars{rate(5, 60)}, "spend": apptest.Vars{"amount": "3.5", "currency": "USD"},
			"alerts": []apptest.Vars{{"percent": 75, "emails": []string{"a@example.com"}, "webhookUrl": "https://hooks.example.com/x"}}}))
		s.SQL(t, "UPDATE api_keys SET metering = 'STRICT'")
		s.SQL(t, "UPDATE spend_alerts SET raised_for = 202611")
		heir := ada.Must(t, `mutation($id: ID!) { rotateAPIKey(input: {id: $id, overlapSeconds: 60}) { apiKey { id } errors { code } } }`, apptest.Vars{"id": old}).Text("rotateAPIKey", "apiKey", "id")
		now := ada.Must(t, seeLimits, apptest.Vars{"id": heir})
		at := func(path ...any) any { return now.At(append([]any{"node", "limits"}, path...)...) }
		if at("rates", 0, "requests") != 5.0 || at("spend", "amount", "amount") != "3.5" || at("alerts", 0, "percent") != 75.0 || at("alerts", 0, "webhookUrl") != "https://hooks.example.com/x" {
			t.Errorf("rotated: %s", now.Body)
		}
		if n := s.Count(t, "api_keys WHERE metering = 'STRICT'"); n != 2 {
			t.Errorf("%d of 2 keys are metered strictly", n)
		}
		if n := s.Count(t, "spend_alerts WHERE raised_for = 202611"); n != 2 {
			t.Errorf("people who were told once a month are told again after a rotation")
		}
		for _, id := range []string{heir, old} {
			ada.Must(t, `mutation($id: ID!) { deleteAPIKey(input: {id: $id}) { deletedId errors { code } } }`, apptest.Vars{"id": id})
		}
		if n := s.Count(t, "rate_limits") + s.Count(t, "spend_limits") + s.Count(t, "spend_alerts"); n != 0 {
			t.Errorf("%d limits are left of keys that are gone", n)
		}
	})
}

// 0011: who may not see the limits of a key does not read them in the audit trail either.
//
//keyhall:norace
func TestTheAuditTrailIsNoSideDoorToLimits(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		c := newTeam(t, s)
		boss := c.people["boss"]
		c.people["owner"].Must(t, editLimits, limited(c.key.ID, apptest.Vars{"rates": []apptest.Vars{rate(5, 60)}}))
		boss.Must(t, editLimits, limited(c.project, apptest.Vars{"rates": []apptest.Vars{rate(9, 60)}}))
		trail := boss.Must(t, `query($id: ID!) { auditEvents(organizationId: $id, first: 10, filter: {types: ["limits.updated"]}) { nodes { resourceId changes { field before after } } } }`, apptest.Vars{"id": boss.Home})
		if strings.Contains(trail.Body, "5 in 60 s") || !strings.Contains(trail.Body, "9 in 60 s") || strings.Count(trail.Body, `"field":"rates"`) != 2 {
			t.Errorf("the owner of the organization, who sees the limits of the project and not those of the key, reads %s", trail.Body)
		}
	})
}
