package keyhall

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/secret"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/news"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy"
)

// CreateSecret needs organization.create_secret. Errors: NOT_FOUND, FORBIDDEN, and INVALID, REQUIRED, TOO_LONG,
// EXPIRY_IN_PAST.
func (h *House) CreateSecret(ctx context.Context, in CreateSecret) (*ent.Secret, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	id, me := secret.DefaultID(), viewer.From(ctx).UserID
	err := h.do(ctx, func(tx *ent.Tx) error {
		var now int64
		r, err := h.permit(ctx, tx, "organization.create_secret", policy.Deed{ID: in.OrganizationID, New: id}, func(allowed access.Permit) (audit.Event, error) {
			now = allowed.Now
			return audit.Event{
				Type: "secret.created", ResourceType: ent.TypeSecret, ResourceID: id, ResourceName: in.Name, Within: in.OrganizationID,
			}, notPast(in.ExpiresAt, now)
		})
		if err != nil {
			return err
		}
		ctx := r.Open(ctx)
		create := tx.Secret.Create().SetID(id).SetOrganizationID(in.OrganizationID).SetOwnerID(me).
			SetName(in.Name).SetURL(strings.TrimSpace(in.URL)).SetClientID(in.ClientID).SetNillableIdentifier(in.Identifier).
			SetNillableMethod(in.Method).SetNillableNotes(in.Notes).SetReasonRequired(in.ReasonRequired).SetNotifyOnReveal(in.NotifyOnReveal).
			SetHasValue(hasValue(in.ClientSecret)).SetExpiresAt(Expiry{in.ExpiresAt}.micros()).SetUpdatedAt(now)
		if in.Tags != nil {
			create.SetTags(in.Tags)
		}
		if err := create.Exec(ctx); err != nil {
			return err
		}
		h.tellOf(tx, news.Gained, ent.TypeSecret, id, me)
		return h.newVersion(ctx, tx, id, 1, 1, in.ClientSecret)
	})
	return h.secret(ctx, id, err)
}

// UpdateSecret needs secret.edit. Errors: NOT_FOUND, FORBIDDEN, and INVALID, REQUIRED, TOO_LONG, EXPIRY_IN_PAST.
func (h *House) UpdateSecret(ctx context.Context, in UpdateSecret) (*ent.Secret, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	err := h.do(ctx, func(tx *ent.Tx) error {
		allowed, err := h.guard.Authorize(ctx, tx, "secret.edit", policy.Deed{ID: in.ID})
		if err != nil {
			return err
		}
		s, err := tx.Secret.Get(ctx, in.ID)
		if err != nil {
			return err
		}
		if in.Expiry != nil {
			if err := notPast(in.Expiry.At, allowed.Now); err != nil {
				return err
			}
		}
		if err := h.mayTurnTerms(ctx, tx, in, s); err != nil {
			return err
		}
		update, changes := in.apply(tx, s)
		if len(changes) == 0 {
			return nil
		}
		r, err := audit.Record(ctx, tx, allowed, secretEvent("secret.updated", s, changes...))
		if err != nil {
			return err
		}
		ctx := r.Open(ctx)
		if err := update.SetUpdatedAt(allowed.Now).Exec(ctx); err != nil {
			return err
		}
		if in.ClientSecret != nil {
			if err := h.newVersion(ctx, tx, s.ID, s.Version+1, s.Version+1, in.ClientSecret); err != nil {
				return err
			}
		}
		return h.tellSecret(ctx, tx, news.Changed, s)
	})
	return h.secret(ctx, in.ID, err)
}

// apply lists what changes, and prepares to write just that. Of a value only the number of its version is said.
func (in UpdateSecret) apply(tx *ent.Tx, s *ent.Secret) (*ent.SecretUpdateOne, []audit.Change) {
	u := tx.Secret.UpdateOneID(s.ID)
	var changes []audit.Change
	for _, c := range []struct {
		field, before string
		after         *string
		set           func(string) *ent.SecretUpdateOne
	}{
		{"name", s.Name, in.Name, u.SetName}, {"url", s.URL, trimmed(in.URL), u.SetURL}, {"client_id", s.ClientID, in.ClientID, u.SetClientID},
		{"identifier", s.Identifier, in.Identifier, u.SetIdentifier}, {"method", s.Method, in.Method, u.SetMethod}, {"notes", s.Notes, in.Notes, u.SetNotes},
	} {
		if c.after != nil && *c.after != c.before {
			c.set(*c.after)
			changes = append(changes, audit.Changed(c.field, c.before, *c.after))
		}
	}
	if in.Tags != nil && !slices.Equal(*in.Tags, s.Tags) {
		tags := append([]string{}, *in.Tags...)
		u.SetTags(tags)
		changes = append(changes, audit.Changed("tags", strings.Join(s.Tags, ", "), strings.Join(tags, ", ")))
	}
	if in.Expiry != nil && in.Expiry.micros() != s.ExpiresAt {
		u.SetExpiresAt(in.Expiry.micros())
		changes = append(changes, audit.Changed("expires_at", moment(s.ExpiresAt), moment(in.Expiry.micros())))
	}
	if in.turnsReasons(s) {
		u.SetReasonRequired(*in.ReasonRequired)
		changes = append(changes, audit.Changed("reason_required", yes(s.ReasonRequired), yes(*in.ReasonRequired)))
	}
	if in.turnsNotices(s) {
		u.SetNotifyOnReveal(*in.NotifyOnReveal)
		changes = append(changes, audit.Changed("notify_on_reveal", yes(s.NotifyOnReveal), yes(*in.NotifyOnReveal)))
	}
	if in.ClientSecret != nil {
		u.SetVersion(s.Version + 1).SetHasValue(hasValue(in.ClientSecret))
		changes = append(changes, versionChange(s.Version, s.Version+1))
	}
	return u, changes
}

func hasValue(v *keyring.Secret) bool { return v != nil && !v.IsZero() }

// secret reads a secret as the viewer sees it after a deed.
func (h *House) secret(ctx context.Context, id string, err error) (*ent.Secret, error) {
	if err != nil {
		return nil, err
	}
	return shown(h.client.Secret.Get(ctx, id))
}

func secretEvent(typ string, s *ent.Secret, changes ...audit.Change) audit.Event {
	return audit.Event{Type: typ, ResourceType: ent.TypeSecret, ResourceID: s.ID, ResourceName: s.Name, Changes: changes}
}

// notPast refuses an end that is over already, by the clock of the database.
func notPast(at *time.Time, now int64) error {
	if at != nil && at.UnixMicro() <= now {
		return expiryInPast()
	}
	return nil
}

func trimmed(s *string) *string {
	if s == nil {
		return nil
	}
	out := strings.TrimSpace(*s)
	return &out
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
