package keyhall

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/apikey"
	"github.com/keyhall/keyhall/ent/organization"
	"github.com/keyhall/keyhall/ent/project"
	"github.com/keyhall/keyhall/ent/spendaccount"
	"github.com/keyhall/keyhall/ent/spendalert"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/mail"
	"github.com/keyhall/keyhall/internal/money"
	"github.com/keyhall/keyhall/internal/token"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy"
	"github.com/keyhall/keyhall/policy/lock"
)

// WebhookSecret is what the calls of an alert are signed with.
func (h *House) WebhookSecret(alertID string) keyring.Secret {
	return keyring.NewSecret(token.WebhookSecret(h.keys, alertID))
}

// RaiseSpendAlerts looks at the alerts of some keys, projects and organizations, and raises those whose part of the limit is used: each
// once a month, also with several processes.
func (h *House) RaiseSpendAlerts(ctx context.Context, scopes []string) error {
	ctx = viewer.With(ctx, viewer.Viewer{})
	var failed []error
	for _, scope := range scopes {
		if err := h.work(ctx, func(tx *ent.Tx) error { return h.raise(lock.SpendAlerts(ctx, scope), tx, scope) }); err != nil {
			failed = append(failed, fmt.Errorf("raise the alerts of %s: %w", scope, err))
		}
	}
	return errors.Join(failed...)
}

func (h *House) raise(duty context.Context, tx *ent.Tx, scope string) error {
	now, err := policy.Clock(duty, tx)
	if err != nil {
		return err
	}
	at := time.UnixMicro(now).UTC()
	month := at.Year()*100 + int(at.Month())
	alerts, err := tx.SpendAlert.Query().Where(spendalert.RaisedForNEQ(month)).All(duty)
	if err != nil || len(alerts) == 0 {
		return err
	}
	limit, err := tx.SpendLimit.Query().Only(duty)
	if err != nil {
		return ent.MaskNotFound(err)
	}
	account, err := tx.SpendAccount.Query().Where(spendaccount.Month(month)).Only(duty)
	if err != nil {
		return ent.MaskNotFound(err)
	}
	name, err := nameOf(duty, tx, scope)
	if err != nil {
		return err
	}
	for _, a := range alerts {
		if !reached(account.Granted, limit.Amount, a.Percent) {
			continue
		}
		n, err := tx.SpendAlert.Update().Where(spendalert.ID(a.ID), spendalert.RaisedForNEQ(month)).SetRaisedFor(month).Save(duty)
		if err != nil {
			return err
		}
		if n == 1 { // else another process was quicker
			if err := h.sound(duty, tx, alarm{a, limit, scope, name, month, now}); err != nil {
				return err
			}
		}
	}
	return nil
}

// reached tells whether so many percent of a limit are given out, without a product that would not fit.
func reached(granted, limit int64, percent int) bool {
	p := int64(percent)
	return granted >= limit/100*p+(limit%100*p+99)/100
}

// alarm is one alert that is raised.
type alarm struct {
	alert *ent.SpendAlert
	limit *ent.SpendLimit
	scope string
	name  string
	month int
	at    int64
}

// sound queues the letters and the call.
func (h *House) sound(duty context.Context, tx *ent.Tx, a alarm) error {
	what := fmt.Sprintf("%d %% of %s %s", a.alert.Percent, money.Format(a.limit.Amount), a.limit.Currency)
	for _, to := range a.alert.Emails {
		err := h.mail.Queue(duty, tx, mail.Letter{Kind: mail.SpendAlert, To: to, ResourceID: a.alert.ID, WithinID: a.scope, Name: a.name, Role: what})
		if err != nil {
			return err
		}
	}
	if a.alert.WebhookURL == "" {
		return nil
	}
	body, err := json.Marshal(map[string]any{
		"type": "spend_alert.raised", "alertId": a.alert.ID, "targetId": a.scope, "percent": a.alert.Percent,
		"limit":    map[string]string{"amount": money.Format(a.limit.Amount), "currency": a.limit.Currency},
		"month":    fmt.Sprintf("%d-%02d", a.month/100, a.month%100),
		"raisedAt": time.UnixMicro(a.at).UTC().Format(time.RFC3339),
	})
	if err != nil {
		return err
	}
	return tx.Webhook.Create().SetAlertID(a.alert.ID).SetURL(a.alert.WebhookURL).SetBody(string(body)).Exec(duty)
}

// nameOf is what people call the thing; empty when it is gone.
func nameOf(duty context.Context, tx *ent.Tx, scope string) (string, error) {
	var names []string
	var err error
	switch {
	case strings.HasPrefix(scope, "key_"):
		names, err = tx.APIKey.Query().Select(apikey.FieldName).Strings(duty)
	case strings.HasPrefix(scope, "prj_"):
		names, err = tx.Project.Query().Select(project.FieldName).Strings(duty)
	default:
		names, err = tx.Organization.Query().Select(organization.FieldName).Strings(duty)
	}
	return strings.Join(names, ""), err
}
