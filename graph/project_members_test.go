package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

const (
	addProjectMember = `mutation($project: ID!, $to: GranteeRef!, $role: ProjectRole!) { addProjectMember(input: {projectId: $project, grantee: $to, role: $role}) {
		member { id role grantee { __typename ... on User { username } ... on Group { name } } } errors { code path } } }`
	updateProjectMember = `mutation($id: ID!, $role: ProjectRole!) { updateProjectMember(input: {memberId: $id, role: $role}) { member { role } errors { code } } }`
	removeProjectMember = `mutation($id: ID!) { removeProjectMember(input: {memberId: $id}) { project { id } errors { code } } }`
)

// join gives somebody a place in a project through the front door, and says the id of the place.
func join(t *testing.T, by *apptest.Actor, project string, to apptest.Vars, role string) string {
	t.Helper()
	out := by.Do(t, addProjectMember, apptest.Vars{"project": project, "to": to, "role": role})
	if len(out.Refused()) > 0 {
		t.Fatal(out.Body)
	}
	return out.Text("addProjectMember", "member", "id")
}

// C4 C10: who is given a place in a project works there, by their own place or that of a group; when it is taken, they do not make,
// list or reveal anything there from the next request on, and the keys that they own there are hidden from them. The key of a
// service account stays with the owners of the project.
//
//keyhall:norace
func TestWhoLosesTheirPlaceInAProjectLosesTheirKeysThere(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		s.JoinOrganization(t, ada.Home, ben, "READER")
		group := ada.MakeGroup(t, "Team", ben)
		for way, to := range map[string]apptest.Vars{"directly": {"userId": ben.ID}, "by a group": {"groupId": group}} {
			project := newProject(t, ada, ada.Home, "P", "STAGING")
			if code := ben.Do(t, createKeyIn, apptest.Vars{"project": project}).Code(); code != "NOT_FOUND" {
				t.Errorf("before they have a place they make a key: %q", code)
			}
			place := join(t, ada, project, to, "MEMBER")
			made := ben.Must(t, createKeyIn, apptest.Vars{"project": project})
			key := made.Text("createAPIKey", "apiKey", "id")
			if code := ben.Do(t, addProjectMember, apptest.Vars{"project": project, "to": apptest.Vars{"userId": ada.ID}, "role": "MEMBER"}).Code(); code != "FORBIDDEN" {
				t.Errorf("%s a member adds a member: %q", way, code)
			}
			if out := ada.Must(t, updateProjectMember, apptest.Vars{"id": place, "role": "OWNER"}); out.At("updateProjectMember", "member", "role") != "OWNER" {
				t.Fatal(out.Body)
			}
			service := ben.Must(t, createService, apptest.Vars{"project": project, "name": "ci"}).Text("createServiceAccount", "serviceAccount", "id")
			machine := ben.Must(t, createKeyIn, apptest.Vars{"project": project, "service": service}).Text("createAPIKey", "apiKey", "id")
			if out := ada.Must(t, removeProjectMember, apptest.Vars{"id": place}); out.At("removeProjectMember", "project", "id") != project {
				t.Fatal(out.Body)
			}
			for what, code := range map[string]string{
				"the project":         ben.Do(t, seeProject, apptest.Vars{"id": project}).Code(),
				"their key":           ben.Do(t, seeKey, apptest.Vars{"id": key}).Code(),
				"a service account":   ben.Do(t, seeKey, apptest.Vars{"id": machine}).Code(),
				"a new key":           ben.Do(t, createKeyIn, apptest.Vars{"project": project}).Code(),
				"their key's secret":  ben.Do(t, `mutation($id: ID!) { revealAPIKeySecret(input: {id: $id}) { secret errors { code } } }`, apptest.Vars{"id": key}).Code(),
				"disabling their key": ben.Do(t, `mutation($id: ID!) { disableAPIKey(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": key}).Code(),
			} {
				if code != "NOT_FOUND" {
					t.Errorf("after they lost the place that they had %s, %s: %q", way, what, code)
				}
			}
			if rows := ben.Must(t, `query { apiKeys(first: 50) { totalCount } }`, nil); rows.At("apiKeys", "totalCount") != 0.0 {
				t.Errorf("they list %s", rows.Body)
			}
			for _, id := range []string{key, machine} {
				if out := ada.Must(t, seeKey, apptest.Vars{"id": id}); out.At("apiKey", "id") != id {
					t.Errorf("the owner of the project lost a key too: %s", out.Body)
				}
			}
			if out := ada.Must(t, `mutation($id: ID!) { deleteAPIKey(input: {id: $id}) { deletedId errors { code } } }`, apptest.Vars{"id": key}); out.At("deleteAPIKey", "deletedId") != key {
				t.Errorf("an owner of the organization does not clear away the key of who left: %s", out.Body)
			}
		}
	})
}

// C14: the people of one environment are not those of another.
//
//keyhall:norace
func TestEachProjectHasPeopleOfItsOwn(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		s.JoinOrganization(t, ada.Home, ben, "READER")
		live, test := newProject(t, ada, ada.Home, "Live", "PRODUCTION"), newProject(t, ada, ada.Home, "Test", "STAGING")
		key := ada.CreateKey(t, "live", live, "PROJECT").ID
		join(t, ada, test, apptest.Vars{"login": ben.Username}, "OWNER")
		if out := ben.Must(t, `query { projects(first: 9) { nodes { id } } }`, nil); fmt.Sprint(out.At("projects", "nodes")) != fmt.Sprintf("[map[id:%s] map[id:%s]]", ben.Project, test) {
			t.Errorf("they see %s", out.Body)
		}
		for what, code := range map[string]string{"project": ben.Do(t, seeProject, apptest.Vars{"id": live}).Code(), "key": ben.Do(t, seeKey, apptest.Vars{"id": key}).Code()} {
			if code != "NOT_FOUND" {
				t.Errorf("they see the live %s: %q", what, code)
			}
		}
	})
}

// C4: places are for members of the organization and its groups, once each.
//
//keyhall:norace
func TestOnlyPeopleAndGroupsOfTheOrganizationHavePlacesInItsProjects(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, out := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "out")
		s.JoinOrganization(t, ada.Home, ben, "READER")
		project := newProject(t, ada, ada.Home, "P", "STAGING")
		full, off, empty := ada.MakeGroup(t, "Full", ben), ada.MakeGroup(t, "Off", ben), ada.MakeGroup(t, "Empty")
		s.SQL(t, `UPDATE "groups" SET status = 'DISABLED' WHERE id = ?`, off)
		s.JoinOrganization(t, out.Home, ada, "READER")
		foreign := out.MakeGroup(t, "Foreign", ada)
		for what, c := range map[string]struct {
			to   apptest.Vars
			want string
		}{
			"a stranger":                    {apptest.Vars{"login": out.Username}, "[GRANTEE_INVALID]"},
			"nobody":                        {apptest.Vars{"login": "nobody"}, "[GRANTEE_INVALID]"},
			"a group that is disabled":      {apptest.Vars{"groupId": off}, "[GROUP_DISABLED]"},
			"a group with nobody in it":     {apptest.Vars{"groupId": empty}, "[GRANTEE_INVALID]"},
			"a group of another of theirs":  {apptest.Vars{"groupId": foreign}, "[GRANTEE_INVALID]"},
			"a group that there is not":     {apptest.Vars{"groupId": "grp_01JCZ3V8Q4T2N6M0R5W7Y9B1DF"}, "[GRANTEE_INVALID]"},
			"a member of the organization":  {apptest.Vars{"login": ben.Username}, "[]"},
			"a group of the organization":   {apptest.Vars{"groupId": full}, "[]"},
			"who has made it, and is in it": {apptest.Vars{"userId": ada.ID}, "[ALREADY_MEMBER]"},
		} {
			got := ada.Do(t, addProjectMember, apptest.Vars{"project": project, "to": c.to, "role": "MEMBER"})
			if fmt.Sprint(got.Refused()) != c.want {
				t.Errorf("%s: %s, want %s", what, got.Body, c.want)
			}
			if path := got.At("addProjectMember", "errors", 0, "path"); path != nil && fmt.Sprint(path) != "[input grantee]" {
				t.Errorf("%s: refused at %v", what, path)
			}
		}
		again := ada.Do(t, addProjectMember, apptest.Vars{"project": project, "to": apptest.Vars{"groupId": full}, "role": "OWNER"})
		if fmt.Sprint(again.Refused()) != "[ALREADY_MEMBER]" {
			t.Errorf("the group again: %s", again.Body)
		}
		ada.Must(t, `mutation($id: ID!) { deleteGroup(input: {id: $id}) { deletedId errors { code } } }`, apptest.Vars{"id": full})
		if n := s.Count(t, "project_members WHERE project_id = ?", project); n != 2 {
			t.Errorf("%d places after the group is gone, want ada and ben", n)
		}
	})
}

// Who is given a place, changed or taken out of it hears of it at once, everybody of a group too.
//
//keyhall:norace
func TestEverybodyHearsOfTheirPlaceInAProject(t *testing.T) {
	t.Parallel()
	s := apptest.New(t, apptest.SQLite)
	ada, ben, cleo := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo")
	for _, who := range []*apptest.Actor{ben, cleo} {
		s.JoinOrganization(t, ada.Home, who, "READER")
	}
	project := newProject(t, ada, ada.Home, "P", "STAGING")
	for _, c := range []struct {
		who *apptest.Actor
		to  apptest.Vars
	}{{ben, apptest.Vars{"userId": ben.ID}}, {cleo, apptest.Vars{"groupId": ada.MakeGroup(t, "G", cleo)}}} {
		stream := c.who.Stream(t, `subscription { accessChanged { kind resourceId } }`, nil)
		stream.Next(t)
		place := join(t, ada, project, c.to, "MEMBER")
		if e := stream.Next(t); fmt.Sprint(e.At("accessChanged")) != fmt.Sprintf("map[kind:GAINED resourceId:%s]", project) {
			t.Errorf("%s gains a place: %s", c.who.Username, e.Body)
		}
		ada.Must(t, updateProjectMember, apptest.Vars{"id": place, "role": "OWNER"})
		if e := stream.Next(t); fmt.Sprint(e.At("accessChanged")) != fmt.Sprintf("map[kind:CHANGED resourceId:%s]", project) {
			t.Errorf("%s is made an owner: %s", c.who.Username, e.Body)
		}
		ada.Must(t, removeProjectMember, apptest.Vars{"id": place})
		if e := stream.Next(t); fmt.Sprint(e.At("accessChanged")) != fmt.Sprintf("map[kind:LOST resourceId:%s]", project) {
			t.Errorf("%s is removed: %s", c.who.Username, e.Body)
		}
		stream.Close()
	}
}

// B13, and no side door: a group whose members one may not see is one entry among who can do something with a project and with the
// keys in it, and nobody is told who is in it.
//
//keyhall:norace
func TestAClosedGroupIsOneEntryOfWhoHasAccessToAProject(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, cleo, dev := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo"), s.Actor(t, "dev")
		for _, who := range []*apptest.Actor{ben, cleo, dev} {
			s.JoinOrganization(t, ada.Home, who, "READER")
		}
		project := newProject(t, ada, ada.Home, "P", "STAGING")
		key := ada.CreateKey(t, "k", project, "PROJECT").ID
		join(t, ada, project, apptest.Vars{"userId": ben.ID}, "OWNER")
		join(t, ada, project, apptest.Vars{"groupId": ada.MakeGroup(t, "Team", cleo)}, "OWNER")

		if got, total := whoPages(t, ada, "project.edit", project, 50, false); total != 3 || !slices.Contains(got, cleo.Username+"[owner of project P]") {
			t.Errorf("who sees the members reads %v of %v", got, total)
		}
		for _, c := range []struct {
			permission, id string
			others         int
		}{{"project.edit", project, 2}, {"api_key.rename", key, 2}} {
			got, total := whoPages(t, ben, c.permission, c.id, 50, false)
			if total != float64(c.others+1) || !slices.Contains(got, "group Team<nil>[group Team (owner of the project)]") || strings.Contains(fmt.Sprint(got), cleo.Username) {
				t.Errorf("who does not reads of %s %v of %v", c.permission, got, total)
			}
			for who, want := range map[*apptest.Actor]string{ben: "true", cleo: "FORBIDDEN<nil>", dev: "FORBIDDEN<nil>"} {
				out := ben.Do(t, explainOther, apptest.Vars{"id": c.id, "p": c.permission, "who": who.ID})
				if got := fmt.Sprint(out.Code(), out.At("explain", "allow")); got != want {
					t.Errorf("ben asks whether %s may %s: %q, want %q", who.Username, c.permission, got, want)
				}
			}
		}
		if rows := ben.Must(t, `query($id: ID!) { project(id: $id) { members(first: 9) { nodes { grantee { ... on User { username } ... on Group { name members(first: 1) { totalCount } } } } } } }`,
			apptest.Vars{"id": project}); strings.Contains(rows.Body, cleo.Username) || !strings.Contains(rows.Body, `"name":"Team"`) {
			t.Errorf("the members are %s", rows.Body)
		}
	})
}
