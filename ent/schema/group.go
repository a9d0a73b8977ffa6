package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/keyhall/keyhall/policy/lock"
)

// Group is people of an organization that secrets are shared with at once. Its owner is no member unless added.
type Group struct{ ent.Schema }

// Mixin of Group.
func (Group) Mixin() []ent.Mixin { return []ent.Mixin{base{prefix: "grp"}} }

// Annotations of Group.
func (Group) Annotations() []schema.Annotation {
	return []schema.Annotation{Unions{Names: []string{"Grantee", "Principal"}}}
}

// Hooks of Group: people may be in a project through it, and not while it is disabled.
func (Group) Hooks() []ent.Hook {
	return []ent.Hook{lock.Revoking{Old: true, Only: []string{"status"}}.Hook}
}

// Fields of Group.
func (Group) Fields() []ent.Field {
	return []ent.Field{
		key("organization_id"),
		key("owner_id"),
		field.String("name"),
		field.String("description").Default(""),
		field.Enum("status").Values("ENABLED", "DISABLED").Default("ENABLED").Comment("A disabled group gives nothing."),
		field.Bool("members_can_view").Default(false).Comment("Whether members see who else is one."),
	}
}

// Edges of Group.
func (Group) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("organization", Organization.Type).Ref("groups").Field("organization_id").Unique().Required(),
		edge.From("owner", User.Type).Ref("owned_groups").Field("owner_id").Unique().Required(),
		edge.To("members", GroupMember.Type),
		edge.To("secret_grants", SecretGrant.Type),
		edge.To("project_memberships", ProjectMember.Type),
	}
}

// Indexes of Group.
func (Group) Indexes() []ent.Index {
	return []ent.Index{index.Fields("owner_id", "organization_id"), index.Fields("organization_id", "name")}
}

// GroupMember is one person's place in a group.
type GroupMember struct{ ent.Schema }

// Mixin of GroupMember.
func (GroupMember) Mixin() []ent.Mixin { return []ent.Mixin{base{prefix: "grm"}} }

// Hooks of GroupMember: people may be in a project through a group.
func (GroupMember) Hooks() []ent.Hook {
	return []ent.Hook{lock.Revoking{Of: []string{"user_id"}, But: []string{"added_by_id"}}.Hook}
}

// Fields of GroupMember.
func (GroupMember) Fields() []ent.Field {
	return []ent.Field{
		key("group_id"),
		key("user_id"),
		optionalKey("added_by_id"),
		moment("expires_at"),
	}
}

// Edges of GroupMember.
func (GroupMember) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("group", Group.Type).Ref("members").Field("group_id").Unique().Required(),
		edge.From("user", User.Type).Ref("group_memberships").Field("user_id").Unique().Required(),
		edge.To("added_by", User.Type).Field("added_by_id").Unique(),
	}
}

// Indexes of GroupMember.
func (GroupMember) Indexes() []ent.Index {
	return []ent.Index{index.Fields("user_id", "group_id", "expires_at"), index.Fields("group_id", "user_id").Unique()}
}
