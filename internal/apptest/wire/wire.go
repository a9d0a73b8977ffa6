// Package wire is the way between a server and its PostgreSQL, of which a test can say when it is cut. It passes on what is sent as it is,
// and never ends a connection unless it is told to: what is cut stays on the way, and nobody hears that it does, as with a network
// that lost its route.
package wire

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// Wire is one way to PostgreSQL.
type Wire struct {
	listener net.Listener
	to       string // where PostgreSQL listens

	mu    sync.Mutex
	moved *sync.Cond
	cut   bool
	deaf  bool
	over  bool
	calls map[*call]bool
}

// call is one connection.
type call struct {
	near, far net.Conn
	listens   bool
}

// New begins to pass on, until the test ends; by is the URL of the database by way of the wire.
func New(t testing.TB, database string) (w *Wire, by string) {
	t.Helper()
	at, err := url.Parse(database)
	if err != nil {
		t.Fatal("the URL of the database is none")
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w = &Wire{listener: l, to: at.Host, calls: map[*call]bool{}}
	w.moved = sync.NewCond(&w.mu)
	at.Host = l.Addr().String()
	var all sync.WaitGroup
	all.Go(func() { w.accept(&all) })
	t.Cleanup(func() { w.end(); all.Wait() })
	return w, at.String()
}

func (w *Wire) accept(all *sync.WaitGroup) {
	for {
		near, err := w.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", w.to)
		if err != nil {
			_ = near.Close()
			continue
		}
		c := &call{near: near, far: far}
		w.mu.Lock()
		w.calls[c] = true
		w.mu.Unlock()
		all.Go(func() { w.carry(c, near, far, true) })
		all.Go(func() { w.carry(c, far, near, false) })
	}
}

// carry passes on one direction of a connection until it ends.
func (w *Wire) carry(c *call, from, to net.Conn, asks bool) {
	defer func() { _ = from.Close(); _ = to.Close() }()
	chunk := make([]byte, 64<<10)
	for {
		n, err := from.Read(chunk)
		if n > 0 && (!w.pass(c, chunk[:n], asks) || write(to, chunk[:n]) != nil) || err != nil {
			break
		}
	}
	w.mu.Lock()
	delete(w.calls, c)
	w.mu.Unlock()
}

func write(to io.Writer, chunk []byte) error {
	_, err := to.Write(chunk)
	return err
}

// pass waits while the way is cut; false when it will not be mended any more.
func (w *Wire) pass(c *call, chunk []byte, asks bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	c.listens = c.listens || asks && bytes.Contains(chunk, []byte("LISTEN "))
	for !w.over && (w.cut || w.deaf && c.listens && !asks) {
		w.moved.Wait()
	}
	return !w.over
}

// Set changes what passes from now on: cut is that nothing does, deaf that nothing comes back on connections that listen for notifications.
func (w *Wire) Set(cut, deaf bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut, w.deaf = cut, deaf
	w.moved.Broadcast()
}

// BreakOff ends the connections that listen, or all, and tells how many; those that come again meet what is set.
func (w *Wire) BreakOff(all bool) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.calls {
		if all || c.listens {
			n++
			_, _ = c.near.Close(), c.far.Close()
		}
	}
	return n
}

func (w *Wire) end() {
	_ = w.listener.Close()
	w.mu.Lock()
	w.over = true
	w.moved.Broadcast()
	w.mu.Unlock()
	w.BreakOff(true)
}
