// Package client lets a service in Go ask Keyhall whether requests with API keys may pass: as middleware around an http.Handler, or
// by hand. It needs nothing but the standard library and a verifier token of the project whose keys it takes.
//
// It remembers nothing and lets nothing pass that Keyhall has not: when Keyhall cannot be asked, the answer is an error.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Verifier asks one Keyhall about the keys of one project. It is safe for use by many goroutines.
type Verifier struct {
	URL    string       // of Keyhall: https://keys.example.com
	Token  string       // khv_...
	Client *http.Client // http.DefaultClient when nil; give one with a Timeout
}

// Question is what is known of a request.
type Question struct {
	Key           string   `json:"key"`
	Secret        string   `json:"secret,omitempty"`
	JWT           string   `json:"jwt,omitempty"`
	Origin        string   `json:"origin,omitempty"`
	UserAgent     string   `json:"userAgent,omitempty"`
	Method        string   `json:"method,omitempty"`
	RemoteAddress string   `json:"remoteAddress,omitempty"`
	Cost          *int64   `json:"cost,omitempty"` // nil: 1
	Scopes        []string `json:"scopes,omitempty"`
}

// Answer is what Keyhall decided. Only Valid lets a request pass.
type Answer struct {
	Valid             bool   `json:"valid"`
	Code              string `json:"code"`
	KeyID             string `json:"keyId"`
	ProjectID         string `json:"projectId"`
	Limit             *int64 `json:"limit"`
	WindowSeconds     *int64 `json:"windowSeconds"`
	Remaining         *int64 `json:"remaining"`
	ResetSeconds      *int64 `json:"resetSeconds"`
	RetryAfterSeconds *int64 `json:"retryAfterSeconds"`
}

const mostAnswer = 64 << 10

// Verify asks. An error is that nothing was decided.
func (v *Verifier) Verify(ctx context.Context, q Question) (Answer, error) {
	body, err := json.Marshal(q)
	if err != nil {
		return Answer{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(v.URL, "/")+"/v1/verify", bytes.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	req.Header.Set("Authorization", "Bearer "+v.Token)
	req.Header.Set("Content-Type", "application/json")
	c := v.Client
	if c == nil {
		c = http.DefaultClient
	}
	resp, err := c.Do(req)
	if err != nil {
		return Answer{}, fmt.Errorf("ask Keyhall: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer))
	if err != nil {
		return Answer{}, fmt.Errorf("read what Keyhall says: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return Answer{}, fmt.Errorf("ask Keyhall: it answers %s%s", resp.Status, why(text))
	}
	var a Answer
	if err := json.Unmarshal(text, &a); err != nil {
		return Answer{}, fmt.Errorf("read what Keyhall says: %w", err)
	}
	if a.Valid != (a.Code == "VALID") {
		return Answer{}, fmt.Errorf("ask Keyhall: it answers %s, valid %v", resp.Status, a.Valid)
	}
	return a, nil
}

// why is what Keyhall says of having decided nothing; it repeats nothing of what it was asked.
func why(text []byte) string {
	var refusal struct {
		Errors []struct{ Message string }
	}
	if json.Unmarshal(text, &refusal) != nil || len(refusal.Errors) == 0 {
		return ""
	}
	return ": " + refusal.Errors[0].Message
}
