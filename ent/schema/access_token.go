package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// AccessToken lets a program act as its user, with all of their permissions or with fewer. Shown once, stored hashed.
type AccessToken struct{ ent.Schema }

// Mixin of AccessToken.
func (AccessToken) Mixin() []ent.Mixin { return []ent.Mixin{base{prefix: "pat"}} }

// Fields of AccessToken.
func (AccessToken) Fields() []ent.Field {
	return []ent.Field{
		key("user_id"),
		field.String("name"),
		field.String("start"),
		field.String("lookup").Unique().Comment("The public part of the token, which finds the row."),
		field.Bytes("hash").Sensitive(),
		field.String("pepper_id"),
		field.Strings("permissions").Optional().Comment("What the token is narrowed to; absent: everything its user may."),
		moment("expires_at"),
		moment("last_used_at"),
	}
}

// Edges of AccessToken.
func (AccessToken) Edges() []ent.Edge {
	return []ent.Edge{edge.From("user", User.Type).Ref("access_tokens").Field("user_id").Unique().Required()}
}

// Indexes of AccessToken.
func (AccessToken) Indexes() []ent.Index { return []ent.Index{index.Fields("user_id")} }
