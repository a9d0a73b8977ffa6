package apptest

import (
	"path/filepath"
	"testing"

	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/token"
)

// Key is an issued key and what was shown once.
type Key struct{ ID, Plaintext, Secret string }

// CreateKey makes a key in a project ("" for the default one) as its owner.
func (a *Actor) CreateKey(t testing.TB, name, projectID, kind string) Key {
	t.Helper()
	vars := Vars{"name": name, "kind": kind}
	if projectID != "" {
		vars["project"] = projectID
	}
	out := a.Must(t, `mutation($name: String!, $project: ID, $kind: APIKeyKind!) {
		createAPIKey(input: {name: $name, projectId: $project, kind: $kind}) { apiKey { id } plaintext secret errors { code } } }`, vars)
	return Key{out.Text("createAPIKey", "apiKey", "id"), out.Text("createAPIKey", "plaintext"), out.Text("createAPIKey", "secret")}
}

// Invite offers somebody a role on a key and returns the invitation's id.
func (a *Actor) Invite(t testing.TB, keyID string, who *Actor, role string) string {
	t.Helper()
	out := a.Must(t, `mutation($key: ID!, $email: String!, $role: InvitableRole!, $own: String!) {
		inviteCollaborators(input: {apiKeyId: $key, emails: [$email], role: $role, confirmEmail: $own}) {
			results { invitation { id } error { code } } errors { code } } }`,
		Vars{"key": keyID, "email": who.Email, "role": role, "own": a.Email})
	id := out.Text("inviteCollaborators", "results", 0, "invitation", "id")
	if id == "" {
		t.Fatalf("no invitation: %s", out.Body)
	}
	return id
}

// Accept takes an offered place.
func (a *Actor) Accept(t testing.TB, invitationID string) {
	t.Helper()
	a.Must(t, `mutation($id: ID!) { acceptInvitation(input: {invitationId: $id}) { invitation { status } errors { code } } }`,
		Vars{"id": invitationID})
}

// Share invites somebody and has them accept; it returns the id of their place.
func (a *Actor) Share(t testing.TB, keyID string, who *Actor, role string) string {
	t.Helper()
	who.Accept(t, a.Invite(t, keyID, who, role))
	out := who.Must(t, `query($id: ID!) { apiKey(id: $id) { viewerMembership { id } } }`, Vars{"id": keyID})
	return out.Text("apiKey", "viewerMembership", "id")
}

// JoinOrganization and JoinProject write the places that only later releases have mutations for.
func (s *Server) JoinOrganization(t testing.TB, organizationID string, who *Actor, role string) {
	t.Helper()
	s.SQL(t, "INSERT INTO organization_members (id, created_at, organization_id, user_id, role) VALUES (?, 1, ?, ?, ?)",
		"orm_"+s.counter.next("fixture"), organizationID, who.ID, role)
}

// JoinProject puts somebody into a project. The law counts them only while they are in its organization too.
func (s *Server) JoinProject(t testing.TB, projectID string, who *Actor, role string) {
	t.Helper()
	s.SQL(t, "INSERT INTO project_members (id, created_at, project_id, user_id, role) VALUES (?, 1, ?, ?, ?)",
		"prm_"+s.counter.next("fixture"), projectID, who.ID, role)
}

// AddSecret keeps a value as a secret of the actor's own organization, and returns its id.
func (a *Actor) AddSecret(t testing.TB, name, value string) string {
	t.Helper()
	out := a.Must(t, `mutation($org: ID!, $name: String!, $value: String) {
		createSecret(input: {organizationId: $org, name: $name, url: "https://api.example.com", clientId: "client", clientSecret: $value}) {
			secret { id } errors { code } } }`, Vars{"org": a.Home, "name": name, "value": value})
	return out.Text("createSecret", "secret", "id")
}

// ShareSecret gives a grant; to is what GranteeRef says, and more is what GrantInput says beside it.
func (a *Actor) ShareSecret(t testing.TB, secretID string, to Vars, more Vars) {
	t.Helper()
	grant := Vars{"grantee": to}
	for name, value := range more {
		grant[name] = value
	}
	a.Must(t, `mutation($id: ID!, $grant: GrantInput!) { shareSecrets(input: {secretIds: [$id], grants: [$grant]}) { secrets { id } errors { code message path } } }`,
		Vars{"id": secretID, "grant": grant})
}

// Reveal shows the value of a secret, or the code of why not.
func (a *Actor) Reveal(t testing.TB, secretID string) (value, code string) {
	t.Helper()
	out := a.Do(t, `mutation($id: ID!) { revealSecret(input: {id: $id, purpose: SHOW}) { clientSecret errors { code } } }`, Vars{"id": secretID})
	return out.Text("revealSecret", "clientSecret"), out.Code()
}

// PutLink is a one-time link to a secret that nobody can open, where links are switched off too, and returns its id.
func (s *Server) PutLink(t testing.TB, secretID string, maker *Actor) string {
	t.Helper()
	id := "shl_" + s.counter.next("fixture")
	s.SQL(t, `INSERT INTO share_links (id, created_at, secret_id, created_by_id, recipient_email, version, name, client_id, lookup, hash, pepper_id, generation,
		passphrase_hash, passphrase_required, code_required, max_views, view_count, misses, expires_at, revoked_at, last_viewed_at, ended_at)
		VALUES (?, 1, ?, ?, 'recipient@keyhall.test', 1, 'n', 'c', ?, ?, 'p', 1, '', ?, ?, 1, 0, 0, ?, 0, 0, 0)`,
		id, secretID, maker.ID, id, []byte{1}, false, false, int64(1)<<60)
	return id
}

// MakeGroup makes a group in the actor's own organization with these members, and returns its id.
func (a *Actor) MakeGroup(t testing.TB, name string, members ...*Actor) string {
	t.Helper()
	out := a.Must(t, `mutation($org: ID!, $name: String!) { createGroup(input: {organizationId: $org, name: $name}) { group { id } errors { code } } }`,
		Vars{"org": a.Home, "name": name})
	id := out.Text("createGroup", "group", "id")
	for _, m := range members {
		a.Must(t, `mutation($id: ID!, $login: String!) { addGroupMembers(input: {groupId: $id, members: [{login: $login}]}) { group { id } errors { code message path } } }`,
			Vars{"id": id, "login": m.Username})
	}
	return id
}

// MakeOrganization makes an organization that the actor owns, and returns its id.
func (a *Actor) MakeOrganization(t testing.TB, name string) string {
	t.Helper()
	out := a.Must(t, `mutation($name: String!) { createOrganization(input: {name: $name}) { organization { id } errors { code path } } }`, Vars{"name": name})
	return out.Text("createOrganization", "organization", "id")
}

// InviteTo offers somebody a place in an organization, and in projects of it, and returns the invitation's id.
func (a *Actor) InviteTo(t testing.TB, organizationID, email, role string, projects ...Vars) string {
	t.Helper()
	out := a.Must(t, `mutation($org: ID!, $email: String!, $role: OrganizationRole!, $projects: [ProjectRoleInput!]) {
		inviteToOrganization(input: {organizationId: $org, emails: [$email], role: $role, projects: $projects}) { results { invitation { id } error { code } } errors { code path } } }`,
		Vars{"org": organizationID, "email": email, "role": role, "projects": projects})
	id := out.Text("inviteToOrganization", "results", 0, "invitation", "id")
	if id == "" {
		t.Fatalf("no invitation: %s", out.Body)
	}
	return id
}

// PutVerifier gives a project a verifier token and returns it.
func (s *Server) PutVerifier(t testing.TB, projectID string, maker *Actor) string {
	t.Helper()
	keys, err := keyring.Load(filepath.Join(s.Dir, keyring.FileName), false)
	if err != nil {
		t.Fatal(err)
	}
	v := token.New(token.VerifierToken)
	hash, pepper := v.Hash(keys)
	s.SQL(t, `INSERT INTO verifier_tokens (id, created_at, project_id, name, start, lookup, hash, pepper_id, created_by_id, last_used_at)
		VALUES (?, 1, ?, 'gateway', ?, ?, ?, ?, ?, 0)`, "vft_"+v.ID(), projectID, v.Start(), v.ID(), hash, pepper, maker.ID)
	return v.Expose()
}

// PutMachines gives somebody's own project a service account with a key, a verifier token, and a group among its members.
func (s *Server) PutMachines(t testing.TB, who *Actor, groupID string) {
	t.Helper()
	service := who.Must(t, `mutation($p: ID!) { createServiceAccount(input: {projectId: $p, name: "machine"}) { serviceAccount { id } errors { code } } }`,
		Vars{"p": who.Project}).Text("createServiceAccount", "serviceAccount", "id")
	who.Must(t, `mutation($p: ID!, $s: ID!) { createAPIKey(input: {projectId: $p, serviceAccountId: $s, name: "machine"}) { errors { code } } }`, Vars{"p": who.Project, "s": service})
	who.Must(t, `mutation($p: ID!) { createVerifierToken(input: {projectId: $p, name: "gateway"}) { errors { code } } }`, Vars{"p": who.Project})
	who.Must(t, `mutation($p: ID!, $g: ID!) { addProjectMember(input: {projectId: $p, grantee: {groupId: $g}, role: MEMBER}) { errors { code } } }`, Vars{"p": who.Project, "g": groupID})
}
