package gqlhttp

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Streams bound the answers that do not end. The zero value is safe.
type Streams struct {
	// Account names whose stream it is, for the bound of each. Nil: all streams are one account's.
	Account    func(context.Context) string
	PerAccount int           // open at once; 20 when zero
	Total      int           // open at once in this process; 20,000 when zero
	KeepAlive  time.Duration // a sign of life on a quiet stream, so that nothing between takes it for dead; 12 s when zero
	Patience   time.Duration // how long one write may take: a client that reads more slowly is let go; 10 s when zero
	// Closing ends all streams when it ends. They end without "complete", so that clients come back. Nil: never.
	Closing context.Context
	// Detach makes the context of a stream out of that of its request, with what resolvers need and nothing else: whatever it
	// keeps is kept as long as the stream. It must not end with the request. Nil: all of it is kept.
	Detach func(context.Context) context.Context
	// Wait returns once the next event can be found out, or the stream is over. It is called with the stream's own context where
	// little stack is in use: what a quiet stream waits on is what it costs. Nil: the resolver's channel is all that it waits for.
	Wait func(context.Context)
	// Running counts the streams that still run, for who waits until all have ended. Nil: nobody does.
	Running *sync.WaitGroup
}

func (s Streams) withDefaults() Streams {
	if s.Account == nil {
		s.Account = func(context.Context) string { return "" }
	}
	if s.Closing == nil {
		s.Closing = context.Background()
	}
	if s.Detach == nil {
		s.Detach = context.WithoutCancel
	}
	if s.Wait == nil {
		s.Wait = func(context.Context) {}
	}
	if s.Running == nil {
		s.Running = &sync.WaitGroup{}
	}
	s.PerAccount, s.Total = cmp.Or(s.PerAccount, 20), cmp.Or(s.Total, 20_000)
	s.KeepAlive, s.Patience = cmp.Or(s.KeepAlive, 12*time.Second), cmp.Or(s.Patience, 10*time.Second)
	return s
}

// seats counts the open streams.
type seats struct {
	bounds Streams
	mu     sync.Mutex
	total  int
	of     map[string]int
}

func newSeats(s Streams) *seats { return &seats{bounds: s, of: map[string]int{}} }

// take counts one stream more, until leave is called.
func (s *seats) take(account string) (leave func(), no *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.of[account] >= s.bounds.PerAccount:
		return nil, tooMany(fmt.Sprintf("This account has %d streams open, as many as it can; close one first.", s.of[account]))
	case s.total >= s.bounds.Total:
		return nil, tooMany("This server has as many streams open as it can; try again later.")
	}
	s.total++
	s.of[account]++
	return func() { s.leave(account) }, nil
}

func (s *seats) leave(account string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total--
	if s.of[account]--; s.of[account] == 0 {
		delete(s.of, account)
	}
}

func tooMany(message string) *refusal {
	return &refusal{status: http.StatusTooManyRequests, code: CodeRateLimited, message: message}
}
