package graph_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/apptest"
)

const (
	makeOne = `mutation($name: String!, $description: String, $tags: [String!], $scopes: [String!], $expires: Time, $kind: APIKeyKind! = PROJECT, $project: ID) {
		createAPIKey(input: {name: $name, description: $description, tags: $tags, scopes: $scopes, expiresAt: $expires, kind: $kind, projectId: $project}) {
			apiKey { id } errors { code message path } } }`
	changeOne = `mutation($id: ID!, $name: String, $description: String, $tags: [String!], $expires: Time) {
		updateAPIKey(input: {id: $id, name: $name, description: $description, tags: $tags, expiresAt: $expires}) { apiKey { id } errors { code message path } } }`
	inviteSome = `mutation($id: ID!, $emails: [String!]!, $own: String!, $role: InvitableRole! = ADMIN) {
		inviteCollaborators(input: {apiKeyId: $id, emails: $emails, role: $role, confirmEmail: $own}) {
			results { invitation { id } error { code message path } } errors { code message path } } }`
)

// texts that are no names, with the codes that may refuse them.
func badNames() map[string][2]string {
	const invalid = "INVALID BAD_USER_INPUT"
	return map[string][2]string{
		"empty":                   {"", "REQUIRED"},
		"a space":                 {" ", "REQUIRED INVALID"},
		"spaces, tabs, lines":     {" \t\n\r ", "REQUIRED INVALID"},
		"a space of another kind": {"\u00a0\u2003\u3000", "REQUIRED INVALID"},
		"10,000 characters":       {inputCanary + strings.Repeat("n", 10_000), "TOO_LONG"},
		"a null":                  {inputCanary + "\u0000", invalid},
		"a bell":                  {inputCanary + "\u0007", invalid},
		"a line end":              {inputCanary + "\nSecond line", invalid},
		"a terminal sequence":     {"\u001b[31m" + inputCanary, invalid},
		"a delete":                {inputCanary + "\u007f", invalid},
		"a C1 control":            {inputCanary + "\u0085", invalid},
		"a right-to-left mark":    {inputCanary + "\u202e", invalid},
		"an isolate":              {"\u2066" + inputCanary, invalid},
	}
}

//keyhall:norace
func TestNamesThatAreNoneAreRefusedWhereverTheyAreGiven(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		otto := s.Actor(t, "otto")
		key := otto.CreateKey(t, "Plain", "", "PROJECT")
		var requests []bad
		for what, c := range badNames() {
			requests = append(requests,
				bad{name: "createAPIKey.name: " + what, query: makeOne, vars: apptest.Vars{"name": c[0]}, codes: c[1]},
				bad{name: "updateAPIKey.name: " + what, query: changeOne, vars: apptest.Vars{"id": key.ID, "name": c[0]}, codes: c[1]},
				bad{name: "createAccessToken.name: " + what, query: createToken, vars: apptest.Vars{"name": c[0]}, codes: c[1]},
				bad{name: "createAPIKey.tags: " + what, query: makeOne, vars: apptest.Vars{"name": "x", "tags": []string{"good", c[0]}}, codes: c[1] + " INVALID"},
				bad{name: "updateAPIKey.tags: " + what, query: changeOne, vars: apptest.Vars{"id": key.ID, "tags": []string{c[0]}}, codes: c[1] + " INVALID"},
				bad{name: "createAPIKey.scopes: " + what, query: makeOne, vars: apptest.Vars{"name": "x", "scopes": []string{c[0]}}, codes: c[1] + " INVALID"},
			)
			if strings.HasPrefix(what, "a null") || strings.HasPrefix(what, "a bell") || strings.HasPrefix(what, "10,000") || strings.HasPrefix(what, "a right") || strings.HasPrefix(what, "a terminal") {
				requests = append(requests,
					bad{name: "createAPIKey.description: " + what, query: makeOne, vars: apptest.Vars{"name": "x", "description": c[0]}, codes: c[1]},
					bad{name: "updateAPIKey.description: " + what, query: changeOne, vars: apptest.Vars{"id": key.ID, "description": c[0]}, codes: c[1]},
					bad{name: "revealAPIKeySecret.reason: " + what, query: `mutation($id: ID!, $reason: String) { revealAPIKeySecret(input: {id: $id, reason: $reason}) { secret errors { code path } } }`,
						vars: apptest.Vars{"id": key.ID, "reason": c[0]}, codes: c[1]},
				)
			}
		}
		refuseAll(t, s, otto, requests)
		out := otto.Do(t, changeOne, apptest.Vars{"id": key.ID, "name": nil})
		if out.Code() == "" && s.Count(t, "api_keys WHERE name = ?", "Plain") != 1 {
			t.Errorf("null took the name: %s", out.Body)
		}
		for _, good := range []string{"Zahlungen für Österreich", "支払い", "ключ №1", "<script>alert(1)</script>", "'; DROP TABLE api_keys; --", "👩‍💻 deploy", `"quoted" \ back`, "مفتاح", "%_", strings.Repeat("🔑", 60)} {
			id := otto.Must(t, makeOne, apptest.Vars{"name": good}).Text("createAPIKey", "apiKey", "id")
			if got := otto.Must(t, `query($id: ID!) { apiKey(id: $id) { name } }`, apptest.Vars{"id": id}).Text("apiKey", "name"); got != good {
				t.Errorf("%q became %q", good, got)
			}
		}
	})
}

//keyhall:norace
func TestTooManyOfAThingAreRefused(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		petra := s.Actor(t, "petra")
		key := petra.CreateKey(t, "Plain", "", "PROJECT")
		distinct := func(n int, format string) []string {
			out := make([]string, n)
			for i := range out {
				out[i] = fmt.Sprintf(format, i)
			}
			return out
		}
		const large = "TOO_LONG INVALID BAD_USER_INPUT OPERATION_TOO_LARGE"
		refuseAll(t, s, petra, []bad{
			{name: "1000 tags", query: makeOne, vars: apptest.Vars{"name": "x", "tags": distinct(1000, "t%d")}, codes: large},
			{name: "1000 tags, later", query: changeOne, vars: apptest.Vars{"id": key.ID, "tags": distinct(1000, "t%d")}, codes: large},
			{name: "a tag 1000 times", query: makeOne, vars: apptest.Vars{"name": "x", "tags": many(1000, "t")}, codes: large},
			{name: "1000 scopes", query: makeOne, vars: apptest.Vars{"name": "x", "scopes": distinct(1000, "s%d")}, codes: large},
			{name: "1000 addresses", query: inviteSome, vars: apptest.Vars{"id": key.ID, "own": petra.Email, "emails": distinct(1000, "no%d@such.test")}, codes: large},
			{name: "no address", query: inviteSome, vars: apptest.Vars{"id": key.ID, "own": petra.Email, "emails": []string{}}, codes: "REQUIRED INVALID"},
			{name: "101 ids", query: `query($ids: [ID!]!) { nodes(ids: $ids) { id } }`, vars: apptest.Vars{"ids": many(101, key.ID)}, codes: "BAD_USER_INPUT"},
			{name: "50,000 ids", query: `query($ids: [ID!]!) { nodes(ids: $ids) { id } }`, vars: apptest.Vars{"ids": many(7_000, key.ID)}, codes: "BAD_USER_INPUT OPERATION_TOO_LARGE"},
		})
		if out := petra.Must(t, `query($ids: [ID!]!) { nodes(ids: $ids) { id } }`, apptest.Vars{"ids": many(100, key.ID)}); len(out.At("nodes").([]any)) != 100 {
			t.Errorf("100 ids answer %.300s", out.Body)
		}
	})
}

//keyhall:norace
func TestBadAddressesAreNotInvited(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		rolf, susi := s.Actor(t, "rolf"), s.Actor(t, "susi")
		key := rolf.CreateKey(t, "Plain", "", "PROJECT")
		var requests []bad
		for what, email := range map[string]string{
			"empty": "", "a space": " ", "no domain": "susi", "no name": "@keyhall.test", "two": "susi1@keyhall.test,rolf1@keyhall.test", "a null": "susi1@keyhall.test\u0000",
			"a line": "susi1@keyhall.test\r\nBcc: x@keyhall.test", "a display name": "Susi <susi1@keyhall.test>", "a bidi mark": "\u202esusi1@keyhall.test",
			"a long one": strings.Repeat("e", 100_000) + "@keyhall.test", "a pattern": "%@keyhall.test", "a username": susi.Username, "an id": susi.ID,
		} {
			requests = append(requests, bad{name: what, query: inviteSome, vars: apptest.Vars{"id": key.ID, "own": rolf.Email, "emails": []string{email}},
				codes: "INVALID REQUIRED TOO_LONG ACCOUNT_NOT_FOUND BAD_USER_INPUT"})
		}
		for what, own := range map[string]string{"another's": susi.Email, "none": "", "almost": rolf.Email + " x", "a null": "\u0000", "a pattern": "%"} {
			requests = append(requests, bad{name: "own address: " + what, query: inviteSome, vars: apptest.Vars{"id": key.ID, "own": own, "emails": []string{susi.Email}},
				codes: "EMAIL_NOT_CONFIRMED REQUIRED BAD_USER_INPUT"})
		}
		requests = append(requests, bad{name: "OWNER (A3, A8)", query: strings.Replace(inviteSome, "role: $role", "role: OWNER", 1), codes: "GRAPHQL_VALIDATION_FAILED",
			vars: apptest.Vars{"id": key.ID, "own": rolf.Email, "emails": []string{susi.Email}}},
			bad{name: "OWNER in a variable (A3, A8)", query: inviteSome, vars: apptest.Vars{"id": key.ID, "own": rolf.Email, "emails": []string{susi.Email}, "role": "OWNER"}, codes: "BAD_USER_INPUT"})
		refuseAll(t, s, rolf, requests)
	})
}

//keyhall:norace
func TestTimesThatAreNoneOrOverAreRefused(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		tom := s.Actor(t, "tom")
		key := tom.CreateKey(t, "Plain", "", "PROJECT")
		end := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
		tom.Must(t, changeOne, apptest.Vars{"id": key.ID, "expires": end})
		var requests []bad
		for what, value := range map[string]any{
			"a word": inputCanary, "nothing": "", "a date": "2030-01-01", "a time of day": "10:00", "no zone": "2030-01-01T00:00:00", "month 13": "2030-13-01T00:00:00Z",
			"day 30 of February": "2030-02-30T00:00:00Z", "hour 25": "2030-01-01T25:00:00Z", "a number": 1893456000, "a float": 1.5, "a boolean": true, "an object": apptest.Vars{"a": 1},
			"year 10000": "10000-01-01T00:00:00Z", "year 300000": "+300000-01-01T00:00:00Z", "a null": "2030-01-01T00:00:00Z\u0000", "two": "2030-01-01T00:00:00Z 2031-01-01T00:00:00Z",
		} {
			const codes = "BAD_USER_INPUT"
			requests = append(requests,
				bad{name: "createAPIKey.expiresAt: " + what, query: makeOne, vars: apptest.Vars{"name": "x", "expires": value}, codes: codes},
				bad{name: "updateAPIKey.expiresAt: " + what, query: changeOne, vars: apptest.Vars{"id": key.ID, "expires": value}, codes: codes},
				bad{name: "filter.expiresBefore: " + what, query: `query($t: Time) { apiKeys(filter: {expiresBefore: $t}) { totalCount } }`, vars: apptest.Vars{"t": value}, codes: codes},
				bad{name: "filter.unusedSince: " + what, query: `query($t: Time) { apiKeys(filter: {unusedSince: $t}) { totalCount } }`, vars: apptest.Vars{"t": value}, codes: codes},
				bad{name: "audit filter.from: " + what, query: `query($o: ID!, $t: Time) { auditEvents(organizationId: $o, filter: {from: $t}) { totalCount } }`, vars: apptest.Vars{"o": tom.Home, "t": value}, codes: codes},
			)
		}
		// 0 stands for never in the database: the beginning of 1970 must not become it, nor Go's zero time.
		for what, value := range map[string]string{
			"a year ago": "2025-01-01T00:00:00Z", "a second ago": time.Now().Add(-time.Second).UTC().Format(time.RFC3339), "1970": "1970-01-01T00:00:00Z", "1970 elsewhere": "1970-01-01T02:00:00+02:00",
			"1969": "1969-12-31T23:59:59.999999Z", "year 1": "0001-01-01T00:00:00Z", "year 1 elsewhere": "0001-01-01T01:00:00+01:00", "year 0": "0000-01-01T00:00:00Z",
			"half a microsecond after 1970": "1970-01-01T00:00:00.0000005Z",
		} {
			const codes = "EXPIRY_IN_PAST BAD_USER_INPUT"
			requests = append(requests,
				bad{name: "createAPIKey.expiresAt: " + what, query: makeOne, vars: apptest.Vars{"name": "x", "expires": value}, codes: codes},
				bad{name: "updateAPIKey.expiresAt: " + what, query: changeOne, vars: apptest.Vars{"id": key.ID, "expires": value}, codes: codes},
				bad{name: "createAccessToken.expiresAt: " + what, query: createToken, vars: apptest.Vars{"name": "x", "expires": value}, codes: codes},
			)
		}
		refuseAll(t, s, tom, requests)
		if got := tom.Must(t, `query($id: ID!) { apiKey(id: $id) { expiresAt } }`, apptest.Vars{"id": key.ID}).Text("apiKey", "expiresAt"); !strings.HasPrefix(got, end[:19]) {
			t.Errorf("the key ends %s, not %s", got, end)
		}
		// A time that no database column holds must be refused or kept, never turned into another one.
		for _, far := range []string{"9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00"} {
			out := tom.Do(t, makeOne, apptest.Vars{"name": "far", "expires": far})
			if out.Code() == "" {
				id := out.Text("createAPIKey", "apiKey", "id")
				shown := tom.Must(t, `query($id: ID!) { apiKey(id: $id) { expiresAt status } }`, apptest.Vars{"id": id})
				want, _ := time.Parse(time.RFC3339, far)
				if got, err := time.Parse(time.RFC3339, shown.Text("apiKey", "expiresAt")); err != nil || !got.Equal(want) || shown.Text("apiKey", "status") != "ACTIVE" {
					t.Errorf("%s became %s", far, shown.Body)
				}
			} else if !strings.Contains("EXPIRY_TOO_LONG BAD_USER_INPUT INVALID", out.Code()) {
				t.Errorf("%s answers %s", far, out.Body)
			}
		}
		tom.Must(t, countKeys, nil)
	})
}

//keyhall:norace
func TestValuesOfTheWrongKindAreRefused(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		uwe := s.Actor(t, "uwe")
		key := uwe.CreateKey(t, "Plain", "", "PROJECT")
		const input, literal = "BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED BAD_USER_INPUT"
		requests := []bad{
			{name: "an unknown kind", query: makeOne, vars: apptest.Vars{"name": "x", "kind": inputCanary}, codes: input},
			{name: "a kind in another case", query: makeOne, vars: apptest.Vars{"name": "x", "kind": "personal"}, codes: input},
			{name: "a kind that is a number", query: makeOne, vars: apptest.Vars{"name": "x", "kind": 1}, codes: input},
			{name: "no kind", query: makeOne, vars: apptest.Vars{"name": "x", "kind": nil}, codes: literal},
			{name: "an unknown kind, literal", query: `mutation{createAPIKey(input:{name:"x",kind:` + inputCanary + `}){errors{code}}}`, codes: literal},
			{name: "an unknown direction", query: `query($d: OrderDirection!) { apiKeys(orderBy: {field: NAME, direction: $d}) { totalCount } }`, vars: apptest.Vars{"d": inputCanary}, codes: input},
			{name: "an unknown order", query: `query($o: APIKeyOrder) { apiKeys(orderBy: $o) { totalCount } }`, vars: apptest.Vars{"o": apptest.Vars{"field": "OWNER", "direction": "ASC"}}, codes: input},
			{name: "an order without a field", query: `query($o: APIKeyOrder) { apiKeys(orderBy: $o) { totalCount } }`, vars: apptest.Vars{"o": apptest.Vars{"direction": "ASC"}}, codes: input},
			{name: "an unknown status", query: `query($s: APIKeyStatus) { apiKeys(filter: {status: $s}) { totalCount } }`, vars: apptest.Vars{"s": inputCanary}, codes: input},
			{name: "an unknown environment", query: `query($e: Environment) { apiKeys(filter: {environment: $e}) { totalCount } }`, vars: apptest.Vars{"e": inputCanary}, codes: input},
			{name: "an unknown outcome", query: `query($o: ID!, $x: AuditOutcome) { auditEvents(organizationId: $o, filter: {outcome: $x}) { totalCount } }`, vars: apptest.Vars{"o": uwe.Home, "x": inputCanary}, codes: input},
			{name: "a name that is a number", query: makeOne, vars: apptest.Vars{"name": 7}, codes: input},
			{name: "a name that is a list", query: makeOne, vars: apptest.Vars{"name": []string{inputCanary}}, codes: input},
			{name: "a name that is null", query: makeOne, vars: apptest.Vars{"name": nil}, codes: input},
			{name: "tags that hold null", query: makeOne, vars: apptest.Vars{"name": "x", "tags": []any{nil}}, codes: input},
			{name: "tags that hold numbers", query: makeOne, vars: apptest.Vars{"name": "x", "tags": []any{1, 2}}, codes: input},
			{name: "tags that are an object", query: makeOne, vars: apptest.Vars{"name": "x", "tags": apptest.Vars{inputCanary: 1}}, codes: input},
			{name: "an id that is an object", query: changeOne, vars: apptest.Vars{"id": apptest.Vars{inputCanary: 1}}, codes: input},
			{name: "an id that is a boolean", query: changeOne, vars: apptest.Vars{"id": true}, codes: input},
			{name: "an id that is null", query: changeOne, vars: apptest.Vars{"id": nil}, codes: input},
			{name: "a permission that is a number", query: `query($id: ID!, $of: [Permission!]) { apiKey(id: $id) { viewerCan(of: $of) } }`, vars: apptest.Vars{"id": key.ID, "of": []any{1}}, codes: input},
			{name: "suspended that is a word", query: `mutation($s: Boolean) { setUserStatus(input: {userId: "usr_x", suspended: $s}) { errors { code } } }`, vars: apptest.Vars{"s": inputCanary}, codes: input},
			{name: "neither id nor slug", query: `{ organization { name } }`, codes: "BAD_USER_INPUT NOT_FOUND"},
		}
		refuseAll(t, s, uwe, requests)
	})
}

// Wrong, foreign, absent and malformed ids are one: NOT_FOUND in one wording, wherever an id is given.
//
//keyhall:norace
func TestIdsThatNameNothingVisibleAreNotFound(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		vito, wilma := s.Actor(t, "vito"), s.Actor(t, "wilma")
		vito.CreateKey(t, "Vito's", "", "PROJECT")
		foreign := wilma.CreateKey(t, "Wilma's", "", "PROJECT")
		ids := map[string]string{
			"somebody else's": foreign.ID, "absent": "key_01JCZ3V8Q4T2N6M0R5W7Y9B1DF", "of another type": vito.Project, "of an unknown type": "xyz_01JCZ3V8Q4T2N6M0R5W7Y9B1DF", "empty": "",
			"a word": inputCanary, "a prefix": "key_", "in lower case": strings.ToLower(foreign.ID), "with a space": foreign.ID + " ", "cut short": foreign.ID[:20], "with more": foreign.ID + "0",
			"SQL": "key_' OR '1'='1", "a path": "../../" + inputCanary, "long": "key_" + strings.Repeat("A", 100_000), "beyond ASCII": "key_\u202e\u00e4", "with a null": foreign.ID + "\u0000", "a null": "\u0000",
			"a line": foreign.ID + "\n", "a pattern": "key_%", "base64": "QVBJS2V5OjE=",
		}
		var requests []bad
		for what, id := range ids {
			codes := "NOT_FOUND"
			if strings.Contains(what, "null") || what == "long" {
				codes = "NOT_FOUND BAD_USER_INPUT OPERATION_TOO_LARGE"
			}
			for field, query := range map[string]string{
				"node":                   `query($id: ID!) { node(id: $id) { id } }`,
				"nodes":                  `query($id: ID!) { nodes(ids: [$id]) { id } }`,
				"apiKey":                 `query($id: ID!) { apiKey(id: $id) { id } }`,
				"updateAPIKey":           changeOne,
				"revealAPIKeySecret":     `mutation($id: ID!) { revealAPIKeySecret(input: {id: $id}) { secret errors { code } } }`,
				"disableAPIKey":          `mutation($id: ID!) { disableAPIKey(input: {id: $id}) { errors { code } } }`,
				"enableAPIKey":           `mutation($id: ID!) { enableAPIKey(input: {id: $id}) { errors { code } } }`,
				"deleteAPIKey":           `mutation($id: ID!) { deleteAPIKey(input: {id: $id}) { errors { code } } }`,
				"leaveAPIKey":            `mutation($id: ID!) { leaveAPIKey(input: {id: $id}) { errors { code } } }`,
				"acceptInvitation":       acceptIt,
				"declineInvitation":      `mutation($id: ID!) { declineInvitation(input: {invitationId: $id}) { errors { code } } }`,
				"revokeInvitation":       `mutation($id: ID!) { revokeInvitation(input: {invitationId: $id}) { errors { code } } }`,
				"updateCollaboratorRole": `mutation($id: ID!) { updateCollaboratorRole(input: {collaboratorId: $id, role: ADMIN}) { errors { code } } }`,
				"removeCollaborator":     `mutation($id: ID!) { removeCollaborator(input: {collaboratorId: $id}) { errors { code } } }`,
				"revokeSession":          revokeOne,
				"revokeAccessToken":      revokeToken,
			} {
				vars := apptest.Vars{"id": id}
				if field == "updateAPIKey" {
					vars["name"] = "taken over"
				}
				if strings.HasPrefix(field, "node") && what == "of another type" {
					continue // node is for all types
				}
				requests = append(requests, bad{name: field + ": " + what, query: query, vars: vars, codes: codes})
			}
			for field, query := range map[string]string{
				"project":      `query($id: ID!) { project(id: $id) { id } }`,
				"organization": `query($id: ID) { organization(id: $id) { id } }`,
				"auditEvents":  `query($id: ID!) { auditEvents(organizationId: $id) { totalCount } }`,
			} {
				if what != "of another type" {
					requests = append(requests, bad{name: field + ": " + what, query: query, vars: apptest.Vars{"id": id}, codes: codes + " BAD_USER_INPUT"})
				}
			}
			requests = append(requests, bad{name: "slug: " + what, query: `query($id: String) { organization(slug: $id) { id } }`, vars: apptest.Vars{"id": id}, codes: codes + " BAD_USER_INPUT"},
				bad{name: "createAPIKey.projectId: " + what, query: makeOne, vars: apptest.Vars{"name": "x", "project": strings.Replace(id, vito.Project, wilma.Project, 1)}, codes: codes},
				bad{name: "inviteCollaborators.apiKeyId: " + what, query: inviteSome, vars: apptest.Vars{"id": id, "own": vito.Email, "emails": []string{wilma.Email}}, codes: codes})
		}
		refuseAll(t, s, vito, requests)
		wordings := map[string]bool{}
		for what, id := range ids {
			if out := vito.Do(t, `query($id: ID!) { apiKey(id: $id) { id } }`, apptest.Vars{"id": id}); out.Code() == "NOT_FOUND" {
				wordings[sameBody(out)] = true
			} else if !strings.Contains(what, "null") && what != "long" {
				t.Errorf("%s: %s", what, out.Body)
			}
		}
		if len(wordings) != 1 {
			t.Errorf("hidden and absent differ: %v", wordings)
		}
	})
}

//keyhall:norace
func TestTextsOfFiltersAreTextsAndNoPatterns(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		xenia := s.Actor(t, "xenia")
		for _, name := range []string{"Plain", "100% sure", "under_score", `back\slash`, "O'Hara", "Ümlaut"} {
			xenia.CreateKey(t, name, "", "PROJECT")
		}
		const search = `query($q: String) { apiKeys(filter: {query: $q}) { totalCount nodes { name } } }`
		for q, want := range map[string]string{"%": "100% sure", "_": "under_score", `\`: `back\slash`, "'": "O'Hara", "PLAIN": "Plain", "o'hara": "O'Hara", "R_S": "under_score", "%%": "", "p%n": "", "nosuch": "", "\u202e": ""} {
			out := xenia.Must(t, search, apptest.Vars{"q": q})
			if want == "" && out.At("apiKeys", "totalCount") != 0.0 || want != "" && (out.At("apiKeys", "totalCount") != 1.0 || out.Text("apiKeys", "nodes", 0, "name") != want) {
				t.Errorf("%q finds %s", q, out.Body)
			}
		}
		for what, q := range map[string]string{"a null": "Plain\u0000", "100,000 characters": strings.Repeat("q", 100_000), "quotes": `"'` + "`", "JSON": `["a"]`} {
			out := xenia.Do(t, search, apptest.Vars{"q": q})
			if code := out.Code(); code != "" && code != "BAD_USER_INPUT" || code == "" && out.At("apiKeys", "totalCount") != 0.0 {
				t.Errorf("a query of %s answers %.300s", what, out.Body)
			}
		}
		for _, filter := range []string{"projectId", "organizationId"} {
			for _, id := range []string{"", "x", "\u0000", "prj_%", "'"} {
				out := xenia.Do(t, `query($id: ID) { apiKeys(filter: {`+filter+`: $id}) { totalCount } }`, apptest.Vars{"id": id})
				if code := out.Code(); code != "" && code != "BAD_USER_INPUT" && code != "NOT_FOUND" || code == "" && out.At("apiKeys", "totalCount") != 0.0 {
					t.Errorf("%s %q answers %s", filter, id, out.Body)
				}
			}
		}
		for _, filter := range []string{`types: ["\u0000"]`, `actorIds: ["\u0000"]`, `resourceIds: ["\u0000", "x"]`, `projectId: "\u0000"`, `types: ["%"]`, `types: []`} {
			out := xenia.Do(t, `query($o: ID!) { auditEvents(organizationId: $o, filter: {`+filter+`}) { totalCount } }`, apptest.Vars{"o": xenia.Home})
			if code := out.Code(); code != "" && code != "BAD_USER_INPUT" {
				t.Errorf("audit filter %s answers %s", filter, out.Body)
			}
		}
		if strings.Contains(s.Log.String(), `"level":"ERROR"`) {
			t.Error("a filter made the server log an error")
		}
	})
}
