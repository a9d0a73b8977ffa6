package lock

import (
	"context"

	"entgo.io/ent/dialect/sql"

	"github.com/keyhall/keyhall/policy/internal/core"
)

// The duties of limits: what one thing is limited to, for who changes it.

// LimitsOf sees what limits a key, a project or an organization, and what its projects reckon in. Who may change the limits of a
// thing need not see them otherwise.
func LimitsOf(ctx context.Context, id string) context.Context {
	return core.WithDuty(ctx, limitsOf(id))
}

func limitsOf(id string) core.Duty {
	its := func(s *sql.Selector) {
		s.Where(sql.Or(sql.EQ(s.C("api_key_id"), id), sql.EQ(s.C("project_id"), id), sql.EQ(s.C("organization_id"), id)))
	}
	return core.Duty{Name: "limits", Reads: []core.Read{
		{Type: "RateLimit", Rows: its},
		{Type: "SpendLimit", Rows: its},
		{Type: "SpendAlert", Rows: its},
		{Type: "Project", Rows: func(s *sql.Selector) {
			of := sql.Dialect(s.Dialect()).Select("project_id").From(sql.Table("api_keys")).Where(sql.EQ("id", id))
			s.Where(sql.Or(sql.EQ(s.C("id"), id), sql.EQ(s.C("organization_id"), id), sql.In(s.C("id"), of)))
		}},
	}}
}

// SpendLimitsOver sees which spend limits the use of the keys of a project is held to: their own, the project's and its organization's. Who
// changes what use costs need not see them otherwise.
func SpendLimitsOver(ctx context.Context, projectID string) context.Context {
	return core.WithDuty(ctx, spendLimitsOver(projectID))
}

func spendLimitsOver(projectID string) core.Duty {
	return core.Duty{Name: "limits.over", Reads: []core.Read{{Type: "SpendLimit", Rows: func(s *sql.Selector) {
		d := sql.Dialect(s.Dialect())
		keys := d.Select("id").From(sql.Table("api_keys")).Where(sql.EQ("project_id", projectID))
		of := d.Select("organization_id").From(sql.Table("projects")).Where(sql.EQ("id", projectID))
		s.Where(sql.Or(sql.EQ(s.C("project_id"), projectID), sql.In(s.C("api_key_id"), keys), sql.In(s.C("organization_id"), of)))
	}}}}
}

// SpendLease sees what a key, a project or an organization has given out of its spend limit, and takes a part of it for one
// process, or gives what is left back.
func SpendLease(ctx context.Context, scope, holder string) context.Context {
	return core.WithDuty(ctx, spendLease(scope, holder))
}

func spendLease(scope, holder string) core.Duty {
	own := pins{"scope_id": scope, "holder": holder}
	return core.Duty{
		Name: "spend.lease",
		Reads: []core.Read{
			{Type: "SpendAccount", Rows: sql.FieldEQ("scope_id", scope)},
			{Type: "SpendLease", Rows: func(s *sql.Selector) {
				s.Where(sql.And(sql.EQ(s.C("scope_id"), scope), sql.EQ(s.C("holder"), holder)))
			}},
		},
		Writes: []core.Write{
			core.Create("SpendAccount", pins{"scope_id": scope}),
			core.Update("SpendAccount", pins{"scope_id": scope}, "granted"),
			core.Create("SpendLease", own),
			core.Delete("SpendLease", own),
		},
	}
}

// SpendCharge takes a cost that was reported afterwards out of the spend limit of one key, project or organization.
func SpendCharge(ctx context.Context, scope string) context.Context {
	return core.WithDuty(ctx, spendCharge(scope))
}

func spendCharge(scope string) core.Duty {
	return core.Duty{
		Name:  "spend.charge",
		Reads: []core.Read{{Type: "SpendAccount", Rows: sql.FieldEQ("scope_id", scope)}},
		Writes: []core.Write{
			core.Create("SpendAccount", pins{"scope_id": scope}),
			core.Update("SpendAccount", pins{"scope_id": scope}, "granted"),
		},
	}
}

// SpendRenew keeps what one process has leased, while its time is not over.
func SpendRenew(ctx context.Context, holder string) context.Context {
	return core.WithDuty(ctx, spendRenew(holder))
}

func spendRenew(holder string) core.Duty {
	kept := core.Update("SpendLease", pins{"holder": holder}, "expires_at")
	kept.Rows = func(s *sql.Selector) { s.Where(unexpired(s.C("expires_at"), s.Dialect())) }
	return core.Duty{Name: "spend.renew", Writes: []core.Write{kept}}
}

// SpendLost writes off what processes had leased that are gone: nobody knows what of it they spent.
func SpendLost(ctx context.Context) context.Context { return core.WithDuty(ctx, spendLost()) }

func spendLost() core.Duty {
	over := core.Delete("SpendLease", nil)
	over.Rows = expired
	return core.Duty{
		Name:   "spend.lost",
		Reads:  []core.Read{{Type: "SpendLease", Rows: expired}},
		Writes: []core.Write{over, core.Update("SpendAccount", nil, "lost")},
	}
}

// SpendLook sees what was given out of the spend limits of some things, for who may see their cost, and whether any is left.
func SpendLook(ctx context.Context, scopes []string) context.Context {
	return core.WithDuty(ctx, spendLook(scopes))
}

func spendLook(scopes []string) core.Duty {
	theirs := func(s *sql.Selector) { s.Where(sql.In(s.C("scope_id"), anyOf(scopes)...)) }
	return core.Duty{Name: "spend.look", Reads: []core.Read{{Type: "SpendAccount", Rows: theirs}, {Type: "SpendLease", Rows: theirs}}}
}

// SpendAlerts sees how much of its limit a key, a project or an organization has given out, and raises its alerts.
func SpendAlerts(ctx context.Context, scope string) context.Context {
	return core.WithDuty(ctx, spendAlerts(scope))
}

func spendAlerts(scope string) core.Duty {
	its := func(s *sql.Selector) {
		s.Where(sql.Or(sql.EQ(s.C("api_key_id"), scope), sql.EQ(s.C("project_id"), scope), sql.EQ(s.C("organization_id"), scope)))
	}
	raised := core.Update("SpendAlert", nil, "raised_for")
	raised.Rows = its
	named := sql.FieldEQ("id", scope)
	return core.Duty{
		Name: "spend.alerts",
		Reads: []core.Read{
			{Type: "SpendAlert", Rows: its}, {Type: "SpendLimit", Rows: its}, {Type: "SpendAccount", Rows: sql.FieldEQ("scope_id", scope)},
			{Type: "APIKey", Rows: named}, {Type: "Project", Rows: named}, {Type: "Organization", Rows: named},
		},
		Writes: []core.Write{raised, core.Create("Mail", pins{"kind": "spend_alert", "within_id": scope}), core.Create("Webhook", nil)},
	}
}

// WebhookClaim sees the calls whose time has come by the database's clock, and takes them for a while.
func WebhookClaim(ctx context.Context) context.Context { return core.WithDuty(ctx, webhookClaim()) }

func webhookClaim() core.Duty {
	return core.Duty{
		Name: "webhook.claim",
		Reads: []core.Read{
			{Type: "Webhook", Rows: func(s *sql.Selector) {
				s.Where(sql.And(sql.EQ(s.C("state"), "QUEUED"), sql.P(func(b *sql.Builder) {
					b.WriteString(s.C("next_attempt_at") + " <= " + core.Now(s.Dialect()))
				})))
			}},
			{Type: "SpendAlert"},
		},
		Writes: []core.Write{core.Update("Webhook", pins{"state": "QUEUED"}, "attempts", "next_attempt_at")},
	}
}

// WebhookMark writes what became of one call.
func WebhookMark(ctx context.Context, id string) context.Context {
	return core.WithDuty(ctx, webhookMark(id))
}

func webhookMark(id string) core.Duty {
	return core.Duty{Name: "webhook.mark", Writes: []core.Write{
		core.Update("Webhook", pins{"id": id, "state": "QUEUED"}, "state", "next_attempt_at", "last_error"),
	}}
}
