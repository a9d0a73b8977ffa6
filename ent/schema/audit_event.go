package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/keyhall/keyhall/policy/lock"
)

// AuditEvent is one deed, one reveal, or one denial with its repetitions. It holds names and ids, never a value.
// It has no edge to what it is about: the row outlives it.
type AuditEvent struct{ ent.Schema }

// Mixin of AuditEvent.
func (AuditEvent) Mixin() []ent.Mixin { return []ent.Mixin{base{prefix: "aud"}} }

// Hooks of AuditEvent: the row opens the rest of its deed.
func (AuditEvent) Hooks() []ent.Hook { return []ent.Hook{lock.Recorded} }

// AuditChange is one changed setting of a deed.
type AuditChange struct {
	Field  string  `json:"field"`
	Before *string `json:"before,omitempty"`
	After  *string `json:"after,omitempty"`
}

// Fields of AuditEvent.
func (AuditEvent) Fields() []ent.Field {
	return []ent.Field{
		optionalKey("organization_id"),
		optionalKey("project_id"),
		field.String("type"),
		field.String("permission").Default(""),
		field.Enum("outcome").Values("DONE", "DENIED", "FAILED"),
		field.String("actor_kind").Comment("user, operator or system"),
		optionalKey("actor_id"),
		field.String("actor_name").Default("").Comment("Their username at the time: the log stays readable when they are hidden or gone."),
		field.String("resource_type").Default(""),
		field.String("resource_id").Default(""),
		field.String("resource_name").Default(""),
		field.Strings("reasons").Default([]string{}),
		field.String("policy_revision").Default(""),
		field.String("ip").Default(""),
		field.String("user_agent").Default(""),
		field.String("request_id").Default(""),
		field.Int("repeated").Default(1).Comment("How often the same denial came within its minute."),
		field.JSON("changes", []AuditChange{}).Default([]AuditChange{}),
	}
}

// Edges of AuditEvent.
func (AuditEvent) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("organization", Organization.Type).Ref("audit_events").Field("organization_id").Unique(),
	}
}

// Indexes of AuditEvent: the newest of an organization, and of whatever a filter picks out of it, so that a page of the few is
// found without reading the many.
func (AuditEvent) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("organization_id", "created_at", "id"),
		index.Fields("organization_id", "type", "created_at", "id"),
		index.Fields("organization_id", "outcome", "created_at", "id"),
		index.Fields("organization_id", "project_id", "created_at", "id"),
		index.Fields("organization_id", "actor_id", "created_at", "id"), // without the organization PostgreSQL does not take it
		index.Fields("resource_id", "created_at", "id"),
	}
}
