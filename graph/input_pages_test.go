package graph_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/graph"
	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/page"
)

// connections are all paged lists, as a query in which %s stands for the arguments of the list.
func connections(key, project, organization string) map[string]string {
	return map[string]string{
		"apiKeys":              `{ apiKeys%s { totalCount } }`,
		"projects":             `{ projects%s { totalCount } }`,
		"organizations":        `{ organizations%s { totalCount } }`,
		"auditEvents":          `{ auditEvents` + "(organizationId: \"" + organization + `", %s { totalCount } }`,
		"apiKey.collaborators": `{ apiKey(id: "` + key + `") { collaborators%s { totalCount } } }`,
		"apiKey.invitations":   `{ apiKey(id: "` + key + `") { invitations%s { totalCount } } }`,
		"project.apiKeys":      `{ project(id: "` + project + `") { apiKeys%s { totalCount } } }`,
		"organization.project": `{ organization(id: "` + organization + `") { projects%s { totalCount } } }`,
		"viewer.invitations":   `{ viewer { invitations%s { totalCount } } }`,
		"viewer.sessions":      `{ viewer { sessions%s { totalCount } } }`,
		"viewer.accessTokens":  `{ viewer { accessTokens%s { totalCount } } }`,
		"secrets":              `{ secrets%s { totalCount } }`,
		"groups":               `{ groups%s { totalCount } }`,
	}
}

func listing(query, arguments string) string {
	if strings.Contains(query, ", %s") {
		return fmt.Sprintf(query, arguments+")")
	}
	return fmt.Sprintf(query, "("+arguments+")")
}

//keyhall:norace
func TestAWindowThatIsNoneIsRefusedOnEveryList(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		yara := s.Actor(t, "yara")
		key := yara.CreateKey(t, "Plain", "", "PROJECT")
		var requests []bad
		for list, query := range connections(key.ID, yara.Project, yara.Home) {
			for what, arguments := range map[string]string{
				"-1": "first: -1", "101": "first: 101", "2147483647": "first: 2147483647", "last -1": "last: -1", "last 101": "last: 101", "-2147483648": "first: -2147483648",
				"first with last": "first: 1, last: 1", "first 0 with last 0": "first: 0, last: 0",
				"a garbled cursor": `first: 1, after: "` + inputCanary + `"`, "an empty cursor": `first: 1, after: ""`, "a cursor of spaces": `first: 1, after: "  "`,
				"a garbled cursor before": `last: 1, before: "` + inputCanary + `"`, "a cursor that is base64": `first: 1, after: "aHVudGVyMmM0bjRyeQ=="`, "a cursor with a null": `first: 1, after: "\u0000"`,
				"a cursor of braces": `first: 1, after: "e30="`, "a long cursor": `first: 1, after: "` + strings.Repeat("A", 20_000) + `"`,
			} {
				requests = append(requests, bad{name: list + ": " + what, query: listing(query, arguments), codes: "BAD_USER_INPUT OPERATION_TOO_LARGE"})
			}
			for what, arguments := range map[string]string{
				"2^31": "first: 2147483648", "huge": "first: 99999999999999999999999999", "a float": "first: 1.5", "a word": `first: "` + inputCanary + `"`, "a boolean": "first: true",
				"a cursor that is a number": "first: 1, after: 7",
			} {
				requests = append(requests, bad{name: list + ": " + what, query: listing(query, arguments), codes: "BAD_USER_INPUT GRAPHQL_VALIDATION_FAILED"})
			}
			for _, good := range []string{"first: 1", "first: 100", "last: 1", "last: 100"} {
				yara.Must(t, listing(query, good), nil)
			}
		}
		for what, value := range map[string]any{"huge": 1e300, "2^31": 2147483648, "-1": -1, "a float": 1.5, "a word": inputCanary, "an object": apptest.Vars{inputCanary: 1}, "2^53": float64(1 << 53), "101": 101} {
			requests = append(requests, bad{name: "a variable: " + what, query: `query($n: Int) { apiKeys(first: $n) { totalCount } }`, vars: apptest.Vars{"n": value}, codes: "BAD_USER_INPUT"})
		}
		refuseAll(t, s, yara, requests)
	})
}

// firstCursor is the cursor of the first row of a list.
func firstCursor(t testing.TB, a *apptest.Actor, list, arguments string) string {
	t.Helper()
	out := a.Must(t, `{ `+list+arguments+` { edges { cursor } } }`, nil)
	c := out.Text(list, "edges", 0, "cursor")
	if c == "" {
		t.Fatalf("no cursor: %s", out.Body)
	}
	return c
}

//keyhall:norace
func TestACursorIsGoodOnlyForTheListThatGaveItOut(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		zeno := s.Actor(t, "zeno")
		for _, name := range []string{"a", "b", "c"} {
			zeno.CreateKey(t, name, "", "PROJECT")
		}
		order := func(field string) string { return "orderBy: {field: " + field + ", direction: ASC}" }
		cursors := map[string]string{
			"CREATED_AT":      firstCursor(t, zeno, "apiKeys", "("+order("CREATED_AT")+")"),
			"NAME":            firstCursor(t, zeno, "apiKeys", "("+order("NAME")+")"),
			"LAST_USED_AT":    firstCursor(t, zeno, "apiKeys", "("+order("LAST_USED_AT")+")"),
			"a project":       firstCursor(t, zeno, "projects", ""),
			"an organization": firstCursor(t, zeno, "organizations", ""),
			"an event":        zeno.Must(t, `query($o: ID!) { auditEvents(organizationId: $o) { edges { cursor } } }`, apptest.Vars{"o": zeno.Home}).Text("auditEvents", "edges", 0, "cursor"),
			"a session":       zeno.Must(t, `{ viewer { sessions { edges { cursor } } } }`, nil).Text("viewer", "sessions", "edges", 0, "cursor"),
		}
		var requests []bad
		for field := range map[string]bool{"CREATED_AT": true, "NAME": true, "LAST_USED_AT": true} {
			for from, cursor := range cursors {
				for _, window := range []string{"first: 2, after", "last: 2, before"} {
					query := `{ apiKeys(` + order(field) + `, ` + window + `: "` + cursor + `") { nodes { name } } }`
					if from == field {
						zeno.Must(t, query, nil)
						continue
					}
					requests = append(requests, bad{name: "a cursor of " + from + " in keys by " + field + ", " + window, query: query, codes: "BAD_USER_INPUT"})
				}
			}
		}
		for from, cursor := range cursors {
			if from != "a project" {
				requests = append(requests, bad{name: "a cursor of " + from + " in projects", query: `{ projects(after: "` + cursor + `") { nodes { id } } }`, codes: "BAD_USER_INPUT"})
			}
			if from != "a session" {
				requests = append(requests, bad{name: "a cursor of " + from + " in sessions", query: `{ viewer { sessions(after: "` + cursor + `") { nodes { id } } } }`, codes: "BAD_USER_INPUT"})
			}
		}
		refuseAll(t, s, zeno, requests)
	})
}

// A cursor is opaque, not secret: whoever takes one apart and puts another one together gets an answer or BAD_USER_INPUT, and
// never a row of somebody else's.
//
//keyhall:norace
func TestAForgedCursorShowsNothingAndBreaksNothing(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		adam, eva := s.Actor(t, "adam"), s.Actor(t, "eva")
		eva.CreateKey(t, "Eva's", "", "PROJECT")
		for _, name := range []string{"a", "b"} {
			adam.CreateKey(t, name, "", "PROJECT")
		}
		for _, field := range []string{"NAME", "CREATED_AT"} {
			var known page.Cursor
			if err := known.UnmarshalGQL(firstCursor(t, adam, "apiKeys", "(orderBy: {field: "+field+", direction: ASC})")); err != nil {
				t.Fatal(err)
			}
			values := []any{"", "\u0000", "a\u0000", strings.Repeat("n", 5000), "' OR 1=1 --", "\u202e", int64(0), int64(-1), int64(math.MaxInt64), int64(math.MinInt64), true, nil, 1.5, map[string]any{"a": 1}, []any{1}}
			ids := []string{"", "\u0000", "key_", strings.Repeat("k", 5000), "' OR 1=1 --", known.ID}
			for _, v := range values {
				for _, id := range ids {
					forged := known
					forged.Value, forged.ID = v, id
					var text bytes.Buffer
					forged.MarshalGQL(&text)
					var cursor string
					if err := json.Unmarshal(text.Bytes(), &cursor); err != nil {
						continue // not a cursor at all
					}
					out := adam.Do(t, `query($c: Cursor, $f: APIKeyOrderField!) { apiKeys(first: 5, after: $c, orderBy: {field: $f, direction: ASC}) { nodes { name } } }`, apptest.Vars{"c": cursor, "f": field})
					if code := out.Code(); code != "" && code != "BAD_USER_INPUT" || strings.Contains(out.Body, "Eva") {
						t.Errorf("by %s, value %.20q, id %.20q: %d %.300s", field, fmt.Sprint(v), id, out.Status, out.Body)
					}
				}
			}
		}
		adam.Must(t, countKeys, nil)
	})
}

// The 61 audits of the npm package graphql-http, against Keyhall itself. Some of them read the schema without an account.
//
//keyhall:norace
func TestKeyhallPassesAll61AuditsOfGraphQLHTTP(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil && os.Getenv("CI") != "true" {
			t.Skipf("%s is not installed", tool)
		}
	}
	dir := t.TempDir()
	for _, name := range []string{".npmrc", "package.json", "package-lock.json", "audit.mjs"} {
		text, err := os.ReadFile(filepath.Join("gqlhttp", "audits", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(t *testing.T, name string, args ...string) string {
		c := exec.CommandContext(t.Context(), name, args...)
		c.Dir = dir
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", c, err, out)
		}
		return string(out)
	}
	run(t, "npm", "ci", "--prefer-offline", "--ignore-scripts")
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		if out := run(t, "node", "audit.mjs", s.URL+"/graphql"); !strings.Contains(out, `"ok":61`) {
			t.Error(out)
		}
	}, func(c *app.Config) { c.Introspection = graph.Everybody })
}
