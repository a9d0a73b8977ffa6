package graph_test

import (
	"slices"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/apptest"
)

// Every combination of what can be true of a key has one status, and the filter by status finds it under that and no other.
//
//keyhall:norace
func TestAKeyHasOneStatusAndIsFoundByIt(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		past, future := int64(1), clock(t, s)+micros(time.Hour)
		want := map[string]string{}
		for _, c := range []struct {
			expires, disabled, grace int64
			status                   string
		}{
			{0, 0, 0, "ACTIVE"}, {future, 0, 0, "ACTIVE"},
			{past, 0, 0, "EXPIRED"}, {past, 0, future, "EXPIRED"},
			{0, past, 0, "DISABLED"}, {past, past, 0, "DISABLED"}, {future, past, future, "DISABLED"}, {past, past, future, "DISABLED"},
			{0, 0, future, "ROTATING"}, {future, 0, future, "ROTATING"},
			{0, 0, past, "REVOKED"}, {future, 0, past, "REVOKED"}, {past, 0, past, "REVOKED"}, {0, past, past, "REVOKED"}, {past, past, past, "REVOKED"},
		} {
			id := ada.CreateKey(t, c.status, "", "PROJECT").ID
			s.SQL(t, "UPDATE api_keys SET expires_at = ?, disabled_at = ?, grace_expires_at = ? WHERE id = ?", c.expires, c.disabled, c.grace, id)
			want[id] = c.status
		}
		for _, status := range []string{"ACTIVE", "DISABLED", "EXPIRED", "ROTATING", "REVOKED"} {
			out := ada.Must(t, `query($status: APIKeyStatus!) { apiKeys(first: 100, filter: {status: $status}, orderBy: {field: CREATED_AT, direction: DESC}) { totalCount nodes { id status } } }`,
				apptest.Vars{"status": status})
			var got, expected []string
			for i := range out.At("apiKeys", "nodes").([]any) {
				got = append(got, out.Text("apiKeys", "nodes", i, "id"))
				if shown := out.Text("apiKeys", "nodes", i, "status"); shown != status {
					t.Errorf("found under %s is one that shows %s", status, shown)
				}
			}
			for id, of := range want {
				if of == status {
					expected = append(expected, id)
				}
			}
			slices.Sort(expected)
			slices.Reverse(expected) // ids are in the order of their making
			if !slices.Equal(got, expected) || out.At("apiKeys", "totalCount") != float64(len(expected)) {
				t.Errorf("under %s are %v, want %v", status, got, expected)
			}
		}
		for id, status := range want {
			if got := state(t, ada, id); got != status {
				t.Errorf("a key is %s, want %s", got, status)
			}
		}
	})
}

// What is left of a revoked key is its history: it can be seen, named, left and cleared away, and nothing revives it.
//
//keyhall:norace
func TestARevokedKeyIsHistory(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, cleo, dev := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo"), s.Actor(t, "dev")
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		places := map[*apptest.Actor]string{ben: ada.Share(t, key.ID, ben, "ADMIN"), cleo: ada.Share(t, key.ID, cleo, "CONTRIBUTOR")}
		ada.Must(t, `mutation($id: ID!) { disableAPIKey(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": key.ID})
		rotate(t, ada, key.ID, 0)
		with := apptest.Vars{"id": key.ID}
		refused := func(who *apptest.Actor, name, ask string, vars apptest.Vars) {
			t.Helper()
			if out := who.Do(t, ask, vars); out.Code() != "INVALID" || len(out.Errors) > 0 {
				t.Errorf("%s of a revoked key: %s", name, out.Body)
			}
		}
		before := contents(t, s)
		refused(ada, "a reveal", revealMutation, with)
		refused(cleo, "a contributor's reveal", revealMutation, with)
		refused(ada, "enabling", `mutation($id: ID!) { enableAPIKey(input: {id: $id}) { apiKey { id } errors { code } } }`, with)
		refused(ada, "a later expiry", `mutation($id: ID!) { updateAPIKey(input: {id: $id, expiresAt: "2099-01-01T00:00:00Z"}) { errors { code } } }`, with)
		refused(ada, "no expiry", `mutation($id: ID!) { updateAPIKey(input: {id: $id, expiresAt: null}) { errors { code } } }`, with)
		refused(ada, "a rotation", rotateMutation, with)
		refused(ada, "a rotation of the secret", rotateSecretMutation, with)
		refused(ada, "an invitation", inviteMutation, apptest.Vars{"key": key.ID, "emails": []string{dev.Email}, "role": "ADMIN", "own": ada.Email})
		ada.Must(t, `mutation($id: ID!) { disableAPIKey(input: {id: $id}) { errors { code } } }`, with)
		if after := contents(t, s); after != before {
			t.Errorf("something was written:\n%s", difference(before, after))
		}

		ada.Must(t, `mutation($id: ID!) { updateAPIKey(input: {id: $id, name: "Payments, old"}) { errors { code } } }`, with)
		ada.Must(t, `mutation($id: ID!) { updateCollaboratorRole(input: {collaboratorId: $id, role: CONTRIBUTOR}) { errors { code } } }`, apptest.Vars{"id": places[ben]})
		ada.Must(t, `mutation($id: ID!) { removeCollaborator(input: {collaboratorId: $id}) { errors { code } } }`, apptest.Vars{"id": places[ben]})
		cleo.Must(t, `mutation($id: ID!) { leaveAPIKey(input: {id: $id}) { errors { code } } }`, with)
		if got := state(t, ada, key.ID); got != "REVOKED" {
			t.Errorf("it is %s", got)
		}
		heir := ada.Must(t, lifeQuery, with).Text("apiKey", "replacedBy", "id")
		ada.Must(t, `mutation($id: ID!) { deleteAPIKey(input: {id: $id}) { errors { code } } }`, with)
		after := ada.Must(t, lifeQuery, apptest.Vars{"id": heir})
		if after.At("apiKey", "replaces") != nil || after.Text("apiKey", "status") != "DISABLED" {
			t.Errorf("the new key, without the old one: %s", after.Body)
		}
	})
}

// In its grace a key does what it did, but for taking new people in.
//
//keyhall:norace
func TestAKeyInItsGraceStillServes(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, dev := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "dev")
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		ada.Share(t, key.ID, ben, "CONTRIBUTOR")
		heir := rotate(t, ada, key.ID, 86_400)
		with := apptest.Vars{"id": key.ID}
		if got := ben.Must(t, revealMutation, with).Text("revealAPIKeySecret", "secret"); got != key.Secret {
			t.Error("the secret of the old key is not revealed")
		}
		for _, verb := range []string{"disableAPIKey", "enableAPIKey"} {
			ada.Must(t, `mutation($id: ID!) { `+verb+`(input: {id: $id}) { errors { code } } }`, with)
		}
		if out := ada.Do(t, inviteMutation, apptest.Vars{"key": key.ID, "emails": []string{dev.Email}, "role": "ADMIN", "own": ada.Email}); out.Code() != "INVALID" {
			t.Errorf("an invitation to a key in its grace: %s", out.Body)
		}
		ada.Invite(t, heir.ID, dev, "ADMIN")
		ada.Must(t, `mutation($id: ID!) { deleteAPIKey(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": heir.ID})
		if out := ada.Must(t, lifeQuery, with); out.Text("apiKey", "status") != "ROTATING" || out.At("apiKey", "replacedBy") != nil {
			t.Errorf("the old key, without the new one: %s", out.Body)
		}
	})
}

// An admin may not enable what the owner disabled, and a rotation is no way around it (design.md section 3).
//
//keyhall:norace
func TestARotationEnablesNothing(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		for _, ask := range []string{rotateMutation, exposeMutation} {
			key := ada.CreateKey(t, "Payments", "", "PROJECT")
			ada.Share(t, key.ID, ben, "ADMIN")
			ada.Must(t, `mutation($id: ID!) { disableAPIKey(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": key.ID})
			vars := apptest.Vars{"id": key.ID, "reason": "because"}
			out := ben.Must(t, ask, vars)
			heir := out.Text("rotateAPIKey", "apiKey", "id") + out.Text("markAPIKeyExposed", "apiKey", "id")
			if got := state(t, ben, heir); got != "DISABLED" {
				t.Errorf("the new key is %s", got)
			}
			enable := `mutation($id: ID!) { enableAPIKey(input: {id: $id}) { apiKey { status } errors { code } } }`
			if code := ben.Do(t, enable, apptest.Vars{"id": heir}).Code(); code != "FORBIDDEN" {
				t.Errorf("an admin enables what the owner disabled: %q", code)
			}
			if got := ada.Must(t, enable, apptest.Vars{"id": heir}).Text("enableAPIKey", "apiKey", "status"); got != "ACTIVE" {
				t.Errorf("the owner enables it, and it is %s", got)
			}
		}
	})
}

// The people on a key come along also when an access token may not look at the sharing.
//
//keyhall:norace
func TestANarrowTokenRotatesWithEverybody(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, dev := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "dev")
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		ada.Share(t, key.ID, ben, "ADMIN")
		ada.Invite(t, key.ID, dev, "ADMIN")
		made := ben.Must(t, `mutation { createAccessToken(input: {name: "robot", permissions: ["api_key.view", "api_key.rotate"]}) { plaintext errors { code } } }`, nil)
		heir := rotate(t, ben.WithToken(made.Text("createAccessToken", "plaintext")), key.ID, 60)
		if n := s.Count(t, "collaborators WHERE api_key_id = ? AND user_id = ? AND role = 'ADMIN'", heir.ID, ben.ID); n != 1 {
			t.Errorf("%d places of ben's on the new key", n)
		}
		if n := s.Count(t, "invitations WHERE api_key_id = ?", heir.ID); n != 1 {
			t.Errorf("%d invitations to the new key", n)
		}
	})
}

// A2, A15: who may rotate may do so by each of the three mutations, and who may not by none; the cells are the matrix's.
//
//keyhall:norace
func TestEveryRotationFollowsTheMatrix(t *testing.T) {
	t.Parallel()
	m := readMatrix(t)
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		g := newCast(t, s, m.people).stage(t, m.states[0])
		for _, ask := range []string{rotateSecretMutation, exposeMutation} {
			for person, cell := range g.cells["rotate"] {
				p := g.prop(t)
				before := g.written(t, p)
				vars := apptest.Vars{"id": p.ID}
				if ask == exposeMutation {
					vars["reason"] = "matrix"
				}
				out := g.actor(person).Do(t, ask, vars)
				if out.Code() != cell.code() {
					t.Errorf("%s: %q, want %q: %s", person, out.Code(), cell.code(), out.Body)
				}
				if changed := g.written(t, p) != before || state(t, g.owner, p.ID) == "REVOKED"; changed != (cell == cellDone) {
					t.Errorf("%s: what is written does not fit the answer %q", person, out.Code())
				}
			}
		}
	})
}
