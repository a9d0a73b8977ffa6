package apptest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"
)

// Verified is the answer of POST /v1/verify.
type Verified struct {
	Status                      int
	Header                      http.Header
	Body                        string
	Valid                       bool
	Code, KeyID, ProjectID      string
	Limit, Remaining            *int64
	WindowSeconds, ResetSeconds *int64
	RetryAfterSeconds           *int64
	PerProcess                  bool
	Errors                      []Error
}

// Verify asks about a request with a key, as a gateway with a verifier token does.
func (s *Server) Verify(t testing.TB, verifier string, question Vars) Verified {
	t.Helper()
	body, err := json.Marshal(question)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/v1/verify", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+verifier)
	return s.Gateway(t, req)
}

// Gateway sends what a gateway sends.
func (s *Server) Gateway(t testing.TB, req *http.Request) Verified {
	t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatalf("ask the server: %v", err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("read the answer: %v", err)
	}
	out := Verified{}
	_ = json.Unmarshal(text, &out)
	out.Status, out.Header, out.Body = resp.StatusCode, resp.Header, string(text)
	if len(out.Errors) > 0 {
		out.Code = out.Errors[0].Extensions.Code
	}
	return out
}

// Changed says that a fixture changed what verifying depends on, which every other writer does by itself, and waits until this
// process has seen it.
func (s *Server) Changed(t testing.TB) {
	t.Helper()
	s.SQL(t, "UPDATE epoches SET number = number + 1")
	s.SQL(t, "INSERT INTO revocations (id, created_at, number, subject_id) SELECT ?, 9000000000000000, number, '' FROM epoches", "rvc_"+s.counter.next("fixture"))
	s.Settle(t)
}

// Settle waits until this process has seen every change.
func (s *Server) Settle(t testing.TB) {
	t.Helper()
	var number int64
	s.Row(t, "SELECT COALESCE(MAX(number), 0) FROM epoches", nil, &number)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(10 * time.Second * Slowdown); s.App.Epoch.Number() < number; <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("the change of number %d was not seen", number)
		}
	}
}
