package graph_test

import (
	"fmt"
	"slices"
	"testing"

	"entgo.io/ent/schema/field"

	"github.com/keyhall/keyhall/ent/migrate"
	"github.com/keyhall/keyhall/internal/apptest"
)

// remembered are the tables that speak of what is gone, on purpose: what was done, whom it concerned, and what was answered.
var remembered = []string{"audit_events", "revocations", "idempotency_keys"}

// naming lists the rows of all other tables in which any column is one of the ids.
func naming(t *testing.T, s *apptest.Server, ids ...any) (rows []string) {
	t.Helper()
	for _, table := range migrate.Tables {
		if slices.Contains(remembered, table.Name) {
			continue
		}
		for _, column := range table.Columns {
			if column.Type != field.TypeString {
				continue
			}
			for _, id := range ids {
				if n := s.Count(t, fmt.Sprintf("%q WHERE %q = ?", table.Name, column.Name), id); n > 0 {
					rows = append(rows, fmt.Sprintf("%d of %s.%s", n, table.Name, column.Name))
				}
			}
		}
	}
	return rows
}

// spending is an organization with a project and a key that are limited and were used, reported of, and told of; ids are theirs and those
// of their alerts.
func spending(t *testing.T, s *apptest.Server, ada *apptest.Actor) (organization, project, key string, ids map[string][]any) {
	t.Helper()
	organization = ada.MakeOrganization(t, "Acme")
	project = newProject(t, ada, organization, "P", "STAGING")
	made, ids := ada.CreateKey(t, "Key", project, "PROJECT"), map[string][]any{}
	ada.Must(t, priceProject, apptest.Vars{"id": project, "price": apptest.Vars{"amount": "1", "currency": "USD"}})
	for _, target := range []string{organization, project, made.ID} {
		out := ada.Must(t, editLimits, limited(target, apptest.Vars{
			"rates": []apptest.Vars{rate(500, 60)}, "spend": apptest.Vars{"amount": "10", "currency": "USD"},
			"alerts": []apptest.Vars{{"percent": 1, "emails": []string{"team@example.com"}, "webhookUrl": "https://hooks.example.com/x"}},
		}))
		ids[target] = []any{target, out.Text("updateLimits", "limits", "alerts", 0, "id")}
	}
	verifier := s.PutVerifier(t, project, ada)
	s.Settle(t)
	if got := s.Verify(t, verifier, apptest.Vars{"key": made.Plaintext, "cost": 5}); got.Code != "VALID" {
		t.Fatalf("a request: %s", got.Body)
	}
	if err := s.App.House.RaiseSpendAlerts(t.Context(), []string{organization, project, made.ID}); err != nil {
		t.Fatal(err)
	}
	for _, from := range []string{"spend_accounts", "spend_leases", "webhooks"} {
		if n := s.Count(t, from); n != 3 {
			t.Fatalf("%d rows of %s to begin with, want 3", n, from)
		}
	}
	return organization, project, made.ID, ids
}

// C16: nothing that names a key, a project or an organization is left once it is deleted, but what was used of a key: that is its project's. What still
// runs writes nothing more of it.
func TestNothingIsLeftOfWhatIsDeleted(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		organization, project, key, ids := spending(t, s, ada)
		if err := s.App.Usage.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		ada.Must(t, `mutation($id: ID!) { deleteAPIKey(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": key})
		if rows := naming(t, s, ids[key]...); fmt.Sprint(rows) != "[1 of usage_buckets.api_key_id]" {
			t.Errorf("of the key: %v", rows)
		}
		ada.Must(t, `mutation($id: ID!) { archiveProject(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": project})
		ada.Must(t, deleteOrganization, apptest.Vars{"id": organization, "name": "Acme"})
		if err := s.App.Quota.Close(t.Context()); err != nil {
			t.Error(err)
		}
		all := append(append(ids[key], ids[project]...), ids[organization]...)
		if rows := naming(t, s, all...); len(rows) > 0 {
			t.Errorf("of the organization: %v", rows)
		}
	})
}
