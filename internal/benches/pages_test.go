package benches

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"github.com/keyhall/keyhall/graph"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/page"
	"github.com/keyhall/keyhall/policy"
)

// What a page of keys is asked for: the keys themselves; what a console shows beside them; all that the viewer may do.
const (
	plainFields   = `id name description tags kind status start scopes createdAt expiresAt lastUsedAt`
	consoleFields = plainFields + ` viewerRole owner { ... on User { id name } } project { id name }`
	allowedFields = plainFields + ` viewerCan`
)

// measurePages compares whole GraphQL requests, through everything but the network: a page with all of viewerCan against
// the same page without, and a page under the law against the same server with the rule written by hand, and against the
// same server under a law that lets everybody see everything: the first page of all keys is then a page of any keys.
func measurePages(t *testing.T, w *town) {
	out := newTable(t, os.Stdout, fmt.Sprintf("%s: a GraphQL page of %d keys, a whole request", w.server.Database, pageSize))
	engine, everything := w.server.App.Engine, w.allowAll(t)
	law := engine.Revision()
	server, union, exists := w.server.App.Handler(), w.handlerByHand(handUnion), w.handlerByHand(handExists)
	for _, p := range w.folk {
		cookie := w.signIn(t, p)
		ask := func(name, fields string, h http.Handler, under *policy.Revision) contender {
			body := question(t, fields)
			return contender{name, func() error {
				engine.Swap(under)
				defer engine.Swap(law)
				_, err := post(t.Context(), h, cookie, body)
				return err
			}}
		}
		mustShow(t, w, p, cookie, server, union, exists)
		who := fmt.Sprintf("%s (%d): page", p.name, p.sees)
		out.row(who+" with viewerCan", bar{times: 1.3, plus: time.Millisecond},
			ask("Keyhall", allowedFields, server, law), ask("page without", plainFields, server, law))
		out.row(who, bar{times: 1.2}, ask("Keyhall", plainFields, server, law),
			ask("rows by hand, UNION", plainFields, union, law), ask("rows by hand, EXISTS", plainFields, exists, law))
		out.row(who, bar{times: 1.2},
			ask("Keyhall", plainFields, server, law), ask("allow-all law", plainFields, server, everything))
		out.row(who+" with role, owner and project", noBar,
			ask("Keyhall", consoleFields, server, law), ask("allow-all law", consoleFields, server, everything))
	}
	out.end()
}

// allowAll is a law under which whoever is signed in sees every row.
func (w *town) allowAll(t *testing.T) *policy.Revision {
	t.Helper()
	words, err := fs.ReadFile(policy.Law(), "vocabulary.json")
	if err != nil {
		t.Fatal(err)
	}
	modules := fstest.MapFS{"vocabulary.json": {Data: words}}
	for _, p := range w.server.App.Engine.Revision().Permissions() {
		if row, ok := w.server.App.Engine.Revision().RowPermission(p.Type); ok && row == p.Name {
			text := fmt.Sprintf("# METADATA\n# custom:\n#   resource: %s\npackage keyhall.%s\n\n# METADATA\n# entrypoint: true\nview if true\n", p.Type, p.Name.Noun())
			modules[p.Name.Noun()+".rego"] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	r, err := policy.Load(t.Context(), policy.Options{Modules: modules, Dialect: w.server.App.Store.Dialect(), Prepare: w.server.App.Store.Prepare, Proven: true})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// signIn opens a session of its own and returns its cookie.
func (w *town) signIn(t *testing.T, p person) *http.Cookie {
	t.Helper()
	out := w.server.Anonymous().Must(t, `mutation($login: String!, $password: String!) {
		signIn(input: {login: $login, password: $password}) { errors { code } } }`, apptest.Vars{"login": p.Username, "password": apptest.Password})
	at := slices.IndexFunc(out.Cookies, func(c *http.Cookie) bool { return c.Name == graph.SessionCookie })
	if at < 0 {
		t.Fatalf("%s is not signed in: %s", p.name, out.Body)
	}
	return out.Cookies[at]
}

func question(t *testing.T, fields string) []byte {
	t.Helper()
	query := fmt.Sprintf(`query Keys { apiKeys(first: %d, orderBy: {field: CREATED_AT}) { nodes { %s } pageInfo { hasNextPage endCursor } } }`, pageSize, fields)
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// post sends an operation and returns the answer, which must be one without errors.
func post(ctx context.Context, h http.Handler, cookie *http.Cookie, body []byte) ([]byte, error) {
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.AddCookie(&http.Cookie{Name: cookie.Name, Value: cookie.Value})
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, r)
	if answer.Code != http.StatusOK || bytes.Contains(answer.Body.Bytes(), []byte(`"errors":`)) {
		return nil, errors.New(answer.Body.String())
	}
	return answer.Body.Bytes(), nil
}

// mustShow makes sure that every server answers with the keys that the query of the lists finds.
func mustShow(t *testing.T, w *town, p person, cookie *http.Cookie, servers ...http.Handler) {
	t.Helper()
	inside := w.server.App.Guard.Enter(t.Context(), w.viewer(p))
	want, err := w.page(inside, listing{order: page.Order{Column: "created_at"}})
	if err != nil {
		t.Fatal(err)
	}
	for i, h := range servers {
		if got := shown(t, h, cookie); len(got) != pageSize || !slices.Equal(got, want) {
			t.Fatalf("server %d shows %s %v, and the query finds %v", i, p.name, got, want)
		}
	}
}

// shown are the ids of a page whose keys the viewer may view, as viewerCan says.
func shown(t *testing.T, h http.Handler, cookie *http.Cookie) []string {
	t.Helper()
	text, err := post(t.Context(), h, cookie, question(t, allowedFields))
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Data struct {
			APIKeys struct {
				Nodes []struct {
					ID        string
					ViewerCan []string
				}
			}
		}
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, n := range answer.Data.APIKeys.Nodes {
		ids = append(ids, n.ID)
		if !slices.Contains(n.ViewerCan, "api_key.view") {
			t.Fatalf("may not view what is shown: %+v", n)
		}
	}
	return ids
}
