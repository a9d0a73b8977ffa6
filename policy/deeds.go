package policy

import (
	"maps"

	"entgo.io/ent/dialect/sql"

	"github.com/keyhall/keyhall/policy/internal/core"
	"github.com/keyhall/keyhall/policy/lock"
)

// Deed names the rows of one deed: the thing that the permission is about, and what else it makes or touches.
type Deed struct {
	ID   string // the resource of the permission
	New  string // the id of the row that the deed creates, if it creates one
	Part string // the id of a row that belongs to the resource: a collaborator, an invitation

	// Of a deed that makes a thing like the resource: what it keeps of it. A key has one of both owners.
	Owner, Service, Project string

	Person string // of a deed about somebody else: who that is

	Projects []string // of who joins an organization: where they get a place in it
}

type pins = core.Pins

type scope struct {
	writes  []core.Write
	reads   []core.Read
	nobodys bool // done by somebody without an account, on the right of the subject
}

// scopeOf tells what a permission lets a deed write, beside its audit row. A permission without an entry here allows
// nothing to be written: it can be asked, and no permit comes of it.
func scopeOf(p Permission, subject string, d Deed) (scope, bool) {
	s, ok := deeds(subject, d)[p]
	row := pins{"permission": string(p), "outcome": "DONE", "actor_id": subject}
	if s.nobodys {
		row = pins{"permission": string(p), "outcome": "DONE", "actor_kind": "none"}
	}
	s.writes = append(s.writes, core.Create(lock.AuditType, row))
	return s, ok
}

func deeds(subject string, d Deed) map[Permission]scope {
	enabled := []string{"disabled_at", "disabled_by_id", "disabled_as"}
	settled := []string{"status", "settled_at"}
	security := []string{
		"require_secret", "secret_overrides_allowlists", "origins", "user_agents", "methods", "addresses", "require_jwt",
	}
	described := []string{
		"name", "url", "client_id", "identifier", "method", "tags", "notes", "expires_at", "reason_required", "notify_on_reveal", "has_value", "version", "updated_at",
	}
	return map[Permission]scope{
		"project.create_api_key": {writes: issue(d.New, d.ID, pins{"owner_id": subject})},
		"api_key.rename":         {writes: []core.Write{core.Update("APIKey", pins{"id": d.ID}, "name", "description", "tags", "expires_at", "reminded_days", "metering")}},
		"api_key.disable":        {writes: []core.Write{core.Update("APIKey", pins{"id": d.ID}, enabled...)}},
		"api_key.enable":         {writes: []core.Write{core.Update("APIKey", pins{"id": d.ID}, enabled...)}},
		"api_key.edit_security": {writes: []core.Write{
			core.Update("SecuritySettings", pins{"api_key_id": d.ID}, security...),
			core.Create("JWTKey", pins{"api_key_id": d.ID}),
			core.Update("JWTKey", pins{"api_key_id": d.ID}, "name", "position"),
			core.Delete("JWTKey", pins{"api_key_id": d.ID}),
		}},
		"api_key.edit_limits":      limits("api_key_id", d),
		"project.edit_limits":      limits("project_id", d),
		"organization.edit_limits": limits("organization_id", d),
		"api_key.rotate":           rotation(d),
		"api_key.move": scope{
			writes: []core.Write{
				core.Create("JWTKey", pins{"api_key_id": d.New}),
				core.Update("SecuritySettings", pins{"api_key_id": d.New}, security...),
				core.Update("APIKey", pins{"id": d.ID}, "grace_expires_at"),
			},
			reads: []core.Read{
				{Type: "SecuritySettings", Rows: sql.FieldIn("api_key_id", d.ID, d.New)},
				{Type: "JWTKey", Rows: sql.FieldEQ("api_key_id", d.ID)},
			},
		}.and(limitsToo(d)),
		"api_key.reveal_secret": {
			writes: []core.Write{core.Update("SealedValue", pins{"api_key_id": d.ID}, "reveal_count")},
			reads:  []core.Read{{Type: "SealedValue", Rows: sql.FieldEQ("api_key_id", d.ID)}},
		},
		"api_key.delete": {writes: []core.Write{
			core.Delete("Collaborator", pins{"api_key_id": d.ID}),
			core.Delete("Invitation", pins{"api_key_id": d.ID}),
			core.Delete("APIKeyHash", pins{"api_key_id": d.ID}),
			core.Delete("SealedValue", pins{"api_key_id": d.ID}),
			core.Delete("SecuritySettings", pins{"api_key_id": d.ID}),
			core.Delete("JWTKey", pins{"api_key_id": d.ID}),
			core.Delete("RateLimit", pins{"api_key_id": d.ID}),
			core.Delete("SpendLimit", pins{"api_key_id": d.ID}),
			only(core.Delete("Webhook", nil), callsOf(sql.FieldEQ("api_key_id", d.ID))),
			core.Delete("SpendAlert", pins{"api_key_id": d.ID}),
			core.Delete("SpendAccount", pins{"scope_id": d.ID}),
			core.Delete("SpendLease", pins{"scope_id": d.ID}),
			core.Delete("Mail", pins{"within_id": d.ID}),
			core.Delete("APIKey", pins{"id": d.ID}),
		}, reads: []core.Read{{Type: "Project", Rows: projectOf(d.ID)}}},
		"api_key.invite": {writes: []core.Write{
			core.Create("Invitation", pins{"api_key_id": d.ID, "invited_by_id": subject}),
			core.Create("Mail", pins{"kind": "invitation", "within_id": d.ID}),
		}},
		"api_key.revoke_invitation": {writes: []core.Write{
			core.Update("Invitation", pins{"id": d.Part, "api_key_id": d.ID}, settled...),
			core.Delete("Mail", pins{"resource_id": d.Part, "within_id": d.ID, "state": "QUEUED"}),
		}},
		"api_key.resend_invitation": {writes: []core.Write{
			core.Update("Invitation", pins{"id": d.Part, "api_key_id": d.ID}, "resend_count", "expires_at", "invited_by_id", "delivery"),
			core.Delete("Mail", pins{"resource_id": d.Part, "within_id": d.ID, "state": "QUEUED"}),
			core.Create("Mail", pins{"kind": "invitation", "resource_id": d.Part, "within_id": d.ID}),
		}},
		"api_key.update_role":         {writes: []core.Write{core.Update("Collaborator", pins{"id": d.Part, "api_key_id": d.ID}, "role")}},
		"api_key.remove_collaborator": {writes: []core.Write{core.Delete("Collaborator", pins{"id": d.Part, "api_key_id": d.ID})}},
		"api_key.leave":               {writes: []core.Write{core.Delete("Collaborator", pins{"api_key_id": d.ID, "user_id": subject})}},
		"invitation.accept":           joining(subject, d),
		"invitation.decline":          {writes: []core.Write{core.Update("Invitation", pins{"id": d.ID}, settled...)}},
		"account.manage": {writes: []core.Write{
			core.Create("AccessToken", pins{"id": d.New, "user_id": subject}),
			core.Update("User", pins{"id": subject}, "username", "name"),
			core.Update("Credential", pins{"user_id": subject}, "password_hash", "changed_at", "reset_until"),
			core.Delete("Session", pins{"user_id": subject}),
			core.Create("Mail", pins{"user_id": subject, "kind": "password_changed"}),
		}},
		"organization.create_secret": {writes: []core.Write{
			core.Create("Secret", pins{"id": d.New, "organization_id": d.ID, "owner_id": subject}),
			core.Create("SecretVersion", pins{"secret_id": d.New, "created_by_id": subject}),
			core.Create("SealedVersion", pins{"secret_id": d.New}),
		}},
		"secret.edit": {writes: []core.Write{
			core.Update("Secret", pins{"id": d.ID}, described...),
			core.Create("SecretVersion", pins{"secret_id": d.ID, "created_by_id": subject}),
			core.Create("SealedVersion", pins{"secret_id": d.ID}),
		}},
		"secret.reveal": {
			writes: []core.Write{
				core.Update("Secret", pins{"id": d.ID}, "reveal_count", "last_used_at"),
				core.Create("Mail", pins{"kind": "secret_revealed", "resource_id": d.ID}),
			},
			reads: []core.Read{{Type: "SealedVersion", Rows: sql.FieldEQ("secret_id", d.ID)}, {Type: "User", Rows: ownerOfSecret(d.ID)}},
		},
		"secret.restore_version": {
			writes: []core.Write{
				core.Update("Secret", pins{"id": d.ID}, "version", "has_value", "updated_at"),
				core.Create("SecretVersion", pins{"secret_id": d.ID, "created_by_id": subject}),
				core.Create("SealedVersion", pins{"secret_id": d.ID}),
			},
			reads: []core.Read{{Type: "SealedVersion", Rows: sql.FieldEQ("secret_id", d.ID)}},
		},
		"secret.share": {writes: []core.Write{
			core.Create("SecretGrant", pins{"secret_id": d.ID, "granted_by_id": subject}),
			core.Update("SecretGrant", pins{"secret_id": d.ID}, "level", "expires_at", "granted_by_id", "granted_at"),
		}},
		"secret.share_outside": {writes: []core.Write{
			core.Create("ShareLink", pins{"id": d.New, "secret_id": d.ID, "created_by_id": subject}),
			core.Update("ShareLink", pins{"id": d.Part, "secret_id": d.ID}, "lookup", "hash", "pepper_id", "generation", "code_required", "misses", "tries"),
			core.Create("Mail", pins{"kind": "share_link_code", "within_id": d.ID}),
			core.Delete("Mail", pins{"resource_id": d.Part, "within_id": d.ID, "state": "QUEUED"}),
		}},
		"share_link.open": {
			writes: []core.Write{
				core.Update("ShareLink", pins{"id": d.ID, "secret_id": d.Part}, "view_count", "last_viewed_at", "tries"),
				core.Update("Secret", pins{"id": d.Part}, "reveal_count", "last_used_at"),
			},
			reads:   []core.Read{{Type: "SealedVersion", Rows: sql.FieldEQ("secret_id", d.Part)}},
			nobodys: true,
		},
		"secret.unshare": {writes: []core.Write{
			core.Delete("SecretGrant", pins{"secret_id": d.ID}),
			core.Update("ShareLink", pins{"id": d.Part, "secret_id": d.ID}, "revoked_at"),
			core.Delete("Mail", pins{"resource_id": d.Part, "within_id": d.ID, "state": "QUEUED"}),
		}},
		"secret.leave":   {writes: []core.Write{core.Delete("SecretGrant", pins{"secret_id": d.ID, "user_id": subject})}},
		"secret.disable": {writes: []core.Write{core.Update("Secret", pins{"id": d.ID}, "disabled_at", "disabled_by_id")}},
		"secret.enable":  {writes: []core.Write{core.Update("Secret", pins{"id": d.ID}, "disabled_at", "disabled_by_id")}},
		"secret.delete": {writes: []core.Write{
			core.Delete("SecretGrant", pins{"secret_id": d.ID}),
			core.Delete("SecretVersion", pins{"secret_id": d.ID}),
			core.Delete("SealedVersion", pins{"secret_id": d.ID}),
			core.Delete("ShareLink", pins{"secret_id": d.ID}),
			core.Delete("Mail", pins{"within_id": d.ID}),
			core.Delete("Secret", pins{"id": d.ID}),
		}},
		"account.create_organization": {writes: []core.Write{
			core.Create("Organization", pins{"id": d.New, "personal": false}),
			core.Create("OrganizationMember", pins{"organization_id": d.New, "user_id": subject, "role": "OWNER"}),
		}},
		"organization.edit":          {writes: []core.Write{core.Update("Organization", pins{"id": d.ID}, "name", "slug", "billing_email")}},
		"organization.update_member": {writes: []core.Write{core.Update("OrganizationMember", pins{"id": d.Part, "organization_id": d.ID}, "role")}},
		"organization.invite":        invitingThere(subject, d),
		"organization.delete":        deletion(d.ID),
		"organization.create_project": {writes: []core.Write{
			core.Create("Project", pins{"id": d.New, "organization_id": d.ID, "is_default": false}),
			core.Create("ProjectMember", pins{"project_id": d.New, "user_id": subject, "role": "OWNER"}),
		}},
		"project.edit": {writes: []core.Write{
			core.Update("Project", pins{"id": d.ID}, "name", "description", "environment", "unit_price", "currency", "alert_email"),
		}},
		"project.archive":       {writes: []core.Write{core.Update("Project", pins{"id": d.ID}, "archived_at")}},
		"project.add_member":    {writes: []core.Write{core.Create("ProjectMember", pins{"project_id": d.ID})}},
		"project.update_member": {writes: []core.Write{core.Update("ProjectMember", pins{"id": d.Part, "project_id": d.ID}, "role")}},
		"project.remove_member": {writes: []core.Write{core.Delete("ProjectMember", pins{"id": d.Part, "project_id": d.ID})}},
		"project.manage_service_accounts": {writes: append(issue(d.New, d.ID, pins{"service_account_id": d.Service, "kind": "PROJECT"}),
			core.Create("ServiceAccount", pins{"id": d.New, "project_id": d.ID}),
			core.Update("ServiceAccount", pins{"id": d.Part, "project_id": d.ID}, "disabled_at"),
		)},
		"project.manage_verifiers": {writes: []core.Write{
			core.Create("VerifierToken", pins{"id": d.New, "project_id": d.ID, "created_by_id": subject}),
			core.Delete("VerifierToken", pins{"id": d.Part, "project_id": d.ID}),
		}},
		"organization.leave":         departure(d.ID, subject, pins{"organization_id": d.ID, "user_id": subject}),
		"organization.remove_member": departure(d.ID, d.Person, pins{"id": d.Part, "organization_id": d.ID, "user_id": d.Person}),
		"organization.create_group": {writes: []core.Write{
			core.Create("Group", pins{"id": d.New, "organization_id": d.ID, "owner_id": subject}),
		}},
		"group.edit": {writes: []core.Write{core.Update("Group", pins{"id": d.ID}, "name", "description", "status", "members_can_view")}},
		"group.delete": {writes: []core.Write{
			core.Delete("GroupMember", pins{"group_id": d.ID}),
			core.Delete("SecretGrant", pins{"group_id": d.ID}),
			core.Delete("ProjectMember", pins{"group_id": d.ID}),
			core.Delete("Group", pins{"id": d.ID}),
		}},
		"group.add_member": {writes: []core.Write{
			core.Create("GroupMember", pins{"group_id": d.ID, "added_by_id": subject}),
			core.Update("GroupMember", pins{"group_id": d.ID}, "expires_at", "added_by_id"),
			core.Create("Mail", pins{"kind": "group_grew", "resource_id": d.ID}),
		}},
		"group.remove_member": {writes: []core.Write{core.Delete("GroupMember", pins{"id": d.Part, "group_id": d.ID})}},
		"group.leave":         {writes: []core.Write{core.Delete("GroupMember", pins{"group_id": d.ID, "user_id": subject})}},
		"access_token.revoke": {writes: []core.Write{core.Delete("AccessToken", pins{"id": d.ID, "user_id": subject})}},
		"session.revoke":      {writes: []core.Write{core.Delete("Session", pins{"id": d.ID, "user_id": subject})}},
		"instance.manage_users": {
			writes: []core.Write{
				core.Update("User", pins{"id": d.ID}, "suspended_at", "email_verified"),
				core.Update("Credential", pins{"user_id": d.ID}, "verify_until", "reset_until", "links_since"),
				core.Delete("Session", pins{"user_id": d.ID}),
			},
			reads: []core.Read{{Type: "User", Rows: sql.FieldEQ("id", d.ID)}},
		},
	}
}

// issue makes a key of a project for its owner, with what it is verified by.
func issue(id, project string, owner pins) []core.Write {
	key := pins{"id": id, "project_id": project}
	maps.Copy(key, owner)
	return []core.Write{
		core.Create("APIKey", key),
		core.Create("APIKeyHash", pins{"api_key_id": id}),
		core.Create("SealedValue", pins{"api_key_id": id}),
		core.Create("SecuritySettings", pins{"api_key_id": id}),
	}
}

// owned pins the owner of a key that stays whose it was: a person's, or a service account's.
func owned(d Deed, p pins) pins {
	if d.Service != "" {
		p["service_account_id"] = d.Service
	} else {
		p["owner_id"] = d.Owner
	}
	return p
}

// rotation replaces a key by a new one of the same owner in the same project, or its secret by a new version. Whoever does
// it, the people on the key are copied and its open invitations go over; nobody is added and the owner stays.
func rotation(d Deed) scope {
	return scope{
		writes: []core.Write{
			core.Create("APIKey", owned(d, pins{"id": d.New, "replaces_id": d.ID, "project_id": d.Project})),
			core.Create("APIKeyHash", pins{"api_key_id": d.New}),
			core.Create("SealedValue", pins{"api_key_id": d.New}),
			core.Create("SealedValue", pins{"api_key_id": d.ID}),
			core.Create("Collaborator", pins{"api_key_id": d.New}),
			core.Move("Invitation", pins{"api_key_id": d.ID, "status": "PENDING"}, pins{"api_key_id": d.New}),
			core.Move("Mail", pins{"kind": "invitation", "within_id": d.ID}, pins{"within_id": d.New}),
			core.Create("SecuritySettings", pins{"api_key_id": d.New}),
			core.Create("JWTKey", pins{"api_key_id": d.New}),
			core.Create("Mail", pins{"kind": "key_exposed", "resource_id": d.ID}),
			core.Update("SealedValue", pins{"api_key_id": d.ID}, "valid_until"),
			core.Update("APIKey", pins{"id": d.ID}, "grace_expires_at"),
		},
		reads: []core.Read{
			{Type: "SealedValue", Rows: sql.FieldEQ("api_key_id", d.ID)},
			{Type: "Collaborator", Rows: sql.FieldEQ("api_key_id", d.ID)},
			{Type: "SecuritySettings", Rows: sql.FieldEQ("api_key_id", d.ID)},
			{Type: "JWTKey", Rows: sql.FieldEQ("api_key_id", d.ID)},
			{Type: "User", Rows: on(d)},
			{Type: "Project", Rows: sql.FieldEQ("id", d.Project)},
		},
	}.and(limitsToo(d))
}

// limitsToo limits the key that takes another's place as that one is.
func limitsToo(d Deed) scope {
	return scope{
		writes: []core.Write{
			created("RateLimit", "api_key_id", d.New, "requests", "window_seconds"),
			created("SpendLimit", "api_key_id", d.New, "amount", "currency"),
			created("SpendAlert", "api_key_id", d.New, "percent", "emails", "webhook_url"),
		},
		reads: []core.Read{
			{Type: "RateLimit", Rows: sql.FieldEQ("api_key_id", d.ID)},
			{Type: "SpendLimit", Rows: sql.FieldEQ("api_key_id", d.ID)},
			{Type: "SpendAlert", Rows: sql.FieldEQ("api_key_id", d.ID)},
		},
	}
}

func (s scope) and(o scope) scope {
	return scope{writes: append(s.writes, o.writes...), reads: append(s.reads, o.reads...)}
}

// limits replaces what limits one thing, which the column names.
func limits(column string, d Deed) scope {
	its := pins{column: d.ID}
	return scope{writes: []core.Write{
		created("RateLimit", column, d.ID, "requests", "window_seconds"),
		core.Update("RateLimit", its, "requests"),
		core.Delete("RateLimit", its),
		created("SpendLimit", column, d.ID, "amount", "currency"),
		core.Update("SpendLimit", its, "amount", "currency"),
		core.Delete("SpendLimit", its),
		created("SpendAlert", column, d.ID, "percent", "emails", "webhook_url"),
		core.Delete("SpendAlert", its),
	}}
}

// created allows a limit of the one thing that the column names, and of no other: a row could name three.
func created(typ, column, id string, own ...string) core.Write {
	w := core.Create(typ, pins{column: id})
	w.Columns = append([]string{"created_at", column, "raised_for"}, own...)
	if typ != "SpendAlert" {
		w.Columns = append([]string{"created_at", column}, own...)
	}
	return w
}

// projectOf is the one that a key belongs to, which its owner may not see any more.
func projectOf(key string) func(*sql.Selector) {
	return func(s *sql.Selector) {
		its := sql.Dialect(s.Dialect()).Select("project_id").From(sql.Table("api_keys")).Where(sql.EQ("id", key))
		s.Where(sql.In(s.C("id"), its))
	}
}

// on are the people of a key: its owner, who for that of a service account are the owners of its project, and those it is shared with.
func on(d Deed) func(*sql.Selector) {
	return func(s *sql.Selector) {
		shared := sql.Dialect(s.Dialect()).Select("user_id").From(sql.Table("collaborators")).Where(sql.EQ("api_key_id", d.ID))
		people := sql.Or(sql.EQ(s.C("id"), d.Owner), sql.In(s.C("id"), shared))
		if d.Service != "" {
			people = sql.Or(people, keepers(s, d.Project))
		}
		s.Where(people)
	}
}

// keepers are the owners of a project, in their own person or by an enabled group, while they are in its organization.
func keepers(s *sql.Selector, project string) *sql.Predicate {
	d := sql.Dialect(s.Dialect())
	owns := func(column string) *sql.Selector {
		return d.Select(column).From(sql.Table("project_members")).Where(sql.And(sql.EQ("project_id", project), sql.EQ("role", "OWNER"), sql.NotNull(column)))
	}
	enabled := d.Select("id").From(sql.Table("groups")).Where(sql.EQ("status", "ENABLED"))
	grouped := d.Select("user_id").From(sql.Table("group_members")).Where(sql.And(sql.In("group_id", owns("group_id")), sql.In("group_id", enabled),
		sql.P(func(b *sql.Builder) { b.WriteString("(expires_at = 0 OR expires_at > " + core.Now(s.Dialect()) + ")") })))
	here := d.Select("organization_id").From(sql.Table("projects")).Where(sql.EQ("id", project))
	present := d.Select("user_id").From(sql.Table("organization_members")).Where(sql.In("organization_id", here))
	return sql.And(sql.In(s.C("id"), present), sql.Or(sql.In(s.C("id"), owns("user_id")), sql.In(s.C("id"), grouped)))
}

// ownerOfSecret is who added it, while they are in its organization and their account is open.
func ownerOfSecret(id string) func(*sql.Selector) {
	return func(s *sql.Selector) {
		secrets, members := sql.Table("secrets"), sql.Table("organization_members")
		owner := sql.Dialect(s.Dialect()).Select(secrets.C("owner_id")).From(secrets).Join(members).
			OnP(sql.And(sql.ColumnsEQ(members.C("organization_id"), secrets.C("organization_id")), sql.ColumnsEQ(members.C("user_id"), secrets.C("owner_id")))).
			Where(sql.EQ(secrets.C("id"), id))
		s.Where(sql.And(sql.EQ(s.C("suspended_at"), 0), sql.In(s.C("id"), owner)))
	}
}
