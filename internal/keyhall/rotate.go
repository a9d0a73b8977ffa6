package keyhall

import (
	"context"
	"strings"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/apikey"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/token"
	"github.com/keyhall/keyhall/policy"
)

// maxOverlap is how long what was replaced may work beside what replaces it.
const maxOverlap = 30 * 24 * time.Hour

// Rotation asks to replace a key, or its secret.
type Rotation struct {
	ID             string
	OverlapSeconds int
	Reason         *string
	exposed        bool // the key got out: nothing of it may go on working
}

func (in Rotation) event() string {
	if in.exposed {
		return "api_key.exposed"
	}
	return "api_key.rotated"
}

// RotateAPIKey needs api_key.rotate: a new key takes the place of the old one, which works on for the overlap and never
// again after it. Errors: NOT_FOUND, FORBIDDEN, and INVALID, TOO_LONG, EXPIRY_TOO_LONG, KEY_EXPIRED.
func (h *House) RotateAPIKey(ctx context.Context, in Rotation) (Issued, error) {
	if err := in.check(); err != nil {
		return Issued{}, err
	}
	return h.replace(ctx, in)
}

// check is of what a client wrote; what depends on the key comes when its row is held.
func (in Rotation) check() error {
	var p problems
	switch {
	case in.OverlapSeconds < 0:
		p.add(fault.Invalid, "an overlap is 0 seconds or more", "overlapSeconds")
	case time.Duration(in.OverlapSeconds)*time.Second > maxOverlap:
		p.add(fault.ExpiryTooLong, "at most 30 days, which is 2592000 seconds", "overlapSeconds")
	}
	if in.Reason != nil {
		p.text("reason", *in.Reason, maxReason, false, false)
	}
	return p.err()
}

// grace is when what is replaced stops: after the overlap, and never later than the key's own end.
func (in Rotation) grace(key *ent.APIKey, now int64) int64 {
	end := now + int64(in.OverlapSeconds)*time.Second.Microseconds()
	if key.ExpiresAt != 0 {
		end = min(end, key.ExpiresAt)
	}
	return end
}

func (in Rotation) changes(grace int64, more ...audit.Change) []audit.Change {
	end := moment(grace)
	out := append(more, audit.Change{Field: "grace_expires_at", After: &end})
	if in.Reason != nil && strings.TrimSpace(*in.Reason) != "" {
		out = append(out, audit.Change{Field: "reason", After: in.Reason})
	}
	return out
}

// replace makes the new key of a rotation. Its plaintext is shown to whoever rotates, its owner stays who it was (A3).
func (h *House) replace(ctx context.Context, in Rotation) (Issued, error) {
	id, secret := apikey.DefaultID(), token.New(token.KeySecret)
	var plain token.Token
	var cut bool
	err := h.do(ctx, func(tx *ent.Tx) error {
		old, allowed, err := h.rotating(ctx, tx, in.ID, id)
		if err != nil {
			return err
		}
		grace := in.grace(old, allowed.Now)
		if cut = in.exposed && graceLeft(old, allowed.Now); cut {
			return h.endGrace(ctx, tx, allowed, in, old, grace)
		}
		if err := rotatable(old, allowed.Now); err != nil {
			return err
		}
		r, err := audit.Record(ctx, tx, allowed, keyEvent(in.event(), old, in.changes(grace, audit.Change{Field: "replaced_by", After: &id})...))
		if err != nil {
			return err
		}
		ctx := r.Open(ctx)
		if plain, err = h.succeed(ctx, tx, old, id, secret); err != nil {
			return err
		}
		if err := tx.APIKey.UpdateOneID(old.ID).SetGraceExpiresAt(grace).Exec(ctx); err != nil {
			return err
		}
		if err := h.tellRotated(ctx, tx, old, id); err != nil {
			return err
		}
		return h.tellExposed(ctx, tx, in, old)
	})
	switch {
	case err != nil:
		return Issued{}, err
	case cut:
		return h.replacement(ctx, in.ID)
	}
	return h.issued(ctx, id, plain, secret)
}

// rotating authorizes a rotation and reads the key under its lock. Its owner and project are read before, because they bind
// what the permit lets be written.
func (h *House) rotating(ctx context.Context, tx *ent.Tx, id, successor string) (*ent.APIKey, access.Permit, error) {
	before, err := tx.APIKey.Get(ctx, id)
	if ent.IsNotFound(err) { // Authorize says so, and keeps the denial
		before, err = &ent.APIKey{}, nil
	}
	if err != nil {
		return nil, access.Permit{}, err
	}
	if err := h.guard.LockRow(ctx, tx, ent.TypeProject, before.ProjectID); err != nil { // see noSuccessor
		return nil, access.Permit{}, err
	}
	allowed, err := h.guard.Authorize(ctx, tx, "api_key.rotate",
		policy.Deed{ID: id, New: successor, Owner: ownerOf(before), Service: deref(before.ServiceAccountID), Project: before.ProjectID})
	if err != nil {
		return nil, access.Permit{}, err
	}
	key, err := tx.APIKey.Get(ctx, id)
	if err == nil && key.ProjectID != before.ProjectID {
		err = fault.Conflict("this key has just moved to another project; look again")
	}
	return key, allowed, err
}

// rotatable refuses what has no future: a key that was replaced before, or whose time is over.
func rotatable(key *ent.APIKey, now int64) error {
	if key.GraceExpiresAt != 0 {
		return fault.Refuse(fault.Invalid, "this key was replaced already: rotate the newer one", "input", "id")
	}
	if key.ExpiresAt != 0 && key.ExpiresAt <= now {
		return fault.Refuse(fault.KeyExpired, "this key has expired: change its expiry first, or issue another key", "input", "id")
	}
	return nil
}

// issued reads the new key as the viewer sees it. Its plaintext exists nowhere else: who lost sight of the key in the
// meantime, or has a token that does not show it, still gets what they made.
func (h *House) issued(ctx context.Context, id string, plain, secret token.Token) (Issued, error) {
	key, err := h.key(ctx, id, nil)
	if err != nil && !fault.Is(err, fault.CodeNotFound) {
		return Issued{}, err
	}
	return Issued{key, keyring.NewSecret(plain.Expose()), keyring.NewSecret(secret.Expose())}, nil
}
