package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/keyhall/keyhall/policy/lock"
)

// SecuritySettings is what a request with a key must bring along and look like. Each key has one row, made with it. The
// lists are kept in their normal form (internal/allow).
type SecuritySettings struct{ ent.Schema }

// Mixin of SecuritySettings.
func (SecuritySettings) Mixin() []ent.Mixin { return []ent.Mixin{base{prefix: "sst", part: true}} }

// Hooks of SecuritySettings: verifying holds requests against them.
func (SecuritySettings) Hooks() []ent.Hook {
	return []ent.Hook{lock.Revoking{Of: []string{"api_key_id"}}.Hook}
}

// Fields of SecuritySettings.
func (SecuritySettings) Fields() []ent.Field {
	return []ent.Field{
		key("api_key_id"),
		field.Bool("require_secret").Default(false),
		field.Bool("secret_overrides_allowlists").Default(false),
		field.Strings("origins").Default([]string{}),
		field.Strings("user_agents").Default([]string{}),
		field.Strings("methods").Default([]string{}),
		field.Strings("addresses").Default([]string{}),
		field.Bool("require_jwt").Default(false),
	}
}

// Edges of SecuritySettings.
func (SecuritySettings) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("api_key", APIKey.Type).Ref("security_settings").Field("api_key_id").Unique().Required(),
	}
}

// Indexes of SecuritySettings.
func (SecuritySettings) Indexes() []ent.Index {
	return []ent.Index{index.Fields("api_key_id").Unique()}
}

// JWTKey is a public key that tokens for an API key may be signed with. Its id is what a token names as `kid`.
type JWTKey struct{ ent.Schema }

// Mixin of JWTKey.
func (JWTKey) Mixin() []ent.Mixin { return []ent.Mixin{base{prefix: "jwk", part: true}} }

// Hooks of JWTKey: verifying checks tokens with it.
func (JWTKey) Hooks() []ent.Hook {
	return []ent.Hook{lock.Revoking{Of: []string{"api_key_id"}}.Hook}
}

// Fields of JWTKey.
func (JWTKey) Fields() []ent.Field {
	return []ent.Field{
		key("api_key_id"),
		field.String("name"),
		field.String("algorithm").Comment("RS256 or ES256: the key decides, never the token."),
		field.String("fingerprint").Comment("base64 of the SHA-256 of the public key in DER."),
		field.String("public_key_pem"),
		field.Int("position").Comment("Its place in the list, from 0."),
	}
}

// Edges of JWTKey.
func (JWTKey) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("api_key", APIKey.Type).Ref("jwt_keys").Field("api_key_id").Unique().Required(),
	}
}

// Indexes of JWTKey.
func (JWTKey) Indexes() []ent.Index {
	return []ent.Index{index.Fields("api_key_id", "fingerprint").Unique()}
}
