package graph_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

const (
	createProject = `mutation($org: ID!, $name: String!, $environment: Environment!) { createProject(input: {organizationId: $org, name: $name, environment: $environment}) {
		project { id name environment archivedAt viewerRole viewerCan members(first: 10) { nodes { id role grantee { __typename ... on User { username } } } } } errors { code path } } }`
	updateProject = `mutation($id: ID!, $environment: Environment, $confirm: String, $price: MoneyInput, $email: String) {
		updateProject(input: {id: $id, environment: $environment, confirmName: $confirm, unitPrice: $price, alertEmail: $email}) {
			project { environment alertEmail unitPrice { amount currency } } errors { code path message } } }`
	archiveProject   = `mutation($id: ID!, $confirm: String) { archiveProject(input: {id: $id, confirmName: $confirm}) { project { archivedAt } errors { code path } } }`
	unarchiveProject = `mutation($id: ID!) { unarchiveProject(input: {id: $id}) { project { archivedAt } errors { code } } }`
	createKeyIn      = `mutation($project: ID!, $service: ID) { createAPIKey(input: {projectId: $project, name: "K", kind: PROJECT, serviceAccountId: $service}) {
		apiKey { id start owner { __typename ... on User { id } ... on ServiceAccount { id name } } project { id } } plaintext secret errors { code path message } } }`
	seeKey = `query($id: ID!) { apiKey(id: $id) { id status viewerRole viewerCan project { id } owner { __typename ... on ServiceAccount { name project { id } } } replaces { id } replacedBy { id } } }`
)

// newProject makes one, and says its id.
func newProject(t *testing.T, a *apptest.Actor, org, name, environment string) string {
	t.Helper()
	out := a.Do(t, createProject, apptest.Vars{"org": org, "name": name, "environment": environment})
	if len(out.Refused()) > 0 {
		t.Fatal(out.Body)
	}
	return out.Text("createProject", "project", "id")
}

// C3 C5 C14: projects for what is live and for what is not have keys of their own, and each key belongs to exactly one of them.
//
//keyhall:norace
func TestEachProjectHasKeysOfItsOwn(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		s.JoinOrganization(t, ada.Home, ben, "READER")
		out := ada.Must(t, createProject, apptest.Vars{"org": ada.Home, "name": "Live", "environment": "PRODUCTION"})
		if out.At("createProject", "project", "viewerRole") != "OWNER" || out.At("createProject", "project", "members", "nodes", 0, "grantee", "username") != ada.Username {
			t.Errorf("whoever makes a project is not its owner: %s", out.Body)
		}
		live := out.Text("createProject", "project", "id")
		for name, want := range map[string]string{"STAGING": "kh_test_", "DEVELOPMENT": "kh_test_", "PRODUCTION": "kh_live_"} {
			project := newProject(t, ada, ada.Home, name, name)
			key := ada.Must(t, createKeyIn, apptest.Vars{"project": project})
			if start := key.Text("createAPIKey", "apiKey", "start"); start[:8] != want {
				t.Errorf("a key of %s begins with %q", name, start)
			}
			if key.At("createAPIKey", "apiKey", "project", "id") != project {
				t.Errorf("it is in another project: %s", key.Body)
			}
			rows := ada.Must(t, `query($id: ID!) { project(id: $id) { apiKeys(first: 5) { nodes { id } } } }`, apptest.Vars{"id": project})
			if got := fmt.Sprint(rows.At("project", "apiKeys", "nodes")); got != "[map[id:"+key.Text("createAPIKey", "apiKey", "id")+"]]" {
				t.Errorf("the keys of %s are %s", name, got)
			}
		}
		for name, code := range map[string]string{
			"a reader":   ben.Do(t, createProject, apptest.Vars{"org": ada.Home, "name": "X", "environment": "STAGING"}).Code(),
			"a stranger": s.Actor(t, "out").Do(t, createProject, apptest.Vars{"org": ada.Home, "name": "X", "environment": "STAGING"}).Code(),
		} {
			if want := map[string]string{"a reader": "FORBIDDEN", "a stranger": "NOT_FOUND"}[name]; code != want {
				t.Errorf("%s makes a project: %q, want %q", name, code, want)
			}
		}
		if code := ben.Do(t, seeProject, apptest.Vars{"id": live}).Code(); code != "NOT_FOUND" {
			t.Errorf("a reader without a place sees the project: %q", code)
		}
	})
}

const seeProject = `query($id: ID!) { project(id: $id) { id alertEmail } }`

// C15: what is live is not archived or made something else by accident: its name has to be typed.
//
//keyhall:norace
func TestALiveProjectIsStoppedOnlyByWhoTypesItsName(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		live, test := newProject(t, ada, ada.Home, "Shop", "PRODUCTION"), newProject(t, ada, ada.Home, "Shop tests", "STAGING")
		for name, c := range map[string]struct {
			mutation string
			vars     apptest.Vars
			want     string
		}{
			"archive without its name":      {archiveProject, apptest.Vars{"id": live}, "[INVALID]"},
			"archive with another name":     {archiveProject, apptest.Vars{"id": live, "confirm": "shop"}, "[INVALID]"},
			"environment without its name":  {updateProject, apptest.Vars{"id": live, "environment": "STAGING"}, "[INVALID]"},
			"archive of a test":             {archiveProject, apptest.Vars{"id": test}, "[]"},
			"another setting of it":         {updateProject, apptest.Vars{"id": live, "email": "  Team@X.example\n"}, "[]"},
			"the environment that it has":   {updateProject, apptest.Vars{"id": live, "environment": "PRODUCTION"}, "[]"},
			"a price in no currency":        {updateProject, apptest.Vars{"id": live, "price": apptest.Vars{"amount": "1", "currency": "usd"}}, "[INVALID]"},
			"a price below nothing":         {updateProject, apptest.Vars{"id": live, "price": apptest.Vars{"amount": "-1", "currency": "USD"}}, "[INVALID]"},
			"an address that is none":       {updateProject, apptest.Vars{"id": live, "email": "team"}, "[INVALID]"},
			"the environment of a test one": {updateProject, apptest.Vars{"id": test, "environment": "DEVELOPMENT"}, "[]"},
		} {
			out := ada.Do(t, c.mutation, c.vars)
			if got := fmt.Sprint(out.Refused()); got != c.want {
				t.Errorf("%s: %s, want %s", name, out.Body, c.want)
			}
		}
		if out := ada.Do(t, archiveProject, apptest.Vars{"id": live}); fmt.Sprint(out.At("archiveProject", "errors", 0, "path")) != "[input confirmName]" {
			t.Errorf("it is refused at %s", out.Body)
		}
		out := ada.Must(t, updateProject, apptest.Vars{"id": live, "environment": "STAGING", "confirm": "Shop", "price": apptest.Vars{"amount": "0.000002", "currency": "EUR"}})
		if got := fmt.Sprint(out.At("updateProject", "project")); got != "map[alertEmail:team@x.example environment:STAGING unitPrice:map[amount:0.000002 currency:EUR]]" {
			t.Errorf("after both: %s", got)
		}
		if n := len(s.AuditTrail(t, live)); n != 3 {
			t.Errorf("%d events of the project, want made, address, environment and price", n)
		}
	})
}

// C3: nothing is made in an archived project or moved into it; what there is stays visible.
//
//keyhall:norace
func TestAnArchivedProjectTakesNothingNew(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		project := newProject(t, ada, ada.Home, "Old", "DEVELOPMENT")
		key := ada.CreateKey(t, "kept", project, "PROJECT").ID
		own := ada.CreateKey(t, "own", "", "PERSONAL").ID
		if out := ada.Must(t, archiveProject, apptest.Vars{"id": project}); out.Text("archiveProject", "project", "archivedAt") == "" {
			t.Fatal(out.Body)
		}
		for what, out := range map[string]apptest.Answer{
			"a key":             ada.Do(t, createKeyIn, apptest.Vars{"project": project}),
			"a moved key":       ada.Do(t, moveKey, apptest.Vars{"id": own, "project": project}),
			"a service account": ada.Do(t, createService, apptest.Vars{"project": project, "name": "ci"}),
		} {
			if got := fmt.Sprint(out.Refused()); got != "[INVALID]" {
				t.Errorf("%s in it: %s", what, out.Body)
			}
		}
		if out := ada.Must(t, seeKey, apptest.Vars{"id": key}); out.At("apiKey", "id") != key {
			t.Errorf("its key is hidden: %s", out.Body)
		}
		if out := ada.Must(t, seeKey, apptest.Vars{"id": own}); out.At("apiKey", "replacedBy") != nil || out.At("apiKey", "status") != "ACTIVE" {
			t.Errorf("the key that was not moved: %s", out.Body)
		}
		ada.Must(t, archiveProject, apptest.Vars{"id": project})
		ada.Do(t, unarchiveProject, apptest.Vars{"id": project})
		ada.Do(t, unarchiveProject, apptest.Vars{"id": project})
		if out := ada.Do(t, createKeyIn, apptest.Vars{"project": project}); len(out.Refused()) > 0 {
			t.Errorf("a key after it was unarchived: %s", out.Body)
		}
		var types []string
		for _, e := range s.AuditTrail(t, project) {
			types = append(types, e.Type)
		}
		slices.Sort(types)
		if got := fmt.Sprint(types); got != "[project.archived project.created project.unarchived]" {
			t.Errorf("the trail says %s", got)
		}
	})
}
