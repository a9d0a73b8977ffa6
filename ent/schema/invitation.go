package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// Invitation offers somebody a place on a key or in an organization. It is bound to an address, not to an account.
type Invitation struct{ ent.Schema }

// Mixin of Invitation.
func (Invitation) Mixin() []ent.Mixin { return []ent.Mixin{base{prefix: "inv"}} }

// Fields of Invitation. One of key and organization is set.
func (Invitation) Fields() []ent.Field {
	return []ent.Field{
		optionalKey("api_key_id"),
		optionalKey("organization_id"),
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
		edge.From("organization", Organization.Type).Ref("invitations").Field("organization_id").Unique(),
		edge.To("projects", InvitationProject.Type),
		edge.From("invited_by", User.Type).Ref("sent_invitations").Field("invited_by_id").Unique().Required(),
	}
}

// Indexes of Invitation.
func (Invitation) Indexes() []ent.Index {
	return []ent.Index{index.Fields("email", "status"), index.Fields("api_key_id", "status"), index.Fields("organization_id", "status"), index.Fields("invited_by_id")}
}

// InvitationProject is a place in a project that comes with an invitation to its organization.
type InvitationProject struct{ ent.Schema }

// Mixin of InvitationProject.
func (InvitationProject) Mixin() []ent.Mixin { return []ent.Mixin{base{prefix: "inp", part: true}} }

// Fields of InvitationProject.
func (InvitationProject) Fields() []ent.Field {
	return []ent.Field{
		key("invitation_id"),
		key("project_id"),
		field.Enum("role").Values("OWNER", "MEMBER"),
	}
}

// Edges of InvitationProject.
func (InvitationProject) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("invitation", Invitation.Type).Ref("projects").Field("invitation_id").Unique().Required(),
		edge.From("project", Project.Type).Ref("invited").Field("project_id").Unique().Required(),
	}
}

// Indexes of InvitationProject.
func (InvitationProject) Indexes() []ent.Index {
	return []ent.Index{index.Fields("invitation_id", "project_id").Unique(), index.Fields("project_id")}
}
