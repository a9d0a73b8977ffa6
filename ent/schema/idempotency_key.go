package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// IdempotencyKey is the memory of one mutation that was done under the key of that name, so that it is not done again. It
// holds ids, codes and hashes: no value, and nothing of what a client wrote.
type IdempotencyKey struct{ ent.Schema }

// Mixin of IdempotencyKey.
func (IdempotencyKey) Mixin() []ent.Mixin { return []ent.Mixin{sealed{base{prefix: "idk"}}} }

// Fields of IdempotencyKey.
func (IdempotencyKey) Fields() []ent.Field {
	return []ent.Field{
		field.String("lookup").Unique().Immutable().Comment("SHA-256 of the account and its key, in hex."),
		field.String("user_id").Immutable(),
		field.String("mutation").Immutable(),
		field.Bytes("fingerprint").Immutable().Sensitive().Comment("Keyed hash of the mutation and its input."),
		field.String("pepper_id").Immutable(),
		field.String("subject_id").Default("").Comment("What the deed was about."),
		field.String("made_id").Default("").Comment("What it made."),
		field.String("part_id").Default("").Comment("The part of its subject that it touched."),
		field.Strings("outcomes").Optional().Comment("The id or the code of each part, where parts end each in their own way."),
		field.Int64("expires_at").Immutable(),
	}
}

// Indexes of IdempotencyKey.
func (IdempotencyKey) Indexes() []ent.Index { return []ent.Index{index.Fields("expires_at")} }
