package web_test

import (
	"net/http"
	"strings"
	"testing"
)

// What a verifier reports afterwards counts once for each request id, and is answered alike each time; whatever is wrong with it has its
// own answer, and nothing else is said of the key.
func TestAReportOfUsageIsAnsweredAlikeEachTime(t *testing.T) {
	t.Parallel()
	gates(t, 10, func(t *testing.T, g *gate) {
		key, other := g.key.ID, g.Actor(t, "ben").CreateKey(t, "k", "", "PROJECT").ID
		mine := "Authorization: Bearer " + g.verifier
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
			{`{"requestId": "` + strings.Repeat("x", 70<<10) + `"}`, 413, "BODY_TOO_LARGE"},
			{``, 400, "BAD_USER_INPUT"},
		} {
			out := g.send(t, http.MethodPost, "/v1/usage", c.body, mine)
			if out.Status != c.status || !strings.Contains(string(out.Body), c.says) || out.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%.80s: %d %s", c.body, out.Status, out.Body)
			}
		}
		if out := g.send(t, http.MethodPost, "/v1/usage", `{}`); out.Status != http.StatusUnauthorized {
			t.Errorf("without a token: %d", out.Status)
		}
		if n := g.Count(t, "usage_buckets WHERE requests = 0"); n != 2 {
			t.Errorf("%d reports are counted, want 2", n)
		}
	})
}
