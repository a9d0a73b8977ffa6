package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/apptest"
)

const (
	mostOfAStream = 40 << 10 // bytes that an open stream may cost the server (design.md section 6)
	perAccount    = 20       // streams
)

// 10,000 open streams cost the server at most 40 KiB each: what the real binary takes of the machine's memory (its resident
// set, as Linux counts it, garbage included) with all of them open less what it took before, once when they have opened and once
// when each has delivered an event. TestAnOpenStreamCostsAtMostFortyKiB has a short version of it.
func TestSoakTenThousandStreamsCostAtMostFortyKiBEach(t *testing.T) {
	if os.Getenv("KEYHALL_SOAK") == "" {
		t.Skip("set KEYHALL_SOAK for the long runs")
	}
	const n = 10_000
	kit := apptest.New(t, apptest.SQLite) // makes the accounts, and beside the binary does nothing
	server := launch(t, build(t), nil, "serve", "--addr", "127.0.0.1:0", "--data-dir", kit.Dir)
	first, crowd := gather(t, kit, server, 2*perAccount), gather(t, kit, server, n)
	first.open() // what the first requests cost is not the streams'
	first.tellAll()
	first.close()
	before, start := server.resident(t), time.Now()
	crowd.open()
	opened, took := server.resident(t), time.Since(start)
	crowd.tellAll()
	told := server.resident(t)
	crowd.close()
	each := func(now int64) int64 { return (now - before) / n }
	t.Logf("%d streams, opened in %v: %d MiB before, %d when open, %d when each had told something; each costs %.1f KiB, then %.1f KiB",
		n, took.Round(time.Millisecond), before>>20, opened>>20, told>>20, float64(each(opened))/1024, float64(each(told))/1024)
	if most := max(each(opened), each(told)); most > mostOfAStream {
		t.Errorf("a stream costs %d bytes, more than %d", most, mostOfAStream)
	}
}

// resident is what a process takes of the machine's memory.
func (p *process) resident(t *testing.T) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kib << 10
}

// crowd are people with streams open, over connections that take no more of this process than they must.
type crowd struct {
	t       *testing.T
	server  *process
	people  []*apptest.Actor
	streams []*watcher
}

type watcher struct {
	who   *apptest.Actor
	conn  net.Conn
	lines *bufio.Reader
}

// gather makes people enough for n streams.
func gather(t *testing.T, kit *apptest.Server, server *process, n int) *crowd {
	c := &crowd{t: t, server: server, streams: make([]*watcher, n)}
	for range n / perAccount {
		c.people = append(c.people, kit.Actor(t, "reader").At(server.url))
	}
	return c
}

// open opens all streams, each until its first event.
func (c *crowd) open() {
	c.t.Helper()
	host := strings.TrimPrefix(c.server.url, "http://")
	body, _ := json.Marshal(map[string]string{"query": `subscription { accessChanged { kind resourceId resource { id ... on APIKey { name status viewerRole } } permissions } }`})
	c.each(func(i int) error {
		who := c.people[i/perAccount]
		conn, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", host)
		if err != nil {
			return err
		}
		w := &watcher{who, conn, bufio.NewReaderSize(conn, 1024)}
		c.streams[i] = w
		_, err = fmt.Fprintf(conn, "POST /graphql HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nAccept: text/event-stream\r\nCookie: %s\r\nContent-Length: %d\r\n\r\n%s",
			host, who.Cookie(), len(body), body)
		if err != nil {
			return err
		}
		return w.await(`"kind":"RESYNC"`)
	})
}

// tellAll has something happen to everybody, and waits until each of their streams has told it.
func (c *crowd) tellAll() {
	c.t.Helper()
	for i := 0; i < len(c.streams); i += perAccount {
		c.streams[i].who.CreateKey(c.t, "Seen", "", "PERSONAL")
	}
	c.each(func(i int) error { return c.streams[i].await(`"kind":"GAINED"`) })
}

func (c *crowd) close() {
	for _, w := range c.streams {
		_ = w.conn.Close()
	}
}

// each does something with every stream, some at a time.
func (c *crowd) each(do func(i int) error) {
	c.t.Helper()
	var all sync.WaitGroup
	const lanes = 32
	for lane := range lanes {
		all.Go(func() {
			for i := lane; i < len(c.streams); i += lanes {
				if err := do(i); err != nil {
					c.t.Errorf("stream %d: %v", i, err)
					return
				}
			}
		})
	}
	all.Wait()
	if c.t.Failed() {
		c.t.FailNow()
	}
}

func (w *watcher) await(text string) error {
	if err := w.conn.SetReadDeadline(time.Now().Add(5 * time.Minute)); err != nil {
		return err
	}
	for {
		line, err := w.lines.ReadString('\n')
		if err != nil || strings.Contains(line, text) {
			return err
		}
		if strings.HasPrefix(line, "HTTP/1.1 ") && !strings.HasPrefix(line, "HTTP/1.1 200 ") {
			return fmt.Errorf("refused: %s", line)
		}
	}
}
