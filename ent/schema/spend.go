package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// SpendAccount is what a key, a project or an organization has given out of its spend limit in one month of UTC.
type SpendAccount struct{ ent.Schema }

// Mixin of SpendAccount.
func (SpendAccount) Mixin() []ent.Mixin { return []ent.Mixin{sealed{base{prefix: "spc"}}} }

// Fields of SpendAccount.
func (SpendAccount) Fields() []ent.Field {
	return []ent.Field{
		field.String("scope_id").Immutable().Comment("The key, the project or the organization."),
		field.Int("month").Immutable().Comment("As 202611."),
		field.Int64("granted").Default(0).Comment("In millionths: all that was leased, less what came back. Never above the limit."),
		field.Int64("lost").Default(0).Comment("Of that: leased by processes that died, and counted as spent."),
	}
}

// Indexes of SpendAccount.
func (SpendAccount) Indexes() []ent.Index {
	return []ent.Index{index.Fields("scope_id", "month").Unique()}
}

// SpendLease is a part of a spend limit that one process may spend without asking again.
type SpendLease struct{ ent.Schema }

// Mixin of SpendLease.
func (SpendLease) Mixin() []ent.Mixin { return []ent.Mixin{sealed{base{prefix: "sps"}}} }

// Fields of SpendLease.
func (SpendLease) Fields() []ent.Field {
	return []ent.Field{
		field.String("scope_id").Immutable(),
		field.Int("month").Immutable(),
		field.String("holder").Immutable().Comment("The process."),
		field.Int64("amount").Default(0).Comment("What it holds and may still have spent."),
		field.Int64("expires_at").Comment("When it counts as lost, unless it is renewed."),
	}
}

// Indexes of SpendLease.
func (SpendLease) Indexes() []ent.Index {
	return []ent.Index{index.Fields("scope_id", "month", "holder").Unique(), index.Fields("expires_at")}
}

// Webhook is one call of a program of somebody's, written in the transaction of what it tells of. It holds ids and figures.
type Webhook struct{ ent.Schema }

// Mixin of Webhook.
func (Webhook) Mixin() []ent.Mixin { return []ent.Mixin{sealed{base{prefix: "whk"}}} }

// Fields of Webhook.
func (Webhook) Fields() []ent.Field {
	return []ent.Field{
		field.String("alert_id").Immutable(),
		field.String("url").Immutable(),
		field.String("body").Immutable(),
		field.Enum("state").Values("QUEUED", "SENT", "FAILED").Default("QUEUED"),
		field.Int("attempts").Default(0),
		field.Int64("next_attempt_at").Default(0),
		field.String("last_error").Default("").Comment("A short code, never what the other side said."),
	}
}

// Indexes of Webhook.
func (Webhook) Indexes() []ent.Index {
	return []ent.Index{index.Fields("state", "next_attempt_at"), index.Fields("alert_id")}
}
