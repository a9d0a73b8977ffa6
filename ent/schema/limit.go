package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/keyhall/keyhall/policy/lock"
)

// The limits of a key, of a project and of an organization. One of the three is set in each row; those of all three hold together.

// scope is the columns of what a limit is for.
func scope(own ...ent.Field) []ent.Field {
	return append([]ent.Field{optionalKey("api_key_id"), optionalKey("project_id"), optionalKey("organization_id")}, own...)
}

// scoped is the edges to what a limit is for.
func scoped(ref string) []ent.Edge {
	return []ent.Edge{
		edge.From("api_key", APIKey.Type).Ref(ref).Field("api_key_id").Unique(),
		edge.From("project", Project.Type).Ref(ref).Field("project_id").Unique(),
		edge.From("organization", Organization.Type).Ref(ref).Field("organization_id").Unique(),
	}
}

// RateLimit is how many requests pass in a time.
type RateLimit struct{ ent.Schema }

// Mixin of RateLimit.
func (RateLimit) Mixin() []ent.Mixin { return []ent.Mixin{base{prefix: "rlm", part: true}} }

// Hooks of RateLimit: verifying holds requests against it.
func (RateLimit) Hooks() []ent.Hook {
	return []ent.Hook{lock.Revoking{Of: []string{"api_key_id", "project_id", "organization_id"}}.Hook}
}

// Fields of RateLimit.
func (RateLimit) Fields() []ent.Field {
	return scope(field.Int64("requests"), field.Int("window_seconds"))
}

// Edges of RateLimit.
func (RateLimit) Edges() []ent.Edge { return scoped("rate_limits") }

// Indexes of RateLimit. There is one a window.
func (RateLimit) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("api_key_id", "window_seconds").Unique(),
		index.Fields("project_id", "window_seconds").Unique(),
		index.Fields("organization_id", "window_seconds").Unique(),
	}
}

// SpendLimit is how much may be spent in a month of UTC. It is hard: what would pass it is refused.
type SpendLimit struct{ ent.Schema }

// Mixin of SpendLimit.
func (SpendLimit) Mixin() []ent.Mixin { return []ent.Mixin{base{prefix: "spl", part: true}} }

// Hooks of SpendLimit: verifying holds requests against it.
func (SpendLimit) Hooks() []ent.Hook {
	return []ent.Hook{lock.Revoking{Of: []string{"api_key_id", "project_id", "organization_id"}}.Hook}
}

// Fields of SpendLimit.
func (SpendLimit) Fields() []ent.Field {
	return scope(
		field.Int64("amount").Comment("Millionths of the currency."),
		field.String("currency"),
	)
}

// Edges of SpendLimit.
func (SpendLimit) Edges() []ent.Edge { return scoped("spend_limits") }

// Indexes of SpendLimit. There is one at most.
func (SpendLimit) Indexes() []ent.Index {
	return []ent.Index{index.Fields("api_key_id").Unique(), index.Fields("project_id").Unique(), index.Fields("organization_id").Unique()}
}

// SpendAlert tells people, or a program of theirs, that a part of the month's spend limit is used. It refuses nothing.
type SpendAlert struct{ ent.Schema }

// Mixin of SpendAlert.
func (SpendAlert) Mixin() []ent.Mixin { return []ent.Mixin{base{prefix: "spa"}} }

// Fields of SpendAlert.
func (SpendAlert) Fields() []ent.Field {
	return scope(
		field.Int("percent"),
		field.Strings("emails").Default([]string{}),
		field.String("webhook_url").Default(""),
		field.Int("raised_for").Default(0).Comment("The month it was raised for last, as 202611."),
	)
}

// Edges of SpendAlert.
func (SpendAlert) Edges() []ent.Edge { return scoped("spend_alerts") }

// Indexes of SpendAlert.
func (SpendAlert) Indexes() []ent.Index {
	return []ent.Index{index.Fields("api_key_id"), index.Fields("project_id"), index.Fields("organization_id")}
}
