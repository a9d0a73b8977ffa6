package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

const restoreVersion = `mutation($id: ID!) { restoreSecretVersion(input: {versionId: $id}) { secret { id version hasValue
	versions(first: 20) { nodes { number current createdBy { id } } } } errors { code message } } }`

// versionID is the id of a version by its number.
func versionID(t *testing.T, s *apptest.Server, secretID string, number int) string {
	t.Helper()
	return textOf(t, s, "SELECT id FROM secret_versions WHERE secret_id = ? AND number = ?", secretID, number)
}

// setValue makes a new version.
func setValue(t *testing.T, who *apptest.Actor, secretID string, value any) {
	t.Helper()
	who.Must(t, `mutation($id: ID!, $v: String) { updateSecret(input: {id: $id, clientSecret: $v}) { errors { code } } }`, apptest.Vars{"id": secretID, "v": value})
}

// B19: an earlier value comes back as a new version, sealed anew; nothing that was there is changed, and the deed is recorded
// and told.
//
//keyhall:norace
func TestAnEarlierValueComesBackAsANewVersion(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		id := ada.AddSecret(t, "Payments", "first value")
		ada.ShareSecret(t, id, apptest.Vars{"login": ben.Username}, apptest.Vars{"canEdit": true})
		setValue(t, ben, id, "second value")
		setValue(t, ben, id, nil)
		stream := ben.Stream(t, secretChanged, nil)
		stream.Next(t)
		out := ada.Must(t, restoreVersion, apptest.Vars{"id": versionID(t, s, id, 1)})
		if out.At("restoreSecretVersion", "secret", "version") != 4.0 || out.At("restoreSecretVersion", "secret", "hasValue") != true ||
			len(out.At("restoreSecretVersion", "secret", "versions", "nodes").([]any)) != 4 ||
			out.Text("restoreSecretVersion", "secret", "versions", "nodes", 0, "createdBy", "id") != ada.ID {
			t.Errorf("restored: %s", out.Body)
		}
		if strings.Contains(out.Body, "value\"") || strings.Contains(out.Body, "first") {
			t.Errorf("the answer shows a value: %s", out.Body)
		}
		if got := told(stream.Next(t)); got != "CHANGED "+id+" Payments" {
			t.Errorf("ben is told %q", got)
		}
		for version, want := range map[any]string{nil: "first value", 1: "first value", 2: "second value", 4: "first value"} {
			shown := ada.Must(t, revealVersion, apptest.Vars{"id": id, "version": version})
			if got := shown.Text("revealSecret", "clientSecret"); got != want {
				t.Errorf("version %v is %q", version, got)
			}
		}
		if value, _ := ben.Reveal(t, id); value != "first value" {
			t.Errorf("who can edit reveals %q", value)
		}
		if n := s.Count(t, "(SELECT DISTINCT wrapped_key FROM sealed_versions WHERE secret_id = ?) x", id); n != 3 {
			t.Errorf("three values are under %d data keys", n)
		}
		if n := s.Count(t, "audit_events WHERE type = 'secret.version_restored' AND resource_id = ? AND actor_id = ? AND outcome = 'DONE'", id, ada.ID); n != 1 {
			t.Errorf("%d rows tell of it", n)
		}
		trail := ada.Must(t, `query($org: ID!) { auditEvents(organizationId: $org, first: 10, filter: {types: ["secret.version_restored"]}) { nodes { changes { field before after } } } }`, apptest.Vars{"org": ada.Home})
		if !strings.Contains(trail.Body, `"changes":[{"field":"restored","before":"","after":"1"},{"field":"version","before":"3","after":"4"}]`) {
			t.Errorf("the trail says %s", trail.Body)
		}
	})
}

// B19: also of a secret that is disabled or has expired, and of a version without a value; of the version in use nothing changes, and nobody but the
// owner restores.
//
//keyhall:norace
func TestWhatRestoringAVersionDoesAndDoesNot(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		id := ada.AddSecret(t, "Payments", "first")
		ada.ShareSecret(t, id, apptest.Vars{"login": ben.Username}, apptest.Vars{"canEdit": true})
		setValue(t, ada, id, nil)
		setValue(t, ada, id, "third")
		count := func() int { return s.Count(t, "secret_versions WHERE secret_id = ?", id) }
		for range 2 { // the one in use, again and again
			if out := ada.Must(t, restoreVersion, apptest.Vars{"id": versionID(t, s, id, 3)}); out.At("restoreSecretVersion", "secret", "version") != 3.0 {
				t.Errorf("the version in use: %s", out.Body)
			}
		}
		if out := ben.Do(t, restoreVersion, apptest.Vars{"id": versionID(t, s, id, 1)}); out.Code() != "FORBIDDEN" || out.Errors[0].Extensions.Permission != "secret.restore_version" {
			t.Errorf("who can edit restores: %s", out.Body)
		}
		if n := s.Count(t, "audit_events WHERE type = 'secret.version_restored'"); count() != 3 || n != 0 {
			t.Errorf("nothing was to change: %d versions, %d rows", count(), n)
		}
		out := ada.Must(t, restoreVersion, apptest.Vars{"id": versionID(t, s, id, 2)})
		if out.At("restoreSecretVersion", "secret", "hasValue") != false || s.Count(t, "sealed_versions WHERE secret_id = ?", id) != 2 {
			t.Errorf("of no value: %s", out.Body)
		}
		s.SQL(t, "UPDATE secrets SET disabled_at = 1, expires_at = 1 WHERE id = ?", id)
		if out = ada.Must(t, restoreVersion, apptest.Vars{"id": versionID(t, s, id, 3)}); out.At("restoreSecretVersion", "secret", "version") != 5.0 {
			t.Errorf("of a disabled secret: %s", out.Body)
		}
		if value, code := ada.Reveal(t, id); value != "" || code != "FORBIDDEN" {
			t.Errorf("restoring let it be revealed: %q %q", value, code)
		}
		s.SQL(t, "UPDATE secrets SET disabled_at = 0, expires_at = 0 WHERE id = ?", id)
		if value, _ := ada.Reveal(t, id); value != "third" {
			t.Errorf("restored is %q", value)
		}
	})
}

// B19: 8 people's worth of restoring and editing at once: every version has its number once, and the one in use is the last.
func TestRestoringAndEditingAtOnceKeepsEveryVersion(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		id := ada.AddSecret(t, "Payments", "value 1")
		setValue(t, ada, id, "value 2")
		first := versionID(t, s, id, 1)
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				for n := range 4 {
					var out apptest.Answer
					if i%2 == 0 {
						out = ada.Do(t, restoreVersion, apptest.Vars{"id": first})
					} else {
						out = ada.Do(t, `mutation($id: ID!, $v: String) { updateSecret(input: {id: $id, clientSecret: $v}) { errors { code } } }`, apptest.Vars{"id": id, "v": fmt.Sprint("value of ", i, n)})
					}
					if out.Code() != "" {
						t.Errorf("at once: %s", out.Body)
					}
				}
			})
		}
		all.Wait()
		var last int
		s.Row(t, "SELECT version FROM secrets WHERE id = ?", []any{id}, &last)
		if n := s.Count(t, "secret_versions WHERE secret_id = ?", id); last != 34 || n != 34 || s.Count(t, "sealed_versions WHERE secret_id = ?", id) != 34 {
			t.Errorf("%d versions, the one in use is %d", n, last)
		}
		shown, restored := map[string]int{}, 0
		for v := range last {
			shown[ada.Must(t, revealVersion, apptest.Vars{"id": id, "version": v + 1}).Text("revealSecret", "clientSecret")]++
		}
		restored = shown["value 1"]
		delete(shown, "value 1")
		if restored != 17 || len(shown) != 17 || slices.ContainsFunc(valuesOf(shown), func(n int) bool { return n != 1 }) {
			t.Errorf("value 1 is there %d times, the others %v", restored, shown)
		}
	})
}

func valuesOf(m map[string]int) (out []int) {
	for _, n := range m {
		out = append(out, n)
	}
	return out
}
