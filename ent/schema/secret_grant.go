package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// SecretGrant gives one person or one group a level on one secret. The owner has none: ownership is a column of the secret.
type SecretGrant struct{ ent.Schema }

// Mixin of SecretGrant.
func (SecretGrant) Mixin() []ent.Mixin { return []ent.Mixin{base{prefix: "sgr"}} }

// Fields of SecretGrant. One of user and group is set.
func (SecretGrant) Fields() []ent.Field {
	return []ent.Field{
		key("secret_id"),
		optionalKey("user_id"),
		optionalKey("group_id"),
		field.Enum("level").Values("VIEW", "EDIT").Comment("EDIT is VIEW and more."),
		moment("expires_at"),
		optionalKey("granted_by_id"),
		moment("granted_at"),
	}
}

// Edges of SecretGrant.
func (SecretGrant) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("secret", Secret.Type).Ref("grants").Field("secret_id").Unique().Required(),
		edge.From("user", User.Type).Ref("secret_grants").Field("user_id").Unique(),
		edge.From("group", Group.Type).Ref("secret_grants").Field("group_id").Unique(),
		edge.To("granted_by", User.Type).Field("granted_by_id").Unique(),
	}
}

// Indexes of SecretGrant: from the person, from the group, and from the secret. There is one grant a grantee.
func (SecretGrant) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("user_id", "secret_id", "level", "expires_at"),
		index.Fields("group_id", "secret_id", "level", "expires_at"),
		index.Fields("secret_id", "user_id").Unique(),
		index.Fields("secret_id", "group_id").Unique(),
	}
}
