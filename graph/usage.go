package graph

import (
	"context"
	"errors"
	"time"

	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/keyhall"
	"github.com/keyhall/keyhall/internal/viewer"
)

// Usage is read for one thing at a time, so an operation reads it of so many only.
const (
	mostUsages   = 25
	groupedUsage = 5 // what one with groups counts as: it may have a hundred times the points
)

// usage reads what something was used for.
func (r *Resolver) usage(ctx context.Context, typ, id string, window keyhall.UsageWindow, by *keyhall.UsageGroup) (*keyhall.Usage, error) {
	return gated(ctx, typ, id, func() (*keyhall.Usage, error) {
		weight := int64(1)
		if by != nil {
			weight = groupedUsage
		}
		if requestOf(ctx).usages.Add(weight) > mostUsages {
			return nil, fault.BadInput("this operation asks for too many usages: 25, or 5 with groups, are answered in one", "usage")
		}
		return r.House.Usage(ctx, keyhall.AskUsage{Type: typ, ID: id, Window: window, GroupBy: by})
	})
}

// billing reads what something costs; it counts as a usage.
func (r *Resolver) billing(ctx context.Context, typ, id string) (*keyhall.BillingDetails, error) {
	return gated(ctx, typ, id, func() (*keyhall.BillingDetails, error) {
		if requestOf(ctx).usages.Add(1) > mostUsages {
			return nil, fault.BadInput("this operation asks for too many bills: 25 are answered in one", "billing")
		}
		return r.House.Billing(ctx, typ, id)
	})
}

// settled is how long after its end a minute is shown: by then every process has written what it counted in it.
const settled = 3 * time.Second

// usageStream finds out what a key was used for, minute by minute. Each point is preceded by a look at the credential and at the
// right to see it.
type usageStream struct {
	*Resolver
	keyID  string
	minute time.Time // the next one
	out    chan *keyhall.UsagePoint
}

// watchUsage has no goroutine of its own, as watchAccess has none. Who may not see the key is told so at once.
func (r *Resolver) watchUsage(ctx context.Context, keyID string) (<-chan *keyhall.UsagePoint, error) {
	now, err := r.House.Now(ctx)
	if err != nil {
		return nil, fault.Internal(err)
	}
	last := time.UnixMicro(now).Add(-settled).Truncate(time.Minute).Add(-time.Minute)
	if _, err := r.House.UsageOfMinute(ctx, keyID, last); err != nil {
		return nil, err
	}
	s := &usageStream{Resolver: r, keyID: keyID, minute: last, out: make(chan *keyhall.UsagePoint, 1)}
	operationOf(ctx).feed = s.feed
	return s.out, nil
}

// feed waits for the next point; the stream ends when the client has gone, or has no right to it any more.
func (s *usageStream) feed(ctx context.Context) {
	if p := s.next(ctx); p != nil {
		s.out <- p
		return
	}
	close(s.out)
}

func (s *usageStream) next(ctx context.Context) *keyhall.UsagePoint {
	operationOf(ctx).memory.Store(nil) // a quiet stream remembers nothing
	for ctx.Err() == nil {
		p, wait, err := s.look(ctx)
		var known *fault.Error
		switch {
		case p != nil:
			operationOf(ctx).memory.Store(s.newRequest())
			return p
		case errors.As(err, &known) && known.Code != fault.CodeInternal && known.Code != fault.CodeTimeout:
			return nil
		case err != nil && ctx.Err() == nil:
			s.Log.ErrorContext(ctx, "a stream could not look", "error", err, "viewer", viewer.From(ctx))
			wait = afterTrouble
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
	return nil
}

// look answers with the next point, or says how long to wait for it.
func (s *usageStream) look(ctx context.Context) (*keyhall.UsagePoint, time.Duration, error) {
	wait, ok, err := s.standing(ctx)
	if err != nil {
		return nil, 0, err
	}
	if !ok {
		return nil, 0, fault.Unauthenticated()
	}
	bounded, cancel := context.WithTimeout(ctx, eventTime)
	defer cancel()
	now, err := s.House.Now(bounded)
	if err != nil {
		return nil, 0, err
	}
	if due := s.minute.Add(time.Minute + settled).Sub(time.UnixMicro(now)); due > 0 {
		return nil, min(wait, due), nil
	}
	p, err := s.House.UsageOfMinute(bounded, s.keyID, s.minute)
	if err == nil {
		s.minute = s.minute.Add(time.Minute)
	}
	return p, 0, err
}
