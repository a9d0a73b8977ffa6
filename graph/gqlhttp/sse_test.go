package gqlhttp_test

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/keyhall/keyhall/graph/gqlhttp"
)

// ask posts an operation to a real server.
func ask(t *testing.T, url, accept, query string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body(query)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", accept)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

func TestASingleAnswerIsAStreamForWhoTakesNothingElse(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(newHandler())
	t.Cleanup(server.Close)
	resp := ask(t, server.URL, "text/event-stream", "{ping}")
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if want := ":\n\nevent: next\ndata: {\"data\":{\"ping\":\"x\"}}\n\nevent: complete\ndata:\n\n"; string(text) != want {
		t.Errorf("%q, want %q", text, want)
	}
	for header, want := range map[string]string{"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store", "X-Accel-Buffering": "no"} {
		if got := resp.Header.Get(header); got != want {
			t.Errorf("%s is %q", header, got)
		}
	}
	if both := ask(t, server.URL, "text/event-stream, application/json", "{ping}"); !strings.HasPrefix(both.Header.Get("Content-Type"), "application/json") {
		t.Errorf("who takes JSON too gets %s", both.Header.Get("Content-Type"))
	}
}

func TestWhatIsNoStreamIsRefusedWithItsStatus(t *testing.T) {
	t.Parallel()
	h := newHandler()
	for _, c := range []struct {
		name, method, accept, body string
		status                     int
		code                       string
	}{
		{"GET", "GET", "text/event-stream", "", 405, "BAD_REQUEST"},
		{"another method", "PUT", "text/event-stream", body("subscription{ticks}"), 405, "BAD_REQUEST"},
		{"a wildcard", "POST", "text/*", body("subscription{ticks}"), 406, "BAD_REQUEST"},
		{"quality 0", "POST", "text/event-stream;q=0", body("subscription{ticks}"), 406, "BAD_REQUEST"},
		{"JSON only", "POST", "application/json", body("subscription{ticks}"), 400, "BAD_REQUEST"},
		{"malformed JSON", "POST", "text/event-stream", "{", 400, "BAD_REQUEST"},
		{"no GraphQL", "POST", "text/event-stream", body("{"), 400, "GRAPHQL_PARSE_FAILED"},
		{"a batch", "POST", "text/event-stream", "[" + body("{ping}") + "]", 400, "BATCHING_DISABLED"},
		{"an unknown field", "POST", "text/event-stream", body("subscription{nope}"), 400, "GRAPHQL_VALIDATION_FAILED"},
		{"no field in the end", "POST", "text/event-stream", body("subscription{ticks @skip(if:true)}"), 400, "BAD_USER_INPUT"},
		{"two fields", "POST", "text/event-stream", body("subscription{a:ticks b:ticks}"), 400, "BAD_USER_INPUT"},
	} {
		r := httptest.NewRequest(c.method, "/graphql?query={ping}", strings.NewReader(c.body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", c.accept)
		if out := send(t, h, r); out.Status != c.status || out.code() != c.code {
			t.Errorf("%s: %d %s", c.name, out.Status, out.Text)
		}
	}
}

// A stream goes on when the times that the server has for a request are over, with a sign of life now and then.
func TestAStreamOutlivesTheTimesOfTheServer(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(newHandler(func(o *gqlhttp.Options) { o.Streams.KeepAlive = 20 * time.Millisecond }))
	server.Config.ReadTimeout, server.Config.WriteTimeout = 100*time.Millisecond, 100*time.Millisecond
	server.Start()
	t.Cleanup(server.Close)
	resp := ask(t, server.URL, "text/event-stream", "subscription{ticks}")
	lines, start, signs := bufio.NewReader(resp.Body), time.Now(), 0
	for time.Since(start) < 500*time.Millisecond {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatalf("the stream ended after %v: %v", time.Since(start), err)
		}
		if line == ":\n" {
			signs++
		}
	}
	if signs < 3 {
		t.Errorf("%d signs of life", signs)
	}
	_ = resp.Body.Close()
}
