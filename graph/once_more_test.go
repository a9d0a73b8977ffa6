package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/apptest"
)

// 50 requests with one key at once: one deed, one audit row, and every answer names the same thing.
func TestFiftyRequestsWithOneKeyAreOneDeed(t *testing.T) {
	t.Parallel()
	const many = 50
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		key := ada.CreateKey(t, "raced", "", "PROJECT").ID
		for _, race := range []struct {
			audit, ask string
			vars       apptest.Vars
			value      []any // where it shows what is shown once
			id         []any // where it names what it made
		}{
			{"api_key.created", `mutation { createAPIKey(input: {name: "one of fifty"}) { apiKey { id } plaintext secret errors { code } } }`, nil,
				[]any{"createAPIKey", "plaintext"}, []any{"createAPIKey", "apiKey", "id"}},
			{"api_key.secret.revealed", `mutation($id: ID!) { revealAPIKeySecret(input: {id: $id}) { secret revealCount errors { code } } }`, apptest.Vars{"id": key},
				[]any{"revealAPIKeySecret", "secret"}, nil},
			{"invite.sent", `mutation($id: ID!, $email: String!, $own: String!) { inviteCollaborators(input: {apiKeyId: $id, emails: [$email], role: ADMIN, confirmEmail: $own}) { results { invitation { id } error { code } } errors { code } } }`,
				apptest.Vars{"id": key, "email": ben.Email, "own": ada.Email}, nil, []any{"inviteCollaborators", "results", 0, "invitation", "id"}},
		} {
			before := s.Count(t, "audit_events WHERE type = ?", race.audit)
			answers := make([]apptest.Answer, many)
			var all sync.WaitGroup
			for i := range many {
				all.Go(func() { answers[i] = ada.Once(t, race.ask, race.vars, "fifty "+race.audit) })
			}
			all.Wait()
			values, ids := map[string]int{}, map[string]int{}
			for _, out := range answers {
				if code := out.Code(); code != "" && code != "ALREADY_DELIVERED" {
					t.Errorf("%s: %s", race.audit, out.Body)
				}
				if text := out.Text(race.value...); race.value != nil && text != "" {
					values[text]++
				}
				ids[out.Text(race.id...)]++
			}
			if len(ids) != 1 || race.id != nil && ids[""] > 0 {
				t.Errorf("%s: the answers name %v", race.audit, ids)
			}
			if race.value != nil && len(values) != 1 {
				t.Errorf("%s: %d answers show a value", race.audit, len(values))
			}
			for _, times := range values {
				if times != 1 {
					t.Errorf("%s: the value is shown %d times", race.audit, times)
				}
			}
			if n := s.Count(t, "audit_events WHERE type = ?", race.audit) - before; n != 1 {
				t.Errorf("%s: %d audit rows, want 1", race.audit, n)
			}
		}
		if n := s.Count(t, "api_keys WHERE name = 'one of fifty'"); n != 1 {
			t.Errorf("%d keys, want 1", n)
		}
		if n := s.Count(t, "sealed_values WHERE api_key_id = ? AND reveal_count <> 1", key); n != 0 {
			t.Error("a reveal was counted more than once")
		}
	})
}

// A replay shows what the viewer may see now, and brings nothing back.
//
//keyhall:norace
func TestAReplayIsReadWithTheRightsOfNow(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		key := ada.CreateKey(t, "shared", "", "PROJECT").ID
		place := ada.Share(t, key, ben, "ADMIN")
		asks := map[string]string{
			"rename":  `mutation($id: ID!) { updateAPIKey(input: {id: $id, name: "by ben"}) { apiKey { id name } errors { code } } }`,
			"disable": `mutation($id: ID!) { disableAPIKey(input: {id: $id}) { apiKey { id name } errors { code } } }`,
			"reveal":  `mutation($id: ID!) { revealAPIKeySecret(input: {id: $id}) { secret revealCount errors { code } } }`,
			"invite": fmt.Sprintf(`mutation($id: ID!) { inviteCollaborators(input: {apiKeyId: $id, emails: ["x@keyhall.test", %q], role: ADMIN, confirmEmail: %q}) {
				results { email invitation { id email } error { code } } errors { code } } }`, s.Actor(t, "cleo").Email, ben.Email),
		}
		vars := apptest.Vars{"id": key}
		for name, ask := range asks {
			if out := ben.Once(t, ask, vars, name); out.Code() != "" {
				t.Fatalf("%s: %s", name, out.Body)
			}
		}
		again := func(when string, want map[string]string) {
			t.Helper()
			for name, ask := range asks {
				out := ben.Once(t, ask, vars, name)
				if out.Code() != want[name] || want[name] != "" && want[name] != "ALREADY_DELIVERED" && out.Data != nil {
					t.Errorf("%s, %s again: %s, want %q", when, name, out.Body, want[name])
				}
			}
		}
		again("as an admin", map[string]string{"reveal": "ALREADY_DELIVERED"})
		ada.Must(t, `mutation($id: ID!) { updateCollaboratorRole(input: {collaboratorId: $id, role: CONTRIBUTOR}) { errors { code } } }`, apptest.Vars{"id": place})
		again("as a contributor", map[string]string{"rename": "FORBIDDEN", "disable": "FORBIDDEN", "invite": "FORBIDDEN", "reveal": "ALREADY_DELIVERED"})
		ada.Must(t, `mutation($id: ID!) { removeCollaborator(input: {collaboratorId: $id}) { errors { code } } }`, apptest.Vars{"id": place})
		hidden := map[string]string{"rename": "NOT_FOUND", "disable": "NOT_FOUND", "invite": "NOT_FOUND", "reveal": "NOT_FOUND"}
		again("removed", hidden)

		const create = `mutation { createAPIKey(input: {name: "short"}) { apiKey { id } plaintext errors { code } } }`
		made := ada.Once(t, create, nil, "create").Text("createAPIKey", "apiKey", "id")
		for _, id := range []string{key, made} {
			ada.Must(t, `mutation($id: ID!) { deleteAPIKey(input: {id: $id}) { deletedId errors { code } } }`, apptest.Vars{"id": id})
		}
		again("when the key is gone", hidden)
		if out := ada.Once(t, create, nil, "create"); out.Code() != "NOT_FOUND" || s.Count(t, "api_keys") != 0 {
			t.Errorf("making a key again that is gone: %s", out.Body)
		}
	})
}

//keyhall:norace
func TestAKeyIsOfItsAccountWhateverItsCredential(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		token := func(permissions string) *apptest.Actor {
			out := ada.Must(t, `mutation { createAccessToken(input: {name: "t", permissions: `+permissions+`}) { plaintext errors { code } } }`, nil)
			return ada.WithToken(out.Text("createAccessToken", "plaintext"))
		}
		all, blind := token(`["project.create_api_key", "project.view", "api_key.view"]`), token(`["project.create_api_key", "project.view"]`)
		const create = `mutation { createAPIKey(input: {name: "once"}) { apiKey { id } plaintext errors { code } } }`
		first := ada.Once(t, create, nil, "k")
		for who, want := range map[*apptest.Actor]string{ada: "ALREADY_DELIVERED", all: "ALREADY_DELIVERED", blind: "NOT_FOUND"} {
			out := who.Once(t, create, nil, "k")
			if out.Code() != want || want != "NOT_FOUND" && out.Text("createAPIKey", "apiKey", "id") != first.Text("createAPIKey", "apiKey", "id") {
				t.Errorf("again: %s, want %s", out.Body, want)
			}
		}
		if out := s.Anonymous().Once(t, create, nil, "k"); out.Code() != "UNAUTHENTICATED" {
			t.Errorf("nobody with the key: %s", out.Body)
		}
		s.SQL(t, "UPDATE users SET suspended_at = 1 WHERE id = ?", ada.ID)
		if out := ada.Once(t, create, nil, "k"); out.Code() != "UNAUTHENTICATED" {
			t.Errorf("suspended: %s", out.Body)
		}
	})
}

//keyhall:norace
func TestAKeyIsRememberedThroughARestartForADay(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		const create = `mutation { createAPIKey(input: {name: "kept"}) { apiKey { id } plaintext errors { code } } }`
		send := func() (string, string) {
			out := ada.Once(t, create, nil, "k")
			return out.Text("createAPIKey", "apiKey", "id"), out.Code()
		}
		first, _ := send()
		s.Restart(t)
		if id, code := send(); id != first || code != "ALREADY_DELIVERED" {
			t.Errorf("after a restart: %s %q, want %s", id, code, first)
		}
		var created, expires int64
		s.Row(t, "SELECT created_at, expires_at FROM idempotency_keys", nil, &created, &expires)
		if kept := time.Duration(expires-created) * time.Microsecond; (kept - 24*time.Hour).Abs() > time.Minute {
			t.Errorf("it is kept for %s, want a day", kept)
		}
		forget := func(left int) {
			t.Helper()
			if err := s.App.House.ForgetKeys(context.Background()); err != nil || s.Count(t, "idempotency_keys") != left {
				t.Errorf("%d keys are left, want %d (%v)", s.Count(t, "idempotency_keys"), left, err)
			}
		}
		const day = 24 * 60 * 60 * 1_000_000
		s.SQL(t, "UPDATE idempotency_keys SET expires_at = expires_at - ?", day-60*1_000_000) // a minute before its end
		forget(1)
		if id, code := send(); id != first || code != "ALREADY_DELIVERED" {
			t.Errorf("within the day: %s %q, want %s", id, code, first)
		}
		s.SQL(t, "UPDATE idempotency_keys SET expires_at = expires_at - ?", 60*1_000_000)
		second, code := send() // the old row is there still, and makes room
		if second == first || second == "" || code != "" || s.Count(t, "idempotency_keys") != 1 {
			t.Errorf("after the day: %s %q", second, code)
		}
		s.SQL(t, "UPDATE idempotency_keys SET expires_at = expires_at - ?", day)
		forget(0)
		if third, code := send(); third == first || third == second || code != "" {
			t.Errorf("when it is forgotten: %s %q", third, code)
		}
	})
}

// What was undone leaves no memory: the same key works when the cause is gone.
//
//keyhall:norace
func TestADeedThatWasUndoneIsNotRemembered(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		key := ada.CreateKey(t, "one", "", "PROJECT").ID
		vars := apptest.Vars{"id": key, "name": "renamed"}
		undone := func(what string, out apptest.Answer, want string) {
			t.Helper()
			if n := s.Count(t, "idempotency_keys"); out.Code() != want || n != 0 {
				t.Errorf("%s: %s, want %s; %d keys are remembered", what, out.Body, want, n)
			}
		}
		undone("a hidden thing", ben.Once(t, renameOnce, vars, "k"), "NOT_FOUND")
		undone("a time that is over", ada.Once(t, `mutation { createAPIKey(input: {name: "x", expiresAt: "2001-01-01T00:00:00Z"}) { apiKey { id } errors { code } } }`, nil, "k"), "EXPIRY_IN_PAST")
		undone("no name", ada.Once(t, renameOnce, apptest.Vars{"id": key, "name": ""}, "k"), "REQUIRED")
		s.SQL(t, "ALTER TABLE audit_events RENAME TO gone")
		undone("no audit log", ada.Once(t, renameOnce, vars, "k"), "INTERNAL")
		s.SQL(t, "ALTER TABLE gone RENAME TO audit_events")
		s.SQL(t, "ALTER TABLE idempotency_keys RENAME TO gone")
		if out := ada.Once(t, renameOnce, vars, "k"); out.Code() != "INTERNAL" || s.Count(t, "api_keys WHERE name = 'renamed'") != 0 {
			t.Errorf("a deed that cannot be remembered: %s", out.Body)
		}
		s.SQL(t, "ALTER TABLE gone RENAME TO idempotency_keys")
		undone("somebody who leaves", cancelled(t, s, ada, key), "")
		if n := s.Count(t, "api_keys WHERE name = 'renamed'"); n != 0 {
			t.Error("what was undone was done")
		}
		if out := ada.Once(t, renameOnce, vars, "k"); out.Text("updateAPIKey", "apiKey", "name") != "renamed" || s.Count(t, "idempotency_keys") != 1 {
			t.Errorf("the same key when all is well: %s", out.Body)
		}
	})
}

// C13: marking a key that was replaced before succeeds also when the newer key is gone, and says the same when it is sent
// again.
//
//keyhall:norace
func TestMarkingAKeyWhoseSuccessorIsGoneIsDoneOnce(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		old := ada.CreateKey(t, "Payments", "", "PROJECT").ID
		heir := rotate(t, ada, old, 86_400).ID
		ada.Must(t, `mutation($id: ID!) { deleteAPIKey(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": heir})
		vars := apptest.Vars{"id": old, "reason": "pushed to a public repository"}
		first, second := ada.Once(t, exposeMutation, vars, "k"), ada.Once(t, exposeMutation, vars, "k")
		if first.Code() != "" || sameBody(second) != sameBody(first) {
			t.Errorf("first %s, then %s", first.Body, second.Body)
		}
		if n := s.Count(t, "audit_events WHERE type = 'api_key.exposed' AND resource_id = ?", old); n != 1 {
			t.Errorf("it was marked %d times", n)
		}
	})
}

// cancelled sends a rename that cannot go on, and hangs up.
func cancelled(t *testing.T, s *apptest.Server, who *apptest.Actor, key string) apptest.Answer {
	t.Helper()
	release := s.Hold(t, key)
	defer release()
	ctx, hangUp := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer hangUp()
	body, err := json.Marshal(map[string]any{"query": renameOnce, "variables": map[string]any{"id": key, "name": "renamed"}})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/graphql", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", "k")
	req.Header.Set("Cookie", who.Cookie())
	if resp, err := http.DefaultClient.Do(req); err == nil {
		_ = resp.Body.Close()
		t.Fatal("a deed went on while its key was held")
	}
	release()
	return who.Do(t, `{ viewer { email } }`, nil)
}

//keyhall:norace
func TestAKeyHasAFormAndBelongsToOneMutation(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		const create, list = `mutation { createAPIKey(input: {name: "n"}) { apiKey { id } errors { code } } }`, `{ apiKeys(first: 1) { totalCount } }`
		for name, keys := range map[string][]string{
			"empty": {""}, "too long": {strings.Repeat("k", 256)}, "not ASCII": {"clé"}, "a tab": {"a\tb"}, "two": {"a", "b"}, "twice the same": {"a", "a"},
		} {
			out := ada.Once(t, create, nil, keys...)
			if out.Status != http.StatusBadRequest || out.Code() != "BAD_REQUEST" || strings.Contains(out.Body, strings.Repeat("k", 20)) {
				t.Errorf("a key that is %s: %d %s", name, out.Status, out.Body)
			}
			if out := ada.Once(t, list, nil, keys...); out.Code() != "" {
				t.Errorf("a query with a key that is %s: %s", name, out.Body)
			}
		}
		for _, ask := range []string{
			`mutation { a: createAPIKey(input: {name: "n"}) { errors { code } } b: createAPIKey(input: {name: "n"}) { errors { code } } }`,
			`mutation { createAPIKey(input: {name: "n"}) { errors { code } } signOut { errors { code } } }`,
			`mutation { ...Two } fragment Two on Mutation { createAPIKey(input: {name: "n"}) { errors { code } } b: createAPIKey(input: {name: "n"}) { errors { code } } }`,
		} {
			if out := ada.Once(t, ask, nil, "k"); out.Code() != "BAD_USER_INPUT" || out.Data != nil {
				t.Errorf("several mutations: %s", out.Body)
			}
		}
		if n := s.Count(t, "api_keys") + s.Count(t, "idempotency_keys"); n != 0 {
			t.Errorf("%d rows were written", n)
		}
		two := ada.Once(t, `mutation($no: Boolean!) { a: createAPIKey(input: {name: "n"}) { errors { code } } b: createAPIKey(input: {name: "n"}) @include(if: $no) { errors { code } } }`, apptest.Vars{"no": false}, "k")
		if two.Code() != "" || s.Count(t, "api_keys") != 1 {
			t.Errorf("one mutation and one that is left out: %s", two.Body)
		}
	})
}
