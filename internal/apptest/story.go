package apptest

import "testing"

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
