package verify

import (
	"context"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/fault"
)

// How long one reading may take, and how old what another request began to read may be for a request that comes later: what was
// over before it came must not be answered as if it were not.
const (
	readLimit = 5 * time.Second
	readAge   = 500 * time.Millisecond
)

// reading is what one read found, and when it began.
type reading struct {
	entry *entry
	began time.Time
}

// find is what there is under the public part of a credential: what is remembered, while it may be believed, or else what the
// database says. What is not there is nobody.
func (v *Verifier) find(ctx context.Context, c *cache, lookup string, read func(context.Context, string) (*entry, error), now time.Time) (*entry, error) {
	if e := v.remembered(c, lookup, now); e != nil {
		return e, nil
	}
	for {
		got, err := v.readOnce(ctx, c, lookup, read)
		switch {
		case err != nil:
			return nil, err
		case now.Sub(got.began) > readAge: // somebody else's
		case got.entry == nil:
			return v.nobody, nil
		default:
			return got.entry, nil
		}
	}
}

// remembered is what there is in memory, while it may be believed; nil: nothing.
func (v *Verifier) remembered(c *cache, lookup string, now time.Time) *entry {
	if !v.epoch.Fresh(now) {
		return nil
	}
	return c.get(lookup)
}

// readOnce reads one id once, however many ask for it at the same time. Who goes away does not take it from the others.
func (v *Verifier) readOnce(ctx context.Context, c *cache, lookup string, read func(context.Context, string) (*entry, error)) (reading, error) {
	done := c.reads.DoChan(lookup, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readLimit)
		defer cancel()
		since, began := v.epoch.Number(), time.Now()
		e, err := read(ctx, lookup)
		if ent.IsNotFound(err) {
			e, err = nil, nil
		}
		if err != nil {
			return reading{}, err
		}
		c.put(lookup, e, since)
		return reading{e, began}, nil
	})
	select {
	case <-ctx.Done():
		return reading{}, fault.Timeout(ctx.Err())
	case result := <-done:
		if result.Err != nil {
			return reading{}, result.Err
		}
		return result.Val.(reading), nil
	}
}
