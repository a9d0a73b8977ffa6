package graph_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/apptest"
)

// streamAttacks misuse the stream of events. None of them opens one.
func streamAttacks() []attack {
	events := map[string]string{"Accept": "text/event-stream"}
	ask := func(name, codes, text string) attack {
		return attack{name: "as a stream: " + name, codes: codes, body: document(text), header: events}
	}
	accept := func(name, codes, value string) attack {
		return attack{name: "as a stream: " + name, codes: codes, body: document(accessChanged), header: map[string]string{"Accept": value}}
	}
	const one = `{"query":"subscription{accessChanged{kind}}"}`
	return []attack{
		{name: "as a stream: by GET", method: "GET", url: "?query=subscription%7BaccessChanged%7Bkind%7D%7D", header: events, codes: badRequest},
		{name: "as a stream: a query by GET", method: "GET", url: "?query=%7B__typename%7D", header: events, codes: badRequest},
		{name: "as a stream: by PUT", method: "PUT", body: one, header: events, codes: badRequest},
		{name: "as a stream: in the address of a POST", url: "?query=subscription%7BaccessChanged%7Bkind%7D%7D", body: "{}", header: events, codes: badRequest},
		{name: "as a stream: a batch", body: "[" + one + "," + one + "]", header: events, codes: batching},
		{name: "as a stream: a form", body: "query=subscription", header: map[string]string{"Accept": "text/event-stream", "Content-Type": "application/x-www-form-urlencoded"}, codes: badRequest},
		{name: "as a stream: compressed, it says", body: one, header: map[string]string{"Accept": "text/event-stream", "Content-Encoding": "gzip"}, codes: badRequest},
		{name: "as a stream: a query named as the subscription beside it", header: events, codes: badRequest + invalidQuery,
			body: `{"query":"query A{__typename} subscription A{accessChanged{kind}}","operationName":"A"}`},
		{name: "as a stream: the query of two", header: events, codes: served,
			body: `{"query":"query A{__typename} subscription B{accessChanged{kind}}","operationName":"A"}`},
		{name: "as a stream: a stored one that is not", header: events, codes: "PERSISTED_QUERY_NOT_FOUND" + badRequest,
			body: `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + strings.Repeat("1", 64) + `"}}}`},
		{name: "as a stream: JSON only", body: one, header: map[string]string{"Accept": "application/json"}, codes: badRequest},
		{name: "as a stream: no Accept", body: one, codes: badRequest},
		accept("anything", badRequest, "*/*"),
		accept("any text", badRequest, "text/*"),
		accept("of no quality", badRequest, "text/event-stream;q=0"),
		accept("of a quality that is none", badRequest, "text/event-stream;q=1e9"),
		accept("in UTF-16", badRequest, "text/event-stream; charset=utf-16"),
		accept("an Accept without an end", badRequest, `text/event-stream; charset="`),
		accept("an Accept of 10 KB", badRequest, strings.Repeat("text/event-streams,", 500)+"text/event"),
		ask("two operations without a name", badRequest+invalidQuery, "subscription{accessChanged{kind}} subscription{accessChanged{kind}}"),
		ask("a mutation", "REQUIRED INVALID "+badInput, `mutation{createAPIKey(input:{name:""}){errors{code}}}`),
		ask("a mutation in a subscription", invalidQuery, `subscription{signOut{errors{code}}}`),
		ask("a query in a subscription", invalidQuery, `subscription{viewer{email}}`),
		ask("the schema", invalidQuery+badInput, "subscription{__schema{types{name}}}"),
		ask("the schema beside an event", invalidQuery+badInput, "subscription{accessChanged{kind} __schema{types{name}}}"),
		ask("the name of the type beside an event", badInput+invalidQuery, "subscription{accessChanged{kind} __typename}"),
		ask("defer on the root field", invalidQuery, "subscription{accessChanged @defer{kind}}"),
		ask("stream on the root field", invalidQuery, "subscription{accessChanged @stream(initialCount:0){kind}}"),
		ask("a live query", invalidQuery, "query @live{viewer{email}}"),
		ask("two fields", badInput, "subscription{accessChanged{kind} b:accessChanged{kind}}"),
		ask("two aliases", badInput, "subscription{a:accessChanged{kind} b:accessChanged{kind}}"),
		ask("two fields by fragments", badInput, "subscription{...A ...B} fragment A on Subscription{a:accessChanged{kind}} fragment B on Subscription{b:accessChanged{kind}}"),
		ask("one of two left out by a variable that is not there", invalidQuery+badInput, "subscription($x:Boolean!){a:accessChanged{kind} b:accessChanged @skip(if:$x){kind}}"),
		ask("a field that is left out", badInput, "subscription{accessChanged @include(if:false){kind}}"),
		ask("a hundred aliases", tooLarge, "subscription{"+repeat(100, "a%d:accessChanged{kind} ")+"}"),
		ask("a thousand times one field", tooLarge, "subscription{"+repeat(1000, "accessChanged{kind} ")+"}"),
		ask("a fragment of itself", invalidQuery+tooLarge, "subscription{...A} fragment A on Subscription{...A}"),
		ask("an argument that is not there", invalidQuery, `subscription{accessChanged(since:"key_1"){kind}}`),
		ask("no selection", invalidQuery, "subscription{accessChanged}"),
		ask("a page of a hundred pages for each event", tooLarge, "subscription{accessChanged{resource{...on APIKey{project{apiKeys(first:100){nodes{collaborators(first:100){nodes{id}}}}}}}}}"),
		ask("nothing", unparsed, "subscription{}"),
	}
}

// eventOf is the one event of an answer that is a stream of one, as any other answer.
func eventOf(out apptest.Answer) apptest.Answer {
	if _, data, ok := strings.Cut(out.Body, "event: next\ndata: "); ok && strings.HasPrefix(out.Header.Get("Content-Type"), "text/event-stream") {
		text, _, _ := strings.Cut(data, "\n")
		var decoded struct {
			Data   map[string]any
			Errors []apptest.Error
		}
		_ = json.Unmarshal([]byte(text), &decoded)
		out.Data, out.Errors = decoded.Data, decoded.Errors
	}
	return out
}

// raw sends bytes and answers the connection.
func raw(t *testing.T, s *apptest.Server, text string) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	return conn.(*net.TCPConn)
}

// rawStream is a request for a stream with headers of one's own, and as much of its body as wanted.
func rawStream(who *apptest.Actor, query, headers string, missing int) string {
	body := document(query)
	return fmt.Sprintf("POST /graphql HTTP/1.1\r\nHost: keyhall\r\nContent-Type: application/json\r\nCookie: %s\r\nContent-Length: %d\r\n%s\r\n%s",
		who.Cookie(), len(body)+missing, headers, body)
}

// opens reads the head of an answer and, of a stream, the first event.
func opens(t *testing.T, conn net.Conn) (status int, event string) {
	t.Helper()
	r := bufio.NewReader(conn)
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	lines := bufio.NewReader(resp.Body)
	for resp.StatusCode == 200 {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatalf("no event: %v", err)
		}
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			return resp.StatusCode, strings.TrimSpace(data)
		}
	}
	text, _ := io.ReadAll(lines)
	return resp.StatusCode, string(text)
}

// What opens a stream with strange headers or directives opens a plain one, that begins at the beginning.
//
//keyhall:norace
func TestAStreamOpensPlainlyWhateverSurroundsIt(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		ada.CreateKey(t, "Before", "", "PERSONAL")
		const accept, first = "Accept: text/event-stream\r\n", `{"data":{"accessChanged":{"kind":"RESYNC"}}}`
		for name, c := range map[string][2]string{
			"an id of an event":       {accept + "Last-Event-ID: key_1; DROP TABLE users\r\n", "subscription{accessChanged{kind}}"},
			"a long id of an event":   {accept + "Last-Event-ID: " + strings.Repeat("9", 8000) + "\r\n", "subscription{accessChanged{kind}}"},
			"an Idempotency-Key":      {accept + "Idempotency-Key: k\r\n", "subscription{accessChanged{kind}}"},
			"a token of graphql-sse":  {accept + "X-GraphQL-Event-Stream-Token: t\r\n", "subscription{accessChanged{kind}}"},
			"a wish for HTTP/2":       {accept + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n", "subscription{accessChanged{kind}}"},
			"a wish for a web socket": {accept + "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "subscription{accessChanged{kind}}"},
			"a deferred part":         {accept, "subscription{accessChanged{...@defer{kind}}}"},
			"a deferred whole":        {accept, "subscription{...@defer{accessChanged{kind}}}"},
			"a named fragment":        {accept, "subscription S{...F} fragment F on Subscription{accessChanged{...K}} fragment K on AccessChange{kind}"},
		} {
			conn := raw(t, s, rawStream(ada, c[1], c[0], 0))
			if status, event := opens(t, conn); status != 200 || event != first {
				t.Errorf("%s: %d %s", name, status, event)
			}
			_ = conn.Close()
		}
		waitFor(t, "nobody listens", func() bool { return s.App.News.Listeners() == 0 })
	})
}

// What is no HTTP is refused before anybody looks at it, and half a request opens nothing and holds nothing.
//
//keyhall:norace
func TestHalfARequestOpensNoStream(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		for name, headers := range map[string]string{
			"a nul byte in Accept":     "Accept: text/event-stream\x00\r\n",
			"a nul byte in the middle": "Accept: text/event\x00-stream\r\n",
			"a line in Accept":         "Accept: text/event-stream\r\n\x00: x\r\n",
			"two lengths":              "Accept: text/event-stream\r\nContent-Length: 1\r\n",
		} {
			if status, text := opens(t, raw(t, s, rawStream(ada, accessChanged, headers, 0))); status != 400 || strings.Contains(text, "event: ") {
				t.Errorf("%s: %d %s", name, status, text)
			}
		}
		half := raw(t, s, rawStream(ada, accessChanged, "Accept: text/event-stream\r\n", 100))
		if err := half.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if text, _ := io.ReadAll(half); strings.Contains(string(text), "200 OK") {
			t.Errorf("half a body: %s", text)
		}
		whole := raw(t, s, rawStream(ada, accessChanged, "Accept: text/event-stream\r\n", 0))
		if err := whole.CloseWrite(); err != nil { // who says no more has gone, as for any answer of this server
			t.Fatal(err)
		}
		if text, err := io.ReadAll(whole); err != nil || strings.Contains(string(text), "event: complete") {
			t.Errorf("a half-closed connection: %s, %v", text, err)
		}
		waitFor(t, "nobody listens", func() bool { return s.App.News.Listeners() == 0 })
	})
}

// A thousand streams that one account opens at once are twenty, and nobody else is kept from theirs.
//
//keyhall:norace
func TestAThousandStreamsAtOnceAreTwenty(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, eve := s.Actor(t, "ada"), s.Actor(t, "eve")
		var open, refused atomic.Int32
		var all sync.WaitGroup
		conns := make(chan net.Conn, 1000)
		for range 50 {
			all.Go(func() {
				for range 20 {
					conn := raw(t, s, rawStream(ada, accessChanged, "Accept: text/event-stream\r\n", 0))
					conns <- conn
					switch status, text := opens(t, conn); {
					case status == 200:
						open.Add(1)
						continue // it stays
					case status == 429 && strings.Contains(text, `"RATE_LIMITED"`):
						refused.Add(1)
					default:
						t.Errorf("%d %s", status, text)
					}
					_ = conn.Close()
				}
			})
		}
		all.Wait()
		if open.Load() != 20 || refused.Load() != 980 || s.App.News.Listeners() != 20 {
			t.Errorf("%d are open, %d refused; %d listen", open.Load(), refused.Load(), s.App.News.Listeners())
		}
		listening(t, eve).Close()
		ada.Must(t, countKeys, nil)
		close(conns)
		for conn := range conns {
			_ = conn.Close()
		}
		waitFor(t, "nobody listens", func() bool { return s.App.News.Listeners() == 0 })
	})
}
