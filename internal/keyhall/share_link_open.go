package keyhall

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/predicate"
	"github.com/keyhall/keyhall/ent/sealedversion"
	"github.com/keyhall/keyhall/ent/sharelink"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/authn"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/token"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy"
	"github.com/keyhall/keyhall/policy/lock"
)

// maxMisses is how often a wrong passphrase or code may be given for one link, from wherever; then it is over for good.
// Sending it again before that forgets them. No more are compared at the same time than may still be wrong.
const maxMisses = 10

// settling is how long it may take to record what became of a try, whether or not its client is still there.
const settling = 10 * time.Second

// openLink is the permission that an opening goes by: that of who made the link.
const openLink = "share_link.open"

// OpenShareLink is what the recipient of a link has.
type OpenShareLink struct {
	Token            keyring.Secret
	Passphrase, Code *keyring.Secret
}

// OpenedLink is what a link shows.
type OpenedLink struct {
	Name, ClientID string
	Value          keyring.Secret
	ViewsLeft      *int // nil: any number
}

// OpenShareLink shows the value behind a link and uses one of its views up. Nobody need be signed in: it opens on the right of
// who made it. A link that is unknown, revoked, used up or expired, whose secret cannot be revealed now or whose maker may not
// share it any more, is answered alike. Errors: RATE_LIMITED, and INVALID, REQUIRED of what the link asks for too, BAD_CREDENTIALS.
func (h *House) OpenShareLink(ctx context.Context, in OpenShareLink) (OpenedLink, error) {
	v := viewer.From(ctx)
	if err := count(ctx, h.limits.Openings, authn.Network(v.IP)); err != nil {
		return OpenedLink{}, err
	}
	ctx = viewer.With(ctx, viewer.Viewer{IP: v.IP, UserAgent: v.UserAgent, RequestID: v.RequestID}) // whoever has the link, and not the account beside it
	t, err := token.Parse(in.Token.Expose())
	if err != nil || t.Kind() != token.ShareLink {
		return OpenedLink{}, linkOver()
	}
	link, err := h.linkByToken(ctx, t)
	if err != nil {
		return OpenedLink{}, err
	}
	stands, err := h.guard.Stands(ctx, link.CreatedByID, openLink, link.ID)
	if err != nil {
		return OpenedLink{}, fault.Internal(err)
	}
	if !stands {
		return OpenedLink{}, linkOver()
	}
	guessed := link.PassphraseRequired || link.CodeRequired
	if guessed {
		if err := h.guess(ctx, link, in); err != nil {
			return OpenedLink{}, err
		}
	}
	return h.view(ctx, link, guessed)
}

// linkByToken finds the link of a token; it takes as long to find none.
func (h *House) linkByToken(ctx context.Context, t token.Token) (*ent.ShareLink, error) {
	link, err := h.client.ShareLink.Query().Only(lock.ShareLinkByToken(ctx, t.ID()))
	if ent.IsNotFound(err) {
		t.Matches(h.keys, nil, "")
		return nil, linkOver()
	}
	if err != nil {
		return nil, translate(err)
	}
	if !t.Matches(h.keys, link.Hash, link.PepperID) {
		return nil, linkOver()
	}
	return link, nil
}

// guess compares the passphrase and the code. A try is counted before it is compared, so that many at once are no more than
// one after the other. One that is right is given back with the view, one that is wrong becomes a miss, and one that is neither,
// as its client went away before it was compared, is given back at once: else ten of those would close the link for everybody.
func (h *House) guess(ctx context.Context, link *ent.ShareLink, in OpenShareLink) error {
	var p problems
	if link.PassphraseRequired && (in.Passphrase == nil || in.Passphrase.IsZero()) {
		p.add(fault.Required, "this link asks for a passphrase, which who sent it knows", "passphrase")
	}
	if link.CodeRequired && (in.Code == nil || in.Code.IsZero()) {
		p.add(fault.Required, "this link asks for the code that was mailed", "code")
	}
	if err := p.err(); err != nil {
		return err
	}
	if err := h.countTry(ctx, link); err != nil {
		return err
	}
	right := true
	if link.PassphraseRequired {
		var err error
		if right, err = h.passwords.Matches(ctx, *in.Passphrase, link.PassphraseHash); err != nil {
			return h.giveBack(ctx, link, err)
		}
	}
	if link.CodeRequired && !token.MatchesCode(h.keys, link.ID, link.Generation, in.Code.Expose()) {
		right = false
	}
	if right {
		return nil
	}
	return h.missed(ctx, link)
}

// countTry counts a try at the link as it was found. What was sent again since has another address, and tries of its own.
func (h *House) countTry(ctx context.Context, found *ent.ShareLink) error {
	duty := lock.ShareLinkFollow(ctx, found.ID)
	return h.work(ctx, func(tx *ent.Tx) error {
		link, err := tx.ShareLink.Query().ForDeed().Only(duty)
		switch {
		case ent.IsNotFound(err), err == nil && (link.RevokedAt != 0 || link.Generation != found.Generation):
			return linkOver()
		case err != nil:
			return err
		case link.Misses+link.Tries >= maxMisses: // if all of them were wrong it would be over
			return fault.Conflict("others are opening this link at this moment; try again")
		}
		return tx.ShareLink.Update().AddTries(1).Exec(duty)
	})
}

// giveBack ends a try that showed nothing and was not wrong either, on the link as it was tried: one that was sent again counts
// anew. It returns why, and what went wrong beside: then the try stays until the link is sent again.
func (h *House) giveBack(ctx context.Context, tried *ent.ShareLink, why error, where ...predicate.ShareLink) error {
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), settling)
	defer done()
	where = append(where, sharelink.Generation(tried.Generation), sharelink.TriesGT(0))
	err := h.work(ctx, func(tx *ent.Tx) error {
		return tx.ShareLink.Update().Where(where...).AddTries(-1).Exec(lock.ShareLinkFollow(ctx, tried.ID))
	})
	if err != nil {
		return errors.Join(why, fmt.Errorf("give a try back: %w", err))
	}
	return why
}

// missed records a wrong passphrase or code, and ends the link with the last one that it forgives. When the link was sent again
// meanwhile, what was given is of the one before. It is a miss too when its client went away before it was told.
func (h *House) missed(ctx context.Context, tried *ent.ShareLink) error {
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), settling)
	defer done()
	id := tried.ID
	duty := lock.ShareLinkFollow(ctx, id)
	err := h.work(ctx, func(tx *ent.Tx) error {
		link, err := tx.ShareLink.Query().ForDeed().Only(duty)
		if err != nil {
			return err
		}
		s, err := tx.Secret.Query().Only(duty)
		if err != nil {
			return err
		}
		n := link.Misses
		update := tx.ShareLink.Update()
		if link.Generation == tried.Generation {
			n++
			update.SetMisses(n).AddTries(-1)
		}
		misses, over := strconv.Itoa(n), yes(n >= maxMisses)
		err = audit.Duty(duty, tx, viewer.From(ctx), s.OrganizationID, secretEvent("share_link.refused", s,
			audit.Change{Field: "link", After: &id}, audit.Change{Field: "misses", After: &misses}, audit.Change{Field: "over", After: &over}))
		if err != nil || link.RevokedAt != 0 {
			return err
		}
		if n >= maxMisses {
			now, err := policy.Clock(duty, tx)
			if err != nil {
				return err
			}
			update.SetRevokedAt(now)
		}
		return update.Exec(duty)
	})
	if err != nil && !ent.IsNotFound(err) {
		return translate(err)
	}
	return fault.Refuse(fault.BadCredentials, "this is not the passphrase, or not the code; after a few wrong ones the link is over", "input")
}

// viewed is a view that was taken: the link after it, and what it shows.
type viewed struct {
	link    *ent.ShareLink
	row     *ent.SealedVersion
	receipt audit.Receipt
}

// view takes one view of the link, and then opens the value. A try that was right and is not viewed is given back. Where the commit
// itself failed it may have been done all the same, and the try with it; that it was not is sure as long as nobody has viewed the
// link since.
func (h *House) view(ctx context.Context, link *ent.ShareLink, guessed bool) (OpenedLink, error) {
	var v viewed
	err := h.work(ctx, func(tx *ent.Tx) (err error) {
		v, err = h.takeView(ctx, tx, link, guessed)
		return err
	})
	switch {
	case err == nil:
		out := OpenedLink{Name: v.link.Name, ClientID: v.link.ClientID, ViewsLeft: ViewsLeft(v.link)}
		out.Value, err = h.openVersion(v.receipt, openLink, v.row)
		return out, err
	case !guessed:
		return OpenedLink{}, err
	case v.link == nil:
		return OpenedLink{}, h.giveBack(ctx, link, err)
	}
	return OpenedLink{}, h.giveBack(ctx, link, err, sharelink.ViewCountLT(v.link.ViewCount))
}

// takeView is what happens in one transaction. The secret's row is locked first, as every deed on it does.
func (h *House) takeView(ctx context.Context, tx *ent.Tx, link *ent.ShareLink, guessed bool) (viewed, error) {
	if err := h.guard.LockRow(ctx, tx, ent.TypeSecret, link.SecretID); err != nil {
		return viewed{}, err
	}
	allowed, ok, err := h.guard.OnBehalf(ctx, tx, link.CreatedByID, openLink, policy.Deed{ID: link.ID, Part: link.SecretID})
	if err != nil {
		return viewed{}, err
	}
	now, err := tx.ShareLink.Query().Only(lock.ShareLinkFollow(ctx, link.ID))
	if ent.IsNotFound(err) || err == nil && (!ok || now.Generation != link.Generation) {
		return viewed{}, linkOver()
	}
	if err != nil {
		return viewed{}, err
	}
	s, err := tx.Secret.Query().Only(lock.ShareLinkFollow(ctx, link.ID))
	if err != nil {
		return viewed{}, err
	}
	now.ViewCount++
	receipt, err := audit.Record(ctx, tx, allowed, openedEvent("share_link.opened", s, now))
	if err != nil {
		return viewed{}, err
	}
	if exhausted(now) {
		if _, err := audit.Record(ctx, tx, allowed, openedEvent("share_link.exhausted", s, now)); err != nil {
			return viewed{}, err
		}
	}
	ctx = receipt.Open(ctx)
	update := tx.ShareLink.Update().SetViewCount(now.ViewCount).SetLastViewedAt(allowed.Now)
	if guessed {
		update.AddTries(-1)
	}
	if err := update.Exec(ctx); err != nil {
		return viewed{}, err
	}
	if err := tx.Secret.Update().AddRevealCount(1).SetLastUsedAt(allowed.Now).Exec(ctx); err != nil {
		return viewed{}, err
	}
	row, err := tx.SealedVersion.Query().Where(sealedversion.SecretID(s.ID), sealedversion.Number(now.Version)).Only(ctx)
	if err != nil {
		return viewed{}, err
	}
	return viewed{now, row, receipt}, nil
}

func openedEvent(typ string, s *ent.Secret, link *ent.ShareLink) audit.Event {
	version, count := strconv.Itoa(link.Version), strconv.Itoa(link.ViewCount)
	return secretEvent(typ, s, audit.Change{Field: "link", After: &link.ID}, audit.Change{Field: "version", After: &version},
		audit.Change{Field: "views", After: &count})
}

// ViewsLeft is how often a link can still be opened; nil is any number.
func ViewsLeft(l *ent.ShareLink) *int {
	if l.MaxViews == 0 {
		return nil
	}
	left := max(0, l.MaxViews-l.ViewCount)
	return &left
}

func linkOver() error {
	return fault.Refuse(fault.Invalid, "this link shows nothing, or nothing any more: ask who sent it for a new one", "input", "token")
}

// work runs something that has no viewer in one transaction.
func (h *House) work(ctx context.Context, f func(*ent.Tx) error) error {
	tx, err := h.client.Tx(ctx)
	if err != nil {
		return fault.Internal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := f(tx); err != nil {
		return translate(err)
	}
	return translate(tx.Commit())
}
