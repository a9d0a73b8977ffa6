package usage

import (
	"context"
	"fmt"
	"time"

	"entgo.io/ent/dialect/sql"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/predicate"
	"github.com/keyhall/keyhall/ent/usagebucket"
	"github.com/keyhall/keyhall/internal/traffic"
)

// Span is some periods of the same length, one after the other.
type Span struct {
	From, To time.Time
	Step     time.Duration
}

// Finished are the last n periods that are over.
func Finished(now time.Time, step time.Duration, n int) Span {
	to := now.UTC().Truncate(step)
	return Span{to.Add(-time.Duration(n) * step), to, step}
}

// Month is from the first of the month of UTC until now.
func Month(now time.Time) Span {
	year, month, _ := now.UTC().Date()
	return Span{time.Date(year, month, 1, 0, 0, 0, 0, time.UTC), now, 31 * day}
}

// Group is what counts can be told apart by: a column of theirs.
type Group string

// The groups.
const (
	ByKey         Group = usagebucket.FieldAPIKeyID
	ByProject     Group = usagebucket.FieldProjectID
	ByEnvironment Group = usagebucket.FieldEnvironment
	ByMember      Group = usagebucket.FieldMemberID
	ByMethod      Group = usagebucket.FieldMethod
	ByOutcome     Group = usagebucket.FieldOutcome
)

// Total is what was counted in one period, of one group, in one currency.
type Total struct {
	Start    time.Time
	Group    string // empty where all are counted together
	Currency string
	Requests int64
	Refused  int64
	Spend    int64 // millionths
}

// Totals adds up a span by its periods. With named groups it adds up each of them and no other. Whose use it is, the duty of ctx says.
func Totals(ctx context.Context, c *ent.Client, s Span, by Group, named []string) ([]Total, error) {
	columns, where := []string{usagebucket.FieldCurrency}, s.rows()
	if by != "" {
		columns = append(columns, string(by))
		where = append(where, predicate.UsageBucket(sql.FieldIn(string(by), named...)))
	}
	var rows []counted
	err := c.UsageBucket.Query().Where(where...).GroupBy(usagebucket.FieldStart, columns...).
		Aggregate(total(usagebucket.FieldRequests), total(usagebucket.FieldSpend), refused).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("add up usage: %w", err)
	}
	return s.periods(rows, by), nil
}

// Busiest names the groups with the most requests in a span, the busiest first.
func Busiest(ctx context.Context, c *ent.Client, s Span, by Group, limit int) ([]string, error) {
	var rows []counted
	busiest := func(s *sql.Selector) {
		s.OrderExpr(sql.Raw(sql.Sum(s.C(usagebucket.FieldRequests))+" DESC"), sql.Raw(s.C(string(by))))
	}
	err := c.UsageBucket.Query().Where(s.rows()...).Order(busiest).Limit(limit).GroupBy(string(by)).
		Aggregate(total(usagebucket.FieldRequests)).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("look for the busiest: %w", err)
	}
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = r.group(by)
	}
	return out, nil
}

// rows of all widths: none is wider than the step in a span that is read. The widths are named for the sake of the indexes, which
// have them before the start.
func (s Span) rows() []predicate.UsageBucket {
	return []predicate.UsageBucket{
		usagebucket.WidthIn(usagebucket.WidthMINUTE, usagebucket.WidthHOUR, usagebucket.WidthDAY),
		usagebucket.StartGTE(s.From.UnixMicro()), usagebucket.StartLT(s.To.UnixMicro()),
	}
}

func refused(s *sql.Selector) string {
	return sql.As("SUM(CASE WHEN "+s.C(usagebucket.FieldOutcome)+" = '"+string(traffic.Valid)+"' THEN 0 ELSE "+s.C(usagebucket.FieldRequests)+" END)", "refused")
}

// counted is a row of a sum.
type counted struct {
	Start       int64  `json:"start"`
	Currency    string `json:"currency"`
	Requests    int64  `json:"requests"`
	Refused     int64  `json:"refused"`
	Spend       int64  `json:"spend"`
	APIKeyID    string `json:"api_key_id"`
	ProjectID   string `json:"project_id"`
	Environment string `json:"environment"`
	MemberID    string `json:"member_id"`
	Method      string `json:"method"`
	Outcome     string `json:"outcome"`
}

func (r counted) group(by Group) string {
	return map[Group]string{
		ByKey: r.APIKeyID, ByProject: r.ProjectID, ByEnvironment: r.Environment, ByMember: r.MemberID, ByMethod: r.Method, ByOutcome: r.Outcome,
	}[by]
}

// periods puts rows into the periods that they began in.
func (s Span) periods(rows []counted, by Group) []Total {
	type place struct {
		period          int64
		group, currency string
	}
	at := map[place]int{}
	var out []Total
	for _, r := range rows {
		period := (r.Start - s.From.UnixMicro()) / s.Step.Microseconds()
		p := place{period, r.group(by), r.Currency}
		i, known := at[p]
		if !known {
			i = len(out)
			at[p] = i
			out = append(out, Total{Start: s.From.Add(time.Duration(period) * s.Step), Group: p.group, Currency: r.Currency})
		}
		out[i].Requests += r.Requests
		out[i].Refused += r.Refused
		out[i].Spend += r.Spend
	}
	return out
}
