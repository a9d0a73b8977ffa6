package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/keyhall/keyhall/internal/apptest"
)

// idorSlot is one place of the schema where a client writes an id.
type idorSlot struct {
	at     string // as the schema has it: Type.field(argument), or Input.field
	prefix string // of the ids that belong here; empty: of any
	ask    string // an operation with $id, and $home for the asker's own organization
}

// idorLimits is all that limits could tell.
const idorLimits = "rates { requests windowSeconds used } spend { amount { amount } spent { amount } } alerts { id percent emails webhookUrl webhookSecret }"

// idorAll is all that a row of a type could tell.
func idorAll(typ string) string {
	return "id __typename " + map[string]string{
		"APIKey": `name description tags kind status start scopes createdAt owner { ... on User { id username name email } } project { id name }
			replaces { id name } replacedBy { id name } graceExpiresAt viewerRole viewerMembership { id } viewerCan collaborators(first: 1) { nodes { id } } invitations(first: 1) { nodes { id email } }
			limits { alerts { id emails } } usage(window: LAST_HOUR) { requests points { group } } billing { billingEmail monthToDate { amount } }
			securitySettings { requireSecret origins userAgents methods addresses jwtKeys { id name fingerprint } }`,
		"User": "username name email",
		"Organization": `name slug viewerRole viewerCan projects(first: 1) { totalCount nodes { id name } }
			members(first: 1) { totalCount nodes { id user { id email } } } invitations(first: 1) { totalCount nodes { id email } }`,
		"OrganizationMember": "role user { id email } addedAt",
		"Project":            "name description viewerCan organization { id name } apiKeys(first: 1) { totalCount nodes { id name } } usage(window: LAST_HOUR, groupBy: API_KEY) { points { group } }",
		"Collaborator":       "role user { id email } addedBy { id }",
		"Invitation":         "email role targetName target { ... on APIKey { id name } } invitedBy { id }",
		"Session":            "ip userAgent current",
		"AccessToken":        "name start permissions",
		"Secret": `name url clientId notes tags shared version owner { id name } organization { id name } viewerCan
			status grants(first: 5) { totalCount nodes { id grantee { ... on User { id name } ... on Group { id name } } } } versions(first: 5) { totalCount nodes { id } }`,
		"SecretGrant":   "canEdit grantee { ... on User { id name } ... on Group { id name } } grantedBy { id }",
		"SecretVersion": "number current createdBy { id }",
		"ShareLink":     "recipientEmail viewsLeft viewCount createdBy { id } lastViewedAt",
		"Group": `name description owner { id name } organization { id name } viewerCan
			status members(first: 5) { totalCount nodes { id user { id } } }`,
		"GroupMember":    "user { id } addedBy { id } addedAt",
		"SpendAlert":     "percent emails webhookUrl webhookSecret",
		"ProjectMember":  "grantee { ... on User { id name } ... on Group { id name } } addedAt",
		"ServiceAccount": "name disabledAt project { id name }",
		"VerifierToken":  "name start createdBy { id } lastUsedAt",
		"AuditEvent":     "type resourceId resourceName actorName actor { ... on User { id } } changes { field before after }",
	}[typ]
}

// idorAny is the same of a row of whatever type.
func idorAny() string {
	out := ""
	for i, typ := range []string{"APIKey", "User", "Organization", "Project", "Collaborator", "Invitation", "Session", "AccessToken", "AuditEvent", "Secret", "SecretGrant", "SecretVersion", "ShareLink", "Group", "GroupMember", "OrganizationMember", "SpendAlert", "ProjectMember", "ServiceAccount", "VerifierToken"} {
		fields := idorAll(typ)
		if typ == "Secret" || typ == "Group" || typ == "Organization" { // what is of another type than elsewhere, or too much for one operation, is on a line of its own
			fields, _, _ = strings.Cut(fields, "\n")
		}
		for k, differs := range []string{" viewerRole", " role ", " email", " permissions"} { // in kind from type to type
			fields = strings.Replace(fields, differs, fmt.Sprintf(" as%d_%d: %s", i, k, strings.TrimLeft(differs, " ")), 1)
		}
		out += fmt.Sprintf("... on %s { %s }\n", typ, fields)
	}
	return out
}

// idorSlots are all of them, by hand; a new one in the schema fails TestEveryIDOfTheSchemaIsSwept until it is here.
func idorSlots() []idorSlot {
	deed := func(at, prefix, mutation, input, result string) idorSlot {
		return idorSlot{at, prefix, fmt.Sprintf("mutation($id: ID!) { %s(input: {%s}) { %s errors { code message path } } }", mutation, input, result)}
	}
	keys := func(member string) string {
		return `query($id: ID!) { apiKeys(first: 100, filter: {` + member + `: $id}) { totalCount nodes { ` + idorAll("APIKey") + ` } pageInfo { hasNextPage endCursor } } }`
	}
	secrets := func(member string) string {
		return `query($id: ID!) { secrets(first: 100, filter: {` + member + `: $id}) { totalCount nodes { ` + idorAll("Secret") + ` } pageInfo { hasNextPage endCursor } } }`
	}
	events := func(member string) string {
		return `query($id: ID!, $home: ID!) { auditEvents(organizationId: $home, first: 100, filter: {` + member + `}) { totalCount nodes { ` + idorAll("AuditEvent") + ` } } }`
	}
	return []idorSlot{
		{"Query.node(id)", "", `query($id: ID!) { node(id: $id) { ` + idorAny() + ` } }`},
		{"Query.nodes(ids)", "", `query($id: ID!) { nodes(ids: [$id]) { ` + idorAny() + ` } }`},
		{"Query.apiKey(id)", "key", `query($id: ID!) { apiKey(id: $id) { ` + idorAll("APIKey") + ` } }`},
		{"Subscription.usage(apiKeyId)", "key", `subscription($id: ID!) { usage(apiKeyId: $id) { start group requests refused cost { amount } } }`},
		{"Query.project(id)", "prj", `query($id: ID!) { project(id: $id) { ` + idorAll("Project") + ` } }`},
		{"Query.organization(id)", "org", `query($id: ID!) { organization(id: $id) { ` + idorAll("Organization") + ` } }`},
		{"Query.organization(slug)", "slug", `query($id: String!) { organization(slug: $id) { ` + idorAll("Organization") + ` } }`},
		{"Query.projects(organizationId)", "org", `query($id: ID!) { projects(first: 100, organizationId: $id) { totalCount nodes { ` + idorAll("Project") + ` } } }`},
		{"Query.auditEvents(organizationId)", "org", `query($id: ID!) { auditEvents(first: 100, organizationId: $id) { totalCount nodes { ` + idorAll("AuditEvent") + ` } } }`},
		{"Query.searchPrincipals(organizationId)", "org", `query($id: ID!) { searchPrincipals(organizationId: $id, query: "e", first: 100) { ... on User { ` + idorAll("User") + ` } ... on Group { name status } } }`},
		{"PreviewGroupChangeInput.groupId", "grp", `query($id: ID!, $me: String!) { previewGroupChange(input: {groupId: $id, userIds: [], logins: [$me]}) { hiddenCount gains { paths resource { id } } } }`},
		{"PreviewGroupChangeInput.userIds", "usr", `query($id: ID!, $group: ID!) { previewGroupChange(input: {groupId: $group, userIds: [$id]}) { hiddenCount gains { paths resource { id } principal { ... on User { ` + idorAll("User") + ` } } } } }`},
		{"Query.exposureReport(organizationId)", "org", `query($id: ID!) { exposureReport(organizationId: $id, userId: "usr_1", first: 100, includeRotated: true) { totalCount nodes { name resourceId secret { id } } } }`},
		{"Query.exposureReport(userId)", "usr", `query($id: ID!, $home: ID!) { exposureReport(organizationId: $home, userId: $id, first: 100, includeRotated: true) { totalCount nodes { name resourceId secret { id } } } }`},
		{"Query.explain(resourceId)", "", `query($id: ID!) { explain(permission: "api_key.view", resourceId: $id) { allow reasons trace } }`},
		{"Query.explain(subjectId)", "usr", `query($id: ID!, $home: ID!) { explain(permission: "organization.edit", resourceId: $home, subjectId: $id) { allow reasons trace } }`},
		{"Query.whoCan(resourceId)", "", `query($id: ID!) { whoCan(permission: "api_key.view", resourceId: $id) { totalCount nodes { principal { ... on User { ` + idorAll("User") + ` } } paths resource { id } } } }`},
		{"Query.secret(id)", "sec", `query($id: ID!) { secret(id: $id) { ` + idorAll("Secret") + ` } }`},
		{"Query.group(id)", "grp", `query($id: ID!) { group(id: $id) { ` + idorAll("Group") + ` } }`},
		{"Query.groups(organizationId)", "org", `query($id: ID!) { groups(first: 100, organizationId: $id) { totalCount nodes { ` + idorAll("Group") + ` } } }`},
		{"SecretFilter.id", "sec", secrets("id")},
		{"SecretFilter.organizationId", "org", secrets("organizationId")},
		deed("CreateSecretInput.organizationId", "org", "createSecret", `organizationId: $id, name: "Swept", url: "https://swept.example", clientId: "x"`, "secret { "+idorAll("Secret")+" }"),
		deed("UpdateSecretInput.id", "sec", "updateSecret", `id: $id, name: "Swept", clientSecret: "swept"`, "secret { "+idorAll("Secret")+" }"),
		deed("RevealSecretInput.id", "sec", "revealSecret", "id: $id, purpose: COPY", "clientSecret version revealCount"),
		deed("ShareSecretsInput.secretIds", "sec", "shareSecrets", `secretIds: [$id], grants: [{grantee: {login: "nobody at all"}}]`, "secrets { "+idorAll("Secret")+" }"),
		{"GranteeRef.userId", "usr", `mutation($id: ID!, $secret: ID!) { shareSecrets(input: {secretIds: [$secret], grants: [{grantee: {userId: $id}}]}) { secrets { id } errors { code message path } } }`},
		{"GranteeRef.groupId", "grp", `mutation($id: ID!, $secret: ID!) { shareSecrets(input: {secretIds: [$secret], grants: [{grantee: {groupId: $id}}]}) { secrets { id } errors { code message path } } }`},
		{"UnshareSecretInput.grantIds", "sgr", `mutation($id: ID!, $secret: ID!) { unshareSecret(input: {secretId: $secret, grantIds: [$id]}) { secret { id } errors { code message path } } }`},
		{"UnshareSecretInput.secretId", "sec", `mutation($id: ID!, $grant: ID!) { unshareSecret(input: {secretId: $id, grantIds: [$grant]}) { secret { id } errors { code message path } } }`},
		deed("DisableSecretsInput.ids", "sec", "disableSecrets", "ids: [$id]", "secrets { "+idorAll("Secret")+" }"),
		deed("EnableSecretsInput.ids", "sec", "enableSecrets", "ids: [$id]", "secrets { "+idorAll("Secret")+" }"),
		deed("LeaveSecretInput.id", "sec", "leaveSecret", "id: $id", "__typename"),
		deed("RestoreSecretVersionInput.versionId", "scv", "restoreSecretVersion", "versionId: $id", "secret { "+idorAll("Secret")+" }"),
		deed("CreateShareLinkInput.secretId", "sec", "createShareLink", "secretId: $id, expiresInSeconds: 60", "url shareLink { "+idorAll("ShareLink")+" }"),
		deed("ResendShareLinkInput.id", "shl", "resendShareLink", "id: $id", "url shareLink { "+idorAll("ShareLink")+" }"),
		deed("RevokeShareLinkInput.id", "shl", "revokeShareLink", "id: $id", "shareLink { "+idorAll("ShareLink")+" }"),
		deed("DeleteSecretInput.id", "sec", "deleteSecret", "id: $id", "deletedId"),
		deed("CreateGroupInput.organizationId", "org", "createGroup", `organizationId: $id, name: "Swept"`, "group { "+idorAll("Group")+" }"),
		deed("UpdateGroupInput.id", "grp", "updateGroup", `id: $id, name: "Swept"`, "group { "+idorAll("Group")+" }"),
		deed("AddGroupMembersInput.groupId", "grp", "addGroupMembers", `groupId: $id, members: [{login: "nobody at all"}]`, "group { "+idorAll("Group")+" }"),
		{"GroupMemberInput.userId", "usr", `mutation($id: ID!, $group: ID!) { addGroupMembers(input: {groupId: $group, members: [{userId: $id}]}) { group { id } errors { code message path } } }`},
		deed("RemoveGroupMemberInput.memberId", "grm", "removeGroupMember", "memberId: $id", "group { "+idorAll("Group")+" }"),
		deed("LeaveOrganizationInput.id", "org", "leaveOrganization", "id: $id", "__typename"),
		deed("UpdateOrganizationInput.id", "org", "updateOrganization", `id: $id, name: "Swept"`, "organization { "+idorAll("Organization")+" }"),
		deed("DeleteOrganizationInput.id", "org", "deleteOrganization", `id: $id, confirmName: "Swept"`, "deletedId"),
		deed("InviteToOrganizationInput.organizationId", "org", "inviteToOrganization", `organizationId: $id, emails: ["no address"], role: READER`, "results { email error { code } }"),
		{"ProjectRoleInput.projectId", "prj", `mutation($id: ID!, $home: ID!) { inviteToOrganization(input: {organizationId: $home, emails: ["no address"], role: READER, projects: [{projectId: $id, role: MEMBER}]}) {
			results { email error { code } } errors { code message path } } }`},
		deed("UpdateOrganizationMemberInput.memberId", "orm", "updateOrganizationMember", "memberId: $id, role: READER", "member { "+idorAll("OrganizationMember")+" }"),
		{"Query.offboardingPreview(organizationId)", "org", `query($id: ID!) { offboardingPreview(organizationId: $id, userId: "usr_1") { keysThatStop { id name } solelyOwned { id } exposures { name } heirs { id name } } }`},
		{"Query.offboardingPreview(userId)", "usr", `query($id: ID!, $home: ID!) { offboardingPreview(organizationId: $home, userId: $id) { keysThatStop { id name } solelyOwned { id } exposures { name } heirs { id name } } }`},
		deed("RemoveOrganizationMemberInput.memberId", "orm", "removeOrganizationMember", "memberId: $id", "organization { "+idorAll("Organization")+" }"),
		deed("LeaveGroupInput.id", "grp", "leaveGroup", "id: $id", "__typename"),
		deed("DeleteGroupInput.id", "grp", "deleteGroup", "id: $id", "deletedId"),
		deed("CreateProjectInput.organizationId", "org", "createProject", `organizationId: $id, name: "Swept", environment: STAGING`, "project { "+idorAll("Project")+" }"),
		deed("UpdateProjectInput.id", "prj", "updateProject", `id: $id, description: "swept"`, "project { "+idorAll("Project")+" }"),
		deed("AddProjectMemberInput.projectId", "prj", "addProjectMember", `projectId: $id, role: MEMBER, grantee: {login: "nobody at all"}`, "member { "+idorAll("ProjectMember")+" }"),
		deed("UpdateProjectMemberInput.memberId", "prm", "updateProjectMember", "memberId: $id, role: OWNER", "member { "+idorAll("ProjectMember")+" }"),
		deed("CreateServiceAccountInput.projectId", "prj", "createServiceAccount", `projectId: $id, name: "Swept"`, "serviceAccount { "+idorAll("ServiceAccount")+" }"),
		deed("DisableServiceAccountInput.id", "sva", "disableServiceAccount", "id: $id", "serviceAccount { "+idorAll("ServiceAccount")+" }"),
		deed("EnableServiceAccountInput.id", "sva", "enableServiceAccount", "id: $id", "serviceAccount { "+idorAll("ServiceAccount")+" }"),
		{"CreateAPIKeyInput.serviceAccountId", "sva", `mutation($id: ID!, $project: ID!) { createAPIKey(input: {projectId: $project, serviceAccountId: $id, name: "Swept"}) { plaintext secret apiKey { id } errors { code message path } } }`},
		deed("CreateVerifierTokenInput.projectId", "prj", "createVerifierToken", `projectId: $id, name: "Swept"`, "plaintext verifierToken { "+idorAll("VerifierToken")+" }"),
		deed("RevokeVerifierTokenInput.id", "vft", "revokeVerifierToken", "id: $id", "revokedId"),
		deed("ArchiveProjectInput.id", "prj", "archiveProject", "id: $id", "project { "+idorAll("Project")+" }"),
		deed("UnarchiveProjectInput.id", "prj", "unarchiveProject", "id: $id", "project { "+idorAll("Project")+" }"),
		{"MoveAPIKeyToProjectInput.id", "key", `mutation($id: ID!, $project: ID!) { moveAPIKeyToProject(input: {id: $id, projectId: $project}) { plaintext secret apiKey { id } errors { code message path } } }`},
		{"MoveAPIKeyToProjectInput.projectId", "prj", `mutation($id: ID!, $personal: ID!) { moveAPIKeyToProject(input: {id: $personal, projectId: $id}) { plaintext secret apiKey { id } errors { code message path } } }`},
		deed("RemoveProjectMemberInput.memberId", "prm", "removeProjectMember", "memberId: $id", "project { "+idorAll("Project")+" }"),
		{"APIKeyFilter.organizationId", "org", keys("organizationId")},
		{"APIKeyFilter.projectId", "prj", keys("projectId")},
		{"AuditFilter.projectId", "prj", events("projectId: $id")},
		{"AuditFilter.actorIds", "", events("actorIds: [$id]")},
		{"AuditFilter.resourceIds", "", events("resourceIds: [$id]")},
		deed("CreateAPIKeyInput.projectId", "prj", "createAPIKey", `projectId: $id, name: "Swept"`, "plaintext secret apiKey { "+idorAll("APIKey")+" }"),
		deed("UpdateAPIKeyInput.id", "key", "updateAPIKey", `id: $id, name: "Swept"`, "apiKey { "+idorAll("APIKey")+" }"),
		deed("UpdateSecuritySettingsInput.apiKeyId", "key", "updateSecuritySettings", `apiKeyId: $id, requireSecret: true, methods: ["swept"]`, "apiKey { "+idorAll("APIKey")+" }"),
		deed("UpdateLimitsInput.targetId", "", "updateLimits", `targetId: $id, rates: [{requests: 1, windowSeconds: 1}], alerts: [{percent: 1, emails: ["swept@example.com"]}]`, "limits { "+idorLimits+" }"),
		deed("RevealAPIKeySecretInput.id", "key", "revealAPIKeySecret", "id: $id", "secret revealCount"),
		deed("RotateAPIKeyInput.id", "key", "rotateAPIKey", "id: $id, overlapSeconds: 60", "plaintext secret apiKey { "+idorAll("APIKey")+" }"),
		deed("RotateAPIKeySecretInput.id", "key", "rotateAPIKeySecret", "id: $id", "secret apiKey { "+idorAll("APIKey")+" }"),
		deed("MarkAPIKeyExposedInput.id", "key", "markAPIKeyExposed", `id: $id, reason: "swept"`, "plaintext secret apiKey { "+idorAll("APIKey")+" }"),
		deed("DisableAPIKeyInput.id", "key", "disableAPIKey", "id: $id", "apiKey { "+idorAll("APIKey")+" }"),
		deed("EnableAPIKeyInput.id", "key", "enableAPIKey", "id: $id", "apiKey { "+idorAll("APIKey")+" }"),
		deed("DeleteAPIKeyInput.id", "key", "deleteAPIKey", "id: $id", "deletedId"),
		{"InviteCollaboratorsInput.apiKeyId", "key", `mutation($id: ID!, $me: String!, $to: String!) {
			inviteCollaborators(input: {apiKeyId: $id, emails: [$to], role: ADMIN, confirmEmail: $me}) { results { invitation { id } error { code } } errors { code message path } } }`},
		deed("AcceptInvitationInput.invitationId", "inv", "acceptInvitation", "invitationId: $id", "invitation { "+idorAll("Invitation")+" }"),
		deed("DeclineInvitationInput.invitationId", "inv", "declineInvitation", "invitationId: $id", "invitation { "+idorAll("Invitation")+" }"),
		deed("ResendInvitationInput.invitationId", "inv", "resendInvitation", "invitationId: $id", "invitation { "+idorAll("Invitation")+" }"),
		deed("RevokeInvitationInput.invitationId", "inv", "revokeInvitation", "invitationId: $id", "invitation { "+idorAll("Invitation")+" }"),
		deed("UpdateCollaboratorRoleInput.collaboratorId", "col", "updateCollaboratorRole", "collaboratorId: $id, role: ADMIN", "collaborator { "+idorAll("Collaborator")+" }"),
		deed("RemoveCollaboratorInput.collaboratorId", "col", "removeCollaborator", "collaboratorId: $id", "apiKey { "+idorAll("APIKey")+" }"),
		deed("LeaveAPIKeyInput.id", "key", "leaveAPIKey", "id: $id", "__typename"),
		deed("RevokeAccessTokenInput.id", "pat", "revokeAccessToken", "id: $id", "revokedId"),
		deed("RevokeSessionInput.id", "ses", "revokeSession", "id: $id", "revokedId"),
		deed("SetUserStatusInput.userId", "usr", "setUserStatus", "userId: $id, suspended: true, emailVerified: true", "user { "+idorAll("User")+" }"),
	}
}

// idorPlaces finds every place of the schema where a client writes an id.
func idorPlaces(s *ast.Schema) []string {
	var out []string
	for _, d := range ours(s) {
		for _, f := range d.Fields {
			if d.Kind == ast.InputObject && f.Type.Name() == "ID" {
				out = append(out, d.Name+"."+f.Name)
			}
			for _, a := range f.Arguments {
				if a.Type.Name() == "ID" {
					out = append(out, d.Name+"."+f.Name+"("+a.Name+")")
				}
			}
		}
	}
	return out
}

//keyhall:norace
func TestEveryIDOfTheSchemaIsSwept(t *testing.T) {
	t.Parallel()
	swept := map[string]bool{}
	for _, s := range idorSlots() {
		swept[s.at] = true
	}
	places := idorPlaces(loadSchema(t))
	for _, place := range places {
		if !swept[place] {
			t.Errorf("%s takes an id and is not swept: add it to idorSlots", place)
		}
	}
	if len(places) < 56 {
		t.Errorf("only %d places found: the search is broken", len(places))
	}
}

func (s idorSlot) deed() bool { return strings.HasPrefix(s.ask, "mutation") }

func (s idorSlot) send(t *testing.T, e *estate, who *apptest.Actor, id any) apptest.Answer {
	t.Helper()
	vars := apptest.Vars{"id": id}
	for name, evesOwn := range map[string]func() string{
		"secret": func() string { return e.evesSecret }, "group": func() string { return e.evesGroup }, "grant": func() string { return e.evesGrant(t, e.fay) },
		"personal": func() string { return e.evesPersonal },
	} {
		if strings.Contains(s.ask, "$"+name+":") {
			vars[name] = evesOwn()
		}
	}
	if strings.Contains(s.ask, "$project:") {
		vars["project"] = who.Project
		if who.Project == "" { // nobody has none
			vars["project"] = "prj_00000000000000000000000000"
		}
	}
	if strings.Contains(s.ask, "$home") {
		vars["home"] = who.Home
	}
	if strings.Contains(s.ask, "$me") {
		vars["me"], vars["to"] = who.Email, "somebody@else.test"
	}
	if strings.HasPrefix(s.ask, "subscription") {
		_, first := who.Stream(t, s.ask, vars).Event(t)
		return first
	}
	return who.Do(t, s.ask, vars)
}

// takes tells whether an id is of the kind that belongs into the slot.
func (s idorSlot) takes(id string) bool {
	prefix, _, _ := strings.Cut(id, "_")
	return s.prefix == "" || prefix == s.prefix
}

// idorActor is somebody who tries ids: what they see, and which deeds they may do to that. Everything else must be for
// them as if it did not exist.
type idorActor struct {
	name string
	who  *apptest.Actor
	sees []string
	may  []string // slots of deeds that would succeed on a thing that they see
	long bool     // tries the malformed ids too
}

func idorCast(t *testing.T, e *estate) []idorActor {
	t.Helper()
	admin := []string{
		"UpdateAPIKeyInput.id", "UpdateSecuritySettingsInput.apiKeyId", "UpdateLimitsInput.targetId", "RevealAPIKeySecretInput.id", "DisableAPIKeyInput.id", "EnableAPIKeyInput.id", "InviteCollaboratorsInput.apiKeyId",
		"RotateAPIKeyInput.id", "RotateAPIKeySecretInput.id", "MarkAPIKeyExposedInput.id",
		"ResendInvitationInput.invitationId", "RevokeInvitationInput.invitationId", "UpdateCollaboratorRoleInput.collaboratorId", "RemoveCollaboratorInput.collaboratorId", "LeaveAPIKeyInput.id",
	}
	own := []string{"UpdateLimitsInput.targetId", "UpdateOrganizationInput.id", "DeleteOrganizationInput.id", "InviteToOrganizationInput.organizationId", "ProjectRoleInput.projectId", "UpdateOrganizationMemberInput.memberId",
		"CreateProjectInput.organizationId", "UpdateProjectInput.id", "AddProjectMemberInput.projectId", "UpdateProjectMemberInput.memberId", "CreateServiceAccountInput.projectId",
		"DisableServiceAccountInput.id", "EnableServiceAccountInput.id", "CreateAPIKeyInput.serviceAccountId", "CreateVerifierTokenInput.projectId", "RevokeVerifierTokenInput.id",
		"ArchiveProjectInput.id", "UnarchiveProjectInput.id", "MoveAPIKeyToProjectInput.projectId", "RemoveProjectMemberInput.memberId",
		"LeaveOrganizationInput.id", "RemoveOrganizationMemberInput.memberId", "CreateAPIKeyInput.projectId", "RevokeAccessTokenInput.id", "RevokeSessionInput.id"}
	admin = append(admin, "GranteeRef.userId", "GroupMemberInput.userId") // of people they see; with eve's secret and group nothing comes of it
	places := e.all(t, "SELECT id AS x FROM collaborators WHERE api_key_id = ?", e.key.ID)
	offers := e.all(t, "SELECT id AS x FROM invitations WHERE api_key_id = ?", e.key.ID)
	benOffer := e.one(t, "SELECT id AS x FROM invitations WHERE email = ?", e.ben.Email)
	cast := []idorActor{
		{"a stranger", e.eve, append(e.own(t, e.eve), e.evesKey, e.evesPlace, e.evesSent, e.evesInvitation),
			append(append(admin, own...), "AcceptInvitationInput.invitationId", "DeclineInvitationInput.invitationId", "DeleteAPIKeyInput.id"), true},
		{"a contributor", e.cleo, append(append(e.own(t, e.cleo), e.key.ID, e.cleoPlace, e.cleoInvitation, e.vault), e.all(t, "SELECT id AS x FROM secret_grants WHERE secret_id = ?", e.vault)...),
			append(own, "RevealAPIKeySecretInput.id", "LeaveAPIKeyInput.id", "RevealSecretInput.id", "LeaveSecretInput.id", "UnshareSecretInput.grantIds"), false},
		{"an admin", e.ben, append(append(append(e.own(t, e.ben), e.key.ID, e.ada.ID, e.cleo.ID, benOffer, e.alert), places...), offers...), append(admin, own...), false},
		{"nobody", e.Anonymous(), nil, nil, true},
		{"a token narrowed to nothing", e.narrowed(t), nil, nil, false},
	}
	return cast
}

// own are the rows that belong to a person alone.
func (e *estate) own(t *testing.T, who *apptest.Actor) []string {
	t.Helper()
	out := []string{who.ID, who.Home, who.Project}
	for _, query := range []string{
		"SELECT id AS x FROM sessions WHERE user_id = ?", "SELECT id AS x FROM access_tokens WHERE user_id = ?",
		"SELECT id AS x FROM organization_members WHERE user_id = ?", "SELECT id AS x FROM project_members WHERE user_id = ?",
		"SELECT id AS x FROM api_keys WHERE owner_id = ?", "SELECT e.id AS x FROM audit_events e JOIN users u ON u.personal_organization_id = e.organization_id WHERE u.id = ?",
	} {
		out = append(out, e.all(t, query, who.ID)...)
	}
	return out
}

// evesGrant is what somebody has on eve's secret; nothing once it is taken back.
func (e *estate) evesGrant(t *testing.T, who string) string {
	t.Helper()
	return e.one(t, "SELECT COALESCE(MIN(id), 'sgr_none') AS x FROM secret_grants WHERE secret_id = ? AND user_id = ?", e.evesSecret, who)
}

// idorIDs are ids of every type of ada's, and of what is gone.
func (e *estate) idorIDs(t *testing.T) []string {
	t.Helper()
	of := func(query string, args ...any) string { return e.one(t, query, args...) }
	return []string{
		e.ada.ID, e.ada.Home, e.ada.Project, e.key.ID, e.spare.ID, e.private.ID, e.benPlace, e.cleoPlace, e.devInvitation, e.cleoInvitation,
		of("SELECT id AS x FROM organization_members WHERE user_id = ?", e.ada.ID), e.works,
		of("SELECT id AS x FROM sessions WHERE user_id = ?", e.ada.ID), of("SELECT id AS x FROM access_tokens WHERE user_id = ? AND name LIKE 'Zanzibar%'", e.ada.ID),
		of("SELECT id AS x FROM audit_events WHERE organization_id = ?", e.ada.Home), of("SELECT id AS x FROM credentials WHERE user_id = ?", e.ada.ID),
		of("SELECT id AS x FROM api_key_hashes WHERE api_key_id = ?", e.key.ID), of("SELECT id AS x FROM sealed_values WHERE api_key_id = ?", e.key.ID),
		of("SELECT id AS x FROM security_settings WHERE api_key_id = ?", e.key.ID), of("SELECT id AS x FROM jwt_keys WHERE api_key_id = ?", e.key.ID),
		e.alert, of("SELECT id AS x FROM rate_limits WHERE api_key_id = ?", e.key.ID), of("SELECT id AS x FROM spend_limits WHERE api_key_id = ?", e.key.ID),
		e.vault, e.safe, e.team, e.devMember, of("SELECT id AS x FROM secret_grants WHERE secret_id = ?", e.vault), of("SELECT id AS x FROM secret_versions WHERE secret_id = ?", e.vault),
		e.service, e.verifier,
		of("SELECT id AS x FROM sealed_versions WHERE secret_id = ?", e.vault), e.vaultLink,
		of("SELECT id AS x FROM instances"), of("SELECT id AS x FROM mails WHERE resource_id = ?", e.devInvitation), "zanzibar-ltd", e.deletedKey, e.deletedPlace, e.deletedSession, e.deletedProgram,
	}
}

// idorMalformed are texts that are no id at all.
func (e *estate) idorMalformed() []any {
	return []any{
		"", "key_", "nonsense", "%", "key_%", strings.Repeat("k", 300), "key_" + strings.Repeat("0", 300), strings.ToLower(e.key.ID), " " + e.key.ID, e.key.ID + "\n",
		"key_\u0000", e.key.ID + "\u0000", "key_\u202e", "ключ_1", "' OR '1'='1", "key_" + strings.TrimPrefix(e.ada.ID, "usr_"), 5, "null",
	}
}

// The sweep: every id that is not the asker's to see, in every place where an id can be written, answers like one that does
// not exist, says nothing of ada's, and nothing is written.
//
//keyhall:norace
func TestNoIDOpensWhatIsNotOnes(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		e := newEstate(t, s)
		ids, slots := e.idorIDs(t), idorSlots()
		before, asked := "", 0
		cast := idorCast(t, e)
		before = e.state(t)
		for _, a := range cast {
			for _, slot := range slots {
				asked += e.sweep(t, a, slot, ids)
			}
		}
		if after := e.state(t); after != before {
			t.Errorf("something was written:\n%s", leakDifference(before, after))
		}
		e.eve.Must(t, `mutation($id: ID!) { updateAPIKey(input: {id: $id, name: "Written"}) { errors { code } } }`, apptest.Vars{"id": e.evesKey})
		if e.state(t) == before {
			t.Error("a deed leaves no trace in the state: the sweep would not see one either")
		}
		if log := s.Log.String(); strings.Contains(log, `"level":"ERROR"`) {
			t.Errorf("an id made the server fail: %s", leakLines(log, `"level":"ERROR"`))
		}
		if asked < 3500 {
			t.Errorf("only %d requests", asked)
		}
		t.Logf("%d requests", asked)
	}, withLinks)
}

func (e *estate) sweep(t *testing.T, a idorActor, slot idorSlot, ids []string) (asked int) {
	t.Helper()
	prefix := slot.prefix
	if prefix == "" || prefix == "slug" {
		prefix = "key"
	}
	absent := leakFace(slot.send(t, e, a.who, prefix+"_00000000000000000000000000"))
	for _, broken := range []string{"INTERNAL", "GRAPHQL_", "BAD_USER_INPUT", "TOO_LARGE"} {
		if strings.Contains(absent, broken) {
			t.Fatalf("%s: %s asks for nothing: %s", a.name, slot.at, absent)
		}
	}
	for _, id := range ids {
		visible := slices.Contains(a.sees, id)
		if visible && slot.takes(id) && (!slot.deed() || slices.Contains(a.may, slot.at)) {
			continue // theirs to see, or to do
		}
		asked++
		got := leakFace(slot.send(t, e, a.who, id))
		switch {
		case visible && slot.takes(id): // they see it, and may not do this: that is said, and nothing else
			if !strings.Contains(got, `"FORBIDDEN"`) && !strings.Contains(got, `"INVITE_`) && !strings.Contains(got, `"OWNER_IMMUTABLE"`) {
				t.Errorf("%s: %s of the visible %s answers\n%s", a.name, slot.at, id, got)
			}
		case got != absent:
			t.Errorf("%s: %s of %s answers\n%s\nand of an absent one\n%s", a.name, slot.at, id, got, absent)
		case strings.Contains(got, leakWord):
			t.Errorf("%s: %s of %s tells: %s", a.name, slot.at, id, got)
		}
	}
	for _, id := range e.idorMalformed() {
		text, isText := id.(string)
		if !a.long || slot.prefix == "slug" && (!isText || strings.ContainsRune(text, 0)) {
			continue // a slug is a text, and a text with a NUL is bad input whatever it names
		}
		asked++
		if got := leakFace(slot.send(t, e, a.who, id)); got != absent {
			t.Errorf("%s: %s of %.40q answers\n%s\nand of an absent one\n%s", a.name, slot.at, id, got, absent)
		}
	}
	return asked
}

// The control of the sweep: with an id of one's own each of the places does something, so that "absent" above means hidden
// and not broken.
//
//keyhall:norace
func TestEveryPlaceForAnIDWorksForItsOwner(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		e := newEstate(t, s)
		e.eve.SignIn(t)               // the first session is the one to end
		e.eve.Reveal(t, e.evesSecret) // so that the report of it is not empty
		own := map[string]string{
			"": e.evesKey, "key": e.evesKey, "prj": e.eve.Project, "org": e.eve.Home, "slug": e.one(t, "SELECT slug AS x FROM organizations WHERE id = ?", e.eve.Home), "inv": e.evesInvitation,
			"col": e.evesPlace, "pat": e.evesToken, "usr": e.eve.ID, "ses": e.one(t, "SELECT id AS x FROM sessions WHERE user_id = ? ORDER BY created_at LIMIT 1", e.eve.ID),
			"sec": e.evesSecret, "grp": e.evesGroup, "sgr": e.evesGrant(t, e.one(t, "SELECT user_id AS x FROM secret_grants WHERE secret_id = ? AND user_id <> ?", e.evesSecret, e.fay)),
			"scv": e.one(t, "SELECT id AS x FROM secret_versions WHERE secret_id = ? ORDER BY number LIMIT 1", e.evesSecret),
			"orm": e.one(t, "SELECT id AS x FROM organization_members WHERE user_id = ?", e.eve.ID), "shl": e.PutLink(t, e.evesSecret, e.eve),
			"sva": e.evesService, "vft": e.evesVerifier, "prm": e.one(t, "SELECT id AS x FROM project_members WHERE user_id = ?", e.eve.ID),
			"grm": e.one(t, "SELECT id AS x FROM group_members WHERE group_id = ?", e.evesGroup), "GranteeRef.userId": e.fay, "GroupMemberInput.userId": e.fay,
			"RevokeInvitationInput.invitationId": e.evesSent, "ResendInvitationInput.invitationId": e.evesSent, "AuditFilter.actorIds": e.eve.ID,
		}
		slots := idorSlots()
		slices.SortStableFunc(slots, func(a, b idorSlot) int { // what ends the key comes last
			last := []string{"RemoveProjectMemberInput.memberId", "DeleteAPIKeyInput.id"}
			return slices.Index(last, a.at) - slices.Index(last, b.at)
		})
		for _, slot := range slots {
			id := own[slot.prefix]
			if special, ok := own[slot.at]; ok {
				id = special
			}
			absent := leakFace(slot.send(t, e, e.eve, "key_00000000000000000000000000"))
			if got := leakFace(slot.send(t, e, e.eve, id)); got == absent || strings.Contains(got, `"NOT_FOUND"`) {
				t.Errorf("%s of the own %s answers\n%s", slot.at, id, got)
			}
		}
	}, withLinks)
}

// leakDifference are the lines of two states that are not in both.
func leakDifference(before, after string) string {
	was, is := strings.Split(before, "\n"), strings.Split(after, "\n")
	var out []string
	for _, l := range was {
		if !slices.Contains(is, l) {
			out = append(out, "- "+l)
		}
	}
	for _, l := range is {
		if !slices.Contains(was, l) {
			out = append(out, "+ "+l)
		}
	}
	return strings.Join(out, "\n")
}

func leakLines(text, with string) string {
	var out []string
	for l := range strings.Lines(text) {
		if strings.Contains(l, with) && len(out) < 5 {
			out = append(out, l)
		}
	}
	return strings.Join(out, "")
}
