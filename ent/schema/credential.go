package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
)

// Credential is the password of a user, hashed with argon2id, and which mailed links of theirs are alive. It is no column of
// User so that no listing can join it.
type Credential struct{ ent.Schema }

// Mixin of Credential.
func (Credential) Mixin() []ent.Mixin { return []ent.Mixin{sealed{base{prefix: "crd"}}} }

// Fields of Credential.
func (Credential) Fields() []ent.Field {
	return []ent.Field{
		field.String("user_id").Unique(),
		field.String("password_hash").Sensitive(),
		moment("changed_at"),
		field.Int("verify_generation").Default(0).Comment("Of the link that verifies the address; an older one is dead."),
		moment("verify_until"), // when that link ends; 0: there is none
		field.Int("reset_generation").Default(0).Comment("Of the link that sets a new password; an older one is dead."),
		moment("reset_until"), // when that link ends; 0: there is none
		moment("links_since"), // what was mailed before it proves nothing about the address any more
	}
}
