package lock

import (
	"context"

	"entgo.io/ent/dialect/sql"

	"github.com/keyhall/keyhall/policy/internal/core"
)

// The duties around secrets and groups: whom somebody may name, and whom a deed may concern.

// GroupInReach sees one group of an organization that a person is a member of, and who is in it now: they may share with it
// without seeing more of it than its name.
func GroupInReach(ctx context.Context, personID, groupID string) context.Context {
	return core.WithDuty(ctx, groupInReach(personID, groupID))
}

func groupInReach(personID, groupID string) core.Duty {
	return core.Duty{Name: "group.in_reach", Reads: []core.Read{
		{Type: "Group", Rows: func(s *sql.Selector) {
			home := sql.Dialect(s.Dialect()).Select("organization_id").From(sql.Table("organization_members")).Where(sql.EQ("user_id", personID))
			s.Where(sql.And(sql.EQ(s.C("id"), groupID), sql.In(s.C("organization_id"), home)))
		}},
		{Type: "GroupMember", Rows: func(s *sql.Selector) {
			s.Where(sql.And(sql.EQ(s.C("group_id"), groupID), unexpired(s.C("expires_at"), s.Dialect())))
		}},
	}}
}

// SharedGroups sees the grants of groups on some secrets, whatever a token leaves of the viewer's sight: what may not be told of
// who is in them. The caller has asked who may see the sharing before, and shows the groups and nobody in them.
func SharedGroups(ctx context.Context, secretIDs []string) context.Context {
	return core.WithDuty(ctx, sharedGroups(secretIDs))
}

func sharedGroups(secretIDs []string) core.Duty {
	return core.Duty{Name: "secret.groups", Reads: []core.Read{{Type: "SecretGrant", Rows: func(s *sql.Selector) {
		s.Where(sql.And(sql.In(s.C("secret_id"), anyOf(secretIDs)...), sql.NotNull(s.C("group_id"))))
	}}}}
}

// ProjectGroups is SharedGroups for the places of groups in projects, each named by its id or by that of a key in it.
func ProjectGroups(ctx context.Context, ids []string) context.Context {
	return core.WithDuty(ctx, projectGroups(ids))
}

func projectGroups(ids []string) core.Duty {
	return core.Duty{Name: "project.groups", Reads: []core.Read{{Type: "ProjectMember", Rows: func(s *sql.Selector) {
		of := sql.Dialect(s.Dialect()).Select("project_id").From(sql.Table("api_keys")).Where(sql.And(sql.In("id", anyOf(ids)...), sql.EQ("kind", "PROJECT")))
		s.Where(sql.And(sql.NotNull(s.C("group_id")), sql.Or(sql.In(s.C("project_id"), anyOf(ids)...), sql.In(s.C("project_id"), of))))
	}}}}
}

// SecretAudience sees whom a deed on a secret may concern: who has a grant on it, and who is in a group that has one. It is
// for telling them to look again; what they see then, the policy decides.
func SecretAudience(ctx context.Context, secretID string) context.Context {
	return core.WithDuty(ctx, secretAudience(secretID))
}

func secretAudience(secretID string) core.Duty {
	return core.Duty{Name: "secret.audience", Reads: []core.Read{
		{Type: "SecretGrant", Rows: sql.FieldEQ("secret_id", secretID)},
		{Type: "GroupMember", Rows: func(s *sql.Selector) {
			groups := sql.Dialect(s.Dialect()).Select("group_id").From(sql.Table("secret_grants")).Where(sql.EQ("secret_id", secretID))
			s.Where(sql.In(s.C("group_id"), groups))
		}},
	}}
}

// GroupAudience is SecretAudience for a group: its members.
func GroupAudience(ctx context.Context, groupID string) context.Context {
	return core.WithDuty(ctx, groupAudience(groupID))
}

func groupAudience(groupID string) core.Duty {
	return core.Duty{Name: "group.audience", Reads: []core.Read{{Type: "GroupMember", Rows: sql.FieldEQ("group_id", groupID)}}}
}
