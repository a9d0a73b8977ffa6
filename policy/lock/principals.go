package lock

import (
	"context"

	"entgo.io/ent/dialect/sql"

	"github.com/keyhall/keyhall/policy/internal/core"
)

// Principals sees whom a member of an organization may share with by the beginning of a name: its members, and its groups that
// are enabled and have somebody in them. The caller has asked organization.search before.
func Principals(ctx context.Context, organizationID string) context.Context {
	return core.WithDuty(ctx, principals(organizationID))
}

// GroupReach sees the live grants of a group and its places in projects, the secrets of these grants and who owns these and is in their organization: what
// somebody gains who is added to it, for who may add them and does not see it otherwise; a disabled group gives it once it is
// enabled, of which nobody is told. The caller shows only what its viewer sees too.
func GroupReach(ctx context.Context, groupID string) context.Context {
	return core.WithDuty(ctx, groupReach(groupID))
}

func groupReach(groupID string) core.Duty {
	live := func(dialect string) *sql.Predicate {
		return sql.And(sql.EQ("group_id", groupID), unexpired("expires_at", dialect))
	}
	reached := func(s *sql.Selector) *sql.Selector {
		return sql.Dialect(s.Dialect()).Select("secret_id").From(sql.Table("secret_grants")).Where(live(s.Dialect()))
	}
	return core.Duty{Name: "group.reach", Reads: []core.Read{
		{Type: "SecretGrant", Rows: func(s *sql.Selector) { s.Where(live(s.Dialect())) }},
		{Type: "ProjectMember", Rows: sql.FieldEQ("group_id", groupID)},
		{Type: "Secret", Rows: func(s *sql.Selector) { s.Where(sql.In(s.C("id"), reached(s))) }},
		{Type: "User", Rows: func(s *sql.Selector) {
			secrets, members := sql.Table("secrets"), sql.Table("organization_members")
			owners := sql.Dialect(s.Dialect()).Select(secrets.C("owner_id")).From(secrets).Join(members).
				OnP(sql.And(sql.ColumnsEQ(members.C("organization_id"), secrets.C("organization_id")), sql.ColumnsEQ(members.C("user_id"), secrets.C("owner_id")))).
				Where(sql.In(secrets.C("id"), reached(s)))
			s.Where(sql.In(s.C("id"), owners))
		}},
	}}
}

func principals(organizationID string) core.Duty {
	return core.Duty{Name: "principals", Reads: []core.Read{
		{Type: "User", Rows: func(s *sql.Selector) {
			members := sql.Dialect(s.Dialect()).Select("user_id").From(sql.Table("organization_members")).Where(sql.EQ("organization_id", organizationID))
			s.Where(sql.And(sql.EQ(s.C("suspended_at"), 0), sql.In(s.C("id"), members)))
		}},
		{Type: "Group", Rows: func(s *sql.Selector) {
			peopled := sql.Dialect(s.Dialect()).Select("group_id").From(sql.Table("group_members")).
				Where(sql.And(sql.P(func(b *sql.Builder) { b.WriteString("group_id = " + s.C("id")) }), unexpired("expires_at", s.Dialect())))
			s.Where(sql.And(sql.EQ(s.C("organization_id"), organizationID), sql.EQ(s.C("status"), "ENABLED"), sql.Exists(peopled)))
		}},
	}}
}
