package keyhall

import (
	"context"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/money"
	"github.com/keyhall/keyhall/internal/usage"
	"github.com/keyhall/keyhall/policy"
	"github.com/keyhall/keyhall/policy/lock"
)

// UsageWindow is how far back usage is looked at.
type UsageWindow string

// The windows, each of as many finished periods as fit: minutes, hours or days of UTC.
const (
	Last15Minutes UsageWindow = "LAST_15_MINUTES"
	LastHour      UsageWindow = "LAST_HOUR"
	Last24Hours   UsageWindow = "LAST_24_HOURS"
	Last7Days     UsageWindow = "LAST_7_DAYS"
	Last30Days    UsageWindow = "LAST_30_DAYS"
)

func (w UsageWindow) span(now time.Time) (usage.Span, bool) {
	form, ok := map[UsageWindow]struct {
		step time.Duration
		n    int
	}{
		Last15Minutes: {time.Minute, 15}, LastHour: {time.Minute, 60}, Last24Hours: {time.Hour, 24},
		Last7Days: {time.Hour, 7 * 24}, Last30Days: {24 * time.Hour, 30},
	}[w]
	return usage.Finished(now, form.step, form.n), ok
}

// AskUsage is whose usage is asked for: of an API key, a project or an organization.
type AskUsage struct {
	Type, ID string
	Window   UsageWindow
	GroupBy  *UsageGroup
}

// Usage is what something was used for in the finished periods of a window.
type Usage struct {
	Window   UsageWindow
	Requests int64
	Refused  int64
	Cost     *money.Money // nil: the viewer may not see what it costs
	Points   []*UsagePoint
}

// Allowed are the requests that were let through.
func (u *Usage) Allowed() int64 { return u.Requests - u.Refused }

// UsagePoint is one period, of one group where there are groups.
type UsagePoint struct {
	Start    time.Time
	Group    *string // nil: all, or of a grouped answer what has no name of its own in it
	Requests int64
	Refused  int64
	Cost     *money.Money
}

// metered is what it takes to see the usage of a type of things.
type metered struct{ view, billing, members policy.Permission }

func meteredTypes() map[string]metered {
	return map[string]metered{
		ent.TypeAPIKey:       {"api_key.view_stats", "api_key.view_billing", "api_key.view_sharing"},
		ent.TypeProject:      {"project.view_usage", viewBilling, "project.view_members"},
		ent.TypeOrganization: {"organization.view_usage", viewBilling, "organization.view_members"},
	}
}

const viewBilling policy.Permission = "organization.view_billing"

// Usage needs api_key.view_stats, project.view_usage or organization.view_usage. By members it needs what it takes to see these.
// Cost is for who may see the billing of the key, or of the organization. Errors: NOT_FOUND, FORBIDDEN.
func (h *House) Usage(ctx context.Context, in AskUsage) (*Usage, error) {
	if err := h.mayMeter(ctx, in); err != nil {
		return nil, err
	}
	now, err := h.Now(ctx)
	if err != nil {
		return nil, fault.Internal(err)
	}
	span, ok := in.Window.span(time.UnixMicro(now))
	if !ok {
		return nil, fault.BadInput("there is no such window", "window")
	}
	m, err := h.meter(ctx, in.Type, in.ID)
	if err != nil {
		return nil, err
	}
	return m.read(ctx, span, in)
}

// UsageOfMinute is the usage of a key in one minute that is over; it needs what Usage does.
func (h *House) UsageOfMinute(ctx context.Context, keyID string, minute time.Time) (*UsagePoint, error) {
	in := AskUsage{Type: ent.TypeAPIKey, ID: keyID}
	if err := h.mayMeter(ctx, in); err != nil {
		return nil, err
	}
	m, err := h.meter(ctx, in.Type, in.ID)
	if err != nil {
		return nil, err
	}
	u, err := m.read(ctx, usage.Finished(minute.Add(time.Minute), time.Minute, 1), in)
	if err != nil {
		return nil, err
	}
	return u.Points[0], nil
}

// mayMeter asks the policy before anything of a thing is read under the duty.
func (h *House) mayMeter(ctx context.Context, in AskUsage) error {
	asks := []policy.Permission{meteredTypes()[in.Type].view}
	if in.GroupBy != nil && *in.GroupBy == UsageByMember {
		asks = append(asks, meteredTypes()[in.Type].members)
	}
	for _, p := range asks {
		d, err := h.found(h.guard.Me(ctx, access.Question{Permission: p, Type: in.Type, ID: in.ID}))
		if err != nil {
			return err
		}
		if !d.Allow {
			return h.unseen(ctx, in, p, d.Reasons)
		}
	}
	return nil
}

// unseen is why something may not be read: that it is not there, for who does not see it.
func (h *House) unseen(ctx context.Context, in AskUsage, p policy.Permission, reasons []string) error {
	if _, err := h.guard.Visible(ctx, in.ID); err != nil {
		return err
	}
	return fault.Forbidden(string(p), reasons...)
}

// meter is one thing whose usage is read, with what its viewer may know of it.
type meter struct {
	house    *House
	of       lock.Used
	project  *ent.Project // its project, or the first one of its organization; nil: there is none
	currency string       // what its costs are in
	billing  bool         // the viewer may see them
}

// meter is made once the viewer has been found to see the usage.
func (h *House) meter(ctx context.Context, typ, id string) (*meter, error) {
	m := &meter{house: h, currency: "USD", of: map[string]lock.Used{
		ent.TypeAPIKey: {APIKeyID: id}, ent.TypeProject: {ProjectID: id}, ent.TypeOrganization: {OrganizationID: id},
	}[typ]}
	first, err := h.client.Project.Query().Order(ent.Desc("is_default"), ent.Asc("created_at", "id")).First(lock.UsageOf(ctx, m.of))
	if err != nil && !ent.IsNotFound(err) {
		return nil, translate(err)
	}
	q := access.Question{Permission: meteredTypes()[typ].billing, Type: typ, ID: id}
	if first != nil {
		m.project, m.currency = first, first.Currency
		if typ == ent.TypeProject { // the bill is its organization's
			q.Type, q.ID = ent.TypeOrganization, first.OrganizationID
		}
	}
	d, err := h.guard.Me(ctx, q)
	m.billing = d.Allow
	return m, err
}
