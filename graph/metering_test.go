package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

const meterKey = `mutation($id: ID!, $metering: Metering) { updateAPIKey(input: {id: $id, metering: $metering}) { apiKey { metering } errors { code message } } }`

// 5.4, 5.5: whether a key is answered before its use is on the disk is set by who may edit it, and the trail says so; a key that takes its place
// keeps it, whether it is rotated or moved.
func TestAKeyIsMeteredAsItsPeopleSay(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		key := ada.CreateKey(t, "Payments", "", "PROJECT").ID
		ada.Share(t, key, ben, "CONTRIBUTOR")
		strict := apptest.Vars{"id": key, "metering": "STRICT"}
		if out := ben.Do(t, meterKey, strict); out.Code() != "FORBIDDEN" {
			t.Errorf("a contributor: %s", out.Body)
		}
		see := `query($id: ID!) { apiKey(id: $id) { metering } }`
		if out := ben.Must(t, see, apptest.Vars{"id": key}); out.At("apiKey", "metering") != "BEST_EFFORT" {
			t.Errorf("by itself: %s", out.Body)
		}
		for range 2 {
			if out := ada.Must(t, meterKey, strict); out.At("updateAPIKey", "apiKey", "metering") != "STRICT" {
				t.Errorf("set: %s", out.Body)
			}
		}
		ada.Must(t, meterKey, apptest.Vars{"id": key}) // what is left out stays
		var said []string
		for _, e := range s.AuditTrail(t, key) {
			if e.Type == "api_key.updated" {
				said = append(said, e.Change("metering"))
			}
		}
		if len(said) != 1 || !strings.Contains(said[0], "STRICT") {
			t.Errorf("the trail says %q", said)
		}
		next := ada.Must(t, `mutation($id: ID!) { rotateAPIKey(input: {id: $id}) { apiKey { metering } errors { message } } }`, apptest.Vars{"id": key})
		if next.At("rotateAPIKey", "apiKey", "metering") != "STRICT" {
			t.Errorf("rotated: %s", next.Body)
		}
		made := ada.Must(t, `mutation { createAPIKey(input: {name: "S", kind: PERSONAL, metering: STRICT}) { apiKey { id metering } errors { message } } }`, nil)
		if made.At("createAPIKey", "apiKey", "metering") != "STRICT" {
			t.Errorf("made: %s", made.Body)
		}
		moved := ada.Must(t, moveKey, apptest.Vars{"id": made.Text("createAPIKey", "apiKey", "id"), "project": ada.Project})
		if out := ada.Must(t, see, apptest.Vars{"id": moved.Text("moveAPIKeyToProject", "apiKey", "id")}); out.At("apiKey", "metering") != "STRICT" {
			t.Errorf("moved: %s", out.Body)
		}
	})
}

// C3, C14: the limits of a key go with it into a project. A spend limit in another currency than the project's stays behind, as nothing could
// be spent under it, and the trail says what went and what did not.
func TestTheLimitsOfAKeyMoveWithIt(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		euro, dollar := newProject(t, ada, ada.Home, "E", "STAGING"), newProject(t, ada, ada.Home, "D", "STAGING")
		ada.Must(t, priceProject, apptest.Vars{"id": euro, "price": apptest.Vars{"amount": "1", "currency": "EUR"}})
		for project, want := range map[string]string{
			euro:   "map[alerts:[map[percent:50]] rates:[map[requests:5 windowSeconds:60]] spend:<nil>]",
			dollar: "map[alerts:[map[percent:50]] rates:[map[requests:5 windowSeconds:60]] spend:map[amount:map[amount:10 currency:USD]]]",
		} {
			old := ada.CreateKey(t, "mine", "", "PERSONAL").ID
			ada.Must(t, editLimits, limited(old, apptest.Vars{
				"rates": []apptest.Vars{rate(5, 60)}, "spend": apptest.Vars{"amount": "10", "currency": "USD"},
				"alerts": []apptest.Vars{{"percent": 50, "emails": []string{"a@example.com"}}},
			}))
			id := ada.Must(t, moveKey, apptest.Vars{"id": old, "project": project}).Text("moveAPIKeyToProject", "apiKey", "id")
			got := ada.Must(t, `query($id: ID!) { apiKey(id: $id) { limits { rates { requests windowSeconds } spend { amount { amount currency } } alerts { percent } } } }`, apptest.Vars{"id": id})
			if text := fmt.Sprint(got.At("apiKey", "limits")); text != want {
				t.Errorf("it has %s, want %s", text, want)
			}
			trail := ada.Must(t, `query($id: ID!, $key: ID!) { auditEvents(organizationId: $id, filter: {types: ["api_key.moved"], resourceIds: [$key]}) { nodes { changes { field before after } } } }`,
				apptest.Vars{"id": ada.Home, "key": old})
			said := fmt.Sprint(trail.At("auditEvents", "nodes", 0, "changes"))
			spend := map[string]string{euro: "map[after: before:10 USD field:spend]", dollar: "map[after:10 USD before:10 USD field:spend]"}[project]
			if !strings.Contains(said, "map[after:5 in 60 s before:5 in 60 s field:rates]") || !strings.Contains(said, spend) {
				t.Errorf("the trail says %s", said)
			}
		}
	})
}

const priceProject = `mutation($id: ID!, $price: MoneyInput!) { updateProject(input: {id: $id, unitPrice: $price}) { project { id } errors { code message path } } }`

// 5.5: use is not priced in another currency than a spend limit that holds for it, be it the key's, the project's or the organization's: who tries is
// told what to do first, and nothing is written.
func TestAPriceIsInTheCurrencyOfTheLimits(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		key := ada.CreateKey(t, "Payments", "", "PROJECT").ID
		price := func(amount, currency string) apptest.Answer {
			return ada.Do(t, priceProject, apptest.Vars{"id": ada.Project, "price": apptest.Vars{"amount": amount, "currency": currency}})
		}
		ten := apptest.Vars{"amount": "10", "currency": "USD"}
		for target, says := range map[string]string{key: "a key of the project", ada.Project: "of: the project;", ada.Home: "the organization"} {
			ada.Must(t, editLimits, limited(target, apptest.Vars{"spend": ten}))
			out := price("2", "EUR")
			if fmt.Sprint(out.Refused()) != "[INVALID]" || !strings.Contains(out.Body, says) || !strings.Contains(out.Body, "updateLimits") || strings.Contains(out.Body, "Payments") {
				t.Errorf("with a limit of %s: %s", target, out.Body)
			}
			if out := price("2", "USD"); len(out.Refused()) > 0 {
				t.Errorf("in the currency of the limit: %s", out.Body)
			}
			if out := price("0", "USD"); len(out.Refused()) > 0 {
				t.Errorf("nothing: %s", out.Body)
			}
			ada.Must(t, editLimits, limited(target, apptest.Vars{"spend": nil}))
		}
		if n := s.Count(t, "projects WHERE currency = 'EUR'"); n != 0 {
			t.Errorf("%d projects were priced in EUR", n)
		}
		if out := price("2", "EUR"); len(out.Refused()) > 0 {
			t.Errorf("once they are removed: %s", out.Body)
		}
	})
}
