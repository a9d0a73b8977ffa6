package graph

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/news"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy"
)

const (
	lookAgain    = 30 * time.Second       // how long a quiet stream trusts what it knows of its credential
	shortest     = 250 * time.Millisecond // between two looks at a credential that is about to expire
	afterTrouble = time.Second            // after the database did not answer
	eventTime    = 10 * time.Second       // to find out what one event says
)

// accessStream finds out what one viewer is told. It is a step behind on purpose: it looks only once the writer has asked for
// the next event, so that nothing is found out, kept, and shown later. Each event is preceded by a look at the credential,
// and what it says is the policy's answer at that moment.
type accessStream struct {
	*Resolver
	log  *slog.Logger
	news *news.Listener
	out  chan *AccessChange
}

// watchAccess has no goroutine of its own: the writer's waits in feed, because ten thousand more would be dear.
func (r *Resolver) watchAccess(ctx context.Context) <-chan *AccessChange {
	s := &accessStream{Resolver: r, log: r.Log, news: r.News.Listen(viewer.From(ctx).UserID), out: make(chan *AccessChange, 1)}
	context.AfterFunc(ctx, s.news.Close)
	operationOf(ctx).feed = s.feed
	return s.out
}

// feed waits for the next event; the stream ends when the client has gone or the credential is over.
func (s *accessStream) feed(ctx context.Context) {
	if change := s.next(ctx); change != nil {
		s.out <- change
		return
	}
	close(s.out)
}

// next waits for something that the viewer is to be told; nil when the stream is over.
func (s *accessStream) next(ctx context.Context) *AccessChange {
	operationOf(ctx).memory.Store(nil) // a quiet stream remembers nothing
	for ctx.Err() == nil {
		wait, ok, err := s.standing(ctx)
		if err == nil && !ok {
			return nil
		}
		if err == nil {
			item, waiting := s.news.Take()
			var change *AccessChange
			if waiting {
				if change, err = s.tell(ctx, item); change != nil {
					return change
				}
			}
			if waiting && err == nil {
				continue
			}
		}
		if err != nil { // nothing is told that could not be asked; later the client is sent to look at everything
			s.trouble(ctx, err)
			wait = afterTrouble
		}
		s.sleep(ctx, wait, err == nil)
	}
	return nil
}

// standing looks at the credential, and says for how long that look is good.
func (r *Resolver) standing(ctx context.Context) (time.Duration, bool, error) {
	bounded, cancel := context.WithTimeout(ctx, eventTime)
	defer cancel()
	now, ok, err := r.Accounts.Standing(bounded, viewer.From(ctx))
	if err != nil || !ok {
		return 0, false, err
	}
	viewer.Refresh(ctx, now.Viewer)
	if now.Expires.IsZero() {
		return lookAgain, true, nil
	}
	return max(shortest, min(lookAgain, time.Until(now.Expires))), true, nil
}

func (s *accessStream) trouble(ctx context.Context, err error) {
	if ctx.Err() == nil {
		s.news.Missed()
		s.log.ErrorContext(ctx, "a stream could not look", "error", err, "viewer", viewer.From(ctx))
	}
}

func (s *accessStream) sleep(ctx context.Context, d time.Duration, wake bool) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	news := s.news.Wake()
	if !wake {
		news = nil
	}
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-news:
	}
}

// tell makes an event of an item, or nothing when the viewer is not to know: what they do not see is named only if the deed
// took it from them, and never to a token that leaves out seeing such things.
func (s *accessStream) tell(ctx context.Context, item news.Item) (*AccessChange, error) {
	operationOf(ctx).memory.Store(s.newRequest())
	if item.Resync {
		return &AccessChange{Kind: AccessChangeKindResync, Permissions: []string{}}, nil
	}
	law, id := s.House.Law(), item.Thing.ID
	view, known := law.RowPermission(item.Thing.Type)
	if !known || viewer.From(ctx).Narrowed(string(view)) {
		return nil, nil
	}
	bounded, cancel := context.WithTimeout(ctx, eventTime)
	defer cancel()
	can, err := s.can(bounded, item.Thing.Type, []string{id}, s.permissionsByType()[item.Thing.Type])
	if err != nil {
		return nil, err
	}
	return changeOf(item, view, can[id]), nil
}

func changeOf(item news.Item, view policy.Permission, can []string) *AccessChange {
	change := &AccessChange{Kind: AccessChangeKindChanged, ResourceID: &item.Thing.ID, Permissions: can}
	switch sees := slices.Contains(can, string(view)); {
	case !sees && item.How&news.Lost == 0:
		return nil
	case !sees:
		change.Kind, change.Permissions = AccessChangeKindLost, []string{}
	case item.How&news.Gained != 0:
		change.Kind = AccessChangeKindGained
	}
	return change
}

// resource is the thing of an event as the viewer sees it when it is written.
func (r *Resolver) resource(ctx context.Context, c *AccessChange) (ent.Noder, error) {
	if c.ResourceID == nil || c.Kind == AccessChangeKindLost {
		return nil, nil
	}
	bounded, cancel := context.WithTimeout(ctx, eventTime)
	defer cancel()
	node, err := r.Reader.Node(bounded, *c.ResourceID)
	if err != nil {
		return nil, ent.MaskNotFound(err)
	}
	return node, nil
}
