package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/keyhall/keyhall/policy/lock"
)

// Project keeps the API keys of one team, product or environment apart from all others.
type Project struct{ ent.Schema }

// Mixin of Project.
func (Project) Mixin() []ent.Mixin { return []ent.Mixin{base{prefix: "prj"}} }

// Hooks of Project: its keys stop with it, and cost what it says.
func (Project) Hooks() []ent.Hook {
	return []ent.Hook{lock.Revoking{Old: true, Of: []string{"id"}, Only: []string{"archived_at", "environment", "unit_price", "currency"}}.Hook}
}

// Fields of Project.
func (Project) Fields() []ent.Field {
	return []ent.Field{
		key("organization_id"),
		field.String("name"),
		field.String("description").Default(""),
		field.Enum("environment").Values("PRODUCTION", "STAGING", "DEVELOPMENT"),
		field.Bool("is_default").Default(false).Comment("The one where its organization's keys go when no project is named."),
		moment("archived_at"),
		field.Int64("unit_price").Default(0).Comment("Of one unit of use, in millionths of the currency."),
		field.String("currency").Default("USD").Comment("Three letters of ISO 4217."),
		field.String("alert_email").Default("").Comment("The address of the team: told what its owners are told."),
	}
}

// Edges of Project.
func (Project) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("organization", Organization.Type).Ref("projects").Field("organization_id").Unique().Required(),
		edge.To("members", ProjectMember.Type),
		edge.To("api_keys", APIKey.Type),
		edge.To("service_accounts", ServiceAccount.Type),
		edge.To("verifier_tokens", VerifierToken.Type),
		edge.To("invited", InvitationProject.Type),
		edge.To("rate_limits", RateLimit.Type),
		edge.To("spend_limits", SpendLimit.Type),
		edge.To("spend_alerts", SpendAlert.Type),
	}
}

// Indexes of Project.
func (Project) Indexes() []ent.Index { return []ent.Index{index.Fields("organization_id")} }

// ProjectMember is the place of one person, or of everybody in one group, in a project.
type ProjectMember struct{ ent.Schema }

// Mixin of ProjectMember.
func (ProjectMember) Mixin() []ent.Mixin { return []ent.Mixin{base{prefix: "prm"}} }

// Hooks of ProjectMember: people's keys stop with their place in the project.
func (ProjectMember) Hooks() []ent.Hook {
	return []ent.Hook{lock.Revoking{Of: []string{"project_id"}, But: []string{"role"}}.Hook}
}

// Fields of ProjectMember. One of user and group is set.
func (ProjectMember) Fields() []ent.Field {
	return []ent.Field{
		key("project_id"),
		optionalKey("user_id"),
		optionalKey("group_id"),
		field.Enum("role").Values("OWNER", "MEMBER"),
	}
}

// Edges of ProjectMember.
func (ProjectMember) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("project", Project.Type).Ref("members").Field("project_id").Unique().Required(),
		edge.From("user", User.Type).Ref("project_memberships").Field("user_id").Unique(),
		edge.From("group", Group.Type).Ref("project_memberships").Field("group_id").Unique(),
	}
}

// Indexes of ProjectMember: from the person, from the group, and from the project. There is one row a grantee.
func (ProjectMember) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("user_id", "project_id").Unique(),
		index.Fields("group_id", "project_id").Unique(),
		index.Fields("project_id", "user_id", "role"),
	}
}
