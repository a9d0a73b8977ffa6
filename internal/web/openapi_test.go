package web_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/token"
)

// described is the description that a server serves, and what of it was seen.
type described struct {
	doc    *openapi3.T
	router routers.Router
	seen   map[string]bool
}

func describe(t *testing.T, g *gate) *described {
	t.Helper()
	served := g.send(t, http.MethodGet, "/v1/openapi.yaml", "")
	doc, err := openapi3.NewLoader().LoadFromData([]byte(served.Body))
	if err == nil {
		err = doc.Validate(t.Context())
	}
	if err != nil {
		t.Fatalf("the description that is served: %v", err)
	}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return &described{doc, router, map[string]bool{"GET /v1/openapi.yaml 200": true}}
}

// holds checks one answer against the description.
func (d *described) holds(t *testing.T, g *gate, method, path, body string, headers ...string) {
	t.Helper()
	got := g.send(t, method, path, body, headers...)
	bare, _, _ := strings.Cut(path, "?")
	req, err := http.NewRequest(method, bare, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	route, params, err := d.router.FindRoute(req)
	if err != nil {
		t.Errorf("%s %s is not described: %v", method, bare, err)
		return
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route},
		Status:                 got.Status, Header: got.Header, Body: io.NopCloser(bytes.NewReader([]byte(got.Body))),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	}
	if got.Body == "" {
		input.Options.ExcludeResponseBody = true
	}
	if err := openapi3filter.ValidateResponse(t.Context(), input); err != nil {
		t.Errorf("%s %s answers %d %s: %v", method, path, got.Status, got.Body, err)
	}
	d.seen[fmt.Sprintf("%s %s %d", method, bare, got.Status)] = true
	for _, code := range []string{got.Code, got.Header.Get("X-Keyhall-Code")} {
		d.seen[code] = true
	}
}

// all is every route with its statuses, and every code, of the description.
func (d *described) all() (out []string) {
	for path, item := range d.doc.Paths.Map() {
		for method, operation := range item.Operations() {
			for status := range operation.Responses.Map() {
				out = append(out, method+" "+path+" "+status)
			}
		}
	}
	codes := d.doc.Components.Schemas["Code"].Value.Enum
	refusal := d.doc.Components.Schemas["Refusal"].Value.Properties["errors"].Value.Items.Value.Properties["extensions"].Value
	for _, code := range append(codes, refusal.Properties["code"].Value.Enum...) {
		out = append(out, code.(string))
	}
	return out
}

// The description of /v1 is the server's own: each route, status and code of it is answered by a real server, and every answer is
// as it says.
func TestTheDescriptionIsWhatTheServerDoes(t *testing.T) {
	t.Parallel()
	gates(t, 40, func(t *testing.T, g *gate) {
		d := describe(t, g)
		mine, theirs := "Authorization: Bearer "+g.verifier, "X-Keyhall-Verifier: "+g.verifier
		ask := func(more string) {
			d.holds(t, g, http.MethodPost, "/v1/verify", `{"key":"`+g.key.Plaintext+`"`+more+`}`, mine)
		}
		key := "X-API-Key: " + g.key.Plaintext
		forward := func(query string, headers ...string) {
			d.holds(t, g, http.MethodGet, "/v1/forward-auth"+query, "", append(headers, theirs)...)
		}
		ask("")
		forward("", key)
		d.holds(t, g, http.MethodPost, "/v1/verify?cost=3&method=pay", "", mine, key)
		ask(`,"cost":100`)
		ask(`,"cost":1000`)
		forward("?cost=1000", key)
		forward("?cost=100", key)
		forward("?cost=x", key)
		forward("")
		ask(`,"cost":-1`)
		ask(`,"unknown":1`)
		ask(`,"remoteAddress":"nowhere"`)
		ask(`,"origin":"` + strings.Repeat("x", 70<<10) + `"`)
		ask(`,"scopes":["none"]`)
		ask(`,"jwt":"a.b.c"`)
		ask(`,"secret":"` + token.New(token.KeySecret).Expose() + `"`)
		d.holds(t, g, http.MethodPost, "/v1/verify", `{"key":"none"}`, mine)
		for _, body := range []string{
			`{"keyId":"` + g.key.ID + `","requestId":"r1","cost":3}`, `{"keyId":"` + g.key.ID + `","requestId":"r1","cost":4}`,
			`{"keyId":"key_none","requestId":"r1","cost":3}`, `{}`, `{"requestId":"` + strings.Repeat("x", 70<<10) + `"}`,
		} {
			d.holds(t, g, http.MethodPost, "/v1/usage", body, mine)
		}
		for _, list := range []string{"addresses: [\"203.0.113.7\"]", "methods: [\"pay\"]", "userAgents: [\"Agent\"]", "origins: [\"https://a.example.com\"]"} {
			g.secure(t, list)
			ask(`,"remoteAddress":"198.51.100.1:443"`)
			forward("", key)
		}
		g.secure(t, `addresses: [], methods: [], userAgents: [], origins: []`)
		for range 40 {
			if g.forward(t, "", key).Status == 429 {
				break
			}
		}
		ask("")
		g.secure(t, "requireSecret: true")
		ask("")
		g.SQL(t, "UPDATE api_keys SET expires_at = 1")
		g.Changed(t)
		ask("")
		g.ada.Must(t, `mutation($id: ID!) { disableAPIKey(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": g.key.ID})
		g.Settle(t)
		ask("")
		g.SQL(t, "UPDATE users SET suspended_at = 1")
		g.Changed(t)
		ask("")
		g.SQL(t, "ALTER TABLE usage_reports RENAME TO usage_reports_gone")
		d.holds(t, g, http.MethodPost, "/v1/usage", `{"keyId":"`+g.key.ID+`","requestId":"r3","cost":3}`, mine)
		g.SQL(t, "UPDATE projects SET archived_at = 1")
		g.Changed(t)
		ask("")
		for range 22 {
			d.holds(t, g, http.MethodPost, "/v1/verify", `{"key":"x"}`, "Authorization: Bearer none")
			d.holds(t, g, http.MethodGet, "/v1/forward-auth", "")
			d.holds(t, g, http.MethodPost, "/v1/usage", "{}")
		}
		for _, part := range d.all() {
			if !d.seen[part] {
				t.Errorf("it describes %s, which nothing here was answered with", part)
			}
		}
	})
}
