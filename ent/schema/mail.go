package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// Mail is one letter of the outbox, written in the transaction of the deed that it tells of. It holds ids and names, never
// a token: the link of the letter is derived when it is sent.
type Mail struct{ ent.Schema }

// Mixin of Mail.
func (Mail) Mixin() []ent.Mixin { return []ent.Mixin{sealed{base{prefix: "mai"}}} }

// Fields of Mail.
func (Mail) Fields() []ent.Field {
	return []ent.Field{
		field.String("kind").Immutable(),
		field.String("recipient").Immutable(),
		field.String("user_id").Default("").Immutable().Comment("Whose account it is about; empty: nobody's yet."),
		field.String("resource_id").Default("").Immutable().Comment("What its link stands for."),
		field.String("within_id").Default("").Comment("What that is part of: the key of an invitation."),
		field.Int("generation").Default(0).Immutable().Comment("Of the link; an older one is dead."),
		field.String("name").Default("").Immutable(),
		field.String("actor_name").Default("").Immutable(),
		field.String("role").Default("").Immutable(),
		field.Enum("state").Values("QUEUED", "SENT", "FAILED", "NOT_CONFIGURED"),
		field.Int("attempts").Default(0),
		field.Int64("next_attempt_at").Default(0).Comment("When it is tried; while somebody tries, when another may."),
		moment("sent_at"),
		field.String("last_error").Default("").Comment("A short code, never what a mail server said."),
	}
}

// Indexes of Mail.
func (Mail) Indexes() []ent.Index {
	return []ent.Index{index.Fields("state", "next_attempt_at"), index.Fields("resource_id"), index.Fields("within_id")}
}
