package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// Secret is what may be known of an API secret. Its values are sealed, version by version, in a table of their own.
type Secret struct{ ent.Schema }

// Mixin of Secret.
func (Secret) Mixin() []ent.Mixin { return []ent.Mixin{base{prefix: "sec"}} }

// Fields of Secret.
func (Secret) Fields() []ent.Field {
	return []ent.Field{
		key("organization_id"),
		key("owner_id"),
		field.String("name"),
		field.String("url"),
		field.String("client_id"),
		field.String("identifier").Default(""),
		field.String("method").Default(""),
		field.Strings("tags").Default([]string{}),
		field.String("notes").Default(""),
		field.Bool("has_value").Default(false).Comment("Whether the version in use has a value."),
		field.Int("version").Default(1).Comment("The number of the version in use; it only grows."),
		field.Bool("reason_required").Default(false),
		field.Bool("notify_on_reveal").Default(false).Comment("Whether its owner gets a letter when somebody else reveals it."),
		moment("disabled_at"),
		optionalKey("disabled_by_id"),
		moment("expires_at"),
		moment("updated_at"),
		field.Int64("last_used_at").Default(0).Comment("When somebody last revealed a value of it."),
		field.Int64("reveal_count").Default(0),
	}
}

// Edges of Secret.
func (Secret) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("organization", Organization.Type).Ref("secrets").Field("organization_id").Unique().Required(),
		edge.From("owner", User.Type).Ref("owned_secrets").Field("owner_id").Unique().Required(),
		edge.To("grants", SecretGrant.Type),
		edge.To("versions", SecretVersion.Type),
		edge.To("share_links", ShareLink.Type),
	}
}

// Indexes of Secret: one for the way in that is no grant, and one for each order.
func (Secret) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("owner_id", "organization_id"),
		index.Fields("organization_id"),
		index.Fields("name", "id"),
		index.Fields("last_used_at", "id"),
	}
}

// SecretVersion says that a secret had a value at some time, whose it was and since when. The value itself is sealed.
type SecretVersion struct{ ent.Schema }

// Mixin of SecretVersion.
func (SecretVersion) Mixin() []ent.Mixin { return []ent.Mixin{base{prefix: "scv"}} }

// Fields of SecretVersion.
func (SecretVersion) Fields() []ent.Field {
	return []ent.Field{
		key("secret_id"),
		field.Int("number"),
		field.Int("value_of").Comment("the number of the version that had this value first"),
		field.Bool("has_value").Default(false),
		optionalKey("created_by_id"),
	}
}

// Edges of SecretVersion.
func (SecretVersion) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("secret", Secret.Type).Ref("versions").Field("secret_id").Unique().Required(),
		edge.To("created_by", User.Type).Field("created_by_id").Unique(),
	}
}

// Indexes of SecretVersion.
func (SecretVersion) Indexes() []ent.Index {
	return []ent.Index{index.Fields("secret_id", "number").Unique()}
}

// SealedVersion is the value of one version of a secret, encrypted under the keyring. Only a receipt opens it.
type SealedVersion struct{ ent.Schema }

// Mixin of SealedVersion.
func (SealedVersion) Mixin() []ent.Mixin { return []ent.Mixin{sealed{base{prefix: "slv"}}} }

// Fields of SealedVersion.
func (SealedVersion) Fields() []ent.Field {
	return []ent.Field{
		field.String("secret_id"),
		field.Int("number"),
		field.Bytes("wrapped_key").Sensitive(),
		field.Bytes("ciphertext").Sensitive(),
		field.String("keyset_id"),
	}
}

// Indexes of SealedVersion.
func (SealedVersion) Indexes() []ent.Index {
	return []ent.Index{index.Fields("secret_id", "number").Unique()}
}
