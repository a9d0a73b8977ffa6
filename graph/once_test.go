package graph_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

// twice is one mutation that is sent twice under one key.
type twice struct {
	ask    string   // with every field that could tell something
	values []string // what is shown once: null the second time, with ALREADY_DELIVERED
	ready  func(t *testing.T, c *repeats) (*apptest.Actor, apptest.Vars)
}

// repeats is what the mutations act on.
type repeats struct {
	*apptest.Server
	ada, ben, root *apptest.Actor
	key            string
}

// onAKey is an operation on a key of ada's that nobody else uses.
func onAKey(t *testing.T, c *repeats) (*apptest.Actor, apptest.Vars) {
	t.Helper()
	c.key = c.ada.CreateKey(t, "twice", "", "PROJECT").ID
	return c.ada, apptest.Vars{"id": c.key}
}

func onAnInvitation(by func(*repeats) *apptest.Actor) func(*testing.T, *repeats) (*apptest.Actor, apptest.Vars) {
	return func(t *testing.T, c *repeats) (*apptest.Actor, apptest.Vars) {
		t.Helper()
		onAKey(t, c)
		return by(c), apptest.Vars{"id": c.ada.Invite(t, c.key, c.ben, "CONTRIBUTOR")}
	}
}

func onAPlace(t *testing.T, c *repeats) (*apptest.Actor, apptest.Vars) {
	t.Helper()
	onAKey(t, c)
	return c.ada, apptest.Vars{"id": c.ada.Share(t, c.key, c.ben, "CONTRIBUTOR")}
}

// allRepeats is every mutation of the schema, by hand. One that is missing fails the test; those that run anew each time
// have their own tests below.
func allRepeats() map[string]twice {
	deed := func(mutation, input, result string) string {
		return `mutation($id: ID!) { ` + mutation + `(input: {` + input + `}) { ` + result + ` errors { code } } }`
	}
	ada, ben := func(c *repeats) *apptest.Actor { return c.ada }, func(c *repeats) *apptest.Actor { return c.ben }
	alone := func(_ *testing.T, c *repeats) (*apptest.Actor, apptest.Vars) { return c.ada, nil }
	const key = "apiKey { id name status }"
	return map[string]twice{
		"createAPIKey":           {`mutation { createAPIKey(input: {name: "twice"}) { ` + key + ` plaintext secret errors { code } } }`, []string{"plaintext", "secret"}, alone},
		"updateAPIKey":           {deed("updateAPIKey", `id: $id, name: "renamed"`, key), nil, onAKey},
		"revealAPIKeySecret":     {deed("revealAPIKeySecret", `id: $id, reason: "because"`, "secret revealCount"), []string{"secret", "revealCount"}, onAKey},
		"rotateAPIKey":           {deed("rotateAPIKey", `id: $id, overlapSeconds: 60`, key+" plaintext secret"), []string{"plaintext", "secret"}, onAKey},
		"rotateAPIKeySecret":     {deed("rotateAPIKeySecret", `id: $id`, key+" secret"), []string{"secret"}, onAKey},
		"markAPIKeyExposed":      {deed("markAPIKeyExposed", `id: $id, reason: "seen in a log"`, key+" plaintext secret"), []string{"plaintext", "secret"}, onAKey},
		"disableAPIKey":          {deed("disableAPIKey", `id: $id`, key), nil, onAKey},
		"enableAPIKey":           {deed("enableAPIKey", `id: $id`, key), nil, onADisabledKey},
		"deleteAPIKey":           {deed("deleteAPIKey", `id: $id`, "deletedId"), nil, onAKey},
		"updateSecuritySettings": {deed("updateSecuritySettings", `apiKeyId: $id, requireSecret: true, origins: ["https://example.com"]`, "apiKey { id securitySettings { requireSecret origins } }"), nil, onAKey},
		"updateLimits":           {deed("updateLimits", `targetId: $id, rates: [{requests: 3, windowSeconds: 1}], spend: {amount: "2.50", currency: "USD"}`, "limits { rates { requests } spend { amount { amount } } }"), nil, onAKey},
		"acceptInvitation":       {deed("acceptInvitation", `invitationId: $id`, "invitation { id status }"), nil, onAnInvitation(ben)},
		"declineInvitation":      {deed("declineInvitation", `invitationId: $id`, "invitation { id status }"), nil, onAnInvitation(ben)},
		"revokeInvitation":       {deed("revokeInvitation", `invitationId: $id`, "invitation { id status }"), nil, onAnInvitation(ada)},
		"resendInvitation":       {deed("resendInvitation", `invitationId: $id`, "invitation { id status resendCount }"), nil, onAnInvitation(ada)},
		"updateCollaboratorRole": {deed("updateCollaboratorRole", `collaboratorId: $id, role: ADMIN`, "collaborator { id role }"), nil, onAPlace},
		"removeCollaborator":     {deed("removeCollaborator", `collaboratorId: $id`, key), nil, onAPlace},
		"leaveAPIKey":            {deed("leaveAPIKey", `id: $id`, ""), nil, leaving},
		"createSecret": {deed("createSecret", `organizationId: $id, name: "twice", url: "https://x.example", clientId: "c", clientSecret: "v"`, "secret { id name version }"), nil,
			func(_ *testing.T, c *repeats) (*apptest.Actor, apptest.Vars) {
				return c.ada, apptest.Vars{"id": c.ada.Home}
			}},
		"updateSecret":   {deed("updateSecret", `id: $id, name: "renamed", clientSecret: "w"`, "secret { id name version }"), nil, onASecret},
		"revealSecret":   {deed("revealSecret", `id: $id, purpose: SHOW, reason: "because"`, "clientSecret version revealCount"), []string{"clientSecret", "version", "revealCount"}, onASecret},
		"shareSecrets":   {`mutation($id: ID!, $login: String!) { shareSecrets(input: {secretIds: [$id], grants: [{grantee: {login: $login}, canEdit: true}]}) { secrets { id shared } errors { code } } }`, nil, toBen(onASecret)},
		"unshareSecret":  {`mutation($id: ID!, $grant: ID!) { unshareSecret(input: {secretId: $id, grantIds: [$grant]}) { secret { id shared } errors { code } } }`, nil, onAGrant},
		"disableSecrets": {deed("disableSecrets", `ids: [$id]`, "secrets { id status }"), nil, onASecret},
		"enableSecrets": {deed("enableSecrets", `ids: [$id]`, "secrets { id status }"), nil,
			func(t *testing.T, c *repeats) (*apptest.Actor, apptest.Vars) {
				who, vars := onASecret(t, c)
				who.Must(t, `mutation($id: ID!) { disableSecrets(input: {ids: [$id]}) { errors { code } } }`, vars)
				return who, vars
			}},
		"deleteSecret": {deed("deleteSecret", `id: $id`, "deletedId"), nil, onASecret},
		"restoreSecretVersion": {deed("restoreSecretVersion", `versionId: $id`, "secret { id version hasValue }"), nil,
			func(t *testing.T, c *repeats) (*apptest.Actor, apptest.Vars) {
				who, vars := onASecret(t, c)
				who.Must(t, `mutation($id: ID!) { updateSecret(input: {id: $id, clientSecret: "w"}) { errors { code } } }`, vars)
				return who, apptest.Vars{"id": textOf(t, c.Server, "SELECT id FROM secret_versions WHERE secret_id = ? AND number = 1", vars["id"])}
			}},
		"leaveSecret": {deed("leaveSecret", `id: $id`, ""), nil,
			func(t *testing.T, c *repeats) (*apptest.Actor, apptest.Vars) {
				_, vars := onAGrant(t, c)
				return c.ben, apptest.Vars{"id": vars["id"]}
			}},
		"createShareLink": {deed("createShareLink", `secretId: $id, expiresInSeconds: 3600`, "shareLink { id status viewsLeft } url"), []string{"url"}, onASecret},
		"resendShareLink": {deed("resendShareLink", `id: $id`, "shareLink { id status viewsLeft } url"), []string{"url"}, onALink},
		"revokeShareLink": {deed("revokeShareLink", `id: $id`, "shareLink { id status }"), nil, onALink},
		"createGroup": {deed("createGroup", `organizationId: $id, name: "twice"`, "group { id name }"), nil,
			func(_ *testing.T, c *repeats) (*apptest.Actor, apptest.Vars) {
				return c.ada, apptest.Vars{"id": c.ada.Home}
			}},
		"updateGroup":        {deed("updateGroup", `id: $id, status: DISABLED`, "group { id status }"), nil, onAGroup},
		"deleteGroup":        {deed("deleteGroup", `id: $id`, "deletedId"), nil, onAGroup},
		"addGroupMembers":    {`mutation($id: ID!, $login: String!) { addGroupMembers(input: {groupId: $id, members: [{login: $login}]}) { group { id members(first: 5) { totalCount } } errors { code } } }`, nil, toBen(onAnEmptyGroup)},
		"removeGroupMember":  {deed("removeGroupMember", `memberId: $id`, "group { id members(first: 5) { totalCount } }"), nil, onAMembership},
		"leaveGroup":         {deed("leaveGroup", `id: $id`, ""), nil, leavingAGroup},
		"createOrganization": {`mutation { createOrganization(input: {name: "Twice"}) { organization { id name slug viewerRole } errors { code } } }`, nil, alone},
		"updateOrganization": {deed("updateOrganization", `id: $id, name: "renamed", billingEmail: "bills@keyhall.test"`, "organization { id name }"), nil, onAnOrganization},
		"deleteOrganization": {`mutation($id: ID!, $name: String!) { deleteOrganization(input: {id: $id, confirmName: $name}) { deletedId errors { code } } }`, nil, onAnOrganization},
		"inviteToOrganization": {`mutation($id: ID!, $emails: [String!]!) { inviteToOrganization(input: {organizationId: $id, emails: $emails, role: READER}) {
			results { email invitation { id email status role } link error { code } } errors { code } } }`, []string{"results.link"},
			func(t *testing.T, c *repeats) (*apptest.Actor, apptest.Vars) {
				who, vars := onAnOrganization(t, c)
				return who, apptest.Vars{"id": vars["id"], "emails": []string{c.ben.Email, "no address", who.Email}}
			}},
		"updateOrganizationMember": {deed("updateOrganizationMember", `memberId: $id, role: OWNER`, "member { id role user { id } }"), nil,
			func(t *testing.T, c *repeats) (*apptest.Actor, apptest.Vars) {
				who, vars := onAnOrganization(t, c)
				c.JoinOrganization(t, vars["id"].(string), c.ben, "READER")
				return who, apptest.Vars{"id": membership(t, c.Server, vars["id"].(string), c.ben)}
			}},
		"leaveOrganization": {deed("leaveOrganization", `id: $id`, ""), nil,
			func(t *testing.T, c *repeats) (*apptest.Actor, apptest.Vars) {
				onAProject(t, c)
				return c.ben, apptest.Vars{"id": c.ada.Home}
			}},
		"removeOrganizationMember": {deed("removeOrganizationMember", `memberId: $id`, "organization { id name }"), nil,
			func(t *testing.T, c *repeats) (*apptest.Actor, apptest.Vars) {
				onAProject(t, c)
				return c.ada, apptest.Vars{"id": textOf(t, c.Server, "SELECT id FROM organization_members WHERE organization_id = ? AND user_id = ?", c.ada.Home, c.ben.ID)}
			}},
		"createProject":         {deed("createProject", `organizationId: $id, name: "twice", environment: STAGING`, "project { id name }"), nil, atHome},
		"updateProject":         {deed("updateProject", `id: $id, name: "renamed"`, "project { id name }"), nil, onAProject},
		"archiveProject":        {deed("archiveProject", `id: $id`, "project { id archivedAt }"), nil, onAProject},
		"unarchiveProject":      {deed("unarchiveProject", `id: $id`, "project { id archivedAt }"), nil, onAProject},
		"addProjectMember":      {`mutation($id: ID!, $login: String!) { addProjectMember(input: {projectId: $id, grantee: {login: $login}, role: MEMBER}) { member { id role } errors { code } } }`, nil, toBen(onAProject)},
		"updateProjectMember":   {deed("updateProjectMember", `memberId: $id, role: OWNER`, "member { id role }"), nil, onAProjectMember},
		"removeProjectMember":   {deed("removeProjectMember", `memberId: $id`, "project { id }"), nil, onAProjectMember},
		"createServiceAccount":  {deed("createServiceAccount", `projectId: $id, name: "twice"`, "serviceAccount { id name }"), nil, onAProject},
		"disableServiceAccount": {deed("disableServiceAccount", `id: $id`, "serviceAccount { id disabledAt }"), nil, onAServiceAccount},
		"enableServiceAccount": {deed("enableServiceAccount", `id: $id`, "serviceAccount { id disabledAt }"), nil,
			func(t *testing.T, c *repeats) (*apptest.Actor, apptest.Vars) {
				who, vars := onAServiceAccount(t, c)
				who.Must(t, disableService, vars)
				return who, vars
			}},
		"createVerifierToken": {deed("createVerifierToken", `projectId: $id, name: "gateway"`, "verifierToken { id name } plaintext"), []string{"plaintext"}, onAProject},
		"revokeVerifierToken": {deed("revokeVerifierToken", `id: $id`, "revokedId"), nil,
			func(t *testing.T, c *repeats) (*apptest.Actor, apptest.Vars) {
				who, vars := onAProject(t, c)
				return who, apptest.Vars{"id": who.Must(t, createVerifier, apptest.Vars{"project": vars["id"]}).Text("createVerifierToken", "verifierToken", "id")}
			}},
		"moveAPIKeyToProject": {`mutation($id: ID!, $project: ID!) { moveAPIKeyToProject(input: {id: $id, projectId: $project}) { ` + key + ` plaintext secret errors { code } } }`, []string{"plaintext", "secret"},
			func(t *testing.T, c *repeats) (*apptest.Actor, apptest.Vars) {
				return c.ada, apptest.Vars{"id": c.ada.CreateKey(t, "twice", "", "PERSONAL").ID, "project": c.ada.Project}
			}},
		"updateProfile":     {`mutation { updateProfile(input: {name: "Ada L."}) { user { id name } errors { code } } }`, nil, alone},
		"createAccessToken": {`mutation { createAccessToken(input: {name: "robot"}) { accessToken { id name } plaintext errors { code } } }`, []string{"plaintext"}, alone},
		"revokeAccessToken": {deed("revokeAccessToken", `id: $id`, "revokedId"), nil, onAToken},
		"revokeSession":     {deed("revokeSession", `id: $id`, "revokedId"), nil, onASession},
		"setUserStatus": {deed("setUserStatus", `userId: $id, emailVerified: true`, "user { id }"), nil,
			func(_ *testing.T, c *repeats) (*apptest.Actor, apptest.Vars) {
				return c.root, apptest.Vars{"id": c.root.ID}
			}},
		"inviteCollaborators": {`mutation($id: ID!, $emails: [String!]!, $own: String!) { inviteCollaborators(input: {apiKeyId: $id, emails: $emails, role: ADMIN, confirmEmail: $own}) {
			results { email invitation { id email status role } error { code } } errors { code } } }`, nil, inviting},
	}
}

func atHome(_ *testing.T, c *repeats) (*apptest.Actor, apptest.Vars) {
	return c.ada, apptest.Vars{"id": c.ada.Home}
}

// onAProject of ada's organization, in which ben reads.
func onAProject(t *testing.T, c *repeats) (*apptest.Actor, apptest.Vars) {
	t.Helper()
	if c.Count(t, "organization_members WHERE organization_id = ? AND user_id = ?", c.ada.Home, c.ben.ID) == 0 {
		c.JoinOrganization(t, c.ada.Home, c.ben, "READER")
	}
	return c.ada, apptest.Vars{"id": newProject(t, c.ada, c.ada.Home, "twice", "STAGING")}
}

func onAProjectMember(t *testing.T, c *repeats) (*apptest.Actor, apptest.Vars) {
	t.Helper()
	who, vars := onAProject(t, c)
	return who, apptest.Vars{"id": join(t, who, vars["id"].(string), apptest.Vars{"userId": c.ben.ID}, "MEMBER")}
}

func onAServiceAccount(t *testing.T, c *repeats) (*apptest.Actor, apptest.Vars) {
	t.Helper()
	who, vars := onAProject(t, c)
	out := who.Must(t, createService, apptest.Vars{"project": vars["id"], "name": "ci"})
	return who, apptest.Vars{"id": out.Text("createServiceAccount", "serviceAccount", "id")}
}

func onADisabledKey(t *testing.T, c *repeats) (*apptest.Actor, apptest.Vars) {
	t.Helper()
	who, vars := onAKey(t, c)
	who.Must(t, `mutation($id: ID!) { disableAPIKey(input: {id: $id}) { errors { code } } }`, vars)
	return who, vars
}

func onAnOrganization(t *testing.T, c *repeats) (*apptest.Actor, apptest.Vars) {
	t.Helper()
	name := fmt.Sprintf("Twice %d", c.Count(t, "organizations"))
	return c.ada, apptest.Vars{"id": c.ada.MakeOrganization(t, name), "name": name}
}

func onASecret(t *testing.T, c *repeats) (*apptest.Actor, apptest.Vars) {
	t.Helper()
	return c.ada, apptest.Vars{"id": c.ada.AddSecret(t, "twice", "v")}
}

func onALink(t *testing.T, c *repeats) (*apptest.Actor, apptest.Vars) {
	t.Helper()
	who, vars := onASecret(t, c)
	link, _ := makeLink(t, who, vars["id"].(string), nil)
	return who, apptest.Vars{"id": link}
}

func onAGrant(t *testing.T, c *repeats) (*apptest.Actor, apptest.Vars) {
	t.Helper()
	who, vars := onASecret(t, c)
	who.ShareSecret(t, vars["id"].(string), apptest.Vars{"login": c.ben.Username}, nil)
	out := who.Must(t, `query($id: ID!) { secret(id: $id) { grants(first: 1) { nodes { id } } } }`, vars)
	vars["grant"] = out.Text("secret", "grants", "nodes", 0, "id")
	return who, vars
}

func onAGroup(t *testing.T, c *repeats) (*apptest.Actor, apptest.Vars) {
	t.Helper()
	return c.ada, apptest.Vars{"id": c.ada.MakeGroup(t, "twice", c.ben)}
}

func onAnEmptyGroup(t *testing.T, c *repeats) (*apptest.Actor, apptest.Vars) {
	t.Helper()
	return c.ada, apptest.Vars{"id": c.ada.MakeGroup(t, "twice")}
}

// toBen names him beside the thing.
func toBen(on func(*testing.T, *repeats) (*apptest.Actor, apptest.Vars)) func(*testing.T, *repeats) (*apptest.Actor, apptest.Vars) {
	return func(t *testing.T, c *repeats) (*apptest.Actor, apptest.Vars) {
		t.Helper()
		who, vars := on(t, c)
		vars["login"] = c.ben.Username
		return who, vars
	}
}

func onAMembership(t *testing.T, c *repeats) (*apptest.Actor, apptest.Vars) {
	t.Helper()
	who, vars := onAGroup(t, c)
	out := who.Must(t, `query($id: ID!) { group(id: $id) { members(first: 1) { nodes { id } } } }`, vars)
	return who, apptest.Vars{"id": out.Text("group", "members", "nodes", 0, "id")}
}

func leavingAGroup(t *testing.T, c *repeats) (*apptest.Actor, apptest.Vars) {
	t.Helper()
	_, vars := onAGroup(t, c)
	return c.ben, vars
}

func leaving(t *testing.T, c *repeats) (*apptest.Actor, apptest.Vars) {
	t.Helper()
	onAPlace(t, c)
	return c.ben, apptest.Vars{"id": c.key}
}

func onAToken(t *testing.T, c *repeats) (*apptest.Actor, apptest.Vars) {
	t.Helper()
	out := c.ada.Must(t, `mutation { createAccessToken(input: {name: "robot"}) { accessToken { id } errors { code } } }`, nil)
	return c.ada, apptest.Vars{"id": out.Text("createAccessToken", "accessToken", "id")}
}

func onASession(t *testing.T, c *repeats) (*apptest.Actor, apptest.Vars) {
	t.Helper()
	other := *c.ada
	other.SignIn(t)
	out := other.Must(t, `{ viewer { sessions(first: 100) { nodes { id current } } } }`, nil)
	sessions, _ := out.At("viewer", "sessions", "nodes").([]any)
	for _, s := range sessions {
		if row, _ := s.(map[string]any); row["current"] == true {
			return c.ada, apptest.Vars{"id": row["id"]}
		}
	}
	t.Fatal("no session is the current one")
	return nil, nil
}

func inviting(t *testing.T, c *repeats) (*apptest.Actor, apptest.Vars) {
	t.Helper()
	onAKey(t, c)
	emails := []string{c.ben.Email, "nobody@keyhall.test", strings.ToUpper(c.ben.Email), "no address", c.root.Email}
	return c.ada, apptest.Vars{"id": c.key, "emails": emails, "own": c.ada.Email}
}

// everything is what all tables hold.
func everything(t *testing.T, s *apptest.Server, tables map[string][]string) map[string][]string {
	t.Helper()
	e, out := &estate{Server: s}, map[string][]string{}
	for table, columns := range tables {
		rows := e.dump(t, table, columns, "1 = 1")
		slices.Sort(rows)
		out[table] = rows
	}
	return out
}

func same(t *testing.T, what string, before, after map[string][]string) {
	t.Helper()
	for table := range before {
		if !slices.Equal(before[table], after[table]) {
			t.Errorf("%s wrote to %s:\n%s\nbefore\n%s", what, table, strings.Join(after[table], "\n"), strings.Join(before[table], "\n"))
		}
	}
}

//keyhall:norace
func TestEveryMutationIsDoneOnceUnderItsKey(t *testing.T) {
	t.Parallel()
	anew := []string{ // TestSignInUnderAKeyIsNeverReplayed, TestSignOutEndsTheSessionThatAsks; what a link or a password does it does once
		"signUp", "signIn", "signOut", "openInvitation", "verifyEmail", "resendVerification", "requestPasswordReset", "resetPassword", "changePassword",
		"openShareLink", // TestALinkShowsNoMoreThanItsViews; whoever has it need have no account
	}
	for _, f := range loadSchema(t).Mutation.Fields {
		if _, ok := allRepeats()[f.Name]; !ok && !slices.Contains(anew, f.Name) {
			t.Errorf("nobody says what a replay of %s is: put it on the list, and into graph/replays.go", f.Name)
		}
	}
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		c := &repeats{Server: s, ada: s.Actor(t, "ada"), ben: s.Actor(t, "ben"), root: s.Administrator(t)}
		tables := (&estate{Server: s}).tables(t)
		for _, mutation := range slices.Sorted(maps.Keys(allRepeats())) {
			r := allRepeats()[mutation]
			who, vars := r.ready(t, c)
			start := everything(t, s, tables)
			first := who.Once(t, r.ask, vars, "key of "+mutation)
			if first.Code() != "" {
				t.Fatalf("%s: %s", mutation, first.Body)
			}
			before := everything(t, s, tables)
			if done := len(before["idempotency_keys"]) - len(start["idempotency_keys"]); done != 1 {
				t.Errorf("%s is remembered %d times", mutation, done)
			}
			second := who.Once(t, r.ask, vars, "key of "+mutation)
			same(t, mutation+" again", before, everything(t, s, tables))
			r.compare(t, mutation, first, second)
		}
	}, withLinks)
}

// compare holds the second answer against the first: the same but for what is shown once.
func (r twice) compare(t *testing.T, mutation string, first, second apptest.Answer) {
	t.Helper()
	want, _ := first.At(mutation).(map[string]any)
	want = maps.Clone(want)
	for _, value := range r.values {
		if list, field, nested := strings.Cut(value, "."); nested {
			hidden := []any{}
			for _, row := range want[list].([]any) {
				row := maps.Clone(row.(map[string]any))
				row[field] = nil
				hidden = append(hidden, row)
			}
			want[list] = hidden
			continue
		}
		if want[value] == nil {
			t.Errorf("%s did not show its %s: %s", mutation, value, first.Body)
		}
		want[value] = nil
	}
	if len(r.values) > 0 {
		want["errors"] = []any{map[string]any{"code": "ALREADY_DELIVERED"}}
	}
	if got := second.At(mutation); len(second.Errors) > 0 || !reflect.DeepEqual(got, any(want)) {
		t.Errorf("%s again: %s\nwant %v", mutation, second.Body, want)
	}
}

//keyhall:norace
func TestSignInUnderAKeyIsNeverReplayed(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		cookies := map[string]bool{}
		for range 2 {
			for _, who := range []*apptest.Actor{s.Anonymous(), ada} {
				out := who.Once(t, `mutation($login: String!, $password: String!) { signIn(input: {login: $login, password: $password}) { viewer { email } errors { code } } }`,
					apptest.Vars{"login": ada.Username, "password": apptest.Password}, "same key")
				if len(out.Cookies) != 1 || out.Text("signIn", "viewer", "email") != ada.Email {
					t.Fatalf("signing in: %s", out.Body)
				}
				cookies[out.Cookies[0].Value] = true
			}
		}
		wrong := s.Anonymous().Once(t, `mutation($login: String!) { signIn(input: {login: $login, password: "wrong"}) { viewer { email } errors { code } } }`, apptest.Vars{"login": ada.Username}, "same key")
		if wrong.Code() != "BAD_CREDENTIALS" || len(wrong.Cookies) > 0 {
			t.Errorf("a wrong password under a used key: %s", wrong.Body)
		}
		if n := s.Count(t, "idempotency_keys"); n != 0 || len(cookies) != 4 {
			t.Errorf("%d keys are remembered, %d cookies differ", n, len(cookies))
		}
		const up = `mutation($name: String!) { signUp(input: {email: "new@keyhall.test", username: $name, name: "N", password: "a long enough password"}) { errors { code } } }`
		for _, name := range []string{"nova", "novus"} { // the second answers like the first, as for any known address
			if out := s.Anonymous().Once(t, up, apptest.Vars{"name": name}, "same key"); out.Code() != "" {
				t.Errorf("signing up: %s", out.Body)
			}
		}
		if n := s.Count(t, "users WHERE email = 'new@keyhall.test'"); n != 1 {
			t.Errorf("%d accounts", n)
		}
	})
}

//keyhall:norace
func TestSignOutEndsTheSessionThatAsksUnderAnyKey(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		other := *ada
		other.SignIn(t)
		for i, who := range []*apptest.Actor{ada, &other} {
			if out := who.Once(t, `mutation { signOut { errors { code } } }`, nil, "same key"); out.Code() != "" {
				t.Errorf("signing out: %s", out.Body)
			}
			if n := s.Count(t, "sessions WHERE user_id = ?", ada.ID); n != 1-i {
				t.Errorf("%d sessions are left", n)
			}
		}
	})
}

const renameOnce = `mutation($id: ID!, $name: String!) { updateAPIKey(input: {id: $id, name: $name}) { apiKey { id name } errors { code message } } }`

//keyhall:norace
func TestAnotherRequestUnderAUsedKeyIsRefused(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		key, other := ada.CreateKey(t, "one", "", "PROJECT").ID, ada.CreateKey(t, "two", "", "PROJECT").ID
		ada.Once(t, renameOnce, apptest.Vars{"id": key, "name": "renamed"}, "k")
		tables := (&estate{Server: s}).tables(t)
		before := everything(t, s, tables)
		for what, ask := range map[string]string{
			"another name":           fmt.Sprintf(`mutation { m: updateAPIKey(input: {id: %q, name: "other"}) { apiKey { id } errors { code } } }`, key),
			"another thing":          fmt.Sprintf(`mutation { m: updateAPIKey(input: {id: %q, name: "renamed"}) { apiKey { id } errors { code } } }`, other),
			"one more field":         fmt.Sprintf(`mutation { m: updateAPIKey(input: {id: %q, name: "renamed", description: null}) { apiKey { id } errors { code } } }`, key),
			"one that is not valid":  fmt.Sprintf(`mutation { m: updateAPIKey(input: {id: %q, name: ""}) { apiKey { id } errors { code } } }`, key),
			"a hidden thing":         `mutation { m: updateAPIKey(input: {id: "key_01JCZ3V8Q4T2N6M0R5W7Y9B1DF", name: "renamed"}) { apiKey { id } errors { code } } }`,
			"another mutation":       fmt.Sprintf(`mutation { m: disableAPIKey(input: {id: %q}) { apiKey { id } errors { code } } }`, key),
			"one that makes things":  `mutation { m: createAPIKey(input: {name: "renamed"}) { apiKey { id } plaintext secret errors { code } } }`,
			"one that reveals":       fmt.Sprintf(`mutation { m: revealAPIKeySecret(input: {id: %q}) { secret errors { code } } }`, key),
			"one that deletes":       fmt.Sprintf(`mutation { m: deleteAPIKey(input: {id: %q}) { deletedId errors { code } } }`, key),
			"one about invitations":  fmt.Sprintf(`mutation { m: inviteCollaborators(input: {apiKeyId: %q, emails: ["x@y.test"], role: ADMIN, confirmEmail: %q}) { results { email } errors { code } } }`, key, ada.Email),
			"one about the account":  `mutation { m: createAccessToken(input: {name: "n"}) { plaintext errors { code } } }`,
			"one of another noun":    `mutation { m: revokeSession(input: {id: "ses_01JCZ3V8Q4T2N6M0R5W7Y9B1DF"}) { revokedId errors { code } } }`,
			"one that is not hers":   fmt.Sprintf(`mutation { m: setUserStatus(input: {userId: %q, suspended: true}) { user { id } errors { code } } }`, ada.ID),
			"one about a place":      fmt.Sprintf(`mutation { m: leaveAPIKey(input: {id: %q}) { errors { code } } }`, key),
			"one about a membership": `mutation { m: removeCollaborator(input: {collaboratorId: "col_01JCZ3V8Q4T2N6M0R5W7Y9B1DF"}) { apiKey { id } errors { code } } }`,
		} {
			out := ada.Once(t, ask, nil, "k")
			payload, _ := out.At("m").(map[string]any)
			for field, value := range payload {
				if list, _ := value.([]any); field != "errors" && value != nil && len(list) > 0 {
					t.Errorf("%s: it shows %s", what, out.Body)
				}
			}
			if out.Code() != "IDEMPOTENCY_MISMATCH" || len(out.Refused()) != 1 {
				t.Errorf("%s: %s", what, out.Body)
			}
		}
		same(t, "a refused request", before, everything(t, s, tables))
		for what, ask := range map[string]string{
			"written otherwise":  fmt.Sprintf(`mutation Again { m: updateAPIKey(input: {name: "renamed", id: %q}) { apiKey { name } errors { code } } }`, key),
			"asking for nothing": fmt.Sprintf(`mutation { __typename m: updateAPIKey(input: {id: %q, name: "renamed"}) { apiKey { name } errors { code } } }`, key),
		} {
			if out := ada.Once(t, ask, nil, "k"); out.Code() != "" || out.Text("m", "apiKey", "name") != "renamed" {
				t.Errorf("the same request, %s: %s", what, out.Body)
			}
		}
	})
}

//keyhall:norace
func TestTwoPeopleWithOneKeyDoNotMeet(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ids := map[string]bool{}
		for _, who := range []*apptest.Actor{s.Actor(t, "ada"), s.Actor(t, "ben")} {
			for _, key := range []string{"k", "K", " k k ", strings.Repeat("k", 255), `"~!`} {
				out := who.Once(t, `mutation { createAPIKey(input: {name: "n"}) { apiKey { id } plaintext errors { code } } }`, nil, key)
				if out.Code() != "" || out.Text("createAPIKey", "plaintext") == "" {
					t.Errorf("%s under %q: %s", who.Username, key, out.Body)
				}
				ids[out.Text("createAPIKey", "apiKey", "id")] = true
			}
		}
		if len(ids) != 10 {
			t.Errorf("%d keys were made, want 10", len(ids))
		}
	})
}
