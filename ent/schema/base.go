// Package schema describes what Keyhall remembers, one file a noun. Every type embeds a mixin whose privacy policy is the
// lock, so that no row is read without a row predicate and none is written without a permit. It holds no rule of its own.
package schema

import (
	"crypto/rand"
	"time"

	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"entgo.io/ent/schema/mixin"
	"github.com/oklog/ulid/v2"

	"github.com/keyhall/keyhall/policy/lock"
)

// base gives a type its prefixed id, its time of creation and the lock.
type base struct {
	mixin.Schema
	prefix string
	part   bool // seen with what it belongs to and never by its own id
}

func (b base) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").MaxLen(40).Immutable().DefaultFunc(newID(b.prefix)),
		field.Int64("created_at").Immutable().DefaultFunc(nowMicros).
			Comment("Microseconds since 1970 UTC, as every time here."),
	}
}

func (base) Indexes() []ent.Index { return []ent.Index{index.Fields("created_at", "id")} }

func (base) Policy() ent.Policy { return lock.Rules{} }

func (b base) Annotations() []schema.Annotation {
	return []schema.Annotation{Identity{Prefix: b.prefix, Part: b.part}}
}

// sealed is base for what no viewer may ever query: only duties and permits reach it.
type sealed struct{ base }

func (s sealed) Annotations() []schema.Annotation {
	return []schema.Annotation{Identity{Prefix: s.prefix, Hidden: true}}
}

// Identity tells the code generator the prefix of a type's ids, whether the type is out of every rule's sight, and whether
// its rows are parts of another that no id leads to.
type Identity struct {
	Prefix string
	Hidden bool
	Part   bool
}

// Name is the key of the annotation in the generator's graph.
func (Identity) Name() string { return "Identity" }

// Unions names the GraphQL unions that a type is a member of.
type Unions struct{ Names []string }

// Name is the key of the annotation in the generator's graph.
func (Unions) Name() string { return "Unions" }

func newID(prefix string) func() string {
	return func() string {
		return prefix + "_" + ulid.MustNew(ulid.Now(), rand.Reader).String()
	}
}

func nowMicros() int64 { return time.Now().UnixMicro() }

// key is the column of a unique edge. The GraphQL schema never shows it: it would name hidden rows.
func key(name string) ent.Field { return field.String(name) }

// optionalKey is key for an edge that may be missing.
func optionalKey(name string) ent.Field { return field.String(name).Optional().Nillable() }

// moment is a time that may not have come: 0 means never, so that the column can be ordered and compared on both databases.
func moment(name string) ent.Field { return field.Int64(name).Default(0) }
