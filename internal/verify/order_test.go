package verify_test

import (
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/token"
)

const past, future = int64(1), int64(1) << 60

// Product 5.4, design 7: each check is looked at in its order. Every row breaks one more check, from the last to the first, and
// leaves those that were broken before as they are: the code is always that of the earliest.
//
//keyhall:norace
func TestTheFirstCheckThatFailsIsAnswered(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		c := newScene(t, s)
		question := apptest.Vars{"secret": c.key.Secret, "origin": "https://app.example.com", "userAgent": "Agent/1", "method": "pay", "remoteAddress": "203.0.113.7"}
		fixture := func(query string, args ...any) func() {
			return func() { s.SQL(t, query, args...); s.Changed(t) }
		}
		set := func(vars apptest.Vars) func() { return func() { c.do(t, secure, vars) } }
		for _, step := range []struct {
			spoil func()
			want  string
		}{
			{func() {}, "VALID"},
			{func() { question["scopes"] = []string{"payments:write"} }, "INSUFFICIENT_PERMISSIONS"},
			{set(apptest.Vars{"addresses": []string{"198.51.100.0/24"}}), "ADDRESS_NOT_ALLOWED"},
			{set(apptest.Vars{"methods": []string{"refund"}}), "METHOD_NOT_ALLOWED"},
			{set(apptest.Vars{"agents": []string{"Other"}}), "USER_AGENT_NOT_ALLOWED"},
			{set(apptest.Vars{"origins": []string{"https://other.example.com"}}), "ORIGIN_NOT_ALLOWED"},
			{func() { question["jwt"] = "a.b.c" }, "JWT_INVALID"},
			{func() { question["secret"] = token.New(token.KeySecret).Expose() }, "SECRET_INVALID"},
			{func() { delete(question, "secret"); c.do(t, secure, apptest.Vars{"secret": true}) }, "SECRET_REQUIRED"},
			{fixture("UPDATE api_keys SET expires_at = ? WHERE id = ?", past, c.key.ID), "EXPIRED"},
			{func() { c.do(t, disable, nil) }, "DISABLED"},
			{fixture("UPDATE users SET suspended_at = 1 WHERE id = ?", c.ada.ID), "OWNER_LOST_ACCESS"},
			{fixture("UPDATE projects SET archived_at = 1 WHERE id = ?", c.ada.Project), "PROJECT_ARCHIVED"},
			{fixture("DELETE FROM api_key_hashes WHERE api_key_id = ?", c.key.ID), "NOT_FOUND"},
		} {
			step.spoil()
			got := c.asked(t, question)
			if got.Code != step.want || got.Status != 200 || got.Valid != (step.want == "VALID") {
				t.Errorf("%d %s, want 200 %s: %s", got.Status, got.Code, step.want, got.Body)
			}
			if known := step.want != "NOT_FOUND"; (got.KeyID == c.key.ID) != known || (got.ProjectID == c.ada.Project) != known {
				t.Errorf("%s says key %q of project %q", got.Code, got.KeyID, got.ProjectID)
			}
		}
	})
}

// C5: a key works only in its project. To the gateway of another project it is as if it did not exist, also to one of the same
// organization.
//
//keyhall:norace
func TestAKeyIsUnknownToTheGatewayOfAnotherProject(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		c, ben := newScene(t, s), s.Actor(t, "ben")
		s.SQL(t, "INSERT INTO projects (id, created_at, organization_id, name, description, environment, is_default, archived_at, unit_price, currency, alert_email) VALUES ('prj_staging', 1, ?, 'Staging', '', 'STAGING', ?, 0, 0, 'USD', '')", c.ada.Home, false)
		for name, verifier := range map[string]string{"another organization": s.PutVerifier(t, ben.Project, ben), "another project": s.PutVerifier(t, "prj_staging", c.ada)} {
			got := s.Verify(t, verifier, apptest.Vars{"key": c.key.Plaintext})
			none := s.Verify(t, verifier, apptest.Vars{"key": token.New(token.TestKey).Expose()})
			if got.Code != "NOT_FOUND" || got.Body != none.Body {
				t.Errorf("%s is answered %s, for a key that there is not %s", name, got.Body, none.Body)
			}
		}
		if got := c.ask(t, nil); got != "VALID" {
			t.Errorf("its own project is answered %s", got)
		}
	})
}

// What a verifier token is not: an access token, a session, a key, nothing.
//
//keyhall:norace
func TestOnlyAVerifierTokenMayAsk(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		c := newScene(t, s)
		made := c.ada.Must(t, `mutation { createAccessToken(input: {name: "p"}) { plaintext errors { code } } }`, nil)
		for name, credential := range map[string]string{
			"an access token": made.Text("createAccessToken", "plaintext"), "the key": c.key.Plaintext, "its secret": c.key.Secret,
			"no token": "", "another token": token.New(token.VerifierToken).Expose(), "a wrong one": c.verifier[:len(c.verifier)-1] + "!",
		} {
			got := s.Verify(t, credential, apptest.Vars{"key": c.key.Plaintext})
			if got.Status != 401 || got.Code != "UNAUTHENTICATED" {
				t.Errorf("%s is answered %d %s", name, got.Status, got.Body)
			}
		}
		answer := c.ada.WithToken(c.verifier).Do(t, `{ viewer { user { id } } }`, nil)
		if answer.Status != 401 {
			t.Errorf("a verifier token is let in at /graphql: %s", answer.Body)
		}
		s.SQL(t, "DELETE FROM verifier_tokens")
		s.Changed(t)
		if got := c.asked(t, nil); got.Status != 401 {
			t.Errorf("a revoked verifier token is answered %d %s", got.Status, got.Body)
		}
	})
}
