package graph

import (
	"context"
	"fmt"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/predicate"
	"github.com/keyhall/keyhall/ent/project"
	"github.com/keyhall/keyhall/ent/ratelimit"
	"github.com/keyhall/keyhall/ent/spendalert"
	"github.com/keyhall/keyhall/ent/spendlimit"
	"github.com/keyhall/keyhall/internal/keyhall"
	"github.com/keyhall/keyhall/internal/money"
	"github.com/keyhall/keyhall/internal/traffic"
)

// Quota tells how limits stand. It counts nothing when it is asked.
type Quota interface {
	Look(ctx context.Context, rates []traffic.Rate) ([]traffic.Standing, error)
	Budgets(ctx context.Context, spends []traffic.Spend) ([]traffic.Budget, error)
}

// limitsOf a page of keys, projects or organizations, which are told apart by their ids.
func (r *Resolver) limitsOf(ctx context.Context, ids []string) (map[string]*Limits, error) {
	out := map[string]*Limits{}
	for _, id := range ids {
		out[id] = &Limits{Rates: []*ent.RateLimit{}, Alerts: []*ent.SpendAlert{}}
	}
	q := requestOf(ctx)
	rates, err := r.Reader.RateLimit().Where(ofAny[predicate.RateLimit](ids, ratelimit.Or, ratelimit.APIKeyIDIn, ratelimit.ProjectIDIn, ratelimit.OrganizationIDIn)).
		Order(ent.Asc(ratelimit.FieldWindowSeconds)).All(ctx)
	if err != nil {
		return nil, err
	}
	for _, row := range rates {
		at := out[traffic.Scope(row.APIKeyID, row.ProjectID, row.OrganizationID)]
		at.Rates = append(at.Rates, row)
		q.rates.announce(rateKey(row))
	}
	spends, err := r.Reader.SpendLimit().Where(ofAny[predicate.SpendLimit](ids, spendlimit.Or, spendlimit.APIKeyIDIn, spendlimit.ProjectIDIn, spendlimit.OrganizationIDIn)).All(ctx)
	if err != nil {
		return nil, err
	}
	for _, row := range spends {
		out[traffic.Scope(row.APIKeyID, row.ProjectID, row.OrganizationID)].Spend = row
		q.budgets.announce(spendKey(row))
	}
	alerts, err := r.Reader.SpendAlert().Where(ofAny[predicate.SpendAlert](ids, spendalert.Or, spendalert.APIKeyIDIn, spendalert.ProjectIDIn, spendalert.OrganizationIDIn)).
		Order(ent.Asc(spendalert.FieldPercent, spendalert.FieldID)).All(ctx)
	for _, row := range alerts {
		at := out[traffic.Scope(row.APIKeyID, row.ProjectID, row.OrganizationID)]
		at.Alerts = append(at.Alerts, row)
	}
	return out, err
}

// ofAny is of one of the things, whichever they are.
func ofAny[P any](ids []string, or func(...P) P, key, project, organization func(...string) P) P {
	return or(key(ids...), project(ids...), organization(ids...))
}

// rateKey says all of a rate in a text, so that the rates of a page are looked at together.
func rateKey(row *ent.RateLimit) string {
	return fmt.Sprintf("%s %d %d", traffic.Scope(row.APIKeyID, row.ProjectID, row.OrganizationID), row.Requests, row.WindowSeconds)
}

func spendKey(row *ent.SpendLimit) string {
	return fmt.Sprintf("%s %d %s", traffic.Scope(row.APIKeyID, row.ProjectID, row.OrganizationID), row.Amount, row.Currency)
}

// rateStandings are how the rates of a page stand.
func (r *Resolver) rateStandings(ctx context.Context, keys []string) (map[string]traffic.Standing, error) {
	rates := make([]traffic.Rate, len(keys))
	for i, k := range keys {
		var seconds int64
		if _, err := fmt.Sscan(k, &rates[i].Scope, &rates[i].Requests, &seconds); err != nil {
			return nil, fmt.Errorf("read the key of a rate: %w", err)
		}
		rates[i].Window = time.Duration(seconds) * time.Second
	}
	return together(ctx, keys, rates, r.Quota.Look)
}

// spendBudgets are how the spend limits of a page stand.
func (r *Resolver) spendBudgets(ctx context.Context, keys []string) (map[string]traffic.Budget, error) {
	spends := make([]traffic.Spend, len(keys))
	for i, k := range keys {
		if _, err := fmt.Sscan(k, &spends[i].Scope, &spends[i].Amount, &spends[i].Currency); err != nil {
			return nil, fmt.Errorf("read the key of a spend limit: %w", err)
		}
	}
	return together(ctx, keys, spends, r.Quota.Budgets)
}

func together[I, V any](ctx context.Context, keys []string, in []I, ask func(context.Context, []I) ([]V, error)) (map[string]V, error) {
	found, err := ask(ctx, in)
	if err != nil {
		return nil, err
	}
	out := make(map[string]V, len(keys))
	for i, k := range keys {
		out[k] = found[i]
	}
	return out, nil
}

// mayOnScope tells whether the viewer has a permission on what a row limits: key of keys, project or organization of the others.
func mayOnScope(ctx context.Context, key, project, organization *string, ofKey, ofProject, ofOrganization string) (bool, error) {
	var held []string
	var err error
	switch {
	case key != nil:
		held, err = viewerCan(ctx, ent.TypeAPIKey, *key, []string{ofKey})
	case project != nil:
		held, err = viewerCan(ctx, ent.TypeProject, *project, []string{ofProject})
	case organization != nil:
		held, err = viewerCan(ctx, ent.TypeOrganization, *organization, []string{ofOrganization})
	}
	return len(held) == 1, err
}

// maySeeCost tells whether the viewer may see what has been spent: of a key, with api_key.view_billing; of an organization and its
// projects, with organization.view_billing.
func (r *Resolver) maySeeCost(ctx context.Context, row *ent.SpendLimit) (bool, error) {
	if row.ProjectID == nil {
		return mayOnScope(ctx, row.APIKeyID, nil, row.OrganizationID, "api_key.view_billing", "", "organization.view_billing")
	}
	p, err := r.Reader.Project().Where(project.ID(*row.ProjectID)).Only(ctx)
	if err != nil {
		return false, ent.MaskNotFound(err)
	}
	return mayOnScope(ctx, nil, nil, &p.OrganizationID, "", "", "organization.view_billing")
}

// spent is what follows from what has been spent of a limit, for who may see that.
func (r *Resolver) spent(ctx context.Context, row *ent.SpendLimit, of func(spent int64) int64) (*money.Money, error) {
	if may, err := r.maySeeCost(ctx, row); err != nil || !may {
		return nil, err
	}
	b, err := requestOf(ctx).budgets.get(ctx, spendKey(row))
	return &money.Money{Amount: of(b.Spent), Currency: row.Currency}, err
}

// nextMonth is when the month of UTC that a time is in is over.
func nextMonth(micros int64) time.Time {
	t := time.UnixMicro(micros).UTC()
	return time.Date(t.Year(), t.Month()+1, 1, 0, 0, 0, 0, time.UTC)
}

// changes of limits: what is left out stays, null clears.
func (in UpdateLimitsInput) changes() keyhall.UpdateLimits {
	out := keyhall.UpdateLimits{TargetID: in.TargetID, Rates: listOf(in.Rates), Alerts: listOf(in.Alerts)}
	if spend, set := in.Spend.ValueOK(); set {
		out.Spend = &keyhall.NewSpend{Limit: spend}
	}
	return out
}

// limitsAfter are the limits of what a deed was about, where the viewer may see them.
func (r *Resolver) limitsAfter(ctx context.Context, id string) (*Limits, error) {
	can, err := mayOnScope(ctx, only(id, ent.TypeAPIKey), only(id, ent.TypeProject), only(id, ent.TypeOrganization),
		"api_key.view_security", "project.view_limits", "organization.view_limits")
	if err != nil || !can {
		return nil, err
	}
	return requestOf(ctx).limits.get(ctx, id)
}

// only is the id when it is of the type.
func only(id, typ string) *string {
	if t, ok := keyhall.LimitTarget(id); ok && t.Type == typ {
		return &id
	}
	return nil
}
