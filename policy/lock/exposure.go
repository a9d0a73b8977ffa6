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
	reveals := func(s *sql.Selector, columns ...string) *sql.Selector {
		return sql.Dialect(s.Dialect()).Select(columns...).From(sql.Table("audit_events")).Where(e.reveals())
	}
	return core.Duty{Name: "exposure", Reads: []core.Read{
		{Type: "AuditEvent", Rows: func(s *sql.Selector) { s.Where(sql.Or(e.reveals(), e.restorations())) }},
		{Type: "Secret", Rows: func(s *sql.Selector) {
			revealed := sql.In(s.C("id"), reveals(s, "resource_id"))
			if !e.Stale {
				restored := sql.Dialect(s.Dialect()).Select("resource_id").From(sql.Table("audit_events")).Where(e.restorations())
				revealed = sql.Or(sql.And(revealed, sql.In(s.C("id"), restored)), sql.P(func(b *sql.Builder) {
					b.WriteString("(" + s.C("id") + ", " + s.C("version") + ") IN ")
					b.Wrap(func(b *sql.Builder) { b.Join(reveals(s, "resource_id", versionOf(s.Dialect()))) })
				}))
			}
			s.Where(sql.And(sql.EQ(s.C("organization_id"), e.OrganizationID), revealed))
			if e.OwnerID != "" {
				s.Where(sql.EQ(s.C("owner_id"), e.OwnerID))
			}
		}},
	}}
}

func (e Exposed) reveals() *sql.Predicate {
	return sql.And(sql.EQ("organization_id", e.OrganizationID), sql.EQ("actor_id", e.PersonID), sql.EQ("outcome", "DONE"),
		sql.In("type", "secret.revealed", "secret.copied"))
}

// restorations made an earlier value the one in use again: who saw that one has seen this one.
func (e Exposed) restorations() *sql.Predicate {
	return sql.And(sql.EQ("organization_id", e.OrganizationID), sql.EQ("outcome", "DONE"), sql.EQ("type", "secret.version_restored"))
}

// versionOf is the number of the version that was revealed: the first change of such a row.
func versionOf(d string) string {
	if d == dialect.Postgres {
		return "CAST(changes->0->>'after' AS bigint)"
	}
	return "CAST(json_extract(changes, '$[0].after') AS integer)"
}
