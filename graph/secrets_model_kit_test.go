package graph_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keyhall/keyhall/internal/apptest"
)

// deedWorld does through GraphQL what deedModel does in memory, and compares the two after each deed.
type deedWorld struct {
	s        *apptest.Server
	people   []*apptest.Actor // the first owns the organization, the last is never in it
	m        *deedModel
	t        testing.TB
	rt       *rapid.T
	failed   bool
	deeds    int
	compared int
}

// within lets a failure of the kit end the sequence, and not the test, so that rapid can tell how to repeat it.
type within struct {
	testing.TB
	w *deedWorld
}

func (in within) Fatalf(format string, args ...any) {
	in.w.failed = true
	in.w.rt.Fatalf(format, args...)
}
func (in within) Fatal(args ...any) { in.Fatalf("%s", fmt.Sprint(args...)) }
func (in within) Errorf(format string, args ...any) {
	in.w.failed = true
	in.w.rt.Errorf(format, args...)
}

func newDeedWorld(t *testing.T, s *apptest.Server) *deedWorld {
	w := &deedWorld{s: s}
	for i := range 5 {
		w.people = append(w.people, s.Actor(t, fmt.Sprintf("person%c", 'a'+i)))
	}
	return w
}

// run does random sequences, and goes on until they were long enough to prove something; rapid says with which seed one of
// them failed. It has no smaller number of its own than 100.
func (w *deedWorld) run(t *testing.T, sequences int, long time.Duration, sequence func(*testing.T, *rapid.T)) {
	end, done := time.Now().Add(long), 0
	enough := func() bool { return done >= sequences && w.deeds >= 5*sequences && !time.Now().Before(end) }
	for !t.Failed() && !enough() {
		rapid.Check(t, func(rt *rapid.T) {
			if !w.failed && enough() {
				return
			}
			done++
			sequence(t, rt)
		})
	}
	t.Logf("%d sequences, %d deeds, %d answers compared", done, w.deeds, w.compared)
}

func (w *deedWorld) sequence(t *testing.T, rt *rapid.T) {
	w.t, w.rt = within{t, w}, rt
	for _, table := range []string{"secret_grants", "sealed_versions", "secret_versions", "secrets", "group_members", `"groups"`} {
		w.s.SQL(w.t, "DELETE FROM "+table)
	}
	w.s.SQL(w.t, "DELETE FROM organization_members WHERE organization_id = ? AND user_id <> ?", w.people[0].Home, w.people[0].ID)
	w.m = &deedModel{inside: map[int]bool{0: true}}
	for _, reader := range []int{1, 2} {
		w.join(reader)
	}
	for i, owner := range []int{0, 0, 1} {
		w.m.secrets = append(w.m.secrets, &modelSecret{id: w.addSecret(owner, i), owner: owner, grants: map[modelGrantee]modelGrant{}})
	}
	for _, owner := range []int{0, 2} {
		out := w.do(owner, `mutation($org: ID!) { createGroup(input: {organizationId: $org, name: "Team"}) { group { id } errors { code } } }`, apptest.Vars{"org": w.people[0].Home})
		w.m.groups = append(w.m.groups, &modelGroup{id: out.Text("createGroup", "group", "id"), owner: owner, members: map[int]int{}})
	}
	act := func(f func()) func(*rapid.T) { return func(*rapid.T) { f(); w.deeds++ } }
	rt.Repeat(map[string]func(*rapid.T){
		"share": act(w.share), "share again": act(w.share), "unshare": act(w.unshare), "leave the secret": act(w.leaveSecret),
		"disable": act(w.disable), "enable": act(w.enable), "end the secret": act(w.expire),
		"add to the group": act(w.addMember), "add another": act(w.addMember), "remove from the group": act(w.removeMember), "leave the group": act(w.leaveGroup),
		"switch the group": act(w.switchGroup), "an hour passes": act(w.pass),
		"leave the organization": act(w.leave), "come back": act(w.comeBack),
		"": func(*rapid.T) { w.compare() },
	})
}

func (w *deedWorld) do(person int, ask string, vars apptest.Vars) apptest.Answer {
	return w.people[person].Must(w.t, ask, vars)
}

func (w *deedWorld) join(person int) {
	w.s.JoinOrganization(w.t, w.people[0].Home, w.people[person], "READER")
	w.m.inside[person] = true
}

// leave: with the membership go the grants and the places in groups, also those that were over.
func (w *deedWorld) leave() {
	person := one(w.rt, "reader", w.who(func(p int) bool { return p > 0 && w.m.inside[p] }))
	w.do(person, `mutation($id: ID!) { leaveOrganization(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": w.people[0].Home})
	delete(w.m.inside, person)
	for _, s := range w.m.secrets {
		delete(s.grants, modelGrantee{person, -1})
	}
	for _, g := range w.m.groups {
		delete(g.members, person)
	}
}

func (w *deedWorld) comeBack() {
	w.join(one(w.rt, "leaver", w.who(func(p int) bool { return (p == 1 || p == 2) && !w.m.inside[p] })))
}

// here skips what an owner does who left.
func (w *deedWorld) here(owner int) int {
	if !w.m.inside[owner] {
		w.rt.Skip("the owner left")
	}
	return owner
}

func (w *deedWorld) addSecret(owner, n int) string {
	out := w.do(owner, `mutation($org: ID!, $name: String!) { createSecret(input: {organizationId: $org, name: $name, url: "https://x.example", clientId: "c", clientSecret: $name}) {
		secret { id } errors { code } } }`, apptest.Vars{"org": w.people[0].Home, "name": fmt.Sprintf("value-%d", n)})
	return out.Text("createSecret", "secret", "id")
}

// one of these is drawn; where there is none the deed is not possible now.
func one[T any](rt *rapid.T, what string, of []T) T {
	if len(of) == 0 {
		rt.Skip("no " + what)
	}
	return of[rapid.IntRange(0, len(of)-1).Draw(rt, what)]
}

func (w *deedWorld) aSecret() *modelSecret { return one(w.rt, "secret", w.m.secrets) }

// until is when something ends: never, or in the middle of a later hour.
func (w *deedWorld) until() (hour int, at any) {
	n := rapid.IntRange(0, 3).Draw(w.rt, "ends in")
	if n == 0 {
		return 0, nil
	}
	return w.m.hour + n, time.Now().Add(time.Duration(n)*time.Hour - 30*time.Minute).UTC().Format(time.RFC3339)
}

// pass: everything that ends comes an hour nearer to its end.
func (w *deedWorld) pass() {
	w.m.hour++
	for _, table := range []string{"secret_grants", "group_members", "secrets"} {
		w.s.SQL(w.t, "UPDATE "+table+" SET expires_at = expires_at - ? WHERE expires_at > 0", time.Hour.Microseconds())
	}
}

func (w *deedWorld) share() {
	s := w.aSecret()
	to := []modelGrantee{}
	for p := range w.people {
		if p != s.owner {
			to = append(to, modelGrantee{p, -1})
		}
	}
	for i, g := range w.m.groups {
		if !g.off && w.peopled(g) {
			to = append(to, modelGrantee{-1, i}, modelGrantee{-1, i})
		}
	}
	who, edit := one(w.rt, "grantee", to), rapid.Bool().Draw(w.rt, "can edit")
	until, at := w.until()
	ref := apptest.Vars{}
	if who.person >= 0 {
		ref["login"] = w.people[who.person].Username
	} else {
		ref["groupId"] = w.m.groups[who.group].id
	}
	w.do(w.here(s.owner), `mutation($id: ID!, $grant: GrantInput!) { shareSecrets(input: {secretIds: [$id], grants: [$grant]}) { errors { code message } } }`,
		apptest.Vars{"id": s.id, "grant": apptest.Vars{"grantee": ref, "canEdit": edit, "expiresAt": at}})
	s.grants[who] = modelGrant{edit, until}
}

func (w *deedWorld) peopled(g *modelGroup) bool {
	for _, until := range g.members {
		if w.m.live(until) {
			return true
		}
	}
	return false
}

func (w *deedWorld) unshare() {
	s := w.aSecret()
	who := one(w.rt, "grant", sortedGrantees(s))
	column, id := "user_id", ""
	if who.person >= 0 {
		id = w.people[who.person].ID
	} else {
		column, id = "group_id", w.m.groups[who.group].id
	}
	var grant string
	w.s.Row(w.t, "SELECT id FROM secret_grants WHERE secret_id = ? AND "+column+" = ?", []any{s.id, id}, &grant)
	w.do(w.here(s.owner), `mutation($id: ID!, $grant: ID!) { unshareSecret(input: {secretId: $id, grantIds: [$grant]}) { errors { code } } }`, apptest.Vars{"id": s.id, "grant": grant})
	delete(s.grants, who)
}

func sortedGrantees(s *modelSecret) []modelGrantee {
	return slices.SortedFunc(maps.Keys(s.grants), func(a, b modelGrantee) int { return (a.person-b.person)*100 + a.group - b.group })
}

// who are the people of whom something is true.
func (w *deedWorld) who(is func(person int) bool) (out []int) {
	for p := range w.people {
		if is(p) {
			out = append(out, p)
		}
	}
	return out
}

func (w *deedWorld) may(s *modelSecret, permission string) int {
	return one(w.rt, "who can "+permission, w.who(func(p int) bool { return slices.Contains(w.m.can(p, s), permission) }))
}

func (w *deedWorld) leaveSecret() {
	s := w.aSecret()
	person := w.may(s, "secret.leave")
	w.do(person, `mutation($id: ID!) { leaveSecret(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": s.id})
	delete(s.grants, modelGrantee{person, -1})
}

func (w *deedWorld) disable() {
	s := w.aSecret()
	person := w.may(s, "secret.disable")
	w.do(person, `mutation($id: ID!) { disableSecrets(input: {ids: [$id]}) { errors { code } } }`, apptest.Vars{"id": s.id})
	if owner, _, _ := w.m.paths(person, s); owner || !s.off {
		s.off, s.disabledBy = true, person
	}
}

func (w *deedWorld) enable() {
	s := w.aSecret()
	person := w.may(s, "secret.enable")
	w.do(person, `mutation($id: ID!) { enableSecrets(input: {ids: [$id]}) { errors { code } } }`, apptest.Vars{"id": s.id})
	s.off = false
}

func (w *deedWorld) expire() {
	s := w.aSecret()
	person := w.may(s, "secret.edit")
	until, at := w.until()
	w.do(person, `mutation($id: ID!, $at: Time) { updateSecret(input: {id: $id, expiresAt: $at}) { errors { code } } }`, apptest.Vars{"id": s.id, "at": at})
	s.until = until
}

func (w *deedWorld) addMember() {
	g := one(w.rt, "group", w.m.groups)
	person := one(w.rt, "person", w.who(func(p int) bool { until, in := g.members[p]; return !in || !w.m.live(until) }))
	until, at := w.until()
	w.do(w.here(g.owner), `mutation($id: ID!, $login: String!, $at: Time) { addGroupMembers(input: {groupId: $id, members: [{login: $login, expiresAt: $at}]}) { errors { code message } } }`,
		apptest.Vars{"id": g.id, "login": w.people[person].Username, "at": at})
	g.members[person] = until
}

func (w *deedWorld) removeMember() {
	g := one(w.rt, "group", w.m.groups)
	person := one(w.rt, "member", w.who(func(p int) bool { _, in := g.members[p]; return in }))
	var id string
	w.s.Row(w.t, "SELECT id FROM group_members WHERE group_id = ? AND user_id = ?", []any{g.id, w.people[person].ID}, &id)
	w.do(w.here(g.owner), `mutation($id: ID!) { removeGroupMember(input: {memberId: $id}) { errors { code } } }`, apptest.Vars{"id": id})
	delete(g.members, person)
}

func (w *deedWorld) leaveGroup() {
	g := one(w.rt, "group", w.m.groups)
	person := one(w.rt, "member", w.who(func(p int) bool { until, in := g.members[p]; return in && w.m.live(until) }))
	w.do(person, `mutation($id: ID!) { leaveGroup(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": g.id})
	delete(g.members, person)
}

func (w *deedWorld) switchGroup() {
	g := one(w.rt, "group", w.m.groups)
	status := map[bool]string{true: "ENABLED", false: "DISABLED"}[g.off]
	w.do(w.here(g.owner), `mutation($id: ID!, $status: GroupStatus!) { updateGroup(input: {id: $id, status: $status}) { errors { code } } }`, apptest.Vars{"id": g.id, "status": status})
	g.off = !g.off
}

// compare: everybody's list, with what they may do with each, and one reveal.
func (w *deedWorld) compare() {
	for p := range w.people {
		want := map[string]string{}
		for _, s := range w.m.secrets {
			if can := w.m.can(p, s); slices.Contains(can, "secret.view") {
				want[s.id] = fmt.Sprint(w.m.shared(s), can)
			}
		}
		out := w.do(p, `query { secrets(first: 100) { totalCount nodes { id shared viewerCan } } }`, nil)
		got := map[string]string{}
		rows, _ := out.At("secrets", "nodes").([]any)
		for i := range rows {
			can := []string{}
			for _, v := range out.At("secrets", "nodes", i, "viewerCan").([]any) {
				if v != "secret.share_outside" { // what an administrator allows
					can = append(can, v.(string))
				}
			}
			slices.Sort(can)
			got[out.Text("secrets", "nodes", i, "id")] = fmt.Sprint(out.At("secrets", "nodes", i, "shared"), can)
			w.compared++
		}
		if !maps.Equal(got, want) || out.At("secrets", "totalCount") != float64(len(want)) {
			w.t.Fatalf("person %d sees %v of %v, the model says %v", p, got, out.At("secrets", "totalCount"), want)
		}
	}
	person, n := rapid.IntRange(0, len(w.people)-1).Draw(w.rt, "reveals"), rapid.IntRange(0, len(w.m.secrets)-1).Draw(w.rt, "which")
	can, wantValue, wantCode := w.m.can(person, w.m.secrets[n]), "", "NOT_FOUND"
	switch {
	case slices.Contains(can, "secret.reveal"):
		wantValue, wantCode = fmt.Sprintf("value-%d", n), ""
	case slices.Contains(can, "secret.view"):
		wantCode = "FORBIDDEN"
	}
	if value, code := w.people[person].Reveal(w.t, w.m.secrets[n].id); value != wantValue || code != wantCode {
		w.t.Fatalf("person %d reveals of secret %d %q %q, the model says %q %q", person, n, value, code, wantValue, wantCode)
	}
	w.compared++
}
