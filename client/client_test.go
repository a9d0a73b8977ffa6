//keyhall:norace
package client_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/client"
	"github.com/keyhall/keyhall/internal/apptest"
)

func TestMain(m *testing.M) { apptest.Main(m) }

// A service behind the middleware serves who has a good key of its project, and nobody while Keyhall cannot be asked.
func TestTheMiddlewareServesGoodKeysOnly(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		ask := client.Verifier{URL: s.URL + "/", Token: s.PutVerifier(t, ada.Project, ada)}
		service := func(v client.Verifier, scopes ...string) *httptest.Server {
			served := httptest.NewServer(v.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				a, _ := client.From(r.Context())
				fmt.Fprint(w, a.KeyID)
			}), scopes...))
			t.Cleanup(served.Close)
			return served
		}
		open, scoped := service(ask), service(ask, "payments:write")
		revoked := ask
		revoked.Token = key.Plaintext
		gone := ask
		gone.URL = "http://127.0.0.1:1"
		if _, err := revoked.Verify(t.Context(), client.Question{Key: key.Plaintext}); err == nil || !strings.Contains(err.Error(), "send a verifier token") || strings.Contains(err.Error(), key.Plaintext) {
			t.Errorf("by a token that is none: %v", err)
		}
		call := func(where *httptest.Server, header, value string) (int, string) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, where.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			if header != "" {
				req.Header.Set(header, value)
			}
			got := s.Gateway(t, req)
			return got.Status, got.Header.Get("X-Keyhall-Code") + got.Body
		}
		for _, c := range []struct {
			name          string
			where         *httptest.Server
			header, value string
			status        int
		}{
			{"a good key", open, "X-API-Key", key.Plaintext, 200},
			{"as a bearer token", open, "Authorization", "Bearer " + key.Plaintext, 200},
			{"no key", open, "", "", 401},
			{"no key of ours", open, "X-API-Key", "kh_live_nothing", 401},
			{"a key without the scope", scoped, "X-API-Key", key.Plaintext, 403},
			{"headers that nobody needs", open, "User-Agent", strings.Repeat("a", 100_000), 401},
			{"headers that nobody needs, and a key", open, "X-API-Key", key.Plaintext + strings.Repeat("a", 100_000), 431},
			{"by a token that is none", service(revoked), "X-API-Key", key.Plaintext, 503},
			{"without Keyhall", service(gone), "X-API-Key", key.Plaintext, 503},
		} {
			status, body := call(c.where, c.header, c.value)
			if status != c.status || status == 200 && body != key.ID {
				t.Errorf("%s: %d %s, want %d", c.name, status, body, c.status)
			}
		}
		ada.Must(t, `mutation($id: ID!) { disableAPIKey(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": key.ID})
		s.Settle(t)
		if status, body := call(open, "X-API-Key", key.Plaintext); status != 403 {
			t.Errorf("disabled: %d %s", status, body)
		}
	})
}
