package web_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/web"
)

const friend = "https://app.example.com"

func naming(origins ...string) func(*web.Site) {
	return func(s *web.Site) { s.Origins = origins }
}

func send(h http.Handler, method, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// A page of a named origin gets an answer that it can read for a bearer token alone. Everybody else gets none.
func TestOnlyNamedOriginsWithATokenAndNoCookieAreAnswered(t *testing.T) {
	t.Parallel()
	nobody, some := site(), site(naming("http://localhost:5173", friend))
	bearer, cookie := []string{"Authorization", "Bearer good"}, []string{"Cookie", "__Host-keyhall=good"}
	for _, c := range []struct {
		name     string
		site     http.Handler
		origin   string
		headers  []string
		status   int
		readable bool
	}{
		{"named, with a token", some, friend, bearer, 200, true},
		{"named, from a page on this machine", some, "http://localhost:5173", bearer, 200, true},
		{"named, with a dead token", some, friend, []string{"Authorization", "Bearer dead"}, 401, true},
		{"named, with nothing", some, friend, nil, 403, true},
		{"named, with a password", some, friend, []string{"Authorization", "Basic Z29vZDpnb29k"}, 403, true},
		{"named, with a cookie", some, friend, cookie, 403, true},
		{"named, with both", some, friend, append(slices.Clone(bearer), cookie...), 403, true},
		{"named, with somebody else's cookie", some, friend, append(slices.Clone(bearer), "Cookie", "theme=dark"), 200, true},
		{"another site", some, "https://evil.example", bearer, 403, false},
		{"another site with a cookie", some, "https://evil.example", cookie, 403, false},
		{"nobody", some, "null", bearer, 403, false},
		{"the named one with a tail", some, friend + ".evil.example", bearer, 403, false},
		{"the named one on another port", some, friend + ":8443", bearer, 403, false},
		{"the named one on http", some, "http://app.example.com", bearer, 403, false},
		{"a part of the named one", some, "https://sub.app.example.com", bearer, 403, false},
		{"in capitals, as no browser writes it", some, "https://APP.example.com", bearer, 403, false},
		{"a pattern", some, "*", bearer, 403, false},
		{"named, where nobody is", nobody, friend, bearer, 403, false},
	} {
		for _, site := range []string{"cross-site", "same-site"} {
			headers := append([]string{"Origin", c.origin, "Sec-Fetch-Site", site}, c.headers...)
			w := send(c.site, http.MethodPost, "/graphql", headers...)
			if w.Code != c.status {
				t.Errorf("%s: %d %s, want %d", c.name, w.Code, w.Body, c.status)
			}
			allowed := w.Header().Get("Access-Control-Allow-Origin")
			if c.readable != (allowed == c.origin) || !c.readable && allowed != "" {
				t.Errorf("%s: Access-Control-Allow-Origin is %q", c.name, allowed)
			}
			if got := w.Header().Get("Access-Control-Expose-Headers"); c.readable != (got == "X-Request-Id, Retry-After") {
				t.Errorf("%s: shows %q", c.name, got)
			}
		}
	}
}

// Cookies never count across origins, so no answer says that they may, and no cache hands one origin's answer to another.
func TestNoAnswerLetsAnotherOriginSendCookies(t *testing.T) {
	t.Parallel()
	h := site(naming(friend))
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodOptions, http.MethodHead} {
		for _, origin := range []string{friend, "https://evil.example", "null", ""} {
			for _, extra := range [][]string{nil, {"Authorization", "Bearer good"}, {"Cookie", "__Host-keyhall=good"}, {"Access-Control-Request-Method", "POST"}} {
				w := send(h, method, "/graphql", append([]string{"Origin", origin}, extra...)...)
				if w.Header().Get("Access-Control-Allow-Credentials") != "" || w.Header().Get("Access-Control-Allow-Origin") == "*" {
					t.Errorf("%s from %q %q: %v", method, origin, extra, w.Header())
				}
				if !slices.Contains(w.Header().Values("Vary"), "Origin") {
					t.Errorf("%s from %q %q varies by %q", method, origin, extra, w.Header().Values("Vary"))
				}
				if cookie := slices.Contains(extra, "Cookie"); cookie && origin == friend && w.Code != http.StatusForbidden {
					t.Errorf("%s from %q with a cookie: %d", method, origin, w.Code)
				}
			}
		}
	}
}

func TestABrowserThatAsksFirstHearsWhatItMaySend(t *testing.T) {
	t.Parallel()
	ask := []string{"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,content-type"}
	w := send(site(naming(friend)), http.MethodOptions, "/graphql", append([]string{"Origin", friend, "Sec-Fetch-Site", "cross-site"}, ask...)...)
	if w.Code != http.StatusNoContent || w.Body.Len() > 0 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for header, want := range map[string]string{
		"Access-Control-Allow-Origin": friend, "Access-Control-Allow-Methods": "GET, POST", "Access-Control-Max-Age": "600",
		"Access-Control-Allow-Headers": "Authorization, Content-Type, Accept, Idempotency-Key",
	} {
		if got := w.Header().Get(header); got != want {
			t.Errorf("%s is %q, want %q", header, got, want)
		}
	}
	for name, w := range map[string]*httptest.ResponseRecorder{
		"another site":      send(site(naming(friend)), http.MethodOptions, "/graphql", append([]string{"Origin", "https://evil.example"}, ask...)...),
		"where nobody is":   send(site(), http.MethodOptions, "/graphql", append([]string{"Origin", friend}, ask...)...),
		"about health":      send(site(naming(friend)), http.MethodOptions, "/healthz", append([]string{"Origin", friend}, ask...)...),
		"without a page":    send(site(naming(friend)), http.MethodOptions, "/graphql", ask...),
		"about the welcome": send(site(naming(friend)), http.MethodGet, "/", "Origin", friend),
	} {
		for header := range w.Header() {
			if strings.HasPrefix(header, "Access-Control-") {
				t.Errorf("%s: the answer has %s", name, header)
			}
		}
	}
}

// A page of ours is no other origin, whatever the operator named.
func TestAPageOfOursKeepsItsCookie(t *testing.T) {
	t.Parallel()
	w := send(site(naming(friend)), http.MethodPost, "/graphql", "Origin", friend, "Sec-Fetch-Site", "same-origin", "Cookie", "__Host-keyhall=good")
	if w.Code != 200 || !strings.HasPrefix(w.Body.String(), "usr_cookie|") || w.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("%d %s %v", w.Code, w.Body, w.Header())
	}
}

// What a foreign page sends has no effect, with whatever credential; what a named one sends with a token has its effect.
func TestAForeignPageChangesNothing(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		token := ada.Must(t, `mutation { createAccessToken(input: {name: "page"}) { plaintext errors { code } } }`, nil).Text("createAccessToken", "plaintext")
		page := ada.WithToken(token)
		from := func(who *apptest.Actor, origin, name string) apptest.Answer {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/graphql",
				strings.NewReader(`{"query":"mutation { createAPIKey(input: {name: \"`+name+`\"}) { apiKey { name } errors { code } } }"}`))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Origin", origin)
			req.Header.Set("Sec-Fetch-Site", "cross-site")
			return who.Send(t, req)
		}
		for name, out := range map[string]apptest.Answer{
			"foreign token": from(page, "https://evil.example", "foreign token"), "foreign cookie": from(ada, "https://evil.example", "foreign cookie"),
			"named cookie": from(ada, friend, "named cookie"), "nobody": from(s.Anonymous(), friend, "nobody"),
		} {
			if out.Status != http.StatusForbidden || out.Code() != "FORBIDDEN" || s.Count(t, "api_keys WHERE name = ?", name) != 0 {
				t.Errorf("%s: %d %s", name, out.Status, out.Body)
			}
		}
		out := from(page, friend, "named token")
		if out.Status != 200 || out.Header.Get("Access-Control-Allow-Origin") != friend || s.Count(t, "api_keys WHERE name = ?", "named token") != 1 {
			t.Errorf("a named page with a token: %d %s", out.Status, out.Body)
		}
		vary := strings.Join(out.Header.Values("Vary"), ", ")
		if !strings.Contains(vary, "Origin") || !strings.Contains(vary, "Accept") {
			t.Errorf("the answer varies by %q", vary)
		}
	}, func(c *app.Config) { c.Origins = []string{friend} })
}
