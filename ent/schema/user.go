package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"

	"github.com/keyhall/keyhall/policy/lock"
)

// User is the holder of an account.
type User struct{ ent.Schema }

// Mixin of User.
func (User) Mixin() []ent.Mixin { return []ent.Mixin{base{prefix: "usr"}} }

// Annotations of User.
func (User) Annotations() []schema.Annotation {
	return []schema.Annotation{Unions{Names: []string{"Actor", "Grantee", "KeyOwner", "Principal"}}}
}

// Hooks of User: the keys of who is suspended stop.
func (User) Hooks() []ent.Hook {
	return []ent.Hook{lock.Revoking{Old: true, Of: []string{"id"}, Only: []string{"suspended_at"}}.Hook}
}

// Fields of User. Addresses and usernames are stored in their normal form (lower case), so that equality is identity.
func (User) Fields() []ent.Field {
	return []ent.Field{
		field.String("username").Unique(),
		field.String("name"),
		field.String("email").Unique(),
		field.Bool("email_verified").Default(false),
		field.Bool("administrator").Default(false),
		moment("suspended_at"),
		field.String("personal_organization_id").Comment("The organization made with the account; their own account is audited there."),
	}
}

// Edges of User.
func (User) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("collaborations", Collaborator.Type),
		edge.To("organization_memberships", OrganizationMember.Type),
		edge.To("project_memberships", ProjectMember.Type),
		edge.To("owned_api_keys", APIKey.Type),
		edge.To("sessions", Session.Type),
		edge.To("access_tokens", AccessToken.Type),
		edge.To("sent_invitations", Invitation.Type),
		edge.To("owned_secrets", Secret.Type),
		edge.To("secret_grants", SecretGrant.Type),
		edge.To("owned_groups", Group.Type),
		edge.To("group_memberships", GroupMember.Type),
	}
}
