package keyhall

import (
	"context"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/keyhall/keyhall/ent"
	entmail "github.com/keyhall/keyhall/ent/mail"
	"github.com/keyhall/keyhall/ent/sharelink"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/mail"
	"github.com/keyhall/keyhall/internal/text"
	"github.com/keyhall/keyhall/internal/token"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy"
)

// One-time links hand one version of a secret to somebody outside. Who makes, sends and revokes them is in this file; what
// happens when one is opened is in share_link_open.go, and when its time is over in share_link_end.go.

// Bounds of a link.
const (
	shortestLink  = time.Minute
	maxViews      = 1000
	minPassphrase = 8 // characters
	maxPassphrase = 1000
)

// CreateShareLink asks for a link to the version of a secret that is in use.
type CreateShareLink struct {
	SecretID       string
	Lasts          time.Duration
	MaxViews       *int // nil: any number
	Passphrase     *keyring.Secret
	RecipientEmail *string // where the code goes, when mail is sent here
}

// MadeLink is a link with its address, which is shown this once.
type MadeLink struct {
	Link *ent.ShareLink
	URL  keyring.Secret
}

// CreateShareLink needs secret.share_outside. Errors: NOT_FOUND, FORBIDDEN, RATE_LIMITED, and INVALID, TOO_LONG,
// EXPIRY_TOO_LONG.
func (h *House) CreateShareLink(ctx context.Context, in CreateShareLink) (MadeLink, error) {
	if err := h.checkLink(&in); err != nil {
		return MadeLink{}, err
	}
	if err := count(ctx, h.limits.Invites, viewerID(ctx)); err != nil {
		return MadeLink{}, err
	}
	hash := ""
	if in.Passphrase != nil {
		var err error
		if hash, err = h.passwords.Hash(ctx, *in.Passphrase); err != nil {
			return MadeLink{}, err
		}
	}
	id, plain := sharelink.DefaultID(), token.New(token.ShareLink)
	err := h.do(ctx, func(tx *ent.Tx) error {
		allowed, err := h.guard.Authorize(ctx, tx, "secret.share_outside", policy.Deed{ID: in.SecretID, New: id})
		if err != nil {
			return err
		}
		s, err := tx.Secret.Get(ctx, in.SecretID)
		if err != nil {
			return err
		}
		if !s.HasValue {
			return fault.Refuse(fault.Invalid, "this secret has no value yet", "input", "secretId")
		}
		until := allowed.Now + in.Lasts.Microseconds()
		r, err := audit.Record(ctx, tx, allowed, in.event(s, id, until))
		if err != nil {
			return err
		}
		ctx := r.Open(ctx)
		mac, pepper := plain.Hash(h.keys)
		link, err := tx.ShareLink.Create().SetID(id).SetSecretID(s.ID).SetCreatedByID(viewerID(ctx)).
			SetNillableRecipientEmail(in.RecipientEmail).SetVersion(s.Version).SetName(s.Name).SetClientID(s.ClientID).
			SetLookup(plain.ID()).SetHash(mac).SetPepperID(pepper).SetPassphraseHash(hash).SetPassphraseRequired(hash != "").
			SetCodeRequired(h.mailsCodes(in.RecipientEmail)).SetMaxViews(views(in.MaxViews)).SetExpiresAt(until).Save(ctx)
		if err != nil {
			return err
		}
		return h.mailCode(ctx, tx, link)
	})
	return h.madeLink(ctx, id, plain, err)
}

func (h *House) checkLink(in *CreateShareLink) error {
	var p problems
	switch {
	case in.Lasts < shortestLink:
		p.add(fault.Invalid, "a link lasts a minute at least", "expiresInSeconds")
	case h.links > 0 && in.Lasts > h.links:
		p.add(fault.ExpiryTooLong, fmt.Sprintf("a link lasts %d hours at most here", int(h.links.Hours())), "expiresInSeconds")
	}
	if in.MaxViews != nil && (*in.MaxViews < 1 || *in.MaxViews > maxViews) {
		p.add(fault.Invalid, fmt.Sprintf("from 1 to %d views; null for any number", maxViews), "maxViews")
	}
	if in.Passphrase != nil {
		switch phrase := in.Passphrase.Expose(); {
		case utf8.RuneCountInString(phrase) < minPassphrase:
			p.add(fault.Invalid, fmt.Sprintf("a passphrase has at least %d characters", minPassphrase), "passphrase")
		case len(phrase) > maxPassphrase:
			p.add(fault.TooLong, fmt.Sprintf("at most %d bytes", maxPassphrase), "passphrase")
		}
	}
	if in.RecipientEmail != nil {
		address, ok := text.Address(*in.RecipientEmail)
		if !ok {
			p.add(fault.Invalid, "this is no e-mail address", "recipientEmail")
		}
		in.RecipientEmail = &address
	}
	return p.err()
}

func (in CreateShareLink) event(s *ent.Secret, id string, until int64) audit.Event {
	version, ends, times := strconv.Itoa(s.Version), moment(until), "any number"
	if in.MaxViews != nil {
		times = strconv.Itoa(*in.MaxViews)
	}
	phrase := yes(in.Passphrase != nil)
	changes := []audit.Change{
		{Field: "link", After: &id}, {Field: "version", After: &version}, {Field: "expires_at", After: &ends},
		{Field: "max_views", After: &times}, {Field: "passphrase", After: &phrase},
	}
	if in.RecipientEmail != nil {
		changes = append(changes, audit.Change{Field: "recipient", After: in.RecipientEmail})
	}
	return secretEvent("share_link.created", s, changes...)
}

// RevokeShareLink needs secret.unshare, which no switch takes away: a link is taken back also while links are off, or it would
// open again with them. Nobody opens it from the very next request on. One that is over stays as it is. Errors: NOT_FOUND,
// FORBIDDEN.
func (h *House) RevokeShareLink(ctx context.Context, id string) (*ent.ShareLink, error) {
	err := h.onShareLink(ctx, id, "secret.unshare", func(tx *ent.Tx, allowed access.Permit, s *ent.Secret, link *ent.ShareLink) error {
		if LinkOver(link, allowed.Now) {
			return nil
		}
		r, err := audit.Record(ctx, tx, allowed, secretEvent("share_link.revoked", s, audit.Change{Field: "link", Before: &id}))
		if err != nil {
			return err
		}
		ctx := r.Open(ctx)
		if _, err := tx.Mail.Delete().Exec(ctx); err != nil {
			return err
		}
		return tx.ShareLink.UpdateOneID(id).SetRevokedAt(allowed.Now).Exec(ctx)
	})
	if err != nil {
		return nil, err
	}
	return h.shareLink(ctx, id)
}

// ResendShareLink needs secret.share_outside: the link gets another address and another code, and those before it are dead.
// Its time, its passphrase and the views that are left stay; wrong tries are forgotten. Errors: NOT_FOUND,
// FORBIDDEN, RATE_LIMITED, and INVALID of one that is over.
func (h *House) ResendShareLink(ctx context.Context, id string) (MadeLink, error) {
	plain := token.New(token.ShareLink)
	err := h.onShareLink(ctx, id, "secret.share_outside", func(tx *ent.Tx, allowed access.Permit, s *ent.Secret, link *ent.ShareLink) error {
		if LinkOver(link, allowed.Now) {
			return fault.Refuse(fault.Invalid, "this link is over; make a new one", "input", "id")
		}
		if err := count(ctx, h.limits.Resends, id); err != nil {
			return err
		}
		r, err := audit.Record(ctx, tx, allowed, secretEvent("share_link.resent", s, audit.Change{Field: "link", After: &id}))
		if err != nil {
			return err
		}
		ctx := r.Open(ctx)
		if _, err := tx.Mail.Delete().Exec(ctx); err != nil { // what still waits would carry the dead code
			return err
		}
		mac, pepper := plain.Hash(h.keys)
		link, err = tx.ShareLink.UpdateOne(link).SetLookup(plain.ID()).SetHash(mac).SetPepperID(pepper).
			SetGeneration(link.Generation + 1).SetMisses(0).SetTries(0).SetCodeRequired(h.mailsCodes(link.RecipientEmail)).Save(ctx)
		if err != nil {
			return err
		}
		return h.mailCode(ctx, tx, link)
	})
	return h.madeLink(ctx, id, plain, err)
}

type linkDeed func(*ent.Tx, access.Permit, *ent.Secret, *ent.ShareLink) error

// onShareLink authorizes a deed on the secret of a link, and reads the link again under the lock of the secret.
func (h *House) onShareLink(ctx context.Context, id string, p policy.Permission, f linkDeed) error {
	return h.do(ctx, func(tx *ent.Tx) error {
		link, err := tx.ShareLink.Get(ctx, id)
		if err != nil {
			return err
		}
		allowed, err := h.guard.Authorize(ctx, tx, p, policy.Deed{ID: link.SecretID, Part: id})
		if err != nil {
			return err
		}
		s, err := tx.Secret.Get(ctx, link.SecretID)
		if err != nil {
			return err
		}
		if link, err = tx.ShareLink.Get(ctx, id); err != nil {
			return err
		}
		return f(tx, allowed, s, link)
	})
}

// LinkOver tells whether a link has ended by itself, whatever became of its secret and of who made it.
func LinkOver(l *ent.ShareLink, now int64) bool {
	return l.RevokedAt != 0 || l.ExpiresAt <= now || exhausted(l)
}

func exhausted(l *ent.ShareLink) bool { return l.MaxViews != 0 && l.ViewCount >= l.MaxViews }

// mailsCodes tells whether a code can reach the recipient: then it is asked for.
func (h *House) mailsCodes(recipient *string) bool {
	return recipient != nil && h.mail.First() != string(entmail.StateNOT_CONFIGURED)
}

// mailCode queues the letter with the code of a link. The link itself is handed over by who made it: whoever reads along in
// one of the two ways has nothing.
func (h *House) mailCode(ctx context.Context, tx *ent.Tx, link *ent.ShareLink) error {
	if !link.CodeRequired {
		return nil
	}
	return h.mail.Queue(ctx, tx, mail.Letter{
		Kind: mail.ShareLinkCode, To: *link.RecipientEmail, ResourceID: link.ID, WithinID: link.SecretID, Generation: link.Generation,
		ActorName: viewer.From(ctx).Username, // and no free text, to an address that may be anybody's
	})
}

// madeLink reads a link as the viewer sees it, and writes its address. The token stands in the fragment, which no browser
// sends to a server.
func (h *House) madeLink(ctx context.Context, id string, plain token.Token, err error) (MadeLink, error) {
	if err != nil {
		return MadeLink{}, err
	}
	link, err := h.shareLink(ctx, id)
	if err != nil {
		return MadeLink{}, err
	}
	origin, _ := h.origin.Load().(string)
	return MadeLink{link, keyring.NewSecret(origin + "/share#" + plain.Expose())}, nil
}

func (h *House) shareLink(ctx context.Context, id string) (*ent.ShareLink, error) {
	return shown(h.client.ShareLink.Get(ctx, id))
}

func views(of *int) int {
	if of == nil {
		return 0
	}
	return *of
}
