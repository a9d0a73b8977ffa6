// Package mail is the transactional outbox: a deed queues its letters in its own transaction, and a worker sends them
// afterwards, outside any transaction, at least once. A failing mail never undoes a deed. No row, log line or error holds a
// token or a value: the link of a letter is derived when it is sent.
package mail

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/keyhall/keyhall/ent"
	entmail "github.com/keyhall/keyhall/ent/mail"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/token"
)

// Outbox queues letters and sends them.
type Outbox struct {
	client *ent.Client
	tokens token.Deriver
	config Config
	press  *press
	log    *slog.Logger
	woken  chan struct{}
}

// New makes an outbox. Without a mail server letters are kept and not sent.
func New(c *ent.Client, tokens token.Deriver, config Config, log *slog.Logger) (*Outbox, error) {
	p, err := newPress()
	if err != nil {
		return nil, err
	}
	return &Outbox{client: c, tokens: tokens, config: config, press: p, log: log, woken: make(chan struct{}, 1)}, nil
}

// Queue writes a letter in the transaction of its deed; ctx is that of the open receipt, or of the duty. When the
// transaction commits the worker is woken; when it does not, there is no letter.
func (o *Outbox) Queue(ctx context.Context, tx *ent.Tx, l Letter) error {
	err := tx.Mail.Create().SetKind(string(l.Kind)).SetRecipient(l.To).SetUserID(l.UserID).SetResourceID(l.ResourceID).
		SetWithinID(l.WithinID).SetGeneration(l.Generation).SetName(l.Name).SetActorName(l.ActorName).SetRole(l.Role).
		SetState(entmail.State(o.First())).Exec(ctx)
	if err != nil {
		return fmt.Errorf("queue a letter (%s): %w", l.Kind, err)
	}
	tx.OnCommit(func(next ent.Committer) ent.Committer {
		return ent.CommitFunc(func(ctx context.Context, tx *ent.Tx) error {
			err := next.Commit(ctx, tx)
			if err == nil {
				o.Wake()
			}
			return err
		})
	})
	return nil
}

// First is the state of a new letter: QUEUED, or NOT_CONFIGURED where no mail is sent.
func (o *Outbox) First() string {
	if o.config.Configured() {
		return string(entmail.StateQUEUED)
	}
	return string(entmail.StateNOT_CONFIGURED)
}

// Link is the address of a letter that is not sent because no mail is configured, for who may hand it on. ok is false where
// letters are sent: then nobody but their reader gets it.
func (o *Outbox) Link(l Letter, origin string) (link keyring.Secret, ok bool) {
	if o.config.Configured() {
		return keyring.Secret{}, false
	}
	row := &ent.Mail{Kind: string(l.Kind), ResourceID: l.ResourceID, Generation: l.Generation}
	return keyring.NewSecret(o.linkOf(row, origin)), true
}

// Wake has the worker look at once. It never waits.
func (o *Outbox) Wake() {
	select {
	case o.woken <- struct{}{}:
	default: // it is awake
	}
}
