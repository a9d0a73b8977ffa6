package gqlhttp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/keyhall/keyhall/graph/gqlhttp"
)

// canary stands for a secret of a client: wherever it was put in a request, no answer and no log line may hold it.
const canary = "hunter2-c4n4ry"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func newHandler(change ...func(*gqlhttp.Options)) http.Handler {
	o := gqlhttp.Options{Log: quiet(), RequestID: func(context.Context) string { return "req-1" }}
	for _, c := range change {
		c(&o)
	}
	return gqlhttp.New(newTestSchema(), o)
}

type reply struct {
	Status int
	Header http.Header
	Text   string
	Data   json.RawMessage `json:"data"`
	Errors []replyError    `json:"errors"`
}

type replyError struct {
	Message    string         `json:"message"`
	Path       []any          `json:"path"`
	Locations  []any          `json:"locations"`
	Extensions map[string]any `json:"extensions"`
}

func (r reply) code() string {
	if len(r.Errors) == 0 {
		return ""
	}
	code, _ := r.Errors[0].Extensions["code"].(string)
	return code
}

func (r reply) message() string {
	if len(r.Errors) == 0 {
		return ""
	}
	return r.Errors[0].Message
}

// send answers with what the handler wrote, after checking what holds of every answer: one JSON object of the announced length,
// never stored, each error with a code of the list and the request id.
func send(t testing.TB, h http.Handler, r *http.Request) reply {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	out := reply{Status: w.Code, Header: w.Header(), Text: w.Body.String()}
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		t.Fatalf("the answer is not JSON: %v: %.200q", err, out.Text)
	}
	if got := w.Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control is %q", got)
	}
	id := w.Header().Get("X-Request-Id")
	if id == "" {
		t.Error("there is no X-Request-Id")
	}
	for _, e := range out.Errors {
		if code, _ := e.Extensions["code"].(string); !gqlhttp.IsCode(code) || e.Extensions["requestId"] != id {
			t.Errorf("error %q has extensions %v", e.Message, e.Extensions)
		}
	}
	if len(out.Errors) == 0 && out.Data == nil {
		t.Errorf("neither data nor errors: %.200q", out.Text)
	}
	return out
}

func post(t testing.TB, h http.Handler, body string) reply {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return send(t, h, r)
}

// run posts a document with its variables, given as JSON.
func run(t testing.TB, h http.Handler, query string, variables ...string) reply {
	t.Helper()
	return post(t, h, body(query, variables...))
}

func body(query string, variables ...string) string {
	q, _ := json.Marshal(query)
	var b bytes.Buffer
	b.WriteString(`{"query":` + string(q))
	for _, v := range variables {
		b.WriteString(`,"variables":` + v)
	}
	b.WriteByte('}')
	return b.String()
}
