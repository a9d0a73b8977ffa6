package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/keyhall/keyhall/policy/lock"
)

// VerifierToken lets a gateway ask whether the keys of one project are valid, and nothing else. Shown once, stored hashed.
type VerifierToken struct{ ent.Schema }

// Mixin of VerifierToken.
func (VerifierToken) Mixin() []ent.Mixin { return []ent.Mixin{base{prefix: "vft"}} }

// Hooks of VerifierToken: who may ask is remembered too.
func (VerifierToken) Hooks() []ent.Hook {
	return []ent.Hook{lock.Revoking{Old: true, Of: []string{"id"}, But: []string{"name", "last_used_at"}}.Hook}
}

// Fields of VerifierToken.
func (VerifierToken) Fields() []ent.Field {
	return []ent.Field{
		key("project_id"),
		field.String("name"),
		field.String("start"),
		field.String("lookup").Unique().Comment("The public part of the token, which finds the row."),
		field.Bytes("hash").Sensitive(),
		field.String("pepper_id"),
		key("created_by_id"),
		moment("last_used_at"),
	}
}

// Edges of VerifierToken.
func (VerifierToken) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("project", Project.Type).Ref("verifier_tokens").Field("project_id").Unique().Required(),
		edge.To("created_by", User.Type).Field("created_by_id").Unique().Required(),
	}
}

// Indexes of VerifierToken.
func (VerifierToken) Indexes() []ent.Index { return []ent.Index{index.Fields("project_id")} }
