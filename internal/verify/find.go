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
	entry entry
	began time.Time
}

// find is what there is under the public part of a credential: what is remembered, while it may be believed, or else what the
// database says. What is not there is nobody.
func (v *Verifier) find(ctx context.Context, c *cache, id string, read func(context.Context, string) (entry, error), now time.Time) (entry, error) {
	l, ok := lookupOf(id)
	if !ok {
		return c.nobody, nil
	}
	if e, ok := v.remembered(c, l, now); ok {
		return e, nil
	}
	for {
		got, err := v.readOnce(ctx, c, l, read)
		if err != nil || now.Sub(got.began) <= readAge { // else it is somebody else's
			return got.entry, err
		}
	}
}

// remembered is what there is in memory, while it may be believed.
func (v *Verifier) remembered(c *cache, l lookup, now time.Time) (entry, bool) {
	if !v.epoch.Fresh(now) {
		return entry{}, false
	}
	return c.get(l)
}

// readOnce reads one id once, however many ask for it at the same time. Who goes away does not take it from the others.
func (v *Verifier) readOnce(ctx context.Context, c *cache, l lookup, read func(context.Context, string) (entry, error)) (reading, error) {
	done := c.reads.DoChan(string(l[:]), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readLimit)
		defer cancel()
		since, began := v.epoch.Number(), time.Now()
		e, err := read(ctx, string(l[:]))
		switch {
		case ent.IsNotFound(err):
			c.putNobody(l, since)
			return reading{c.nobody, began}, nil
		case err != nil:
			return reading{}, err
		}
		e.lookup = l
		return reading{c.put(e, since), began}, nil
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
