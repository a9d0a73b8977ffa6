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

// Invitation offers somebody a place on a key. It is bound to an address, not to an account.
type Invitation struct{ ent.Schema }

// Mixin of Invitation.
func (Invitation) Mixin() []ent.Mixin { return []ent.Mixin{base{prefix: "inv"}} }

// Fields of Invitation.
func (Invitation) Fields() []ent.Field {
	return []ent.Field{
		optionalKey("api_key_id"),
		key("invited_by_id"),
		field.String("email"),
		field.String("role"),
		field.Enum("status").Values("PENDING", "ACCEPTED", "DECLINED", "REVOKED").Default("PENDING"),
		field.String("target_name").Comment("The target's name when the invitation was sent: the invitee may not see the target itself yet."),
		moment("sent_at"),
		field.Enum("delivery").Values("QUEUED", "SENT", "FAILED", "NOT_CONFIGURED").Default("NOT_CONFIGURED").Comment("Of its newest mail."),
		field.Int("resend_count").Default(0).Comment("Also the generation of its link: sending again kills the link before."),
		field.Int64("expires_at"),
		moment("settled_at"),
	}
}

// Edges of Invitation.
func (Invitation) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("api_key", APIKey.Type).Ref("invitations").Field("api_key_id").Unique(),
		edge.From("invited_by", User.Type).Ref("sent_invitations").Field("invited_by_id").Unique().Required(),
	}
}

// Indexes of Invitation.
func (Invitation) Indexes() []ent.Index {
	return []ent.Index{index.Fields("email", "status"), index.Fields("api_key_id", "status"), index.Fields("invited_by_id")}
}
