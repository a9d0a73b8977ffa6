package graph_test

import (
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/mail"
	"github.com/keyhall/keyhall/internal/traffic"
	"github.com/keyhall/keyhall/internal/webhook"
)

// program is somebody's, at an https address of this machine. It answers what it is told to, and notes what it is sent.
type program struct {
	*httptest.Server
	mu     sync.Mutex
	status []int // of the next answers; then 204
	calls  []call
}

type call struct{ body, signature, id string }

func newProgram(t *testing.T, status ...int) *program {
	t.Helper()
	p := &program{status: status}
	p.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.calls = append(p.calls, call{string(body), r.Header.Get(webhook.SignatureHeader), r.Header.Get("Keyhall-Webhook-Id")})
		answer := http.StatusNoContent
		if len(p.status) > 0 {
			answer, p.status = p.status[0], p.status[1:]
		}
		w.Header().Set("Location", p.URL+"/elsewhere")
		w.WriteHeader(answer)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *program) noted() []call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]call{}, p.calls...)
}

func (p *program) config(c *app.Config) {
	c.Webhooks.Loopback, c.Webhooks.Roots = true, x509.NewCertPool()
	c.Webhooks.Roots.AddCert(p.Certificate())
	c.Webhooks.Poll, c.Webhooks.Backoff = 20*time.Millisecond, []time.Duration{time.Millisecond}
}

// 5.5: an alert is an object of its own: at its part of the limit it is raised once a month, by mail and by a signed call that is tried again
// until it is taken, and it refuses nothing.
func TestASpendAlertIsRaisedOnceAMonthByMailAndBySignedCall(t *testing.T) {
	t.Parallel()
	for _, database := range []apptest.Database{apptest.SQLite, apptest.Postgres} {
		t.Run(string(database), func(t *testing.T) {
			t.Parallel()
			box, there := apptest.NewMailbox(t), newProgram(t, 500, 302, 429)
			s := apptest.New(t, database, box.Config, there.config)
			ada := s.Actor(t, "ada")
			set := ada.Must(t, editLimits, limited(ada.Project, apptest.Vars{"spend": apptest.Vars{"amount": "1", "currency": "USD"}, "alerts": []apptest.Vars{
				{"percent": 50, "emails": []string{"team@example.com", "boss@example.com"}, "webhookUrl": "https://hooks.example.com/x"}, {"percent": 100, "emails": []string{"late@example.com"}},
			}}))
			s.SQL(t, "UPDATE spend_alerts SET webhook_url = ? WHERE percent = 50", there.URL+"/x") // no client can name this machine
			secret := set.Text("updateLimits", "limits", "alerts", 0, "webhookSecret")
			k := &traffic.Key{UnitPrice: 10_000, Currency: "USD", Spends: []traffic.Spend{{Scope: ada.Project, Amount: 1_000_000, Currency: "USD"}}}
			spend := func(units int) {
				for range units {
					if got, err := s.App.Quota.Take(t.Context(), k, 1); err != nil || got.Code != traffic.Valid {
						t.Fatalf("%+v %v", got, err)
					}
				}
				for range 2 { // the second time there is nothing to raise
					if err := s.App.House.RaiseSpendAlerts(t.Context(), append(s.App.Quota.Touched(), ada.Project)); err != nil {
						t.Fatal(err)
					}
				}
			}
			spend(40)
			if n := s.Count(t, "mails WHERE kind = 'spend_alert'") + s.Count(t, "webhooks"); n != 0 {
				t.Errorf("%d told at 40 %%", n)
			}
			spend(15)
			letter := box.Await(t, mail.SpendAlert, "team@example.com", 1)
			if !strings.Contains(letter.Text, "50 % of 1 USD") {
				t.Errorf("the letter says %s", letter.Text)
			}
			box.Await(t, mail.SpendAlert, "boss@example.com", 1)
			apptest.Until(t, "the call is taken", func() bool { return s.Count(t, "webhooks WHERE state = 'SENT'") == 1 })
			calls := there.noted()
			if len(calls) != 4 {
				t.Fatalf("%d calls, want three that were refused and one that was taken: %+v", len(calls), calls)
			}
			for _, c := range calls {
				at, _, _ := strings.Cut(strings.TrimPrefix(c.signature, "t="), ",")
				seconds, err := strconv.ParseInt(at, 10, 64)
				if err != nil || c.signature != webhook.Sign(secret, time.Unix(seconds, 0), c.body) || c.id != calls[0].id || c.body != calls[0].body {
					t.Errorf("signed %+v (%v)", c, err)
				}
			}
			var said struct {
				Type, TargetID, Month string
				Percent               int
				Limit                 struct{ Amount, Currency string }
			}
			if err := json.Unmarshal([]byte(calls[0].body), &said); err != nil || said.Type != "spend_alert.raised" || said.TargetID != ada.Project || said.Percent != 50 || said.Limit.Amount != "1" || len(said.Month) != 7 {
				t.Errorf("it says %s (%v)", calls[0].body, err)
			}
			spend(45)
			box.Await(t, mail.SpendAlert, "late@example.com", 1)
			if n := s.Count(t, "mails WHERE kind = 'spend_alert'"); n != 3 {
				t.Errorf("%d letters", n)
			}
			s.SQL(t, "UPDATE spend_alerts SET raised_for = raised_for - 1 WHERE percent = 100") // as if it had been last month
			spend(0)
			box.Await(t, mail.SpendAlert, "late@example.com", 2)
			if text := s.Log.String(); strings.Contains(text, secret) {
				t.Error("the secret of the webhook is in the log")
			}
		})
	}
}

// A call into a private network is not made, whatever a name leads to, and one of an alert that is gone neither.
//
//keyhall:norace
func TestACallThatMustNotBeMadeIsNotMade(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, there := s.Actor(t, "ada"), newProgram(t)
		ada.Must(t, editLimits, limited(ada.Project, apptest.Vars{"alerts": []apptest.Vars{{"percent": 50, "emails": []string{}, "webhookUrl": "https://hooks.example.com/x"}}}))
		s.SQL(t, "UPDATE spend_alerts SET webhook_url = ?", strings.Replace(there.URL, "127.0.0.1", "localhost", 1))
		s.SQL(t, "INSERT INTO webhooks (id, created_at, alert_id, url, body, state, attempts, next_attempt_at, last_error) SELECT 'whk_1', 9000000000000000, id, webhook_url, '{}', 'QUEUED', 0, 0, '' FROM spend_alerts")
		s.SQL(t, "INSERT INTO webhooks (id, created_at, alert_id, url, body, state, attempts, next_attempt_at, last_error) VALUES ('whk_2', 9000000000000000, 'spa_gone', 'https://hooks.example.com/x', '{}', 'QUEUED', 0, 0, '')")
		apptest.Until(t, "both are given up", func() bool {
			return s.Count(t, "webhooks WHERE state = 'FAILED' AND (id = 'whk_1' AND last_error = 'private_address' OR id = 'whk_2' AND last_error = 'alert_gone')") == 2
		})
		if calls := there.noted(); len(calls) != 0 {
			t.Errorf("called: %+v", calls)
		}
	}, func(c *app.Config) { c.Webhooks.Poll = 20 * time.Millisecond })
}
