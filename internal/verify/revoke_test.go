package verify_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest"
)

// deaf is a process that hears of no change between two looks at the database: NOTIFY is cut.
func deaf(c *app.Config) { c.Deaf = true }

// bar is how long after its acknowledgement a change may not have come through.
const bar = time.Second

// until asks a process until it answers as it should, and says how long after the deed the last question was asked that it did not.
func until(t testing.TB, at *apptest.Server, key, want string, ask func(*apptest.Server, string) string) time.Duration {
	t.Helper()
	done, last := time.Now(), time.Duration(0)
	for {
		asked := time.Since(done)
		got := ask(at, key)
		if got == want {
			return last
		}
		if last = asked; last > bar*apptest.Slowdown {
			t.Errorf("%v after the deed the answer is %s and not %s", last, got, want)
			return last
		}
	}
}

// C10, C13 and security 4.5: what ends a key ends it at another process, which hears of nothing, within a second of its being
// acknowledged; what opens it again does too.
func TestAChangeHoldsAtAnotherProcessWithinASecond(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		c, second := newScene(t, s), s.Beside(t, deaf)
		root := s.Administrator(t)
		ask := func(at *apptest.Server, key string) string {
			return at.Verify(t, c.verifier, apptest.Vars{"key": key}).Code
		}
		check := func(name, key, want string) {
			t.Helper()
			for _, at := range []*apptest.Server{s, second} {
				t.Logf("%s: %v", name, until(t, at, key, want, ask))
			}
		}
		id := func() apptest.Vars { return apptest.Vars{"id": c.key.ID, "overlap": 0} }
		check("made", c.key.Plaintext, "VALID")
		c.ada.Must(t, disable, apptest.Vars{"id": c.key.ID})
		check("disabled", c.key.Plaintext, "DISABLED")
		c.ada.Must(t, enable, apptest.Vars{"id": c.key.ID})
		check("enabled", c.key.Plaintext, "VALID")
		next := replaced(c.ada.Must(t, rotate, id()), "rotateAPIKey")
		check("rotated", c.key.Plaintext, "EXPIRED")
		check("its successor", next.Plaintext, "VALID")
		out := c.ada.Must(t, expose, apptest.Vars{"id": next.ID})
		check("exposed", next.Plaintext, "EXPIRED")
		c.key = replaced(out, "markAPIKeyExposed")
		check("and replaced", c.key.Plaintext, "VALID")
		for suspended, want := range map[bool]string{true: "OWNER_LOST_ACCESS"} {
			root.Must(t, `mutation($id: ID!, $s: Boolean) { setUserStatus(input: {userId: $id, suspended: $s}) { errors { code } } }`, apptest.Vars{"id": c.ada.ID, "s": suspended})
			check("suspended", c.key.Plaintext, want)
		}
		root.Must(t, `mutation($id: ID!) { setUserStatus(input: {userId: $id, suspended: false}) { errors { code } } }`, apptest.Vars{"id": c.ada.ID})
		check("back", c.key.Plaintext, "VALID")
		c.ada.SignIn(t)
		c.ada.Must(t, `mutation($id: ID!) { deleteAPIKey(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": c.key.ID})
		check("deleted", c.key.Plaintext, "NOT_FOUND")
	})
}

// C10: who is removed from an organization takes the keys that they own there with them; who comes back through a group of the
// project has them again until that place is over.
//
//keyhall:norace
func TestTheKeysOfWhoLeavesStop(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		c, ben := newScene(t, s), s.Actor(t, "ben")
		s.JoinOrganization(t, c.ada.Home, ben, "READER")
		s.JoinProject(t, c.ada.Project, ben, "MEMBER")
		theirs := ben.CreateKey(t, "Payments", c.ada.Project, "PROJECT")
		group := c.ada.MakeGroup(t, "Team", ben)
		s.SQL(t, "INSERT INTO project_members (id, created_at, project_id, group_id, role) VALUES ('prm_group', 1, ?, ?, 'MEMBER')", c.ada.Project, group)
		for _, step := range []struct{ name, query, want string }{
			{"a member", "SELECT 1", "VALID"},
			{"no direct place, and a group's", "DELETE FROM project_members WHERE user_id = '" + ben.ID + "'", "VALID"},
			{"a place that will be over", fmt.Sprintf("UPDATE group_members SET expires_at = %d", future), "VALID"},
			{"a place that is over", "UPDATE group_members SET expires_at = 1", "OWNER_LOST_ACCESS"},
			{"a place that does not end", "UPDATE group_members SET expires_at = 0", "VALID"},
			{"a disabled group", "UPDATE groups SET status = 'DISABLED'", "OWNER_LOST_ACCESS"},
			{"an enabled one", "UPDATE groups SET status = 'ENABLED'", "VALID"},
			{"suspended", "UPDATE users SET suspended_at = 1 WHERE id = '" + ben.ID + "'", "OWNER_LOST_ACCESS"},
			{"not any more", "UPDATE users SET suspended_at = 0 WHERE id = '" + ben.ID + "'", "VALID"},
			{"out of the organization", "DELETE FROM organization_members WHERE user_id = '" + ben.ID + "' AND organization_id = '" + c.ada.Home + "'", "OWNER_LOST_ACCESS"},
			{"a service account's", "INSERT INTO service_accounts (id, created_at, project_id, name, disabled_at) VALUES ('sva_1', 1, '" + c.ada.Project + "', 'ci', 0)", "OWNER_LOST_ACCESS"},
			{"and of it", "UPDATE api_keys SET owner_id = NULL, service_account_id = 'sva_1' WHERE id = '" + theirs.ID + "'", "VALID"},
			{"which is disabled", "UPDATE service_accounts SET disabled_at = 1", "OWNER_LOST_ACCESS"},
		} {
			if step.query != "SELECT 1" {
				s.SQL(t, step.query)
			}
			s.Changed(t)
			if got := s.Verify(t, c.verifier, apptest.Vars{"key": theirs.Plaintext}).Code; got != step.want {
				t.Errorf("%s: %s, want %s", step.name, got, step.want)
			}
		}
		if got := c.ask(t, nil); got != "VALID" {
			t.Errorf("another's key is answered %s", got)
		}
	})
}

// C10: a removal, with the mutation for it: every key that they own there stops, at another process too, and what they own
// elsewhere does not. A key that a service account owns stays.
func TestARemovedMembersKeysStopAtOnce(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		c, ben, second := newScene(t, s), s.Actor(t, "ben"), s.Beside(t, deaf)
		s.JoinOrganization(t, c.ada.Home, ben, "READER")
		s.JoinProject(t, c.ada.Project, ben, "MEMBER")
		theirs, own := ben.CreateKey(t, "Payments", c.ada.Project, "PROJECT"), ben.CreateKey(t, "Own", "", "PROJECT")
		home := s.PutVerifier(t, ben.Project, ben)
		ask := func(verifier string) func(*apptest.Server, string) string {
			return func(at *apptest.Server, key string) string {
				return at.Verify(t, verifier, apptest.Vars{"key": key}).Code
			}
		}
		for _, at := range []*apptest.Server{s, second} {
			until(t, at, theirs.Plaintext, "VALID", ask(c.verifier))
			until(t, at, own.Plaintext, "VALID", ask(home))
		}
		var place string
		s.Row(t, "SELECT id FROM organization_members WHERE user_id = ? AND organization_id = ?", []any{ben.ID, c.ada.Home}, &place)
		c.ada.Must(t, `mutation($id: ID!) { removeOrganizationMember(input: {memberId: $id}) { errors { code } } }`, apptest.Vars{"id": place})
		for _, at := range []*apptest.Server{s, second} {
			until(t, at, theirs.Plaintext, "OWNER_LOST_ACCESS", ask(c.verifier))
			until(t, at, own.Plaintext, "VALID", ask(home))
			until(t, at, c.key.Plaintext, "VALID", ask(c.verifier))
		}
	})
}

// C12: nothing of what is asked about is written down: not the key, not its secret, not the verifier token.
//
//keyhall:norace
func TestNoValueIsInTheLogs(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		c := newScene(t, s)
		c.ask(t, apptest.Vars{"secret": c.key.Secret})
		c.ask(t, apptest.Vars{"secret": c.key.Plaintext, "jwt": "canary.canary.canary"})
		c.ask(t, apptest.Vars{"remoteAddress": "canary"})
		s.SQL(t, "UPDATE sealed_values SET ciphertext = ?", []byte("damaged"))
		c.do(t, disable, nil)
		c.do(t, enable, nil)
		if got := c.asked(t, apptest.Vars{"secret": c.key.Secret}); got.Status != 503 {
			t.Errorf("a secret that cannot be opened is answered %d %s", got.Status, got.Body)
		}
		for _, value := range []string{c.key.Plaintext, c.key.Secret, c.verifier, "canary"} {
			if strings.Contains(s.Log.String(), value) {
				t.Errorf("the log has %q", value[:6])
			}
		}
	})
}
