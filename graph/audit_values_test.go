package graph_test

import (
	"fmt"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

const (
	trailValues = `query($id: ID!) { auditEvents(organizationId: $id, first: 100, filter: {types: ["security_settings.updated", "api_key.updated"]}) {
		nodes { id type resourceId changes { field before after } } } }`
	eventValues = `query($id: ID!) { node(id: $id) { ... on AuditEvent { type changes { field before after } } } }`
)

// A22, design section 3: who may not see the security settings of a key does not read them in the audit trail either, only
// that they were changed, by whom and which. A deleted key's are shown to nobody. Everything else of the trail stays.
//
//keyhall:norace
func TestTheAuditTrailIsNoSideDoorToSecuritySettings(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		e := newEstate(t, s)
		e.ada.Must(t, editSecurity, settings(e.key.ID, apptest.Vars{"origins": []string{"https://before.example"}}))
		e.ben.Must(t, editSecurity, settings(e.key.ID, apptest.Vars{"origins": []string{"https://after.example"}}))
		e.ada.Must(t, editSecurity, settings(e.spare.ID, apptest.Vars{"requireSecret": true}))
		e.ada.Must(t, `mutation($id: ID!) { updateAPIKey(input: {id: $id, name: "Payouts"}) { errors { code } } }`, apptest.Vars{"id": e.key.ID})
		last := func(key string) (id string) {
			s.Row(t, "SELECT id FROM audit_events WHERE type = 'security_settings.updated' AND resource_id = ? ORDER BY created_at DESC, id DESC LIMIT 1", []any{key}, &id)
			return id
		}
		edited, spare := last(e.key.ID), last(e.spare.ID)
		// reads tells what somebody is shown of an event, in the list and alone.
		reads := func(who *apptest.Actor, event string) string {
			t.Helper()
			list, alone := who.Must(t, trailValues, apptest.Vars{"id": e.ada.Home}), about(t, who, eventValues, event)
			for i := range list.At("auditEvents", "nodes").([]any) {
				if list.Text("auditEvents", "nodes", i, "id") != event {
					continue
				}
				got := fmt.Sprint(list.At("auditEvents", "nodes", i, "changes"))
				if other := fmt.Sprint(alone.At("node", "changes")); got != other {
					t.Errorf("%s reads %s in the list and %s alone", who.Username, got, other)
				}
				return got
			}
			t.Errorf("%s does not see %s: %s", who.Username, event, list.Body)
			return ""
		}
		const open, shut = "[map[after:https://after.example before:https://before.example field:origins]]", "[map[after:<nil> before:<nil> field:origins]]"
		shows := func(why string, who *apptest.Actor, event, want string) {
			t.Helper()
			if got := reads(who, event); got != want {
				t.Errorf("%s reads %s, want %s", why, got, want)
			}
		}
		shows("the owner of the key", e.ada, edited, open)
		shows("an owner of the organization", e.ida, edited, shut)
		shows("of another key too", e.ida, spare, "[map[after:<nil> before:<nil> field:require_secret]]")
		shows("a token that reads the trail", narrowed(t, e.ada, "organization.view", "audit.view", "audit_event.view", "api_key.view"), edited, shut)
		shows("a token that sees settings too", narrowed(t, e.ada, "organization.view", "audit.view", "audit_event.view", "api_key.view", "api_key.view_security"), edited, open)
		var renamed string
		s.Row(t, "SELECT id FROM audit_events WHERE type = 'api_key.updated' AND resource_id = ? AND CAST(changes AS TEXT) LIKE '%Payouts%'", []any{e.key.ID}, &renamed)
		if got := reads(e.ida, renamed); got == "" || got == "[]" || got == "[map[after:<nil> before:<nil> field:name]]" {
			t.Errorf("of a new name an owner of the organization reads %s", got)
		}
		place := e.ada.Share(t, e.key.ID, e.ida, "CONTRIBUTOR")
		shows("an owner of the organization who is a contributor", e.ida, edited, shut)
		answers(t, "promote", e.ada, promoteMutation, place, "")
		shows("an owner of the organization who is an admin", e.ida, edited, open)
		answers(t, "remove", e.ada, removeMutation, place, "")
		shows("from the next request on", e.ida, edited, shut)
		answers(t, "delete", e.ada, `mutation($id: ID!) { deleteAPIKey(input: {id: $id}) { errors { code } } }`, e.key.ID, "")
		shows("who owned the deleted key", e.ada, edited, shut)
	})
}
