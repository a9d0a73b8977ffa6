package graph_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

// leakProbe is one question about lists; vars come from leakProbes.
type leakProbe struct{ name, ask string }

// leakFilters are values of every member of every filter that fit ada's hidden things, or would fit what becomes of them.
// TestEveryFilterIsProbed fails when the schema has a member that is not here.
func leakFilters(e *estate) map[string]map[string][]string {
	id := func(ids ...string) []string {
		var out []string
		for _, i := range ids {
			out = append(out, fmt.Sprintf("%q", i))
		}
		return out
	}
	in := func(ids ...string) []string { return []string{"[" + strings.Join(id(ids...), ", ") + "]"} }
	return map[string]map[string][]string{
		"APIKeyFilter": {
			"query":          {`"zanz"`, `"Zanzibar"`, `"Zanzibar notes"`, `"` + e.spare.Plaintext[:16] + `"`, `"Renamed"`, `"new tag"`, `"%"`, `"_"`, `"kh_"`},
			"ownership":      {"OWNED", "SHARED_WITH_ME"},
			"organizationId": id(e.ada.Home, e.eve.Home),
			"projectId":      id(e.ada.Project, e.eve.Project, "prj_new"),
			"environment":    {"PRODUCTION", "STAGING", "DEVELOPMENT"},
			"kind":           {"PERSONAL", "PROJECT"},
			"status":         {"ACTIVE", "DISABLED", "EXPIRED", "ROTATING", "REVOKED"},
			"expiresBefore":  {`"2100-01-01T00:00:00Z"`, `"1999-01-01T00:00:00Z"`},
			"unusedSince":    {`"2100-01-01T00:00:00Z"`, `"1999-01-01T00:00:00Z"`},
		},
		"SecretFilter": {
			"query":          {`"zanz"`, `"Zanzibar"`, `"Zanzibar notes"`, `"zanzibar.example"`, `"Renamed"`, `"new tag"`, `"%"`, `"_"`},
			"id":             id(e.vault, e.safe, e.evesSecret),
			"name":           {`"zanz"`, `"Renamed"`, `"%"`},
			"url":            {`"ZANZIBAR"`, `"renamed.example"`, `"%"`},
			"tag":            {`"Zanzibar"`, `"new tag"`, `"%"`},
			"owner":          {`"zanz"`, `"ada"`, `"other"`, `"eve"`, `"%"`},
			"shared":         {"true", "false"},
			"ownership":      {"OWNED", "SHARED_WITH_ME"},
			"status":         {"ENABLED", "DISABLED"},
			"usedAfter":      {`"2100-01-01T00:00:00Z"`, `"1999-01-01T00:00:00Z"`},
			"usedBefore":     {`"2100-01-01T00:00:00Z"`, `"1999-01-01T00:00:00Z"`},
			"organizationId": id(e.ada.Home, e.eve.Home),
		},
		"AuditFilter": {
			"types":       {`["api_key.created", "api_key.updated", "api_key.deleted", "invite.sent", "user.signed_up"]`, `[]`},
			"actorIds":    in(e.ada.ID, e.ben.ID, e.cleo.ID),
			"resourceIds": in(e.key.ID, e.spare.ID, e.ada.ID, e.ada.Home),
			"projectId":   id(e.ada.Project),
			"outcome":     {"DONE", "DENIED", "FAILED"},
			"from":        {`"1999-01-01T00:00:00Z"`},
			"to":          {`"2100-01-01T00:00:00Z"`},
		},
	}
}

//keyhall:norace
func TestEveryFilterIsProbed(t *testing.T) {
	t.Parallel()
	e := &estate{ada: &apptest.Actor{}, ben: &apptest.Actor{}, cleo: &apptest.Actor{}, eve: &apptest.Actor{}}
	e.spare.Plaintext = strings.Repeat("k", 20)
	schema, probed := loadSchema(t), leakFilters(e)
	for _, d := range ours(schema) {
		if !strings.HasSuffix(d.Name, "Filter") {
			continue
		}
		for _, f := range d.Fields {
			if len(probed[d.Name][f.Name]) == 0 {
				t.Errorf("%s.%s is not probed: add values to leakFilters", d.Name, f.Name)
			}
			if enum := schema.Types[f.Type.Name()]; len(enum.EnumValues) > 0 && len(probed[d.Name][f.Name]) != len(enum.EnumValues) {
				t.Errorf("%s.%s: not every value of %s is probed", d.Name, f.Name, enum.Name)
			}
		}
	}
	for _, d := range ours(schema) {
		if !strings.HasSuffix(d.Name, "OrderField") {
			continue
		}
		var orders []string
		for _, v := range d.EnumValues {
			orders = append(orders, v.Name)
		}
		if !slices.Equal(orders, leakOrders()) || d.Name != "APIKeyOrderField" && d.Name != "SecretOrderField" {
			t.Errorf("the orders of %s are %v, probed are %v", d.Name, orders, leakOrders())
		}
	}
}

func leakOrders() []string { return []string{"CREATED_AT", "NAME", "LAST_USED_AT"} }

// leakProbes are all questions: each filter alone and two together, each order both ways and from both ends, every list.
func leakProbes(e *estate, own string) []leakProbe {
	const page = `{ totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { id name status lastUsedAt project { id name environment }
		owner { ... on User { id name } } disabledBy { ... on User { id } } viewerRole viewerCan viewerMembership { id role addedBy { id } user { id } } collaborators(first: 5) { totalCount } } } }`
	const secrets = `{ totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { id name url notes tags status shared version lastUsedAt revealCount
		organization { id name } disabledBy { id } viewerCan grants(first: 5) { totalCount nodes { id canEdit grantee { ... on User { id email } ... on Group { id status description membersCanView members(first: 1) { totalCount } } } grantedBy { id } } } versions(first: 5) { totalCount } } } }`
	const events = `{ totalCount pageInfo { hasNextPage endCursor } nodes { type actorName resourceId changes { field after } } }`
	var out []leakProbe
	add := func(name, format string, a ...any) { out = append(out, leakProbe{name, fmt.Sprintf(format, a...)}) }
	for member, values := range leakFilters(e)["APIKeyFilter"] {
		for _, v := range values {
			add("keys by "+member+" "+v, `{ apiKeys(first: 100, filter: {%s: %s}) %s }`, member, v, page)
			add("keys by "+member+" and kind", `{ apiKeys(first: 2, filter: {kind: PROJECT, %s: %s}) %s }`, strings.Replace(member, "kind", "status", 1), strings.NewReplacer("PERSONAL", "ACTIVE", "PROJECT", "ACTIVE").Replace(v), page)
		}
	}
	for member, values := range leakFilters(e)["SecretFilter"] {
		for _, v := range values {
			add("secrets by "+member+" "+v, `{ secrets(first: 100, filter: {%s: %s}) %s }`, member, v, secrets)
		}
	}
	for member, values := range leakFilters(e)["AuditFilter"] {
		for _, v := range values {
			add("events by "+member+" "+v, `{ auditEvents(organizationId: %q, first: 100, filter: {%s: %s}) %s }`, own, member, v, events)
		}
	}
	for _, field := range leakOrders() {
		for _, direction := range []string{"ASC", "DESC"} {
			for _, window := range []string{"first: 1", "last: 1", "first: 100", "last: 2", "first: 0"} {
				add("keys ordered by "+field, `{ apiKeys(%s, orderBy: {field: %s, direction: %s}) %s }`, window, field, direction, page)
				add("secrets ordered by "+field, `{ secrets(%s, orderBy: {field: %s, direction: %s}) %s }`, window, field, direction, secrets)
			}
		}
	}
	add("lists", `{ projects(first: 100) { totalCount nodes { id name apiKeys(first: 10) { totalCount nodes { id } } } }
		organizations(first: 100) { totalCount nodes { id name projects(first: 10) { totalCount nodes { id } } } }
		viewer { invitations(first: 100) { totalCount nodes { id targetName target { ... on APIKey { id } } } } sessions(first: 100) { totalCount } accessTokens(first: 100) { totalCount } } }`)
	add("groups", `{ groups(first: 100) { totalCount nodes { id name status viewerCan owner { id } members(first: 10) { totalCount } } } }`)
	add("groups of ada's", `{ groups(organizationId: %q, first: 100) { totalCount nodes { id } } }`, e.ada.Home)
	add("projects of ada's", `{ projects(organizationId: %q, first: 100) { totalCount nodes { id } } }`, e.ada.Home)
	for _, id := range []string{e.spare.ID, e.private.ID, e.ada.ID, e.ada.Home, e.ada.Project, e.benPlace, e.devInvitation, e.deletedKey, "key_new", "prj_new", e.safe, e.team, e.devMember} {
		add("node "+id, `{ node(id: %q) { id __typename } }`, id)
	}
	add("slug", `{ organization(slug: "zanzibar-ltd") { id } }`)
	return out
}

// Non-interference: whatever happens to what somebody cannot see, every question they can ask has the answer that it had.
// eve sees nothing of ada's; cleo sees one key, and neither its project nor its owner nor the others on it.
//
//keyhall:norace
func TestLeakFilters(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		e := newEstate(t, s)
		before := map[string]string{}
		ask := func(found func(who string, p leakProbe, face string)) {
			for _, who := range []string{"eve", "cleo"} {
				for _, p := range leakProbes(e, e.person(who).Home) {
					out := e.person(who).Do(t, p.ask, nil)
					for _, f := range out.Errors {
						if f.Extensions.Code != "NOT_FOUND" {
							t.Fatalf("%s asks for nothing: %s\n%s", p.name, p.ask, out.Body)
						}
					}
					found(who, p, leakFace(out))
				}
			}
		}
		ask(func(who string, p leakProbe, face string) {
			before[who+p.ask] = face
			if who == "eve" && strings.Contains(face, leakWord) {
				t.Errorf("%s asks for %s and reads %s", who, p.name, face)
			}
		})
		e.upheaval(t)
		ask(func(who string, p leakProbe, face string) {
			if was := before[who+p.ask]; was != face {
				t.Errorf("%s asks for %s: hidden rows changed, and the answer went from\n%s\nto\n%s", who, p.name, was, face)
			}
		})
		if len(before) < 150 {
			t.Errorf("only %d questions", len(before))
		}
	})
}

// upheaval changes everything around what cleo sees, and everything of ada's for eve.
func (e *estate) upheaval(t *testing.T) {
	t.Helper()
	do := func(ask string, vars apptest.Vars) { e.ada.Must(t, ask, vars) }
	spare := apptest.Vars{"id": e.spare.ID}
	do(`mutation($id: ID!) { updateAPIKey(input: {id: $id, name: "A Renamed", description: "new text", tags: ["new tag"], expiresAt: "2099-01-01T00:00:00Z"}) { errors { code } } }`, spare)
	do(`mutation($id: ID!) { disableAPIKey(input: {id: $id}) { errors { code } } }`, spare)
	do(`mutation($id: ID!) { deleteAPIKey(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": e.private.ID})
	for i := range 3 {
		e.ada.CreateKey(t, fmt.Sprintf("%s %d", leakWord, i), "", []string{"PROJECT", "PERSONAL"}[i%2])
	}
	fay := e.Actor(t, "fay")
	e.ada.Share(t, e.key.ID, fay, "ADMIN")
	do(`mutation($id: ID!) { removeCollaborator(input: {collaboratorId: $id}) { errors { code } } }`, apptest.Vars{"id": e.benPlace})
	do(`mutation($id: ID!) { revokeInvitation(input: {invitationId: $id}) { errors { code } } }`, apptest.Vars{"id": e.devInvitation})
	e.upheaveSecrets(t, fay)
	e.SQL(t, "UPDATE api_keys SET last_used_at = 5000000, expires_at = 6000000 WHERE id = ?", e.spare.ID)
	e.SQL(t, "INSERT INTO projects (id, created_at, name, environment, organization_id) VALUES ('prj_new', 1, 'Zanzibar Two', 'PRODUCTION', ?)", e.ada.Home)
	e.JoinProject(t, "prj_new", e.ada, "OWNER")
	e.SQL(t, "UPDATE api_keys SET project_id = 'prj_new' WHERE id = ?", e.key.ID)
	e.SQL(t, "UPDATE projects SET name = 'Other', environment = 'STAGING' WHERE id = ?", e.ada.Project)
	e.SQL(t, "UPDATE organizations SET name = 'Other', slug = 'other' WHERE id = ?", e.ada.Home)
	e.SQL(t, "UPDATE users SET name = 'Other', username = 'other' WHERE id = ?", e.ada.ID)
}

// upheaveSecrets changes all that cleo does not see of what they see, and what they do not see at all.
func (e *estate) upheaveSecrets(t *testing.T, fay *apptest.Actor) {
	t.Helper()
	safe, team := apptest.Vars{"id": e.safe}, apptest.Vars{"id": e.team}
	e.ada.Must(t, `mutation($id: ID!) { updateSecret(input: {id: $id, name: "A Renamed", url: "https://renamed.example", notes: "new text", tags: ["new tag"], clientSecret: "new"}) { errors { code } } }`, safe)
	e.ada.Must(t, `mutation($id: ID!) { revealSecret(input: {id: $id, purpose: SHOW}) { revealCount errors { code } } }`, safe)
	e.ada.ShareSecret(t, e.safe, apptest.Vars{"login": fay.Username}, apptest.Vars{"canEdit": true})
	e.ada.Must(t, `mutation($id: ID!) { updateGroup(input: {id: $id, description: "Zanzibar text", membersCanView: true}) { errors { code } } }`, team)
	e.ada.Must(t, `mutation($id: ID!, $login: String!) { addGroupMembers(input: {groupId: $id, members: [{login: $login}]}) { errors { code } } }`,
		apptest.Vars{"id": e.team, "login": fay.Username})
	e.ada.Must(t, `mutation($id: ID!) { removeGroupMember(input: {memberId: $id}) { errors { code } } }`, apptest.Vars{"id": e.devMember})
	for i := range 2 {
		id := e.ada.AddSecret(t, fmt.Sprintf("%s %d", leakWord, i), "new")
		e.ada.ShareSecret(t, id, apptest.Vars{"groupId": e.team}, nil)
	}
}

// What is asked for by an id that is hidden and by one that is not there is one answer, in every filter that takes ids.
//
//keyhall:norace
func TestAFilterTellsNoHiddenIDFromAnAbsentOne(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		e := newEstate(t, s)
		for _, who := range []string{"eve", "cleo", "ben", "dev", "gus"} {
			for member, hidden := range map[string]string{"projectId": e.ada.Project, "organizationId": e.ada.Home} {
				if who == "gus" && member == "organizationId" {
					continue // a member of it
				}
				ask := func(id string) string {
					return leakFace(e.person(who).Do(t, `query($id: ID!) { apiKeys(first: 100, filter: {`+member+`: $id}) { totalCount nodes { id } } }`, apptest.Vars{"id": id}))
				}
				if got, want := ask(hidden), ask("prj_00000000000000000000000000"); got != want {
					t.Errorf("%s filters by the hidden %s and gets\n%s\nby an absent one\n%s", who, member, got, want)
				}
			}
		}
	})
}

// leakCursor is a cursor as the server makes them, opened.
func leakCursor(t *testing.T, opaque string) (plain string, fields map[string]any) {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(opaque)
	if err != nil {
		t.Fatalf("a cursor is no base64: %v", err)
	}
	if err := json.Unmarshal(b, &fields); err != nil {
		t.Fatalf("a cursor is no JSON: %v", err)
	}
	return string(b), fields
}

// A cursor holds the place of a row that its list showed, and nothing else; the cursor of somebody else, or one made up,
// moves through the own rows and tells of no other.
//
//keyhall:norace
func TestCursorsTellOfNoHiddenRow(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		e := newEstate(t, s)
		const ask = `query($after: Cursor, $field: APIKeyOrderField!, $direction: OrderDirection!) {
			apiKeys(first: 10, after: $after, orderBy: {field: $field, direction: $direction}) {
				totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { id } } } }`
		for _, field := range leakOrders() {
			for _, direction := range []string{"ASC", "DESC"} {
				vars := apptest.Vars{"field": field, "direction": direction}
				own := e.eve.Must(t, ask, vars)
				for i := range 3 {
					cursor := own.Text("apiKeys", "edges", i, "cursor")
					plain, fields := leakCursor(t, cursor)
					if fields["i"] != own.At("apiKeys", "edges", i, "node", "id") || strings.Contains(plain, leakWord) || len(fields) != 4 {
						t.Errorf("the cursor of %s holds %s", field, plain)
					}
				}
				for i := range 3 {
					theirs := e.ada.Must(t, ask, vars).Text("apiKeys", "edges", i, "cursor")
					_, fields := leakCursor(t, theirs)
					fields["i"] = "key_00000000000000000000000000" // the same place, of a row that is not there
					b, err := json.Marshal(fields)
					if err != nil {
						t.Fatal(err)
					}
					with := func(cursor string) apptest.Answer {
						return e.eve.Must(t, ask, apptest.Vars{"field": field, "direction": direction, "after": cursor})
					}
					hidden, absent := with(theirs), with(base64.RawURLEncoding.EncodeToString(b))
					if leakFace(hidden) != leakFace(absent) {
						t.Errorf("after a hidden row: %s\nafter one that is not there: %s", hidden.Body, absent.Body)
					}
					for _, edge := range hidden.At("apiKeys", "edges").([]any) {
						id := edge.(map[string]any)["node"].(map[string]any)["id"].(string)
						if !strings.Contains(own.Body, id) {
							t.Errorf("the cursor of somebody else leads to %s", id)
						}
					}
					if hidden.At("apiKeys", "totalCount") != own.At("apiKeys", "totalCount") {
						t.Errorf("the count depends on the cursor: %s", hidden.Body)
					}
				}
			}
		}
	})
}

// A cursor is good for the list that gave it out: of another type, another order or made of something else it is refused.
//
//keyhall:norace
func TestAForeignCursorIsRefused(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		e := newEstate(t, s)
		seal := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
		byName := e.eve.Must(t, `{ apiKeys(first: 1, orderBy: {field: NAME}) { pageInfo { endCursor } } }`, nil).Text("apiKeys", "pageInfo", "endCursor")
		ofProject := e.eve.Must(t, `{ projects(first: 1) { pageInfo { endCursor } } }`, nil).Text("projects", "pageInfo", "endCursor")
		for name, cursor := range map[string]string{
			"another order":       byName,
			"another type":        ofProject,
			"another column":      seal(`{"t":"APIKey","c":"owner_id","v":"` + e.ada.ID + `","i":"key_1"}`),
			"a column of another": seal(`{"t":"APIKey","c":"created_at) OR (1=1","v":1,"i":"key_1"}`),
			"a value of another":  seal(`{"t":"APIKey","c":"created_at","v":"1 OR 1=1","i":"key_1"}`),
			"no id":               seal(`{"t":"APIKey","c":"created_at","v":1,"i":""}`),
			"an object":           seal(`{"t":"APIKey","c":"created_at","v":{"a":1},"i":"key_1"}`),
			"nothing":             "",
			"no JSON":             seal("zanzibar"),
			"no base64":           "***",
		} {
			out := e.eve.Do(t, `query($after: Cursor) { apiKeys(first: 1, after: $after) { nodes { id } } }`, apptest.Vars{"after": cursor})
			if out.Code() != "BAD_USER_INPUT" || len(out.Errors) != 1 || cursor != "" && strings.Contains(out.Body, cursor) {
				t.Errorf("%s: %s", name, out.Body)
			}
		}
	})
}
