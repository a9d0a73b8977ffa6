package usage

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/apikey"
	"github.com/keyhall/keyhall/ent/usagebatch"
	"github.com/keyhall/keyhall/ent/usagebucket"
	"github.com/keyhall/keyhall/policy/lock"
)

const (
	rowsAtOnce = 500              // in one statement: a row is some fifteen parameters
	keysAtOnce = 1000             // the same, of one each
	usedEvery  = 10 * time.Second // how exact "last used" is, so that a busy key is not written each second
)

// batch is what is written in one transaction, once.
type batch struct {
	name, before string // its own name, and that of the one before it
	rows         []count
	waiting      []chan struct{}
	cells        int64 // how much room it takes
}

// Flush writes all that was counted until now. A batch that could not be written, or of which nobody knows, is tried again as it is,
// before anything else.
func (c *Counter) Flush(ctx context.Context) error {
	select {
	case c.writer <- struct{}{}:
		defer func() { <-c.writer }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if err := c.finish(ctx); err != nil {
		return err
	}
	if c.batch = c.collect(); c.batch == nil {
		return nil
	}
	return c.finish(ctx)
}

// finish writes the batch that waits, if one does.
func (c *Counter) finish(ctx context.Context) error {
	if c.batch == nil {
		return nil
	}
	if err := c.write(ctx, c.batch); err != nil {
		return fmt.Errorf("write usage: %w", err)
	}
	b := c.batch
	c.batch = nil
	c.cells.Add(-b.cells)
	for _, w := range b.waiting {
		close(w)
	}
	if err := c.touch(ctx, b.rows); err != nil { // that a key looks unused for a little longer fails nothing
		c.log.WarnContext(ctx, "when keys were last used could not be written", "error", err)
	}
	return nil
}

// collect takes what all shards hold; nil when that is nothing.
func (c *Counter) collect() *batch {
	b := &batch{}
	for i := range c.shards {
		h := c.shards[i].take()
		b.rows = append(b.rows, h.counts...)
		if h.written != nil {
			b.waiting = append(b.waiting, h.written)
		}
	}
	if len(b.rows) == 0 {
		return nil
	}
	b.cells, b.before = int64(len(b.rows)), c.named(c.number)
	c.number++
	b.name = c.named(c.number)
	return b
}

func (c *Counter) named(number int) string { return c.name + "/" + strconv.Itoa(number) }

// write does it in one transaction. Its name is unique: when it is there already, an earlier try was written after all.
func (c *Counter) write(ctx context.Context, b *batch) (err error) {
	ctx = lock.UsageFlush(ctx)
	tx, err := c.client.Tx(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tx.Rollback())
		}
	}()
	switch err := tx.UsageBatch.Create().SetBatch(b.name).Exec(ctx); {
	case ent.IsConstraintError(err):
		return tx.Rollback()
	case err != nil:
		return err
	}
	if _, err := tx.UsageBatch.Delete().Where(usagebatch.Batch(b.before)).Exec(ctx); err != nil {
		return err
	}
	var rows []*ent.UsageBucketCreate
	for _, r := range b.rows {
		rows = append(rows, row(tx, usagebucket.WidthMINUTE, r.cell, r.sum, b.name))
	}
	if err := insert(ctx, tx, rows); err != nil {
		return err
	}
	return tx.Commit()
}

func insert(ctx context.Context, tx *ent.Tx, rows []*ent.UsageBucketCreate) error {
	for some := range slices.Chunk(rows, rowsAtOnce) {
		if err := tx.UsageBucket.CreateBulk(some...).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

func row(tx *ent.Tx, w usagebucket.Width, k cell, s sum, batch string) *ent.UsageBucketCreate {
	return tx.UsageBucket.Create().SetWidth(w).SetStart(k.start).SetAPIKeyID(k.key).SetProjectID(k.project).
		SetOrganizationID(k.organization).SetEnvironment(k.environment).SetMemberID(k.member).SetMethod(k.method).
		SetOutcome(k.outcome).SetCurrency(k.currency).SetRequests(s.requests).SetUnits(s.units).SetSpend(s.spend).SetBatch(batch)
}

// touch writes when keys were last let through, by the second. It comes after the counts, so that nobody waits for it.
func (c *Counter) touch(ctx context.Context, rows []count) error {
	ctx = lock.KeysUsed(ctx)
	used, seconds := map[string]int64{}, map[int64][]string{}
	for _, r := range rows {
		if r.used > 0 {
			used[r.key] = max(used[r.key], r.used)
		}
	}
	for id, at := range used {
		second := time.UnixMicro(at).Truncate(time.Second).UnixMicro()
		seconds[second] = append(seconds[second], id)
	}
	for _, at := range slices.Sorted(maps.Keys(seconds)) {
		for ids := range slices.Chunk(slices.Sorted(slices.Values(seconds[at])), keysAtOnce) {
			err := c.client.APIKey.Update().Where(apikey.IDIn(ids...), apikey.LastUsedAtLT(at-usedEvery.Microseconds())).
				SetLastUsedAt(at).Exec(ctx)
			if err != nil {
				return err
			}
		}
	}
	return nil
}
