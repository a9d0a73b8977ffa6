package graph_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

// Every cell of the matrix once more, as questions: explain about oneself is viewerCan, which is what the deed then does (the
// matrix test asks that of the same cells); explain about another person and whoCan are the same cells the other way round.
//
//keyhall:norace
func TestQuestionsAnswerWhatTheMatrixPromises(t *testing.T) {
	t.Parallel()
	m := readMatrix(t)
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		c := newCast(t, s, m.people)
		for _, state := range m.states {
			t.Run(state.name, func(t *testing.T) {
				t.Parallel()
				g := c.stage(t, state)
				p := g.prop(t)
				g.begin(t, []*prop{p})
				for _, person := range m.people {
					if g.cells["view"][person] != cellNobody {
						g.asksAboutThemself(t, person, p)
					}
				}
				if i := slices.IndexFunc(m.people, func(person string) bool { return g.cells["view_sharing"][person].held() }); i >= 0 {
					g.asksAboutOthers(t, m.people[i], p, m.people, state.rowsOfItsOwn(m.states[0]))
				}
			})
		}
	})
}

// rowsOfItsOwn are the permissions whose row is not the first state's. In that one each is asked about everybody one by one, in
// the others those that differ: whoCan lists everybody for every permission in all of them, and it is the requests that cost.
func (s *keyState) rowsOfItsOwn(first *keyState) (own []string) {
	for _, permission := range slices.Sorted(maps.Keys(s.cells)) {
		if s == first || !maps.Equal(s.cells[permission], first.cells[permission]) {
			own = append(own, permission)
		}
	}
	return own
}

// ask asks the same about permissions of keys, five at a time, and puts the answers together.
func (g *stage) ask(t *testing.T, person, question string, permissions []string, vars apptest.Vars) apptest.Answer {
	t.Helper()
	all := apptest.Answer{Data: map[string]any{}}
	declared := "$id: ID!"
	if strings.Contains(question, "$who") {
		declared += ", $who: ID!"
	}
	for some := range slices.Chunk(permissions, 5) {
		var fields strings.Builder
		for _, p := range some {
			fmt.Fprintf(&fields, "%s: %s\n", p, strings.ReplaceAll(question, "PERMISSION", `"`+noun+p+`"`))
		}
		out := g.actor(person).Do(t, "query("+declared+") { "+fields.String()+" }", vars)
		maps.Copy(all.Data, out.Data)
		all.Errors, all.Body = append(all.Errors, out.Errors...), all.Body+out.Body
	}
	return all
}

func (g *stage) permissions() []string { return slices.Sorted(maps.Keys(g.cells)) }

func (g *stage) asksAboutThemself(t *testing.T, person string, p *prop) {
	t.Helper()
	out := g.ask(t, person, `explain(permission: PERMISSION, resourceId: $id) { allow permission reasons policyRevision }`, g.permissions(), apptest.Vars{"id": p.ID})
	if g.cells["view"][person] != cellDone {
		for _, e := range out.Errors {
			if e.Extensions.Code != g.cells["view"][person].code() {
				t.Errorf("%s: %s asks about what is hidden: %s", g.name, person, out.Body)
			}
		}
		if len(out.Data) > 0 || len(out.Errors) == 0 {
			t.Errorf("%s: %s asks about what is hidden: %s", g.name, person, out.Body)
		}
		return
	}
	can, _ := g.actor(person).Must(t, `query($id: ID!) { apiKey(id: $id) { viewerCan } }`, apptest.Vars{"id": p.ID}).At("apiKey", "viewerCan").([]any)
	for _, permission := range g.permissions() {
		want := g.cells[permission][person].held()
		if out.At(permission, "allow") != want || slices.Contains(can, any(noun+permission)) != want || out.Text(permission, "permission") != noun+permission {
			t.Errorf("%s: %s of %s: want %v, explained as %v, viewerCan is %v", g.name, permission, person, want, out.At(permission), can)
		}
	}
}

func (g *stage) asksAboutOthers(t *testing.T, person string, p *prop, people, own []string) {
	t.Helper()
	listed := g.ask(t, person, `whoCan(permission: PERMISSION, resourceId: $id, first: 100) {
		totalCount nodes { principal { ... on User { id } } permissions paths expiresAt resource { id } } }`, g.permissions(), apptest.Vars{"id": p.ID})
	if listed.Code() != "" {
		t.Errorf("%s: %s asks who can: %s", g.name, person, listed.Body)
	}
	for _, permission := range g.permissions() {
		g.listsExactly(t, person, permission, people, listed)
	}
	for _, other := range people {
		if other == "anon" {
			continue
		}
		out := g.ask(t, person, `explain(permission: PERMISSION, resourceId: $id, subjectId: $who) { allow }`, own, apptest.Vars{"id": p.ID, "who": g.actor(other).ID})
		for _, permission := range own {
			if got := out.At(permission, "allow"); got != true && g.cells[permission][other].held() || got == true && !g.cells[permission][other].held() {
				t.Errorf("%s: %s asks about %s of %s and hears %v: %s", g.name, person, permission, other, got, out.Code())
			}
		}
		if g.cells["view"][other] == cellDone && out.Code() != "" {
			t.Errorf("%s: %s asks about %s, who sees the key too: %s", g.name, person, other, out.Body)
		}
	}
}

// listsExactly compares whoCan with a row of the matrix; the other contributor is in none of its columns, and on every key.
func (g *stage) listsExactly(t *testing.T, person, permission string, people []string, out apptest.Answer) {
	t.Helper()
	var want, got []string
	for _, other := range people {
		if g.cells[permission][other].held() {
			want = append(want, g.actor(other).ID)
		}
	}
	if !g.personal() && g.cells[permission]["contr"].held() {
		want = append(want, g.mate.ID)
	}
	nodes, _ := out.At(permission, "nodes").([]any)
	for i := range nodes {
		got = append(got, out.Text(permission, "nodes", i, "principal", "id"))
		if paths, _ := out.At(permission, "nodes", i, "paths").([]any); len(paths) == 0 {
			t.Errorf("%s: whoever may %s has no path: %v", g.name, permission, nodes[i])
		}
	}
	if !slices.IsSorted(got) || out.At(permission, "totalCount") != float64(len(want)) {
		t.Errorf("%s: who can %s is %v, counted %v", g.name, permission, got, out.At(permission, "totalCount"))
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s: %s asks who can %s: %v, want %v", g.name, person, permission, got, want)
	}
}

const (
	explainSelf  = `query($id: ID!, $p: Permission!) { explain(permission: $p, resourceId: $id) { allow reasons } }`
	explainOther = `query($id: ID!, $p: Permission!, $who: ID!) { explain(permission: $p, resourceId: $id, subjectId: $who) { allow reasons } }`
	explainTrace = `query($id: ID!, $p: Permission!) { explain(permission: $p, resourceId: $id) { allow trace } }`
	whoCan       = `query($id: ID!, $p: Permission!) { whoCan(permission: $p, resourceId: $id, first: 100) {
		totalCount nodes { principal { ... on User { id username name email } } permissions paths } } }`
)

// Design, section 3, "No side door": who may not see the sharing of a thing learns nothing of it by asking who can, why
// somebody else can, or how a rule came to its answer.
//
//keyhall:norace
func TestQuestionsAreNoSideDoor(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		e := newEstate(t, s)
		denials := s.Count(t, "audit_events WHERE outcome = 'DENIED'")
		key := apptest.Vars{"id": e.key.ID, "p": "api_key.view", "who": e.ben.ID}
		for _, who := range []string{"cleo", "hal", "ida"} { // contributor, project member, owner of the organization
			a := e.person(who)
			if out := a.Must(t, explainSelf, apptest.Vars{"id": e.key.ID, "p": "api_key.view"}); out.At("explain", "allow") != true {
				t.Errorf("%s sees the key: %s", who, out.Body)
			}
			if out := a.Must(t, explainOther, apptest.Vars{"id": e.key.ID, "p": "api_key.view", "who": a.ID}); out.At("explain", "allow") != true {
				t.Errorf("%s asks about themself by their id: %s", who, out.Body)
			}
			for name, subject := range map[string]string{"somebody": e.ben.ID, "the owner": e.ada.ID, "a stranger": e.eve.ID, "nobody": "usr_0", "nothing": ""} {
				key["who"] = subject
				if out := a.Do(t, explainOther, key); out.Code() != "FORBIDDEN" || out.Errors[0].Extensions.Permission != "api_key.view_sharing" || out.Data != nil {
					t.Errorf("%s asks about %s: %s", who, name, out.Body)
				}
			}
			out := a.Do(t, explainTrace, apptest.Vars{"id": e.key.ID, "p": "api_key.rename"})
			if out.Code() != "FORBIDDEN" || out.At("explain", "trace") != nil || out.At("explain", "allow") != false || fmt.Sprint(out.Errors[0].Path) != "[explain trace]" {
				t.Errorf("%s traces: %s", who, out.Body)
			}
			if out := a.Do(t, whoCan, apptest.Vars{"id": e.key.ID, "p": "api_key.view"}); out.Code() != "FORBIDDEN" || out.At("whoCan") != nil {
				t.Errorf("%s asks who can: %s", who, out.Body)
			}
		}
		e.ada.Must(t, `mutation($id: ID!) { removeCollaborator(input: {collaboratorId: $id}) { errors { code } } }`, apptest.Vars{"id": e.benPlace})
		narrow := narrowed(t, e.ada, "api_key.rename")
		for name, a := range map[string]*apptest.Actor{"a stranger": e.eve, "who was removed": e.ben, "nobody": s.Anonymous(), "a token that leaves the key out": narrow, "who is invited": e.dev} {
			e.hiddenAlike(t, name, a)
		}
		if n := s.Count(t, "audit_events WHERE outcome = 'DENIED'"); n != denials {
			t.Errorf("questions left %d denials", n-denials)
		}
	})
}

// hiddenAlike: hidden, absent and malformed are one, whatever the permission, byte for byte.
func (e *estate) hiddenAlike(t *testing.T, name string, a *apptest.Actor) {
	t.Helper()
	for _, ask := range []string{explainSelf, explainOther, explainTrace, whoCan} {
		face := func(id, permission string) string {
			vars := apptest.Vars{"id": id, "p": permission}
			if ask == explainOther {
				vars["who"] = e.cleo.ID
			}
			return leakFace(a.Do(t, ask, vars))
		}
		want := face("key_00000000000000000000000000", "api_key.view")
		if !strings.Contains(want, `"NOT_FOUND"`) && !strings.Contains(want, `"UNAUTHENTICATED"`) {
			t.Errorf("%s asks about nothing: %s", name, want)
		}
		for _, id := range []string{e.key.ID, e.spare.ID, e.private.ID, e.deletedKey, "nonsense", "key_"} {
			for _, permission := range []string{"api_key.view", "api_key.rename", "project.view", "api_key.fly", ""} {
				if got := face(id, permission); got != want {
					t.Errorf("%s asks about %s of %s:\n%s\nof nothing\n%s", name, permission, id, got, want)
				}
			}
		}
	}
}

// Of a thing that one sees, a permission that does not exist or is about other things is bad input.
//
//keyhall:norace
func TestAQuestionAboutNoPermissionIsBadInput(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		key := ada.CreateKey(t, "Payments", "", "PROJECT").ID
		for _, ask := range []string{explainSelf, whoCan} {
			for _, permission := range []string{"api_key.fly", "project.view", "view", "", "data.keyhall.api_key.view"} {
				if out := ada.Do(t, ask, apptest.Vars{"id": key, "p": permission}); out.Code() != "BAD_USER_INPUT" {
					t.Errorf("%q of a key: %s", permission, out.Body)
				}
			}
		}
	})
}

// A person whom the asker does not see, and who has nothing to do with the thing, is for them as if there was no account.
//
//keyhall:norace
func TestAQuestionConfirmsNoAccount(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		e := newEstate(t, s)
		about := func(id string) string {
			return leakFace(e.ben.Do(t, explainOther, apptest.Vars{"id": e.key.ID, "p": "api_key.view", "who": id}))
		}
		want := about("usr_00000000000000000000000000")
		gone := s.Actor(t, "gone")
		s.Administrator(t).Must(t, `mutation($id: ID!) { setUserStatus(input: {userId: $id, suspended: true}) { errors { code } } }`, apptest.Vars{"id": gone.ID})
		for _, id := range []string{e.eve.ID, e.gus.ID, e.dev.ID, gone.ID, e.key.ID, "nonsense", ""} {
			if got := about(id); got != want || !strings.Contains(got, `"NOT_FOUND"`) {
				t.Errorf("asked about %s:\n%s\nabout nobody\n%s", id, got, want)
			}
		}
		if got := about(e.ida.ID); !strings.Contains(got, `"allow":true`) { // she reaches the key, and ben sees its sharing
			t.Errorf("asked about who reaches the key: %s", got)
		}
	})
}

// B13 for keys: who may see the sharing sees by which roles everybody has access; people whom they do not see otherwise with
// their name and without an address, and no name of a project or an organization that they do not see.
//
//keyhall:norace
func TestWhoCanNamesTheWaysIn(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		e := newEstate(t, s)
		s.JoinProject(t, e.ada.Project, e.ida, "OWNER")
		view := apptest.Vars{"id": e.key.ID, "p": "api_key.view"}
		want := func(project, organization string, addresses bool) []string {
			row := func(a *apptest.Actor, shown bool, paths ...string) string {
				email := any(nil)
				if shown {
					email = a.Email
				}
				slices.Sort(paths)
				return fmt.Sprint(a.Username, email, paths)
			}
			return []string{
				row(e.ada, true, "owner of "+organization, "owner of the key", "owner of "+project), row(e.ben, true, "admin on the key"), row(e.cleo, true, "contributor on the key"),
				row(e.hal, addresses, "member of "+project), row(e.ida, addresses, "owner of "+organization, "owner of "+project),
			}
		}
		look := func(a *apptest.Actor) (out []string) {
			answer := a.Must(t, whoCan, view)
			for i := range int(answer.At("whoCan", "totalCount").(float64)) {
				u, _ := answer.At("whoCan", "nodes", i, "principal").(map[string]any)
				paths, _ := answer.At("whoCan", "nodes", i, "paths").([]any)
				slices.SortFunc(paths, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
				out = append(out, fmt.Sprint(u["username"], u["email"], paths))
				if u["name"] == "" || fmt.Sprint(answer.At("whoCan", "nodes", i, "permissions")) != "[api_key.view]" {
					t.Errorf("row %d: %v", i, answer.At("whoCan", "nodes", i))
				}
			}
			return out
		}
		if got, want := look(e.ada), want("project Zanzibar Works", "organization Zanzibar Ltd", true); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("the owner sees\n%v\nwant\n%v", got, want)
		}
		if got, want := look(e.ben), want("its project", "its organization", false); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("an admin from elsewhere sees\n%v\nwant\n%v", got, want)
		}
		if code := e.ben.Do(t, `query($id: ID!) { node(id: $id) { id } }`, apptest.Vars{"id": e.ida.ID}).Code(); code != "NOT_FOUND" {
			t.Errorf("who is named beside a key is %q elsewhere", code)
		}
		for id, path := range map[string]string{e.ada.Project: "owner of project Zanzibar Works", e.ada.Home: "owner of organization Zanzibar Ltd"} {
			p := map[bool]string{true: "project.edit", false: "organization.edit"}[id == e.ada.Project]
			out := e.gus.Do(t, whoCan, apptest.Vars{"id": id, "p": p})
			if id == e.ada.Project { // gus reads in the organization, and is in none of its projects
				if out.Code() != "NOT_FOUND" {
					t.Errorf("a reader asks about a project: %s", out.Body)
				}
				out = e.hal.Do(t, whoCan, apptest.Vars{"id": id, "p": p})
			}
			if out.Code() != "" || !strings.Contains(out.Body, path) || out.At("whoCan", "totalCount") != 2.0 {
				t.Errorf("who can edit: %s", out.Body)
			}
		}
	})
}

// A path is a role that gives the permission by itself under the conditions of now: who disabled a key as an admin is not
// let in by a role that could not enable it.
//
//keyhall:norace
func TestAPathIsARoleThatHoldsNow(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		e := newEstate(t, s)
		s.JoinProject(t, e.ada.Project, e.ida, "OWNER")
		enable := apptest.Vars{"id": e.key.ID, "p": "api_key.enable"}
		paths := func() string {
			out := e.ada.Must(t, `query($id: ID!, $p: Permission!) { whoCan(permission: $p, resourceId: $id) { nodes { paths } } }`, enable)
			return fmt.Sprint(out.At("whoCan", "nodes"))
		}
		if got := paths(); got != "[map[paths:[owner of the key owner of project Zanzibar Works]] map[paths:[admin on the key]] map[paths:[owner of project Zanzibar Works]]]" {
			t.Errorf("an enabled key: %s", got)
		}
		e.ada.Must(t, `mutation($id: ID!) { disableAPIKey(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": e.key.ID})
		if got := paths(); got != "[map[paths:[owner of the key]]]" {
			t.Errorf("disabled by its owner: %s", got)
		}
		e.ada.Must(t, `mutation($id: ID!) { enableAPIKey(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": e.key.ID})
		s.SQL(t, "DELETE FROM project_members WHERE user_id = ?", e.ida.ID)
		e.ida.Must(t, `mutation($id: ID!) { disableAPIKey(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": e.key.ID})
		if got := paths(); got != "[map[paths:[owner of the key]] map[paths:[owner of organization Zanzibar Ltd]]]" {
			t.Errorf("disabled for its organization: %s", got)
		}
	})
}

// whoCan is a connection as any other: both ways, in one order, from cursor to cursor.
//
//keyhall:norace
func TestWhoCanIsPaged(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		e := newEstate(t, s)
		const ask = `query($id: ID!, $first: Int, $after: Cursor, $last: Int, $before: Cursor) { whoCan(permission: "api_key.view", resourceId: $id, first: $first, after: $after, last: $last, before: $before) {
			edges { cursor node { principal { ... on User { id } } } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`
		walk := func(size, from string, cursor string) (out []string) {
			vars := apptest.Vars{"id": e.key.ID, size: 2}
			for range 5 {
				answer := e.ada.Must(t, ask, vars)
				edges, _ := answer.At("whoCan", "edges").([]any)
				var page []string
				for i := range edges {
					page = append(page, answer.Text("whoCan", "edges", i, "node", "principal", "id"))
				}
				if size == "last" {
					out = append(page, out...)
				} else {
					out = append(out, page...)
				}
				more := map[string]string{"first": "hasNextPage", "last": "hasPreviousPage"}[size]
				if answer.At("whoCan", "pageInfo", more) != true {
					return out
				}
				vars[from] = answer.Text("whoCan", "pageInfo", cursor)
			}
			t.Fatal("the pages do not end")
			return nil
		}
		want := []string{e.ada.ID, e.ben.ID, e.cleo.ID, e.hal.ID, e.ida.ID}
		slices.Sort(want)
		if got := walk("first", "after", "endCursor"); !slices.Equal(got, want) {
			t.Errorf("forwards %v, want %v", got, want)
		}
		if got := walk("last", "before", "startCursor"); !slices.Equal(got, want) {
			t.Errorf("backwards %v, want %v", got, want)
		}
		foreign := e.ada.Must(t, `{ apiKeys(first: 1) { pageInfo { endCursor } } }`, nil).Text("apiKeys", "pageInfo", "endCursor")
		for _, vars := range []apptest.Vars{{"first": 101}, {"first": -1}, {"first": 1, "last": 1}, {"after": foreign}, {"after": "x"}} {
			vars["id"] = e.key.ID
			if out := e.ada.Do(t, ask, vars); out.Code() != "BAD_USER_INPUT" {
				t.Errorf("%v: %s", vars, out.Body)
			}
		}
	})
}

// A narrowed access token narrows the answer, and what it may ask.
//
//keyhall:norace
func TestANarrowedTokenNarrowsTheAnswer(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		e := newEstate(t, s)
		a := narrowed(t, e.ada, "api_key.view")
		view, rename := apptest.Vars{"id": e.key.ID, "p": "api_key.view"}, apptest.Vars{"id": e.key.ID, "p": "api_key.rename"}
		if out := a.Must(t, explainSelf, view); out.At("explain", "allow") != true {
			t.Errorf("what the token includes: %s", out.Body)
		}
		if out := a.Must(t, explainSelf, rename); out.At("explain", "allow") != false || !strings.Contains(out.Body, "this access token does not include api_key.rename") {
			t.Errorf("what the token leaves out: %s", out.Body)
		}
		if code := a.Do(t, whoCan, view).Code(); code != "FORBIDDEN" {
			t.Errorf("who can, by a token without view_sharing: %q", code)
		}
		if code := a.Do(t, explainTrace, view).Code(); code != "FORBIDDEN" {
			t.Errorf("a trace, by a token without view_sharing: %q", code)
		}
		wide := narrowed(t, e.ada, "api_key.view", "api_key.view_sharing")
		out := wide.Must(t, explainOther, apptest.Vars{"id": e.key.ID, "p": "api_key.rename", "who": e.ben.ID}) // ben's own rights
		if out.At("explain", "allow") != true {
			t.Errorf("about another person: %s", out.Body)
		}
		who := wide.Must(t, whoCan, view) // she sees the people on the key, and nobody else: that takes user.view
		if who.At("whoCan", "totalCount") != 5.0 || strings.Contains(who.Body, "@") || !strings.Contains(who.Body, "its organization") {
			t.Errorf("who can: %s", who.Body)
		}
	})
}

// The trace is lines of the rules with their place, and holds no value of any row.
//
//keyhall:norace
func TestATraceIsReadAndTellsNoValue(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		e := newEstate(t, s)
		out := e.ada.Must(t, `query($id: ID!, $who: ID!) { explain(permission: "api_key.rename", resourceId: $id, subjectId: $who) { allow reasons trace } }`,
			apptest.Vars{"id": e.key.ID, "who": e.cleo.ID})
		lines, _ := out.At("explain", "trace").([]any)
		text := fmt.Sprint(lines...)
		for _, want := range []string{"try rename (keyhall/api_key/api_key.rego:", "try holds_as_collaborator (keyhall/api_key/holders.rego:", "does not hold: "} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is not in the trace:\n%s", want, text)
			}
		}
		for _, value := range []string{"@", leakWord, e.ada.ID, e.cleo.ID, e.key.ID, e.key.Secret, "__local"} {
			if strings.Contains(text, value) {
				t.Errorf("%q is in the trace:\n%s", value, text)
			}
		}
		if out.At("explain", "allow") != false || !strings.Contains(out.Body, "you are a contributor of this key") {
			t.Errorf("explained as %s", out.Body)
		}
	})
}

// The matrix of design section 3 that the contributor's and the reader's columns say, and every permission of it that is built.
//
//keyhall:norace
func TestRolesAndPermissionsArePublished(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		a := s.Actor(t, "somebody")
		out := a.Must(t, `{ roles { scope name permissions } policy { revision loadedAt lastError permissions { name description filterable } modules { path } } }`, nil)
		roles := map[string]string{}
		for _, r := range out.At("roles").([]any) {
			role, _ := r.(map[string]any)
			roles[fmt.Sprint(role["scope"], " ", role["name"])] = fmt.Sprint(role["permissions"])
		}
		for role, want := range map[string]string{
			"api_key CONTRIBUTOR": "[api_key.leave api_key.reveal_secret api_key.view api_key.view_stats]",
			"secret VIEW":         "[secret.leave secret.reveal secret.view secret.view_sharing]",
			"group MEMBER":        "[group.leave group.view group.view_members]",
			"organization READER": "[organization.create_group organization.create_secret organization.leave organization.search organization.view organization.view_members]",
			"project MEMBER":      "[api_key.view project.create_api_key project.view project.view_limits project.view_members project.view_usage]",
		} {
			if roles[role] != want {
				t.Errorf("%s holds %s, want %s", role, roles[role], want)
			}
		}
		if got := slices.Sorted(maps.Keys(roles)); fmt.Sprint(got) != "[api_key ADMIN api_key CONTRIBUTOR api_key OWNER group MEMBER group OWNER organization OWNER organization READER project MEMBER project OWNER secret EDIT secret OWNER secret VIEW]" {
			t.Errorf("the roles are %q", got)
		}
		known := map[string]bool{}
		for _, p := range out.At("policy", "permissions").([]any) {
			info, _ := p.(map[string]any)
			known[fmt.Sprint(info["name"])] = info["description"] != "" && info["filterable"] == true
		}
		for noun, verbs := range designed() {
			for _, verb := range strings.Fields(verbs) {
				if !known[noun+"."+verb] {
					t.Errorf("%s.%s is not published", noun, verb)
				}
			}
		}
		if out.Text("policy", "revision") != s.App.Engine.Revision().ID() || out.At("policy", "lastError") != nil || len(out.At("policy", "modules").([]any)) != 0 {
			t.Errorf("the policy is %v %v", out.At("policy", "revision"), out.At("policy", "modules"))
		}
	})
}

// designed are the permissions of design section 3 whose things exist.
func designed() map[string]string {
	return map[string]string{
		"api_key": `view view_stats reveal_secret rename view_security edit_security edit_limits rotate disable enable view_sharing invite revoke_invitation
			resend_invitation update_role remove_collaborator delete view_billing move leave`,
		"organization": `view view_members search create_group create_secret leave edit create_project invite update_member remove_member view_limits edit_limits
			view_usage view_billing view_access view_offboarding delete`,
		"audit": "view", "policy": "view publish", "user": "view", "invitation": "view accept decline",
		"project": `view view_members view_usage view_limits create_api_key edit archive add_member update_member remove_member manage_service_accounts manage_verifiers edit_limits`,
		"secret":  "view reveal view_sharing edit disable view_versions enable share share_outside unshare restore_version delete leave",
		"group":   "view view_members edit delete add_member remove_member leave",
		"session": "view revoke", "access_token": "view revoke", "instance": "manage_users view_policy",
	}
}

// The sources are for the administrator and for owners of an organization that is not only their own.
//
//keyhall:norace
func TestTheSourcesOfThePolicyAreForWhoRuns(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		owner, reader, root := s.Actor(t, "owner"), s.Actor(t, "reader"), s.Administrator(t)
		s.SQL(t, "INSERT INTO organizations (id, created_at, name, slug) VALUES ('org_team', 1, 'Team', 'team')")
		s.JoinOrganization(t, "org_team", owner, "OWNER")
		s.JoinOrganization(t, "org_team", reader, "READER")
		for name, c := range map[string]struct {
			who  *apptest.Actor
			read bool
		}{
			"the administrator": {root, true}, "an owner": {owner, true}, "a reader": {reader, false}, "an owner by a token that leaves it out": {narrowed(t, owner, "policy.view"), false},
		} {
			out := c.who.Must(t, `{ policy { revision modules { path source version publishedAt publishedBy { id } } } }`, nil)
			modules, _ := out.At("policy", "modules").([]any)
			if (len(modules) > 0) != c.read || strings.Contains(out.Body, "package keyhall.api_key") != c.read || strings.Contains(out.Body, "_test.rego") {
				t.Errorf("%s reads %d modules", name, len(modules))
			}
		}
	})
}
