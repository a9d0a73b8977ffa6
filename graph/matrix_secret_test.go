package graph_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/policy"
)

// table is one of testdata/*_matrix.txt in the plainer form: states, people, and what becomes of each permission.
type table struct {
	states []string
	people []string
	cells  map[string]map[string]map[string]string // by state, permission and person
}

func readTable(t *testing.T, name, noun string) *table {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	out, state := &table{cells: map[string]map[string]map[string]string{}}, ""
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0 || fields[0] == "#":
		case fields[0] == "state":
			state = strings.Join(fields[1:], " ")
			out.states, out.cells[state] = append(out.states, state), map[string]map[string]string{}
		case fields[0] == "person":
			out.people = fields[1:]
		default:
			if len(fields) != len(out.people)+1 {
				t.Fatalf("%s: %q has %d cells for %d people", name, line, len(fields)-1, len(out.people))
			}
			row := map[string]string{}
			for i, cell := range fields[1:] {
				row[out.people[i]] = cell
			}
			name := noun + fields[0]
			if strings.Contains(fields[0], ".") { // of another noun, about the same thing
				name = fields[0]
			}
			out.cells[state][name] = row
		}
	}
	out.whole(t, name, noun)
	return out
}

// whole: the table has every permission of the law about its noun, in every state, and no other.
func (m *table) whole(t *testing.T, name, noun string) {
	t.Helper()
	law, err := policy.Load(t.Context(), policy.Options{Modules: policy.Law(), Dialect: "sqlite3", Proven: true})
	if err != nil {
		t.Fatal(err)
	}
	known := 0
	for _, p := range law.Permissions() {
		if !strings.HasPrefix(string(p.Name), noun) {
			continue
		}
		known++
		for _, state := range m.states {
			if m.cells[state][string(p.Name)] == nil {
				t.Errorf("%s: %s has no row in the state %q", name, p.Name, state)
			}
		}
	}
	for _, state := range m.states {
		rows := 0
		for permission := range m.cells[state] {
			if strings.HasPrefix(permission, noun) {
				rows++
			}
		}
		if rows != known {
			t.Errorf("%s: %d rows in the state %q, the law has %d permissions", name, rows, state, known)
		}
	}
}

func (m *table) held(state, person string) []string {
	out := []string{}
	for permission, row := range m.cells[state] {
		if row[person] == "y" || row[person] == "I" {
			out = append(out, permission)
		}
	}
	slices.Sort(out)
	return out
}

// cellCode is how the server answers; empty when it does what it is asked.
func cellCode(cell string) string {
	return map[string]string{"F": "FORBIDDEN", "N": "NOT_FOUND", "U": "UNAUTHENTICATED", "O": "OWNER_IMMUTABLE", "I": "INVALID"}[cell]
}

// rows checks a thing in one state: viewerCan is everybody's column, and each deed ends as its cell says. A deed that may be
// done is done only where begin can make it possible again.
func (m *table) rows(t *testing.T, state string, people map[string]*apptest.Actor, look, field string, id string, deeds map[string]string, again func()) {
	t.Helper()
	for _, person := range m.people {
		who, want := people[person], m.held(state, person)
		out := who.Do(t, look, apptest.Vars{"id": id})
		list, _ := out.At(field, "viewerCan").([]any)
		got := []string{}
		for _, p := range list {
			got = append(got, p.(string))
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %s can do %v, want %v: %s", state, person, got, want, out.Body)
		}
		for permission, ask := range deeds {
			cell := m.cells[state][permission][person]
			again()
			out := who.Do(t, ask, apptest.Vars{"id": id})
			if out.Code() != cellCode(cell) {
				t.Errorf("%s: %s of %s: %q, want %q: %s", state, permission, person, out.Code(), cellCode(cell), out.Body)
			}
			if cell == "F" && len(out.Errors) == 1 && out.Errors[0].Extensions.Permission != permission {
				t.Errorf("%s: %s of %s is refused in the name of %q", state, permission, person, out.Errors[0].Extensions.Permission)
			}
		}
	}
}

// secretCast has everybody of the table around one secret.
func secretCast(t *testing.T, s *apptest.Server, m *table) (people map[string]*apptest.Actor, id, spare string) {
	t.Helper()
	people = map[string]*apptest.Actor{}
	for _, person := range m.people {
		switch person {
		case "anon":
			people[person] = s.Anonymous()
		case "root":
			people[person] = s.Administrator(t)
		default:
			people[person] = s.Actor(t, strings.ReplaceAll(person, "-", ""))
		}
	}
	owner := people["owner"]
	s.JoinOrganization(t, owner.Home, people["org-own"], "OWNER")
	for _, reader := range []string{"reader", "g-own"} {
		s.JoinOrganization(t, owner.Home, people[reader], "READER")
	}
	id = owner.AddSecret(t, "Payments", "value")
	login := func(person string) apptest.Vars { return apptest.Vars{"login": people[person].Username} }
	edit := apptest.Vars{"canEdit": true}
	owner.ShareSecret(t, id, login("edit"), edit)
	owner.ShareSecret(t, id, login("view"), apptest.Vars{"expiresAt": "2100-01-01T00:00:00Z"})
	owner.ShareSecret(t, id, login("late"), edit)
	owner.ShareSecret(t, id, login("both"), nil)
	editors := secretGroup(t, owner.Home, people["g-own"], people["g-edit"], people["both"], people["ex"], people["gone"])
	viewers := secretGroup(t, owner.Home, owner, people["g-view"], people["two"])
	ended := secretGroup(t, owner.Home, owner, people["two"])
	off := secretGroup(t, owner.Home, owner, people["off"])
	for group, more := range map[string]apptest.Vars{editors: edit, viewers: nil, ended: edit, off: edit} {
		owner.ShareSecret(t, id, apptest.Vars{"groupId": group}, more)
	}
	for _, sql := range []string{
		"UPDATE secret_grants SET expires_at = 1 WHERE user_id = '" + people["late"].ID + "'", "UPDATE secret_grants SET expires_at = 1 WHERE group_id = '" + ended + "'",
		"UPDATE group_members SET expires_at = 1 WHERE user_id = '" + people["gone"].ID + "'", "DELETE FROM group_members WHERE user_id = '" + people["ex"].ID + "'",
		`UPDATE "groups" SET status = 'DISABLED' WHERE id = '` + off + "'",
	} {
		s.SQL(t, sql)
	}
	return people, id, s.Actor(t, "spare").Username
}

func secretGroup(t *testing.T, organization string, owner *apptest.Actor, members ...*apptest.Actor) string {
	t.Helper()
	out := owner.Must(t, `mutation($org: ID!) { createGroup(input: {organizationId: $org, name: "G"}) { group { id } errors { code } } }`, apptest.Vars{"org": organization})
	id := out.Text("createGroup", "group", "id")
	for _, m := range members {
		owner.Must(t, `mutation($id: ID!, $login: String!) { addGroupMembers(input: {groupId: $id, members: [{login: $login}]}) { errors { code message } } }`,
			apptest.Vars{"id": id, "login": m.Username})
	}
	return id
}

// B7 B8 B9 B11 B20 B22 B23: everybody tries everything with a secret in every state.
//
//keyhall:norace
func TestEveryCellOfTheRoleMatrixOfSecretsHolds(t *testing.T) {
	t.Parallel()
	m := readTable(t, "secret_matrix.txt", "secret.")
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		people, id, spare := secretCast(t, s, m)
		grant := ""
		for _, state := range m.states {
			begin, args := map[string]string{
				"enabled": "disabled_at = 0", "disabled by its owner": "disabled_at = 1, disabled_by_id = ?",
				"disabled by who can edit it through a group": "disabled_at = 1, disabled_by_id = ?", "expired": "disabled_at = 0, disabled_by_id = NULL, expires_at = 1",
			}[state], []any{}
			switch state {
			case "disabled by its owner":
				args = []any{people["owner"].ID}
			case "disabled by who can edit it through a group":
				args = []any{people["g-edit"].ID}
			}
			again := func() { // a grant that can be taken back, so that taking it back is possible each time
				people["owner"].ShareSecret(t, id, apptest.Vars{"login": spare}, nil)
				grant = textOf(t, s, "SELECT id FROM secret_grants WHERE secret_id = ? AND user_id = (SELECT id FROM users WHERE username = ?)", id, spare)
			}
			again()
			s.SQL(t, "UPDATE secrets SET "+begin+" WHERE id = ?", append(args, id)...)
			m.rows(t, state, people, `query($id: ID!) { secret(id: $id) { viewerCan } }`, "secret", id, map[string]string{
				"secret.view":          `query($id: ID!) { secret(id: $id) { id name } }`,
				"secret.reveal":        `mutation($id: ID!) { revealSecret(input: {id: $id, purpose: SHOW}) { clientSecret errors { code } } }`,
				"secret.view_sharing":  `query($id: ID!) { secret(id: $id) { grants(first: 1) { totalCount } } }`,
				"secret.view_versions": `query($id: ID!) { secret(id: $id) { versions(first: 1) { totalCount } } }`,
				"secret.edit":          `mutation($id: ID!) { updateSecret(input: {id: $id, notes: "n"}) { errors { code } } }`,
				"secret.share_outside": `mutation($id: ID!) { createShareLink(input: {secretId: $id, expiresInSeconds: 60}) { errors { code } } }`,
				"secret.share":         fmt.Sprintf(`mutation($id: ID!) { shareSecrets(input: {secretIds: [$id], grants: [{grantee: {login: %q}}]}) { errors { code } } }`, spare),
			}, func() {})
			m.unshared(t, state, people, id, &grant, again)
			for _, switched := range []string{"disable", "enable"} {
				m.switched(t, s, state, people, id, switched, "UPDATE secrets SET "+begin+" WHERE id = ?", append(args, id))
			}
			m.restored(t, s, state, people, id)
			m.left(t, s, state, people, id)
		}
		m.deleted(t, s, people, id)
	}, withLinks)
}

// unshared is the row of unshare: what is taken back is given again.
func (m *table) unshared(t *testing.T, state string, people map[string]*apptest.Actor, id string, grant *string, again func()) {
	t.Helper()
	for _, person := range m.people {
		again()
		out := people[person].Do(t, `mutation($id: ID!, $grant: ID!) { unshareSecret(input: {secretId: $id, grantIds: [$grant]}) { errors { code } } }`,
			apptest.Vars{"id": id, "grant": *grant})
		if want := cellCode(m.cells[state]["secret.unshare"][person]); out.Code() != want {
			t.Errorf("%s: unshare of %s: %q, want %q: %s", state, person, out.Code(), want, out.Body)
		}
	}
}

// switched is the row of disable or enable: each begins from the state.
func (m *table) switched(t *testing.T, s *apptest.Server, state string, people map[string]*apptest.Actor, id, verb, begin string, args []any) {
	t.Helper()
	for _, person := range m.people {
		s.SQL(t, "UPDATE secrets SET disabled_by_id = NULL WHERE id = ?", id)
		s.SQL(t, begin, args...)
		cell := m.cells[state]["secret."+verb][person]
		out := people[person].Do(t, `mutation($id: ID!) { `+verb+`Secrets(input: {ids: [$id]}) { secrets { status } errors { code } } }`, apptest.Vars{"id": id})
		if out.Code() != cellCode(cell) {
			t.Errorf("%s: %s of %s: %q, want %q: %s", state, verb, person, out.Code(), cellCode(cell), out.Body)
		}
		if want := strings.ToUpper(verb) + "D"; cell == "y" && out.Text(verb+"Secrets", "secrets", 0, "status") != want {
			t.Errorf("%s: %s of %s: %s", state, verb, person, out.Body)
		}
	}
	s.SQL(t, begin, args...)
}

// restored is the row of restore_version. Of a version that somebody does not see nothing is said: it is no cell of its own.
func (m *table) restored(t *testing.T, s *apptest.Server, state string, people map[string]*apptest.Actor, id string) {
	t.Helper()
	version := textOf(t, s, "SELECT id FROM secret_versions WHERE secret_id = ? AND number = 1", id)
	for _, person := range m.people {
		s.SQL(t, "UPDATE secrets SET version = 7, updated_at = 1 WHERE id = ?", id) // so that there is something to restore, each time
		out := people[person].Do(t, `mutation($id: ID!) { restoreSecretVersion(input: {versionId: $id}) { secret { version } errors { code } } }`, apptest.Vars{"id": version})
		cell := m.cells[state]["secret.restore_version"][person]
		want := cellCode(cell)
		if cell == "F" && m.cells[state]["secret.view_versions"][person] != "y" {
			want = "NOT_FOUND"
		}
		if out.Code() != want || cell == "y" && out.At("restoreSecretVersion", "secret", "version") != 8.0 {
			t.Errorf("%s: restore_version of %s: %q, want %q: %s", state, person, out.Code(), want, out.Body)
		}
		s.SQL(t, "DELETE FROM secret_versions WHERE secret_id = ? AND number > 1", id)
		s.SQL(t, "DELETE FROM sealed_versions WHERE secret_id = ? AND number > 1", id)
		s.SQL(t, "UPDATE secrets SET version = 1 WHERE id = ?", id)
	}
}

// left is the row of leave: what is given up is given back, as it was.
func (m *table) left(t *testing.T, s *apptest.Server, state string, people map[string]*apptest.Actor, id string) {
	t.Helper()
	for _, person := range m.people {
		s.SQL(t, "CREATE TABLE kept AS SELECT * FROM secret_grants WHERE user_id = ?", people[person].ID)
		out := people[person].Do(t, `mutation($id: ID!) { leaveSecret(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": id})
		cell := m.cells[state]["secret.leave"][person]
		if out.Code() != cellCode(cell) {
			t.Errorf("%s: leave of %s: %q, want %q: %s", state, person, out.Code(), cellCode(cell), out.Body)
		}
		if cell == "y" && s.Count(t, "secret_grants WHERE user_id = ?", people[person].ID) != 0 {
			t.Errorf("%s: %s left, and has their grant", state, person)
		}
		s.SQL(t, "DELETE FROM secret_grants WHERE user_id = ?", people[person].ID)
		s.SQL(t, "INSERT INTO secret_grants SELECT * FROM kept")
		s.SQL(t, "DROP TABLE kept")
	}
}

// deleted is the row of delete, in the last state; who may is last, and leaves nothing behind.
func (m *table) deleted(t *testing.T, s *apptest.Server, people map[string]*apptest.Actor, id string) {
	t.Helper()
	cells := m.cells[m.states[len(m.states)-1]]["secret.delete"]
	for _, person := range append(slices.DeleteFunc(slices.Clone(m.people), func(p string) bool { return p == "owner" }), "owner") {
		out := people[person].Do(t, `mutation($id: ID!) { deleteSecret(input: {id: $id}) { deletedId errors { code } } }`, apptest.Vars{"id": id})
		if out.Code() != cellCode(cells[person]) {
			t.Errorf("delete of %s: %q, want %q: %s", person, out.Code(), cellCode(cells[person]), out.Body)
		}
	}
	if n := s.Count(t, "secret_grants WHERE secret_id = ?", id) + s.Count(t, "secret_versions WHERE secret_id = ?", id) + s.Count(t, "sealed_versions WHERE secret_id = ?", id) +
		s.Count(t, "share_links WHERE secret_id = ?", id); n != 0 {
		t.Errorf("%d rows are left of a deleted secret", n)
	}
}

// B20: everybody tries everything with a group in every state.
//
//keyhall:norace
func TestEveryCellOfTheRoleMatrixOfGroupsHolds(t *testing.T) {
	t.Parallel()
	m := readTable(t, "group_matrix.txt", "group.")
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		people := map[string]*apptest.Actor{"anon": s.Anonymous(), "root": s.Administrator(t)}
		for _, person := range m.people {
			if people[person] == nil {
				people[person] = s.Actor(t, strings.ReplaceAll(person, "-", ""))
			}
		}
		owner, spare := people["owner"], s.Actor(t, "spare")
		s.JoinOrganization(t, owner.Home, people["org-own"], "OWNER")
		s.JoinOrganization(t, owner.Home, people["reader"], "READER")
		for _, state := range m.states {
			id := owner.MakeGroup(t, "Team", people["member"], people["late"], people["ex"])
			s.SQL(t, "UPDATE group_members SET expires_at = 1 WHERE group_id = ? AND user_id = ?", id, people["late"].ID)
			s.SQL(t, "DELETE FROM group_members WHERE group_id = ? AND user_id = ?", id, people["ex"].ID)
			s.SQL(t, `UPDATE "groups" SET members_can_view = ?, status = ? WHERE id = ?`,
				state == "members see each other", map[bool]string{true: "DISABLED", false: "ENABLED"}[state == "disabled"], id)
			member := textOf(t, s, "SELECT id FROM group_members WHERE group_id = ? AND user_id = ?", id, people["member"].ID)
			m.rows(t, state, people, `query($id: ID!) { group(id: $id) { viewerCan } }`, "group", id, map[string]string{
				"group.view":         `query($id: ID!) { group(id: $id) { id name } }`,
				"group.view_members": `query($id: ID!) { group(id: $id) { members(first: 1) { totalCount } } }`,
				"group.edit":         `mutation($id: ID!) { updateGroup(input: {id: $id, description: "d"}) { errors { code } } }`,
				"group.add_member":   fmt.Sprintf(`mutation($id: ID!) { addGroupMembers(input: {groupId: $id, members: [{login: %q}]}) { errors { code } } }`, spare.Username),
			}, func() { s.SQL(t, "DELETE FROM group_members WHERE group_id = ? AND user_id = ?", id, spare.ID) })
			m.ended(t, state, people, id, member)
		}
	})
}

// ended are the rows of the deeds that end something; who may is last.
func (m *table) ended(t *testing.T, state string, people map[string]*apptest.Actor, id, member string) {
	t.Helper()
	for _, row := range []struct{ permission, ask, id string }{
		{"group.leave", `mutation($id: ID!) { leaveGroup(input: {id: $id}) { errors { code } } }`, id},
		{"group.delete", `mutation($id: ID!) { deleteGroup(input: {id: $id}) { errors { code } } }`, id},
	} {
		cells := m.cells[state][row.permission]
		order := slices.Clone(m.people)
		slices.SortStableFunc(order, func(a, b string) int {
			return strings.Compare(fmt.Sprint(cells[a] == "y"), fmt.Sprint(cells[b] == "y"))
		})
		for _, person := range order {
			if row.permission == "group.leave" && cells[person] != "y" {
				m.removed(t, state, person, people[person], member)
			}
			out := people[person].Do(t, row.ask, apptest.Vars{"id": row.id})
			want := cellCode(cells[person])
			if row.permission == "group.delete" && person == "member" {
				want = "NOT_FOUND" // they have just left
			}
			if out.Code() != want {
				t.Errorf("%s: %s of %s: %q, want %q: %s", state, row.permission, person, out.Code(), want, out.Body)
			}
		}
	}
}

// removed is the row of remove_member for who may not: of a membership that they do not see nothing is said. The owner, who
// may, does it in TestARemovedMemberLosesWhatTheGroupGave.
func (m *table) removed(t *testing.T, state, person string, who *apptest.Actor, member string) {
	t.Helper()
	if person == "owner" {
		return
	}
	want := "NOT_FOUND"
	if person == "anon" {
		want = "UNAUTHENTICATED"
	}
	out := who.Do(t, `mutation($id: ID!) { removeGroupMember(input: {memberId: $id}) { errors { code } } }`, apptest.Vars{"id": member})
	if out.Code() != want {
		t.Errorf("%s: remove_member of %s: %q, want %q: %s", state, person, out.Code(), want, out.Body)
	}
}

// B20: what a group gave ends with the membership, at the very next request; who removes them is told what is left.
//
//keyhall:norace
func TestARemovedMemberLosesWhatTheGroupGave(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		id, team := ada.AddSecret(t, "Payments", "value"), ada.MakeGroup(t, "Team", ben)
		ada.ShareSecret(t, id, apptest.Vars{"groupId": team}, nil)
		if value, _ := ben.Reveal(t, id); value != "value" {
			t.Fatal("a member does not reveal")
		}
		place := ben.Must(t, `query($id: ID!) { group(id: $id) { id } }`, apptest.Vars{"id": team})
		member := textOf(t, s, "SELECT id FROM group_members WHERE group_id = ? AND user_id = ?", team, ben.ID)
		if got := ben.Do(t, `mutation($id: ID!) { removeGroupMember(input: {memberId: $id}) { errors { code } } }`, apptest.Vars{"id": member}).Code(); got != "FORBIDDEN" {
			t.Errorf("a member removes themself by the owner's deed: %q, %s", got, place.Body)
		}
		out := ada.Must(t, `mutation($id: ID!) { removeGroupMember(input: {memberId: $id}) { group { members(first: 5) { totalCount } } errors { code } } }`, apptest.Vars{"id": member})
		if out.At("removeGroupMember", "group", "members", "totalCount") != 0.0 {
			t.Errorf("removed: %s", out.Body)
		}
		if value, code := ben.Reveal(t, id); value != "" || code != "NOT_FOUND" {
			t.Errorf("after it ben reveals %q, %q", value, code)
		}
	})
}

// textOf is one text behind the curtain.
func textOf(t *testing.T, s *apptest.Server, query string, args ...any) (text string) {
	t.Helper()
	s.Row(t, query, args, &text)
	return text
}
