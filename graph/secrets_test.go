package graph_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/limit"
)

const secretAll = `id name url clientId identifier method tags notes hasValue reasonRequired notifyOnReveal status shared version createdAt updatedAt expiresAt lastUsedAt revealCount
	owner { id username name email } organization { id } viewerCan
	grants(first: 10) { totalCount nodes { id canView canEdit expiresAt grantee { ... on User { id username name email } ... on Group { id name status members(first: 1) { totalCount } } } grantedBy { id } } }`

// B1 B3 B7 B10 B11 B12 B13 B14 B15 B16 B17 B22: the story of one secret, from adding to taking it back.
//
//keyhall:norace
func TestASecretIsAddedSharedRevealedAndTakenBack(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		made := ada.Must(t, `mutation($org: ID!) { createSecret(input: {organizationId: $org, name: "Payments", url: "https://pay.example.com", clientId: "pay-1",
			clientSecret: "s3cret", identifier: "PAY", method: "POST", tags: ["prod"], notes: "rotate in May"}) {
			secret { `+secretAll+` } errors { code message path } } }`, apptest.Vars{"org": ada.Home})
		for field, want := range map[string]any{
			"name": "Payments", "url": "https://pay.example.com", "clientId": "pay-1", "identifier": "PAY", "method": "POST", "notes": "rotate in May",
			"hasValue": true, "reasonRequired": false, "notifyOnReveal": false, "status": "ENABLED", "shared": false, "version": 1.0, "revealCount": 0.0, "expiresAt": nil, "lastUsedAt": nil,
		} {
			if got := made.At("createSecret", "secret", field); got != want {
				t.Errorf("%s is %v, want %v", field, got, want)
			}
		}
		if strings.Contains(made.Body, "s3cret") {
			t.Errorf("the value is in the answer: %s", made.Body)
		}
		id := made.Text("createSecret", "secret", "id")
		if got := ben.Do(t, `query($id: ID!) { secret(id: $id) { id } }`, apptest.Vars{"id": id}).Code(); got != "NOT_FOUND" {
			t.Errorf("before it is shared ben gets %q", got)
		}

		shared := ada.Must(t, `mutation($id: ID!, $login: String!) { shareSecrets(input: {secretIds: [$id], grants: [{grantee: {login: $login}}]}) {
			secrets { `+secretAll+` } errors { code message path } } }`, apptest.Vars{"id": id, "login": ben.Username})
		if shared.At("shareSecrets", "secrets", 0, "shared") != true || shared.At("shareSecrets", "secrets", 0, "grants", "totalCount") != 1.0 ||
			shared.At("shareSecrets", "secrets", 0, "grants", "nodes", 0, "canView") != true || shared.At("shareSecrets", "secrets", 0, "grants", "nodes", 0, "canEdit") != false ||
			shared.Text("shareSecrets", "secrets", 0, "grants", "nodes", 0, "grantee", "username") != ben.Username {
			t.Errorf("shared: %s", shared.Body)
		}
		seen := ben.Must(t, `query($id: ID!) { secret(id: $id) { `+secretAll+` } secrets(first: 5, filter: {ownership: SHARED_WITH_ME}) { totalCount nodes { id } } }`, apptest.Vars{"id": id})
		if got := seen.At("secret", "owner", "username"); got != ada.Username || seen.At("secret", "owner", "email") != nil {
			t.Errorf("B13: ben sees the owner as %v", seen.At("secret", "owner"))
		}
		if seen.At("secrets", "totalCount") != 1.0 || strings.Contains(seen.Body, "secret.edit") || !strings.Contains(seen.Body, "secret.reveal") {
			t.Errorf("ben sees %s", seen.Body)
		}
		shown := ben.Must(t, `mutation($id: ID!) { revealSecret(input: {id: $id, purpose: SHOW, reason: "deploy"}) { clientSecret version revealCount errors { code } } }`, apptest.Vars{"id": id})
		if shown.Text("revealSecret", "clientSecret") != "s3cret" || shown.At("revealSecret", "revealCount") != 1.0 || shown.At("revealSecret", "version") != 1.0 {
			t.Errorf("revealed: %s", shown.Body)
		}
		if got := shown.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("the value may be kept: %q", got)
		}
		if got := s.Count(t, "audit_events WHERE type = 'secret.revealed' AND resource_id = ? AND actor_id = ?", id, ben.ID); got != 1 {
			t.Errorf("%d rows tell of the reveal", got)
		}
		for _, deed := range []string{
			`mutation($id: ID!) { updateSecret(input: {id: $id, name: "Mine"}) { errors { code } } }`,
			`mutation($id: ID!) { shareSecrets(input: {secretIds: [$id], grants: [{grantee: {login: "x"}}]}) { errors { code } } }`,
		} {
			if got := ben.Do(t, deed, apptest.Vars{"id": id}).Code(); got != "FORBIDDEN" {
				t.Errorf("who can view does %s: %q", deed, got)
			}
		}
		grant := shared.Text("shareSecrets", "secrets", 0, "grants", "nodes", 0, "id")
		back := ada.Must(t, `mutation($id: ID!, $grant: ID!) { unshareSecret(input: {secretId: $id, grantIds: [$grant]}) { secret { shared grants(first: 1) { totalCount } } errors { code } } }`,
			apptest.Vars{"id": id, "grant": grant})
		if back.At("unshareSecret", "secret", "shared") != false {
			t.Errorf("B15: %s", back.Body)
		}
		if value, code := ben.Reveal(t, id); value != "" || code != "NOT_FOUND" {
			t.Errorf("after it was taken back ben reveals %q, %q", value, code)
		}
	})
}

// B19: a new value is a new version; the rest changes in place, null clears, and what is left out stays.
//
//keyhall:norace
func TestANewValueIsANewVersion(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		id := ada.AddSecret(t, "Payments", "first")
		ada.ShareSecret(t, id, apptest.Vars{"login": ben.Email}, apptest.Vars{"canEdit": true})
		const update = `mutation($in: UpdateSecretInput!) { updateSecret(input: $in) { secret { name notes version hasValue
			versions(first: 10) { nodes { number current createdBy { id } } } } errors { code message path } } }`
		out := ben.Must(t, update, apptest.Vars{"in": apptest.Vars{"id": id, "clientSecret": "second", "notes": "by ben"}})
		if out.At("updateSecret", "secret", "version") != 2.0 || out.At("updateSecret", "secret", "name") != "Payments" ||
			out.At("updateSecret", "secret", "versions", "nodes", 0, "number") != 2.0 || out.At("updateSecret", "secret", "versions", "nodes", 0, "current") != true ||
			out.At("updateSecret", "secret", "versions", "nodes", 1, "current") != false {
			t.Errorf("edited: %s", out.Body)
		}
		if value, _ := ada.Reveal(t, id); value != "second" {
			t.Errorf("ada reveals %q", value)
		}
		const earlier = `mutation($id: ID!) { revealSecret(input: {id: $id, purpose: COPY, version: 1}) { clientSecret version errors { code } } }`
		if got := ada.Must(t, earlier, apptest.Vars{"id": id}).Text("revealSecret", "clientSecret"); got != "first" {
			t.Errorf("the owner reveals of the first version %q", got)
		}
		if got := ben.Do(t, earlier, apptest.Vars{"id": id}); got.Code() != "FORBIDDEN" || strings.Contains(got.Body, "first") {
			t.Errorf("who can edit reveals an earlier version: %s", got.Body)
		}
		out = ada.Must(t, update, apptest.Vars{"in": apptest.Vars{"id": id, "clientSecret": nil, "notes": nil}})
		if out.At("updateSecret", "secret", "version") != 3.0 || out.At("updateSecret", "secret", "hasValue") != false || out.At("updateSecret", "secret", "notes") != "" {
			t.Errorf("cleared: %s", out.Body)
		}
		if value, code := ada.Reveal(t, id); value != "" || code != "INVALID" {
			t.Errorf("nothing is revealed as %q, %q", value, code)
		}
	})
}

// B17 B18: nobody reveals what is disabled or has expired, and nobody without a reason where the secret asks for one.
//
//keyhall:norace
func TestWhatStopsAReveal(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		id := ada.AddSecret(t, "Payments", "value")
		ada.Must(t, `mutation($id: ID!) { updateSecret(input: {id: $id, reasonRequired: true}) { errors { code } } }`, apptest.Vars{"id": id})
		if value, code := ada.Reveal(t, id); value != "" || code != "REASON_REQUIRED" {
			t.Errorf("without a reason: %q, %q", value, code)
		}
		const reveal = `mutation($id: ID!) { revealSecret(input: {id: $id, purpose: SHOW, reason: "audit"}) { clientSecret errors { code } } }`
		ada.Must(t, reveal, apptest.Vars{"id": id})
		s.SQL(t, "UPDATE secrets SET disabled_at = 1 WHERE id = ?", id)
		out := ada.Do(t, reveal, apptest.Vars{"id": id})
		if out.Code() != "FORBIDDEN" || len(out.Errors[0].Extensions.Reasons) != 1 || !strings.Contains(out.Errors[0].Extensions.Reasons[0], "disabled") {
			t.Errorf("of a disabled secret: %s", out.Body)
		}
		s.SQL(t, "UPDATE secrets SET disabled_at = 0, expires_at = 1 WHERE id = ?", id)
		if out = ada.Do(t, reveal, apptest.Vars{"id": id}); out.Code() != "FORBIDDEN" {
			t.Errorf("of an expired secret: %s", out.Body)
		}
		late := ada.Do(t, `mutation($id: ID!, $at: Time) { updateSecret(input: {id: $id, expiresAt: $at}) { errors { code path } } }`,
			apptest.Vars{"id": id, "at": time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)})
		if late.Code() != "EXPIRY_IN_PAST" {
			t.Errorf("an end in the past: %s", late.Body)
		}
		if got := s.Count(t, "audit_events WHERE type = 'secret.revealed' AND resource_id = ?", id); got != 1 {
			t.Errorf("%d rows tell of one reveal", got)
		}
	})
}

// B5 B6 B8 B20 B23: a group gives what it was given to its members, and to nobody else; grants add up.
//
//keyhall:norace
func TestAGroupGivesItsMembersWhatItWasGiven(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, cleo := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo")
		s.JoinOrganization(t, ada.Home, cleo, "READER")
		id := ada.AddSecret(t, "Payments", "value")
		team := cleo.Must(t, `mutation($org: ID!) { createGroup(input: {organizationId: $org, name: "Team"}) { group { id membersCanView status } errors { code } } }`,
			apptest.Vars{"org": ada.Home}).Text("createGroup", "group", "id")
		const share = `mutation($id: ID!, $to: GranteeRef!) { shareSecrets(input: {secretIds: [$id], grants: [{grantee: $to, canView: false, canEdit: true}]}) {
			secrets { ` + secretAll + ` } errors { code message path } } }`
		empty := ada.Do(t, share, apptest.Vars{"id": id, "to": apptest.Vars{"groupId": team}})
		if empty.Code() != "GRANTEE_INVALID" {
			t.Errorf("an empty group: %s", empty.Body)
		}
		cleo.Must(t, `mutation($id: ID!, $login: String!) { addGroupMembers(input: {groupId: $id, members: [{login: $login}]}) { group { members(first: 5) { nodes { user { username } } } } errors { code message } } }`,
			apptest.Vars{"id": team, "login": ben.Username})
		shared := ada.Must(t, share, apptest.Vars{"id": id, "to": apptest.Vars{"groupId": team}})
		if shared.Text("shareSecrets", "secrets", 0, "grants", "nodes", 0, "grantee", "name") != "Team" || shared.At("shareSecrets", "secrets", 0, "grants", "nodes", 0, "canView") != true {
			t.Errorf("shared with a group: %s", shared.Body)
		}
		if value, code := ben.Reveal(t, id); value != "value" {
			t.Errorf("a member reveals %q, %q", value, code)
		}
		if value, code := cleo.Reveal(t, id); value != "" || code != "NOT_FOUND" {
			t.Errorf("B20: the owner of the group reveals %q, %q", value, code)
		}
		cleo.Must(t, `mutation($id: ID!) { updateGroup(input: {id: $id, status: DISABLED}) { group { status } errors { code } } }`, apptest.Vars{"id": team})
		if value, code := ben.Reveal(t, id); value != "" || code != "NOT_FOUND" {
			t.Errorf("through a disabled group: %q, %q", value, code)
		}
		ada.ShareSecret(t, id, apptest.Vars{"login": ben.Username}, nil)
		if value, _ := ben.Reveal(t, id); value != "value" {
			t.Error("B23: the direct grant does not stand by itself")
		}
		cleo.Must(t, `mutation($id: ID!) { updateGroup(input: {id: $id, status: ENABLED}) { group { status } errors { code } } }`, apptest.Vars{"id": team})
		ben.Must(t, `mutation($id: ID!) { updateSecret(input: {id: $id, notes: "hi"}) { secret { notes } errors { code } } }`, apptest.Vars{"id": id})
		member := ben.Must(t, `query($id: ID!) { group(id: $id) { id viewerCan } groups(first: 5) { nodes { id } } }`, apptest.Vars{"id": team})
		if strings.Contains(member.Body, "view_members") || !strings.Contains(member.Body, "group.leave") {
			t.Errorf("a member sees of the group %s", member.Body)
		}
		ben.Must(t, `mutation($id: ID!) { leaveGroup(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": team})
		if got := ben.Do(t, `mutation($id: ID!) { updateSecret(input: {id: $id, notes: "hi again"}) { errors { code } } }`, apptest.Vars{"id": id}).Code(); got != "FORBIDDEN" {
			t.Errorf("after leaving the group ben edits: %q", got)
		}
		gone := cleo.Must(t, `mutation($id: ID!) { deleteGroup(input: {id: $id}) { deletedId errors { code } } }`, apptest.Vars{"id": team})
		if gone.Text("deleteGroup", "deletedId") != team || s.Count(t, "secret_grants WHERE group_id = ?", team) != 0 {
			t.Errorf("deleted: %s", gone.Body)
		}
	})
}

// B1 B6: who cannot be given access is named at their place, and nothing is written.
//
//keyhall:norace
func TestWhoCannotBeGivenAccessIsNamedAndNothingIsWritten(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, cleo := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo")
		one, two := ada.AddSecret(t, "One", "1"), ada.AddSecret(t, "Two", "2")
		out := ada.Do(t, `mutation($in: ShareSecretsInput!) { shareSecrets(input: $in) { secrets { id } errors { code path } } }`, apptest.Vars{"in": apptest.Vars{
			"secretIds": []string{one, two}, "grants": []apptest.Vars{
				{"grantee": apptest.Vars{"login": ben.Username}}, {"grantee": apptest.Vars{"login": "nobody-here"}}, {"grantee": apptest.Vars{"login": ada.Email}},
				{"grantee": apptest.Vars{"userId": cleo.ID}}, {"grantee": apptest.Vars{"groupId": "grp_01ARZ3NDEKTSV4RRFFQ69G5FAV"}},
				{"grantee": apptest.Vars{"login": strings.ToUpper(cleo.Email)}, "expiresAt": "2001-01-01T00:00:00Z"},
			},
		}})
		want := `[{"code":"GRANTEE_INVALID","path":["input","grants","1","grantee"]},{"code":"GRANTEE_INVALID","path":["input","grants","2","grantee"]},` +
			`{"code":"GRANTEE_INVALID","path":["input","grants","3","grantee"]},{"code":"GRANTEE_INVALID","path":["input","grants","4","grantee"]},` +
			`{"code":"EXPIRY_IN_PAST","path":["input","grants","5","expiresAt"]}]`
		if !strings.Contains(out.Body, want) || out.At("shareSecrets", "secrets") != nil {
			t.Errorf("answered %s", out.Body)
		}
		empty := ada.Do(t, `mutation($id: ID!, $login: String!) { shareSecrets(input: {secretIds: [$id], grants: [{grantee: {login: $login}, canView: false}]}) { errors { code path } } }`,
			apptest.Vars{"id": one, "login": ben.Username})
		if empty.Code() != "GRANT_EMPTY" {
			t.Errorf("a grant of nothing: %s", empty.Body)
		}
		foreign := ben.AddSecret(t, "Bens", "3")
		if got := ada.Do(t, `mutation($ids: [ID!]!, $login: String!) { shareSecrets(input: {secretIds: $ids, grants: [{grantee: {login: $login}}]}) { errors { code } } }`,
			apptest.Vars{"ids": []string{one, foreign}, "login": cleo.Username}).Code(); got != "NOT_FOUND" {
			t.Errorf("with somebody else's secret: %q", got)
		}
		if n := s.Count(t, "secret_grants"); n != 0 {
			t.Errorf("%d grants were written", n)
		}
	})
}

// That an account is suspended is told to who sees it; for who knows its name or address there is no such account.
//
//keyhall:norace
func TestASuspensionIsToldToWhoSeesTheAccount(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, cleo := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo")
		s.JoinOrganization(t, ada.Home, cleo, "READER")
		s.SQL(t, "UPDATE users SET suspended_at = 1 WHERE id IN (?, ?)", ben.ID, cleo.ID)
		id, answers := ada.AddSecret(t, "One", "1"), map[string]string{}
		for name, grantee := range map[string]apptest.Vars{
			"nobody": {"login": "nobody-here"}, "name": {"login": ben.Username}, "address": {"login": ben.Email}, "seen": {"userId": cleo.ID},
		} {
			out := ada.Do(t, `mutation($id: ID!, $to: GranteeRef!) { shareSecrets(input: {secretIds: [$id], grants: [{grantee: $to}]}) { errors { code message } } }`,
				apptest.Vars{"id": id, "to": grantee})
			if out.Code() != "GRANTEE_INVALID" {
				t.Fatalf("%s: %s", name, out.Body)
			}
			answers[name] = out.Text("shareSecrets", "errors", 0, "message")
		}
		if answers["name"] != answers["nobody"] || answers["address"] != answers["nobody"] || !strings.Contains(answers["seen"], "suspended") {
			t.Errorf("answered %q", answers)
		}
	})
}

// B13 and no side door: who sees the sharing and the members of every group is answered; the trail shows an owner of the
// organization what was changed, and of a secret that they do not see not to what.
//
//keyhall:norace
func TestQuestionsAboutASecretTellNoMoreThanItsSharing(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, cleo, ida := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo"), s.Actor(t, "ida")
		s.JoinOrganization(t, ada.Home, ida, "OWNER")
		id := ada.AddSecret(t, "Payments", "value")
		ada.ShareSecret(t, id, apptest.Vars{"login": ben.Username}, apptest.Vars{"canEdit": true})
		ada.ShareSecret(t, id, apptest.Vars{"groupId": ada.MakeGroup(t, "Team", cleo)}, nil)
		const who = `query($id: ID!) { whoCan(permission: "secret.reveal", resourceId: $id) { totalCount nodes { paths principal { ... on User { username } } } } }`
		out := ada.Must(t, who, apptest.Vars{"id": id})
		for i, want := range []string{ada.Username + " [owner of the secret]", ben.Username + " [can edit]", cleo.Username + " [can view]"} {
			got := out.Text("whoCan", "nodes", i, "principal", "username") + " " + fmt.Sprint(out.At("whoCan", "nodes", i, "paths"))
			if got != want {
				t.Errorf("whoCan names %q, want %q", got, want)
			}
		}
		if got := ben.Do(t, who, apptest.Vars{"id": id}); got.Code() != "" || strings.Contains(got.Body, cleo.Username) {
			t.Errorf("who does not see the members of the group is told %s", got.Body)
		}
		ben.Must(t, `mutation($id: ID!) { updateSecret(input: {id: $id, notes: "only for us"}) { errors { code } } }`, apptest.Vars{"id": id})
		const trail = `query($org: ID!) { auditEvents(organizationId: $org, first: 10, filter: {types: ["secret.updated"]}) { nodes { changes { field after } } } }`
		if got := ada.Must(t, trail, apptest.Vars{"org": ada.Home}); got.Text("auditEvents", "nodes", 0, "changes", 0, "after") != "only for us" {
			t.Errorf("the owner of the secret reads %s", got.Body)
		}
		if got := ida.Must(t, trail, apptest.Vars{"org": ada.Home}); got.Text("auditEvents", "nodes", 0, "changes", 0, "field") != "notes" || strings.Contains(got.Body, "only for us") {
			t.Errorf("an owner of the organization reads %s", got.Body)
		}
	})
}

// B17: reveals are counted per person; who looks at too much waits, and nobody else does.
//
//keyhall:norace
func TestRevealsAreThrottledPerPerson(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		id := ada.AddSecret(t, "Payments", "value")
		ada.ShareSecret(t, id, apptest.Vars{"login": ben.Username}, nil)
		shown, code := 0, ""
		for range 10 {
			var value string
			if value, code = ada.Reveal(t, id); value != "" {
				shown++
			}
		}
		if code != "RATE_LIMITED" || shown < 3 || shown > 4 {
			t.Errorf("of 10 reveals %d are answered, the last with %q", shown, code)
		}
		if value, code := ben.Reveal(t, id); value != "value" {
			t.Errorf("ben waits for ada: %q", code)
		}
		if got := s.Count(t, "audit_events WHERE type = 'secret.revealed' AND resource_id = ?", id); got != shown+1 {
			t.Errorf("%d rows tell of %d reveals", got, shown+1)
		}
	}, func(c *app.Config) { c.Reveals = limit.Rate{Count: 3, Per: time.Hour} })
}
