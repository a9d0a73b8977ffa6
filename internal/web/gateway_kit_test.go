package web_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/limit"
	"github.com/keyhall/keyhall/internal/traffic"
)

// limits let a few requests of a key pass, of less than 100 units each, and count what they let pass.
type limits struct {
	rate   *limit.Limiter
	passed atomic.Int64
}

func newLimits(t testing.TB, requests int) *limits {
	t.Helper()
	l, err := limit.New(limit.Rate{Count: requests, Per: time.Hour}, requests)
	if err != nil {
		t.Fatal(err)
	}
	return &limits{rate: l}
}

func (l *limits) Take(ctx context.Context, key *traffic.Key, units int64) (traffic.Standing, error) {
	out := traffic.Standing{Code: traffic.Valid, Limited: true, Limit: 5, Window: time.Hour, Remaining: 4, Reset: time.Minute, Alone: true}
	switch {
	case units >= 1000:
		return out, errors.New("the limits cannot be asked")
	case units >= 100:
		out.Code, out.After = traffic.SpendLimitReached, time.Hour
		return out, nil
	}
	ok, after, err := l.rate.Allow(ctx, key.ID)
	if !ok {
		out.Code, out.After, out.Remaining = traffic.RateLimited, after, 0
		return out, err
	}
	l.passed.Add(units)
	return out, err
}

// gate is a server with a key of ada's and a gateway that asks about it.
type gate struct {
	*apptest.Server
	ada      *apptest.Actor
	key      apptest.Key
	verifier string
	limits   *limits
}

// gates tests on both databases, with so many requests for each key.
func gates(t *testing.T, requests int, test func(*testing.T, *gate)) {
	for _, d := range []apptest.Database{apptest.SQLite, apptest.Postgres} {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			l := newLimits(t, requests)
			s := apptest.New(t, d, func(c *app.Config) {
				c.Limits, c.Verifiers = l, limit.Rate{Count: 20, Per: time.Hour}
			})
			ada := s.Actor(t, "ada")
			test(t, &gate{s, ada, ada.CreateKey(t, "Payments", "", "PROJECT"), s.PutVerifier(t, ada.Project, ada), l})
		})
	}
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
