package keyhall

import (
	"context"
	"regexp"
	"strings"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/organization"
	"github.com/keyhall/keyhall/ent/organizationmember"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/news"
	"github.com/keyhall/keyhall/internal/text"
	"github.com/keyhall/keyhall/policy"
)

// maxSlug is how long a slug may be. One that is made of a name is shorter still.
const maxSlug = 63

// CreateOrganization asks for a new organization.
type CreateOrganization struct {
	Name string
	Slug *string // nil: made of the name
}

// CreateOrganization needs account.create_organization: whoever makes an organization owns it. It begins without a project. That it
// was made is kept in their own organization's trail, and that they are in it in its own. Errors: FORBIDDEN, and INVALID, REQUIRED,
// TOO_LONG, TAKEN (of the slug).
func (h *House) CreateOrganization(ctx context.Context, in CreateOrganization) (*ent.Organization, error) {
	var p problems
	p.text("name", in.Name, maxName, true, false)
	slug := slugOf(in.Name)
	switch {
	case in.Slug != nil:
		slug = p.slug(*in.Slug)
	case slug == "" && len(p) == 0:
		p.add(fault.Invalid, "this name gives no slug: choose one, of 1 to 63 letters from a to z, digits and single dashes between them", "slug")
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	id, me := organization.DefaultID(), viewerID(ctx)
	err := h.do(ctx, func(tx *ent.Tx) error {
		allowed, err := h.guard.Authorize(ctx, tx, "account.create_organization", policy.Deed{ID: me, New: id})
		if err != nil {
			return err
		}
		o := &ent.Organization{ID: id, Name: in.Name}
		event := organizationEvent("organization.created", o)
		event.Within = me
		r, err := audit.Record(ctx, tx, allowed, event)
		if err != nil {
			return err
		}
		err = tx.Organization.Create().SetID(id).SetName(in.Name).SetSlug(slug).SetPersonal(false).Exec(r.Open(ctx))
		if err != nil {
			return taken(err)
		}
		owner := string(organizationmember.RoleOWNER)
		r, err = audit.Record(ctx, tx, allowed, organizationEvent("organization.member_added", o,
			audit.Change{Field: "member", After: &me}, audit.Change{Field: "role", After: &owner}))
		if err != nil {
			return err
		}
		h.tellOf(tx, news.Gained, ent.TypeOrganization, id, me)
		return tx.OrganizationMember.Create().SetOrganizationID(id).SetUserID(me).SetRole(organizationmember.RoleOWNER).Exec(r.Open(ctx))
	})
	if err != nil {
		return nil, err
	}
	return shown(h.client.Organization.Get(ctx, id))
}

// UpdateOrganization changes an organization. A nil field keeps what is there; an empty BillingEmail clears it.
type UpdateOrganization struct {
	ID           string
	Name         *string
	Slug         *string
	BillingEmail *string
}

// UpdateOrganization needs organization.edit. What is the same already succeeds and changes nothing. Errors: NOT_FOUND, FORBIDDEN,
// and INVALID, REQUIRED, TOO_LONG, TAKEN (of the slug).
func (h *House) UpdateOrganization(ctx context.Context, in UpdateOrganization) (*ent.Organization, error) {
	if err := in.normalize(); err != nil {
		return nil, err
	}
	err := h.do(ctx, func(tx *ent.Tx) error {
		allowed, err := h.guard.Authorize(ctx, tx, "organization.edit", policy.Deed{ID: in.ID})
		if err != nil {
			return err
		}
		o, err := tx.Organization.Get(ctx, in.ID)
		if err != nil {
			return err
		}
		update, changes := in.apply(tx, o)
		if len(changes) == 0 {
			return nil
		}
		r, err := audit.Record(ctx, tx, allowed, organizationEvent("organization.updated", o, changes...))
		if err != nil {
			return err
		}
		if err := update.Exec(r.Open(ctx)); err != nil {
			return taken(err)
		}
		return h.tellMembers(ctx, tx, news.Changed, o.ID)
	})
	if err != nil {
		return nil, err
	}
	return shown(h.client.Organization.Get(ctx, in.ID))
}

func (in *UpdateOrganization) normalize() error {
	var p problems
	if in.Name != nil {
		p.text("name", *in.Name, maxName, true, false)
	}
	if in.Slug != nil {
		slug := p.slug(*in.Slug)
		in.Slug = &slug
	}
	if in.BillingEmail != nil && *in.BillingEmail != "" {
		address, ok := text.Address(*in.BillingEmail)
		if !ok {
			p.add(fault.Invalid, "this is no e-mail address", "billingEmail")
		}
		in.BillingEmail = &address
	}
	return p.err()
}

func (in *UpdateOrganization) apply(tx *ent.Tx, o *ent.Organization) (*ent.OrganizationUpdateOne, []audit.Change) {
	u := tx.Organization.UpdateOneID(o.ID)
	var changes []audit.Change
	for _, c := range []struct {
		field string
		now   string
		next  *string
		set   func(string) *ent.OrganizationUpdateOne
	}{{"name", o.Name, in.Name, u.SetName}, {"slug", o.Slug, in.Slug, u.SetSlug}, {"billing_email", o.BillingEmail, in.BillingEmail, u.SetBillingEmail}} {
		if c.next != nil && *c.next != c.now {
			c.set(*c.next)
			changes = append(changes, audit.Changed(c.field, c.now, *c.next))
		}
	}
	return u, changes
}

// slug checks the unique name in addresses, and brings it to its normal form.
func (p *problems) slug(value string) string {
	value = strings.ToLower(strings.TrimSpace(value))
	if len(value) > maxSlug || !regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`).MatchString(value) {
		p.add(fault.Invalid, "a slug is 1 to 63 letters from a to z, digits and single dashes between them", "slug")
	}
	return value
}

// slugOf makes a slug of a name; it may come out empty, and then one has to be chosen.
func slugOf(name string) string {
	words := regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(name), "-")
	return strings.Trim(words[:min(len(words), maxSlug)], "-")
}

// taken is the refusal of a slug that another organization has; nothing else of one is unique.
func taken(err error) error {
	if ent.IsConstraintError(err) {
		return fault.Refuse(fault.Taken, "this slug is taken, also where the name gave it; choose another with slug", "input", "slug")
	}
	return err
}

// tellMembers tells everybody in an organization; the viewer may see who that is.
func (h *House) tellMembers(ctx context.Context, tx *ent.Tx, how news.How, id string) error {
	members, err := tx.OrganizationMember.Query().Where(organizationmember.OrganizationID(id)).All(ctx)
	if err != nil {
		return err
	}
	users := make([]string, len(members))
	for i, m := range members {
		users[i] = m.UserID
	}
	h.tellOf(tx, how, ent.TypeOrganization, id, users...)
	return nil
}

func organizationEvent(typ string, o *ent.Organization, changes ...audit.Change) audit.Event {
	return audit.Event{Type: typ, ResourceType: ent.TypeOrganization, ResourceID: o.ID, ResourceName: o.Name, Changes: changes}
}
