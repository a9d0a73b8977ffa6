package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/limit"
)

// gate is a server with a key of ada's and a gateway that asks about it.
type gate struct {
	*apptest.Server
	ada      *apptest.Actor
	key      apptest.Key
	verifier string
}

// price is of a unit, in millionths: so high that a thousand of them are more than one request may cost.
const price = 10_000_000_000

// newGate is a gate of a server, whose key may so many requests an hour, and less than 100 units a month.
func newGate(t *testing.T, s *apptest.Server, requests int) *gate {
	t.Helper()
	ada := s.Actor(t, "ada")
	g := &gate{s, ada, ada.CreateKey(t, "Payments", "", "PROJECT"), s.PutVerifier(t, ada.Project, ada)}
	s.SQL(t, "UPDATE projects SET unit_price = ? WHERE id = ?", price, ada.Project)
	s.Changed(t)
	ada.Must(t, `mutation($id: ID!, $requests: Long!, $most: Decimal!) { updateLimits(input: {targetId: $id, rates: [{requests: $requests, windowSeconds: 3600}],
		spend: {amount: $most, currency: "USD"}}) { errors { code message } } }`, apptest.Vars{"id": g.key.ID, "requests": requests, "most": fmt.Sprint(99 * price / 1_000_000)})
	s.Settle(t)
	return g
}

// gates tests on both databases, with so many requests for each key.
func gates(t *testing.T, requests int, test func(*testing.T, *gate)) {
	for _, d := range []apptest.Database{apptest.SQLite, apptest.Postgres} {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			s := apptest.New(t, d, func(c *app.Config) { c.Verifiers = limit.Rate{Count: 20, Per: time.Hour} })
			test(t, newGate(t, s, requests))
		})
	}
}

// spent is what was counted of what passed.
func (g *gate) spent(t *testing.T) (requests, units, spend int64) {
	t.Helper()
	if err := g.App.Usage.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	g.Row(t, "SELECT COALESCE(SUM(CASE outcome WHEN 'VALID' THEN requests ELSE 0 END), 0), COALESCE(SUM(units), 0), COALESCE(SUM(spend), 0) FROM usage_buckets WHERE api_key_id = ?",
		[]any{g.key.ID}, &requests, &units, &spend)
	return requests, units, spend
}

// send asks with headers, as name: value pairs.
func (g *gate) send(t *testing.T, method, path, body string, headers ...string) apptest.Verified {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, g.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	return g.Gateway(t, req)
}

// forward asks at forward-auth.
func (g *gate) forward(t *testing.T, path string, headers ...string) apptest.Verified {
	t.Helper()
	return g.send(t, http.MethodGet, "/v1/forward-auth"+path, "", append([]string{"X-Keyhall-Verifier: " + g.verifier}, headers...)...)
}

func (g *gate) secure(t *testing.T, input string) {
	t.Helper()
	g.ada.Must(t, fmt.Sprintf(`mutation { updateSecuritySettings(input: {apiKeyId: %q, %s}) { errors { code message } } }`, g.key.ID, input), nil)
	g.Settle(t)
}
