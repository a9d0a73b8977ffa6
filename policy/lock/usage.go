package lock

import (
	"context"

	"entgo.io/ent/dialect/sql"

	"github.com/keyhall/keyhall/policy/internal/core"
)

// The duties of usage: counting it, adding it up, and reading it for who may.

// UsageFlush writes what was counted, by the minute, with the row that names the batch; the row of the batch before it goes.
func UsageFlush(ctx context.Context) context.Context { return core.WithDuty(ctx, usageFlush()) }

func usageFlush() core.Duty {
	return core.Duty{Name: "usage.flush", Writes: []core.Write{
		core.Create("UsageBatch", nil),
		core.Delete("UsageBatch", nil),
		core.Create("UsageBucket", pins{"width": "MINUTE"}),
	}}
}

// KeysUsed writes when keys were last used, nothing else.
func KeysUsed(ctx context.Context) context.Context { return core.WithDuty(ctx, keysUsed()) }

func keysUsed() core.Duty {
	return core.Duty{Name: "usage.last_used", Writes: []core.Write{core.Update("APIKey", nil, "last_used_at")}}
}

// UsageRollUp adds up minutes to hours and hours to days. Days stay as they are.
func UsageRollUp(ctx context.Context) context.Context { return core.WithDuty(ctx, usageRollUp()) }

func usageRollUp() core.Duty {
	added := core.Delete("UsageBucket", nil)
	added.Rows = func(s *sql.Selector) { s.Where(sql.In(s.C("width"), "MINUTE", "HOUR")) }
	return core.Duty{
		Name: "usage.roll_up", Reads: []core.Read{{Type: "UsageBucket"}},
		Writes: []core.Write{
			core.Create("UsageBatch", nil),
			core.Delete("UsageBatch", nil),
			core.Create("UsageBucket", pins{"width": "HOUR"}),
			core.Create("UsageBucket", pins{"width": "DAY"}),
			added,
		},
	}
}

// Used says whose use is read: of one key, one project or one organization. The others are empty.
type Used struct{ APIKeyID, ProjectID, OrganizationID string }

// UsageOf sees what one key, project or organization was used for, and the price and the billing address that go with it. The
// caller has asked before whether its viewer may.
func UsageOf(ctx context.Context, u Used) context.Context { return core.WithDuty(ctx, usageOf(u)) }

func usageOf(u Used) core.Duty {
	return core.Duty{Name: "usage.of", Reads: []core.Read{
		{Type: "UsageBucket", Rows: func(s *sql.Selector) {
			for column, id := range u.columns() {
				s.Where(sql.EQ(s.C(column), id))
			}
		}},
		{Type: "Project", Rows: func(s *sql.Selector) { s.Where(sql.In(s.C("id"), u.projects(s))) }},
		{Type: "Organization", Rows: func(s *sql.Selector) {
			of := sql.Dialect(s.Dialect()).Select("organization_id").From(sql.Table("projects")).Where(sql.In("id", u.projects(s)))
			s.Where(sql.Or(sql.In(s.C("id"), of), sql.EQ(s.C("id"), u.OrganizationID)))
		}},
	}}
}

// columns are what the rows of the thing have in common; nothing at all is named by no row.
func (u Used) columns() map[string]string {
	switch {
	case u.APIKeyID != "":
		return map[string]string{"api_key_id": u.APIKeyID}
	case u.ProjectID != "":
		return map[string]string{"project_id": u.ProjectID}
	}
	return map[string]string{"organization_id": u.OrganizationID}
}

func (u Used) projects(s *sql.Selector) *sql.Selector {
	d := sql.Dialect(s.Dialect())
	switch {
	case u.APIKeyID != "":
		return d.Select("project_id").From(sql.Table("api_keys")).Where(sql.EQ("id", u.APIKeyID))
	case u.ProjectID != "":
		return d.Select("id").From(sql.Table("projects")).Where(sql.EQ("id", u.ProjectID))
	}
	return d.Select("id").From(sql.Table("projects")).Where(sql.EQ("organization_id", u.OrganizationID))
}

// UsageReport sees one key of a project and what limits its spending, for who verifies keys of that project, and writes a cost that they
// report afterwards, with the memory of their request id; memory whose day is over makes room.
func UsageReport(ctx context.Context, projectID, keyID, lookup string) context.Context {
	return core.WithDuty(ctx, usageReport(projectID, keyID, lookup))
}

func usageReport(projectID, keyID, lookup string) core.Duty {
	gone := core.Delete("UsageReport", pins{"lookup": lookup})
	gone.Rows = expired
	return core.Duty{
		Name: "usage.report",
		Reads: []core.Read{
			{Type: "APIKey", Rows: func(s *sql.Selector) {
				s.Where(sql.And(sql.EQ(s.C("id"), keyID), sql.EQ(s.C("project_id"), projectID)))
			}},
			{Type: "Project", Rows: sql.FieldEQ("id", projectID)},
			{Type: "SpendLimit", Rows: func(s *sql.Selector) {
				of := sql.Dialect(s.Dialect()).Select("organization_id").From(sql.Table("projects")).Where(sql.EQ("id", projectID))
				s.Where(sql.Or(sql.EQ(s.C("api_key_id"), keyID), sql.EQ(s.C("project_id"), projectID), sql.In(s.C("organization_id"), of)))
			}},
			{Type: "UsageReport", Rows: heldAndUnexpired("lookup", lookup)},
		},
		Writes: []core.Write{
			core.Create("UsageReport", pins{"lookup": lookup}),
			gone,
			core.Create("UsageBucket", pins{"width": "MINUTE", "api_key_id": keyID, "project_id": projectID, "requests": int64(0)}),
		},
	}
}

// ForgetReports deletes the memory of reports whose day is over, and no other.
func ForgetReports(ctx context.Context) context.Context { return core.WithDuty(ctx, forgetReports()) }

func forgetReports() core.Duty {
	gone := core.Delete("UsageReport", nil)
	gone.Rows = expired
	return core.Duty{Name: "usage.forget", Writes: []core.Write{gone}}
}

// KeysExpire sees the keys that expire within some days by the database's clock and of which nobody was told so yet, and whom it
// concerns: who owns them, who owns their projects, also through enabled groups. It tells them, once.
func KeysExpire(ctx context.Context, days int) context.Context {
	return core.WithDuty(ctx, keysExpire(days))
}

func keysExpire(days int) core.Duty {
	due := func(s *sql.Selector) *sql.Predicate { return expireWithin(s, days) }
	projects := func(s *sql.Selector) *sql.Selector {
		keys := sql.Dialect(s.Dialect()).Table("api_keys")
		of := sql.Dialect(s.Dialect()).Select("project_id").From(keys)
		return of.Where(due(of))
	}
	untold := core.Update("APIKey", nil, "reminded_days")
	untold.Rows = func(s *sql.Selector) { s.Where(due(s)) }
	return core.Duty{
		Name: "api_key.expires",
		Reads: []core.Read{
			{Type: "APIKey", Rows: func(s *sql.Selector) { s.Where(due(s)) }},
			{Type: "Project", Rows: func(s *sql.Selector) { s.Where(sql.In(s.C("id"), projects(s))) }},
			{Type: "ProjectMember", Rows: func(s *sql.Selector) {
				s.Where(sql.And(sql.EQ(s.C("role"), "OWNER"), sql.In(s.C("project_id"), projects(s))))
			}},
			{Type: "OrganizationMember", Rows: func(s *sql.Selector) {
				of := sql.Dialect(s.Dialect()).Select("organization_id").From(sql.Table("projects")).Where(sql.In("id", projects(s)))
				s.Where(sql.In(s.C("organization_id"), of))
			}},
			{Type: "GroupMember", Rows: func(s *sql.Selector) { s.Where(ownGroups(s, projects(s))) }},
			{Type: "User", Rows: func(s *sql.Selector) {
				d := sql.Dialect(s.Dialect())
				keys, members, groups := d.Table("api_keys"), d.Table("project_members"), d.Table("group_members")
				owners, grouped := d.Select("owner_id").From(keys), d.Select("user_id").From(groups)
				owners.Where(due(owners))
				grouped.Where(ownGroups(grouped, projects(s)))
				direct := d.Select("user_id").From(members).Where(sql.And(sql.EQ("role", "OWNER"), sql.In("project_id", projects(s))))
				s.Where(sql.And(sql.EQ(s.C("suspended_at"), 0), sql.EQ(s.C("email_verified"), true),
					sql.Or(sql.In(s.C("id"), owners), sql.In(s.C("id"), direct), sql.In(s.C("id"), grouped))))
			}},
		},
		Writes: []core.Write{untold, core.Create("Mail", pins{"kind": "key_expires"})},
	}
}

// ownGroups selects the live members of the enabled groups that own some projects.
func ownGroups(s, projects *sql.Selector) *sql.Predicate {
	d := sql.Dialect(s.Dialect())
	enabled := d.Select("id").From(sql.Table("groups")).Where(sql.EQ("status", "ENABLED"))
	of := d.Select("group_id").From(sql.Table("project_members")).
		Where(sql.And(sql.EQ("role", "OWNER"), sql.NotNull("group_id"), sql.In("project_id", projects)))
	return sql.And(unexpired(s.C("expires_at"), s.Dialect()), sql.In(s.C("group_id"), of), sql.In(s.C("group_id"), enabled))
}

// expireWithin selects the keys that will expire within some days, and whose last reminder, if there was one, was for more days.
// Of a key that was made for less than that from the start nobody needs a reminder.
func expireWithin(s *sql.Selector, days int) *sql.Predicate {
	at, made, d, span := s.C("expires_at"), s.C("created_at"), s.Dialect(), int64(days)*24*60*60*1_000_000
	return sql.And(
		sql.P(func(b *sql.Builder) {
			b.WriteString(at + " > " + core.Now(d) + " AND " + at + " <= " + core.Now(d) + " + ").Arg(span)
			b.WriteString(" AND " + made + " <= " + at + " - ").Arg(span)
		}),
		sql.Or(sql.EQ(s.C("reminded_days"), 0), sql.GT(s.C("reminded_days"), days)),
		sql.EQ(s.C("disabled_at"), 0), sql.EQ(s.C("grace_expires_at"), 0),
	)
}
