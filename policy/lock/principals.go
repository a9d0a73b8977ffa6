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
