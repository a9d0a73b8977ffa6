package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/keyhall/keyhall/policy/lock"
)

// Organization holds projects and people. Everyone has a personal one from the start.
type Organization struct{ ent.Schema }

// Mixin of Organization.
func (Organization) Mixin() []ent.Mixin { return []ent.Mixin{base{prefix: "org"}} }

// Annotations of Organization.
func (Organization) Annotations() []schema.Annotation {
	return []schema.Annotation{Unions{Names: []string{"InvitationTarget"}}}
}

// Fields of Organization.
func (Organization) Fields() []ent.Field {
	return []ent.Field{
		field.String("name"),
		field.String("slug").Unique(),
		field.Bool("personal").Default(false),
		field.String("billing_email").Default(""),
	}
}

// Edges of Organization.
func (Organization) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("members", OrganizationMember.Type),
		edge.To("projects", Project.Type),
		edge.To("audit_events", AuditEvent.Type),
		edge.To("secrets", Secret.Type),
		edge.To("groups", Group.Type),
		edge.To("invitations", Invitation.Type),
		edge.To("rate_limits", RateLimit.Type),
		edge.To("spend_limits", SpendLimit.Type),
		edge.To("spend_alerts", SpendAlert.Type),
	}
}

// OrganizationMember is one person's place in an organization.
type OrganizationMember struct{ ent.Schema }

// Mixin of OrganizationMember.
func (OrganizationMember) Mixin() []ent.Mixin { return []ent.Mixin{base{prefix: "orm"}} }

// Hooks of OrganizationMember: people's keys stop with their place in the organization.
func (OrganizationMember) Hooks() []ent.Hook {
	return []ent.Hook{lock.Revoking{Of: []string{"user_id"}, But: []string{"role"}}.Hook}
}

// Fields of OrganizationMember.
func (OrganizationMember) Fields() []ent.Field {
	return []ent.Field{
		key("organization_id"),
		key("user_id"),
		field.Enum("role").Values("OWNER", "READER"),
	}
}

// Edges of OrganizationMember.
func (OrganizationMember) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("organization", Organization.Type).Ref("members").Field("organization_id").Unique().Required(),
		edge.From("user", User.Type).Ref("organization_memberships").Field("user_id").Unique().Required(),
	}
}

// Indexes of OrganizationMember.
func (OrganizationMember) Indexes() []ent.Index {
	return []ent.Index{index.Fields("user_id", "organization_id").Unique(), index.Fields("organization_id", "user_id", "role")}
}
