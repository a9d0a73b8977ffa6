package lock_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	gql "github.com/vektah/gqlparser/v2/ast"
	gqlparse "github.com/vektah/gqlparser/v2/parser"

	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/policy"
	"github.com/keyhall/keyhall/policy/internal/core"
)

// What every permission lets a deed write and read, beside its audit row, written by hand. ID is the thing that the
// permission is about, NEW the row that the deed makes, PART a row that belongs to the thing, ME the viewer; OWNER and
// PROJECT are those of the thing, SERVICE a service account in the place of the owner, PERSON somebody whom it is about, PLACE a
// project that somebody gets a place in.
const allDeeds = `
access_token.revoke delete AccessToken[] where id=ID user_id=ME
account.manage create AccessToken[*] where id=NEW user_id=ME
account.manage create Mail[*] where kind=password_changed user_id=ME
account.manage delete Session[] where user_id=ME
account.manage update Credential[changed_at password_hash reset_until] where user_id=ME
account.manage update User[name username] where id=ME
api_key.delete delete APIKey[] where id=ID
api_key.delete delete APIKeyHash[] where api_key_id=ID
api_key.delete delete Collaborator[] where api_key_id=ID
api_key.delete delete Invitation[] where api_key_id=ID
api_key.delete delete JWTKey[] where api_key_id=ID
api_key.delete delete SealedValue[] where api_key_id=ID
api_key.delete delete Mail[] where within_id=ID
api_key.delete delete SecuritySettings[] where api_key_id=ID
api_key.delete delete RateLimit[] where api_key_id=ID
api_key.delete delete Webhook[] where  and of some rows only
api_key.delete delete SpendAlert[] where api_key_id=ID
api_key.delete delete SpendAccount[] where scope_id=ID
api_key.delete delete SpendLease[] where scope_id=ID
api_key.delete delete SpendLimit[] where api_key_id=ID
api_key.delete reads Project
api_key.disable update APIKey[disabled_as disabled_at disabled_by_id] where id=ID
api_key.edit_limits create RateLimit[api_key_id created_at requests window_seconds] where api_key_id=ID
api_key.edit_limits create SpendAlert[api_key_id created_at emails percent raised_for webhook_url] where api_key_id=ID
api_key.edit_limits create SpendLimit[amount api_key_id created_at currency] where api_key_id=ID
api_key.edit_limits delete RateLimit[] where api_key_id=ID
api_key.edit_limits delete SpendAlert[] where api_key_id=ID
api_key.edit_limits delete SpendLimit[] where api_key_id=ID
api_key.edit_limits update RateLimit[requests] where api_key_id=ID
api_key.edit_limits update SpendLimit[amount currency] where api_key_id=ID
organization.edit_limits create RateLimit[created_at organization_id requests window_seconds] where organization_id=ID
organization.edit_limits create SpendAlert[created_at emails organization_id percent raised_for webhook_url] where organization_id=ID
organization.edit_limits create SpendLimit[amount created_at currency organization_id] where organization_id=ID
organization.edit_limits delete RateLimit[] where organization_id=ID
organization.edit_limits delete SpendAlert[] where organization_id=ID
organization.edit_limits delete SpendLimit[] where organization_id=ID
organization.edit_limits update RateLimit[requests] where organization_id=ID
organization.edit_limits update SpendLimit[amount currency] where organization_id=ID
project.edit_limits create RateLimit[created_at project_id requests window_seconds] where project_id=ID
project.edit_limits create SpendAlert[created_at emails percent project_id raised_for webhook_url] where project_id=ID
project.edit_limits create SpendLimit[amount created_at currency project_id] where project_id=ID
project.edit_limits delete RateLimit[] where project_id=ID
project.edit_limits delete SpendAlert[] where project_id=ID
project.edit_limits delete SpendLimit[] where project_id=ID
project.edit_limits update RateLimit[requests] where project_id=ID
project.edit_limits update SpendLimit[amount currency] where project_id=ID
api_key.edit_security create JWTKey[*] where api_key_id=ID
api_key.edit_security delete JWTKey[] where api_key_id=ID
api_key.edit_security update JWTKey[name position] where api_key_id=ID
api_key.edit_security update SecuritySettings[addresses methods origins require_jwt require_secret secret_overrides_allowlists user_agents] where api_key_id=ID
api_key.enable update APIKey[disabled_as disabled_at disabled_by_id] where id=ID
api_key.invite create Invitation[*] where api_key_id=ID invited_by_id=ME
api_key.invite create Mail[*] where kind=invitation within_id=ID
api_key.leave delete Collaborator[] where api_key_id=ID user_id=ME
api_key.remove_collaborator delete Collaborator[] where api_key_id=ID id=PART
api_key.move create JWTKey[*] where api_key_id=NEW
api_key.move create RateLimit[api_key_id created_at requests window_seconds] where api_key_id=NEW
api_key.move create SpendAlert[api_key_id created_at emails percent raised_for webhook_url] where api_key_id=NEW
api_key.move create SpendLimit[amount api_key_id created_at currency] where api_key_id=NEW
api_key.move reads JWTKey RateLimit SecuritySettings SpendAlert SpendLimit
api_key.move update APIKey[grace_expires_at] where id=ID
api_key.move update SecuritySettings[addresses methods origins require_jwt require_secret secret_overrides_allowlists user_agents] where api_key_id=NEW
api_key.rename update APIKey[description expires_at metering name reminded_days tags] where id=ID
api_key.resend_invitation create Mail[*] where kind=invitation resource_id=PART within_id=ID
api_key.resend_invitation delete Mail[] where resource_id=PART state=QUEUED within_id=ID
api_key.resend_invitation update Invitation[delivery expires_at invited_by_id resend_count] where api_key_id=ID id=PART
api_key.reveal_secret reads SealedValue
api_key.reveal_secret update SealedValue[reveal_count] where api_key_id=ID
api_key.revoke_invitation delete Mail[] where resource_id=PART state=QUEUED within_id=ID
api_key.revoke_invitation update Invitation[settled_at status] where api_key_id=ID id=PART
api_key.rotate create APIKey[*] where id=NEW owner_id=OWNER project_id=PROJECT replaces_id=ID
api_key.rotate create APIKeyHash[*] where api_key_id=NEW
api_key.rotate create Collaborator[*] where api_key_id=NEW
api_key.rotate create SealedValue[*] where api_key_id=ID
api_key.rotate create SealedValue[*] where api_key_id=NEW
api_key.rotate create JWTKey[*] where api_key_id=NEW
api_key.rotate create Mail[*] where kind=key_exposed resource_id=ID
api_key.rotate create SecuritySettings[*] where api_key_id=NEW
api_key.rotate create RateLimit[api_key_id created_at requests window_seconds] where api_key_id=NEW
api_key.rotate create SpendAlert[api_key_id created_at emails percent raised_for webhook_url] where api_key_id=NEW
api_key.rotate create SpendLimit[amount api_key_id created_at currency] where api_key_id=NEW
api_key.rotate reads Collaborator JWTKey Project RateLimit SealedValue SecuritySettings SpendAlert SpendLimit User
api_key.rotate update Mail[within_id] where kind=invitation within_id=ID to within_id=NEW
api_key.rotate update APIKey[grace_expires_at] where id=ID
api_key.rotate update Invitation[api_key_id] where api_key_id=ID status=PENDING to api_key_id=NEW
api_key.rotate update SealedValue[valid_until] where api_key_id=ID
api_key.update_role update Collaborator[role] where api_key_id=ID id=PART
group.add_member create GroupMember[*] where added_by_id=ME group_id=ID
group.add_member create Mail[*] where kind=group_grew resource_id=ID
group.add_member update GroupMember[added_by_id expires_at] where group_id=ID
group.delete delete Group[] where id=ID
group.delete delete GroupMember[] where group_id=ID
group.delete delete ProjectMember[] where group_id=ID
group.delete delete SecretGrant[] where group_id=ID
group.edit update Group[description members_can_view name status] where id=ID
group.leave delete GroupMember[] where group_id=ID user_id=ME
group.remove_member delete GroupMember[] where group_id=ID id=PART
account.create_organization create OrganizationMember[*] where organization_id=NEW role=OWNER user_id=ME
account.create_organization create Organization[*] where id=NEW personal=false
organization.edit update Organization[billing_email name slug] where id=ID
organization.update_member update OrganizationMember[role] where id=PART organization_id=ID
organization.invite create InvitationProject[*] where invitation_id=NEW
organization.invite create Invitation[*] where id=NEW invited_by_id=ME organization_id=ID
organization.invite create Mail[*] where kind=organization_invitation resource_id=NEW within_id=ID
organization.invite create Mail[*] where kind=organization_invitation resource_id=PART within_id=ID
organization.invite delete Mail[] where resource_id=PART state=QUEUED within_id=ID
organization.invite update Invitation[delivery expires_at invited_by_id resend_count settled_at status] where id=PART organization_id=ID
organization.delete delete Collaborator[] where  and of some rows only
organization.delete delete APIKeyHash[] where  and of some rows only
organization.delete delete SealedValue[] where  and of some rows only
organization.delete delete SecuritySettings[] where  and of some rows only
organization.delete delete JWTKey[] where  and of some rows only
organization.delete delete RateLimit[] where  and of some rows only
organization.delete delete SpendLimit[] where  and of some rows only
organization.delete delete SpendAlert[] where  and of some rows only
organization.delete delete SpendAccount[] where  and of some rows only
organization.delete delete SpendLease[] where  and of some rows only
organization.delete delete Webhook[] where  and of some rows only
organization.delete delete Mail[] where  and of some rows only
organization.delete delete InvitationProject[] where  and of some rows only
organization.delete delete Invitation[] where  and of some rows only
organization.delete delete APIKey[] where  and of some rows only
organization.delete delete VerifierToken[] where  and of some rows only
organization.delete delete ServiceAccount[] where  and of some rows only
organization.delete delete ProjectMember[] where  and of some rows only
organization.delete delete Project[] where  and of some rows only
organization.delete delete GroupMember[] where  and of some rows only
organization.delete delete SecretGrant[] where  and of some rows only
organization.delete delete Group[] where  and of some rows only
organization.delete delete UsageBucket[] where  and of some rows only
organization.delete delete OrganizationMember[] where  and of some rows only
organization.delete delete Organization[] where  and of some rows only
organization.leave delete Collaborator[] where user_id=ME and of some rows only
organization.leave delete GroupMember[] where user_id=ME and of some rows only
organization.leave delete Mail[] where kind=invitation state=QUEUED user_id=ME and of some rows only
organization.leave delete OrganizationMember[] where organization_id=ID user_id=ME
organization.leave delete ProjectMember[] where user_id=ME and of some rows only
organization.leave delete SecretGrant[] where user_id=ME and of some rows only
organization.leave update Invitation[settled_at status] where status=PENDING and of some rows only
organization.remove_member delete Collaborator[] where user_id=PERSON and of some rows only
organization.remove_member delete GroupMember[] where user_id=PERSON and of some rows only
organization.remove_member delete Mail[] where kind=invitation state=QUEUED user_id=PERSON and of some rows only
organization.remove_member delete OrganizationMember[] where id=PART organization_id=ID user_id=PERSON
organization.remove_member delete ProjectMember[] where user_id=PERSON and of some rows only
organization.remove_member delete SecretGrant[] where user_id=PERSON and of some rows only
organization.remove_member update Invitation[settled_at status] where status=PENDING and of some rows only
organization.create_group create Group[*] where id=NEW organization_id=ID owner_id=ME
organization.create_project create Project[*] where id=NEW is_default=false organization_id=ID
organization.create_project create ProjectMember[*] where project_id=NEW role=OWNER user_id=ME
organization.create_secret create SealedVersion[*] where secret_id=NEW
organization.create_secret create Secret[*] where id=NEW organization_id=ID owner_id=ME
organization.create_secret create SecretVersion[*] where created_by_id=ME secret_id=NEW
secret.delete delete SealedVersion[] where secret_id=ID
secret.delete delete Mail[] where within_id=ID
secret.delete delete Secret[] where id=ID
secret.delete delete ShareLink[] where secret_id=ID
secret.delete delete SecretGrant[] where secret_id=ID
secret.delete delete SecretVersion[] where secret_id=ID
secret.disable update Secret[disabled_at disabled_by_id] where id=ID
secret.enable update Secret[disabled_at disabled_by_id] where id=ID
secret.leave delete SecretGrant[] where secret_id=ID user_id=ME
secret.edit create SealedVersion[*] where secret_id=ID
secret.edit create SecretVersion[*] where created_by_id=ME secret_id=ID
secret.edit update Secret[client_id expires_at has_value identifier method name notes notify_on_reveal reason_required tags updated_at url version] where id=ID
secret.restore_version create SealedVersion[*] where secret_id=ID
secret.restore_version create SecretVersion[*] where created_by_id=ME secret_id=ID
secret.restore_version update Secret[has_value updated_at version] where id=ID
secret.restore_version reads SealedVersion
secret.reveal create Mail[*] where kind=secret_revealed resource_id=ID
secret.reveal reads SealedVersion User
secret.reveal update Secret[last_used_at reveal_count] where id=ID
secret.share_outside create Mail[*] where kind=share_link_code within_id=ID
secret.share_outside create ShareLink[*] where created_by_id=ME id=NEW secret_id=ID
secret.share_outside delete Mail[] where resource_id=PART state=QUEUED within_id=ID
secret.share_outside update ShareLink[code_required generation hash lookup misses pepper_id tries] where id=PART secret_id=ID
share_link.open reads SealedVersion
share_link.open update Secret[last_used_at reveal_count] where id=PART
share_link.open update ShareLink[last_viewed_at tries view_count] where id=ID secret_id=PART
secret.share create SecretGrant[*] where granted_by_id=ME secret_id=ID
secret.share update SecretGrant[expires_at granted_at granted_by_id level] where secret_id=ID
secret.unshare delete Mail[] where resource_id=PART state=QUEUED within_id=ID
secret.unshare delete SecretGrant[] where secret_id=ID
secret.unshare update ShareLink[revoked_at] where id=PART secret_id=ID
instance.manage_users delete Session[] where user_id=ID
instance.manage_users reads User
instance.manage_users update Credential[links_since reset_until verify_until] where user_id=ID
instance.manage_users update User[email_verified suspended_at] where id=ID
invitation.accept create Collaborator[*] where api_key_id=PART user_id=ME
invitation.accept create OrganizationMember[*] where organization_id=PART user_id=ME
invitation.accept create ProjectMember[*] where project_id=PLACE user_id=ME
invitation.accept update Invitation[settled_at status] where id=ID
invitation.decline update Invitation[settled_at status] where id=ID
project.add_member create ProjectMember[*] where project_id=ID
project.archive update Project[archived_at] where id=ID
project.edit update Project[alert_email currency description environment name unit_price] where id=ID
project.manage_service_accounts create APIKey[*] where id=NEW kind=PROJECT project_id=ID service_account_id=SERVICE
project.manage_service_accounts create APIKeyHash[*] where api_key_id=NEW
project.manage_service_accounts create SealedValue[*] where api_key_id=NEW
project.manage_service_accounts create SecuritySettings[*] where api_key_id=NEW
project.manage_service_accounts create ServiceAccount[*] where id=NEW project_id=ID
project.manage_service_accounts update ServiceAccount[disabled_at] where id=PART project_id=ID
project.manage_verifiers create VerifierToken[*] where created_by_id=ME id=NEW project_id=ID
project.manage_verifiers delete VerifierToken[] where id=PART project_id=ID
project.remove_member delete ProjectMember[] where id=PART project_id=ID
project.update_member update ProjectMember[role] where id=PART project_id=ID
project.create_api_key create APIKey[*] where id=NEW owner_id=ME project_id=ID
project.create_api_key create APIKeyHash[*] where api_key_id=NEW
project.create_api_key create SealedValue[*] where api_key_id=NEW
project.create_api_key create SecuritySettings[*] where api_key_id=NEW
session.revoke delete Session[] where id=ID user_id=ME
`

// A law that allows everything, so that every permission gives its permit out and can be looked at.
func allowAll(t *testing.T) fs.FS {
	t.Helper()
	built, err := policy.Load(t.Context(), policy.Options{Modules: policy.Law(), Dialect: "sqlite3", Proven: true})
	if err != nil {
		t.Fatal(err)
	}
	packages := map[string]*strings.Builder{}
	for _, p := range built.Permissions() {
		b := packages[p.Name.Noun()]
		if b == nil {
			b = &strings.Builder{}
			packages[p.Name.Noun()] = b
			fmt.Fprintf(b, "# METADATA\n# custom:\n#   resource: %s\npackage keyhall.%s\n", p.Type, p.Name.Noun())
		}
		fmt.Fprintf(b, "\n# METADATA\n# entrypoint: true\n%s if input.resource.id != \"\"\n", p.Name.Verb())
	}
	out := fstest.MapFS{}
	for noun, b := range packages {
		out[noun+"/"+noun+".rego"] = &fstest.MapFile{Data: []byte(b.String())}
	}
	return out
}

// deedsOf asks for a permit of every permission of the law.
func deedsOf(t *testing.T) (lines []string, writes []core.Write, permissions map[policy.Permission]bool) {
	t.Helper()
	s := apptest.New(t, apptest.SQLite, func(c *app.Config) { c.Law = allowAll(t) })
	c := newScene(t, s)
	c.ada.Must(t, `mutation { createAccessToken(input: {name: "p"}) { errors { code } } }`, nil)
	s.SQL(t, `INSERT INTO jwt_keys (id, created_at, api_key_id, name, algorithm, fingerprint, public_key_pem, position)
		VALUES ('jwk_1', 1, ?, 'signer', 'ES256', 'f', 'p', 0)`, c.key)
	s.SQL(t, "INSERT INTO invitation_projects (id, created_at, invitation_id, project_id, role) VALUES ('inp_1', 1, ?, ?, 'MEMBER')", c.invitation, c.ada.Project)
	s.PutLink(t, c.secret, c.ada)
	s.SQL(t, "INSERT INTO rate_limits (id, created_at, api_key_id, requests, window_seconds) VALUES ('rlm_1', 1, ?, 1, 1)", c.key)
	s.SQL(t, "INSERT INTO spend_limits (id, created_at, api_key_id, amount, currency) VALUES ('spl_1', 1, ?, 1, 'USD')", c.key)
	s.SQL(t, "INSERT INTO spend_alerts (id, created_at, api_key_id, percent, emails) VALUES ('spa_1', 1, ?, 1, '[]')", c.key)
	c.ada.Must(t, `mutation($id: ID!) { createServiceAccount(input: {projectId: $id, name: "ci"}) { errors { code } } }`, apptest.Vars{"id": c.ada.Project})
	c.ada.Must(t, `mutation($id: ID!) { createVerifierToken(input: {projectId: $id, name: "gateway"}) { errors { code } } }`, apptest.Vars{"id": c.ada.Project})
	permissions = map[policy.Permission]bool{}
	ctx := c.as(c.ada)
	tx, err := s.App.Store.Tx(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	for _, p := range s.App.Guard.Law().Permissions() {
		permissions[p.Name] = true
		id := list(t, c, "SELECT id AS x FROM "+tableOf()[p.Type]+" WHERE id <> ?", c.ada.ID)[0]
		d := policy.Deed{ID: id, New: "NEW", Part: "PART", Owner: "OWNER", Project: "PROJECT", Person: "PERSON", Projects: []string{"PLACE"}}
		if p.Name == "project.manage_service_accounts" { // elsewhere it would stand in the place of OWNER
			d.Service = "SERVICE"
		}
		permit, err := s.App.Guard.Authorize(ctx, tx, p.Name, d)
		if err != nil {
			continue // nothing can be done with it: it is only asked
		}
		var own []core.Write
		for _, w := range core.Writes(permit.Permit) {
			for column, value := range w.Pins {
				switch value {
				case id:
					w.Pins[column] = "ID"
				case c.ada.ID:
					w.Pins[column] = "ME"
				}
			}
			if w.Type == "AuditEvent" {
				who := "actor_id=ME"
				if p.Name == "share_link.open" { // done by somebody without an account
					who = "actor_kind=none"
				}
				if got := described("", nil, []core.Write{w})[0]; got != " create AuditEvent[*] where "+who+" outcome=DONE permission="+string(p.Name) {
					t.Errorf("the audit row of %s: %s", p.Name, got)
				}
				continue
			}
			own = append(own, w)
		}
		writes = append(writes, own...)
		lines = append(lines, described(string(p.Name), core.Reads(permit.Permit), own)...)
	}
	return lines, writes, permissions
}

func tableOf() map[string]string {
	return map[string]string{
		"User": "users", "Organization": "organizations", "OrganizationMember": "organization_members", "Project": "projects",
		"ProjectMember": "project_members", "APIKey": "api_keys", "Collaborator": "collaborators", "Invitation": "invitations",
		"Session": "sessions", "AccessToken": "access_tokens", "AuditEvent": "audit_events",
		"SecuritySettings": "security_settings", "JWTKey": "jwt_keys",
		"APIKeyHash": "api_key_hashes", "SealedValue": "sealed_values", "Credential": "credentials", "Instance": "instances", "Mail": "mails",
		"IdempotencyKey": "idempotency_keys",
		"Secret":         "secrets", "SecretGrant": "secret_grants", "SecretVersion": "secret_versions", "SealedVersion": "sealed_versions", "ShareLink": "share_links",
		"Group": "groups", "GroupMember": "group_members", "InvitationProject": "invitation_projects", "UsageBucket": "usage_buckets",
		"RateLimit": "rate_limits", "SpendLimit": "spend_limits", "SpendAlert": "spend_alerts", "ServiceAccount": "service_accounts", "VerifierToken": "verifier_tokens",
		"UsageBatch": "usage_batches", "UsageReport": "usage_reports",
		"SpendAccount": "spend_accounts", "SpendLease": "spend_leases", "Webhook": "webhooks",
		"Epoch": "epoches", "Revocation": "revocations",
	}
}

func TestDeedsAreTheClosedList(t *testing.T) {
	t.Parallel()
	lines, writes, permissions := deedsOf(t)
	compare(t, "deeds", lines, strings.Split(strings.Trim(allDeeds, "\n"), "\n"))

	t.Run("types and columns exist", func(t *testing.T) {
		s := apptest.New(t, apptest.SQLite)
		for _, duty := range lockDuties() {
			writes = append(writes, duty.Writes...)
		}
		for _, w := range writes {
			table, ok := tableOf()[w.Type]
			if !ok {
				t.Errorf("a write names the type %s, which does not exist", w.Type)
				continue
			}
			columns := list(t, &scene{Server: s}, "SELECT name AS x FROM pragma_table_info('"+table+"')")
			for _, c := range append(slices.Collect(maps.Keys(w.Pins)), w.Columns...) {
				if c != core.AnyColumn && !slices.Contains(columns, c) {
					t.Errorf("a write of %s names the column %s, which does not exist", w.Type, c)
				}
			}
		}
	})

	withDeed := map[string]bool{}
	for _, line := range lines {
		name, _, _ := strings.Cut(line, " ")
		withDeed[name] = true
	}
	t.Run("every deed is of a rule of the law", func(t *testing.T) {
		written := deedsInSource(t)
		for _, name := range written {
			if !permissions[policy.Permission(name)] {
				t.Errorf("policy/deeds.go has a deed of %s, and the law has no such rule", name)
			}
		}
		if len(written) != len(withDeed) {
			t.Errorf("policy/deeds.go has %d deeds, and %d permissions gave a permit out", len(written), len(withDeed))
		}
	})
	t.Run("every mutation has a deed", func(t *testing.T) {
		named := permissionsOfMutations(t)
		for mutation, name := range named {
			if !withDeed[name] {
				t.Errorf("mutation %s names %s, of which no permit comes", mutation, name)
			}
		}
		for _, noun := range []string{"api_key", "project", "organization"} { // one mutation of three permissions, by what is named
			named["updateLimits of "+noun] = noun + ".edit_limits"
		}
		named["openShareLink"] = "share_link.open" // @public: it is asked about who made the link
		for name := range withDeed {
			if !slices.Contains(slices.Collect(maps.Values(named)), name) {
				t.Errorf("%s has a deed, and no mutation names it", name)
			}
		}
	})
}

// deedsInSource reads the keys of the table in policy/deeds.go.
func deedsInSource(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "deeds.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	ast.Inspect(file, func(n ast.Node) bool {
		f, ok := n.(*ast.FuncDecl)
		if !ok || f.Name.Name != "deeds" {
			return true
		}
		ast.Inspect(f.Body, func(n ast.Node) bool {
			table, ok := n.(*ast.ReturnStmt)
			if !ok {
				return true
			}
			for _, row := range table.Results[0].(*ast.CompositeLit).Elts {
				name, err := strconv.Unquote(row.(*ast.KeyValueExpr).Key.(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, name)
			}
			return false
		})
		return false
	})
	if len(out) == 0 {
		t.Fatal("policy/deeds.go has no table of deeds where this test looks for it")
	}
	return out
}

// permissionsOfMutations reads @permission of every mutation of the GraphQL schema.
func permissionsOfMutations(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "graph", "schema", "*.graphqls"))
	if err != nil || len(files) == 0 {
		t.Fatalf("the GraphQL schema is not where it was: %v", err)
	}
	out := map[string]string{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := gqlparse.ParseSchema(&gql.Source{Name: name, Input: string(text)})
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range append(doc.Definitions, doc.Extensions...) {
			if d.Name != "Mutation" {
				continue
			}
			for _, f := range d.Fields {
				if p := f.Directives.ForName("permission"); p != nil {
					out[f.Name] = p.Arguments.ForName("name").Value.Raw
				}
			}
		}
	}
	return out
}
