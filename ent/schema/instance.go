package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
)

// Instance is the one row that ties a database to its keyring: who this installation is, and a sealed text that the right
// key file opens.
type Instance struct{ ent.Schema }

// Mixin of Instance.
func (Instance) Mixin() []ent.Mixin { return []ent.Mixin{sealed{base{prefix: "ins"}}} }

// Fields of Instance.
func (Instance) Fields() []ent.Field {
	return []ent.Field{
		field.Int("only").Unique().Immutable().Comment("1 in the one row there may be."),
		field.Bytes("check_wrapped_key").Sensitive(),
		field.Bytes("check_ciphertext").Sensitive(),
		field.String("check_keyset_id"),
		field.Strings("check_ids").Comment("Every key id that the file had."),
	}
}
