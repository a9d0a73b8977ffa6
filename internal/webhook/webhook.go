// Package webhook calls programs of other people: what a deed or a duty queued as a row is posted afterwards, outside any transaction, at
// least once, signed, until it is taken or a day is over. It calls nothing in a private network and follows nobody anywhere else;
// what the other side says is dropped unread, and no secret is stored, logged or sent.
package webhook

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/spendalert"
	entwebhook "github.com/keyhall/keyhall/ent/webhook"
	"github.com/keyhall/keyhall/internal/token"
	"github.com/keyhall/keyhall/policy/lock"
)

// Config says how calls are made.
type Config struct {
	Loopback bool            // call programs on this machine too: for tests and development
	Roots    *x509.CertPool  // who may vouch for the other side; nil: whom this machine trusts
	Timeout  time.Duration   // of one call
	Poll     time.Duration   // how often the worker looks
	Backoff  []time.Duration // pauses after each failure; the last one repeats
	GiveUp   time.Duration   // how long a call is tried
	Lease    time.Duration   // how long a worker has a call to itself
	Batch    int             // calls in one look
}

// Defaults are the times of a running server.
func Defaults() Config {
	return Config{
		Timeout: 10 * time.Second, Poll: 5 * time.Second, GiveUp: 24 * time.Hour, Lease: time.Minute, Batch: 20,
		Backoff: []time.Duration{10 * time.Second, time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour},
	}
}

// Sender makes the calls.
type Sender struct {
	client *ent.Client
	tokens token.Deriver
	config Config
	out    *http.Client
	log    *slog.Logger
}

// New makes a sender.
func New(c *ent.Client, tokens token.Deriver, config Config, log *slog.Logger) *Sender {
	return &Sender{client: c, tokens: tokens, config: config, out: config.outgoing(), log: log}
}

// Run calls what is due until ctx ends. Any number of processes may run side by side on one database.
func (s *Sender) Run(ctx context.Context) {
	poll := time.NewTicker(s.config.Poll)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
			if err := s.round(ctx); err != nil && ctx.Err() == nil {
				s.log.ErrorContext(ctx, "webhooks could not be looked after; one may be called twice", "error", err)
			}
		}
	}
}

// round calls a batch. One that fails does not hold up the others.
func (s *Sender) round(ctx context.Context) error {
	due, err := s.client.Webhook.Query().Order(ent.Asc(entwebhook.FieldNextAttemptAt, entwebhook.FieldID)).Limit(s.config.Batch).All(lock.WebhookClaim(ctx))
	if err != nil {
		return fmt.Errorf("look for webhooks: %w", err)
	}
	var failed []error
	for _, row := range due {
		mine, err := s.claim(ctx, row)
		if err != nil {
			return fmt.Errorf("claim %s: %w", row.ID, err)
		}
		if !mine || ctx.Err() != nil {
			continue
		}
		wanted, err := s.client.SpendAlert.Query().Where(spendalert.ID(row.AlertID), spendalert.WebhookURL(row.URL)).Exist(lock.WebhookClaim(ctx))
		if err != nil {
			return fmt.Errorf("look for the alert of %s: %w", row.ID, err)
		}
		end := outcome{code: "alert_gone", final: true}
		if wanted {
			end = s.call(ctx, row)
		}
		failed = append(failed, s.mark(context.WithoutCancel(ctx), row, end))
	}
	return errors.Join(failed...)
}

// claim takes a call for as long as it may last: of those who try at once one succeeds, and when it dies the call is due again.
func (s *Sender) claim(ctx context.Context, row *ent.Webhook) (bool, error) {
	n, err := s.client.Webhook.Update().Where(entwebhook.ID(row.ID), entwebhook.NextAttemptAt(row.NextAttemptAt)).
		SetNextAttemptAt(max(row.NextAttemptAt, time.Now().UnixMicro()) + s.config.Lease.Microseconds()).AddAttempts(1).
		Save(lock.WebhookClaim(ctx))
	row.Attempts++
	return n == 1, err
}

// mark writes what became of a call.
func (s *Sender) mark(ctx context.Context, row *ent.Webhook, end outcome) error {
	now := time.Now()
	u := s.client.Webhook.Update().SetLastError(end.code)
	switch {
	case end.code == "":
		u.SetState(entwebhook.StateSENT)
	case end.final, now.Sub(time.UnixMicro(row.CreatedAt)) > s.config.GiveUp:
		u.SetState(entwebhook.StateFAILED)
	default:
		pause := s.config.Backoff[min(max(row.Attempts, 1), len(s.config.Backoff))-1]
		u.SetNextAttemptAt(now.Add(pause).UnixMicro())
	}
	if end.code != "" {
		s.log.WarnContext(ctx, "a webhook was not taken", "webhook", row.ID, "alert", row.AlertID, "why", end.code, "attempt", row.Attempts)
	}
	if err := u.Exec(lock.WebhookMark(ctx, row.ID)); err != nil {
		return fmt.Errorf("mark %s: %w", row.ID, err)
	}
	return nil
}
