package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// Collaborator is somebody a key is shared with. The owner is none: ownership is a column of the key and never moves.
type Collaborator struct{ ent.Schema }

// Mixin of Collaborator.
func (Collaborator) Mixin() []ent.Mixin { return []ent.Mixin{base{prefix: "col"}} }

// Fields of Collaborator.
func (Collaborator) Fields() []ent.Field {
	return []ent.Field{
		key("api_key_id"),
		key("user_id"),
		field.Enum("role").Values("ADMIN", "CONTRIBUTOR"),
		optionalKey("added_by_id"),
	}
}

// Edges of Collaborator.
func (Collaborator) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("api_key", APIKey.Type).Ref("collaborators").Field("api_key_id").Unique().Required(),
		edge.From("user", User.Type).Ref("collaborations").Field("user_id").Unique().Required(),
		edge.To("added_by", User.Type).Field("added_by_id").Unique(),
	}
}

// Indexes of Collaborator.
func (Collaborator) Indexes() []ent.Index {
	return []ent.Index{index.Fields("user_id", "api_key_id", "role"), index.Fields("api_key_id", "user_id").Unique()}
}
