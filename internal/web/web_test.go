//keyhall:norace
package web_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/internal/web"
)

func TestMain(m *testing.M) { apptest.Main(m) }

// people knows one session and one token.
type people struct{ broken error }

func (p people) BySession(_ context.Context, cookie string) (viewer.Viewer, bool, error) {
	return viewer.Viewer{Kind: viewer.User, UserID: "usr_cookie", SessionID: "ses_1"}, cookie == "good", p.broken
}

func (p people) ByAccessToken(_ context.Context, bearer string) (viewer.Viewer, bool, error) {
	return viewer.Viewer{Kind: viewer.User, UserID: "usr_bearer", TokenID: "pat_1"}, bearer == "good", p.broken
}

type open struct{}

func (open) Enter(ctx context.Context, v viewer.Viewer) context.Context { return viewer.With(ctx, v) }

// site answers /graphql with who asks.
func site(change ...func(*web.Site)) http.Handler {
	s := &web.Site{
		GraphQL: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			v := viewer.From(r.Context())
			fmt.Fprintf(w, "%s|%s|%s", v.UserID, v.IP, v.RequestID)
		}),
		Accounts: people{}, Gate: open{}, Ready: func(context.Context) error { return nil },
		SessionCookie: "__Host-keyhall", Log: slog.New(slog.DiscardHandler),
	}
	for _, c := range change {
		c(s)
	}
	return s.Handler()
}

func trusting(networks ...string) func(*web.Site) {
	return func(s *web.Site) {
		for _, n := range networks {
			s.Proxies = append(s.Proxies, netip.MustParsePrefix(n))
		}
	}
}

func get(h http.Handler, path, from string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.RemoteAddr = from
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestTheAddressOfAClientIsBelievedFromTrustedProxiesOnly(t *testing.T) { // T24, T25
	t.Parallel()
	const xff = "X-Forwarded-For"
	nobody, proxy, chain := site(), site(trusting("10.0.0.5/32")), site(trusting("10.0.0.0/8", "fd00::/64"))
	for _, c := range []struct {
		name    string
		site    http.Handler
		from    string
		headers []string
		want    string
	}{
		{"no proxy", nobody, "203.0.113.9:4711", nil, "203.0.113.9"},
		{"a client that spoofs", nobody, "203.0.113.9:4711", []string{xff, "1.2.3.4"}, "203.0.113.9"},
		{"a client on this machine that spoofs", nobody, "127.0.0.1:4711", []string{xff, "1.2.3.4"}, "127.0.0.1"},
		{"a client beside the proxy", proxy, "10.0.0.6:1", []string{xff, "1.2.3.4"}, "10.0.0.6"},
		{"behind the proxy", proxy, "10.0.0.5:1", []string{xff, "203.0.113.9"}, "203.0.113.9"},
		{"behind the proxy, spoofing", proxy, "10.0.0.5:1", []string{xff, "1.2.3.4, 203.0.113.9"}, "203.0.113.9"},
		{"behind the proxy, spoofing as the proxy", proxy, "10.0.0.5:1", []string{xff, "1.2.3.4, 10.0.0.6, 203.0.113.9"}, "203.0.113.9"},
		{"behind the proxy, spoofing in lines", proxy, "10.0.0.5:1", []string{xff, "1.2.3.4", xff, "203.0.113.9"}, "203.0.113.9"},
		{"behind two proxies", chain, "10.0.0.5:1", []string{xff, "1.2.3.4, 203.0.113.9, 10.9.9.9"}, "203.0.113.9"},
		{"behind two proxies, in lines", chain, "10.0.0.5:1", []string{xff, "1.2.3.4,203.0.113.9", xff, "10.9.9.9"}, "203.0.113.9"},
		{"the proxy itself", proxy, "10.0.0.5:1", nil, "10.0.0.5"},
		{"an empty header", proxy, "10.0.0.5:1", []string{xff, ""}, "10.0.0.5"},
		{"garbage from the proxy", proxy, "10.0.0.5:1", []string{xff, "203.0.113.9, <script>"}, "10.0.0.5"},
		{"garbage left of the client", proxy, "10.0.0.5:1", []string{xff, "<script>, 203.0.113.9"}, "203.0.113.9"},
		{"leading zeros", proxy, "10.0.0.5:1", []string{xff, "203.0.113.009"}, "10.0.0.5"},
		{"a network", proxy, "10.0.0.5:1", []string{xff, "203.0.113.0/24"}, "10.0.0.5"},
		{"a proxy as IPv4 in IPv6", proxy, "[::ffff:10.0.0.5]:1", []string{xff, "203.0.113.9"}, "203.0.113.9"},
		{"a hop as IPv4 in IPv6", chain, "10.0.0.5:1", []string{xff, "203.0.113.9, ::ffff:10.1.2.3"}, "203.0.113.9"},
		{"a client as IPv4 in IPv6", nobody, "[::ffff:203.0.113.9]:1", nil, "203.0.113.9"},
		{"IPv6", nobody, "[2001:db8::1]:1", []string{xff, "1.2.3.4"}, "2001:db8::1"},
		{"IPv6 behind a proxy", chain, "[fd00::5]:1", []string{xff, "2001:DB8:0::1"}, "2001:db8::1"},
		{"IPv6 beside the trusted network", chain, "[fd00:0:0:1::5]:1", []string{xff, "2001:db8::1"}, "fd00:0:0:1::5"},
		{"other headers", proxy, "10.0.0.5:1", []string{"X-Real-Ip", "1.2.3.4", "Forwarded", "for=1.2.3.4", "True-Client-Ip", "1.2.3.4", "Cf-Connecting-Ip", "1.2.3.4"}, "10.0.0.5"},
		{"a long chain", proxy, "10.0.0.5:1", []string{xff, strings.Repeat("10.0.0.5,", 1000) + "203.0.113.9"}, "203.0.113.9"},
	} {
		if got := strings.Split(get(c.site, "/graphql", c.from, c.headers...).Body.String(), "|")[1]; got != c.want {
			t.Errorf("%s: the client is %q, want %q", c.name, got, c.want)
		}
	}
}

func TestOneCredentialIsReadAndTwoAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		headers []string
		status  int
		who     string
	}{
		{"nothing", nil, 200, ""},
		{"a cookie", []string{"Cookie", "__Host-keyhall=good"}, 200, "usr_cookie"},
		{"a cookie among others", []string{"Cookie", "a=b; __Host-keyhall=good; c=d"}, 200, "usr_cookie"},
		{"a cookie of another name", []string{"Cookie", "keyhall=good; __Secure-keyhall=good; __host-keyhall=good"}, 200, ""},
		{"a dead cookie", []string{"Cookie", "__Host-keyhall=dead"}, 200, ""},
		{"a bearer", []string{"Authorization", "Bearer good"}, 200, "usr_bearer"},
		{"a bearer, lower case", []string{"Authorization", "bearer good"}, 200, "usr_bearer"},
		{"a dead bearer", []string{"Authorization", "Bearer dead"}, 401, ""},
		{"both", []string{"Cookie", "__Host-keyhall=good", "Authorization", "Bearer good"}, 400, ""},
		{"both dead", []string{"Cookie", "__Host-keyhall=dead", "Authorization", "Bearer dead"}, 400, ""},
	} {
		w := get(site(), "/graphql", "192.0.2.1:1", c.headers...)
		if who := strings.Split(w.Body.String(), "|")[0]; w.Code != c.status || c.status == 200 && who != c.who {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
		}
	}
	broken := site(func(s *web.Site) { s.Accounts = people{broken: errors.New("disk on fire, password=hunter2")} })
	if w := get(broken, "/graphql", "192.0.2.1:1", "Authorization", "Bearer good"); w.Code != 500 || strings.Contains(w.Body.String(), "hunter2") || !strings.Contains(w.Body.String(), `"INTERNAL"`) {
		t.Errorf("when nobody can be recognised: %d %s", w.Code, w.Body)
	}
}

func TestEveryAnswerCarriesTheHeadersThatKeepBrowsersInCheck(t *testing.T) {
	t.Parallel()
	h := site(func(s *web.Site) { s.Ready = func(context.Context) error { return errors.New("no") } })
	post := httptest.NewRequest(http.MethodPost, "/graphql", nil)
	post.Header.Set("Sec-Fetch-Site", "cross-site")
	refused := httptest.NewRecorder()
	h.ServeHTTP(refused, post)
	for name, w := range map[string]*httptest.ResponseRecorder{
		"an answer": get(h, "/graphql", "192.0.2.1:1"), "health": get(h, "/healthz", "192.0.2.1:1"), "not ready": get(h, "/readyz", "192.0.2.1:1"), "the front page": get(h, "/", "192.0.2.1:1"),
		"no such page": get(h, "/nosuch", "192.0.2.1:1"), "a dead token": get(h, "/graphql", "192.0.2.1:1", "Authorization", "Bearer dead"), "another site": refused,
		"two credentials": get(h, "/graphql", "192.0.2.1:1", "Authorization", "Bearer x", "Cookie", "__Host-keyhall=x"),
	} {
		for header, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY"} {
			if got := w.Header().Get(header); got != want {
				t.Errorf("%s: %s is %q", name, header, got)
			}
		}
		if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") {
			t.Errorf("%s: Content-Security-Policy is %q", name, csp)
		}
		if id := w.Header().Get("X-Request-Id"); len(id) < 16 {
			t.Errorf("%s: X-Request-Id is %q", name, id)
		}
		if w.Header().Get("Server") != "" || w.Header().Get("X-Powered-By") != "" {
			t.Errorf("%s tells what it runs on: %v", name, w.Header())
		}
	}
	if refused.Code != http.StatusForbidden {
		t.Errorf("another site: %d", refused.Code)
	}
}

func TestRequestIDsAreUniqueAndOurs(t *testing.T) {
	t.Parallel()
	h, seen := site(), map[string]bool{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 500 {
				w := get(h, "/graphql", "192.0.2.1:1", "X-Request-Id", "chosen-by-the-client")
				id := w.Header().Get("X-Request-Id")
				mu.Lock()
				if id == "" || seen[id] || id == "chosen-by-the-client" || !strings.HasSuffix(w.Body.String(), "|"+id) {
					t.Errorf("request id %q, inside %s", id, w.Body)
				}
				seen[id] = true
				mu.Unlock()
			}
		})
	}
	all.Wait()
}

func TestAServerLosesItsPatienceWithSlowAndLargeRequests(t *testing.T) { // security.md 3.16
	t.Parallel()
	s := (&web.Site{GraphQL: http.NotFoundHandler(), Accounts: people{}, Gate: open{}, Ready: func(context.Context) error { return nil }, SessionCookie: "x", Log: slog.New(slog.DiscardHandler)}).Server()
	if s.ReadHeaderTimeout <= 0 || s.ReadHeaderTimeout > 5*time.Second || s.ReadTimeout <= 0 || s.ReadTimeout > 15*time.Second || s.IdleTimeout <= 0 || s.IdleTimeout > time.Minute ||
		s.WriteTimeout <= 0 || s.MaxHeaderBytes <= 0 || s.MaxHeaderBytes > 16<<10 {
		t.Errorf("headers %v, body %v, idle %v, writing %v, %d bytes of headers", s.ReadHeaderTimeout, s.ReadTimeout, s.IdleTimeout, s.WriteTimeout, s.MaxHeaderBytes)
	}
}

func TestTheServerIsAliveWithoutItsDatabaseAndNotReady(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		status := func(path string) (int, string) {
			resp, err := http.Get(s.URL + path)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			var text [512]byte
			n, _ := resp.Body.Read(text[:])
			return resp.StatusCode, string(text[:n])
		}
		for _, path := range []string{"/healthz", "/readyz"} {
			if code, text := status(path); code != 200 {
				t.Errorf("%s: %d %s", path, code, text)
			}
		}
		if err := s.App.Store.Close(); err != nil {
			t.Fatal(err)
		}
		if code, text := status("/healthz"); code != 200 {
			t.Errorf("alive without a database: %d %s", code, text)
		}
		code, text := status("/readyz")
		if code != http.StatusServiceUnavailable {
			t.Errorf("ready without a database: %d %s", code, text)
		}
		for _, secret := range []string{s.Dir, "sql", "127.0.0.1", "password"} {
			if strings.Contains(text, secret) {
				t.Errorf("the answer tells %q: %s", secret, text)
			}
		}
		if out := s.Anonymous().WithToken("kht_AAAAAAAAAAAA_"+strings.Repeat("A", 49)).Do(t, `{ viewer { email } }`, nil); out.Status < 400 || strings.Contains(out.Body, "sql") {
			t.Errorf("who asks without a database: %d %s", out.Status, out.Body)
		}
	})
}

// Behind a trusted proxy each client has its own allowance, and what a client says of itself counts for nothing.
func TestTheAddressBehindATrustedProxyIsTheOneThatIsKept(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/graphql", strings.NewReader(
			fmt.Sprintf(`{"query":"mutation{signIn(input:{login:\"%s\",password:\"%s\"}){viewer{email}}}"}`, ada.Username, apptest.Password)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("X-Forwarded-For", "6.6.6.6, 203.0.113.9")
		if out := s.Anonymous().Send(t, req); out.Status != 200 {
			t.Fatalf("%d %s", out.Status, out.Body)
		}
		if n := s.Count(t, "sessions WHERE user_id = ? AND ip = ?", ada.ID, "203.0.113.9"); n != 1 {
			t.Errorf("%d sessions from the client's address", n)
		}
		if n := s.Count(t, "sessions WHERE ip = ?", "6.6.6.6"); n != 0 {
			t.Error("the address that the client made up was believed")
		}
	}, func(c *app.Config) { c.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")} })
}
