package lock

import (
	"context"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"

	"github.com/keyhall/keyhall/policy/internal/core"
)

// Exposed says whose reveals of which secrets are looked at.
type Exposed struct {
	OrganizationID, PersonID string
	OwnerID                  string // of the secrets; empty: whoever owns them
	Stale                    bool   // also of values that have been replaced since
}

// Exposure sees the secrets of an organization that a person revealed a value of, and the rows that tell of it: for the owners
// of the organization, and for the owner of those secrets. It reaches no value.
func Exposure(ctx context.Context, e Exposed) context.Context {
	return core.WithDuty(ctx, exposure(e))
}

func exposure(e Exposed) core.Duty {
	reveals := func(s *sql.Selector) *sql.Selector {
		return sql.Dialect(s.Dialect()).Select("resource_id").From(sql.Table("audit_events")).Where(e.reveals())
	}
	return core.Duty{Name: "exposure", Reads: []core.Read{
		{Type: "AuditEvent", Rows: func(s *sql.Selector) { s.Where(e.reveals()) }},
		{Type: "SecretVersion", Rows: func(s *sql.Selector) { s.Where(sql.In(s.C("secret_id"), reveals(s))) }},
		{Type: "Secret", Rows: func(s *sql.Selector) {
			s.Where(sql.EQ(s.C("organization_id"), e.OrganizationID))
			if e.OwnerID != "" {
				s.Where(sql.EQ(s.C("owner_id"), e.OwnerID))
			}
			if e.Stale {
				s.Where(sql.In(s.C("id"), reveals(s)))
			} else {
				s.Where(e.seen(s))
			}
		}},
	}}
}

// seen says that a revealed version has the value that is in use: the version in use itself, or one that it was restored from.
func (e Exposed) seen(s *sql.Selector) *sql.Predicate {
	versions, events := sql.Dialect(s.Dialect()).Table("secret_versions"), sql.Dialect(s.Dialect()).Table("audit_events").As("seen")
	shown, used := versions.As("shown"), sql.Dialect(s.Dialect()).Table("secret_versions").As("used")
	values := sql.Dialect(s.Dialect()).Select(events.C("resource_id"), used.C("number")).From(events).
		Join(shown).OnP(sql.And(sql.ColumnsEQ(shown.C("secret_id"), events.C("resource_id")), sql.P(func(b *sql.Builder) {
		b.Ident(shown.C("number")).WriteString(" = " + versionOf(s.Dialect()))
	}))).
		Join(used).OnP(sql.And(sql.ColumnsEQ(used.C("secret_id"), shown.C("secret_id")), sql.ColumnsEQ(used.C("value_of"), shown.C("value_of")))).
		Where(e.reveals())
	return sql.P(func(b *sql.Builder) {
		b.WriteString("(" + s.C("id") + ", " + s.C("version") + ") IN ")
		b.Wrap(func(b *sql.Builder) { b.Join(values) })
	})
}

func (e Exposed) reveals() *sql.Predicate {
	return sql.And(sql.EQ("organization_id", e.OrganizationID), sql.EQ("actor_id", e.PersonID), sql.EQ("outcome", "DONE"),
		sql.In("type", "secret.revealed", "secret.copied"))
}

// versionOf is the number of the version that was revealed: the first change of such a row.
func versionOf(d string) string {
	if d == dialect.Postgres {
		return "CAST(changes->0->>'after' AS bigint)"
	}
	return "CAST(json_extract(changes, '$[0].after') AS integer)"
}
