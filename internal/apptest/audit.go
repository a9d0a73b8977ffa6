package apptest

import (
	"encoding/json"
	"testing"
)

// Event is one row of the audit log, as a model reads it.
type Event struct {
	Number  int
	Type    string
	Actor   string // id
	changes []change
}

type change struct {
	Field         string
	Before, After *string
}

// Change is what a field became; what it was, when it is gone.
func (e Event) Change(field string) string {
	for _, c := range e.changes {
		switch {
		case c.Field != field:
		case c.After != nil:
			return *c.After
		case e.Type == "collaborator.removed" && field == "role":
			return ""
		case c.Before != nil:
			return *c.Before
		}
	}
	return ""
}

// AuditTrail is everything that was done to one thing, in its order.
func (s *Server) AuditTrail(t testing.TB, resourceID string) []Event {
	t.Helper()
	rows, err := s.raw.Query(s.placeholders(
		"SELECT type, COALESCE(actor_id, ''), changes FROM audit_events WHERE resource_id = ? AND outcome = 'DONE' ORDER BY created_at, id"), resourceID)
	if err != nil {
		t.Fatalf("read the audit log: %v", err)
	}
	defer rows.Close()
	var out []Event
	for rows.Next() {
		e := Event{Number: len(out)}
		var text []byte
		if err := rows.Scan(&e.Type, &e.Actor, &text); err != nil {
			t.Fatalf("read the audit log: %v", err)
		}
		if err := json.Unmarshal(text, &e.changes); err != nil {
			t.Fatalf("read the changes of %s: %v", e.Type, err)
		}
		out = append(out, e)
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("read the audit log: %v", err)
	}
	return out
}
