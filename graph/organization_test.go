package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

const (
	createOrganization = `mutation($name: String!, $slug: String) { createOrganization(input: {name: $name, slug: $slug}) { organization { id name slug viewerRole viewerCan(of: ["organization.delete"]) projects(first: 1) { totalCount } } errors { code path message } } }`
	updateOrganization = `mutation($in: UpdateOrganizationInput!) { updateOrganization(input: $in) { organization { name slug } errors { code path } } }`
	deleteOrganization = `mutation($id: ID!, $name: String!) { deleteOrganization(input: {id: $id, confirmName: $name}) { deletedId errors { code path message } } }`
	updateMemberRole   = `mutation($id: ID!, $role: OrganizationRole!) { updateOrganizationMember(input: {memberId: $id, role: $role}) { member { id role user { id } addedAt } errors { code path } } }`
)

// C9 C16: anybody makes an organization and owns it; its slug is made of its name, is unique, and is no username of anybody's.
//
//keyhall:norace
func TestWhoMakesAnOrganizationOwnsIt(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		out := ada.Must(t, createOrganization, apptest.Vars{"name": "Ada & Söhne, Ltd."})
		made := func(field string) string { return out.Text("createOrganization", "organization", field) }
		if made("slug") != "ada-s-hne-ltd" || made("viewerRole") != "OWNER" || out.At("createOrganization", "organization", "projects", "totalCount") != 0.0 ||
			fmt.Sprint(out.At("createOrganization", "organization", "viewerCan")) != "[organization.delete]" {
			t.Errorf("made: %s", out.Body)
		}
		id := made("id")
		if code := ben.Do(t, `query($id: ID!) { organization(id: $id) { id } }`, apptest.Vars{"id": id}).Code(); code != "NOT_FOUND" {
			t.Errorf("a stranger sees it: %q", code)
		}
		for name, c := range map[string]struct {
			vars apptest.Vars
			code string
		}{
			"the same slug":      {apptest.Vars{"name": "x", "slug": "Ada-S-Hne-Ltd"}, "TAKEN"},
			"the same by name":   {apptest.Vars{"name": "ada s hne ltd"}, "TAKEN"},
			"no letters":         {apptest.Vars{"name": "株式会社"}, "INVALID"},
			"a chosen one":       {apptest.Vars{"name": "株式会社", "slug": "kk"}, ""},
			"no name":            {apptest.Vars{"name": " ", "slug": "x"}, "REQUIRED"},
			"too long a name":    {apptest.Vars{"name": strings.Repeat("x", 101), "slug": "y"}, "TOO_LONG"},
			"too long a slug":    {apptest.Vars{"name": "x", "slug": strings.Repeat("x", 64)}, "INVALID"},
			"a slug with spaces": {apptest.Vars{"name": "x", "slug": "a b"}, "INVALID"},
			"a slug with a dash": {apptest.Vars{"name": "x", "slug": "-ab"}, "INVALID"},
			"a slug like an id":  {apptest.Vars{"name": "x", "slug": strings.ToLower(ada.Home)}, "INVALID"},
		} {
			if got := ben.Do(t, createOrganization, c.vars); got.Code() != c.code {
				t.Errorf("%s: %s, want %q", name, got.Body, c.code)
			}
		}
		if got := ben.Do(t, createOrganization, apptest.Vars{"name": ""}); fmt.Sprint(got.Refused()) != "[REQUIRED]" { // and nothing of a slug that they did not write
			t.Errorf("without a name: %s", got.Body)
		}
		if got := ben.Do(t, createOrganization, apptest.Vars{"name": "株式会社"}); !strings.Contains(got.Body, "choose one") {
			t.Errorf("it does not say what to do: %s", got.Body)
		}
		if code := s.Anonymous().Do(t, createOrganization, apptest.Vars{"name": "Nobody's"}).Code(); code != "UNAUTHENTICATED" {
			t.Errorf("nobody makes one: %q", code)
		}
		for place, events := range map[string]string{ada.Home: "organization.created", id: "organization.member_added"} {
			if n := s.Count(t, "audit_events WHERE organization_id = ? AND type = ? AND resource_id = ? AND outcome = 'DONE'", place, events, id); n != 1 {
				t.Errorf("%d events %s", n, events)
			}
		}
		if eve := s.Actor(t, "kk"); eve.ID == "" {
			t.Error("a slug keeps somebody from a username")
		}
	})
}

// C16: its owners change an organization; null clears the address of its bills, and what is left out stays.
//
//keyhall:norace
func TestOwnersChangeAnOrganization(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		id := ada.MakeOrganization(t, "Acme")
		ada.MakeOrganization(t, "Other")
		set := func(more apptest.Vars) apptest.Answer {
			more["id"] = id
			return ada.Do(t, updateOrganization, apptest.Vars{"in": more})
		}
		if out := set(apptest.Vars{"name": "Acme Two", "slug": "acme-two", "billingEmail": "Bills@Keyhall.test"}); out.Code() != "" || out.Text("updateOrganization", "organization", "slug") != "acme-two" {
			t.Errorf("changed: %s", out.Body)
		}
		if got := textOf(t, s, "SELECT name || ' ' || billing_email FROM organizations WHERE id = ?", id); got != "Acme Two bills@keyhall.test" {
			t.Errorf("kept: %q", got)
		}
		recorded := s.Count(t, "audit_events WHERE type = 'organization.updated'")
		if out := set(apptest.Vars{"name": "Acme Two"}); out.Code() != "" || s.Count(t, "audit_events WHERE type = 'organization.updated'") != recorded {
			t.Errorf("the same again: %s", out.Body)
		}
		for code, more := range map[string]apptest.Vars{"TAKEN": {"slug": "other"}, "INVALID": {"billingEmail": "nobody"}, "REQUIRED": {"name": ""}} {
			if out := set(more); out.Code() != code {
				t.Errorf("%v: %s", more, out.Body)
			}
		}
		set(apptest.Vars{"billingEmail": nil})
		if n := s.Count(t, "organizations WHERE id = ? AND billing_email = '' AND slug = 'acme-two'", id); n != 1 {
			t.Error("null does not clear it")
		}
	})
}

// C16: an organization goes with all that is in it, but not while it has secrets or keys that could be missed; its audit rows stay.
//
//keyhall:norace
func TestAnOrganizationIsDeletedWhole(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, out := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "out")
		id := ada.MakeOrganization(t, "Acme")
		project := "prj_01K00000000000000000000009"
		s.SQL(t, "INSERT INTO projects (id, created_at, name, environment, organization_id) VALUES (?, 1, 'Shop', 'STAGING', ?)", project, id)
		s.JoinProject(t, project, ada, "OWNER")
		s.JoinOrganization(t, id, ben, "READER")
		s.JoinProject(t, project, ben, "MEMBER")
		team := ada.Must(t, `mutation($org: ID!) { createGroup(input: {organizationId: $org, name: "Team"}) { group { id } errors { code } } }`, apptest.Vars{"org": id}).Text("createGroup", "group", "id")
		ada.Must(t, `mutation($id: ID!, $login: String!) { addGroupMembers(input: {groupId: $id, members: [{login: $login}]}) { errors { code } } }`, apptest.Vars{"id": team, "login": ben.Username})
		elsewhere := ada.AddSecret(t, "Elsewhere", "v")
		ada.ShareSecret(t, elsewhere, apptest.Vars{"groupId": team}, nil)
		key := ada.CreateKey(t, "Key", project, "PROJECT")
		ada.Share(t, key.ID, out, "ADMIN")
		ada.Invite(t, key.ID, ben, "ADMIN")
		ada.InviteTo(t, id, "new@keyhall.test", "READER", apptest.Vars{"projectId": project, "role": "MEMBER"})
		secret := ben.Must(t, `mutation($org: ID!) { createSecret(input: {organizationId: $org, name: "Own", url: "https://x.example", clientId: "c"}) { secret { id } errors { code } } }`,
			apptest.Vars{"org": id}).Text("createSecret", "secret", "id")
		gone := func(name string) apptest.Answer {
			return ada.Do(t, deleteOrganization, apptest.Vars{"id": id, "name": name})
		}
		refused := func(why, name, word string) {
			t.Helper()
			if got := gone(name); got.Code() != "INVALID" || !strings.Contains(got.Body, word) {
				t.Errorf("%s: %s", why, got.Body)
			}
		}
		refused("another name", "acme", "confirmName")
		refused("a key in an open project", "Acme", "keys")
		s.SQL(t, "UPDATE projects SET archived_at = 1 WHERE id = ?", project)
		refused("a secret", "Acme", "secrets")
		ben.Must(t, `mutation($id: ID!) { deleteSecret(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": secret})
		if got := ada.Do(t, deleteOrganization, apptest.Vars{"id": ada.Home, "name": "Ada"}); got.Code() != "INVALID" {
			t.Errorf("a personal one: %s", got.Body)
		}
		trail := s.Count(t, "audit_events WHERE organization_id = ?", id)
		if got := gone("Acme"); got.Code() != "" || got.Text("deleteOrganization", "deletedId") != id {
			t.Fatalf("deleted: %s", got.Body)
		}
		if n := s.Count(t, "audit_events WHERE organization_id IS NULL"); n < trail || trail == 0 {
			t.Errorf("%d of %d audit rows are kept", n, trail)
		}
		if n := s.Count(t, "audit_events WHERE type = 'organization.deleted' AND resource_id = ? AND organization_id = ?", id, ada.Home); n != 1 {
			t.Errorf("%d events tell of it", n)
		}
		left := s.Count(t, "organizations WHERE id = ?", id) + s.Count(t, "projects WHERE id = ?", project) + s.Count(t, "api_keys WHERE id = ?", key.ID) +
			s.Count(t, "collaborators WHERE api_key_id = ?", key.ID) + s.Count(t, "sealed_values WHERE api_key_id = ?", key.ID) + s.Count(t, "api_key_hashes WHERE api_key_id = ?", key.ID) +
			s.Count(t, "invitations") + s.Count(t, "invitation_projects") + s.Count(t, "project_members WHERE project_id = ?", project) +
			s.Count(t, "organization_members WHERE organization_id = ?", id) + s.Count(t, `"groups" WHERE id = ?`, team) + s.Count(t, "secret_grants WHERE group_id = ?", team) +
			s.Count(t, "security_settings WHERE api_key_id = ?", key.ID) + s.Count(t, "mails WHERE kind LIKE '%invitation'")
		if left != 0 {
			t.Errorf("%d rows of it are left", left)
		}
		if n := s.Count(t, "secrets WHERE id = ?", elsewhere) + s.Count(t, "projects WHERE id = ?", ada.Project) + s.Count(t, "organizations WHERE id = ?", ben.Home); n != 3 {
			t.Error("something of another organization went with it")
		}
	})
}

// C9: owners make owners of readers and readers of owners, from the next request on; who is the last of them stays it.
//
//keyhall:norace
func TestRolesInAnOrganizationChangeAtOnce(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, eve := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "eve")
		id := ada.MakeOrganization(t, "Acme")
		s.JoinOrganization(t, id, ben, "READER")
		bens, adas := membership(t, s, id, ben), membership(t, s, id, ada)
		change := func(by *apptest.Actor, member, role string) apptest.Answer {
			return by.Do(t, updateMemberRole, apptest.Vars{"id": member, "role": role})
		}
		can := func(who *apptest.Actor) bool {
			out := who.Do(t, `query($id: ID!) { organization(id: $id) { viewerCan(of: ["organization.invite"]) } }`, apptest.Vars{"id": id})
			list, _ := out.At("organization", "viewerCan").([]any)
			return len(list) == 1
		}
		for name, c := range map[string]struct {
			out  apptest.Answer
			code string
		}{
			"the last owner": {change(ada, adas, "READER"), "LAST_OWNER"}, "a reader": {change(ben, bens, "OWNER"), "FORBIDDEN"},
			"a stranger": {change(eve, bens, "OWNER"), "NOT_FOUND"}, "nobody": {change(s.Anonymous(), bens, "OWNER"), "UNAUTHENTICATED"},
			"no member": {change(ada, id, "OWNER"), "NOT_FOUND"}, "the same": {change(ada, adas, "OWNER"), ""},
		} {
			if c.out.Code() != c.code {
				t.Errorf("%s: %s", name, c.out.Body)
			}
		}
		if out := change(ada, bens, "OWNER"); out.Code() != "" || out.Text("updateOrganizationMember", "member", "user", "id") != ben.ID || !can(ben) {
			t.Errorf("made an owner: %s", out.Body)
		}
		s.SQL(t, "UPDATE users SET suspended_at = 1 WHERE id = ?", ben.ID)
		if out := change(ada, adas, "READER"); out.Code() != "LAST_OWNER" {
			t.Errorf("the last owner who is not suspended: %s", out.Body)
		}
		s.SQL(t, "UPDATE users SET suspended_at = 0 WHERE id = ?", ben.ID)
		if out := change(ben, adas, "READER"); out.Code() != "" || can(ada) {
			t.Errorf("made a reader: %s", out.Body)
		}
		if n := s.Count(t, "audit_events WHERE type = 'organization.member_role_updated' AND resource_id = ? AND outcome = 'DONE'", id); n != 2 {
			t.Errorf("%d events tell of two changes", n)
		}
		out := ada.Must(t, `query($id: ID!, $member: ID!) { organization(id: $id) { members(first: 5) { totalCount nodes { role user { id email } } } } node(id: $member) { ... on OrganizationMember { role addedAt } } }`,
			apptest.Vars{"id": id, "member": bens})
		if out.At("organization", "members", "totalCount") != 2.0 || out.Text("node", "role") != "OWNER" {
			t.Errorf("its members: %s", out.Body)
		}
	})
}

// C16: its owners all give it up at once, each in another way: by becoming a reader, by removing themself, by leaving. One cannot.
//
//keyhall:norace
func TestOwnersWhoGoAtOnceLeaveAnOwner(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		people := []*apptest.Actor{s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo"), s.Actor(t, "dev")}
		for round := range 8 {
			id := people[0].MakeOrganization(t, fmt.Sprintf("Round %d %s", round, people[0].Username))
			for _, p := range people[1:] {
				s.JoinOrganization(t, id, p, "OWNER")
			}
			codes, ready := make([]string, len(people)), make(chan struct{})
			var all sync.WaitGroup
			for i, who := range people {
				own := membership(t, s, id, who)
				all.Go(func() {
					<-ready
					switch (i + round) % 3 {
					case 0:
						codes[i] = who.Do(t, updateMemberRole, apptest.Vars{"id": own, "role": "READER"}).Code()
					case 1:
						codes[i] = who.Do(t, removeFromOrganize, apptest.Vars{"id": own}).Code()
					default:
						codes[i] = who.Do(t, leaveOrganization, apptest.Vars{"id": id}).Code()
					}
				})
			}
			close(ready)
			all.Wait()
			slices.Sort(codes)
			if n := s.Count(t, "organization_members WHERE organization_id = ? AND role = 'OWNER'", id); n != 1 || !slices.Equal(codes, []string{"", "", "", "LAST_OWNER"}) {
				t.Errorf("round %d: %d owners are left, and they were answered %q", round, n, codes)
			}
		}
	})
}

// Two owners make each other a reader at once: one of them does.
//
//keyhall:norace
func TestOwnersWhoDemoteEachOtherLeaveAnOwner(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		people := []*apptest.Actor{s.Actor(t, "ada"), s.Actor(t, "ben")}
		for round := range 8 {
			id := people[0].MakeOrganization(t, fmt.Sprintf("Round %d %s", round, people[0].Username))
			s.JoinOrganization(t, id, people[1], "OWNER")
			codes, ready := make([]string, 2), make(chan struct{})
			var both sync.WaitGroup
			for i, who := range people {
				other := membership(t, s, id, people[1-i])
				both.Go(func() {
					<-ready
					codes[i] = who.Do(t, updateMemberRole, apptest.Vars{"id": other, "role": "READER"}).Code()
				})
			}
			close(ready)
			both.Wait()
			slices.Sort(codes)
			if n := s.Count(t, "organization_members WHERE organization_id = ? AND role = 'OWNER'", id); n != 1 || !slices.Equal(codes, []string{"", "FORBIDDEN"}) {
				t.Errorf("round %d: %d owners are left, and they were answered %q", round, n, codes)
			}
		}
	})
}
