package authn

import (
	"context"
	"sync"
)

// maxErrands is how many may wait. Each is one small transaction.
const maxErrands = 256

// errands are done after the answer, one by one: what an answer must not tell is not done before it. What waits is lost with
// the process, and asked for again.
type errands struct {
	mu      sync.Mutex
	waiting []func()
	idle    chan struct{} // closed when nothing waits; nil: nothing ever did
}

// add refuses when too many wait, whatever the errand is about.
func (e *errands) add(f func()) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.waiting) >= maxErrands {
		return false
	}
	e.waiting = append(e.waiting, f)
	if len(e.waiting) == 1 {
		e.idle = make(chan struct{})
		go e.run()
	}
	return true
}

// run does what waits; the first one waits until it is done, so that there is one runner at a time.
func (e *errands) run() {
	for {
		e.mu.Lock()
		f := e.waiting[0]
		e.mu.Unlock()
		f()
		if e.done() {
			return
		}
	}
}

func (e *errands) done() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.waiting = e.waiting[1:]
	if len(e.waiting) > 0 {
		return false
	}
	close(e.idle)
	return true
}

// settle returns when nothing waits.
func (e *errands) settle(ctx context.Context) error {
	e.mu.Lock()
	idle := e.idle
	e.mu.Unlock()
	if idle == nil {
		return nil
	}
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
