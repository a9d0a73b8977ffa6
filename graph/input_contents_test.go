package graph_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/ent/migrate"
	"github.com/keyhall/keyhall/graph"
	"github.com/keyhall/keyhall/internal/apptest"
)

// contents is all that the database holds, but for what a refused request may write: audit rows of denials, and when
// credentials were last seen. A test may leave out more tables.
func contents(t testing.TB, s *apptest.Server, without ...string) string {
	t.Helper()
	var all strings.Builder
	for _, table := range migrate.Tables {
		if table.Name == "audit_events" || slices.Contains(without, table.Name) {
			continue
		}
		var columns []string
		for _, c := range table.Columns {
			if c.Name == "last_seen_at" || table.Name == "access_tokens" && c.Name == "last_used_at" {
				continue
			}
			columns = append(columns, quoted(s.Database, c.Name))
		}
		row := strings.Join(columns, " || ',' || ")
		query := fmt.Sprintf("SELECT COALESCE(group_concat(r, char(10)), '') FROM (SELECT %s AS r FROM %s ORDER BY id)", row, table.Name)
		if s.Database == apptest.Postgres {
			query = fmt.Sprintf("SELECT COALESCE(string_agg(%s, chr(10) ORDER BY id), '') FROM %s", row, table.Name)
		}
		var rows string
		s.Row(t, query, nil, &rows)
		fmt.Fprintf(&all, "%s:\n%s\n", table.Name, rows)
	}
	return all.String()
}

func quoted(d apptest.Database, column string) string {
	if d == apptest.Postgres {
		return `quote_nullable("` + column + `"::text)`
	}
	return "quote(`" + column + "`)"
}

// difference is the lines of one text that the other lacks.
func difference(before, after string) string {
	known := map[string]bool{}
	for line := range strings.Lines(before) {
		known[line] = true
	}
	var out strings.Builder
	for line := range strings.Lines(after) {
		if !known[line] {
			out.WriteString("+ " + line)
		}
		delete(known, line)
	}
	for line := range known {
		out.WriteString("- " + line)
	}
	return out.String()
}

// newRequest is a POST of one operation, to be changed and sent by an actor.
func newRequest(t testing.TB, s *apptest.Server, body string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/graphql", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	return req
}

// askWithCookie asks with a session cookie that no actor keeps.
func askWithCookie(t testing.TB, s *apptest.Server, a *apptest.Actor, value, query string) apptest.Answer {
	t.Helper()
	req := newRequest(t, s, fmt.Sprintf(`{"query":%q}`, query))
	req.Header.Set("Cookie", graph.SessionCookie+"="+value)
	return a.Send(t, req)
}
