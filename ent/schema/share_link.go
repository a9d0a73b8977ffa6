package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// ShareLink lets whoever holds its token see one version of a secret, so many times and so long. The token is shown once and
// stored as a keyed hash; what it opens is decided when it is made and never changes.
type ShareLink struct{ ent.Schema }

// Mixin of ShareLink.
func (ShareLink) Mixin() []ent.Mixin { return []ent.Mixin{base{prefix: "shl"}} }

// Fields of ShareLink.
func (ShareLink) Fields() []ent.Field {
	return []ent.Field{
		key("secret_id"),
		key("created_by_id"),
		field.String("recipient_email").Optional().Nillable().Comment("Whom it is meant for, where that was said."),
		field.Int("version").Immutable().Comment("Of the value that it opens."),
		field.String("name").Immutable().Comment("Of the secret when it was made."),
		field.String("client_id").Immutable().Comment("The same."),
		field.String("lookup").Unique().Comment("The public part of the token, which finds the row."),
		field.Bytes("hash").Sensitive(),
		field.String("pepper_id"),
		field.Int("generation").Default(1).Comment("Of its token and its code; those before it are dead."),
		field.String("passphrase_hash").Default("").Sensitive(),
		field.Bool("passphrase_required").Default(false),
		field.Bool("code_required").Default(false).Comment("Whether a code was mailed that is asked for."),
		field.Int("max_views").Default(0).Comment("0: any number."),
		field.Int("view_count").Default(0),
		field.Int("misses").Default(0).Comment("How often a wrong passphrase or code was given since it was sent."),
		field.Int("tries").Default(0).Comment("How many are being compared now."),
		moment("expires_at"),
		moment("revoked_at"),
		moment("last_viewed_at"),
		field.Int64("ended_at").Default(0).Comment("When its expiry was recorded and told."),
	}
}

// Edges of ShareLink.
func (ShareLink) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("secret", Secret.Type).Ref("share_links").Field("secret_id").Unique().Required(),
		edge.To("created_by", User.Type).Field("created_by_id").Unique().Required(),
	}
}

// Indexes of ShareLink: from the secret, and those whose end was not told yet.
func (ShareLink) Indexes() []ent.Index {
	return []ent.Index{index.Fields("secret_id"), index.Fields("ended_at", "expires_at")}
}
