package graph_test

import (
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/apptest"
)

const (
	renameEnded = `updateAPIKey(input: {id: $id, name: "Late"}) { errors { code } }`
	makeToken   = `mutation($expires: Time, $permissions: [Permission!]) { createAccessToken(input: {name: "program", expiresAt: $expires, permissions: $permissions}) {
		accessToken { id } plaintext errors { code path } } }`
)

// A deed looks at the session or token again when it is its turn: what ended before it, also in the same document, does
// nothing any more.
func TestACredentialThatHasEndedDoesNothingMore(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		key := apptest.Vars{"id": ada.CreateKey(t, "Payments", "", "PROJECT").ID}
		refused := func(name string, out apptest.Answer) {
			t.Helper()
			if out.Code() != "UNAUTHENTICATED" || s.Count(t, "api_keys WHERE name = 'Late'") != 0 {
				t.Errorf("%s: %s", name, out.Body)
			}
		}
		refused("after signing out", again(t, ada).Do(t, `mutation($id: ID!) { signOut { errors { code } } `+renameEnded+` }`, key))
		made := ada.Must(t, makeToken, nil)
		program := ada.WithToken(made.Text("createAccessToken", "plaintext"))
		refused("after revoking itself", program.Do(t, `mutation($id: ID!, $own: ID!) { revokeAccessToken(input: {id: $own}) { errors { code } } `+renameEnded+` }`,
			with(key, "own", made.Text("createAccessToken", "accessToken", "id"))))
		if s.Database == apptest.Postgres { // where a deed waits for a row, and not for the one place of a writer
			second := again(t, ada)
			release := s.Hold(t, key["id"].(string))
			defer release()
			answers := make(chan apptest.Answer)
			go func() { answers <- second.Do(t, `mutation($id: ID!) { `+renameEnded+` }`, key) }()
			apptest.Until(t, "the deed waits for the key", func() bool {
				return s.Count(t, "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") > 0
			})
			again(t, second).Must(t, `mutation($id: ID!) { revokeSession(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": current(t, second)})
			release()
			refused("ended while it waited", <-answers)
		}
		ada.Must(t, `mutation($id: ID!) { `+renameEnded+` }`, key)
	})
}

// A token that ends makes none that goes on.
//
//keyhall:norace
func TestATokenMakesNoneThatLastsLonger(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		end := time.Now().Add(time.Hour).UTC().Truncate(time.Millisecond)
		at := func(d time.Duration) string { return end.Add(d).Format(time.RFC3339Nano) }
		brief := ada.WithToken(ada.Must(t, makeToken, apptest.Vars{"expires": at(0)}).Text("createAccessToken", "plaintext"))
		narrow := ada.WithToken(ada.Must(t, makeToken, apptest.Vars{"expires": at(0), "permissions": []string{"account.manage"}}).Text("createAccessToken", "plaintext"))
		for name, c := range map[string]struct {
			expires any
			code    string
		}{
			"never": {nil, "EXPIRY_TOO_LONG"}, "later": {at(time.Millisecond), "EXPIRY_TOO_LONG"}, "sooner": {at(-time.Minute), ""}, "together": {at(0), ""},
		} {
			vars := apptest.Vars{"expires": c.expires, "permissions": []string{"account.manage"}}
			for who, a := range map[string]*apptest.Actor{"all": brief, "one permission": narrow} {
				if out := a.Do(t, makeToken, vars); out.Code() != c.code {
					t.Errorf("a token of %s, ending %s: %s", who, name, out.Body)
				}
			}
			forever := narrowed(t, ada)
			for who, a := range map[string]*apptest.Actor{"a session": ada, "a token that does not end": forever} {
				if out := a.Do(t, makeToken, vars); out.Code() != "" {
					t.Errorf("%s, ending %s: %s", who, name, out.Body)
				}
			}
		}
	})
}
