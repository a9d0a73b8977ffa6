package graph_test

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

// cast are the people of the matrix on one server, by column. Each state has an owner of its own beside them.
type cast struct {
	s      *apptest.Server
	people map[string]*apptest.Actor
	mate   *apptest.Actor // another contributor of every key
	guest  *apptest.Actor // has an open invitation to every key
	fresh  atomic.Int64
}

func newCast(t *testing.T, s *apptest.Server, columns []string) *cast {
	t.Helper()
	c := &cast{s: s, people: map[string]*apptest.Actor{}, mate: s.Actor(t, "mate"), guest: s.Actor(t, "guest")}
	for _, column := range columns {
		switch column {
		case "owner": // of each state
		case "anon":
			c.people[column] = s.Anonymous()
		case "root":
			c.people[column] = s.Administrator(t)
		default:
			c.people[column] = s.Actor(t, column)
		}
	}
	c.suspend(t, c.people["susp"])
	return c
}

func (c *cast) suspend(t *testing.T, who *apptest.Actor) {
	t.Helper()
	c.people["root"].Must(t, `mutation($id: ID!) { setUserStatus(input: {userId: $id, suspended: true}) { errors { code } } }`, apptest.Vars{"id": who.ID})
}

// id makes one of the form that Keyhall's own have.
func (c *cast) id(prefix string) string {
	return fmt.Sprintf("%s_01K000000000000000%08d", prefix, c.fresh.Add(1))
}

// team makes an organization with a project, and its owner one of both.
func (c *cast) team(t *testing.T, owner *apptest.Actor) (organization, project string) {
	t.Helper()
	organization, project = c.id("org"), c.id("prj")
	c.s.SQL(t, "INSERT INTO organizations (id, created_at, name, slug) VALUES (?, 1, 'Team', ?)", organization, organization)
	c.s.SQL(t, "INSERT INTO projects (id, created_at, name, environment, organization_id) VALUES (?, 1, 'Shop', 'STAGING', ?)", project, organization)
	c.s.JoinOrganization(t, organization, owner, "READER")
	c.s.JoinProject(t, project, owner, "MEMBER")
	return organization, project
}

// employ gives the cast its places in an organization and its project.
func (c *cast) employ(t *testing.T, organization, project string) {
	t.Helper()
	c.s.JoinOrganization(t, organization, c.people["org-own"], "OWNER")
	for _, reader := range []string{"pr-own", "pr-mem", "org-rdr"} {
		c.s.JoinOrganization(t, organization, c.people[reader], "READER")
	}
	c.s.JoinProject(t, project, c.people["pr-own"], "OWNER")
	c.s.JoinProject(t, project, c.people["pr-mem"], "MEMBER")
}

// stage is where one state of the matrix is played.
type stage struct {
	*cast
	*keyState
	owner                 *apptest.Actor
	organization, project string
	still                 *trace // of the prop to which nothing may happen
}

// trace is what is written of a prop, and how many deeds on it are recorded.
type trace struct {
	written  string
	recorded int
}

func (c *cast) stage(t *testing.T, s *keyState) *stage {
	t.Helper()
	g := &stage{cast: c, keyState: s, owner: c.s.Actor(t, "owner")}
	g.organization, g.project = g.owner.Home, g.owner.Project
	if !g.personal() {
		g.organization, g.project = c.team(t, g.owner)
	}
	c.employ(t, g.organization, g.project)
	return g
}

func (g *stage) actor(person string) *apptest.Actor {
	if person == "owner" {
		return g.owner
	}
	return g.people[person]
}

// prop is a key of a stage with everybody who has to do with it.
type prop struct {
	apptest.Key
	places     map[string]string // ids of the collaborators, by person; "mate" is in every prop
	invitation string            // of the guest, open
}

func (g *stage) personal() bool { return g.name == "personal" || g.name == "personal-owner-left" }

// prop makes a key. Places are written as fixtures, the way there is told by the story test.
// propName is the same for all props of a stage, and another stage has none of it.
func (g *stage) propName() string { return "Prop of " + g.name + "." }

func (g *stage) prop(t *testing.T) *prop {
	t.Helper()
	if g.personal() {
		return &prop{g.owner.CreateKey(t, g.propName(), g.project, "PERSONAL"), map[string]string{"mate": g.id("col")}, g.id("inv")}
	}
	p := &prop{Key: g.owner.CreateKey(t, g.propName(), g.project, "PROJECT"), places: map[string]string{}}
	for person, role := range map[string]string{"admin": "ADMIN", "contr": "CONTRIBUTOR", "former": "ADMIN", "susp": "ADMIN", "mate": "CONTRIBUTOR"} {
		who := g.actor(person)
		if person == "mate" {
			who = g.mate
		}
		p.places[person] = g.id("col")
		g.s.SQL(t, "INSERT INTO collaborators (id, created_at, role, api_key_id, added_by_id, user_id) VALUES (?, 1, ?, ?, ?, ?)",
			p.places[person], role, p.ID, g.owner.ID, who.ID)
	}
	g.invite(t, p)
	g.owner.Must(t, `mutation($id: ID!) { removeCollaborator(input: {collaboratorId: $id}) { errors { code } } }`, apptest.Vars{"id": p.places["former"]})
	return p
}

func (g *stage) invite(t *testing.T, p *prop) {
	t.Helper()
	invited := []*apptest.Actor{g.people["pend"], g.people["expir"], g.people["revok"], g.guest}
	out := inviteAll(t, g.owner, p.ID, "ADMIN", invited...)
	if slices.Contains(out, "") {
		t.Fatal("not everybody was invited")
	}
	g.s.SQL(t, "UPDATE invitations SET expires_at = 1 WHERE id = ?", out[1])
	g.owner.Must(t, `mutation($id: ID!) { revokeInvitation(input: {invitationId: $id}) { errors { code } } }`, apptest.Vars{"id": out[2]})
	p.invitation = out[3]
}

// inviteAll offers several people a role at once and returns the ids of their invitations, empty where there is none.
func inviteAll(t *testing.T, by *apptest.Actor, key, role string, who ...*apptest.Actor) []string {
	t.Helper()
	var emails, ids []string
	for _, w := range who {
		emails = append(emails, w.Email)
	}
	out := by.Must(t, inviteMutation, apptest.Vars{"key": key, "emails": emails, "role": role, "own": by.Email})
	for i := range who {
		ids = append(ids, out.Text("inviteCollaborators", "results", i, "invitation", "id"))
	}
	return ids
}

// begin brings the props into the state that the stage is about, by the deed that leads there.
func (g *stage) begin(t *testing.T, props []*prop) {
	t.Helper()
	switch g.name {
	case "active", "personal":
	case "disabled-by-owner":
		g.disable(t, "owner", props)
	case "disabled-by-admin":
		g.disable(t, "admin", props)
	case "disabled-by-project-owner":
		g.disable(t, "pr-own", props)
	case "disabled-by-organization":
		g.disable(t, "org-own", props)
	case "expired":
		g.s.SQL(t, "UPDATE api_keys SET expires_at = 1 WHERE project_id = ?", g.project)
	case "owner-suspended":
		g.suspend(t, g.owner)
	case "owner-left", "personal-owner-left":
		g.s.SQL(t, "DELETE FROM organization_members WHERE organization_id = ? AND user_id = ?", g.organization, g.owner.ID)
	default:
		t.Fatalf("nobody knows how a key becomes %s", g.name)
	}
}

func (g *stage) disable(t *testing.T, person string, props []*prop) {
	t.Helper()
	for _, p := range props {
		g.actor(person).Must(t, `mutation($id: ID!) { disableAPIKey(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": p.ID})
	}
}

// written is all that is stored about a key, to see that a refused deed wrote nothing.
func (g *stage) written(t *testing.T, p *prop) string {
	t.Helper()
	join := "group_concat(x, ' ')"
	if g.s.Database == apptest.Postgres {
		join = "string_agg(x, ' ')"
	}
	var key, places, offers, values, security, rates string
	g.s.Row(t, `SELECT name || '|' || description || '|' || CAST(tags AS TEXT) || '|' || kind || '|' || CAST(expires_at AS TEXT) || '|' || CAST(disabled_at AS TEXT)
		|| '|' || COALESCE(disabled_by_id, '') || '|' || disabled_as || '|' || project_id || '|' || owner_id FROM api_keys WHERE id = ?`, []any{p.ID}, &key)
	g.s.Row(t, `SELECT COALESCE(`+join+`, '') FROM (SELECT id || ':' || role || ':' || user_id AS x FROM collaborators WHERE api_key_id = ? ORDER BY id) AS places`, []any{p.ID}, &places)
	g.s.Row(t, `SELECT COALESCE(`+join+`, '') FROM (SELECT id || ':' || role || ':' || status || ':' || email AS x FROM invitations WHERE api_key_id = ? ORDER BY id) AS offers`, []any{p.ID}, &offers)
	g.s.Row(t, `SELECT COALESCE(`+join+`, '') FROM (SELECT CAST(version AS TEXT) || ':' || CAST(reveal_count AS TEXT) AS x FROM sealed_values WHERE api_key_id = ?) AS sealed`, []any{p.ID}, &values)
	g.s.Row(t, `SELECT CAST(require_secret AS TEXT) || CAST(secret_overrides_allowlists AS TEXT) || CAST(require_jwt AS TEXT) || CAST(origins AS TEXT)
		FROM security_settings WHERE api_key_id = ?`, []any{p.ID}, &security)
	g.s.Row(t, `SELECT COALESCE(`+join+`, '') FROM (SELECT CAST(requests AS TEXT) || ':' || CAST(window_seconds AS TEXT) AS x FROM rate_limits WHERE api_key_id = ?) AS rates`, []any{p.ID}, &rates)
	return key + "\n" + security + "\n" + rates + "\n" + places + "\n" + offers + "\n" + values
}

// recorded counts the deeds in the audit that are about a key or somebody's part of it.
func (g *stage) recorded(t *testing.T, p *prop) int {
	t.Helper()
	const about = `audit_events WHERE outcome = 'DONE' AND (resource_id IN (?, ?, ?, ?, ?) OR resource_id IN (SELECT id FROM invitations WHERE api_key_id = ?))`
	return g.s.Count(t, about, p.ID, p.invitation, p.places["mate"], p.places["admin"], p.places["contr"], p.ID)
}
