package graph_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/apptest"
)

const (
	addSecret    = `mutation($in: CreateSecretInput!) { createSecret(input: $in) { secret { id } errors { code message path } } }`
	changeSecret = `mutation($in: UpdateSecretInput!) { updateSecret(input: $in) { secret { id } errors { code message path } } }`
	shareThem    = `mutation($in: ShareSecretsInput!) { shareSecrets(input: $in) { secrets { id } errors { code message path } } }`
	addGroup     = `mutation($in: CreateGroupInput!) { createGroup(input: $in) { group { id } errors { code message path } } }`
	changeGroup  = `mutation($in: UpdateGroupInput!) { updateGroup(input: $in) { group { id } errors { code message path } } }`
	addPeople    = `mutation($in: AddGroupMembersInput!) { addGroupMembers(input: $in) { group { id } errors { code message path } } }`
	addLink      = `mutation($in: CreateShareLinkInput!) { createShareLink(input: $in) { url errors { code message path } } }`
)

// having is an input with one field of its own.
func having(base apptest.Vars, field string, value any) apptest.Vars {
	out := apptest.Vars{}
	for name, v := range base {
		out[name] = v
	}
	out[field] = value
	return apptest.Vars{"in": out}
}

// B16 B20 B21: what is no text, no list, no time and no number is refused wherever secrets, groups and links take one, and writes nothing.
//
//keyhall:norace
func TestWhatSecretsGroupsAndLinksCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, cleo := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo")
		secret, group := ada.AddSecret(t, "Payments", "value"), ada.MakeGroup(t, "Team", ben)
		newSecret := apptest.Vars{"organizationId": ada.Home, "name": "x", "url": "https://x.example", "clientId": "c"}
		oldSecret, newGroup, oldGroup := apptest.Vars{"id": secret}, apptest.Vars{"organizationId": ada.Home, "name": "x"}, apptest.Vars{"id": group}
		link := apptest.Vars{"secretId": secret, "expiresInSeconds": 3600, "maxViews": 1}
		var requests []bad
		add := func(what, query string, vars apptest.Vars, codes string) {
			requests = append(requests, bad{name: what, query: query, vars: vars, codes: codes})
		}
		for what, c := range badNames() {
			for _, field := range []string{"name", "clientId", "url"} {
				add("createSecret."+field+": "+what, addSecret, having(newSecret, field, c[0]), c[1]+" INVALID")
				add("updateSecret."+field+": "+what, changeSecret, having(oldSecret, field, c[0]), c[1]+" INVALID")
			}
			add("createSecret.tags: "+what, addSecret, having(newSecret, "tags", []string{"good", c[0]}), c[1]+" INVALID")
			add("createGroup.name: "+what, addGroup, having(newGroup, "name", c[0]), c[1])
			add("updateGroup.name: "+what, changeGroup, having(oldGroup, "name", c[0]), c[1])
			add("createShareLink.recipientEmail: "+what, addLink, having(link, "recipientEmail", c[0]), c[1]+" INVALID REQUIRED TOO_LONG MAIL_NOT_CONFIGURED")
			add("addGroupMembers.login: "+what, addPeople, apptest.Vars{"in": apptest.Vars{"groupId": group, "members": []apptest.Vars{{"login": c[0]}}}}, "GRANTEE_INVALID NOT_FOUND ACCOUNT_NOT_FOUND "+c[1])
			add("shareSecrets.login: "+what, shareThem, apptest.Vars{"in": apptest.Vars{"secretIds": []string{secret}, "grants": []apptest.Vars{{"grantee": apptest.Vars{"login": c[0]}}}}}, "GRANTEE_INVALID "+c[1])
			if strings.HasPrefix(what, "a null") || strings.HasPrefix(what, "a bell") || strings.HasPrefix(what, "a terminal") || strings.HasPrefix(what, "a right") {
				for _, field := range []string{"notes", "identifier", "method"} {
					add("createSecret."+field+": "+what, addSecret, having(newSecret, field, c[0]), c[1])
					add("updateSecret."+field+": "+what, changeSecret, having(oldSecret, field, c[0]), c[1])
				}
				add("createGroup.description: "+what, addGroup, having(newGroup, "description", c[0]), c[1])
				add("updateGroup.description: "+what, changeGroup, having(oldGroup, "description", c[0]), c[1])
				add("revealSecret.reason: "+what, `mutation($in: RevealSecretInput!) { revealSecret(input: $in) { clientSecret errors { code path } } }`,
					having(oldSecret, "purpose", "SHOW"), "") // replaced below
				requests[len(requests)-1].vars["in"].(apptest.Vars)["reason"] = c[0]
				requests[len(requests)-1].codes = c[1]
			}
		}
		const large = "TOO_LONG INVALID BAD_USER_INPUT OPERATION_TOO_LARGE"
		person := apptest.Vars{"grantee": apptest.Vars{"login": ben.Username}}
		for _, n := range []int{101, 1000} {
			add(fmt.Sprint(n, " secrets are shared"), shareThem, apptest.Vars{"in": apptest.Vars{"secretIds": many(n, secret), "grants": []apptest.Vars{person}}}, large)
			add(fmt.Sprint(n, " grants"), shareThem, apptest.Vars{"in": apptest.Vars{"secretIds": []string{secret}, "grants": many(n, person)}}, large+" GRANTEE_INVALID")
			add(fmt.Sprint(n, " members"), addPeople, apptest.Vars{"in": apptest.Vars{"groupId": group, "members": many(n, apptest.Vars{"login": ben.Username})}}, large+" GRANTEE_INVALID")
			add(fmt.Sprint(n, " are disabled"), `mutation($ids: [ID!]!) { disableSecrets(input: {ids: $ids}) { errors { code path } } }`, apptest.Vars{"ids": many(n, secret)}, large)
			add(fmt.Sprint(n, " are enabled"), `mutation($ids: [ID!]!) { enableSecrets(input: {ids: $ids}) { errors { code path } } }`, apptest.Vars{"ids": many(n, secret)}, large)
			add(fmt.Sprint(n, " tags"), addSecret, having(newSecret, "tags", many(n, "t")), large)
		}
		const none = "REQUIRED INVALID BAD_USER_INPUT"
		add("no secret is shared", shareThem, apptest.Vars{"in": apptest.Vars{"secretIds": []string{}, "grants": []apptest.Vars{person}}}, none)
		add("nobody is given anything", shareThem, apptest.Vars{"in": apptest.Vars{"secretIds": []string{secret}, "grants": []apptest.Vars{}}}, none)
		add("nobody is added", addPeople, apptest.Vars{"in": apptest.Vars{"groupId": group, "members": []apptest.Vars{}}}, none)
		for what, grantee := range map[string]apptest.Vars{"none": {}, "two": {"login": ben.Username, "userId": ben.ID}, "null": {"login": nil}} {
			add("a grantee that is "+what, shareThem, apptest.Vars{"in": apptest.Vars{"secretIds": []string{secret}, "grants": []apptest.Vars{{"grantee": grantee}}}}, "BAD_USER_INPUT GRANTEE_INVALID")
		}
		for what, at := range map[string]any{"the past": "2001-01-01T00:00:00Z", "no time": inputCanary, "a number": 7, "the year 9999999": "9999999-01-01T00:00:00Z", "a day": "2041-01-01"} {
			codes := "EXPIRY_IN_PAST BAD_USER_INPUT"
			add("createSecret.expiresAt: "+what, addSecret, having(newSecret, "expiresAt", at), codes)
			add("updateSecret.expiresAt: "+what, changeSecret, having(oldSecret, "expiresAt", at), codes)
			add("shareSecrets.expiresAt: "+what, shareThem, apptest.Vars{"in": apptest.Vars{"secretIds": []string{secret}, "grants": []apptest.Vars{{"grantee": person["grantee"], "expiresAt": at}}}}, codes)
			add("addGroupMembers.expiresAt: "+what, addPeople, apptest.Vars{"in": apptest.Vars{"groupId": group, "members": []apptest.Vars{{"login": cleo.Username, "expiresAt": at}}}}, codes)
		}
		for _, n := range []any{0, -1, 30, math.MaxInt32, 3.5, "seven", nil} {
			add(fmt.Sprint("a link for ", n, " seconds"), addLink, having(link, "expiresInSeconds", n), "INVALID BAD_USER_INPUT EXPIRY_TOO_LONG EXPIRY_IN_PAST")
		}
		for _, n := range []any{0, -1, math.MaxInt32, 3.5, "seven"} {
			add(fmt.Sprint("a link for ", n, " views"), addLink, having(link, "maxViews", n), "INVALID BAD_USER_INPUT")
		}
		add("a long passphrase", addLink, having(link, "passphrase", strings.Repeat("p", 10_000)), "TOO_LONG INVALID BAD_USER_INPUT")
		refuseAll(t, s, ada, requests)
	}, withLinks)
}

// B16: what a value is made of is nobody's business; it comes back as it was, and so do names in any script.
//
//keyhall:norace
func TestAnyTextIsAValueAndAnyScriptAName(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		for _, text := range []string{
			"Zahlungen für Österreich", "支払い", "<script>alert(1)</script>", "'; DROP TABLE secrets; --", "👩‍💻", `"quoted" \ back`, "%_", "=1+1", "-----BEGIN PRIVATE KEY-----",
		} {
			full := apptest.Vars{"organizationId": ada.Home, "name": text, "url": "https://x.example/?q=%27", "clientId": text, "clientSecret": text + "\n\t\u0007\u202e" + text, "notes": text}
			id := ada.Must(t, addSecret, apptest.Vars{"in": full}).Text("createSecret", "secret", "id")
			out := ada.Must(t, `query($id: ID!) { secret(id: $id) { name clientId notes } }`, apptest.Vars{"id": id})
			for _, field := range []string{"name", "clientId", "notes"} {
				if got := out.Text("secret", field); got != text {
					t.Errorf("%s: %q became %q", field, text, got)
				}
			}
			if got, code := ada.Reveal(t, id); got != full["clientSecret"] {
				t.Errorf("the value %q became %q, %s", full["clientSecret"], got, code)
			}
		}
	})
}

// B19: a filter is a text to compare, and never a pattern; what no row can be like finds none, and no filter is an error of ours.
//
//keyhall:norace
func TestFiltersOfSecretsAreTextsAndNoPatterns(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		for _, name := range []string{"Plain", "100% sure", "under_score", `back\slash`, "O'Hara"} {
			ada.AddSecret(t, name, "v")
		}
		for _, field := range []string{"query", "name"} {
			search := `query($q: String) { secrets(first: 10, filter: {` + field + `: $q}) { totalCount nodes { name } } }`
			for q, want := range map[string]string{"%": "100% sure", "_": "under_score", `\`: `back\slash`, "'": "O'Hara", "PLAIN": "Plain", "R_S": "under_score", "%%": "", "p%n": "", "nosuch": ""} {
				out := ada.Must(t, search, apptest.Vars{"q": q})
				if want == "" && out.At("secrets", "totalCount") != 0.0 || want != "" && (out.At("secrets", "totalCount") != 1.0 || out.Text("secrets", "nodes", 0, "name") != want) {
					t.Errorf("%s %q finds %s", field, q, out.Body)
				}
			}
		}
		for _, field := range []string{"query: String", "name: String", "url: String", "tag: String", "owner: String", "id: ID", "organizationId: ID"} {
			name, typ, _ := strings.Cut(field, ": ")
			for what, q := range map[string]string{"a null": "Plain\u0000", "100,000 characters": strings.Repeat("q", 100_000), "quotes": `"'` + "`", "JSON": `["a"]`, "a bidi mark": "\u202e"} {
				out := ada.Do(t, `query($q: `+typ+`) { secrets(first: 10, filter: {`+name+`: $q}) { totalCount } }`, apptest.Vars{"q": q})
				if code := out.Code(); code != "" && code != "BAD_USER_INPUT" && code != "NOT_FOUND" || code == "" && out.At("secrets", "totalCount") != 0.0 {
					t.Errorf("%s of %s answers %.300s", name, what, out.Body)
				}
			}
		}
		for _, q := range []string{"", " ", "%", "_", "\u0000", strings.Repeat("q", 100_000)} {
			out := ada.Do(t, `query($o: ID!, $q: String!) { searchPrincipals(organizationId: $o, query: $q) { __typename } }`, apptest.Vars{"o": ada.Home, "q": q})
			if code := out.Code(); code != "" && code != "BAD_USER_INPUT" {
				t.Errorf("a search for %.20q answers %.300s", q, out.Body)
			}
			if found, _ := out.At("searchPrincipals").([]any); len(found) > 0 && q != "" && q != " " {
				t.Errorf("%q finds %s", q, out.Body)
			}
		}
		soon := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
		if out := ada.Must(t, `query($at: Time) { secrets(first: 10, filter: {usedAfter: $at, usedBefore: $at}) { totalCount } }`, apptest.Vars{"at": soon}); out.At("secrets", "totalCount") != 0.0 {
			t.Errorf("used after and before the same: %s", out.Body)
		}
		if strings.Contains(s.Log.String(), `"level":"ERROR"`) {
			t.Error("a filter made the server log an error")
		}
	})
}
