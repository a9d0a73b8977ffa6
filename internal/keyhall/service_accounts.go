package keyhall

import (
	"context"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/serviceaccount"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/news"
	"github.com/keyhall/keyhall/policy"
)

// CreateServiceAccount needs project.manage_service_accounts. Errors: NOT_FOUND, FORBIDDEN, and INVALID, REQUIRED, TOO_LONG, TAKEN.
func (h *House) CreateServiceAccount(ctx context.Context, projectID, name string) (*ent.ServiceAccount, error) {
	var p problems
	if p.text("name", name, maxName, true, false); p.err() != nil {
		return nil, p.err()
	}
	id := serviceaccount.DefaultID()
	err := h.do(ctx, func(tx *ent.Tx) error {
		allowed, err := h.guard.Authorize(ctx, tx, "project.manage_service_accounts", policy.Deed{ID: projectID, New: id})
		if err != nil {
			return err
		}
		within, err := tx.Project.Get(ctx, projectID)
		if err != nil {
			return err
		}
		if err := open(within); err != nil {
			return err
		}
		taken, err := tx.ServiceAccount.Query().Where(serviceaccount.ProjectID(projectID), serviceaccount.Name(name)).Exist(ctx)
		if err != nil {
			return err
		}
		if taken {
			return fault.Refuse(fault.Taken, "this project has a service account of this name", "input", "name")
		}
		r, err := audit.Record(ctx, tx, allowed, serviceEvent("service_account.created", id, name, projectID))
		if err != nil {
			return err
		}
		if err := tx.ServiceAccount.Create().SetID(id).SetProjectID(projectID).SetName(name).Exec(r.Open(ctx)); err != nil {
			return err
		}
		return h.tellProject(ctx, tx, news.Changed, projectID)
	})
	return h.serviceAccount(ctx, id, err)
}

// DisableServiceAccount needs project.manage_service_accounts; a disabled one stays as it is. Errors: NOT_FOUND, FORBIDDEN.
func (h *House) DisableServiceAccount(ctx context.Context, id string) (*ent.ServiceAccount, error) {
	return h.setService(ctx, id, "service_account.disabled", func(now int64) int64 { return now })
}

// EnableServiceAccount needs project.manage_service_accounts; an enabled one stays as it is. Errors: NOT_FOUND, FORBIDDEN.
func (h *House) EnableServiceAccount(ctx context.Context, id string) (*ent.ServiceAccount, error) {
	return h.setService(ctx, id, "service_account.enabled", func(int64) int64 { return 0 })
}

func (h *House) setService(ctx context.Context, id, event string, at func(now int64) int64) (*ent.ServiceAccount, error) {
	err := h.do(ctx, func(tx *ent.Tx) error {
		s, err := tx.ServiceAccount.Get(ctx, id)
		if err != nil {
			return err
		}
		allowed, err := h.guard.Authorize(ctx, tx, "project.manage_service_accounts", policy.Deed{ID: s.ProjectID, Part: id})
		if err != nil {
			return err
		}
		if s, err = tx.ServiceAccount.Get(ctx, id); err != nil { // as it is now that the project is held
			return err
		}
		until := at(allowed.Now)
		if (until == 0) == (s.DisabledAt == 0) {
			return nil
		}
		r, err := audit.Record(ctx, tx, allowed, serviceEvent(event, id, s.Name, s.ProjectID))
		if err != nil {
			return err
		}
		if err := tx.ServiceAccount.UpdateOneID(id).SetDisabledAt(until).Exec(r.Open(ctx)); err != nil {
			return err
		}
		return h.tellProject(ctx, tx, news.Changed, s.ProjectID)
	})
	return h.serviceAccount(ctx, id, err)
}

// serviceAccount reads one as the viewer sees it after a deed.
func (h *House) serviceAccount(ctx context.Context, id string, err error) (*ent.ServiceAccount, error) {
	if err != nil {
		return nil, err
	}
	return shown(h.client.ServiceAccount.Get(ctx, id))
}

func serviceEvent(typ, id, name, projectID string) audit.Event {
	return audit.Event{Type: typ, ResourceType: ent.TypeServiceAccount, ResourceID: id, ResourceName: name, Within: projectID}
}
