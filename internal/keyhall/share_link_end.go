package keyhall

import (
	"context"
	"errors"
	"fmt"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/secret"
	"github.com/keyhall/keyhall/ent/sharelink"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/mail"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy"
	"github.com/keyhall/keyhall/policy/lock"
)

// endsAtOnce is how many links are looked after in one go.
const endsAtOnce = 100

// EndShareLinks records the links whose time is over, and mails their recipients: each once, also with several processes.
// Whether a link opens does not wait for it.
func (h *House) EndShareLinks(ctx context.Context) error {
	ctx = viewer.With(ctx, viewer.Viewer{})
	over, err := h.client.ShareLink.Query().Order(ent.Asc(sharelink.FieldExpiresAt)).Limit(endsAtOnce).All(lock.ShareLinksOver(ctx))
	if err != nil {
		return fmt.Errorf("look for links whose time is over: %w", err)
	}
	var failed []error // one that cannot be ended does not hold up the others
	for _, link := range over {
		if err := h.work(ctx, func(tx *ent.Tx) error { return h.endLink(lock.ShareLinksOver(ctx), tx, link) }); err != nil {
			failed = append(failed, fmt.Errorf("end link %s: %w", link.ID, err))
		}
	}
	return errors.Join(failed...)
}

func (h *House) endLink(duty context.Context, tx *ent.Tx, link *ent.ShareLink) error {
	now, err := policy.Clock(duty, tx)
	if err != nil {
		return err
	}
	s, err := tx.Secret.Query().Where(secret.ID(link.SecretID)).Only(duty)
	if ent.IsNotFound(err) { // deleted since, or done by another process
		return nil
	}
	if err != nil {
		return err
	}
	first, err := tx.ShareLink.Update().Where(sharelink.ID(link.ID)).SetEndedAt(now).Save(duty)
	if err != nil || first == 0 || link.RevokedAt != 0 || exhausted(link) {
		return err
	}
	err = audit.Duty(duty, tx, viewer.From(duty), s.OrganizationID, secretEvent("share_link.expired", s, audit.Change{Field: "link", Before: &link.ID}))
	if err != nil || !h.mailsCodes(link.RecipientEmail) {
		return err
	}
	return h.mail.Queue(duty, tx, mail.Letter{Kind: mail.ShareLinkExpired, To: *link.RecipientEmail, ResourceID: link.ID, WithinID: link.SecretID})
}
