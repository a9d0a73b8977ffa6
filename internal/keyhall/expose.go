package keyhall

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/apikey"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/mail"
	"github.com/keyhall/keyhall/internal/news"
	"github.com/keyhall/keyhall/internal/once"
	"github.com/keyhall/keyhall/internal/viewer"
)

// ExposedAPIKey names a key that somebody else may know by now, and how that came.
type ExposedAPIKey struct {
	ID     string
	Reason string
}

// MarkAPIKeyExposed needs api_key.rotate: a rotation without overlap, whose reason is kept (C13). Of a key that was replaced
// before and still works the rest of its grace is taken; no further key is made, and the one that replaced it comes back.
// Errors: NOT_FOUND, FORBIDDEN, and INVALID, REASON_REQUIRED, TOO_LONG, KEY_EXPIRED.
func (h *House) MarkAPIKeyExposed(ctx context.Context, in ExposedAPIKey) (Issued, error) {
	if strings.TrimSpace(in.Reason) == "" {
		return Issued{}, fault.Refuse(fault.ReasonRequired, "say how the key got out, for who reads the audit log later", "input", "reason")
	}
	r := Rotation{ID: in.ID, Reason: &in.Reason, exposed: true}
	if err := r.check(); err != nil {
		return Issued{}, err
	}
	return h.replace(ctx, r)
}

// endGrace stops a key at once that was replaced before.
func (h *House) endGrace(ctx context.Context, tx *ent.Tx, allowed access.Permit, in Rotation, old *ent.APIKey, grace int64) error {
	r, err := audit.Record(ctx, tx, allowed, keyEvent(in.event(), old, in.changes(grace)...))
	if err != nil {
		return err
	}
	once.MadeNothing(ctx)
	ctx = r.Open(ctx)
	if err := tx.APIKey.UpdateOneID(old.ID).SetGraceExpiresAt(grace).Exec(ctx); err != nil {
		return err
	}
	if err := h.tellAll(ctx, tx, news.Changed, old); err != nil {
		return err
	}
	return h.tellExposed(ctx, tx, in, old)
}

// tellExposed queues a letter to everybody on the key but whoever marked it, in the transaction of the deed. Of a key of a service account
// these are the owners of its project, and its team with them.
func (h *House) tellExposed(ctx context.Context, tx *ent.Tx, in Rotation, old *ent.APIKey) error {
	if !in.exposed {
		return nil
	}
	people, err := tx.User.Query().All(ctx) // of the key alone: the permit reads no others
	if err != nil {
		return err
	}
	me, to := viewer.From(ctx), map[string]string{}
	for _, u := range people {
		if u.ID != me.UserID {
			to[u.Email] = u.ID
		}
	}
	if old.ServiceAccountID != nil {
		within, err := tx.Project.Get(ctx, old.ProjectID)
		if err != nil {
			return err
		}
		if _, told := to[within.AlertEmail]; within.AlertEmail != "" && !told {
			to[within.AlertEmail] = ""
		}
	}
	for _, address := range slices.Sorted(maps.Keys(to)) {
		letter := mail.Letter{Kind: mail.KeyExposed, To: address, UserID: to[address], ResourceID: old.ID, Name: old.Name, ActorName: me.Username}
		if err := h.mail.Queue(ctx, tx, letter); err != nil {
			return err
		}
	}
	return nil
}

// replacement is the key that took another's place, where there is one that the viewer sees.
func (h *House) replacement(ctx context.Context, id string) (Issued, error) {
	key, err := h.client.APIKey.Query().Where(apikey.ReplacesID(id)).Only(ctx)
	if err != nil && !ent.IsNotFound(err) {
		return Issued{}, translate(err)
	}
	return Issued{Key: key}, nil
}
