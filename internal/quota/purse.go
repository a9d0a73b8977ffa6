package quota

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/keyhall/keyhall/internal/traffic"
)

// purse is what this process may still spend of the limit of one key, project or organization without asking the database.
type purse struct {
	scope string

	mu      sync.Mutex
	left    int64
	limit   int64         // under which it was filled
	leased  int64         // what the database says that this process holds
	month   int           // of which
	until   time.Time     // when it is good for nothing, by this process's own clock
	ends    time.Time     // when the month is over
	used    bool          // since somebody last looked
	filling chan struct{} // closed when what is asked of the database is answered; nil: nothing is
	recalls int           // how often it was called back
	empty   refusal
}

// refusal is that the database had nothing more to give, which is believed for a moment.
type refusal struct {
	limit, cost int64
	until       time.Time
	left        time.Duration // until the month is over
}

// refusalKept is how long: what other processes give back is found after it.
const refusalKept = 300 * time.Millisecond

// shortage is a purse that has not enough for a request.
type shortage struct {
	purse *purse
	limit traffic.Spend
}

// held is what was taken out of purses for one request.
type held struct {
	purses []*purse
	months []int
	cost   int64
}

// release puts it back, as nothing was spent. What the month or the lease of a purse has ended in between is spent.
func (h held) release() {
	for i, p := range h.purses {
		p.mu.Lock()
		if p.month == h.months[i] && !p.until.IsZero() {
			p.left += h.cost
		}
		p.mu.Unlock()
	}
}

// has tells whether the purse can pay, under the limit of now.
func (p *purse) has(limit, cost int64, now time.Time) bool {
	return p.limit == limit && p.left >= cost && now.Before(p.until)
}

// recalled is the limit of a purse that was called back: no request has it.
const recalled = -1

// recall has the purse filled anew before more is spent from it; what is left goes back then. What is being asked at the moment may be from
// before: it is asked again too.
func (p *purse) recall() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.recalls++
	p.limit = recalled
}

// holds is what of a month's limit this process has leased and not spent.
func (p *purse) holds(month int, now time.Time) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.month != month || !now.Before(p.until) || p.filling != nil {
		return 0
	}
	return p.left
}

// inOrder sorts limits, so that two requests never wait for each other.
func inOrder(limits []traffic.Spend) []traffic.Spend {
	limits = slices.Clone(limits)
	slices.SortFunc(limits, func(a, b traffic.Spend) int { return strings.Compare(a.Scope, b.Scope) })
	return limits
}

// hold takes the cost of a request out of all its purses, or out of none and says which is short: which has less than it needs.
func (l *ledger) hold(limits []traffic.Spend, cost, need int64) (held, *shortage) {
	if need == 0 || len(limits) == 0 {
		return held{}, nil
	}
	limits = inOrder(limits)
	h, now := held{cost: cost}, l.now()
	for _, s := range limits {
		p := l.purse(s.Scope)
		p.mu.Lock()
		h.purses, h.months = append(h.purses, p), append(h.months, p.month)
	}
	defer func(locked []*purse) {
		for _, p := range locked {
			p.mu.Unlock()
		}
	}(h.purses)
	for i, s := range limits {
		if !h.purses[i].has(s.Amount, need, now) {
			return held{}, &shortage{purse: h.purses[i], limit: s}
		}
	}
	for _, p := range h.purses {
		p.left -= cost
		p.used = true
	}
	return h, nil
}

// portion is how much is leased in one go: a hundredth of the limit, less near its end so that little is left with processes that do
// not need it, and never less than the request costs. 0: there is not that much.
func portion(limit, room, cost int64) int64 {
	if room < cost {
		return 0
	}
	return min(max(min(limit/100, room/8), cost), room)
}
