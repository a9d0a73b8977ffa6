package ent_test

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"entgo.io/ent/dialect/sql"

	"github.com/keyhall/keyhall/ent/accesstoken"
	"github.com/keyhall/keyhall/ent/apikey"
	"github.com/keyhall/keyhall/ent/auditevent"
	"github.com/keyhall/keyhall/ent/collaborator"
	"github.com/keyhall/keyhall/ent/group"
	"github.com/keyhall/keyhall/ent/groupmember"
	"github.com/keyhall/keyhall/ent/invitation"
	"github.com/keyhall/keyhall/ent/invitationproject"
	"github.com/keyhall/keyhall/ent/jwtkey"
	"github.com/keyhall/keyhall/ent/organization"
	"github.com/keyhall/keyhall/ent/organizationmember"
	"github.com/keyhall/keyhall/ent/project"
	"github.com/keyhall/keyhall/ent/projectmember"
	"github.com/keyhall/keyhall/ent/secret"
	"github.com/keyhall/keyhall/ent/secretgrant"
	"github.com/keyhall/keyhall/ent/secretversion"
	"github.com/keyhall/keyhall/ent/securitysettings"
	"github.com/keyhall/keyhall/ent/serviceaccount"
	"github.com/keyhall/keyhall/ent/session"
	"github.com/keyhall/keyhall/ent/sharelink"
	"github.com/keyhall/keyhall/ent/user"
	"github.com/keyhall/keyhall/ent/verifiertoken"
)

// way is one edge of one type: its predicates, where it leads, and the pairs (from>to) as the tables have them.
type way struct {
	from, edge, to string
	has            any
	with           func(id string) any
	pairs          string
}

// ways lists every edge by hand; the sweep fails when the schema has one that is not here.
func ways() []way {
	child := func(table, column string) string { return "SELECT " + column + " || '>' || id AS x FROM " + table }
	parent := func(table, column string) string { return "SELECT id || '>' || " + column + " AS x FROM " + table }
	return append(waysOfLimits(), []way{
		{"APIKey", "project", "Project", apikey.HasProject(), func(id string) any { return apikey.HasProjectWith(project.ID(id)) }, parent("api_keys", "project_id")},
		{"APIKey", "owner", "User", apikey.HasOwner(), func(id string) any { return apikey.HasOwnerWith(user.ID(id)) }, parent("api_keys", "owner_id")},
		{"APIKey", "collaborators", "Collaborator", apikey.HasCollaborators(), func(id string) any { return apikey.HasCollaboratorsWith(collaborator.ID(id)) }, child("collaborators", "api_key_id")},
		{"APIKey", "invitations", "Invitation", apikey.HasInvitations(), func(id string) any { return apikey.HasInvitationsWith(invitation.ID(id)) }, child("invitations", "api_key_id") + " WHERE api_key_id IS NOT NULL"},
		{"APIKey", "security_settings", "SecuritySettings", apikey.HasSecuritySettings(), func(id string) any { return apikey.HasSecuritySettingsWith(securitysettings.ID(id)) }, child("security_settings", "api_key_id")},
		{"APIKey", "jwt_keys", "JWTKey", apikey.HasJwtKeys(), func(id string) any { return apikey.HasJwtKeysWith(jwtkey.ID(id)) }, child("jwt_keys", "api_key_id")},
		{"APIKey", "replaces", "APIKey", apikey.HasReplaces(), func(id string) any { return apikey.HasReplacesWith(apikey.ID(id)) }, parent("api_keys", "replaces_id") + " WHERE replaces_id IS NOT NULL"},
		{"APIKey", "replaced_by", "APIKey", apikey.HasReplacedBy(), func(id string) any { return apikey.HasReplacedByWith(apikey.ID(id)) }, child("api_keys", "replaces_id") + " WHERE replaces_id IS NOT NULL"},
		{"SecuritySettings", "api_key", "APIKey", securitysettings.HasAPIKey(), func(id string) any { return securitysettings.HasAPIKeyWith(apikey.ID(id)) }, parent("security_settings", "api_key_id")},
		{"JWTKey", "api_key", "APIKey", jwtkey.HasAPIKey(), func(id string) any { return jwtkey.HasAPIKeyWith(apikey.ID(id)) }, parent("jwt_keys", "api_key_id")},
		{"AccessToken", "user", "User", accesstoken.HasUser(), func(id string) any { return accesstoken.HasUserWith(user.ID(id)) }, parent("access_tokens", "user_id")},
		{"AuditEvent", "organization", "Organization", auditevent.HasOrganization(), func(id string) any { return auditevent.HasOrganizationWith(organization.ID(id)) }, parent("audit_events", "organization_id")},
		{"Collaborator", "api_key", "APIKey", collaborator.HasAPIKey(), func(id string) any { return collaborator.HasAPIKeyWith(apikey.ID(id)) }, parent("collaborators", "api_key_id")},
		{"Collaborator", "user", "User", collaborator.HasUser(), func(id string) any { return collaborator.HasUserWith(user.ID(id)) }, parent("collaborators", "user_id")},
		{"Collaborator", "added_by", "User", collaborator.HasAddedBy(), func(id string) any { return collaborator.HasAddedByWith(user.ID(id)) }, parent("collaborators", "added_by_id")},
		{"Invitation", "api_key", "APIKey", invitation.HasAPIKey(), func(id string) any { return invitation.HasAPIKeyWith(apikey.ID(id)) }, parent("invitations", "api_key_id") + " WHERE api_key_id IS NOT NULL"},
		{"Invitation", "organization", "Organization", invitation.HasOrganization(), func(id string) any { return invitation.HasOrganizationWith(organization.ID(id)) }, parent("invitations", "organization_id") + " WHERE organization_id IS NOT NULL"},
		{"Invitation", "projects", "InvitationProject", invitation.HasProjects(), func(id string) any { return invitation.HasProjectsWith(invitationproject.ID(id)) }, child("invitation_projects", "invitation_id")},
		{"InvitationProject", "invitation", "Invitation", invitationproject.HasInvitation(), func(id string) any { return invitationproject.HasInvitationWith(invitation.ID(id)) }, parent("invitation_projects", "invitation_id")},
		{"InvitationProject", "project", "Project", invitationproject.HasProject(), func(id string) any { return invitationproject.HasProjectWith(project.ID(id)) }, parent("invitation_projects", "project_id")},
		{"Organization", "invitations", "Invitation", organization.HasInvitations(), func(id string) any { return organization.HasInvitationsWith(invitation.ID(id)) }, child("invitations", "organization_id") + " WHERE organization_id IS NOT NULL"},
		{"Project", "invited", "InvitationProject", project.HasInvited(), func(id string) any { return project.HasInvitedWith(invitationproject.ID(id)) }, child("invitation_projects", "project_id")},
		{"Invitation", "invited_by", "User", invitation.HasInvitedBy(), func(id string) any { return invitation.HasInvitedByWith(user.ID(id)) }, parent("invitations", "invited_by_id")},
		{"Organization", "members", "OrganizationMember", organization.HasMembers(), func(id string) any { return organization.HasMembersWith(organizationmember.ID(id)) }, child("organization_members", "organization_id")},
		{"Organization", "projects", "Project", organization.HasProjects(), func(id string) any { return organization.HasProjectsWith(project.ID(id)) }, child("projects", "organization_id")},
		{"Organization", "audit_events", "AuditEvent", organization.HasAuditEvents(), func(id string) any { return organization.HasAuditEventsWith(auditevent.ID(id)) }, child("audit_events", "organization_id")},
		{"OrganizationMember", "organization", "Organization", organizationmember.HasOrganization(), func(id string) any { return organizationmember.HasOrganizationWith(organization.ID(id)) }, parent("organization_members", "organization_id")},
		{"OrganizationMember", "user", "User", organizationmember.HasUser(), func(id string) any { return organizationmember.HasUserWith(user.ID(id)) }, parent("organization_members", "user_id")},
		{"Project", "organization", "Organization", project.HasOrganization(), func(id string) any { return project.HasOrganizationWith(organization.ID(id)) }, parent("projects", "organization_id")},
		{"Project", "members", "ProjectMember", project.HasMembers(), func(id string) any { return project.HasMembersWith(projectmember.ID(id)) }, child("project_members", "project_id")},
		{"Project", "api_keys", "APIKey", project.HasAPIKeys(), func(id string) any { return project.HasAPIKeysWith(apikey.ID(id)) }, child("api_keys", "project_id")},
		{"ProjectMember", "project", "Project", projectmember.HasProject(), func(id string) any { return projectmember.HasProjectWith(project.ID(id)) }, parent("project_members", "project_id")},
		{"Project", "service_accounts", "ServiceAccount", project.HasServiceAccounts(), func(id string) any { return project.HasServiceAccountsWith(serviceaccount.ID(id)) }, child("service_accounts", "project_id")},
		{"Project", "verifier_tokens", "VerifierToken", project.HasVerifierTokens(), func(id string) any { return project.HasVerifierTokensWith(verifiertoken.ID(id)) }, child("verifier_tokens", "project_id")},
		{"ServiceAccount", "project", "Project", serviceaccount.HasProject(), func(id string) any { return serviceaccount.HasProjectWith(project.ID(id)) }, parent("service_accounts", "project_id")},
		{"ServiceAccount", "api_keys", "APIKey", serviceaccount.HasAPIKeys(), func(id string) any { return serviceaccount.HasAPIKeysWith(apikey.ID(id)) }, child("api_keys", "service_account_id") + " WHERE service_account_id IS NOT NULL"},
		{"APIKey", "service_account", "ServiceAccount", apikey.HasServiceAccount(), func(id string) any { return apikey.HasServiceAccountWith(serviceaccount.ID(id)) }, parent("api_keys", "service_account_id") + " WHERE service_account_id IS NOT NULL"},
		{"VerifierToken", "project", "Project", verifiertoken.HasProject(), func(id string) any { return verifiertoken.HasProjectWith(project.ID(id)) }, parent("verifier_tokens", "project_id")},
		{"VerifierToken", "created_by", "User", verifiertoken.HasCreatedBy(), func(id string) any { return verifiertoken.HasCreatedByWith(user.ID(id)) }, parent("verifier_tokens", "created_by_id")},
		{"ProjectMember", "group", "Group", projectmember.HasGroup(), func(id string) any { return projectmember.HasGroupWith(group.ID(id)) }, parent("project_members", "group_id") + " WHERE group_id IS NOT NULL"},
		{"Group", "project_memberships", "ProjectMember", group.HasProjectMemberships(), func(id string) any { return group.HasProjectMembershipsWith(projectmember.ID(id)) }, child("project_members", "group_id") + " WHERE group_id IS NOT NULL"},
		{"ProjectMember", "user", "User", projectmember.HasUser(), func(id string) any { return projectmember.HasUserWith(user.ID(id)) }, parent("project_members", "user_id")},
		{"Session", "user", "User", session.HasUser(), func(id string) any { return session.HasUserWith(user.ID(id)) }, parent("sessions", "user_id")},
		{"User", "collaborations", "Collaborator", user.HasCollaborations(), func(id string) any { return user.HasCollaborationsWith(collaborator.ID(id)) }, child("collaborators", "user_id")},
		{"User", "organization_memberships", "OrganizationMember", user.HasOrganizationMemberships(), func(id string) any { return user.HasOrganizationMembershipsWith(organizationmember.ID(id)) }, child("organization_members", "user_id")},
		{"User", "project_memberships", "ProjectMember", user.HasProjectMemberships(), func(id string) any { return user.HasProjectMembershipsWith(projectmember.ID(id)) }, child("project_members", "user_id")},
		{"User", "owned_api_keys", "APIKey", user.HasOwnedAPIKeys(), func(id string) any { return user.HasOwnedAPIKeysWith(apikey.ID(id)) }, child("api_keys", "owner_id")},
		{"User", "sessions", "Session", user.HasSessions(), func(id string) any { return user.HasSessionsWith(session.ID(id)) }, child("sessions", "user_id")},
		{"User", "access_tokens", "AccessToken", user.HasAccessTokens(), func(id string) any { return user.HasAccessTokensWith(accesstoken.ID(id)) }, child("access_tokens", "user_id")},
		{"User", "sent_invitations", "Invitation", user.HasSentInvitations(), func(id string) any { return user.HasSentInvitationsWith(invitation.ID(id)) }, child("invitations", "invited_by_id")},
		{"Secret", "organization", "Organization", secret.HasOrganization(), func(id string) any { return secret.HasOrganizationWith(organization.ID(id)) }, parent("secrets", "organization_id")},
		{"Secret", "owner", "User", secret.HasOwner(), func(id string) any { return secret.HasOwnerWith(user.ID(id)) }, parent("secrets", "owner_id")},
		{"Secret", "grants", "SecretGrant", secret.HasGrants(), func(id string) any { return secret.HasGrantsWith(secretgrant.ID(id)) }, child("secret_grants", "secret_id")},
		{"Secret", "versions", "SecretVersion", secret.HasVersions(), func(id string) any { return secret.HasVersionsWith(secretversion.ID(id)) }, child("secret_versions", "secret_id")},
		{"Secret", "share_links", "ShareLink", secret.HasShareLinks(), func(id string) any { return secret.HasShareLinksWith(sharelink.ID(id)) }, child("share_links", "secret_id")},
		{"ShareLink", "secret", "Secret", sharelink.HasSecret(), func(id string) any { return sharelink.HasSecretWith(secret.ID(id)) }, parent("share_links", "secret_id")},
		{"ShareLink", "created_by", "User", sharelink.HasCreatedBy(), func(id string) any { return sharelink.HasCreatedByWith(user.ID(id)) }, parent("share_links", "created_by_id")},
		{"SecretVersion", "secret", "Secret", secretversion.HasSecret(), func(id string) any { return secretversion.HasSecretWith(secret.ID(id)) }, parent("secret_versions", "secret_id")},
		{"SecretVersion", "created_by", "User", secretversion.HasCreatedBy(), func(id string) any { return secretversion.HasCreatedByWith(user.ID(id)) }, parent("secret_versions", "created_by_id")},
		{"SecretGrant", "secret", "Secret", secretgrant.HasSecret(), func(id string) any { return secretgrant.HasSecretWith(secret.ID(id)) }, parent("secret_grants", "secret_id")},
		{"SecretGrant", "user", "User", secretgrant.HasUser(), func(id string) any { return secretgrant.HasUserWith(user.ID(id)) }, parent("secret_grants", "user_id") + " WHERE user_id IS NOT NULL"},
		{"SecretGrant", "group", "Group", secretgrant.HasGroup(), func(id string) any { return secretgrant.HasGroupWith(group.ID(id)) }, parent("secret_grants", "group_id") + " WHERE group_id IS NOT NULL"},
		{"SecretGrant", "granted_by", "User", secretgrant.HasGrantedBy(), func(id string) any { return secretgrant.HasGrantedByWith(user.ID(id)) }, parent("secret_grants", "granted_by_id")},
		{"Group", "organization", "Organization", group.HasOrganization(), func(id string) any { return group.HasOrganizationWith(organization.ID(id)) }, parent(`"groups"`, "organization_id")},
		{"Group", "owner", "User", group.HasOwner(), func(id string) any { return group.HasOwnerWith(user.ID(id)) }, parent(`"groups"`, "owner_id")},
		{"Group", "members", "GroupMember", group.HasMembers(), func(id string) any { return group.HasMembersWith(groupmember.ID(id)) }, child("group_members", "group_id")},
		{"Group", "secret_grants", "SecretGrant", group.HasSecretGrants(), func(id string) any { return group.HasSecretGrantsWith(secretgrant.ID(id)) }, child("secret_grants", "group_id") + " WHERE group_id IS NOT NULL"},
		{"GroupMember", "group", "Group", groupmember.HasGroup(), func(id string) any { return groupmember.HasGroupWith(group.ID(id)) }, parent("group_members", "group_id")},
		{"GroupMember", "user", "User", groupmember.HasUser(), func(id string) any { return groupmember.HasUserWith(user.ID(id)) }, parent("group_members", "user_id")},
		{"GroupMember", "added_by", "User", groupmember.HasAddedBy(), func(id string) any { return groupmember.HasAddedByWith(user.ID(id)) }, parent("group_members", "added_by_id")},
		{"Organization", "secrets", "Secret", organization.HasSecrets(), func(id string) any { return organization.HasSecretsWith(secret.ID(id)) }, child("secrets", "organization_id")},
		{"Organization", "groups", "Group", organization.HasGroups(), func(id string) any { return organization.HasGroupsWith(group.ID(id)) }, child(`"groups"`, "organization_id")},
		{"User", "owned_secrets", "Secret", user.HasOwnedSecrets(), func(id string) any { return user.HasOwnedSecretsWith(secret.ID(id)) }, child("secrets", "owner_id")},
		{"User", "secret_grants", "SecretGrant", user.HasSecretGrants(), func(id string) any { return user.HasSecretGrantsWith(secretgrant.ID(id)) }, child("secret_grants", "user_id") + " WHERE user_id IS NOT NULL"},
		{"User", "owned_groups", "Group", user.HasOwnedGroups(), func(id string) any { return user.HasOwnedGroupsWith(group.ID(id)) }, child(`"groups"`, "owner_id")},
		{"User", "group_memberships", "GroupMember", user.HasGroupMemberships(), func(id string) any { return user.HasGroupMembershipsWith(groupmember.ID(id)) }, child("group_members", "user_id")},
	}...)
}

// plain turns a predicate of any type into what a selector takes.
func plain(p any) func(*sql.Selector) {
	return reflect.ValueOf(p).Convert(reflect.TypeFor[func(*sql.Selector)]()).Interface().(func(*sql.Selector))
}

// leads are the visible rows of e.from from which a visible row of e.to is reached, of those that keep holds for.
func (w *world) leads(t *testing.T, e way, keep func(to string) bool) []string {
	found := map[string]bool{}
	for _, pair := range list(t, w.Server, e.pairs) {
		from, to, _ := strings.Cut(pair, ">")
		if keep(to) && slices.Contains(w.sees[e.from], from) && slices.Contains(w.sees[e.to], to) {
			found[from] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// HasX and HasXWith answer for visible rows only: one that is hidden and one that is not there are the same answer.
func edgePredicatesAreNoOracles(t *testing.T, w *world) {
	ctx, c, hiddenTried := as(w.Server, w.ada), w.App.Store.Client, 0
	for _, e := range ways() {
		t.Run(e.from+"."+e.edge, func(t *testing.T) {
			want := w.leads(t, e, func(string) bool { return true })
			if got := idsOf(t, ctx, "Has", where(queryOf(c, e.from), plain(e.has))); !slices.Equal(got, want) {
				t.Errorf("Has gives %v, want %v", got, want)
			}
			for _, id := range append([]string{"absent"}, w.all[e.to]...) {
				want := w.leads(t, e, func(to string) bool { return to == id })
				got := idsOf(t, ctx, "HasWith", where(queryOf(c, e.from), plain(e.with(id))))
				if !slices.Equal(got, want) {
					t.Errorf("HasWith of %s gives %v, want %v", id, got, want)
				}
				if !slices.Contains(w.sees[e.to], id) {
					hiddenTried++
				}
			}
		})
	}
	if hiddenTried < 100 {
		t.Errorf("only %d hidden rows were asked for", hiddenTried)
	}
}

// Inside Not and Or the same holds: what is hidden is not there, and what is visible is.
func negatedEdgePredicatesAreNoOracles(t *testing.T, w *world) {
	ctx, c := as(w.Server, w.ada), w.App.Store.Client
	for _, e := range ways() {
		has := w.leads(t, e, func(string) bool { return true })
		hasNot := slices.DeleteFunc(slices.Clone(w.sees[e.from]), func(id string) bool { return slices.Contains(has, id) })
		if got := idsOf(t, ctx, "Not(Has)", where(queryOf(c, e.from), sql.NotPredicates(plain(e.has)))); !slices.Equal(got, hasNot) {
			t.Errorf("Not(Has) of %s.%s gives %v, want %v", e.from, e.edge, got, hasNot)
		}
		either := sql.OrPredicates(plain(e.has), hasID("absent"))
		if got := idsOf(t, ctx, "Or(Has)", where(queryOf(c, e.from), either)); !slices.Equal(got, has) {
			t.Errorf("Or(Has, ...) of %s.%s gives %v, want %v", e.from, e.edge, got, has)
		}
		for _, id := range w.hidden(e.to) {
			not := idsOf(t, ctx, "Not(HasWith)", where(queryOf(c, e.from), sql.NotPredicates(plain(e.with(id)))))
			if !slices.Equal(not, w.sees[e.from]) {
				t.Errorf("Not(HasWith(%s)) of %s.%s gives %v, want all that is visible", id, e.from, e.edge, not)
			}
		}
	}
	two := organization.HasMembersWith(organizationmember.HasUserWith(user.EmailHasPrefix("b")))
	miss := organization.HasMembersWith(organizationmember.HasUserWith(user.EmailHasPrefix("q")))
	hit := organization.HasMembersWith(organizationmember.HasUserWith(user.EmailHasPrefix("cleo")))
	count := func(p any) int { return len(idsOf(t, ctx, "HasWith", where(queryOf(c, "Organization"), plain(p)))) }
	if count(two) != 0 || count(miss) != 0 || count(hit) != 1 {
		t.Errorf("two edges deep: hidden %d, absent %d, visible %d", count(two), count(miss), count(hit))
	}
}

// A query with a condition on an edge is the same query however it is asked: as rows, ids, groups, or whether there are any.
func everyWayAnswersTheSame(t *testing.T, w *world) {
	ctx, c := as(w.Server, w.ada), w.App.Store.Client
	for _, e := range ways() {
		want := w.leads(t, e, func(string) bool { return true })
		q := func() reflect.Value { return where(queryOf(c, e.from), plain(e.has)) }
		for asked, got := range answers(t, ctx, q) {
			if !slices.Equal(got, want) {
				t.Errorf("%s of Has(%s.%s) gives %v, want %v", asked, e.from, e.edge, got, want)
			}
		}
		bounds(t, ctx, q, want)
	}
}
