package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/netip"

	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/traffic"
	"github.com/keyhall/keyhall/internal/verify"
)

// What a question may be at most: its body in bytes, the scopes it asks for, and the units that a request costs.
const (
	maxQuestion = 64 << 10
	maxScopes   = 100
	maxCost     = 1_000_000_000
)

// question is the body of POST /v1/verify.
type question struct {
	Key           string   `json:"key"`
	Secret        string   `json:"secret"`
	JWT           string   `json:"jwt"`
	Origin        string   `json:"origin"`
	UserAgent     string   `json:"userAgent"`
	Method        string   `json:"method"`
	RemoteAddress string   `json:"remoteAddress"`
	Cost          *int64   `json:"cost"`
	Scopes        []string `json:"scopes"`
}

// answer is what is said about a request with a key.
type answer struct {
	Valid             bool         `json:"valid"`
	Code              traffic.Code `json:"code"`
	KeyID             string       `json:"keyId,omitempty"`
	ProjectID         string       `json:"projectId,omitempty"`
	Limit             *int64       `json:"limit,omitempty"`
	WindowSeconds     *int64       `json:"windowSeconds,omitempty"`
	Remaining         *int64       `json:"remaining,omitempty"`
	ResetSeconds      *int64       `json:"resetSeconds,omitempty"`
	RetryAfterSeconds *int64       `json:"retryAfterSeconds,omitempty"`
	PerProcess        bool         `json:"perProcess,omitempty"`
}

// verify answers POST /v1/verify: 200 whatever was decided. A question without a body is asked by headers, as at forward-auth.
func (s *Site) verify(w http.ResponseWriter, r *http.Request) {
	who, err := s.caller(r, true)
	if err != nil {
		s.refuseGateway(w, r, err)
		return
	}
	asked, err := s.asked(w, r)
	if err != nil {
		s.refuseGateway(w, r, err)
		return
	}
	d, err := s.Gateways.Verifier.Decide(r.Context(), who, asked)
	if err != nil {
		s.refuseGateway(w, r, err)
		return
	}
	out, err := json.Marshal(answerOf(d))
	if err != nil {
		s.refuseGateway(w, r, err)
		return
	}
	limitHeaders(w.Header(), d)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	privately(w.Header())
	_, _ = w.Write(out)
}

func (s *Site) asked(w http.ResponseWriter, r *http.Request) (verify.Request, error) {
	body, err := readQuestion(w, r)
	if err != nil {
		return verify.Request{}, err
	}
	if len(body) == 0 {
		return s.ofHeaders(r)
	}
	var q question
	err = decodeQuestion(body, &q, "send one JSON object with key and, as you know them, secret, jwt, origin, userAgent, method, remoteAddress, cost, scopes")
	if err != nil {
		return verify.Request{}, err
	}
	return q.request()
}

// readQuestion reads a body that is as long as a question can be.
func readQuestion(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxQuestion))
	if tooLong := (*http.MaxBytesError)(nil); errors.As(err, &tooLong) {
		return nil, errTooLong
	}
	if err != nil {
		return nil, fault.BadInput("the body could not be read")
	}
	return body, nil
}

// decodeQuestion takes one JSON object that has no other fields, and nothing behind it; hint says what to send instead.
func decodeQuestion(body []byte, into any, hint string) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) && wrong.Field != "" {
		return fault.BadInput(wrong.Field+" is of another type; "+hint, wrong.Field)
	}
	if err != nil {
		return fault.BadInput(hint)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fault.BadInput("there is more than one JSON object; " + hint)
	}
	return nil
}

func (q question) request() (verify.Request, error) {
	out := verify.Request{
		Key: keyring.NewSecret(q.Key), Secret: keyring.NewSecret(q.Secret), JWT: keyring.NewSecret(q.JWT),
		Origin: q.Origin, UserAgent: q.UserAgent, Method: q.Method, Scopes: q.Scopes, Units: 1,
	}
	if q.Key == "" {
		return out, fault.BadInput("key is needed", "key")
	}
	if q.Cost != nil {
		out.Units = *q.Cost
	}
	if q.RemoteAddress != "" {
		at, ok := addressOf(q.RemoteAddress)
		if !ok {
			return out, fault.BadInput("remoteAddress is an address: 203.0.113.7 or 2001:db8::7", "remoteAddress")
		}
		out.Address = at
	}
	return out, bounded(out)
}

func bounded(r verify.Request) error {
	switch {
	case r.Units < 0 || r.Units > maxCost:
		return fault.BadInput("cost is a whole number from 0 to 1000000000", "cost")
	case len(r.Scopes) > maxScopes:
		return fault.BadInput("at most 100 scopes can be asked for", "scopes")
	}
	return nil
}

// addressOf reads an address, also one with a port.
func addressOf(text string) (netip.Addr, bool) {
	if at, err := netip.ParseAddr(text); err == nil {
		return at.Unmap().WithZone(""), true
	}
	at, err := netip.ParseAddrPort(text)
	return at.Addr().Unmap().WithZone(""), err == nil
}

func answerOf(d verify.Decision) answer {
	out := answer{Valid: d.Code == traffic.Valid, Code: d.Code, KeyID: d.KeyID, ProjectID: d.ProjectID, PerProcess: d.Alone}
	if d.Limited {
		window, reset := seconds(d.Window), seconds(d.Reset)
		out.Limit, out.Remaining, out.WindowSeconds, out.ResetSeconds = &d.Limit, &d.Remaining, &window, &reset
	}
	if d.After > 0 {
		after := seconds(d.After)
		out.RetryAfterSeconds = &after
	}
	return out
}
