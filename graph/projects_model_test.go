package graph_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keyhall/keyhall/internal/apptest"
)

// placeModel is who has which place in the projects of an organization, in memory, as the documents tell it. It knows nothing of
// the policy, of the tables or of a database.
type placeModel struct {
	hour     int
	inside   map[int]string // the role of who is in the organization
	projects []*modelProject
	groups   []*modelGroup
}

type modelProject struct {
	id       string
	archived bool
	places   map[modelGrantee]string // the role
}

func (m *placeModel) live(until int) bool { return until == 0 || until > m.hour }

// can is the union of what the ways give (C4, C10, C16): owner and member of the project, owner of the organization.
func (m *placeModel) can(person int, p *modelProject) []string {
	has := map[string]bool{}
	give := func(verbs ...string) {
		for _, v := range verbs {
			has["project."+v] = true
		}
	}
	see := func() { give("view", "view_members", "view_usage", "view_limits") }
	manage := func() {
		give("edit", "archive", "add_member", "update_member", "remove_member", "manage_service_accounts", "manage_verifiers", "edit_limits")
	}
	role, in := m.inside[person]
	if !in {
		return nil
	}
	if role == "OWNER" {
		see()
		manage()
	}
	for to, place := range p.places {
		if to.group >= 0 {
			until, member := m.groups[to.group].members[person]
			if m.groups[to.group].off || !member || !m.live(until) {
				continue
			}
		} else if to.person != person {
			continue
		}
		see()
		give("create_api_key")
		if place == "OWNER" {
			manage()
		}
	}
	return slices.Sorted(maps.Keys(has))
}

// placeWorld does through GraphQL what placeModel does in memory. The first person owns the organization, the last is never in it.
type placeWorld struct {
	deedWorld
	p *placeModel
}

func newPlaceWorld(t *testing.T, s *apptest.Server) *placeWorld {
	w := &placeWorld{deedWorld: *newDeedWorld(t, s), p: &placeModel{}}
	for _, name := range []string{"Shop", "Lab"} {
		w.p.projects = append(w.p.projects, &modelProject{id: newProject(t, w.people[0], w.people[0].Home, name, "STAGING")})
		w.p.groups = append(w.p.groups, &modelGroup{id: w.people[0].MakeGroup(t, name)})
	}
	return w
}

func (w *placeWorld) home() string { return w.people[0].Home }

func (w *placeWorld) sequence(t *testing.T, rt *rapid.T) {
	w.t, w.rt, w.p.hour = within{t, &w.deedWorld}, rt, 0
	w.s.SQL(w.t, "DELETE FROM group_members")
	w.s.SQL(w.t, `UPDATE "groups" SET status = 'ENABLED'`)
	w.s.SQL(w.t, "DELETE FROM organization_members WHERE organization_id = ? AND user_id <> ?", w.home(), w.people[0].ID)
	for i, p := range w.p.projects {
		w.s.SQL(w.t, "DELETE FROM project_members WHERE project_id = ?", p.id)
		w.s.SQL(w.t, "UPDATE projects SET archived_at = 0 WHERE id = ?", p.id)
		p.archived, p.places = false, map[modelGrantee]string{}
		w.p.groups[i].off, w.p.groups[i].members = false, map[int]int{}
	}
	w.p.inside = map[int]string{0: "OWNER"}
	for _, reader := range []int{1, 2, 3} {
		w.enter(reader)
	}
	act := func(f func()) func(*rapid.T) { return func(*rapid.T) { f(); w.deeds++ } }
	rt.Repeat(map[string]func(*rapid.T){
		"place": act(w.place), "place another": act(w.place), "change the role": act(w.changeRole), "take the place": act(w.takePlace),
		"add to the group": act(w.addToGroup), "add another": act(w.addToGroup), "remove from the group": act(w.dropFromGroup), "switch the group": act(w.switchIt),
		"archive": act(w.archive), "an hour passes": act(w.hourPasses),
		"leave": act(func() { w.depart(false) }), "be removed": act(func() { w.depart(true) }), "come back": act(w.comeBackIn), "change the role there": act(w.promote),
		"": func(*rapid.T) { w.agree() },
	})
}

func (w *placeWorld) enter(person int) {
	w.s.JoinOrganization(w.t, w.home(), w.people[person], "READER")
	w.p.inside[person] = "READER"
}

func (w *placeWorld) comeBackIn() {
	w.enter(one(w.rt, "leaver", w.who(func(p int) bool { return p > 0 && p < 4 && w.p.inside[p] == "" })))
}

// colleague is somebody in the organization, but the one who always owns it.
func (w *placeWorld) colleague() int {
	return one(w.rt, "colleague", w.who(func(p int) bool { return p > 0 && w.p.inside[p] != "" }))
}

func (w *placeWorld) membershipOf(person int) (id string) {
	w.s.Row(w.t, "SELECT id FROM organization_members WHERE organization_id = ? AND user_id = ?", []any{w.home(), w.people[person].ID}, &id)
	return id
}

// depart: with the membership go the places in projects and in groups.
func (w *placeWorld) depart(removed bool) {
	person := w.colleague()
	if removed {
		w.do(0, removeFromOrganize, apptest.Vars{"id": w.membershipOf(person)})
	} else {
		w.do(person, leaveOrganization, apptest.Vars{"id": w.home()})
	}
	delete(w.p.inside, person)
	for i, p := range w.p.projects {
		delete(p.places, modelGrantee{person, -1})
		delete(w.p.groups[i].members, person)
	}
}

func (w *placeWorld) promote() {
	person := w.colleague()
	role := map[string]string{"READER": "OWNER", "OWNER": "READER"}[w.p.inside[person]]
	w.do(0, updateMemberRole, apptest.Vars{"id": w.membershipOf(person), "role": role})
	w.p.inside[person] = role
}

// manager is somebody who may change who has a place: they do it, whoever they are.
func (w *placeWorld) manager(p *modelProject, verb string) int {
	return one(w.rt, "who can "+verb, w.who(func(person int) bool { return slices.Contains(w.p.can(person, p), "project."+verb) }))
}

func (w *placeWorld) place() {
	p := one(w.rt, "project", w.p.projects)
	var to []modelGrantee
	for person := range w.people {
		if who := (modelGrantee{person, -1}); w.p.inside[person] != "" && p.places[who] == "" {
			to = append(to, who)
		}
	}
	for i, g := range w.p.groups {
		peopled := slices.ContainsFunc(slices.Collect(maps.Values(g.members)), w.p.live)
		if who := (modelGrantee{-1, i}); !g.off && peopled && p.places[who] == "" {
			to = append(to, who, who)
		}
	}
	who, role := one(w.rt, "grantee", to), rapid.SampledFrom([]string{"OWNER", "MEMBER"}).Draw(w.rt, "role")
	ref := apptest.Vars{}
	if who.person >= 0 {
		ref["userId"] = w.people[who.person].ID
	} else {
		ref["groupId"] = w.p.groups[who.group].id
	}
	w.do(w.manager(p, "add_member"), addProjectMember, apptest.Vars{"project": p.id, "to": ref, "role": role})
	p.places[who] = role
}

// aPlace is one that somebody, or a group, has in a project.
func (w *placeWorld) aPlace() (p *modelProject, who modelGrantee, id string) {
	p = one(w.rt, "project", w.p.projects)
	who = one(w.rt, "place", slices.SortedFunc(maps.Keys(p.places), func(a, b modelGrantee) int { return (a.person-b.person)*100 + a.group - b.group }))
	column, of := "user_id", ""
	if who.person >= 0 {
		of = w.people[who.person].ID
	} else {
		column, of = "group_id", w.p.groups[who.group].id
	}
	w.s.Row(w.t, "SELECT id FROM project_members WHERE project_id = ? AND "+column+" = ?", []any{p.id, of}, &id)
	return p, who, id
}

func (w *placeWorld) changeRole() {
	p, who, id := w.aPlace()
	role := map[string]string{"OWNER": "MEMBER", "MEMBER": "OWNER"}[p.places[who]]
	w.do(w.manager(p, "update_member"), updateProjectMember, apptest.Vars{"id": id, "role": role})
	p.places[who] = role
}

func (w *placeWorld) takePlace() {
	p, who, id := w.aPlace()
	w.do(w.manager(p, "remove_member"), removeProjectMember, apptest.Vars{"id": id})
	delete(p.places, who)
}

func (w *placeWorld) addToGroup() {
	g := one(w.rt, "group", w.p.groups)
	person := one(w.rt, "person", w.who(func(p int) bool { until, in := g.members[p]; return !in || !w.p.live(until) }))
	hours, at := rapid.IntRange(0, 2).Draw(w.rt, "ends in"), any(nil)
	if hours > 0 {
		at = time.Now().Add(time.Duration(hours)*time.Hour - 30*time.Minute).UTC().Format(time.RFC3339)
		hours += w.p.hour
	}
	w.do(0, `mutation($id: ID!, $login: String!, $at: Time) { addGroupMembers(input: {groupId: $id, members: [{login: $login, expiresAt: $at}]}) { errors { code message } } }`,
		apptest.Vars{"id": g.id, "login": w.people[person].Username, "at": at})
	g.members[person] = hours
}

func (w *placeWorld) dropFromGroup() {
	g := one(w.rt, "group", w.p.groups)
	person := one(w.rt, "member", w.who(func(p int) bool { _, in := g.members[p]; return in }))
	var id string
	w.s.Row(w.t, "SELECT id FROM group_members WHERE group_id = ? AND user_id = ?", []any{g.id, w.people[person].ID}, &id)
	w.do(0, `mutation($id: ID!) { removeGroupMember(input: {memberId: $id}) { errors { code } } }`, apptest.Vars{"id": id})
	delete(g.members, person)
}

func (w *placeWorld) switchIt() {
	g := one(w.rt, "group", w.p.groups)
	status := map[bool]string{true: "ENABLED", false: "DISABLED"}[g.off]
	w.do(0, `mutation($id: ID!, $status: GroupStatus!) { updateGroup(input: {id: $id, status: $status}) { errors { code } } }`, apptest.Vars{"id": g.id, "status": status})
	g.off = !g.off
}

// archive: what somebody may do with a project does not go by it.
func (w *placeWorld) archive() {
	p := one(w.rt, "project", w.p.projects)
	verb := map[bool]string{true: "unarchiveProject", false: "archiveProject"}[p.archived]
	w.do(w.manager(p, "archive"), `mutation($id: ID!) { `+verb+`(input: {id: $id}) { errors { code message } } }`, apptest.Vars{"id": p.id})
	p.archived = !p.archived
}

func (w *placeWorld) hourPasses() {
	w.p.hour++
	w.s.SQL(w.t, "UPDATE group_members SET expires_at = expires_at - ? WHERE expires_at > 0", time.Hour.Microseconds())
}

// agree: what everybody sees of the projects, and what they may do with each.
func (w *placeWorld) agree() {
	for person := range w.people {
		want, got := map[string]string{}, map[string]string{}
		for _, p := range w.p.projects {
			if can := w.p.can(person, p); len(can) > 0 {
				want[p.id] = fmt.Sprint(can)
			}
		}
		out := w.do(person, `query { projects(first: 100) { nodes { id viewerCan } } }`, nil)
		rows, _ := out.At("projects", "nodes").([]any)
		for i := range rows {
			id, can := out.Text("projects", "nodes", i, "id"), []string{}
			if !slices.ContainsFunc(w.p.projects, func(p *modelProject) bool { return p.id == id }) {
				continue
			}
			for _, v := range out.At("projects", "nodes", i, "viewerCan").([]any) {
				can = append(can, v.(string))
			}
			slices.Sort(can)
			got[id] = fmt.Sprint(can)
			w.compared++
		}
		if !maps.Equal(got, want) {
			w.t.Fatalf("person %d sees %v, the model says %v", person, got, want)
		}
	}
}

// C4 C10 C16: whatever places are given and taken in projects, to people and to groups, and whoever leaves: what somebody may do
// with a project is the union of the ways that are live at that time, and nothing else.
//
//keyhall:norace
func TestWhatOneMayInAProjectIsTheUnionOfItsLivePlaces(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		w := newPlaceWorld(t, s)
		w.run(t, 4, 0, w.sequence)
	})
}

// The same for as long as KEYHALL_SOAK says.
func TestSoakWhatOneMayInAProjectIsTheUnionOfItsLivePlaces(t *testing.T) {
	text := os.Getenv("KEYHALL_SOAK")
	if text == "" {
		t.Skip("set KEYHALL_SOAK for the long runs")
	}
	long, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		w := newPlaceWorld(t, s)
		w.run(t, 100, long, w.sequence)
	})
}
