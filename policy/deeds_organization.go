package policy

import (
	"entgo.io/ent/dialect/sql"

	"github.com/keyhall/keyhall/policy/internal/core"
)

// What joins people to an organization, takes them out of it, and takes it away.

// only narrows a write to some rows.
func only(w core.Write, rows func(*sql.Selector)) core.Write {
	w.Rows = rows
	return w
}

// invitingThere offers a place in an organization, and in projects with it; or takes one such offer back, or sends it again.
func invitingThere(subject string, d Deed) scope {
	return scope{writes: []core.Write{
		core.Create("Invitation", pins{"id": d.New, "organization_id": d.ID, "invited_by_id": subject}),
		core.Create("InvitationProject", pins{"invitation_id": d.New}),
		core.Create("Mail", pins{"kind": "organization_invitation", "resource_id": d.New, "within_id": d.ID}),
		core.Create("Mail", pins{"kind": "organization_invitation", "resource_id": d.Part, "within_id": d.ID}),
		core.Update("Invitation", pins{"id": d.Part, "organization_id": d.ID}, "status", "settled_at", "resend_count", "expires_at", "invited_by_id", "delivery"),
		core.Delete("Mail", pins{"resource_id": d.Part, "within_id": d.ID, "state": "QUEUED"}),
	}}
}

// joining takes an offered place: on the key, or in the organization and in those of its projects that the deed names.
func joining(subject string, d Deed) scope {
	out := scope{writes: []core.Write{
		core.Update("Invitation", pins{"id": d.ID}, "status", "settled_at"),
		core.Create("Collaborator", pins{"user_id": subject, "api_key_id": d.Part}),
		core.Create("OrganizationMember", pins{"user_id": subject, "organization_id": d.Part}),
	}}
	for _, p := range d.Projects {
		out.writes = append(out.writes, core.Create("ProjectMember", pins{"user_id": subject, "project_id": p}))
	}
	return out
}

// departure ends a membership of an organization, and with it all that the person was given there: grants on its secrets, places
// in its groups and projects and on their keys, and the open invitations to such places. What they have elsewhere stays.
func departure(organization, person string, member pins) scope {
	given := pins{"user_id": person}
	return scope{writes: []core.Write{
		only(core.Update("Invitation", pins{"status": "PENDING"}, "status", "settled_at"), core.InvitedThere(organization, person)),
		only(core.Delete("Mail", pins{"kind": "invitation", "state": "QUEUED", "user_id": person}), core.Inside(organization, "within_id", "api_keys", "projects")),
		only(core.Delete("SecretGrant", given), core.Inside(organization, "secret_id", "secrets", "")),
		only(core.Delete("GroupMember", given), core.Inside(organization, "group_id", "groups", "")),
		only(core.Delete("ProjectMember", given), core.Inside(organization, "project_id", "projects", "")),
		only(core.Delete("Collaborator", given), core.Inside(organization, "api_key_id", "api_keys", "projects")),
		core.Delete("OrganizationMember", member),
	}}
}

// deletion takes an organization away with all that is in it: its people, projects, keys and groups, and what hangs on them. It
// reaches no secret: there are none by then.
func deletion(organization string) scope {
	inside := func(column, table, through string) func(*sql.Selector) {
		return core.Inside(organization, column, table, through)
	}
	either := func(all ...func(*sql.Selector)) func(*sql.Selector) {
		return func(s *sql.Selector) {
			var any []*sql.Predicate
			for _, rows := range all {
				one := sql.Dialect(s.Dialect()).Select().From(s.Table())
				rows(one)
				any = append(any, one.P())
			}
			s.Where(sql.Or(any...))
		}
	}
	of := sql.FieldEQ("organization_id", organization)
	key, project := inside("api_key_id", "api_keys", "projects"), inside("project_id", "projects", "")
	limits := either(key, project, of)
	scopes := func(column string) func(*sql.Selector) {
		return either(inside(column, "api_keys", "projects"), inside(column, "projects", ""), sql.FieldEQ(column, organization))
	}
	out := scope{}
	for _, part := range []struct {
		typ  string
		rows func(*sql.Selector)
	}{
		{"Collaborator", key}, {"APIKeyHash", key}, {"SealedValue", key}, {"SecuritySettings", key}, {"JWTKey", key},
		{"RateLimit", limits}, {"SpendLimit", limits}, {"SpendAlert", limits},
		{"SpendAccount", scopes("scope_id")}, {"SpendLease", scopes("scope_id")}, {"Webhook", callsOf(limits)}, {"Mail", scopes("within_id")},
		{"InvitationProject", project}, {"Invitation", either(key, of)},
		{"APIKey", project}, {"VerifierToken", project}, {"ServiceAccount", project}, {"ProjectMember", either(project, inside("group_id", "groups", ""))}, {"Project", of},
		{"GroupMember", inside("group_id", "groups", "")}, {"SecretGrant", inside("group_id", "groups", "")}, {"Group", of},
		{"UsageBucket", of}, {"OrganizationMember", of}, {"Organization", sql.FieldEQ("id", organization)},
	} {
		out.writes = append(out.writes, only(core.Delete(part.typ, nil), part.rows))
	}
	return out
}

// callsOf are the calls of the programs that some alerts tell.
func callsOf(alerts func(*sql.Selector)) func(*sql.Selector) {
	return func(s *sql.Selector) {
		theirs := sql.Dialect(s.Dialect()).Select("id").From(sql.Table("spend_alerts"))
		alerts(theirs)
		s.Where(sql.In(s.C("alert_id"), theirs))
	}
}
