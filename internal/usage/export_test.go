package usage

import (
	"context"
	"time"
)

// RollUpAt adds up as if it were that time.
func (c *Counter) RollUpAt(ctx context.Context, now time.Time) error { return c.rollUp(ctx, now) }

// WriteUnclearly writes what was counted, and does not learn that it was: as when the answer to a commit is lost.
func (c *Counter) WriteUnclearly(ctx context.Context) error {
	if err := c.finish(ctx); err != nil {
		return err
	}
	if c.batch = c.collect(); c.batch == nil {
		return nil
	}
	return c.write(ctx, c.batch)
}
