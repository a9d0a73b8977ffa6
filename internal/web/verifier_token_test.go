package web_test

import (
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/token"
)

// A verifier token says when it last asked, to the minute; one that nobody asked with says nothing.
func TestAVerifierTokenKnowsWhenItLastAsked(t *testing.T) {
	t.Parallel()
	gates(t, 10, func(t *testing.T, g *gate) {
		idle := g.PutVerifier(t, g.ada.Project, g.ada)
		written := func() (n int) {
			if err := g.App.Verifier.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			return g.Count(t, "verifier_tokens WHERE last_used_at > 0")
		}
		if g.send(t, "POST", "/v1/verify", `{"key":"x"}`, "Authorization: Bearer "+idle+"x"); written() != 0 {
			t.Error("a token that is none was used")
		}
		g.send(t, "POST", "/v1/verify", `{"key":"x"}`, "Authorization: Bearer "+g.verifier)
		if n := written(); n != 1 {
			t.Errorf("%d tokens were used, want 1", n)
		}
		out := g.ada.Must(t, `query($id: ID!) { project(id: $id) { verifierTokens { nodes { lastUsedAt } } } }`, apptest.Vars{"id": g.ada.Project})
		one, other := out.At("project", "verifierTokens", "nodes", 0, "lastUsedAt"), out.At("project", "verifierTokens", "nodes", 1, "lastUsedAt")
		if (one == nil) == (other == nil) { // made in the same moment, they come in any order
			t.Errorf("it is told %s", out.Body)
		}
		g.SQL(t, "UPDATE verifier_tokens SET last_used_at = last_used_at - 1 WHERE last_used_at > 0")
		var before, after int64
		g.Row(t, "SELECT MAX(last_used_at) FROM verifier_tokens", nil, &before)
		g.send(t, "POST", "/v1/verify", `{"key":"x"}`, "Authorization: Bearer "+g.verifier)
		written()
		if g.Row(t, "SELECT MAX(last_used_at) FROM verifier_tokens", nil, &after); before != after {
			t.Error("it is written more than once a minute")
		}
	})
}

// Tokens that are made up, each with a good checksum, are not all looked up: whoever sends them is told to wait before the database is asked.
// A gateway at the same address whose token is known goes on, and so does one that is new while garbage is sent.
func TestTheDatabaseIsNotAskedAboutMadeUpTokensForEver(t *testing.T) {
	t.Parallel()
	gates(t, 1000, func(t *testing.T, g *gate) {
		ask := func(verifier string) int {
			return g.send(t, "POST", "/v1/verify", `{"key":"x"}`, "Authorization: Bearer "+verifier).Status
		}
		for range 25 {
			ask("khv_garbage")
		}
		if ask("khv_garbage") != 429 || ask(g.verifier) != 200 {
			t.Error("after garbage it is not garbage that waits")
		}
		for range 25 {
			ask(token.New(token.VerifierToken).Expose())
		}
		g.SQL(t, "ALTER TABLE verifier_tokens RENAME TO out_of_reach")
		if status := ask(token.New(token.VerifierToken).Expose()); status != 429 {
			t.Errorf("the database is asked: %d", status)
		}
		g.SQL(t, "ALTER TABLE out_of_reach RENAME TO verifier_tokens")
		if status := ask(g.verifier); status != 200 {
			t.Errorf("the gateway itself is answered %d", status)
		}
	})
}
