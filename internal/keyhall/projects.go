package keyhall

import (
	"cmp"
	"context"
	"fmt"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/project"
	"github.com/keyhall/keyhall/ent/projectmember"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/money"
	"github.com/keyhall/keyhall/internal/news"
	"github.com/keyhall/keyhall/internal/text"
	"github.com/keyhall/keyhall/policy"
)

// CreateProject asks for a new project. Whoever makes it is its first owner: otherwise nobody could make a key in it.
type CreateProject struct {
	OrganizationID string
	Name           string
	Description    *string
	Environment    project.Environment
}

// CreateProject needs organization.create_project. Errors: NOT_FOUND, FORBIDDEN, and INVALID, REQUIRED, TOO_LONG.
func (h *House) CreateProject(ctx context.Context, in CreateProject) (*ent.Project, error) {
	if err := (&UpdateProject{Name: &in.Name, Description: in.Description}).normalize(); err != nil {
		return nil, err
	}
	id := project.DefaultID()
	err := h.do(ctx, func(tx *ent.Tx) error {
		r, err := h.permit(ctx, tx, "organization.create_project", policy.Deed{ID: in.OrganizationID, New: id}, func(access.Permit) (audit.Event, error) {
			environment := string(in.Environment)
			return audit.Event{
				Type: "project.created", ResourceType: ent.TypeProject, ResourceID: id, ResourceName: in.Name, Within: in.OrganizationID,
				Changes: []audit.Change{{Field: "environment", After: &environment}},
			}, nil
		})
		if err != nil {
			return err
		}
		err = tx.Project.Create().SetID(id).SetOrganizationID(in.OrganizationID).SetName(in.Name).SetIsDefault(false).
			SetNillableDescription(in.Description).SetEnvironment(in.Environment).Exec(r.Open(ctx))
		if err != nil {
			return err
		}
		err = tx.ProjectMember.Create().SetProjectID(id).SetUserID(viewerID(ctx)).SetRole(projectmember.RoleOWNER).Exec(r.Open(ctx))
		if err != nil {
			return err
		}
		return h.tellProject(ctx, tx, news.Gained, id)
	})
	return h.project(ctx, id, err)
}

// UpdateProject changes a project. A nil field keeps what is there.
type UpdateProject struct {
	ID          string
	Name        *string
	Description *string
	Environment *project.Environment
	UnitPrice   *money.Money // the zero value: nothing, in the currency that there is
	AlertEmail  *string
	ConfirmName *string
}

// UpdateProject needs project.edit. Errors: NOT_FOUND, FORBIDDEN, and INVALID, REQUIRED, TOO_LONG.
func (h *House) UpdateProject(ctx context.Context, in UpdateProject) (*ent.Project, error) {
	if err := in.normalize(); err != nil {
		return nil, err
	}
	err := h.do(ctx, func(tx *ent.Tx) error {
		allowed, err := h.guard.Authorize(ctx, tx, "project.edit", policy.Deed{ID: in.ID})
		if err != nil {
			return err
		}
		p, err := tx.Project.Get(ctx, in.ID)
		if err != nil {
			return err
		}
		if in.Environment != nil && *in.Environment != p.Environment {
			if err := confirmed(p, p.Name, in.ConfirmName); err != nil {
				return err
			}
		}
		if err := in.priceable(ctx, tx, p); err != nil {
			return err
		}
		update, changes := in.apply(tx, p)
		if len(changes) == 0 {
			return nil
		}
		r, err := audit.Record(ctx, tx, allowed, projectEvent("project.updated", p, changes...))
		if err != nil {
			return err
		}
		if err := update.Exec(r.Open(ctx)); err != nil {
			return err
		}
		return h.tellProject(ctx, tx, news.Changed, p.ID)
	})
	return h.project(ctx, in.ID, err)
}

// normalize checks what is asked for, and brings an address to its normal form: it is written to.
func (in *UpdateProject) normalize() error {
	var p problems
	if in.Name != nil {
		p.text("name", *in.Name, maxName, true, false)
	}
	if in.Description != nil {
		p.text("description", *in.Description, maxDescription, false, true)
	}
	if in.UnitPrice != nil && in.UnitPrice.Amount < 0 {
		p.add(fault.Invalid, "a price is 0 or more", "unitPrice.amount")
	}
	if free := (money.Money{}); in.UnitPrice != nil && *in.UnitPrice != free && !money.IsCurrency(in.UnitPrice.Currency) {
		p.add(fault.Invalid, "write a currency in three capital letters, as in USD", "unitPrice.currency")
	}
	if in.AlertEmail != nil && *in.AlertEmail != "" {
		address, ok := text.Address(*in.AlertEmail)
		if !ok {
			p.add(fault.Invalid, "this is no e-mail address", "alertEmail")
		}
		in.AlertEmail = &address
	}
	return p.err()
}

// confirmed keeps people from stopping, changing or deleting what is live by accident (C15): they type the name of the project or the key.
func confirmed(p *ent.Project, name string, typed *string) error {
	if p.Environment != project.EnvironmentPRODUCTION || typed != nil && *typed == name {
		return nil
	}
	return fault.Refuse(fault.Invalid, "this is live, in a PRODUCTION project: write its name, exactly as it is, to do this", "input", "confirmName")
}

// apply lists what changes, and prepares to write just that.
func (in UpdateProject) apply(tx *ent.Tx, p *ent.Project) (*ent.ProjectUpdateOne, []audit.Change) {
	u := tx.Project.UpdateOneID(p.ID)
	var changes []audit.Change
	if in.Name != nil && *in.Name != p.Name {
		u.SetName(*in.Name)
		changes = append(changes, audit.Changed("name", p.Name, *in.Name))
	}
	if in.Description != nil && *in.Description != p.Description {
		u.SetDescription(*in.Description)
		changes = append(changes, audit.Changed("description", p.Description, *in.Description))
	}
	if in.Environment != nil && *in.Environment != p.Environment {
		u.SetEnvironment(*in.Environment)
		changes = append(changes, audit.Changed("environment", string(p.Environment), string(*in.Environment)))
	}
	if in.UnitPrice != nil {
		now := in.price(p)
		if now != PriceOf(p) {
			u.SetUnitPrice(now.Amount).SetCurrency(now.Currency)
			changes = append(changes, audit.Changed("unit_price", priced(PriceOf(p)), priced(now)))
		}
	}
	if in.AlertEmail != nil && *in.AlertEmail != p.AlertEmail {
		u.SetAlertEmail(*in.AlertEmail)
		changes = append(changes, audit.Changed("alert_email", p.AlertEmail, *in.AlertEmail))
	}
	return u, changes
}

// price is what is asked for.
func (in UpdateProject) price(p *ent.Project) money.Money {
	return money.Money{Amount: in.UnitPrice.Amount, Currency: cmp.Or(in.UnitPrice.Currency, p.Currency)}
}

// PriceOf is what one unit of the use of a project's keys costs.
func PriceOf(p *ent.Project) money.Money {
	return money.Money{Amount: p.UnitPrice, Currency: p.Currency}
}

func priced(m money.Money) string { return fmt.Sprintf("%s %s", money.Format(m.Amount), m.Currency) }

// ArchiveProject needs project.archive; an archived project stays as it is. Errors: NOT_FOUND, FORBIDDEN, and INVALID.
func (h *House) ArchiveProject(ctx context.Context, id string, confirmName *string) (*ent.Project, error) {
	return h.archive(ctx, id, "project.archived", func(p *ent.Project, now int64) (int64, error) {
		return now, confirmed(p, p.Name, confirmName)
	})
}

// UnarchiveProject needs project.archive; a project that is not archived stays as it is. Errors: NOT_FOUND, FORBIDDEN.
func (h *House) UnarchiveProject(ctx context.Context, id string) (*ent.Project, error) {
	return h.archive(ctx, id, "project.unarchived", func(*ent.Project, int64) (int64, error) { return 0, nil })
}

func (h *House) archive(ctx context.Context, id, event string, at func(*ent.Project, int64) (int64, error)) (*ent.Project, error) {
	err := h.do(ctx, func(tx *ent.Tx) error {
		allowed, err := h.guard.Authorize(ctx, tx, "project.archive", policy.Deed{ID: id})
		if err != nil {
			return err
		}
		p, err := tx.Project.Get(ctx, id)
		if err != nil {
			return err
		}
		until, err := at(p, allowed.Now)
		if err != nil || (until == 0) == (p.ArchivedAt == 0) {
			return err
		}
		r, err := audit.Record(ctx, tx, allowed, projectEvent(event, p))
		if err != nil {
			return err
		}
		if err := tx.Project.UpdateOneID(id).SetArchivedAt(until).Exec(r.Open(ctx)); err != nil {
			return err
		}
		return h.tellProject(ctx, tx, news.Changed, id)
	})
	return h.project(ctx, id, err)
}

// open refuses what adds something to a project that is archived.
func open(p *ent.Project) error {
	if p.ArchivedAt != 0 {
		return fault.Refuse(fault.Invalid, "this project is archived: unarchive it, or choose another", "input", "projectId")
	}
	return nil
}

// project reads a project as the viewer sees it after a deed.
func (h *House) project(ctx context.Context, id string, err error) (*ent.Project, error) {
	if err != nil {
		return nil, err
	}
	return shown(h.client.Project.Get(ctx, id))
}

func projectEvent(typ string, p *ent.Project, changes ...audit.Change) audit.Event {
	return audit.Event{Type: typ, ResourceType: ent.TypeProject, ResourceID: p.ID, ResourceName: p.Name, Changes: changes}
}
