package graph_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/token"
)

// tenant is a project with a key of somebody's and a gateway.
type tenant struct {
	*apptest.Server
	id       string
	key      apptest.Key
	verifier string
}

// tenant gives somebody a key in a project; its owner makes the token of the gateway.
func newTenant(t *testing.T, s *apptest.Server, boss, who *apptest.Actor, name, environment string) *tenant {
	t.Helper()
	p := &tenant{Server: s, id: newProject(t, boss, boss.Home, name, environment)}
	if who != boss {
		join(t, boss, p.id, apptest.Vars{"userId": who.ID}, "MEMBER")
	}
	p.key = who.CreateKey(t, name, p.id, "PROJECT")
	p.verifier = boss.Must(t, createVerifier, apptest.Vars{"project": p.id}).Text("createVerifierToken", "plaintext")
	return p
}

// asks sends requests with a key through the gateway, and says what is answered.
func (p *tenant) asks(t *testing.T, key apptest.Key, requests int) string {
	t.Helper()
	var codes []string
	for range requests {
		codes = append(codes, p.Verify(t, p.verifier, apptest.Vars{"key": key.Plaintext, "method": "pay"}).Code)
	}
	return strings.Join(codes, " ")
}

// C3 C5 C6 C7 C8 C14: projects have keys, people, limits and usage of their own. What one uses up is refused there and nowhere else, its keys are
// unknown elsewhere, and what was asked is told for each project, key and person.
func TestWhatOneProjectUsesUpAnotherDoesNotNotice(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		s.JoinOrganization(t, ada.Home, ben, "READER")
		live := newTenant(t, s, ada, ada, "Live", "PRODUCTION")
		stage := newTenant(t, s, ada, ben, "Rehearsal", "STAGING")
		lab := newTenant(t, s, ada, ben, "Lab", "DEVELOPMENT")
		ada.Must(t, editLimits, limited(stage.id, apptest.Vars{"rates": []apptest.Vars{rate(2, 3600)}}))
		ada.Must(t, updateProject, apptest.Vars{"id": lab.id, "price": apptest.Vars{"amount": "1.5", "currency": "USD"}})
		ada.Must(t, editLimits, limited(lab.id, apptest.Vars{"spend": apptest.Vars{"amount": "3", "currency": "USD"}}))
		s.Settle(t)
		for _, c := range []struct {
			name     string
			at       *tenant
			key      apptest.Key
			requests int
			want     string
		}{
			{"the third of two an hour", stage, stage.key, 3, "VALID VALID RATE_LIMITED"},
			{"the third of 1.50 from 3.00", lab, lab.key, 3, "VALID VALID SPEND_LIMIT_REACHED"},
			{"what has no limit", live, live.key, 4, "VALID VALID VALID VALID"},
			{"a key of another project", live, stage.key, 1, "NOT_FOUND"},
			{"a key of another person's project", lab, live.key, 1, "NOT_FOUND"},
		} {
			if got := c.at.asks(t, c.key, c.requests); got != c.want {
				t.Errorf("%s: %s, want %s", c.name, got, c.want)
			}
		}
		for id, want := range map[string]string{stage.id: "true <nil>", lab.id: "<nil> true", live.id: "<nil> <nil>"} {
			out := ada.Must(t, seeLimits, apptest.Vars{"id": id})
			if got := fmt.Sprint(out.At("node", "limits", "rates", 0, "binds"), " ", out.At("node", "limits", "spend", "binds")); got != want {
				t.Errorf("what refuses in %s: %s, want %s", id, got, want)
			}
		}
		if err := s.App.Usage.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.SQL(t, "UPDATE usage_buckets SET start = start - 120000000") // as if it had been two minutes ago: then those minutes are over
		for _, c := range []struct {
			by   *apptest.Actor
			of   *tenant
			all  string
			key  string
			team string
		}{
			{ada, live, "4 of 4, 0 USD", live.key.ID + "=4", ada.ID + "=4"},
			{ada, stage, "2 of 3, 0 USD", stage.key.ID + "=3", ben.ID + "=3"},
			{ada, lab, "2 of 3, 3 USD", lab.key.ID + "=3", ben.ID + "=3"},
			{ben, stage, "2 of 3", stage.key.ID + "=3", ben.ID + "=3"},
			{ben, live, "NOT_FOUND", "NOT_FOUND", "NOT_FOUND"},
		} {
			if got := seen(t, c.by, prjUsage, "project", c.of.id, "LAST_15_MINUTES"); got != c.all {
				t.Errorf("%s is told of %s: %q, want %q", c.by.Username, c.of.id, got, c.all)
			}
			for by, want := range map[string]string{"API_KEY": c.key, "MEMBER": c.team} {
				if got := grouped(t, c.by, prjUsage, "project", c.of.id, by); got != want {
					t.Errorf("%s is told of %s by %s: %q, want %q", c.by.Username, c.of.id, by, got, want)
				}
			}
		}
	})
}

// C10: who loses their place in one project takes their keys of that one with them, at the gateway too, and no other key.
func TestAKeyStopsWithThePlaceOfWhoOwnsIt(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		s.JoinOrganization(t, ada.Home, ben, "READER")
		stage, lab := newTenant(t, s, ada, ben, "Rehearsal", "STAGING"), newTenant(t, s, ada, ben, "Lab", "DEVELOPMENT")
		mine := ada.CreateKey(t, "Mine", stage.id, "PROJECT")
		place := ada.Must(t, `query($id: ID!) { project(id: $id) { members(first: 5) { nodes { id grantee { ... on User { id } } } } } }`, apptest.Vars{"id": stage.id})
		for i := range 2 {
			if place.At("project", "members", "nodes", i, "grantee", "id") == ben.ID {
				ada.Must(t, removeProjectMember, apptest.Vars{"id": place.Text("project", "members", "nodes", i, "id")})
			}
		}
		s.Settle(t)
		for _, c := range []struct {
			at   *tenant
			key  apptest.Key
			want string
		}{{stage, stage.key, "OWNER_LOST_ACCESS"}, {stage, mine, "VALID"}, {lab, lab.key, "VALID"}} {
			if got := c.at.asks(t, c.key, 1); got != c.want {
				t.Errorf("%s: %s, want %s", c.key.ID, got, c.want)
			}
		}
	})
}

// C15: a key that is live is not deleted by accident: its name has to be typed. What is not live is deleted without.
func TestALiveKeyIsDeletedOnlyByWhoTypesItsName(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		const remove = `mutation($id: ID!, $name: String) { deleteAPIKey(input: {id: $id, confirmName: $name}) { deletedId errors { code path message } } }`
		live, test := newProject(t, ada, ada.Home, "Shop", "PRODUCTION"), newProject(t, ada, ada.Home, "Shop tests", "STAGING")
		key, other := ada.CreateKey(t, "Checkout", live, "PROJECT").ID, ada.CreateKey(t, "Checkout", test, "PROJECT").ID
		for _, typed := range []any{nil, "", "checkout", "Shop"} {
			out := ada.Do(t, remove, apptest.Vars{"id": key, "name": typed})
			if fmt.Sprint(out.Refused()) != "[INVALID]" || fmt.Sprint(out.At("deleteAPIKey", "errors", 0, "path")) != "[input confirmName]" || !strings.Contains(out.Body, "PRODUCTION") {
				t.Errorf("by who types %v: %s", typed, out.Body)
			}
		}
		for id, typed := range map[string]any{key: "Checkout", other: nil} {
			if out := ada.Do(t, remove, apptest.Vars{"id": id, "name": typed}); out.Text("deleteAPIKey", "deletedId") != id {
				t.Errorf("by who types %v: %s", typed, out.Body)
			}
		}
		if n := s.Count(t, "audit_events WHERE resource_id = ? AND type = 'api_key.deleted'", key); n != 1 {
			t.Errorf("%d events say that it is deleted", n)
		}
	})
}

// C13: that the key of a service account is exposed is told to whose hands it is in: the owners of its project, by a group too, and its team; and
// it works no more.
func TestTheOwnersOfAProjectAreToldOfAnExposedKeyOfItsMachines(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, cleo, dev, eve, gus := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo"), s.Actor(t, "dev"), s.Actor(t, "eve"), s.Actor(t, "gus")
		for _, who := range []*apptest.Actor{ben, cleo, dev, gus} {
			s.JoinOrganization(t, ada.Home, who, "READER")
		}
		p := newTenant(t, s, ada, ada, "Shop", "STAGING")
		join(t, ada, p.id, apptest.Vars{"userId": ben.ID}, "OWNER")
		join(t, ada, p.id, apptest.Vars{"groupId": ada.MakeGroup(t, "Owners", cleo)}, "OWNER")
		join(t, ada, p.id, apptest.Vars{"userId": dev.ID}, "MEMBER")
		s.JoinProject(t, p.id, eve, "OWNER") // is not in the organization
		off := ada.MakeGroup(t, "Off", gus)
		join(t, ada, p.id, apptest.Vars{"groupId": off}, "OWNER")
		s.SQL(t, `UPDATE "groups" SET status = 'DISABLED' WHERE id = ?`, off)
		ada.Must(t, updateProject, apptest.Vars{"id": p.id, "email": "team@keyhall.test"})
		service := ada.Must(t, createService, apptest.Vars{"project": p.id, "name": "ci"}).Text("createServiceAccount", "serviceAccount", "id")
		made := ada.Must(t, createKeyIn, apptest.Vars{"project": p.id, "service": service})
		key := apptest.Key{ID: made.Text("createAPIKey", "apiKey", "id"), Plaintext: made.Text("createAPIKey", "plaintext")}
		for _, id := range []string{key.ID, p.key.ID} {
			ben.Must(t, exposeMutation, apptest.Vars{"id": id, "reason": "seen in a log"})
		}
		s.Settle(t)
		if got := p.asks(t, key, 1); got != "EXPIRED" {
			t.Errorf("the exposed key is answered %s", got)
		}
		told := func(id, who string) int {
			return s.Count(t, "mails WHERE kind = 'key_exposed' AND resource_id = ? AND recipient = ?", id, who)
		}
		for address, want := range map[string]int{ada.Email: 1, cleo.Email: 1, "team@keyhall.test": 1, ben.Email: 0, dev.Email: 0, eve.Email: 0, gus.Email: 0} {
			if n := told(key.ID, address); n != want {
				t.Errorf("%d letters to %s, want %d", n, address, want)
			}
		}
		if all, its := s.Count(t, "mails WHERE kind = 'key_exposed' AND resource_id = ?", p.key.ID), told(p.key.ID, ada.Email); all != 1 || its != 1 {
			t.Errorf("of ada's own key %d letters, %d to her", all, its)
		}
	})
}

// C11 C12: where a key is made it is said where it belongs, and scanners find it: its form is published.
func TestAKeySaysWhereItBelongsAndIsFoundByScanners(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		out := ada.Must(t, `{ __type(name: "CreateAPIKeyPayload") { fields { name description } } }`, nil)
		for _, where := range []string{"secret manager", "environment variable", ".env", "never into code"} {
			if !strings.Contains(strings.ReplaceAll(out.Text("__type", "fields", 1, "description"), "\n", " "), where) {
				t.Errorf("nothing is said of %q: %s", where, out.Body)
			}
		}
		page, err := os.ReadFile(filepath.Join("..", "SECURITY.md"))
		if err != nil || !strings.Contains(string(page), token.ScannerPattern) {
			t.Fatalf("SECURITY.md does not publish what scanners look for: %v", err)
		}
		p := newTenant(t, s, ada, ada, "Live", "PRODUCTION")
		find := regexp.MustCompile(token.ScannerPattern)
		for what, text := range map[string]string{"a key": p.key.Plaintext, "its secret": p.key.Secret, "a verifier token": p.verifier} {
			if got := find.FindString("export API_KEY='" + text + "'"); got != text {
				t.Errorf("scanners do not find %s", what)
			}
		}
		for what, body := range map[string]string{
			"a list":  ada.Must(t, `{ apiKeys(first: 5) { nodes { id name start } } }`, nil).Body,
			"a trail": ada.Must(t, `query($id: ID!) { auditEvents(organizationId: $id, first: 20) { nodes { type resourceName changes { field before after } } } }`, apptest.Vars{"id": ada.Home}).Body,
			"the log": s.Log.String(),
		} {
			if find.MatchString(body) {
				t.Errorf("%s has what scanners look for", what)
			}
		}
	})
}
