package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/keyhall/keyhall/policy/lock"
)

// APIKey is one issued key: what may be known of it. Its hash and its sealed secret are in tables of their own.
type APIKey struct{ ent.Schema }

// Mixin of APIKey.
func (APIKey) Mixin() []ent.Mixin { return []ent.Mixin{base{prefix: "key"}} }

// Annotations of APIKey.
func (APIKey) Annotations() []schema.Annotation {
	return []schema.Annotation{Unions{Names: []string{"InvitationTarget"}}}
}

// Hooks of APIKey: verifying depends on it, but for what is only told of it.
func (APIKey) Hooks() []ent.Hook {
	return []ent.Hook{lock.Revoking{Of: []string{"id"}, But: []string{"last_used_at", "name", "description", "tags", "reminded_days"}}.Hook}
}

// Fields of APIKey. One of owner and service account is set.
func (APIKey) Fields() []ent.Field {
	return []ent.Field{
		key("project_id"),
		optionalKey("owner_id"),
		optionalKey("service_account_id"),
		field.String("name"),
		field.String("description").Default(""),
		field.Strings("tags").Default([]string{}),
		field.Enum("kind").Values("PERSONAL", "PROJECT"),
		field.String("start").Comment("Prefix and first characters: what is safe to show."),
		field.Strings("scopes").Default([]string{}),
		moment("expires_at"),
		field.Int64("last_used_at").Default(0),
		moment("disabled_at"),
		optionalKey("disabled_by_id"),
		field.String("disabled_as").Default("").Comment("Who they were when they disabled it: OWNER, ADMIN or ORGANIZATION; empty while it is enabled."),
		field.Enum("metering").Values("BEST_EFFORT", "STRICT").Default("BEST_EFFORT").Comment("STRICT: no answer before its use is on the disk."),
		field.Int("reminded_days").Default(0).Comment("Of the last letter before it expires: how many days it had left; 0: none was sent."),
		optionalKey("replaces_id"),
		field.Int64("grace_expires_at").Default(0).Comment("When a replaced key stops for good; 0: it was not replaced. Never set back."),
	}
}

// Edges of APIKey.
func (APIKey) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("project", Project.Type).Ref("api_keys").Field("project_id").Unique().Required(),
		edge.From("owner", User.Type).Ref("owned_api_keys").Field("owner_id").Unique(),
		edge.From("service_account", ServiceAccount.Type).Ref("api_keys").Field("service_account_id").Unique(),
		edge.To("collaborators", Collaborator.Type),
		edge.To("invitations", Invitation.Type),
		edge.To("security_settings", SecuritySettings.Type),
		edge.To("jwt_keys", JWTKey.Type),
		edge.To("rate_limits", RateLimit.Type),
		edge.To("spend_limits", SpendLimit.Type),
		edge.To("spend_alerts", SpendAlert.Type),
		edge.To("replaced_by", APIKey.Type).Unique().From("replaces").Unique().Field("replaces_id"),
	}
}

// Indexes of APIKey: one for each way in (owner, project) and for each order.
func (APIKey) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("owner_id", "project_id"),
		index.Fields("project_id", "kind"),
		index.Fields("service_account_id"),
		index.Fields("expires_at"),
		index.Fields("name", "id"),
		index.Fields("last_used_at", "id"),
	}
}

// APIKeyHash is what verifying compares with: the keyed hash of a key, found by the public part of it.
type APIKeyHash struct{ ent.Schema }

// Mixin of APIKeyHash.
func (APIKeyHash) Mixin() []ent.Mixin { return []ent.Mixin{sealed{base{prefix: "khh"}}} }

// Hooks of APIKeyHash: verifying compares with it. Who asked for it before it was there is told by its public part.
func (APIKeyHash) Hooks() []ent.Hook {
	return []ent.Hook{lock.Revoking{Of: []string{"lookup", "api_key_id"}}.Hook}
}

// Fields of APIKeyHash.
func (APIKeyHash) Fields() []ent.Field {
	return []ent.Field{
		field.String("api_key_id").Unique(),
		field.String("lookup").Unique(),
		field.Bytes("hash").Sensitive(),
		field.String("pepper_id"),
	}
}

// SealedValue is one version of a value that can be revealed, encrypted under the keyring. Only a receipt opens it.
type SealedValue struct{ ent.Schema }

// Mixin of SealedValue.
func (SealedValue) Mixin() []ent.Mixin { return []ent.Mixin{sealed{base{prefix: "sld"}}} }

// Hooks of SealedValue: verifying asks which versions are good.
func (SealedValue) Hooks() []ent.Hook {
	return []ent.Hook{lock.Revoking{Of: []string{"api_key_id"}, Only: []string{"valid_until"}}.Hook}
}

// Fields of SealedValue.
func (SealedValue) Fields() []ent.Field {
	return []ent.Field{
		field.String("api_key_id"),
		field.Int("version"),
		field.Bytes("wrapped_key").Sensitive(),
		field.Bytes("ciphertext").Sensitive(),
		field.String("keyset_id"),
		field.Int64("reveal_count").Default(0),
		field.Int64("valid_until").Default(0).Comment("When an earlier version stops being one; 0: it is the one in use."),
	}
}

// Indexes of SealedValue.
func (SealedValue) Indexes() []ent.Index {
	return []ent.Index{index.Fields("api_key_id", "version").Unique()}
}
