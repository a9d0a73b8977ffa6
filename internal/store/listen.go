package store

import (
	"time"

	"github.com/lib/pq"
)

// How long a connection that listens waits before it is made again.
const (
	listenAgainMin = 50 * time.Millisecond
	listenAgainMax = 2 * time.Second
)

// Committed gets something when a transaction of this process was committed since it was last looked at. It is for one listener.
func (s *Store) Committed() <-chan struct{} { return s.driver.committed }

// Listen hears what PostgreSQL tells on a channel, on a connection of its own; nil where there is no PostgreSQL. After a nil
// notification there was a time in which nothing was heard. The caller closes it.
func (s *Store) Listen(channel string) *pq.Listener {
	if s.url == "" {
		return nil
	}
	l := pq.NewListener(s.url, listenAgainMin, listenAgainMax, nil)
	go func() { _ = l.Listen(channel) }() // waits for the connection; closed before that is no failure
	return l
}
