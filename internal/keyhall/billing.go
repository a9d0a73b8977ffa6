package keyhall

import (
	"context"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/money"
	"github.com/keyhall/keyhall/internal/usage"
	"github.com/keyhall/keyhall/policy/lock"
)

// BillingDetails is what something costs.
type BillingDetails struct {
	BillingEmail *string // nil: none is set, or it is not the viewer's to see
	MonthToDate  money.Money
	UnitPrice    money.Money
}

// Billing needs api_key.view_billing or organization.view_billing. The month is that of UTC, with what has come of it until now. The
// price is that of the key's project, or of the first one of the organization. Errors: NOT_FOUND, FORBIDDEN.
func (h *House) Billing(ctx context.Context, typ, id string) (*BillingDetails, error) {
	p := meteredTypes()[typ].billing
	d, err := h.found(h.guard.Me(ctx, access.Question{Permission: p, Type: typ, ID: id}))
	if err != nil {
		return nil, err
	}
	if !d.Allow {
		return nil, h.unseen(ctx, AskUsage{Type: typ, ID: id}, p, d.Reasons)
	}
	now, err := h.Now(ctx)
	if err != nil {
		return nil, fault.Internal(err)
	}
	m, err := h.meter(ctx, typ, id)
	if err != nil {
		return nil, err
	}
	month, err := usage.Totals(lock.UsageOf(ctx, m.of), h.client, usage.Month(time.UnixMicro(now)), "", nil)
	if err != nil {
		return nil, translate(err)
	}
	out := &BillingDetails{MonthToDate: money.Money{Currency: m.currency}, UnitPrice: money.Money{Currency: m.currency}}
	for _, t := range month {
		m.charge(&out.MonthToDate, t)
	}
	organizationID := m.of.OrganizationID
	if m.project != nil {
		out.UnitPrice.Amount, organizationID = m.project.UnitPrice, m.project.OrganizationID
	}
	out.BillingEmail, err = h.billingEmail(ctx, m, organizationID)
	return out, err
}

// billingEmail is the organization's, for who may see its billing.
func (h *House) billingEmail(ctx context.Context, m *meter, id string) (*string, error) {
	d, err := h.guard.Me(ctx, access.Question{Permission: viewBilling, Type: ent.TypeOrganization, ID: id})
	if err != nil || !d.Allow {
		return nil, err
	}
	o, err := h.client.Organization.Get(lock.UsageOf(ctx, m.of), id)
	if err != nil || o.BillingEmail == "" {
		return nil, translate(err)
	}
	return &o.BillingEmail, nil
}
