package keyhall

import (
	"context"
	"strings"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/money"
	"github.com/keyhall/keyhall/policy"
)

// UpdateLimits changes what limits a key, a project or an organization. A nil field keeps what is there.
type UpdateLimits struct {
	TargetID string
	Rates    *[]*NewRateLimit // in the place of those there are
	Spend    *NewSpend
	Alerts   *[]*NewSpendAlert // in the place of those there are
}

// NewSpend is how much may be spent in a month; a nil limit: as much as one likes.
type NewSpend struct{ Limit *money.Money }

// UpdateLimits needs api_key.edit_limits, project.edit_limits or organization.edit_limits, by what the target is. Errors:
// NOT_FOUND, FORBIDDEN, RATE_LIMITED (letters to more people than one may invite), and INVALID, REQUIRED, TOO_LONG.
func (h *House) UpdateLimits(ctx context.Context, in UpdateLimits) error {
	if err := in.check(); err != nil {
		return err
	}
	target, ok := LimitTarget(in.TargetID)
	if !ok {
		return h.do(ctx, func(*ent.Tx) error { return fault.NotFound() })
	}
	return h.do(ctx, func(tx *ent.Tx) error {
		allowed, err := h.guard.Authorize(ctx, tx, policy.Permission(target.EditLimits), policy.Deed{ID: in.TargetID})
		if err != nil {
			return err
		}
		now, err := limitsOf(ctx, tx, in.TargetID)
		if err != nil {
			return err
		}
		if err := now.reckonsIn(in.Spend); err != nil {
			return err
		}
		plan := now.plan(in)
		if len(plan.changes) == 0 {
			return nil
		}
		for range plan.told() {
			if err := count(ctx, h.limits.Invites, viewerID(ctx)); err != nil {
				return err
			}
		}
		name, err := target.name(ctx, tx, in.TargetID)
		if err != nil {
			return err
		}
		r, err := audit.Record(ctx, tx, allowed, audit.Event{
			Type: "limits.updated", ResourceType: target.Type, ResourceID: in.TargetID, ResourceName: name, Changes: plan.changes,
		})
		if err != nil {
			return err
		}
		return plan.write(r.Open(ctx), tx, target, in.TargetID)
	})
}

// Limited is a kind of thing that has limits.
type Limited struct {
	Type, EditLimits string
}

// LimitTarget tells what an id is of, by its prefix.
func LimitTarget(id string) (Limited, bool) {
	prefix, _, _ := strings.Cut(id, "_")
	t, ok := map[string]Limited{
		"key": {ent.TypeAPIKey, "api_key.edit_limits"},
		"prj": {ent.TypeProject, "project.edit_limits"},
		"org": {ent.TypeOrganization, "organization.edit_limits"},
	}[prefix]
	return t, ok
}

// name is that of the thing, for the audit trail; a token that leaves out seeing the thing tells none.
func (l Limited) name(ctx context.Context, tx *ent.Tx, id string) (string, error) {
	switch l.Type {
	case ent.TypeAPIKey:
		k, err := tx.APIKey.Get(ctx, id)
		if err != nil {
			return "", ent.MaskNotFound(err)
		}
		return k.Name, nil
	case ent.TypeProject:
		p, err := tx.Project.Get(ctx, id)
		if err != nil {
			return "", ent.MaskNotFound(err)
		}
		return p.Name, nil
	}
	o, err := tx.Organization.Get(ctx, id)
	if err != nil {
		return "", ent.MaskNotFound(err)
	}
	return o.Name, nil
}
