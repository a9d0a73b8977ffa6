package keyhall

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/ratelimit"
	"github.com/keyhall/keyhall/ent/spendalert"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/money"
	"github.com/keyhall/keyhall/policy/lock"
)

// limits are the rows that limit one thing.
type limits struct {
	rates      []*ent.RateLimit
	spend      *ent.SpendLimit
	alerts     []*ent.SpendAlert
	currencies []string // that its projects reckon in
}

func limitsOf(ctx context.Context, tx *ent.Tx, id string) (now limits, err error) {
	ctx = lock.LimitsOf(ctx, id)
	if now.rates, err = tx.RateLimit.Query().Order(ent.Asc(ratelimit.FieldWindowSeconds)).All(ctx); err != nil {
		return now, err
	}
	if now.spend, err = tx.SpendLimit.Query().Only(ctx); ent.MaskNotFound(err) != nil {
		return now, err
	}
	if now.alerts, err = tx.SpendAlert.Query().Order(ent.Asc(spendalert.FieldPercent, spendalert.FieldID)).All(ctx); err != nil {
		return now, err
	}
	projects, err := tx.Project.Query().All(ctx)
	for _, p := range projects {
		if !slices.Contains(now.currencies, p.Currency) {
			now.currencies = append(now.currencies, p.Currency)
		}
	}
	return now, err
}

// reckonsIn refuses a limit in a currency that the use of the thing does not cost.
func (l limits) reckonsIn(to *NewSpend) error {
	if to == nil || to.Limit == nil {
		return nil
	}
	for _, c := range l.currencies {
		if c != to.Limit.Currency {
			return fault.Refuse(fault.Invalid, "use costs "+strings.Join(l.currencies, " and ")+" here: write the limit in the currency of the project, and for an organization in that of all its projects",
				"input", "spend", "currency")
		}
	}
	return nil
}

// plan is what an update writes, and what the audit trail says of it.
type plan struct {
	now     limits
	in      UpdateLimits
	changes []audit.Change
}

func (l limits) plan(in UpdateLimits) plan {
	p := plan{now: l, in: in}
	change := func(field, before, after string) {
		if before != after {
			p.changes = append(p.changes, audit.Changed(field, before, after))
		}
	}
	if in.Rates != nil {
		slices.SortFunc(*in.Rates, func(a, b *NewRateLimit) int { return a.WindowSeconds - b.WindowSeconds })
		change("rates", texts(l.rates, storedRate),
			texts(*in.Rates, func(r *NewRateLimit) string { return rateText(r.Requests, r.WindowSeconds) }))
	}
	if in.Spend != nil {
		before, after := "", ""
		if l.spend != nil {
			before = moneyText(l.spend.Amount, l.spend.Currency)
		}
		if to := in.Spend.Limit; to != nil {
			after = moneyText(to.Amount, to.Currency)
		}
		change("spend", before, after)
	}
	if in.Alerts != nil {
		slices.SortStableFunc(*in.Alerts, func(a, b *NewSpendAlert) int { return a.Percent - b.Percent })
		change("alerts", texts(l.alerts, storedAlert), texts(*in.Alerts, newAlert))
	}
	return p
}

// told are how many addresses and programs are told by alerts that are new: each begins the month anew.
func (p plan) told() (n int) {
	if p.in.Alerts == nil {
		return 0
	}
	kept := slices.Clone(p.now.alerts)
	for _, a := range *p.in.Alerts {
		if i := sameAlert(kept, a); i >= 0 {
			kept = slices.Delete(kept, i, i+1)
			continue
		}
		if n += len(a.Emails); a.url() != "" {
			n++
		}
	}
	return n
}

func sameAlert(list []*ent.SpendAlert, a *NewSpendAlert) int {
	return slices.IndexFunc(list, func(was *ent.SpendAlert) bool { return storedAlert(was) == newAlert(a) })
}

func texts[T any](list []T, one func(T) string) string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = one(v)
	}
	return strings.Join(out, ", ")
}

func rateText(requests int64, seconds int) string {
	return fmt.Sprintf("%d in %d s", requests, seconds)
}

func moneyText(amount int64, currency string) string { return money.Format(amount) + " " + currency }

func storedRate(r *ent.RateLimit) string { return rateText(r.Requests, r.WindowSeconds) }

func storedAlert(a *ent.SpendAlert) string { return alertText(a.Percent, a.Emails, a.WebhookURL) }

func newAlert(a *NewSpendAlert) string { return alertText(a.Percent, a.Emails, a.url()) }

func alertText(percent int, emails []string, url string) string {
	return strings.TrimSpace(fmt.Sprintf("%d %%: %s %s", percent, strings.Join(emails, " "), url))
}

// write brings the rows to what is asked for, and leaves alone what is so already.
func (p plan) write(ctx context.Context, tx *ent.Tx, of Limited, id string) error {
	for _, part := range []func(context.Context, *ent.Tx, Limited, string) error{p.writeRates, p.writeSpend, p.writeAlerts} {
		if err := part(ctx, tx, of, id); err != nil {
			return err
		}
	}
	return nil
}

func (p plan) writeRates(ctx context.Context, tx *ent.Tx, of Limited, id string) error {
	if p.in.Rates == nil {
		return nil
	}
	gone := map[int]*ent.RateLimit{}
	for _, r := range p.now.rates {
		gone[r.WindowSeconds] = r
	}
	for _, r := range *p.in.Rates {
		var err error
		was := gone[r.WindowSeconds]
		delete(gone, r.WindowSeconds)
		switch {
		case was == nil:
			c := tx.RateLimit.Create().SetRequests(r.Requests).SetWindowSeconds(r.WindowSeconds)
			err = onto(of, id, c.SetAPIKeyID, c.SetProjectID, c.SetOrganizationID).Exec(ctx)
		case was.Requests != r.Requests:
			err = tx.RateLimit.UpdateOneID(was.ID).SetRequests(r.Requests).Exec(ctx)
		}
		if err != nil {
			return err
		}
	}
	for _, r := range gone {
		if err := tx.RateLimit.DeleteOneID(r.ID).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (p plan) writeSpend(ctx context.Context, tx *ent.Tx, of Limited, id string) error {
	if p.in.Spend == nil {
		return nil
	}
	was, to := p.now.spend, p.in.Spend.Limit
	switch {
	case was == nil && to == nil:
		return nil
	case to == nil:
		return tx.SpendLimit.DeleteOneID(was.ID).Exec(ctx)
	case was != nil:
		return tx.SpendLimit.UpdateOneID(was.ID).SetAmount(to.Amount).SetCurrency(to.Currency).Exec(ctx)
	}
	c := tx.SpendLimit.Create().SetAmount(to.Amount).SetCurrency(to.Currency)
	return onto(of, id, c.SetAPIKeyID, c.SetProjectID, c.SetOrganizationID).Exec(ctx)
}

// writeAlerts keeps the rows of alerts that stay as they are: they know whether they were raised this month.
func (p plan) writeAlerts(ctx context.Context, tx *ent.Tx, of Limited, id string) error {
	if p.in.Alerts == nil {
		return nil
	}
	gone := slices.Clone(p.now.alerts)
	for _, a := range *p.in.Alerts {
		if i := sameAlert(gone, a); i >= 0 {
			gone = slices.Delete(gone, i, i+1)
			continue
		}
		c := tx.SpendAlert.Create().SetPercent(a.Percent).SetEmails(append([]string{}, a.Emails...)).SetWebhookURL(a.url())
		if err := onto(of, id, c.SetAPIKeyID, c.SetProjectID, c.SetOrganizationID).Exec(ctx); err != nil {
			return err
		}
	}
	for _, a := range gone {
		if err := tx.SpendAlert.DeleteOneID(a.ID).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// onto names the one thing that a new limit is of.
func onto[C any](of Limited, id string, key, project, organization func(string) C) C {
	switch of.Type {
	case ent.TypeAPIKey:
		return key(id)
	case ent.TypeProject:
		return project(id)
	}
	return organization(id)
}
