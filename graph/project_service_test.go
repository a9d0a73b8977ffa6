package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

const (
	createService  = `mutation($project: ID!, $name: String!) { createServiceAccount(input: {projectId: $project, name: $name}) { serviceAccount { id name disabledAt project { id } } errors { code path } } }`
	disableService = `mutation($id: ID!) { disableServiceAccount(input: {id: $id}) { serviceAccount { disabledAt } errors { code } } }`
	enableService  = `mutation($id: ID!) { enableServiceAccount(input: {id: $id}) { serviceAccount { disabledAt } errors { code } } }`
	moveKey        = `mutation($id: ID!, $project: ID!, $overlap: Int! = 0) { moveAPIKeyToProject(input: {id: $id, projectId: $project, overlapSeconds: $overlap}) {
		apiKey { id name kind tags project { id } replaces { id } start } plaintext secret errors { code path } } }`
	createVerifier = `mutation($project: ID!) { createVerifierToken(input: {projectId: $project, name: "gateway"}) { verifierToken { id name start createdAt lastUsedAt createdBy { username } } plaintext errors { code } } }`
	revokeVerifier = `mutation($id: ID!) { revokeVerifierToken(input: {id: $id}) { revokedId errors { code } } }`
)

// C10 and X3: the key of a service account belongs to nobody who could leave: whoever owns the project is its owner, and it stays so
// when it is rotated.
//
//keyhall:norace
func TestTheKeyOfAServiceAccountIsInTheHandsOfTheOwnersOfItsProject(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, cleo := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo")
		project := newProject(t, ada, ada.Home, "P", "PRODUCTION")
		for who, role := range map[*apptest.Actor]string{ben: "OWNER", cleo: "MEMBER"} {
			s.JoinOrganization(t, ada.Home, who, "READER")
			join(t, ada, project, apptest.Vars{"userId": who.ID}, role)
		}
		service := ben.Do(t, createService, apptest.Vars{"project": project, "name": "ci"}).Text("createServiceAccount", "serviceAccount", "id")
		if out := ben.Do(t, createService, apptest.Vars{"project": project, "name": "ci"}); fmt.Sprint(out.Refused()) != "[TAKEN]" {
			t.Errorf("another of its name: %s", out.Body)
		}
		if code := cleo.Do(t, createKeyIn, apptest.Vars{"project": project, "service": service}).Code(); code != "FORBIDDEN" {
			t.Errorf("a member makes a key for it: %q", code)
		}
		out := ben.Must(t, createKeyIn, apptest.Vars{"project": project, "service": service})
		if owner := fmt.Sprint(out.At("createAPIKey", "apiKey", "owner")); owner != fmt.Sprintf("map[__typename:ServiceAccount id:%s name:ci]", service) {
			t.Fatalf("its owner is %s", out.Body)
		}
		key := out.Text("createAPIKey", "apiKey", "id")
		rotated := ada.Must(t, `mutation($id: ID!) { rotateAPIKey(input: {id: $id}) { apiKey { id owner { __typename } } errors { code } } }`, apptest.Vars{"id": key})
		if rotated.At("rotateAPIKey", "apiKey", "owner", "__typename") != "ServiceAccount" {
			t.Fatalf("after a rotation: %s", rotated.Body)
		}
		key = rotated.Text("rotateAPIKey", "apiKey", "id")
		for who, want := range map[*apptest.Actor]bool{ada: true, ben: true, cleo: false} {
			can := fmt.Sprint(who.Must(t, seeKey, apptest.Vars{"id": key}).At("apiKey", "viewerCan"))
			if got := strings.Contains(can, "api_key.delete") && strings.Contains(can, "api_key.view_billing"); got != want {
				t.Errorf("%s may %s", who.Username, can)
			}
		}
		if out := ben.Must(t, disableService, apptest.Vars{"id": service}); out.Text("disableServiceAccount", "serviceAccount", "disabledAt") == "" {
			t.Fatal(out.Body)
		}
		if out := ben.Do(t, createKeyIn, apptest.Vars{"project": project, "service": service}); fmt.Sprint(out.Refused()) != "[INVALID]" {
			t.Errorf("a key for a disabled one: %s", out.Body)
		}
		if out := ben.Must(t, seeKey, apptest.Vars{"id": key}); !strings.Contains(fmt.Sprint(out.At("apiKey", "viewerCan")), "api_key.delete") {
			t.Errorf("its key cannot be managed while it is disabled: %s", out.Body)
		}
		ben.Do(t, enableService, apptest.Vars{"id": service})
		if out := ben.Do(t, createKeyIn, apptest.Vars{"project": project, "service": service}); len(out.Refused()) > 0 {
			t.Errorf("a key once it is enabled: %s", out.Body)
		}
		elsewhere := newProject(t, ada, ada.Home, "Q", "STAGING")
		if code := ada.Do(t, createKeyIn, apptest.Vars{"project": elsewhere, "service": service}).Code(); code != "NOT_FOUND" {
			t.Errorf("a key of another project for it: %q", code)
		}
	})
}

// C1 C2 C3: a personal key is not shared; moving it makes a project key of it: a new one, in the place of the old.
//
//keyhall:norace
func TestAPersonalKeyMovesToAProject(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		s.JoinOrganization(t, ada.Home, ben, "READER")
		project, closed := newProject(t, ada, ada.Home, "P", "PRODUCTION"), newProject(t, ada, ada.Home, "Q", "STAGING")
		join(t, ada, project, apptest.Vars{"userId": ben.ID}, "MEMBER")
		own := ben.CreateKey(t, "mine", "", "PERSONAL").ID
		ben.Must(t, `mutation($id: ID!) { updateSecuritySettings(input: {apiKeyId: $id, requireSecret: true, methods: ["GET"]}) { errors { code } } }`, apptest.Vars{"id": own})
		ben.Must(t, `mutation($id: ID!) { updateLimits(input: {targetId: $id, rates: [{requests: 5, windowSeconds: 60}], spend: {amount: "10", currency: "USD"},
			alerts: [{percent: 50, emails: ["team@example.com"]}]}) { errors { code } } }`, apptest.Vars{"id": own})
		s.SQL(t, "UPDATE api_keys SET metering = 'STRICT' WHERE id = ?", own)
		refused := ben.Do(t, `mutation($id: ID!, $to: String!, $me: String!) { inviteCollaborators(input: {apiKeyId: $id, emails: [$to], role: ADMIN, confirmEmail: $me}) { errors { code message } } }`,
			apptest.Vars{"id": own, "to": ada.Email, "me": ben.Email})
		if fmt.Sprint(refused.Refused()) != "[PERSONAL_KEY_NOT_SHAREABLE]" || !strings.Contains(refused.Body, "project key") || !strings.Contains(refused.Body, "moveAPIKeyToProject") ||
			!strings.Contains(refused.Body, "risk to their account") || !strings.Contains(refused.Body, "who used it") || !strings.Contains(refused.Body, "usage and billing") {
			t.Errorf("C1 C2: the refusal says %s", refused.Body)
		}
		if code := ben.Do(t, moveKey, apptest.Vars{"id": own, "project": closed}).Code(); code != "NOT_FOUND" {
			t.Errorf("into a project where they have no place: %q", code)
		}
		if code := ada.Do(t, moveKey, apptest.Vars{"id": own, "project": project}).Code(); code != "NOT_FOUND" {
			t.Errorf("somebody else's key: %q", code)
		}
		out := ben.Must(t, moveKey, apptest.Vars{"id": own, "project": project, "overlap": 60})
		id := out.Text("moveAPIKeyToProject", "apiKey", "id")
		if out.At("moveAPIKeyToProject", "apiKey", "kind") != "PROJECT" || out.At("moveAPIKeyToProject", "apiKey", "project", "id") != project ||
			out.At("moveAPIKeyToProject", "apiKey", "replaces", "id") != own || !strings.HasPrefix(out.Text("moveAPIKeyToProject", "plaintext"), "kh_live_") ||
			!strings.HasPrefix(out.Text("moveAPIKeyToProject", "secret"), "khs_") {
			t.Fatalf("moved: %s", strings.ReplaceAll(out.Body, out.Text("moveAPIKeyToProject", "plaintext"), "…"))
		}
		if old := ben.Must(t, seeKey, apptest.Vars{"id": own}); old.At("apiKey", "status") != "ROTATING" || old.At("apiKey", "replacedBy", "id") != id {
			t.Errorf("the old key: %s", old.Body)
		}
		kept := ben.Must(t, `query($id: ID!) { apiKey(id: $id) { securitySettings { requireSecret methods } } }`, apptest.Vars{"id": id})
		if got := fmt.Sprint(kept.At("apiKey", "securitySettings")); got != "map[methods:[GET] requireSecret:true]" {
			t.Errorf("the new key asks of requests %s", got)
		}
		for _, row := range []string{"rate_limits WHERE requests = 5 AND window_seconds = 60", "spend_limits WHERE amount = 10000000 AND currency = 'USD'", "spend_alerts WHERE percent = 50"} {
			if n := s.Count(t, row+" AND api_key_id = ?", id); n != 1 {
				t.Errorf("the new key has %d of %s", n, row)
			}
		}
		if n := s.Count(t, "api_keys WHERE metering = 'STRICT' AND id = ?", id); n != 1 {
			t.Error("the new key is not metered as the old one")
		}
		if again := ben.Do(t, moveKey, apptest.Vars{"id": own, "project": project}); fmt.Sprint(again.Refused()) != "[INVALID]" {
			t.Errorf("moved twice: %s", again.Body)
		}
		if again := ben.Do(t, moveKey, apptest.Vars{"id": id, "project": project}); fmt.Sprint(again.Refused()) != "[INVALID]" {
			t.Errorf("a project key moved: %s", again.Body)
		}
		var types []string
		for _, e := range append(s.AuditTrail(t, own), s.AuditTrail(t, id)...) {
			types = append(types, e.Type)
		}
		if text := fmt.Sprint(types); !strings.Contains(text, "api_key.moved") || strings.Count(text, "api_key.created") != 2 {
			t.Errorf("the trail: %v", types)
		}
	})
}

// A verifier token is shown once, belongs to one project, is no credential of anybody here, and is over when it is revoked.
//
//keyhall:norace
func TestAVerifierTokenIsShownOnceAndOpensNothingHere(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		s.JoinOrganization(t, ada.Home, ben, "READER")
		project := newProject(t, ada, ada.Home, "P", "PRODUCTION")
		join(t, ada, project, apptest.Vars{"userId": ben.ID}, "MEMBER")
		out := ada.Must(t, createVerifier, apptest.Vars{"project": project})
		id, plain := out.Text("createVerifierToken", "verifierToken", "id"), out.Text("createVerifierToken", "plaintext")
		if !strings.HasPrefix(plain, "khv_") || !strings.HasPrefix(plain, out.Text("createVerifierToken", "verifierToken", "start")) || out.At("createVerifierToken", "verifierToken", "createdBy", "username") != ada.Username {
			t.Fatal("made as promised it is not")
		}
		list := `query($id: ID!) { project(id: $id) { verifierTokens(first: 9) { nodes { id name start } } } }`
		rows := ada.Must(t, list, apptest.Vars{"id": project})
		if rows.At("project", "verifierTokens", "nodes", 0, "id") != id || strings.Contains(rows.Body, plain) {
			t.Errorf("listed: %s", rows.Body)
		}
		if code := ben.Do(t, list, apptest.Vars{"id": project}).Code(); code != "FORBIDDEN" {
			t.Errorf("a member lists them: %q", code)
		}
		if code := ben.Do(t, revokeVerifier, apptest.Vars{"id": id}).Code(); code != "NOT_FOUND" {
			t.Errorf("a member revokes it: %q", code)
		}
		if code := ada.WithToken(plain).Do(t, `query { viewer { user { id } } }`, nil).Code(); code != "UNAUTHENTICATED" {
			t.Errorf("it signs somebody in: %q", code)
		}
		if n := s.Count(t, "verifier_tokens WHERE lookup = ?", plain[4:16]); n != 1 {
			t.Error("it cannot be found by its public part")
		}
		if out := ada.Must(t, revokeVerifier, apptest.Vars{"id": id}); out.At("revokeVerifierToken", "revokedId") != id {
			t.Error(out.Body)
		}
		if n := s.Count(t, "verifier_tokens"); n != 0 {
			t.Error("it is still there")
		}
	})
}
