package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// Project keeps the API keys of one team, product or environment apart from all others.
type Project struct{ ent.Schema }

// Mixin of Project.
func (Project) Mixin() []ent.Mixin { return []ent.Mixin{base{prefix: "prj"}} }

// Fields of Project.
func (Project) Fields() []ent.Field {
	return []ent.Field{
		key("organization_id"),
		field.String("name"),
		field.String("description").Default(""),
		field.Enum("environment").Values("PRODUCTION", "STAGING", "DEVELOPMENT"),
		field.Bool("is_default").Default(false).Comment("The one where its organization's keys go when no project is named."),
		moment("archived_at"),
	}
}

// Edges of Project.
func (Project) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("organization", Organization.Type).Ref("projects").Field("organization_id").Unique().Required(),
		edge.To("members", ProjectMember.Type),
		edge.To("api_keys", APIKey.Type),
	}
}

// Indexes of Project.
func (Project) Indexes() []ent.Index { return []ent.Index{index.Fields("organization_id")} }

// ProjectMember is one person's place in a project.
type ProjectMember struct{ ent.Schema }

// Mixin of ProjectMember.
func (ProjectMember) Mixin() []ent.Mixin { return []ent.Mixin{base{prefix: "prm", part: true}} }

// Fields of ProjectMember.
func (ProjectMember) Fields() []ent.Field {
	return []ent.Field{
		key("project_id"),
		key("user_id"),
		field.Enum("role").Values("OWNER", "MEMBER"),
	}
}

// Edges of ProjectMember.
func (ProjectMember) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("project", Project.Type).Ref("members").Field("project_id").Unique().Required(),
		edge.From("user", User.Type).Ref("project_memberships").Field("user_id").Unique().Required(),
	}
}

// Indexes of ProjectMember.
func (ProjectMember) Indexes() []ent.Index {
	return []ent.Index{index.Fields("user_id", "project_id").Unique(), index.Fields("project_id", "user_id", "role")}
}
