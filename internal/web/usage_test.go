package web_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/web"
)

// What a verifier reports afterwards counts once for each request id, and is answered alike each time; whatever is wrong with it has its
// own answer, and nothing else is said of the key.
func TestAReportOfUsageIsAnsweredAlikeEachTime(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		key, other := ada.CreateKey(t, "k", "", "PROJECT").ID, ben.CreateKey(t, "k", "", "PROJECT").ID
		door := web.Reporting{
			Reports: s.App.Usage,
			Caller: func(r *http.Request) (string, error) {
				if r.Header.Get("Authorization") == "" {
					return "", fault.Unauthenticated()
				}
				return ada.Project, nil
			},
			Refuse: func(w http.ResponseWriter, _ *http.Request, err error) {
				status := map[fault.Code]int{fault.CodeUnauthenticated: http.StatusUnauthorized, fault.CodeBadUserInput: http.StatusBadRequest}[fault.From(err).Code]
				http.Error(w, string(fault.From(err).Code), max(status, 1))
			},
		}
		for _, c := range []struct {
			body   string
			status int
			says   string
		}{
			{`{"keyId": "` + key + `", "requestId": "r1", "cost": 3}`, 200, `"cost":3`},
			{`{"keyId": "` + key + `", "requestId": "r1", "cost": 3}`, 200, `"cost":3`},
			{`{"keyId": "` + key + `", "requestId": "r1", "cost": 4}`, 409, "IDEMPOTENCY_MISMATCH"},
			{`{"keyId": "` + key + `", "requestId": "r2", "cost": 4}`, 200, `"requestId":"r2"`},
			{`{"keyId": "` + other + `", "requestId": "r1", "cost": 3}`, 404, "NOT_FOUND"},
			{`{"keyId": "key_none", "requestId": "r1", "cost": 3}`, 404, "NOT_FOUND"},
			{`{"keyId": "` + key + `", "requestId": "r3", "cost": 0}`, 400, "BAD_USER_INPUT"},
			{`{"keyId": "` + key + `", "requestId": "r3", "cost": 1.5}`, 400, "BAD_USER_INPUT"},
			{`{"keyId": "` + key + `", "requestId": "r3", "cost": 1, "more": 1}`, 400, "BAD_USER_INPUT"},
			{`{"keyId": "` + key + `", "requestId": "r3", "cost": 1} {}`, 400, "BAD_USER_INPUT"},
			{`{"requestId": "` + strings.Repeat("x", 5000) + `"}`, 400, "BAD_USER_INPUT"},
			{``, 400, "BAD_USER_INPUT"},
		} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/usage", strings.NewReader(c.body))
			r.Header.Set("Authorization", "Bearer khv_x")
			w := httptest.NewRecorder()
			door.ServeHTTP(w, r)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) || w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("%.80s: %d %s", c.body, w.Code, w.Body)
			}
			if c.status == http.StatusOK && !json.Valid(w.Body.Bytes()) {
				t.Errorf("%s is no JSON", w.Body)
			}
		}
		w := httptest.NewRecorder()
		door.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/usage", strings.NewReader(`{}`)))
		if w.Code != http.StatusUnauthorized {
			t.Errorf("without a token: %d", w.Code)
		}
		if n := s.Count(t, "usage_buckets"); n != 2 {
			t.Errorf("%d reports are counted, want 2", n)
		}
	})
}
