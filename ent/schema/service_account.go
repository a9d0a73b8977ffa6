package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/keyhall/keyhall/policy/lock"
)

// ServiceAccount owns keys of a project in the place of a person, so that they outlive everybody's leaving.
type ServiceAccount struct{ ent.Schema }

// Mixin of ServiceAccount.
func (ServiceAccount) Mixin() []ent.Mixin { return []ent.Mixin{base{prefix: "sva"}} }

// Annotations of ServiceAccount.
func (ServiceAccount) Annotations() []schema.Annotation {
	return []schema.Annotation{Unions{Names: []string{"Actor", "KeyOwner", "Principal"}}}
}

// Hooks of ServiceAccount: its keys stop while it is disabled.
func (ServiceAccount) Hooks() []ent.Hook {
	return []ent.Hook{lock.Revoking{Old: true, Of: []string{"id"}, But: []string{"name"}}.Hook}
}

// Fields of ServiceAccount.
func (ServiceAccount) Fields() []ent.Field {
	return []ent.Field{
		key("project_id"),
		field.String("name"),
		moment("disabled_at"),
	}
}

// Edges of ServiceAccount.
func (ServiceAccount) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("project", Project.Type).Ref("service_accounts").Field("project_id").Unique().Required(),
		edge.To("api_keys", APIKey.Type),
	}
}

// Indexes of ServiceAccount. A name is taken once in a project.
func (ServiceAccount) Indexes() []ent.Index {
	return []ent.Index{index.Fields("project_id", "name").Unique()}
}
