package apptest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// streamTime is how long a test waits for an event before it fails: far more than any event takes.
const streamTime = 30 * time.Second

// Stream is an open subscription.
type Stream struct {
	Status int
	Header http.Header
	events chan frame
	hangUp context.CancelFunc
}

type frame struct{ name, data string }

// Stream opens a subscription and waits for the header. It ends with the test.
func (a *Actor) Stream(t testing.TB, query string, vars Vars) *Stream {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": vars})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context()) // no cleanup, which would be kept for each until the test ends
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.server.URL+"/graphql", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "text/event-stream")
	a.sign(req)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatalf("open a stream: %v", err)
	}
	s := &Stream{Status: resp.StatusCode, Header: resp.Header, events: make(chan frame, 1024), hangUp: cancel}
	go s.read(resp)
	return s
}

// read passes the events on; a refusal, which is no stream, is one event without a name.
func (s *Stream) read(resp *http.Response) {
	defer close(s.events)
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	var f frame
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case resp.StatusCode != http.StatusOK:
			s.events <- frame{data: lines.Text()}
		case lines.Text() == "" && f != frame{}:
			s.events <- f
			f = frame{}
		case name == "event":
			f.name = value
		case name == "data":
			f.data += value
		}
	}
}

// Event waits for the next event. It is "next" with an answer, "complete", "" for a refusal, or "end" when the connection
// is over.
func (s *Stream) Event(t testing.TB) (string, Answer) {
	t.Helper()
	select {
	case f, open := <-s.events:
		if !open {
			return "end", Answer{}
		}
		out := Answer{Status: s.Status, Header: s.Header, Body: f.data}
		var decoded struct {
			Data   map[string]any
			Errors []Error
		}
		if json.Unmarshal([]byte(f.data), &decoded) == nil {
			out.Data, out.Errors = decoded.Data, decoded.Errors
		}
		return f.name, out
	case <-time.After(streamTime):
		t.Fatal("no event came")
		return "", Answer{}
	}
}

// Next waits for an answer and fails when the stream ends instead.
func (s *Stream) Next(t testing.TB) Answer {
	t.Helper()
	name, out := s.Event(t)
	if name != "next" {
		t.Fatalf("the stream said %q %s, want an answer", name, out.Body)
	}
	return out
}

// Quiet tells whether nothing is waiting to be read right now.
func (s *Stream) Quiet() bool { return len(s.events) == 0 }

// Close hangs up, as a client does who goes away.
func (s *Stream) Close() { s.hangUp() }
