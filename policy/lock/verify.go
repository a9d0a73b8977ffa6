package lock

import (
	"context"

	"entgo.io/ent/dialect/sql"

	"github.com/keyhall/keyhall/policy/internal/core"
)

// The duties of verifying keys: a gateway that asks is no viewer.

// VerifyLookup sees one key by its public part, with what a request with it is held against.
func VerifyLookup(ctx context.Context, lookup string) context.Context {
	return core.WithDuty(ctx, verifyLookup(lookup))
}

func verifyLookup(lookup string) core.Duty {
	of := func(column string, set func(*sql.DialectBuilder) *sql.Selector) func(*sql.Selector) {
		return func(s *sql.Selector) { s.Where(sql.In(s.C(column), set(sql.Dialect(s.Dialect())))) }
	}
	keys := func(d *sql.DialectBuilder) *sql.Selector {
		return d.Select("api_key_id").From(sql.Table("api_key_hashes")).Where(sql.EQ("lookup", lookup))
	}
	through := func(column string) func(*sql.DialectBuilder) *sql.Selector {
		return func(d *sql.DialectBuilder) *sql.Selector {
			return d.Select(column).From(sql.Table("api_keys")).Where(sql.In("id", keys(d)))
		}
	}
	limits := func(s *sql.Selector) {
		d := sql.Dialect(s.Dialect())
		organizations := d.Select("organization_id").From(sql.Table("projects")).Where(sql.In("id", through("project_id")(d)))
		s.Where(sql.Or(sql.In(s.C("api_key_id"), keys(d)), sql.In(s.C("project_id"), through("project_id")(d)), sql.In(s.C("organization_id"), organizations)))
	}
	return core.Duty{Name: "verify.lookup", Reads: []core.Read{
		{Type: "APIKeyHash", Rows: sql.FieldEQ("lookup", lookup)},
		{Type: "APIKey", Rows: of("id", keys)},
		{Type: "SecuritySettings", Rows: of("api_key_id", keys)},
		{Type: "JWTKey", Rows: of("api_key_id", keys)},
		{Type: "Project", Rows: of("id", through("project_id"))},
		{Type: "ServiceAccount", Rows: of("id", through("service_account_id"))},
		{Type: "RateLimit", Rows: limits},
		{Type: "SpendLimit", Rows: limits},
	}}
}

// VerifySecret sees the versions of one key's secret that are good now, to compare with. The caller opens them and keeps a keyed
// hash: no value leaves it.
func VerifySecret(ctx context.Context, keyID string) context.Context {
	return core.WithDuty(ctx, verifySecret(keyID))
}

func verifySecret(keyID string) core.Duty {
	return core.Duty{Name: "verify.secret", Reads: []core.Read{{Type: "SealedValue", Rows: func(s *sql.Selector) {
		s.Where(sql.And(sql.EQ(s.C("api_key_id"), keyID), unexpired(s.C("valid_until"), s.Dialect())))
	}}}}
}

// VerifyOwner sees a key if the person who owns it stands in its own right: in the organization, not suspended, and for a key that
// is shared in the project too. Otherwise it sees their places in the groups through which they may be in the project, and how
// long. A right of a person, which is a rule of the policy too: a test holds one to the other.
func VerifyOwner(ctx context.Context, keyID string) context.Context {
	return core.WithDuty(ctx, verifyOwner(keyID))
}

func verifyOwner(keyID string) core.Duty {
	const owns = ` FROM api_keys k JOIN projects p ON p.id = k.project_id JOIN users u ON u.id = k.owner_id AND u.suspended_at = 0` +
		` JOIN organization_members o ON o.user_id = u.id AND o.organization_id = p.organization_id`
	where := func(s *sql.Selector, before, after string) {
		s.Where(sql.P(func(b *sql.Builder) { b.WriteString(before).Arg(keyID).WriteString(after) }))
	}
	return core.Duty{Name: "verify.owner", Reads: []core.Read{
		{Type: "APIKey", Rows: func(s *sql.Selector) {
			where(s, s.C("id")+" IN (SELECT k.id"+owns+" WHERE k.id = ", " AND (k.kind = 'PERSONAL' OR EXISTS (SELECT 1 FROM project_members m"+
				" WHERE m.project_id = p.id AND m.user_id = u.id)))")
		}},
		{Type: "GroupMember", Rows: func(s *sql.Selector) {
			where(s, s.C("id")+" IN (SELECT g.id"+owns+" JOIN project_members m ON m.project_id = p.id"+
				` JOIN "groups" h ON h.id = m.group_id AND h.status = 'ENABLED' JOIN group_members g ON g.group_id = h.id AND g.user_id = u.id`+
				" WHERE k.id = ", " AND "+"(g.expires_at = 0 OR g.expires_at > "+core.Now(s.Dialect())+"))")
		}},
	}}
}

// VerifiersUsed writes when verifier tokens were last used, nothing else.
func VerifiersUsed(ctx context.Context) context.Context {
	return core.WithDuty(ctx, verifiersUsed())
}

func verifiersUsed() core.Duty {
	return core.Duty{Name: "verifier.last_used", Writes: []core.Write{core.Update("VerifierToken", nil, "last_used_at")}}
}

// VerifierByToken sees one verifier token by its public part: the caller compares the token.
func VerifierByToken(ctx context.Context, lookup string) context.Context {
	return core.WithDuty(ctx, verifierByToken(lookup))
}

func verifierByToken(lookup string) core.Duty {
	return core.Duty{Name: "verifier.by_token", Reads: []core.Read{{Type: "VerifierToken", Rows: sql.FieldEQ("lookup", lookup)}}}
}
