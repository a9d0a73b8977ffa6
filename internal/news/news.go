// Package news tells the open streams of this process whom a deed concerned. It carries ids and nothing else: what somebody
// may see of a thing is asked of the policy when it is delivered, never read from here.
//
// It never blocks who publishes and never grows with what is published: who does not keep up is told to look at everything
// anew. Several processes on one database can pass the same notes on to each other; each then publishes what it hears.
package news

import "sync"

// maxPending is how many things may wait for one listener before it is told to look at everything instead.
const maxPending = 64

// How a thing changed for somebody; it only helps to name what the policy finds out.
type How uint8

// Several may hold of one thing, when it changed more than once before anybody looked.
const (
	Changed How = 1 << iota // what they may do with it
	Gained                  // they may have a new way to it
	Lost                    // they may have lost the last one
)

// Thing is a row that people share.
type Thing struct{ Type, ID string }

// Note says whom a deed concerned. Without a thing it is about the accounts themselves: a session or a token that ended, a
// suspension.
type Note struct {
	To    []string // ids of accounts
	Thing Thing
	How   How
}

// Item is what waits for a listener.
type Item struct {
	Thing  Thing
	How    How
	Resync bool // there was more than could be kept: look at everything anew
}

// Hub passes notes to who listens.
type Hub struct {
	mu        sync.Mutex
	listeners map[string]map[*Listener]struct{}
}

// NewHub makes a hub that nobody listens to yet.
func NewHub() *Hub { return &Hub{listeners: map[string]map[*Listener]struct{}{}} }

// Publish tells everybody whom a note concerns. It never waits for them.
func (h *Hub) Publish(n Note) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, user := range n.To {
		for l := range h.listeners[user] {
			l.add(n.Thing, n.How)
		}
	}
}

// Listen starts to listen for one account. What happened before is not told, so the first item is to look at everything.
func (h *Hub) Listen(user string) *Listener {
	l := &Listener{hub: h, user: user, wake: make(chan struct{}, 1), resync: true}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.listeners[user] == nil {
		h.listeners[user] = map[*Listener]struct{}{}
	}
	h.listeners[user][l] = struct{}{}
	return l
}

// Listeners counts who listens.
func (h *Hub) Listeners() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, of := range h.listeners {
		n += len(of)
	}
	return n
}
