package news

import "sync"

// Listener is what waits for one stream.
type Listener struct {
	hub  *Hub
	user string
	wake chan struct{}

	mu      sync.Mutex
	pending []Item
	resync  bool
}

// Wake is ready when something was published since the listener looked last, also when it was no thing.
func (l *Listener) Wake() <-chan struct{} { return l.wake }

// Take is the oldest item that waits; false when none does.
func (l *Listener) Take() (Item, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.resync:
		l.resync, l.pending = false, nil
		return Item{Resync: true}, true
	case len(l.pending) == 0:
		return Item{}, false
	}
	item := l.pending[0]
	if l.pending = l.pending[1:]; len(l.pending) == 0 {
		l.pending = nil // an idle stream keeps nothing
	}
	return item, true
}

// Missed says that something could not be told: the next item is to look at everything anew.
func (l *Listener) Missed() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.resync, l.pending = true, nil
}

// Close stops listening. Closing twice is closing once.
func (l *Listener) Close() {
	l.hub.mu.Lock()
	defer l.hub.mu.Unlock()
	delete(l.hub.listeners[l.user], l)
	if len(l.hub.listeners[l.user]) == 0 {
		delete(l.hub.listeners, l.user)
	}
}

// add keeps a thing once, however often it changed, and wakes the listener.
func (l *Listener) add(t Thing, how How) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t.ID != "" && !l.resync {
		l.keep(t, how)
	}
	select {
	case l.wake <- struct{}{}:
	default: // it is awake already
	}
}

func (l *Listener) keep(t Thing, how How) {
	for i := range l.pending {
		if l.pending[i].Thing == t {
			l.pending[i].How |= how
			return
		}
	}
	if len(l.pending) >= maxPending {
		l.resync, l.pending = true, nil
		return
	}
	l.pending = append(l.pending, Item{Thing: t, How: how})
}
