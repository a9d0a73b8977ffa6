package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// UsageBucket counts what happened to one key in one minute, hour or day of UTC, one row a method, outcome and batch. Batches
// are added up by who reads; finished minutes become hours, and finished hours days.
type UsageBucket struct{ ent.Schema }

// Mixin of UsageBucket.
func (UsageBucket) Mixin() []ent.Mixin { return []ent.Mixin{sealed{base{prefix: "usb"}}} }

// Fields of UsageBucket.
func (UsageBucket) Fields() []ent.Field {
	return []ent.Field{
		field.Enum("width").Values("MINUTE", "HOUR", "DAY").Immutable(),
		field.Int64("start").Immutable(),
		field.String("api_key_id").Immutable(),
		field.String("project_id").Immutable(),
		field.String("organization_id").Immutable(),
		field.String("environment").Immutable(),
		field.String("member_id").Immutable().Comment("Who owned the key: a person or a service account."),
		field.String("method").Immutable(),
		field.String("outcome").Immutable(),
		field.Int64("requests").Immutable(),
		field.Int64("units").Immutable().Comment("What they cost."),
		field.Int64("spend").Immutable().Comment("What that came to, in millionths of the currency."),
		field.String("currency").Immutable(),
		field.String("batch").Immutable().Comment("Which flush or roll-up wrote it."),
	}
}

// Indexes of UsageBucket: one for each thing whose use is asked for, and the roll-up's.
func (UsageBucket) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("api_key_id", "width", "start"),
		index.Fields("project_id", "width", "start"),
		index.Fields("organization_id", "width", "start"),
		index.Fields("width", "start"),
	}
}

// UsageBatch is that a flush or a roll-up was written, so that it is written once however often it is tried.
type UsageBatch struct{ ent.Schema }

// Mixin of UsageBatch.
func (UsageBatch) Mixin() []ent.Mixin { return []ent.Mixin{sealed{base{prefix: "usf"}}} }

// Fields of UsageBatch.
func (UsageBatch) Fields() []ent.Field {
	return []ent.Field{field.String("batch").Unique().Immutable().Comment("The process and the number of its flush, or the period of the roll-up.")}
}

// UsageReport is the memory of a cost that was reported afterwards under a request id, so that it counts once.
type UsageReport struct{ ent.Schema }

// Mixin of UsageReport.
func (UsageReport) Mixin() []ent.Mixin { return []ent.Mixin{sealed{base{prefix: "usp"}}} }

// Fields of UsageReport.
func (UsageReport) Fields() []ent.Field {
	return []ent.Field{
		field.String("lookup").Unique().Immutable().Comment("SHA-256 of the key's id and the request id, in hex."),
		field.Bytes("fingerprint").Immutable().Sensitive().Comment("SHA-256 of what was reported."),
		field.String("answer").Immutable().Comment("The code that was answered."),
		field.Int64("expires_at").Immutable(),
	}
}

// Indexes of UsageReport.
func (UsageReport) Indexes() []ent.Index { return []ent.Index{index.Fields("expires_at")} }
