package lock

import (
	"context"

	"entgo.io/ent/dialect/sql"

	"github.com/keyhall/keyhall/policy/internal/core"
)

// The duties that find whom a deed on a key or in a project may concern. They are for telling people to look again; what they see
// then, the policy decides.

// KeyAudience sees the collaborators of a key, and who has a place around a project key.
func KeyAudience(ctx context.Context, keyID string) context.Context {
	return core.WithDuty(ctx, keyAudience(keyID))
}

func keyAudience(keyID string) core.Duty {
	around := around(func(s *sql.Selector) *sql.Selector {
		return sql.Dialect(s.Dialect()).Select("project_id").From(sql.Table("api_keys")).
			Where(sql.And(sql.EQ("id", keyID), sql.EQ("kind", "PROJECT")))
	})
	return core.Duty{Name: "api_key.audience", Reads: append(around, core.Read{Type: "Collaborator", Rows: sql.FieldEQ("api_key_id", keyID)})}
}

// ProjectAudience sees who has a place in a project or around it.
func ProjectAudience(ctx context.Context, projectID string) context.Context {
	return core.WithDuty(ctx, projectAudience(projectID))
}

func projectAudience(projectID string) core.Duty {
	return core.Duty{Name: "project.audience", Reads: around(func(s *sql.Selector) *sql.Selector {
		return sql.Dialect(s.Dialect()).Select("id").From(sql.Table("projects")).Where(sql.EQ("id", projectID))
	})}
}

// around are the members of a project, who is in the groups among them, and the owners of its organization.
func around(project func(*sql.Selector) *sql.Selector) []core.Read {
	return []core.Read{
		{Type: "ProjectMember", Rows: func(s *sql.Selector) { s.Where(sql.In(s.C("project_id"), project(s))) }},
		{Type: "GroupMember", Rows: func(s *sql.Selector) {
			groups := sql.Dialect(s.Dialect()).Select("group_id").From(sql.Table("project_members")).Where(sql.In("project_id", project(s)))
			s.Where(sql.In(s.C("group_id"), groups))
		}},
		{Type: "OrganizationMember", Rows: func(s *sql.Selector) {
			of := sql.Dialect(s.Dialect()).Select("organization_id").From(sql.Table("projects")).Where(sql.In("id", project(s)))
			s.Where(sql.And(sql.EQ(s.C("role"), "OWNER"), sql.In(s.C("organization_id"), of)))
		}},
	}
}
