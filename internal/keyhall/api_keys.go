package keyhall

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/apikey"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/news"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy"
)

// UpdateAPIKey changes what is said about a key. A nil field keeps what is there.
type UpdateAPIKey struct {
	ID          string
	Name        *string
	Description *string
	Tags        *[]string
	Expiry      *Expiry
	Metering    *apikey.Metering
}

// Expiry is when a key ends; without a time it never does.
type Expiry struct{ At *time.Time }

func (e Expiry) micros() int64 {
	if e.At == nil {
		return 0
	}
	return e.At.UnixMicro()
}

// UpdateAPIKey needs api_key.rename. Errors: NOT_FOUND, FORBIDDEN, and INVALID, REQUIRED, TOO_LONG, EXPIRY_IN_PAST.
func (h *House) UpdateAPIKey(ctx context.Context, in UpdateAPIKey) (*ent.APIKey, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	err := h.do(ctx, func(tx *ent.Tx) error {
		var changed bool
		allowed, err := h.guard.Authorize(ctx, tx, "api_key.rename", policy.Deed{ID: in.ID})
		if err != nil {
			return err
		}
		key, err := tx.APIKey.Get(ctx, in.ID)
		if err != nil {
			return err
		}
		if in.Expiry != nil && in.Expiry.At != nil && in.Expiry.micros() <= allowed.Now {
			return expiryInPast()
		}
		if in.Expiry != nil {
			if err := alive(key, allowed.Now, "expiresAt"); err != nil {
				return err
			}
		}
		update, changes := in.apply(tx, key)
		if changed = len(changes) > 0; !changed {
			return nil
		}
		r, err := audit.Record(ctx, tx, allowed, keyEvent("api_key.updated", key, changes...))
		if err != nil {
			return err
		}
		if err := update.Exec(r.Open(ctx)); err != nil {
			return err
		}
		return h.tellAll(ctx, tx, news.Changed, key)
	})
	return h.key(ctx, in.ID, err)
}

func (in UpdateAPIKey) check() error {
	var p problems
	if in.Name != nil {
		p.text("name", *in.Name, maxName, true, false)
	}
	if in.Description != nil {
		p.text("description", *in.Description, maxDescription, false, true)
	}
	if in.Tags != nil {
		p.list("tags", *in.Tags, maxTags, maxTag)
	}
	return p.err()
}

// apply lists what changes, and prepares to write just that.
func (in UpdateAPIKey) apply(tx *ent.Tx, key *ent.APIKey) (*ent.APIKeyUpdateOne, []audit.Change) {
	u := tx.APIKey.UpdateOneID(key.ID)
	var changes []audit.Change
	if in.Name != nil && *in.Name != key.Name {
		u.SetName(*in.Name)
		changes = append(changes, audit.Changed("name", key.Name, *in.Name))
	}
	if in.Description != nil && *in.Description != key.Description {
		u.SetDescription(*in.Description)
		changes = append(changes, audit.Changed("description", key.Description, *in.Description))
	}
	if in.Tags != nil && !slices.Equal(*in.Tags, key.Tags) {
		tags := append([]string{}, *in.Tags...)
		u.SetTags(tags)
		changes = append(changes, audit.Changed("tags", strings.Join(key.Tags, ", "), strings.Join(tags, ", ")))
	}
	if in.Expiry != nil && in.Expiry.micros() != key.ExpiresAt {
		u.SetExpiresAt(in.Expiry.micros()).SetRemindedDays(0)
		changes = append(changes, audit.Changed("expires_at", moment(key.ExpiresAt), moment(in.Expiry.micros())))
	}
	if in.Metering != nil && *in.Metering != key.Metering {
		u.SetMetering(*in.Metering)
		changes = append(changes, audit.Changed("metering", string(key.Metering), string(*in.Metering)))
	}
	return u, changes
}

// DisableAPIKey needs api_key.disable. It remembers in which capacity the key was disabled, because who may enable it again
// depends on that. A disabled key stays as it is, unless fewer people may enable it after this one: the owner takes over from
// everybody, the organization from admins.
func (h *House) DisableAPIKey(ctx context.Context, id string) (*ent.APIKey, error) {
	err := h.do(ctx, func(tx *ent.Tx) error {
		allowed, err := h.guard.Authorize(ctx, tx, "api_key.disable", policy.Deed{ID: id})
		if err != nil {
			return err
		}
		key, err := tx.APIKey.Get(ctx, id)
		if err != nil {
			return err
		}
		as, err := h.capacity(ctx, tx, key)
		if err != nil || key.DisabledAt != 0 && holding(as) <= holding(key.DisabledAs) {
			return err
		}
		r, err := audit.Record(ctx, tx, allowed, keyEvent("api_key.disabled", key))
		if err != nil {
			return err
		}
		err = tx.APIKey.UpdateOneID(id).SetDisabledAt(allowed.Now).
			SetDisabledByID(viewer.From(ctx).UserID).SetDisabledAs(as).Exec(r.Open(ctx))
		if err != nil {
			return err
		}
		return h.tellAll(ctx, tx, news.Changed, key)
	})
	return h.key(ctx, id, err)
}

// capacity tells as what the viewer acts on a key: its owner, one of its admins, or its organization. For a service account acts who
// may delete its key.
func (h *House) capacity(ctx context.Context, tx *ent.Tx, key *ent.APIKey) (string, error) {
	if ownerOf(key) == viewer.From(ctx).UserID {
		return "OWNER", nil
	}
	if key.ServiceAccountID != nil {
		if owner, err := h.guard.Could(ctx, tx, "api_key.delete", key.ID); err != nil || owner {
			return "OWNER", err
		}
	}
	admin, err := h.guard.Could(ctx, tx, "api_key.rename", key.ID)
	if err != nil {
		return "", err
	}
	if admin {
		return "ADMIN", nil
	}
	return "ORGANIZATION", nil
}

// holding orders the capacities by how few may enable again what was disabled in them.
func holding(as string) int { return slices.Index([]string{"ADMIN", "ORGANIZATION", "OWNER"}, as) }

// EnableAPIKey needs api_key.enable; an enabled key stays as it is.
func (h *House) EnableAPIKey(ctx context.Context, id string) (*ent.APIKey, error) {
	err := h.do(ctx, func(tx *ent.Tx) error {
		allowed, err := h.guard.Authorize(ctx, tx, "api_key.enable", policy.Deed{ID: id})
		if err != nil {
			return err
		}
		key, err := tx.APIKey.Get(ctx, id)
		if err != nil {
			return err
		}
		if err := alive(key, allowed.Now, "id"); err != nil || key.DisabledAt == 0 {
			return err
		}
		r, err := audit.Record(ctx, tx, allowed, keyEvent("api_key.enabled", key))
		if err != nil {
			return err
		}
		err = tx.APIKey.UpdateOneID(id).SetDisabledAt(0).ClearDisabledByID().SetDisabledAs("").Exec(r.Open(ctx))
		if err != nil {
			return err
		}
		return h.tellAll(ctx, tx, news.Changed, key)
	})
	return h.key(ctx, id, err)
}

// DeleteAPIKey needs api_key.delete: the key, its secret and everybody's place on it are gone for good. Where it is live its name is
// typed (C15). Errors: NOT_FOUND, FORBIDDEN, and INVALID.
func (h *House) DeleteAPIKey(ctx context.Context, id string, confirmName *string) error {
	return h.do(ctx, func(tx *ent.Tx) error {
		r, err := h.permit(ctx, tx, "api_key.delete", policy.Deed{ID: id}, func(access.Permit) (audit.Event, error) {
			key, err := tx.APIKey.Get(ctx, id)
			if err != nil {
				return audit.Event{}, err
			}
			within, err := tx.Project.Get(ctx, key.ProjectID)
			if err != nil {
				return audit.Event{}, err
			}
			if err := confirmed(within, key.Name, confirmName); err != nil {
				return audit.Event{}, err
			}
			return keyEvent("api_key.deleted", key), h.tellGone(ctx, tx, key)
		})
		if err != nil {
			return err
		}
		ctx := r.Open(ctx)
		for _, part := range []func() error{
			func() error { _, err := tx.Collaborator.Delete().Exec(ctx); return err },
			func() error { _, err := tx.Mail.Delete().Exec(ctx); return err }, // before the invitations, as who sends them does
			func() error { _, err := tx.Invitation.Delete().Exec(ctx); return err },
			func() error { _, err := tx.APIKeyHash.Delete().Exec(ctx); return err },
			func() error { _, err := tx.SealedValue.Delete().Exec(ctx); return err },
			func() error { _, err := tx.SecuritySettings.Delete().Exec(ctx); return err },
			func() error { _, err := tx.JWTKey.Delete().Exec(ctx); return err },
			func() error { _, err := tx.RateLimit.Delete().Exec(ctx); return err },
			func() error { _, err := tx.SpendLimit.Delete().Exec(ctx); return err },
			func() error { _, err := tx.Webhook.Delete().Exec(ctx); return err }, // before the alerts that they are of
			func() error { _, err := tx.SpendAlert.Delete().Exec(ctx); return err },
			func() error { _, err := tx.SpendAccount.Delete().Exec(ctx); return err },
			func() error { _, err := tx.SpendLease.Delete().Exec(ctx); return err },
		} {
			if err := part(); err != nil {
				return err
			}
		}
		return tx.APIKey.DeleteOneID(id).Exec(ctx)
	})
}

// key reads a key as the viewer sees it after a deed.
func (h *House) key(ctx context.Context, id string, err error) (*ent.APIKey, error) {
	if err != nil {
		return nil, err
	}
	k, err := h.client.APIKey.Get(ctx, id)
	if err != nil {
		return nil, translate(err)
	}
	return k, nil
}

func keyEvent(typ string, key *ent.APIKey, changes ...audit.Change) audit.Event {
	return audit.Event{Type: typ, ResourceType: ent.TypeAPIKey, ResourceID: key.ID, ResourceName: key.Name, Changes: changes}
}

func expiryInPast() error {
	return fault.Refuse(fault.ExpiryInPast, "choose a time in the future, or none", "input", "expiresAt")
}

// moment is a stored time for people to read.
func moment(at int64) string {
	if at == 0 {
		return "never"
	}
	return time.UnixMicro(at).UTC().Format(time.RFC3339)
}
