package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// Epoch is the one row that counts what changed for verifying keys. Whoever changes something holds it until they commit, so that
// the numbers are seen in their order.
type Epoch struct{ ent.Schema }

// Mixin of Epoch.
func (Epoch) Mixin() []ent.Mixin { return []ent.Mixin{sealed{base{prefix: "epo"}}} }

// Fields of Epoch.
func (Epoch) Fields() []ent.Field {
	return []ent.Field{
		field.Int("only").Unique().Immutable().Comment("1 in the one row there may be."),
		field.Int64("number"),
	}
}

// Revocation is one change after which what was remembered of some keys is over.
type Revocation struct{ ent.Schema }

// Mixin of Revocation.
func (Revocation) Mixin() []ent.Mixin { return []ent.Mixin{sealed{base{prefix: "rvc"}}} }

// Fields of Revocation.
func (Revocation) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("number").Immutable().Comment("The epoch that it made."),
		field.String("subject_id").Immutable().Comment("The key, project, organization, person, service account or verifier token whose keys it is about; empty: all."),
	}
}

// Indexes of Revocation.
func (Revocation) Indexes() []ent.Index { return []ent.Index{index.Fields("number")} }
