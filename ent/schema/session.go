package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// Session is one signed-in browser. Its cookie holds the token, the row only the token's SHA-256.
type Session struct{ ent.Schema }

// Mixin of Session.
func (Session) Mixin() []ent.Mixin { return []ent.Mixin{base{prefix: "ses"}} }

// Fields of Session.
func (Session) Fields() []ent.Field {
	return []ent.Field{
		key("user_id"),
		field.String("token_hash").Unique().Sensitive(),
		moment("last_seen_at"),
		field.Int64("expires_at"),
		field.String("user_agent").Default(""),
		field.String("ip").Default(""),
	}
}

// Edges of Session.
func (Session) Edges() []ent.Edge {
	return []ent.Edge{edge.From("user", User.Type).Ref("sessions").Field("user_id").Unique().Required()}
}

// Indexes of Session.
func (Session) Indexes() []ent.Index {
	return []ent.Index{index.Fields("user_id"), index.Fields("expires_at")}
}
