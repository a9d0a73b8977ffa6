package graph_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/keyhall/keyhall/internal/apptest"
)

// leakEdge is one field that can lead from a visible row to a hidden one: who sees the one and not the other, and what they
// get instead. Paths walk to where nothing must be.
type leakEdge struct {
	field string // Type.field, as the schema has it
	who   string
	ask   string // $key, $inv, $org, $prj, $place and $spare are ada's
	path  []any
	code  string // of the error beside it; empty: none
}

// leakEdges are said by hand: what a person of the estate sees, and what is hidden behind it.
func leakEdges() []leakEdge {
	const key = `query($key: ID!) { apiKey(id: $key) { `
	return []leakEdge{
		{"APIKey.replaces", "dev", `query($devsNew: ID!) { apiKey(id: $devsNew) { id replaces { id name status } } }`, []any{"apiKey", "replaces"}, ""},
		{"APIKey.replacedBy", "dev", `query($devsOld: ID!) { apiKey(id: $devsOld) { id replacedBy { id name status } } }`, []any{"apiKey", "replacedBy"}, ""},
		{"APIKey.replaces", "dev", `{ apiKeys(first: 10) { nodes { id replaces { id } } } }`, []any{"apiKeys", "nodes", 1, "replaces"}, ""},
		{"APIKey.replacedBy", "dev", `{ apiKeys(first: 10) { edges { node { id replacedBy { id } } } } }`, []any{"apiKeys", "edges", 0, "node", "replacedBy"}, ""},
		{"APIKey.owner", "cleo", key + `id owner { ... on User { id name email } } } }`, []any{"apiKey", "owner"}, ""},
		{"APIKey.project", "cleo", key + `id project { id name } } }`, []any{"apiKey", "project"}, ""},
		{"APIKey.project", "ben", key + `id project { id name } } }`, []any{"apiKey", "project"}, ""},
		{"APIKey.disabledBy", "cleo", key + `id disabledBy { ... on User { id name } } } }`, []any{"apiKey", "disabledBy"}, ""},
		{"APIKey.collaborators", "cleo", key + `id collaborators(first: 10) { totalCount nodes { id } } } }`, []any{"apiKey", "collaborators"}, "FORBIDDEN"},
		{"APIKey.collaborators", "hal", key + `id collaborators(first: 10) { totalCount edges { cursor } } } }`, []any{"apiKey", "collaborators"}, "FORBIDDEN"},
		{"APIKey.collaborators", "ida", key + `id collaborators(first: 10) { totalCount edges { cursor } } } }`, []any{"apiKey", "collaborators"}, "FORBIDDEN"},
		{"APIKey.invitations", "cleo", key + `id invitations(first: 10) { totalCount nodes { email } } } }`, []any{"apiKey", "invitations"}, "FORBIDDEN"},
		{"APIKey.invitations", "ida", key + `id invitations(first: 10) { pageInfo { endCursor } } } }`, []any{"apiKey", "invitations"}, "FORBIDDEN"},
		{"APIKey.collaborators", "cleo", `{ apiKeys(first: 10) { nodes { id collaborators(first: 10) { totalCount } } } }`, []any{"apiKeys", "nodes", 0, "collaborators"}, ""},
		{"APIKey.invitations", "cleo", `{ apiKeys(first: 10) { edges { node { id invitations(first: 10) { totalCount } } } } }`, []any{"apiKeys", "edges", 0, "node", "invitations"}, ""},
		{"APIKey.collaborators", "cleo", `query($key: ID!) { nodes(ids: [$key]) { id ... on APIKey { collaborators(first: 10) { totalCount } } } }`, []any{"nodes", 0, "collaborators"}, ""},
		{"APIKey.collaborators", "cleo", `query($key: ID!) { node(id: $key) { id ...k } } fragment k on APIKey { collaborators(first: 10) { totalCount } }`, []any{"node", "collaborators"}, "FORBIDDEN"},
		{"APIKey.securitySettings", "cleo", key + `id securitySettings { origins } } }`, []any{"apiKey", "securitySettings"}, "FORBIDDEN"},
		{"APIKey.securitySettings", "hal", key + `id securitySettings { origins } } }`, []any{"apiKey", "securitySettings"}, "FORBIDDEN"},
		{"APIKey.securitySettings", "ida", key + `id securitySettings { jwtKeys { id } } } }`, []any{"apiKey", "securitySettings"}, "FORBIDDEN"},
		{"APIKey.securitySettings", "cleo", `{ apiKeys(first: 10) { nodes { id securitySettings { origins } } } }`, []any{"apiKeys", "nodes", 0, "securitySettings"}, ""},
		{"APIKey.securitySettings", "cleo", `query($key: ID!) { nodes(ids: [$key]) { id ... on APIKey { securitySettings { origins } } } }`, []any{"nodes", 0, "securitySettings"}, ""},
		{"APIKey.limits", "cleo", key + `id limits { ` + idorLimits + ` } } }`, []any{"apiKey", "limits"}, "FORBIDDEN"},
		{"APIKey.limits", "hal", key + `id limits { ` + idorLimits + ` } } }`, []any{"apiKey", "limits"}, "FORBIDDEN"},
		{"APIKey.limits", "ida", `{ apiKeys(first: 10) { nodes { id limits { ` + idorLimits + ` } } } }`, []any{"apiKeys", "nodes", 0, "limits"}, ""},
		{"Organization.limits", "gus", `query($org: ID!) { organization(id: $org) { id limits { ` + idorLimits + ` } } }`, []any{"organization", "limits"}, "FORBIDDEN"},
		{"Project.limits", "hal", `query($prj: ID!) { project(id: $prj) { id limits { spend { spent { amount } } } } }`, []any{"project", "limits", "spend", "spent"}, ""},
		{"Project.limits", "hal", `query($prj: ID!) { project(id: $prj) { id limits { alerts { webhookSecret } } } }`, []any{"project", "limits", "alerts", 0, "webhookSecret"}, ""},
		{"APIKey.limits", "ben", key + `id limits { spend { spent { amount } } } } }`, []any{"apiKey", "limits", "spend", "spent"}, ""},
		{"Query.node", "cleo", `query($alert: ID!) { viewer { email } node(id: $alert) { id } }`, []any{"node"}, "NOT_FOUND"},
		{"Query.node", "ida", `query($alert: ID!) { viewer { email } node(id: $alert) { id } }`, []any{"node"}, "NOT_FOUND"},
		{"APIKey.usage", "hal", key + `id usage(window: LAST_HOUR) { requests } } }`, []any{"apiKey", "usage"}, "FORBIDDEN"},
		{"APIKey.usage", "ida", key + `id usage(window: LAST_30_DAYS, groupBy: METHOD) { points { group } } } }`, []any{"apiKey", "usage"}, "FORBIDDEN"},
		{"APIKey.usage", "cleo", key + `id usage(window: LAST_HOUR, groupBy: MEMBER) { points { group } } } }`, []any{"apiKey", "usage"}, "FORBIDDEN"},
		{"APIKey.usage", "hal", `{ apiKeys(first: 10) { nodes { id usage(window: LAST_HOUR) { requests } } } }`, []any{"apiKeys", "nodes", 0, "usage"}, ""},
		{"APIKey.usage", "ben", key + `id usage(window: LAST_HOUR) { cost { amount } } } }`, []any{"apiKey", "usage", "cost"}, ""},
		{"APIKey.usage", "cleo", key + `id usage(window: LAST_HOUR) { points { cost { amount } } } } }`, []any{"apiKey", "usage", "points", 0, "cost"}, ""},
		{"APIKey.billing", "ben", key + `id billing { monthToDate { amount } } } }`, []any{"apiKey", "billing"}, "FORBIDDEN"},
		{"APIKey.billing", "cleo", `{ apiKeys(first: 10) { nodes { id billing { unitPrice { amount } } } } }`, []any{"apiKeys", "nodes", 0, "billing"}, ""},
		{"Project.usage", "hal", `query($prj: ID!) { project(id: $prj) { id usage(window: LAST_HOUR) { cost { amount } } } }`, []any{"project", "usage", "cost"}, ""},
		{"Organization.usage", "gus", `query($org: ID!) { organization(id: $org) { id usage(window: LAST_HOUR) { requests } } }`, []any{"organization", "usage"}, "FORBIDDEN"},
		{"Organization.billing", "gus", `query($org: ID!) { organization(id: $org) { id billing { billingEmail } } }`, []any{"organization", "billing"}, "FORBIDDEN"},
		{"APIKey.viewerMembership", "hal", key + `id viewerMembership { id } } }`, []any{"apiKey", "viewerMembership"}, ""},
		{"Collaborator.addedBy", "cleo", key + `viewerMembership { id addedBy { id name } } } }`, []any{"apiKey", "viewerMembership", "addedBy"}, ""},
		{"Collaborator.addedBy", "cleo", `query($place: ID!) { node(id: $place) { id ... on Collaborator { addedBy { id } } } }`, []any{"node", "addedBy"}, ""},
		{"Invitation.target", "dev", `query($inv: ID!) { node(id: $inv) { id ... on Invitation { target { ... on APIKey { id name } } } } }`, []any{"node", "target"}, ""},
		{"Invitation.target", "dev", `{ viewer { invitations(first: 10) { nodes { id target { ... on APIKey { id } } } } } }`, []any{"viewer", "invitations", "nodes", 2, "target"}, ""},
		{"Invitation.invitedBy", "dev", `query($inv: ID!) { node(id: $inv) { id ... on Invitation { invitedBy { id name } } } }`, []any{"node", "invitedBy"}, ""},
		{"Organization.projects", "gus", `query($org: ID!) { organization(id: $org) { id projects(first: 10) { nodes { id } } } }`, []any{"organization", "projects", "nodes", 0}, ""},
		{"Project.apiKeys", "hal", `query($prj: ID!) { project(id: $prj) { id apiKeys(first: 10, after: null) { nodes { id } } } }`, []any{"project", "apiKeys", "nodes", 2}, ""},
		{"Project.members", "gus", `query($prj: ID!) { viewer { email } project(id: $prj) { members(first: 10) { totalCount } } }`, []any{"project"}, "NOT_FOUND"},
		{"Project.serviceAccounts", "gus", `query($prj: ID!) { viewer { email } project(id: $prj) { serviceAccounts(first: 10) { totalCount } } }`, []any{"project"}, "NOT_FOUND"},
		{"Project.verifierTokens", "hal", `query($prj: ID!) { project(id: $prj) { id verifierTokens(first: 10) { totalCount nodes { id } } } }`, []any{"project", "verifierTokens"}, "FORBIDDEN"},
		{"Project.verifierTokens", "hal", `{ projects(first: 10) { nodes { id verifierTokens(first: 10) { totalCount } } } }`, []any{"projects", "nodes", 0, "verifierTokens"}, ""},
		{"ProjectMember.grantee", "gus", `query($works: ID!) { viewer { email } node(id: $works) { ... on ProjectMember { grantee { ... on User { id } } } } }`, []any{"node"}, "NOT_FOUND"},
		{"ServiceAccount.project", "gus", `query($service: ID!) { viewer { email } node(id: $service) { ... on ServiceAccount { name project { id } } } }`, []any{"node"}, "NOT_FOUND"},
		{"VerifierToken.createdBy", "hal", `query($verifier: ID!) { viewer { email } node(id: $verifier) { ... on VerifierToken { createdBy { id } } } }`, []any{"node"}, "NOT_FOUND"},
		{"Query.node", "cleo", `query($service: ID!) { viewer { email } node(id: $service) { id } }`, []any{"node"}, "NOT_FOUND"},
		{"Query.apiKeys", "cleo", `{ viewer { email } apiKeys(first: 10) { nodes { id } } }`, []any{"apiKeys", "nodes", 1}, ""},
		{"Query.projects", "gus", `{ viewer { email } projects(first: 10) { nodes { id name } } }`, []any{"projects", "nodes", 1}, ""},
		{"Query.organizations", "cleo", `{ viewer { email } organizations(first: 10) { nodes { id name } } }`, []any{"organizations", "nodes", 1}, ""},
		{"Query.apiKey", "gus", `query($key: ID!) { viewer { email } apiKey(id: $key) { id } }`, []any{"apiKey"}, "NOT_FOUND"},
		{"Query.apiKey", "hal", `query($private: ID!) { viewer { email } apiKey(id: $private) { id } }`, []any{"apiKey"}, "NOT_FOUND"},
		{"Query.apiKey", "ida", `query($private: ID!) { viewer { email } apiKey(id: $private) { id } }`, []any{"apiKey"}, "NOT_FOUND"},
		{"Query.apiKey", "dev", `query($key: ID!) { viewer { email } apiKey(id: $key) { id } }`, []any{"apiKey"}, "NOT_FOUND"},
		{"Query.project", "gus", `query($prj: ID!) { viewer { email } project(id: $prj) { id } }`, []any{"project"}, "NOT_FOUND"},
		{"Query.organization", "cleo", `query($org: ID!) { viewer { email } organization(id: $org) { id } }`, []any{"organization"}, "NOT_FOUND"},
		{"Query.organization", "ben", `{ viewer { email } organization(slug: "zanzibar-ltd") { id } }`, []any{"organization"}, "NOT_FOUND"},
		{"Query.auditEvents", "gus", `query($org: ID!) { viewer { email } auditEvents(organizationId: $org, first: 10) { totalCount } }`, []any{"auditEvents"}, "FORBIDDEN"},
		{"Query.auditEvents", "cleo", `query($org: ID!) { viewer { email } auditEvents(organizationId: $org, first: 10) { totalCount } }`, []any{"auditEvents"}, "NOT_FOUND"},
		{"Query.node", "cleo", `query($benPlace: ID!) { viewer { email } node(id: $benPlace) { id } }`, []any{"node"}, "NOT_FOUND"},
		{"Query.node", "cleo", `query($inv: ID!) { viewer { email } node(id: $inv) { id } }`, []any{"node"}, "NOT_FOUND"},
		{"Query.node", "dev", `query($ada: ID!) { viewer { email } node(id: $ada) { id } }`, []any{"node"}, "NOT_FOUND"},
		{"Query.nodes", "cleo", `query($key: ID!, $spare: ID!) { nodes(ids: [$key, $spare]) { id } }`, []any{"nodes", 1}, "NOT_FOUND"},
		{"Query.explain", "eve", `query($key: ID!) { viewer { email } explain(permission: "api_key.view", resourceId: $key) { allow } }`, []any{"explain"}, "NOT_FOUND"},
		{"Query.explain", "cleo", `query($key: ID!, $ada: ID!) { viewer { email } explain(permission: "api_key.view", resourceId: $key, subjectId: $ada) { allow } }`, []any{"explain"}, "FORBIDDEN"},
		{"Query.whoCan", "cleo", `query($key: ID!) { viewer { email } whoCan(permission: "api_key.view", resourceId: $key) { totalCount } }`, []any{"whoCan"}, "FORBIDDEN"},
		{"Query.whoCan", "hal", `query($key: ID!) { viewer { email } whoCan(permission: "api_key.view", resourceId: $key) { nodes { paths } } }`, []any{"whoCan"}, "FORBIDDEN"},
		{"Query.whoCan", "ida", `query($key: ID!) { viewer { email } whoCan(permission: "api_key.view", resourceId: $key) { nodes { paths } } }`, []any{"whoCan"}, "FORBIDDEN"},
		{"Query.whoCan", "gus", `query($prj: ID!) { viewer { email } whoCan(permission: "project.view", resourceId: $prj) { nodes { paths } } }`, []any{"whoCan"}, "NOT_FOUND"},
		{"Access.principal", "ben", `query($key: ID!) { whoCan(permission: "api_key.view", resourceId: $key, last: 1) { nodes { paths principal { ... on User { email } } } } }`, []any{"whoCan", "nodes", 0, "principal", "email"}, ""},
		{"Secret.owner", "cleo", `query($vault: ID!) { secret(id: $vault) { id owner { email } } }`, []any{"secret", "owner", "email"}, ""},
		{"Secret.organization", "cleo", `query($vault: ID!) { secret(id: $vault) { id organization { id name } } }`, []any{"secret", "organization"}, ""},
		{"Secret.organization", "cleo", `{ secrets(first: 10) { nodes { id organization { id } } } }`, []any{"secrets", "nodes", 0, "organization"}, ""},
		{"Secret.disabledBy", "cleo", `query($vault: ID!) { secret(id: $vault) { id disabledBy { id name } } }`, []any{"secret", "disabledBy"}, ""},
		{"Secret.versions", "cleo", `query($vault: ID!) { secret(id: $vault) { id versions(first: 10) { totalCount nodes { number } } } }`, []any{"secret", "versions"}, "FORBIDDEN"},
		{"Secret.versions", "hal", `{ secrets(first: 10) { nodes { id versions(first: 10) { totalCount } } } }`, []any{"secrets", "nodes", 0, "versions"}, ""},
		{"Secret.shareLinks", "dev", `query($vault: ID!) { secret(id: $vault) { id shareLinks(first: 10) { totalCount nodes { id } } } }`, []any{"secret", "shareLinks"}, "FORBIDDEN"},
		{"Secret.shareLinks", "hal", `{ secrets(first: 10) { nodes { id shareLinks(first: 10) { totalCount } } } }`, []any{"secrets", "nodes", 0, "shareLinks"}, ""},
		{"Query.node", "dev", `query($vaultLink: ID!) { viewer { email } node(id: $vaultLink) { id } }`, []any{"node"}, "NOT_FOUND"},
		{"SecretGrant.grantee", "cleo", `query($vault: ID!) { secret(id: $vault) { grants(first: 10) { nodes { id grantee { ... on User { email } } } } } }`, []any{"secret", "grants", "nodes", 0, "grantee", "email"}, ""},
		{"SecretGrant.grantee", "cleo", `query($vault: ID!) { secret(id: $vault) { grants(first: 10) { nodes { id grantee { ... on Group { organization { id } } } } } } }`, []any{"secret", "grants", "nodes", 2, "grantee", "organization"}, ""},
		{"SecretGrant.grantee", "cleo", `query($vault: ID!) { secret(id: $vault) { grants(first: 10) { nodes { id grantee { ... on Group { owner { id } members(first: 1) { totalCount } } } } } } }`, []any{"secret", "grants", "nodes", 2, "grantee", "members"}, ""},
		{"SecretGrant.grantedBy", "cleo", `query($vault: ID!) { secret(id: $vault) { grants(first: 10) { nodes { id grantedBy { id name } } } } }`, []any{"secret", "grants", "nodes", 0, "grantedBy"}, ""},
		{"SecretVersion.createdBy", "dev", `query($vault: ID!) { secret(id: $vault) { versions(first: 10) { nodes { number createdBy { id } } } } }`, []any{"secret", "versions", "nodes", 0, "createdBy"}, ""},
		{"Group.organization", "dev", `query($team: ID!) { group(id: $team) { id organization { id name } } }`, []any{"group", "organization"}, ""},
		{"Group.owner", "dev", `query($team: ID!) { group(id: $team) { id owner { id name } } }`, []any{"group", "owner"}, ""},
		{"Group.members", "dev", `query($team: ID!) { group(id: $team) { id members(first: 10) { totalCount nodes { id } } } }`, []any{"group", "members"}, "FORBIDDEN"},
		{"Group.members", "ida", `query($team: ID!) { group(id: $team) { id members(first: 10) { totalCount nodes { id } } } }`, []any{"group", "members"}, "FORBIDDEN"},
		{"Group.members", "dev", `{ groups(first: 10) { nodes { id members(first: 10) { totalCount } } } }`, []any{"groups", "nodes", 0, "members"}, ""},
		{"GroupMember.addedBy", "dev", `query($devMember: ID!) { node(id: $devMember) { id ... on GroupMember { addedBy { id } } } }`, []any{"node", "addedBy"}, ""},
		{"Query.secret", "hal", `query($safe: ID!) { viewer { email } secret(id: $safe) { id } }`, []any{"secret"}, "NOT_FOUND"},
		{"Query.secret", "ida", `query($vault: ID!) { viewer { email } secret(id: $vault) { id } }`, []any{"secret"}, "NOT_FOUND"},
		{"Query.secrets", "hal", `{ viewer { email } secrets(first: 10) { nodes { id } } }`, []any{"secrets", "nodes", 1}, ""},
		{"Query.secrets", "ida", `{ viewer { email } secrets(first: 10) { nodes { id } } }`, []any{"secrets", "nodes", 0}, ""},
		{"Query.group", "gus", `query($team: ID!) { viewer { email } group(id: $team) { id } }`, []any{"group"}, "NOT_FOUND"},
		{"Query.group", "cleo", `query($team: ID!) { viewer { email } group(id: $team) { id } }`, []any{"group"}, "NOT_FOUND"},
		{"Query.groups", "gus", `query($org: ID!) { viewer { email } groups(first: 10, organizationId: $org) { nodes { id } } }`, []any{"groups", "nodes", 0}, ""},
		{"Query.searchPrincipals", "cleo", `query($org: ID!) { viewer { email } searchPrincipals(organizationId: $org, query: "zan") { __typename } }`, []any{"searchPrincipals"}, "NOT_FOUND"},
		{"Query.searchPrincipals", "gus", `query($org: ID!) { viewer { email } searchPrincipals(organizationId: $org, query: "ben") { ... on User { id } } }`, []any{"searchPrincipals", 0}, ""},
		{"Query.previewGroupChange", "dev", `query($team: ID!) { viewer { email } previewGroupChange(input: {groupId: $team, userIds: [], logins: ["x"]}) { hiddenCount } }`, []any{"previewGroupChange"}, "FORBIDDEN"},
		{"Query.previewGroupChange", "gus", `query($team: ID!) { viewer { email } previewGroupChange(input: {groupId: $team, userIds: [], logins: ["x"]}) { hiddenCount } }`, []any{"previewGroupChange"}, "NOT_FOUND"},
		{"Query.exposureReport", "cleo", `query($org: ID!, $ada: ID!) { viewer { email } exposureReport(organizationId: $org, userId: $ada, first: 10) { totalCount } }`, []any{"exposureReport"}, "NOT_FOUND"},
		{"Query.exposureReport", "gus", `query($org: ID!, $ada: ID!) { viewer { email } exposureReport(organizationId: $org, userId: $ada, first: 10) { totalCount } }`, []any{"exposureReport"}, "FORBIDDEN"},
		{"Organization.invitations", "gus", `query($org: ID!) { organization(id: $org) { id invitations(first: 10) { totalCount nodes { id email } } } }`, []any{"organization", "invitations"}, "FORBIDDEN"},
		{"Organization.invitations", "gus", `{ organizations(first: 10) { nodes { id invitations(first: 10) { totalCount } } } }`, []any{"organizations", "nodes", 0, "invitations"}, ""},
		{"Query.offboardingPreview", "cleo", `query($org: ID!, $ada: ID!) { viewer { email } offboardingPreview(organizationId: $org, userId: $ada) { heirs { id } } }`, []any{"offboardingPreview"}, "NOT_FOUND"},
		{"Query.offboardingPreview", "gus", `query($org: ID!, $ada: ID!) { viewer { email } offboardingPreview(organizationId: $org, userId: $ada) { keysThatStop { id } } }`, []any{"offboardingPreview"}, "FORBIDDEN"},
		{"Query.node", "hal", `query($devMember: ID!) { viewer { email } node(id: $devMember) { id } }`, []any{"node"}, "NOT_FOUND"},
		{"Query.whoCan", "cleo", `query($vault: ID!) { viewer { email } whoCan(permission: "secret.reveal", resourceId: $vault) { totalCount nodes { principal { ... on User { id } } } } }`, []any{"whoCan", "nodes", 0, "principal", "id"}, ""},
		{"Query.explain", "cleo", `query($vault: ID!, $hal: ID!) { viewer { email } explain(permission: "secret.reveal", resourceId: $vault, subjectId: $hal) { allow } }`, []any{"explain"}, "NOT_FOUND"},
		{"Query.whoCan", "gus", `query($vault: ID!) { viewer { email } whoCan(permission: "secret.reveal", resourceId: $vault) { totalCount } }`, []any{"whoCan"}, "NOT_FOUND"},
		{"Viewer.invitations", "gus", `{ viewer { email invitations(first: 10) { nodes { id } } } }`, []any{"viewer", "invitations", "nodes", 0}, ""},
		{"Viewer.sessions", "gus", `{ viewer { email sessions(first: 10) { nodes { id } } } }`, []any{"viewer", "sessions", "nodes", 1}, ""},
		{"Viewer.accessTokens", "gus", `{ viewer { email accessTokens(first: 10) { nodes { id } } } }`, []any{"viewer", "accessTokens", "nodes", 0}, ""},
	}
}

// leakless are fields to rows that nothing is hidden behind, with the reason.
func leakless() map[string]string {
	return map[string]string{
		"Viewer.user":                "everybody sees themself",
		"Subscription.usage":         "is told to who may see the statistics of the key; TestAStreamOfUsageBeginsWithTheNewestMinute",
		"Usage.points":               "figures; TestUsageIsToldApartByWhatTheViewerMaySee says whose ids are in them",
		"Query.roles":                "the published matrix, the same for everybody",
		"Query.policy":               "the law, the same for everybody",
		"Policy.modules":             "texts of the law; TestTheSourcesOfThePolicyAreForWhoRuns says who reads them",
		"Policy.permissions":         "names of rules, the same for everybody",
		"PolicyModule.publishedBy":   "nobody published the law that Keyhall starts with",
		"Subscription.accessChanged": "is told to whoever the policy shows the key; TestAStreamTellsWhoeverThePolicyShowsTheKey",
		"AccessChange.resource":      "null once the viewer lost sight of it; TestARemovedCollaboratorsStreamNeverNamesTheKeyAgain",
		"Access.resource":            "is the thing that was asked about, which the viewer sees",
		"Exposure.secret":            "null where the viewer does not see it; TestWhatALeaverHasSeenIsReported",
		"Exposure.apiKey":            "always null yet",
		"GroupChangePreview.gains":   "names the secrets and people that the viewer may know of; TestAPreviewIsNoSideDoor",
		"Query.viewer":               "is who asks",
		"Organization.members":       "who is in an organization sees who is (design.md section 3)",
		"OrganizationMember.user":    "who sees a membership is in that organization too, and its members see each other",

		"OffboardingPreview.keysThatStop": "an id and a name of what the viewer does not see; TestWhatSomebodyWouldLeaveBehindIsNamedAndNotShown",
		"OffboardingPreview.solelyOwned":  "the same",
		"OffboardingPreview.exposures":    "as exposureReport says; TestWhatALeaverHasSeenIsReported",
		"OffboardingPreview.heirs":        "members of the viewer's own organization, whom they see",
		"Secret.grants":                   "who sees a secret sees with whom it is shared: one row of the matrix (design.md section 3)",
		"ShareLink.createdBy":             "who sees a link owns the secret, and nobody else makes one",
		"GroupMember.user":                "who sees a membership sees whose it is: themself, or people of a group whose members one sees",
		"Project.organization":            "who sees a project is a member of its organization (design.md section 3)",
		"Collaborator.user":               "who sees a place sees who holds it: themself, or people on a key whose sharing one sees",
		"SecuritySettings.jwtKeys":        "who sees the settings of a key sees its public keys: one right shows both (design.md section 3)",
		"AuditEvent.actor":                "TestWhoLeftIsANameInTheLogAndNothingElse",
		"Limits.rates":                    "who sees the limits of a thing sees each of them: one right shows all (policy/keyhall/limit)",
		"Limits.spend":                    "the same",
		"Limits.alerts":                   "the same",
		"SpendLimit.amount":               "an amount, and no row",
		"SpendLimit.spent":                "an amount, and no row: null for who may not see the cost",
		"Project.unitPrice":               "an amount, and no row",
	}
}

//keyhall:norace
func TestEveryFieldToAnotherRowHasALeakTest(t *testing.T) {
	t.Parallel()
	tested := map[string]bool{}
	for _, e := range leakEdges() {
		tested[e.field] = true
	}
	schema := loadSchema(t)
	eachField(schema, func(d *ast.Definition, f *ast.FieldDefinition) {
		name, typ := d.Name+"."+f.Name, f.Type.Name()
		plain := !schema.Types[typ].IsCompositeType() || slices.Contains([]string{"PageInfo", "UserError", "AuditChange", "Money"}, typ)
		if plain || d == schema.Mutation || d.Kind == ast.InputObject {
			return
		}
		for _, part := range []string{"Connection", "Edge", "Payload", "Result"} { // parts of a page or of an answer: what leads to them is tested
			if strings.HasSuffix(d.Name, part) {
				return
			}
		}
		if leakless()[name] == "" && !tested[name] {
			t.Errorf("%s leads to rows: add it to leakEdges, or to leakless with the reason", name)
		}
	})
}

//keyhall:norace
func TestNoFieldLeadsToAHiddenRow(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		e := newEstate(t, s)
		e.splitRotations(t)
		e.ada.Must(t, `mutation($id: ID!) { disableAPIKey(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": e.key.ID})
		e.SQL(t, "UPDATE secrets SET disabled_at = 1, disabled_by_id = ? WHERE id = ?", e.ada.ID, e.vault)
		for _, edge := range leakEdges() {
			out := e.person(edge.who).Do(t, edge.ask, e.vars(edge.ask))
			if got := out.At(edge.path...); got != nil {
				t.Errorf("%s: %s asks\n%s\nand finds %v", edge.field, edge.who, edge.ask, got)
			}
			if parent := out.At(edge.path[:1]...); len(edge.path) > 1 && parent == nil {
				t.Errorf("%s: %s does not even see where it starts: %s", edge.field, edge.who, out.Body)
			}
			if out.Code() != edge.code {
				t.Errorf("%s: %s gets %q, want %q: %s", edge.field, edge.who, out.Code(), edge.code, out.Body)
			}
			for _, failed := range out.Errors {
				if strings.Contains(failed.Message, leakWord) || len(failed.Path) == 0 || failed.Path[0] != edge.path[0] {
					t.Errorf("%s: the error says %q at %v", edge.field, failed.Message, failed.Path)
				}
			}
		}
	})
}

func (e *estate) person(name string) *apptest.Actor {
	return map[string]*apptest.Actor{
		"ada": e.ada, "ben": e.ben, "cleo": e.cleo, "dev": e.dev, "gus": e.gus, "hal": e.hal, "ida": e.ida, "eve": e.eve,
	}[name]
}

// splitRotations has dev on one side of two rotations each: first on a key that was replaced, then on one that replaced.
func (e *estate) splitRotations(t *testing.T) {
	t.Helper()
	fay := e.Actor(t, "fay")
	rotated := func(old string) string {
		return fay.Must(t, rotateMutation, apptest.Vars{"id": old, "overlap": 3600}).Text("rotateAPIKey", "apiKey", "id")
	}
	e.devsOld = fay.CreateKey(t, leakWord+" old", "", "PROJECT").ID
	fay.Share(t, e.devsOld, e.dev, "CONTRIBUTOR")
	place := e.one(t, "SELECT id AS x FROM collaborators WHERE api_key_id = ? AND user_id = ?", rotated(e.devsOld), e.dev.ID)
	fay.Must(t, `mutation($id: ID!) { removeCollaborator(input: {collaboratorId: $id}) { errors { code } } }`, apptest.Vars{"id": place})

	e.devsNew = rotated(fay.CreateKey(t, leakWord+" new", "", "PROJECT").ID)
	fay.Share(t, e.devsNew, e.dev, "CONTRIBUTOR")
}

// vars fills in the ids that an operation declares.
func (e *estate) vars(ask string) apptest.Vars {
	out := apptest.Vars{}
	for name, id := range map[string]string{
		"key": e.key.ID, "spare": e.spare.ID, "private": e.private.ID, "inv": e.devInvitation, "org": e.ada.Home, "prj": e.ada.Project,
		"devsNew": e.devsNew, "devsOld": e.devsOld, "place": e.cleoPlace, "benPlace": e.benPlace, "ada": e.ada.ID,
		"vault": e.vault, "safe": e.safe, "team": e.team, "devMember": e.devMember, "vaultLink": e.vaultLink, "alert": e.alert, "hal": e.hal.ID,
		"service": e.service, "verifier": e.verifier, "works": e.works,
	} {
		if strings.Contains(ask, "$"+name+":") {
			out[name] = id
		}
	}
	return out
}

// What a deed answers with is seen with the eyes of who did it: an organization's owner disables a key and learns nothing of
// its sharing by that.
//
//keyhall:norace
func TestTheAnswerOfADeedHidesWhatAQueryHides(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		e := newEstate(t, s)
		out := e.ida.Do(t, `mutation($key: ID!) { disableAPIKey(input: {id: $key}) {
			apiKey { id status collaborators(first: 10) { totalCount } invitations(first: 10) { nodes { email } } } errors { code } } }`, apptest.Vars{"key": e.key.ID})
		if out.Text("disableAPIKey", "apiKey", "status") != "DISABLED" || out.At("disableAPIKey", "apiKey", "collaborators") != nil || out.At("disableAPIKey", "apiKey", "invitations") != nil {
			t.Errorf("an organization's owner disables a key and gets %s", out.Body)
		}
		if len(out.Errors) != 2 || out.Errors[0].Extensions.Code != "FORBIDDEN" || strings.Contains(out.Body, e.dev.Email) {
			t.Errorf("the gated fields say %s", out.Body)
		}
		out = e.cleo.Do(t, `mutation($id: ID!) { declineInvitation(input: {invitationId: $id}) { invitation { id } errors { code } } }`, apptest.Vars{"id": e.devInvitation})
		if out.Code() != "NOT_FOUND" || strings.Contains(out.Body, e.devInvitation) {
			t.Errorf("declining somebody else's invitation: %s", out.Body)
		}
		left := e.ben.Must(t, `mutation($id: ID!) { removeCollaborator(input: {collaboratorId: $id}) { apiKey { id name } errors { code } } }`, apptest.Vars{"id": e.benPlace})
		if left.At("removeCollaborator", "apiKey") != nil {
			t.Errorf("who removes themself still sees the key: %s", left.Body)
		}
	})
}

// Who was removed is hidden from then on: from the places and invitations that they gave out, and from the audit trail,
// where their name at the time stays and nothing else.
//
//keyhall:norace
func TestWhoLeftIsANameInTheLogAndNothingElse(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		e := newEstate(t, s)
		fay := s.Actor(t, "fay")
		joe := s.Actor(t, "joe")
		e.ben.Share(t, e.key.ID, fay, "CONTRIBUTOR")
		e.ben.Invite(t, e.key.ID, joe, "CONTRIBUTOR")
		e.ben.Must(t, `mutation($id: ID!) { revealAPIKeySecret(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": e.key.ID})
		look := func() apptest.Answer {
			return e.ada.Must(t, `query($key: ID!, $org: ID!) {
				apiKey(id: $key) { collaborators(first: 10) { nodes { user { id } addedBy { id username } } } invitations(first: 10) { nodes { email invitedBy { id username } } } }
				auditEvents(organizationId: $org, first: 100, filter: {types: ["api_key.secret.revealed"]}) { nodes { actorName actor { ... on User { id username email } } } } }`,
				apptest.Vars{"key": e.key.ID, "org": e.ada.Home})
		}
		if before := look(); !strings.Contains(before.Body, e.ben.ID) {
			t.Fatalf("ben is not there to begin with: %s", before.Body)
		}
		e.ada.Must(t, `mutation($id: ID!) { removeCollaborator(input: {collaboratorId: $id}) { errors { code } } }`, apptest.Vars{"id": e.benPlace})
		after := look()
		if strings.Contains(after.Body, e.ben.ID) {
			t.Errorf("who was removed is still shown: %s", after.Body)
		}
		if got := after.Text("auditEvents", "nodes", 0, "actorName"); got != e.ben.Username || after.At("auditEvents", "nodes", 0, "actor") != nil {
			t.Errorf("the log calls who left %q, and shows %v", got, after.At("auditEvents", "nodes", 0, "actor"))
		}
		if code := e.ada.Do(t, `query($id: ID!) { node(id: $id) { id } }`, apptest.Vars{"id": e.ben.ID}).Code(); code != "NOT_FOUND" {
			t.Errorf("node of who left: %q", code)
		}
	})
}

// totalCount counts what the viewer sees: by hand, for everybody and every list.
//
//keyhall:norace
func TestCountsAreOfVisibleRows(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		e := newEstate(t, s)
		const root = `{ apiKeys(first: 100) { totalCount nodes { id } } projects(first: 100) { totalCount nodes { id } } organizations(first: 100) { totalCount nodes { id } }
			viewer { invitations(first: 100) { totalCount nodes { id } } sessions(first: 100) { totalCount nodes { id } } accessTokens(first: 100) { totalCount nodes { id } } } }`
		for who, want := range map[string][6]int{ // keys, projects, organizations; invitations, sessions, tokens
			"ada":  {3, 1, 1, 0, 1, 1},
			"ben":  {1, 1, 1, 1, 1, 0},
			"cleo": {1, 1, 1, 1, 1, 0},
			"dev":  {0, 1, 1, 1, 1, 0},
			"gus":  {0, 1, 2, 0, 1, 0},
			"hal":  {2, 2, 2, 0, 1, 0},
			"ida":  {2, 2, 2, 0, 1, 0},
			"eve":  {3, 1, 1, 1, 1, 1},
		} {
			out := e.person(who).Must(t, root, nil)
			for i, path := range [][]any{{"apiKeys"}, {"projects"}, {"organizations"}, {"viewer", "invitations"}, {"viewer", "sessions"}, {"viewer", "accessTokens"}} {
				leakCount(t, who, out, path, want[i])
			}
		}
		const inside = `query($key: ID!, $org: ID!, $prj: ID!) { apiKey(id: $key) { collaborators(first: 100) { totalCount nodes { id } } invitations(first: 100) { totalCount nodes { id } } }
			organization(id: $org) { projects(first: 100) { totalCount nodes { id } } } project(id: $prj) { apiKeys(first: 100) { totalCount nodes { id } } } }`
		for who, want := range map[string][4]int{"ada": {2, 3, 1, 3}, "ben": {2, 3, -1, -1}, "cleo": {-1, -1, -1, -1}, "hal": {-1, -1, 1, 2}, "gus": {-1, -1, 0, -1}, "ida": {-1, -1, 1, 2}, "eve": {-1, -1, -1, -1}} {
			out := e.person(who).Do(t, inside, e.vars(inside))
			for i, path := range [][]any{{"apiKey", "collaborators"}, {"apiKey", "invitations"}, {"organization", "projects"}, {"project", "apiKeys"}} {
				leakCount(t, who, out, path, want[i])
			}
		}
	})
}

// leakCount compares a page and its count; -1 stands for no page at all.
func leakCount(t *testing.T, who string, out apptest.Answer, path []any, want int) {
	t.Helper()
	page, _ := out.At(path...).(map[string]any)
	if want < 0 {
		if page != nil {
			t.Errorf("%s sees %v: %v", who, path, page)
		}
		return
	}
	nodes, _ := page["nodes"].([]any)
	if n, _ := page["totalCount"].(float64); page == nil || int(n) != want || len(nodes) != want {
		t.Errorf("%s counts %v and sees %d of %v, want %d", who, page["totalCount"], len(nodes), path, want)
	}
}
