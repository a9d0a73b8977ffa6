package usage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"entgo.io/ent/dialect/sql"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/predicate"
	"github.com/keyhall/keyhall/ent/usagebatch"
	"github.com/keyhall/keyhall/ent/usagebucket"
	"github.com/keyhall/keyhall/policy"
	"github.com/keyhall/keyhall/policy/lock"
)

// rollUp is the name of the row that whoever adds up holds while they do: of several processes one works, the others wait, and
// then find what is left.
const rollUp = "roll-up"

const keysPerRollUp = 50 // in one transaction, so that it is short

// step is how rows of one width become rows of the next.
type step struct {
	from, to usagebucket.Width
	size     time.Duration // of the wider ones
	after    time.Duration // their end: until then they are read as they are
}

// steps: the hour that is shown by the minute is over for long, and so are the seven days that are shown by the hour.
func steps() []step {
	return []step{
		{usagebucket.WidthMINUTE, usagebucket.WidthHOUR, time.Hour, 2 * time.Hour},
		{usagebucket.WidthHOUR, usagebucket.WidthDAY, day, 8 * day},
	}
}

const (
	day       = 24 * time.Hour
	forgotten = 30 * day // what the last batch of a process is called: nobody tries it again
)

// errMoved says that counts came in while they were being added up: they are added up the next time.
var errMoved = errors.New("usage: counts came in late while they were added up")

// RollUp adds up all that is old enough by the database's clock. It may run in several processes.
func (c *Counter) RollUp(ctx context.Context) error {
	now, err := policy.Clock(ctx, c.client)
	if err != nil {
		return err
	}
	if err := c.rollUp(ctx, time.UnixMicro(now)); err != nil {
		return err
	}
	_, err = c.client.UsageBatch.Delete().Where(usagebatch.CreatedAtLT(now - forgotten.Microseconds())).Exec(lock.UsageRollUp(ctx))
	return err
}

func (c *Counter) rollUp(ctx context.Context, now time.Time) error {
	for _, s := range steps() {
		for more := true; more; {
			var err error
			if more, err = c.rollUpSome(lock.UsageRollUp(ctx), s, now); err != nil {
				return fmt.Errorf("add up usage by the %s: %w", s.to, err)
			}
		}
	}
	return nil
}

// due selects the rows of finished periods that are old enough.
func (s step) due(now time.Time) predicate.UsageBucket {
	return usagebucket.And(usagebucket.WidthEQ(s.from), usagebucket.StartLT(now.Add(-s.after).Truncate(s.size).UnixMicro()))
}

// rollUpSome adds up the oldest period of some keys, and tells whether there was anything to do.
func (c *Counter) rollUpSome(ctx context.Context, s step, now time.Time) (more bool, err error) {
	if due, err := c.client.UsageBucket.Query().Where(s.due(now)).Exist(ctx); err != nil || !due {
		return false, err
	}
	tx, err := c.client.Tx(ctx)
	if err != nil {
		return false, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tx.Rollback())
		}
	}()
	if err := tx.UsageBatch.Create().SetBatch(rollUp).Exec(ctx); err != nil {
		return false, err
	}
	if err := addUp(ctx, tx, s, now); err != nil {
		return false, err
	}
	if _, err := tx.UsageBatch.Delete().Where(usagebatch.Batch(rollUp)).Exec(ctx); err != nil {
		return false, err
	}
	return true, tx.Commit()
}

// addUp writes the sums of the oldest period and takes what was added: exactly as many rows as were, or nothing at all.
func addUp(ctx context.Context, tx *ent.Tx, s step, now time.Time) error {
	oldest, err := tx.UsageBucket.Query().Where(s.due(now)).Order(ent.Asc(usagebucket.FieldStart)).First(ctx)
	if ent.IsNotFound(err) { // another process was quicker
		return nil
	}
	if err != nil {
		return err
	}
	start := time.UnixMicro(oldest.Start).Truncate(s.size)
	period := usagebucket.And(usagebucket.WidthEQ(s.from), usagebucket.StartGTE(start.UnixMicro()), usagebucket.StartLT(start.Add(s.size).UnixMicro()))
	keys, err := tx.UsageBucket.Query().Where(period).Order(ent.Asc(usagebucket.FieldAPIKeyID)).Limit(keysPerRollUp).
		GroupBy(usagebucket.FieldAPIKeyID).Strings(ctx)
	if err != nil {
		return err
	}
	period = usagebucket.And(period, usagebucket.APIKeyIDIn(keys...))
	sums, err := sumsOf(ctx, tx, period)
	if err != nil {
		return err
	}
	var rows []*ent.UsageBucketCreate
	added := 0
	for _, r := range sums {
		k := cell{start.UnixMicro(), r.APIKeyID, r.ProjectID, r.OrganizationID, r.Environment, r.MemberID, r.Method, r.Outcome, r.Currency}
		rows = append(rows, row(tx, s.to, k, sum{r.Requests, r.Units, r.Spend}, rollUp))
		added += r.Rows
	}
	if err := insert(ctx, tx, rows); err != nil {
		return err
	}
	gone, err := tx.UsageBucket.Delete().Where(period).Exec(ctx)
	if err == nil && gone != added {
		err = errMoved
	}
	return err
}

// summed is what is the same in some rows, and their sums.
type summed struct {
	APIKeyID       string `json:"api_key_id"`
	ProjectID      string `json:"project_id"`
	OrganizationID string `json:"organization_id"`
	Environment    string `json:"environment"`
	MemberID       string `json:"member_id"`
	Method         string `json:"method"`
	Outcome        string `json:"outcome"`
	Currency       string `json:"currency"`
	Requests       int64  `json:"requests"`
	Units          int64  `json:"units"`
	Spend          int64  `json:"spend"`
	Rows           int    `json:"rows_added"`
}

func sumsOf(ctx context.Context, tx *ent.Tx, period predicate.UsageBucket) (out []summed, err error) {
	err = tx.UsageBucket.Query().Where(period).
		GroupBy(usagebucket.FieldAPIKeyID, usagebucket.FieldProjectID, usagebucket.FieldOrganizationID, usagebucket.FieldEnvironment,
			usagebucket.FieldMemberID, usagebucket.FieldMethod, usagebucket.FieldOutcome, usagebucket.FieldCurrency).
		Aggregate(total(usagebucket.FieldRequests), total(usagebucket.FieldUnits), total(usagebucket.FieldSpend), ent.As(ent.Count(), "rows_added")).
		Scan(ctx, &out)
	return out, err
}

// total is the sum of a column, under its own name.
func total(column string) ent.AggregateFunc {
	return func(s *sql.Selector) string { return sql.As(sql.Sum(s.C(column)), column) }
}
