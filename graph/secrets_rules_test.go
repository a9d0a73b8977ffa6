package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/apptest"
)

const (
	disableMany = `mutation($ids: [ID!]!) { disableSecrets(input: {ids: $ids}) { secrets { id status disabledBy { id } } errors { code path } } }`
	enableMany  = `mutation($ids: [ID!]!) { enableSecrets(input: {ids: $ids}) { secrets { id status disabledBy { id } } errors { code path } } }`
)

// B2 B3 B13 B14 B15: the list marks what is shared and says of each row whether it can be shared; from it one comes to who has
// access and with which permissions, and takes some of it back. Who can only view sees the same and changes none of it.
//
//keyhall:norace
func TestTheScreenOfASecretsSharing(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, cleo := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo")
		id, other := ada.AddSecret(t, "Payments", "v"), ada.AddSecret(t, "Other", "v")
		team := ada.MakeGroup(t, "Team", cleo)
		row := func(who *apptest.Actor) (shared any, menu string) {
			t.Helper()
			out := who.Must(t, `{ secrets(first: 5, filter: {name: "Payments"}) { nodes { shared viewerCan(of: ["secret.share", "secret.unshare", "secret.view_sharing", "secret.disable"]) } } }`, nil)
			return out.At("secrets", "nodes", 0, "shared"), fmt.Sprint(out.At("secrets", "nodes", 0, "viewerCan"))
		}
		if shared, menu := row(ada); shared != false || menu != "[secret.share secret.unshare secret.view_sharing secret.disable]" {
			t.Errorf("the owner's row: %v %v", shared, menu)
		}
		ada.Must(t, `mutation($ids: [ID!]!, $grants: [GrantInput!]!) { shareSecrets(input: {secretIds: $ids, grants: $grants}) { secrets { shared } errors { code } } }`, apptest.Vars{
			"ids": []string{id, other}, "grants": []apptest.Vars{
				{"grantee": apptest.Vars{"login": ben.Username}, "canEdit": true, "expiresAt": "2100-01-01T00:00:00Z"}, {"grantee": apptest.Vars{"groupId": team}},
			},
		})
		window := func(who *apptest.Actor) (rows, ids []string) {
			t.Helper()
			out := who.Must(t, `query($id: ID!) { secret(id: $id) { grants(first: 5) { nodes { id canView canEdit expiresAt grantee { ... on User { username } ... on Group { name } } } } } }`, apptest.Vars{"id": id})
			for i := range out.At("secret", "grants", "nodes").([]any) {
				at := func(path ...any) any { return out.At(append([]any{"secret", "grants", "nodes", i}, path...)...) }
				rows = append(rows, fmt.Sprint(at("grantee", "username"), at("grantee", "name"), " ", at("canView"), " ", at("canEdit"), " ", at("expiresAt")))
				ids = append(ids, at("id").(string))
			}
			return rows, ids
		}
		want := []string{ben.Username + "<nil> true true 2100-01-01T00:00:00Z", "<nil>Team true false <nil>"}
		for who, menu := range map[*apptest.Actor]string{ada: "[secret.share secret.unshare secret.view_sharing secret.disable]", ben: "[secret.view_sharing secret.disable]", cleo: "[secret.view_sharing]"} {
			shared, can := row(who)
			if rows, _ := window(who); shared != true || can != menu || !slices.Equal(rows, want) {
				t.Errorf("%s: %v %v, %v", who.Username, shared, can, rows)
			}
		}
		_, grants := window(ada)
		const back = `mutation($id: ID!, $grants: [ID!]!) { unshareSecret(input: {secretId: $id, grantIds: $grants}) { secret { shared } errors { code } } }`
		for i, left := range []bool{true, false} {
			out := ada.Must(t, back, apptest.Vars{"id": id, "grants": grants[i : i+1]})
			if out.At("unshareSecret", "secret", "shared") != left {
				t.Errorf("after %d were taken back: %s", i+1, out.Body)
			}
		}
		for _, who := range []*apptest.Actor{ben, cleo} {
			if value, code := who.Reveal(t, id); value != "" || code != "NOT_FOUND" {
				t.Errorf("taken back, %s reveals %q %q", who.Username, value, code)
			}
			if value, _ := who.Reveal(t, other); value != "v" {
				t.Errorf("of the other secret %s has lost something", who.Username)
			}
		}
		if shared, _ := row(ada); shared != false {
			t.Error("the row still says that it is shared")
		}
	})
}

// B16: a name, an address and a client id are needed, the rest is not; what is wrong is said at its field, all at once, and
// nothing is written. The same when it is changed.
//
//keyhall:norace
func TestWhatASecretNeedsAndTakes(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		const create = `mutation($in: CreateSecretInput!) { createSecret(input: $in) { secret { ` + secretAll + ` } errors { code path } } }`
		const update = `mutation($in: UpdateSecretInput!) { updateSecret(input: $in) { secret { id } errors { code path } } }`
		plain := ada.Must(t, create, apptest.Vars{"in": apptest.Vars{"organizationId": ada.Home, "name": "Plain", "url": " https://x.example ", "clientId": "c"}})
		for field, want := range map[string]any{"url": "https://x.example", "identifier": "", "method": "", "notes": "", "hasValue": false, "version": 1.0, "expiresAt": nil} {
			if got := plain.At("createSecret", "secret", field); got != want {
				t.Errorf("left out, %s is %v", field, got)
			}
		}
		id := plain.Text("createSecret", "secret", "id")
		long := func(n int) string { return strings.Repeat("é", n) }
		for _, c := range []struct {
			field string
			bad   any
			code  string
			path  string
		}{
			{"name", "", "REQUIRED", "name"}, {"name", " ", "REQUIRED", "name"}, {"name", long(101), "TOO_LONG", "name"}, {"name", "a\u202eb", "INVALID", "name"},
			{"url", "", "REQUIRED", "url"}, {"url", "x.example", "INVALID", "url"}, {"url", "javascript:alert(1)", "INVALID", "url"}, {"url", "https://", "INVALID", "url"},
			{"url", "https://me:pw@x.example", "INVALID", "url"}, {"url", "https://x.example/" + strings.Repeat("p", 2000), "TOO_LONG", "url"},
			{"clientId", "", "REQUIRED", "clientId"}, {"clientId", long(501), "TOO_LONG", "clientId"},
			{"clientSecret", long(65_537), "TOO_LONG", "clientSecret"}, {"identifier", long(201), "TOO_LONG", "identifier"}, {"identifier", "a\nb", "INVALID", "identifier"},
			{"method", "GET /", "INVALID", "method"}, {"method", strings.Repeat("G", 21), "INVALID", "method"}, {"notes", long(10_001), "TOO_LONG", "notes"}, {"notes", "a\u0007b", "INVALID", "notes"},
			{"tags", []string{"ok", ""}, "REQUIRED", "tags.1"}, {"tags", []string{long(51)}, "TOO_LONG", "tags.0"}, {"tags", slices.Repeat([]string{"t"}, 21), "TOO_LONG", "tags"},
			{"expiresAt", "2001-01-01T00:00:00Z", "EXPIRY_IN_PAST", "expiresAt"},
		} {
			full := apptest.Vars{"organizationId": ada.Home, "name": "Bad", "url": "https://x.example", "clientId": "c"}
			full[c.field] = c.bad
			want := fmt.Sprintf(`"errors":[{"code":%q,"path":["input","%s"]}]`, c.code, strings.ReplaceAll(c.path, ".", `","`))
			for mutation, vars := range map[string]apptest.Vars{create: {"in": full}, update: {"in": apptest.Vars{"id": id, c.field: c.bad}}} {
				if out := ada.Do(t, mutation, vars); !strings.Contains(out.Body, want) {
					t.Errorf("%s %.30q: %.300s", c.field, fmt.Sprint(c.bad), out.Body)
				}
			}
		}
		all := ada.Do(t, create, apptest.Vars{"in": apptest.Vars{"organizationId": ada.Home, "name": "", "url": "", "clientId": ""}})
		if got := all.Refused(); !slices.Equal(got, []string{"REQUIRED", "REQUIRED", "REQUIRED"}) {
			t.Errorf("all at once: %s", all.Body)
		}
		for _, missing := range []string{"name", "url", "clientId", "organizationId"} {
			full := apptest.Vars{"organizationId": ada.Home, "name": "Bad", "url": "https://x.example", "clientId": "c"}
			delete(full, missing)
			if out := ada.Do(t, create, apptest.Vars{"in": full}); out.Code() != "BAD_USER_INPUT" && out.Code() != "GRAPHQL_VALIDATION_FAILED" {
				t.Errorf("without %s: %s", missing, out.Body)
			}
		}
		if n, m := s.Count(t, "secrets"), s.Count(t, "audit_events WHERE type LIKE 'secret.%' AND outcome = 'DONE'"); n != 1 || m != 1 {
			t.Errorf("%d secrets and %d rows", n, m)
		}
	})
}

// B17: a value is in no answer but that of a reveal; showing and copying are recorded apart, each counted, and how often and when
// is visible to who may view.
//
//keyhall:norace
func TestShowingAndCopyingAreRecordedApart(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		id := ada.AddSecret(t, "Payments", "s3cret-77")
		ada.ShareSecret(t, id, apptest.Vars{"login": ben.Username}, nil)
		const reveal = `mutation($id: ID!, $for: RevealPurpose!, $why: String) { revealSecret(input: {id: $id, purpose: $for, reason: $why}) { clientSecret version revealCount errors { code } } }`
		for n, purpose := range []string{"SHOW", "COPY", "COPY"} {
			before := time.Now()
			out := ben.Must(t, reveal, apptest.Vars{"id": id, "for": purpose, "why": []any{"deploy", nil, " "}[n]})
			if out.Text("revealSecret", "clientSecret") != "s3cret-77" || out.At("revealSecret", "revealCount") != float64(n+1) || out.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: %v %s", purpose, out.Header, out.Body)
			}
			for _, who := range []*apptest.Actor{ada, ben} {
				seen := who.Must(t, `query($id: ID!) { secret(id: $id) { `+secretAll+` } }`, apptest.Vars{"id": id})
				used, err := time.Parse(time.RFC3339Nano, seen.Text("secret", "lastUsedAt"))
				if seen.At("secret", "revealCount") != float64(n+1) || err != nil || used.Before(before.Add(-time.Minute)) || used.After(time.Now().Add(time.Minute)) || strings.Contains(seen.Body, "s3cret") {
					t.Errorf("%s is told %s", who.Username, seen.Body)
				}
			}
		}
		for typ, want := range map[string]int{"secret.revealed": 1, "secret.copied": 2} {
			if n := s.Count(t, "audit_events WHERE type = ? AND resource_id = ? AND actor_id = ? AND outcome = 'DONE'", typ, id, ben.ID); n != want {
				t.Errorf("%d rows %s", n, typ)
			}
		}
		trail := ada.Must(t, `query($org: ID!, $id: ID!) { auditEvents(organizationId: $org, first: 10, filter: {resourceIds: [$id], types: ["secret.revealed", "secret.copied"]}) { nodes { type actor { ... on User { id } } changes { field after } } } }`,
			apptest.Vars{"org": ada.Home, "id": id})
		if !strings.Contains(trail.Body, `"changes":[{"field":"version","after":"1"},{"field":"reason","after":"deploy"}]`) || strings.Contains(trail.Body, "s3cret") {
			t.Errorf("the trail: %s", trail.Body)
		}
		setValue(t, ada, id, "another value")
		if seen := ben.Must(t, `query($id: ID!) { secret(id: $id) { revealCount lastUsedAt } }`, apptest.Vars{"id": id}); seen.At("secret", "revealCount") != 3.0 || seen.At("secret", "lastUsedAt") == nil {
			t.Errorf("a new value forgot the reveals: %s", seen.Body)
		}
	})
}

// B9 B18: several are disabled and enabled at once, all or none, in the order that they were named in; what is so already stays without a
// word in the trail, and who can edit enables only what they disabled themself.
//
//keyhall:norace
func TestSecretsAreSwitchedTogether(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, cleo := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo")
		var ids []string
		for i := range 4 {
			ids = append(ids, ada.AddSecret(t, fmt.Sprint("Secret ", i), "v"))
			ada.ShareSecret(t, ids[i], apptest.Vars{"login": ben.Username}, apptest.Vars{"canEdit": i < 3})
		}
		foreign := cleo.AddSecret(t, "Cleos", "v")
		off := func() int { return s.Count(t, "secrets WHERE disabled_at > 0") }
		for name, c := range map[string]struct {
			who  *apptest.Actor
			ids  []string
			code string
		}{
			"none": {ada, []string{}, "REQUIRED"}, "too many": {ada, slices.Repeat(ids[:1], 51), "TOO_LONG"}, "one of somebody else": {ada, []string{ids[0], foreign}, "NOT_FOUND"},
			"one that is not": {ada, []string{ids[0], "sec_00000000000000000000000000"}, "NOT_FOUND"}, "one that they can only view": {ben, ids, "FORBIDDEN"},
		} {
			if out := c.who.Do(t, disableMany, apptest.Vars{"ids": c.ids}); out.Code() != c.code || off() != 0 {
				t.Errorf("%s: %d disabled, %s", name, off(), out.Body)
			}
		}
		named := []string{ids[2], ids[0], ids[1]}
		out := ben.Must(t, disableMany, apptest.Vars{"ids": named})
		for i, id := range named {
			if out.Text("disableSecrets", "secrets", i, "id") != id || out.Text("disableSecrets", "secrets", i, "status") != "DISABLED" || out.Text("disableSecrets", "secrets", i, "disabledBy", "id") != ben.ID {
				t.Errorf("the %d.: %s", i, out.Body)
			}
		}
		ada.Must(t, disableMany, apptest.Vars{"ids": ids[2:]}) // one is already, by ben
		if n, m := s.Count(t, "audit_events WHERE type = 'secret.disabled' AND outcome = 'DONE'"), s.Count(t, "secrets WHERE disabled_by_id = ?", ben.ID); n != 5 || m != 2 {
			t.Errorf("%d rows tell of five, %d are disabled by ben", n, m)
		}
		for _, who := range []*apptest.Actor{ada, ben} {
			if value, code := who.Reveal(t, ids[0]); value != "" || code != "FORBIDDEN" {
				t.Errorf("%s reveals a disabled one: %q %q", who.Username, value, code)
			}
		}
		list := func(status string) (names []string) {
			out := ada.Must(t, `{ secrets(first: 10, filter: {`+status+`}) { nodes { name } } }`, nil)
			for i := range out.At("secrets", "nodes").([]any) {
				names = append(names, out.Text("secrets", "nodes", i, "name"))
			}
			return names
		}
		ben.Must(t, enableMany, apptest.Vars{"ids": ids[:1]})
		if out := ben.Do(t, enableMany, apptest.Vars{"ids": []string{ids[2], ids[1]}}); out.Code() != "FORBIDDEN" || off() != 3 {
			t.Errorf("who can edit enables what the owner disabled: %d are disabled, %s", off(), out.Body)
		}
		if e, d, all := list("status: ENABLED"), list("status: DISABLED"), list(""); !slices.Equal(e, []string{"Secret 0"}) || !slices.Equal(d, []string{"Secret 1", "Secret 2", "Secret 3"}) || len(all) != 4 {
			t.Errorf("enabled %v, disabled %v, all %v", e, d, all)
		}
		ada.Must(t, enableMany, apptest.Vars{"ids": ids})
		if value, _ := ben.Reveal(t, ids[3]); value != "v" || off() != 0 || s.Count(t, "audit_events WHERE type = 'secret.enabled' AND outcome = 'DONE'") != 4 {
			t.Errorf("enabled again: %q, %d are disabled", value, off())
		}
	})
}

// B9: what who can edit has disabled, the owner disables too: from then on it is the owner's to enable, also where a token says no
// more than that they disable. Another one who can edit takes nothing over, and the owner once more changes nothing.
//
//keyhall:norace
func TestAnOwnerTakesOverWhatWasDisabled(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, cleo := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo")
		disablers := []*apptest.Actor{ada, narrowed(t, ada, "secret.disable", "secret.view")}
		for i, owner := range disablers {
			id := ada.AddSecret(t, fmt.Sprint("Payments ", i), "v")
			for _, editor := range []*apptest.Actor{ben, cleo} {
				ada.ShareSecret(t, id, apptest.Vars{"login": editor.Username}, apptest.Vars{"canEdit": true})
			}
			for step, c := range []struct {
				who  *apptest.Actor
				by   string
				rows int
			}{{ben, ben.ID, 1}, {cleo, ben.ID, 1}, {owner, ada.ID, 2}, {owner, ada.ID, 2}, {ben, ada.ID, 2}} {
				c.who.Must(t, disableMany, apptest.Vars{"ids": []string{id}})
				if by := textOf(t, s, "SELECT disabled_by_id FROM secrets WHERE id = ?", id); by != c.by {
					t.Errorf("%d, step %d: disabled by %s, want %s", i, step, by, c.by)
				}
				if n := s.Count(t, "audit_events WHERE type = 'secret.disabled' AND outcome = 'DONE' AND resource_id = ?", id); n != c.rows {
					t.Errorf("%d, step %d: %d rows tell of it, want %d", i, step, n, c.rows)
				}
			}
			if out := ben.Do(t, enableMany, apptest.Vars{"ids": []string{id}}); out.Code() != "FORBIDDEN" {
				t.Errorf("%d: who can edit enables what the owner disabled too: %s", i, out.Body)
			}
			if value, code := ben.Reveal(t, id); value != "" || code != "FORBIDDEN" {
				t.Errorf("%d: and reveals %q %q", i, value, code)
			}
			ada.Must(t, enableMany, apptest.Vars{"ids": []string{id}})
		}
	})
}

// B18: who is gone is gone: of a deleted secret no version, no data key and no grant is left, to whoever had it, it does not exist, and the
// trail says who did it. Others stay.
//
//keyhall:norace
func TestADeletedSecretLeavesNothing(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		id, other := ada.AddSecret(t, "Payments", "one"), ada.AddSecret(t, "Other", "other")
		for _, secret := range []string{id, other} {
			ada.ShareSecret(t, secret, apptest.Vars{"login": ben.Username}, apptest.Vars{"canEdit": true})
			setValue(t, ada, secret, "two")
		}
		version := versionID(t, s, id, 1)
		const del = `mutation($id: ID!) { deleteSecret(input: {id: $id}) { deletedId errors { code } } }`
		if out := ben.Do(t, del, apptest.Vars{"id": id}); out.Code() != "FORBIDDEN" {
			t.Errorf("who can edit deletes: %s", out.Body)
		}
		if out := ada.Must(t, del, apptest.Vars{"id": id}); out.Text("deleteSecret", "deletedId") != id {
			t.Errorf("deleted: %s", out.Body)
		}
		for _, rows := range []string{"secrets WHERE id = ?", "secret_versions WHERE secret_id = ?", "sealed_versions WHERE secret_id = ?", "secret_grants WHERE secret_id = ?"} {
			if n, m := s.Count(t, rows, id), s.Count(t, rows, other); n != 0 || m == 0 {
				t.Errorf("%s: %d are left, and %d of the other", rows, n, m)
			}
		}
		for _, who := range []*apptest.Actor{ada, ben} {
			for _, ask := range []string{del, `query($id: ID!) { secret(id: $id) { id } }`, `query($id: ID!) { node(id: $id) { id } }`, revealVersion} {
				if out := who.Do(t, ask, apptest.Vars{"id": id}); out.Code() != "NOT_FOUND" {
					t.Errorf("%s asks after it: %s", who.Username, out.Body)
				}
			}
			if out := who.Do(t, restoreVersion, apptest.Vars{"id": version}); out.Code() != "NOT_FOUND" {
				t.Errorf("%s restores a version of it: %s", who.Username, out.Body)
			}
		}
		if n := s.Count(t, "audit_events WHERE type = 'secret.deleted' AND resource_id = ? AND resource_name = 'Payments' AND actor_id = ?", id, ada.ID); n != 1 {
			t.Errorf("%d rows tell of it", n)
		}
		if value, _ := ben.Reveal(t, other); value != "two" {
			t.Errorf("the other is %q", value)
		}
	})
}

// B19: a page has 30 rows unless more or fewer are asked for, and each row has every column.
//
//keyhall:norace
func TestAPageOfSecretsHasThirtyRows(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		made := manySecrets(t, s, ada, 101)
		for ask, want := range map[string]int{``: 30, `(first: 5)`: 5, `(first: 100)`: 100, `(last: 7)`: 7} {
			out := ada.Must(t, `{ secrets`+ask+` { totalCount nodes { id name url tags shared owner { name } lastUsedAt status } pageInfo { hasNextPage } } }`, nil)
			rows := out.At("secrets", "nodes").([]any)
			if len(rows) != want || out.At("secrets", "totalCount") != 101.0 {
				t.Errorf("%s: %d rows of %v", ask, len(rows), out.At("secrets", "totalCount"))
			}
			first := made[0]
			if strings.Contains(ask, "last") {
				first = made[94]
			}
			if got := fmt.Sprint(rows[0]); got != "map[id:"+first+" lastUsedAt:<nil> name:Payments owner:map[name:Ada] shared:false status:ENABLED tags:[] url:https://api.example.com]" {
				t.Errorf("%s: the first row is %s", ask, got)
			}
		}
	})
}
