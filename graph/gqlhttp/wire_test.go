package gqlhttp_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keyhall/keyhall/graph/gqlhttp"
)

// rawStream opens a stream in a version of HTTP, with more behind the request, and answers the connection.
func rawStream(t *testing.T, server *httptest.Server, version, more string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	text := body("subscription{ticks}")
	fmt.Fprintf(conn, "POST / %s\r\nHost: x\r\nContent-Type: application/json\r\nAccept: text/event-stream\r\nContent-Length: %d\r\n\r\n%s%s",
		version, len(text), text, more)
	return conn
}

// A stream whose connection was taken over from the server is still one whole answer of HTTP/1.1, with the headers that every
// answer has; it ends when the server closes, and the client sees that it is over.
func TestAStreamIsAWholeAnswerOfHTTP(t *testing.T) {
	t.Parallel()
	closing, hangUp := context.WithCancel(context.Background())
	defer hangUp()
	var running sync.WaitGroup
	for _, version := range []string{"HTTP/1.1", "HTTP/1.0"} {
		server := httptest.NewServer(newHandler(func(o *gqlhttp.Options) { o.Streams.Closing, o.Streams.Running = closing, &running }))
		defer server.Close()
		conn := rawStream(t, server, version, "")
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		for header, want := range map[string]string{
			"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store", "X-Accel-Buffering": "no",
			"X-Content-Type-Options": "nosniff", "X-Request-Id": "req-1", "Vary": "Accept",
		} {
			if got := resp.Header.Get(header); got != want {
				t.Errorf("%s: %s is %q", version, header, got)
			}
		}
		if resp.StatusCode != 200 || resp.Header.Get("Date") == "" {
			t.Errorf("%s: %s %v", version, resp.Status, resp.Header)
		}
		if chunked := len(resp.TransferEncoding) > 0; chunked != (version == "HTTP/1.1") {
			t.Errorf("%s: sent as %v", version, resp.TransferEncoding)
		}
		if version == "HTTP/1.0" {
			hangUp()
		}
		defer func() {
			text, err := io.ReadAll(resp.Body)
			if !strings.HasPrefix(string(text), ":\n\n") || strings.Contains(string(text), "complete") || err != nil {
				t.Errorf("%s: %q, %v", version, text, err)
			}
		}()
	}
	running.Wait()
}

// Who sends more than their request is heard no further, and their stream goes on; who goes away frees their seat.
func TestAStreamIsItsClientsUntilTheyGo(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(newHandler(func(o *gqlhttp.Options) {
		o.Streams.Total, o.Streams.KeepAlive = 1, 20*time.Millisecond
	}))
	t.Cleanup(server.Close)
	conn := rawStream(t, server, "HTTP/1.1", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"+strings.Repeat("x", 100_000))
	lines := bufio.NewReader(conn)
	for signs := 0; signs < 5; {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if line == ":\n" {
			signs++
		}
	}
	if full := ask(t, server.URL, "text/event-stream", "subscription{ticks}"); full.StatusCode != 429 {
		t.Errorf("one more: %s", full.Status)
	}
	_ = conn.Close()
	for deadline := time.Now().Add(10 * time.Second); ; {
		again := ask(t, server.URL, "text/event-stream", "subscription{ticks}")
		if again.StatusCode == 200 {
			_ = again.Body.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the seat is not free")
		}
	}
}
