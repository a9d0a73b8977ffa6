package keyhall

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/serviceaccount"
	"github.com/keyhall/keyhall/ent/user"
	"github.com/keyhall/keyhall/internal/money"
	"github.com/keyhall/keyhall/internal/usage"
	"github.com/keyhall/keyhall/policy"
	"github.com/keyhall/keyhall/policy/lock"
)

// UsageGroup is what usage is told apart by.
type UsageGroup string

// The groups.
const (
	UsageByAPIKey      UsageGroup = "API_KEY"
	UsageByProject     UsageGroup = "PROJECT"
	UsageByEnvironment UsageGroup = "ENVIRONMENT"
	UsageByMember      UsageGroup = "MEMBER"
	UsageByMethod      UsageGroup = "METHOD"
	UsageByOutcome     UsageGroup = "OUTCOME"
)

func (g UsageGroup) column() usage.Group {
	return map[UsageGroup]usage.Group{
		UsageByAPIKey: usage.ByKey, UsageByProject: usage.ByProject, UsageByEnvironment: usage.ByEnvironment,
		UsageByMember: usage.ByMember, UsageByMethod: usage.ByMethod, UsageByOutcome: usage.ByOutcome,
	}[g]
}

// namedGroups is how many groups have a name of their own in an answer, the busiest first.
const namedGroups = 100

// read adds up a span. What is counted only grows, so the groups are read before the whole: what has no name is never less than 0.
func (m *meter) read(ctx context.Context, span usage.Span, in AskUsage) (*Usage, error) {
	under, client := lock.UsageOf(ctx, m.of), m.house.client
	var grouped []usage.Total
	if in.GroupBy != nil {
		ids, err := usage.Busiest(under, client, span, in.GroupBy.column(), namedGroups)
		if err == nil {
			ids, err = m.house.nameable(ctx, *in.GroupBy, ids)
		}
		if err == nil && len(ids) > 0 {
			grouped, err = usage.Totals(under, client, span, in.GroupBy.column(), ids)
		}
		if err != nil {
			return nil, translate(err)
		}
	}
	whole, err := usage.Totals(under, client, span, "", nil)
	if err != nil {
		return nil, translate(err)
	}
	out := &Usage{Window: in.Window}
	if m.billing {
		out.Cost = &money.Money{Currency: m.currency}
	}
	for _, t := range whole {
		out.Requests += t.Requests
		out.Refused += t.Refused
		m.charge(out.Cost, t)
	}
	if in.GroupBy == nil {
		out.Points = m.points(span, whole)
	} else {
		out.Points = m.groups(whole, grouped)
	}
	return out, nil
}

func (m *meter) charge(cost *money.Money, t usage.Total) {
	if cost != nil && t.Currency == m.currency {
		cost.Amount += t.Spend
	}
}

// points are all periods of a span, also those in which nothing was asked.
func (m *meter) points(span usage.Span, totals []usage.Total) []*UsagePoint {
	var out []*UsagePoint
	at := map[int64]*UsagePoint{}
	for start := span.From; start.Before(span.To); start = start.Add(span.Step) {
		out = append(out, m.point(start, nil))
		at[start.UnixMicro()] = out[len(out)-1]
	}
	for _, t := range totals {
		m.add(at[t.Start.UnixMicro()], t, 1)
	}
	return out
}

// groups are the periods of each group in which something was asked, and one nameless group of all the others.
func (m *meter) groups(whole, grouped []usage.Total) []*UsagePoint {
	type place struct {
		start int64
		group string
	}
	at, rest := map[place]*UsagePoint{}, map[int64]*UsagePoint{}
	var out []*UsagePoint
	for _, t := range whole {
		start := t.Start.UnixMicro()
		if rest[start] == nil {
			rest[start] = m.point(t.Start, nil)
		}
		m.add(rest[start], t, 1)
	}
	for _, t := range grouped {
		p := place{t.Start.UnixMicro(), t.Group}
		if at[p] == nil {
			at[p] = m.point(t.Start, &t.Group)
			out = append(out, at[p])
		}
		m.add(at[p], t, 1)
		m.add(rest[p.start], t, -1)
	}
	for _, p := range rest {
		if p.Requests > 0 || p.Cost != nil && p.Cost.Amount > 0 {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b *UsagePoint) int {
		return cmp.Or(a.Start.Compare(b.Start), nameless(a)-nameless(b), cmp.Compare(deref(a.Group), deref(b.Group)))
	})
	return out
}

func nameless(p *UsagePoint) int {
	if p.Group == nil {
		return 1
	}
	return 0
}

func (m *meter) point(start time.Time, group *string) *UsagePoint {
	p := &UsagePoint{Start: start.UTC(), Group: group}
	if m.billing {
		p.Cost = &money.Money{Currency: m.currency}
	}
	return p
}

func (m *meter) add(p *UsagePoint, t usage.Total, sign int64) {
	if p == nil { // began to be counted after the groups were read
		return
	}
	p.Requests += sign * t.Requests
	p.Refused += sign * t.Refused
	t.Spend *= sign
	m.charge(p.Cost, t)
}

// nameable are those of some groups that the viewer may know of: keys whose statistics they may see, projects whose usage, and people
// whom they see. All others are counted together, without a name.
func (h *House) nameable(ctx context.Context, by UsageGroup, ids []string) ([]string, error) {
	switch by {
	case UsageByAPIKey:
		return h.holding(ctx, ent.TypeAPIKey, ids, "api_key.view_stats")
	case UsageByProject:
		return h.holding(ctx, ent.TypeProject, ids, "project.view_usage")
	case UsageByMember:
		return h.owners(ctx, ids)
	}
	return ids, nil
}

func (h *House) holding(ctx context.Context, typ string, ids []string, p policy.Permission) ([]string, error) {
	can, err := h.guard.Can(ctx, typ, ids, []policy.Permission{p})
	return slices.DeleteFunc(ids, func(id string) bool { return len(can[id]) == 0 }), err
}

// owners of keys are people and service accounts.
func (h *House) owners(ctx context.Context, ids []string) ([]string, error) {
	seen, err := h.client.User.Query().Where(user.IDIn(ids...)).IDs(ctx)
	if err != nil {
		return nil, err
	}
	if _, ruled := h.guard.Law().RowPermission(ent.TypeServiceAccount); ruled {
		accounts, err := h.client.ServiceAccount.Query().Where(serviceaccount.IDIn(ids...)).IDs(ctx)
		if err != nil {
			return nil, err
		}
		seen = append(seen, accounts...)
	}
	return seen, nil
}
