package policy

import (
	"testing"

	"entgo.io/ent/dialect"
)

// The tests of the law know no database, so they are run once.
func TestTheBuiltInLawLoadsForBothDatabases(t *testing.T) {
	t.Parallel()
	for i, name := range []string{dialect.SQLite, dialect.Postgres} {
		r, err := Load(t.Context(), Options{Modules: Law(), Dialect: name, Settings: Settings{ShareLinks: i > 0}, Proven: i > 0})
		if err != nil {
			t.Fatal(err)
		}
		for typ, n := range r.Leaves() {
			if n > maxLeaves {
				t.Errorf("%s has %d leaves", typ, n)
			}
		}
		t.Logf("%s: %d permissions, leaves %v", name, len(r.Permissions()), r.Leaves())
	}
}

// Packages such as audit are about organizations too; their view is not the one that shows the rows.
func TestRowsOfATypeAreShownByItsOwnViewPermission(t *testing.T) {
	t.Parallel()
	r, err := Load(t.Context(), Options{Modules: Law(), Dialect: dialect.SQLite, Proven: true})
	if err != nil {
		t.Fatal(err)
	}
	for typ, want := range map[string]Permission{
		"APIKey": "api_key.view", "Organization": "organization.view", "OrganizationMember": "organization_member.view",
		"AuditEvent": "audit_event.view", "User": "user.view", "Session": "session.view", "Collaborator": "collaborator.view",
		"SecuritySettings": "security_settings.view", "JWTKey": "jwt_key.view", "Secret": "secret.view", "SecretGrant": "secret_grant.view",
		"SecretVersion": "secret_version.view", "Group": "group.view", "GroupMember": "group_member.view",
		"ShareLink": "share_link.view", "RateLimit": "rate_limit.view", "SpendLimit": "spend_limit.view", "SpendAlert": "spend_alert.view",
	} {
		if got, ok := r.RowPermission(typ); !ok || got != want {
			t.Errorf("%s: %q", typ, got)
		}
	}
	for _, typ := range []string{"Credential", "SealedValue", "SealedVersion", "APIKeyHash", "Instance", "SpendAccount", "SpendLease", "Webhook", "Nonsense"} {
		if got, ok := r.RowPermission(typ); ok {
			t.Errorf("rows of %s are shown by %q", typ, got)
		}
	}
}
