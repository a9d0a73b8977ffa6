package graph_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/url"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/news"
)

// dull opens a stream of large events over a connection with little room, and reads nothing.
func dull(t *testing.T, s *apptest.Server, who *apptest.Actor) net.Conn {
	t.Helper()
	at, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	d := net.Dialer{Control: func(_, _ string, c syscall.RawConn) (err error) {
		e := c.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096) })
		if e != nil {
			return e
		}
		return err
	}}
	conn, err := d.DialContext(t.Context(), "tcp", at.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	body := document("subscription { accessChanged { kind resourceId resource { ... on APIKey { " + repeat(14, "d%d: description ") + "} } } }")
	before := s.App.News.Listeners()
	fmt.Fprintf(conn, "POST /graphql HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nAccept: text/event-stream\r\nCookie: %s\r\nContent-Length: %d\r\n\r\n%s",
		at.Host, who.Cookie(), len(body), body)
	waitFor(t, "the stream is open", func() bool { return s.App.News.Listeners() > before })
	return conn
}

// heap is what lives in this process after a collection.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// clogged is a person with many keys, a stream that nobody reads, and more news for it than its connection holds.
type clogged struct {
	*apptest.Server
	ada, eve *apptest.Actor
	hers     *apptest.Stream // of eve, who has nothing to do with it
	keys     []string
	conn     net.Conn
}

func clog(t *testing.T, s *apptest.Server) *clogged {
	t.Helper()
	c := &clogged{Server: s, ada: s.Actor(t, "ada"), eve: s.Actor(t, "eve")}
	for range 100 {
		c.keys = append(c.keys, c.ada.CreateKey(t, "Large", "", "PERSONAL").ID)
	}
	s.SQL(t, "UPDATE api_keys SET description = ? WHERE owner_id = ?", strings.Repeat("x", 2000), c.ada.ID)
	c.hers = listening(t, c.eve)
	c.conn = dull(t, s, c.ada)
	paced := listening(t, c.ada) // whoever reads is told of each
	for i := range 400 {
		c.publish(c.keys[i%len(c.keys)])
		if got := paced.Next(t).Text("accessChanged", "resourceId"); got != c.keys[i%len(c.keys)] {
			t.Fatalf("who reads is told of %q", got)
		}
	}
	paced.Close()
	waitFor(t, "the one that reads is gone", func() bool { return s.App.News.Listeners() == 2 })
	return c
}

func (c *clogged) publish(key string) {
	c.App.News.Publish(news.Note{To: []string{c.ada.ID}, Thing: news.Thing{Type: "APIKey", ID: key}, How: news.Changed})
}

// flood is a hundred thousand pieces of news for who does not read. Nothing of it is kept and nobody waits for it.
func (c *clogged) flood(t *testing.T) {
	t.Helper()
	before, start := heap(), time.Now()
	for i := range 100_000 {
		c.publish(fmt.Sprint(c.keys[i%len(c.keys)], i))
	}
	took, grew := time.Since(start), heap()-before
	t.Logf("100,000 pieces of news for who does not read: %v, and %d KiB are kept", took, grew>>10)
	if grew > 1<<20 || took > 2*time.Second*apptest.Slowdown {
		t.Errorf("they took %v and keep %d KiB", took, grew>>10)
	}
	start = time.Now()
	hearsOnlyOwn(t, c.eve, c.hers)
	if took := time.Since(start); took > time.Second*apptest.Slowdown {
		t.Errorf("somebody else waited for %v", took)
	}
}

// Who opens a stream and does not read costs neither memory nor anybody's time; when they read again, they are sent to look
// at everything anew, and then told what happens.
//
// It runs alone, because memory is measured.
//
//keyhall:norace
func TestWhoReadsLateIsSentToLookAtEverything(t *testing.T) {
	for _, d := range []apptest.Database{apptest.SQLite, apptest.Postgres} {
		t.Run(string(d), func(t *testing.T) {
			c := clog(t, apptest.New(t, d, func(c *app.Config) { c.Streams.Patience = time.Minute }))
			c.flood(t)
			if err := c.conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
			lines, resyncs, events := bufio.NewReader(c.conn), 0, 0
			for late := ""; ; {
				line, err := lines.ReadString('\n')
				if err != nil {
					t.Fatalf("after %d events: %v", events, err)
				}
				if strings.HasPrefix(line, "data: ") {
					events++
				}
				if strings.Contains(line, `"kind":"RESYNC"`) {
					resyncs++
				}
				if strings.Contains(line, `"kind":"RESYNC"`) && resyncs > 1 { // what came before it is in it
					late = c.ada.CreateKey(t, "Late", "", "PERSONAL").ID
				}
				if late != "" && strings.Contains(line, late) {
					break
				}
			}
			t.Logf("read %d events of more than 100,000", events)
		})
	}
}

// Who does not read at all is hung up, without "complete", and their seat is free.
func TestWhoNeverReadsIsHungUp(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		key := ada.CreateKey(t, "Large", "", "PERSONAL").ID
		s.SQL(t, "UPDATE api_keys SET description = ? WHERE owner_id = ?", strings.Repeat("x", 2000), ada.ID)
		c := &clogged{Server: s, ada: ada}
		c.conn = dull(t, s, ada)
		waitFor(t, "the stream is over", func() bool {
			c.publish(key)
			return s.App.News.Listeners() == 0
		})
		if err := c.conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if rest, _ := io.ReadAll(c.conn); strings.Contains(string(rest), "event: complete") {
			t.Error("the stream says that it is complete")
		}
		waitFor(t, "the seat is free", func() bool { return ada.Stream(t, accessChanged, nil).Status == 200 })
	}, func(c *app.Config) { c.Streams.Patience, c.Streams.PerAccount = 200*time.Millisecond, 1 })
}

// The process has so many seats for streams and no more, whoever asks, and a stream that closes frees its own.
func TestTheServerHasSoManyStreamsAndNoMore(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, eve := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "eve")
		first := listening(t, ada)
		listening(t, ada)
		listening(t, ben)
		for _, who := range []*apptest.Actor{ben, eve} {
			full := who.Stream(t, accessChanged, nil)
			if _, out := full.Event(t); full.Status != 429 || out.Code() != "RATE_LIMITED" {
				t.Errorf("one more: %d %s", full.Status, out.Body)
			}
		}
		if n := s.App.News.Listeners(); n != 3 {
			t.Errorf("%d listeners", n)
		}
		first.Close()
		waitFor(t, "a seat is free again", func() bool { return eve.Stream(t, accessChanged, nil).Status == 200 })
	}, func(c *app.Config) { c.Streams.Total = 3 })
}
