// Package audit writes what happened, in the transaction of the deed itself: no row, no deed. It records names and ids, and
// of changes only what the verb lists; a value of a secret has no way in.
package audit

import (
	"cmp"
	"context"
	"fmt"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/auditevent"
	"github.com/keyhall/keyhall/ent/schema"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy/lock"
)

// Change is one setting of a deed, before and after.
type Change = schema.AuditChange

// Changed is a setting that went from one text to another.
func Changed(field, before, after string) Change {
	return Change{Field: field, Before: &before, After: &after}
}

// Event says what a deed was: its type in the past tense ("api_key.created") and what it was about.
type Event struct {
	Type         string
	ResourceType string
	ResourceID   string
	ResourceName string
	Changes      []Change
	Within       string // what the resource is part of, when it does not exist yet: its place is the event's
}

// Receipt proves that the row of a deed is written in its transaction; the lock refuses every other write until then.
type Receipt struct{ permit access.Permit }

// Record writes the row of an allowed deed.
func Record(ctx context.Context, tx *ent.Tx, p access.Permit, e Event) (Receipt, error) {
	v := viewer.From(ctx)
	at, err := placeOf(ctx, tx, v.UserID, cmp.Or(e.Within, e.ResourceID))
	if err != nil {
		return Receipt{}, fmt.Errorf("place %s: %w", e.Type, err)
	}
	err = fill(tx.AuditEvent.Create(), v, at, e).
		SetOutcome(auditevent.OutcomeDONE).
		SetPermission(p.Permission()).
		SetPolicyRevision(p.Revision).
		Exec(lock.Under(ctx, p.Permit))
	if err != nil {
		return Receipt{}, fmt.Errorf("record %s: %w", e.Type, err)
	}
	return Receipt{p}, nil
}

// Open is the ctx in which the deed's own reads and writes pass.
func (r Receipt) Open(ctx context.Context) context.Context { return lock.Under(ctx, r.permit.Permit) }

// Holds tells whether the receipt is of an allowed and recorded deed of this permission. Sealed values ask it.
func (r Receipt) Holds(permission string) bool {
	return lock.Audited(r.permit.Permit) && r.permit.Permission() == permission
}

// Duty writes a row of system work under the duty that ctx carries; organizationID is whose owners may read it.
func Duty(ctx context.Context, tx *ent.Tx, v viewer.Viewer, organizationID string, e Event) error {
	err := fill(tx.AuditEvent.Create(), v, place{organization: organizationID}, e).SetOutcome(auditevent.OutcomeDONE).Exec(ctx)
	if err != nil {
		return fmt.Errorf("record %s: %w", e.Type, err)
	}
	return nil
}

func fill(c *ent.AuditEventCreate, v viewer.Viewer, at place, e Event) *ent.AuditEventCreate {
	c.SetType(e.Type).SetActorKind(v.Kind.String()).SetActorName(v.Username).
		SetResourceType(e.ResourceType).SetResourceID(e.ResourceID).SetResourceName(e.ResourceName).
		SetIP(v.IP).SetUserAgent(clip(v.UserAgent)).SetRequestID(v.RequestID).
		SetNillableActorID(set(v.UserID)).SetNillableOrganizationID(set(at.organization)).SetNillableProjectID(set(at.project))
	if len(e.Changes) > 0 {
		c.SetChanges(e.Changes)
	}
	return c
}

func set(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// clip bounds what a client chooses the length of.
func clip(s string) string { return s[:min(len(s), 256)] }
