package keyhall

import (
	"context"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/audit"
)

// copy limits the key that takes another's place as that one is. Each of them counts for itself from then on; an alert that was raised
// this month was raised for both.
func (l limits) copy(ctx context.Context, tx *ent.Tx, id string) error {
	for _, r := range l.rates {
		if err := tx.RateLimit.Create().SetAPIKeyID(id).SetRequests(r.Requests).SetWindowSeconds(r.WindowSeconds).Exec(ctx); err != nil {
			return err
		}
	}
	if s := l.spend; s != nil {
		if err := tx.SpendLimit.Create().SetAPIKeyID(id).SetAmount(s.Amount).SetCurrency(s.Currency).Exec(ctx); err != nil {
			return err
		}
	}
	for _, a := range l.alerts {
		if err := tx.SpendAlert.Create().SetAPIKeyID(id).SetPercent(a.Percent).SetEmails(a.Emails).SetWebhookURL(a.WebhookURL).SetRaisedFor(a.RaisedFor).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// within is what of the limits of a key can hold in a project that reckons in a currency: in another one nothing could be spent any more.
func (l limits) within(currency string) limits {
	if l.spend != nil && l.spend.Currency != currency {
		l.spend = nil
	}
	return l
}

// moved says to the audit trail which limits a key had, and which of them its heir has.
func (l limits) moved(heir limits) (changes []audit.Change) {
	before, after := l.texts(), heir.texts()
	for i, field := range []string{"rates", "spend", "alerts"} {
		if before[i] != "" {
			changes = append(changes, audit.Changed(field, before[i], after[i]))
		}
	}
	return changes
}

func (l limits) texts() [3]string {
	spend := ""
	if l.spend != nil {
		spend = moneyText(l.spend.Amount, l.spend.Currency)
	}
	return [3]string{texts(l.rates, storedRate), spend, texts(l.alerts, storedAlert)}
}
