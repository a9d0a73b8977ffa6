package graph_test

import (
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/apptest"
)

const (
	rotateMutation = `mutation($id: ID!, $overlap: Int! = 0, $reason: String) { rotateAPIKey(input: {id: $id, overlapSeconds: $overlap, reason: $reason}) {
		apiKey { id status replaces { id } } plaintext secret errors { code message path } } }`
	rotateSecretMutation = `mutation($id: ID!, $overlap: Int! = 0, $reason: String) { rotateAPIKeySecret(input: {id: $id, overlapSeconds: $overlap, reason: $reason}) {
		apiKey { id } secret errors { code message path } } }`
	exposeMutation = `mutation($id: ID!, $reason: String!) { markAPIKeyExposed(input: {id: $id, reason: $reason}) {
		apiKey { id } plaintext secret errors { code message path } } }`
	revealMutation = `mutation($id: ID!) { revealAPIKeySecret(input: {id: $id}) { secret revealCount errors { code message path } } }`
	lifeQuery      = `query($id: ID!) { apiKey(id: $id) { id name description tags kind status start scopes expiresAt graceExpiresAt viewerRole
		owner { ... on User { id } } project { id } replaces { id } replacedBy { id } } }`
)

// rotate replaces a key and returns the new one.
func rotate(t *testing.T, who *apptest.Actor, id string, overlap int) apptest.Key {
	t.Helper()
	out := who.Must(t, rotateMutation, apptest.Vars{"id": id, "overlap": overlap})
	return apptest.Key{ID: out.Text("rotateAPIKey", "apiKey", "id"), Plaintext: out.Text("rotateAPIKey", "plaintext"), Secret: out.Text("rotateAPIKey", "secret")}
}

// clock is what the database says the time is.
func clock(t *testing.T, s *apptest.Server) (micros int64) {
	t.Helper()
	ask := "SELECT CAST(unixepoch('subsec') * 1000000 AS INTEGER)"
	if s.Database == apptest.Postgres {
		ask = "SELECT (extract(epoch from clock_timestamp()) * 1000000)::bigint"
	}
	s.Row(t, ask, nil, &micros)
	return micros
}

func number(t *testing.T, s *apptest.Server, query string, args ...any) (n int64) {
	t.Helper()
	s.Row(t, query, args, &n)
	return n
}

// state is how a key shows itself to somebody; the code of the refusal when it does not.
func state(t *testing.T, who *apptest.Actor, id string) string {
	t.Helper()
	out := who.Do(t, `query($id: ID!) { apiKey(id: $id) { status } }`, apptest.Vars{"id": id})
	if out.Code() != "" {
		return out.Code()
	}
	return out.Text("apiKey", "status")
}

func micros(d time.Duration) int64 { return d.Microseconds() }
