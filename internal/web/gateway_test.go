package web_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/token"
)

// The ways in which a client of a gateway brings its key, and what else counts.
func TestAGatewayPassesOnAKeyInEachOfItsWays(t *testing.T) {
	t.Parallel()
	gates(t, 1000, func(t *testing.T, g *gate) {
		basic := func(user, password string) string {
			r, _ := http.NewRequest(http.MethodGet, "/", nil)
			r.SetBasicAuth(user, password)
			return "Authorization: " + r.Header.Get("Authorization")
		}
		other := token.New(token.LiveKey).Expose()
		for _, c := range []struct {
			name    string
			headers []string
			status  int
			code    string
		}{
			{"X-API-Key", []string{"X-API-Key: " + g.key.Plaintext}, 200, "VALID"},
			{"bearer", []string{"Authorization: Bearer " + g.key.Plaintext}, 200, "VALID"},
			{"the password of basic", []string{basic("", g.key.Plaintext)}, 200, "VALID"},
			{"key and secret of basic", []string{basic(g.key.Plaintext, g.key.Secret)}, 200, "VALID"},
			{"the secret of basic", []string{"X-API-Key: " + g.key.Plaintext, basic("", g.key.Secret)}, 200, "VALID"},
			{"a wrong secret", []string{"X-API-Key: " + g.key.Plaintext, "X-API-Secret: " + token.New(token.KeySecret).Expose()}, 401, "SECRET_INVALID"},
			{"another service's bearer token beside it", []string{"X-API-Key: " + g.key.Plaintext, "Authorization: Bearer eyJ.x.y"}, 200, "VALID"},
			{"no key", nil, 401, "NOT_FOUND"},
			{"an unknown key", []string{"X-API-Key: " + other}, 401, "NOT_FOUND"},
			{"garbage", []string{"X-API-Key: kh_live_x"}, 401, "NOT_FOUND"},
		} {
			got := g.forward(t, "", c.headers...)
			if got.Status != c.status || got.Header.Get("X-Keyhall-Code") != c.code {
				t.Errorf("%s: %d %s, want %d %s: %s", c.name, got.Status, got.Header.Get("X-Keyhall-Code"), c.status, c.code, got.Body)
			}
			if id := got.Header.Get("X-Keyhall-Key-Id"); (id == g.key.ID) != (c.code != "NOT_FOUND") {
				t.Errorf("%s: key %q", c.name, id)
			}
			if got.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s may be kept: %v", c.name, got.Header)
			}
			if strings.Contains(got.Body, "kh") && c.code == "NOT_FOUND" {
				t.Errorf("%s repeats what was sent: %s", c.name, got.Body)
			}
		}
	})
}

// Product 5.4: what a gateway says of a request is held against the lists of the key. The address comes from proxies that are
// trusted only, cost and scopes from the gateway's own configuration only, and two methods that differ from nobody.
func TestAClientCannotSayWhatOnlyItsGatewayKnows(t *testing.T) {
	t.Parallel()
	gates(t, 1000, func(t *testing.T, g *gate) {
		key := "X-API-Key: " + g.key.Plaintext
		g.secure(t, `addresses: ["203.0.113.0/24"]`)
		if got := g.forward(t, "", key, "X-Forwarded-For: 203.0.113.7"); got.Header.Get("X-Keyhall-Code") != "ADDRESS_NOT_ALLOWED" || got.Status != 403 {
			t.Errorf("an address from nobody trusted: %d %v", got.Status, got.Header)
		}
		g.secure(t, `addresses: ["127.0.0.0/8"]`)
		if got := g.forward(t, "", key); got.Header.Get("X-Keyhall-Code") != "ADDRESS_NOT_ALLOWED" {
			t.Errorf("the address of the gateway is taken for the client's: %d %v", got.Status, got.Header)
		}
		g.secure(t, `addresses: [], methods: ["GET"]`)
		for _, c := range []struct {
			path, code string
			headers    []string
		}{
			{"", "VALID", []string{"X-Original-Method: GET"}},
			{"", "VALID", []string{"X-Forwarded-Method: GET"}},
			{"", "METHOD_NOT_ALLOWED", []string{"X-Forwarded-Method: POST"}},
			{"", "METHOD_NOT_ALLOWED", nil},
			{"", "", []string{"X-Original-Method: GET", "X-Forwarded-Method: POST"}},
			{"?method=GET", "VALID", []string{"X-Forwarded-Method: POST"}},
			{"/v1/charges?method=POST&cost=100", "VALID", []string{"X-Forwarded-Method: POST"}}, // Envoy: its own method, the client's query
			{"?method=GET&cost=100", "SPEND_LIMIT_REACHED", []string{"X-Keyhall-Cost: 0"}},
			{"?method=GET&scope=payments:write", "INSUFFICIENT_PERMISSIONS", nil},
			{"?method=GET&cost=-1", "", nil},
			{"?method=GET&cost=x", "", nil},
			{"?method=GET&cost=0", "", []string{"X-Forwarded-Method: POST", "X-Forwarded-Uri: /charges?method=GET&cost=0"}}, // Caddy keeps the client's query
			{"?method=GET&cost=0", "", []string{"X-Forwarded-Method: POST", "X-Forwarded-Uri: /charges?a;b&cost=0&method=GET"}},
			{"?method=GET&cost=1", "VALID", []string{"X-Forwarded-Method: POST", "X-Forwarded-Uri: /charges?method=GET&cost=0"}},
			{"//a/../v1/charges", "VALID", nil},                                                 // Envoy: the path is the client's, whatever it looks like
			{"?cost=0&method=GET", "", []string{"X-Forwarded-Uri: /charges?cost=0&method=GET"}}, // Caddy without a query of its own
			{"?page=2", "VALID", []string{"X-Forwarded-Uri: /charges?page=2", "X-Forwarded-Method: GET"}},
			{"?cost=100&method=GET", "SPEND_LIMIT_REACHED", []string{"X-Forwarded-Uri: /charges?cost=0&method=GET"}},
		} {
			got := g.forward(t, c.path, append(c.headers, key)...)
			if got.Header.Get("X-Keyhall-Code") != c.code || c.code == "" && got.Status != 400 {
				t.Errorf("%s %v: %d %s, want %s", c.path, c.headers, got.Status, got.Header.Get("X-Keyhall-Code"), c.code)
			}
		}
	})
}

// Only what passes is counted by the limits: every refusal before them costs nothing (product 5.4).
func TestARefusedRequestSpendsNothing(t *testing.T) {
	t.Parallel()
	gates(t, 3, func(t *testing.T, g *gate) {
		g.secure(t, `origins: ["https://app.example.com"]`)
		for range 10 {
			g.forward(t, "", "X-API-Key: "+g.key.Plaintext, "Origin: https://evil.example.com")
			g.forward(t, "?scope=payments:write", "X-API-Key: "+g.key.Plaintext, "Origin: https://app.example.com")
			g.forward(t, "", "X-API-Key: "+token.New(token.LiveKey).Expose())
		}
		var codes []string
		for range 4 {
			got := g.forward(t, "?cost=2", "X-API-Key: "+g.key.Plaintext, "Origin: https://app.example.com")
			codes = append(codes, got.Header.Get("X-Keyhall-Code"))
			if got.Status == 429 && got.Header.Get("Retry-After") == "" {
				t.Errorf("it does not say when to come back: %v", got.Header)
			}
		}
		if want := "VALID VALID VALID RATE_LIMITED"; strings.Join(codes, " ") != want {
			t.Errorf("%v, want %s", codes, want)
		}
		if n, units, spend := g.spent(t); n != 3 || units != 6 || spend != 6*price {
			t.Errorf("%d requests, %d units and %d were counted, want 3, 6 and what these cost", n, units, spend)
		}
	})
}

// No session opens this door, and a gateway's token is not tried without end.
func TestThisDoorKnowsNoSessionAndCountsFailures(t *testing.T) {
	t.Parallel()
	gates(t, 1000, func(t *testing.T, g *gate) {
		if got := g.send(t, http.MethodGet, "/v1/forward-auth", "", "Cookie: "+g.ada.Cookie(), "X-API-Key: "+g.key.Plaintext); got.Status != 401 {
			t.Errorf("a session is answered %d", got.Status)
		}
		got := g.send(t, http.MethodPost, "/v1/verify", `{"key":"x"}`, "Authorization: Bearer nothing")
		for i := 0; got.Status == 401; i++ {
			if i > 40 {
				t.Fatal("a wrong token is answered for ever")
			}
			got = g.send(t, http.MethodPost, "/v1/verify", `{"key":"x"}`, "Authorization: Bearer nothing")
		}
		if got.Status != 429 || got.Header.Get("Retry-After") == "" {
			t.Errorf("too many are answered %d %s", got.Status, got.Body)
		}
		if got := g.forward(t, "", "X-API-Key: "+g.key.Plaintext); got.Status != 200 {
			t.Errorf("the gateway itself is answered %d", got.Status)
		}
	})
}

// A question is one JSON object that is posted; whoever asks otherwise is told how to.
func TestWhoAsksInAnotherWayIsToldHow(t *testing.T) {
	t.Parallel()
	gates(t, 1000, func(t *testing.T, g *gate) {
		verifier, good := "Authorization: Bearer "+g.verifier, `{"key":"`+g.key.Plaintext+`"`
		for body, want := range map[string]string{
			good + `}`: "", good + "}\n ": "",
			good + `}}`: "more than one", good + `}]`: "more than one", good + `}{}`: "more than one", good: "one JSON object",
			good + `,"cost":1.5}`: "cost is of another type", good + `,"scopes":"a"}`: "scopes is of another type", good + `,"costs":1}`: "one JSON object", `[]`: "one JSON object",
		} {
			got := g.send(t, http.MethodPost, "/v1/verify", body, verifier)
			if (got.Status == 200) != (want == "") || want != "" && (got.Status != 400 || !strings.Contains(got.Body, want)) || strings.Contains(got.Body, g.key.Plaintext) {
				t.Errorf("%s is answered %d %s, want %q", strings.ReplaceAll(body, g.key.Plaintext, "…"), got.Status, got.Body, want)
			}
		}
		for _, path := range []string{"/v1/verify", "/v1/usage"} {
			for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodOptions} {
				got := g.send(t, method, path, "", verifier, "Origin: https://app.example.com")
				if got.Status != 405 || got.Header.Get("Allow") != "POST" || got.Header.Get("Access-Control-Allow-Origin") != "" || method == http.MethodGet && got.Code != "BAD_REQUEST" {
					t.Errorf("%s %s is answered %d %v %s", method, path, got.Status, got.Header, got.Body)
				}
			}
		}
	})
}
