package apptest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/graph"
	"github.com/keyhall/keyhall/internal/authn"
	"github.com/keyhall/keyhall/internal/keyring"
)

// Password of every actor.
const Password = "a long enough password"

// Actor is a person who talks to the server: signed in by cookie, by access token, or not at all.
type Actor struct {
	ID       string
	Username string
	Email    string
	Home     string // id of their personal organization
	Project  string // id of its default project
	server   *Server
	cookie   *http.Cookie
	bearer   string
}

// Anonymous is somebody without an account.
func (s *Server) Anonymous() *Actor { return &Actor{server: s} }

// Actor makes an account with a verified address and signs it in through the front door. The name is made unique.
func (s *Server) Actor(t testing.TB, name string) *Actor {
	t.Helper()
	a := s.Unverified(t, name)
	s.SQL(t, "UPDATE users SET email_verified = ? WHERE id = ?", true, a.ID)
	return a
}

// Unverified makes an account whose address is not verified, and signs it in.
func (s *Server) Unverified(t testing.TB, name string) *Actor {
	t.Helper()
	username := s.counter.next(name)
	a := &Actor{Username: username, Email: username + "@keyhall.test", server: s}
	u, err := s.App.Accounts.Create(context.Background(), authn.NewAccount{
		Email: a.Email, Username: username, Name: strings.ToUpper(name[:1]) + name[1:], Password: keyring.NewSecret(Password),
	}, false)
	if err != nil {
		t.Fatalf("make %s: %v", name, err)
	}
	a.ID, a.Home = u.ID, u.PersonalOrganizationID
	s.Row(t, "SELECT id FROM projects WHERE organization_id = ?", []any{a.Home}, &a.Project)
	a.SignIn(t)
	return a
}

// Administrator makes the account of the set-up link.
func (s *Server) Administrator(t testing.TB) *Actor {
	t.Helper()
	a := s.Actor(t, "root")
	s.SQL(t, "UPDATE users SET administrator = ? WHERE id = ?", true, a.ID)
	return a
}

// SignIn opens a new session for the actor.
func (a *Actor) SignIn(t testing.TB) {
	t.Helper()
	out := (&Actor{server: a.server}).Do(t, `mutation($login: String!, $password: String!) {
		signIn(input: {login: $login, password: $password}) { viewer { email } errors { code } } }`,
		Vars{"login": a.Username, "password": Password})
	for _, c := range out.Cookies {
		if c.Name == graph.SessionCookie {
			a.cookie, a.bearer = c, ""
			return
		}
	}
	t.Fatalf("%s could not sign in: %s", a.Username, out.Body)
}

// Cookie is the header of the actor's session.
func (a *Actor) Cookie() string { return a.cookie.Name + "=" + a.cookie.Value }

// WithToken is the same person through an access token.
func (a *Actor) WithToken(token string) *Actor {
	b := *a
	b.cookie, b.bearer = nil, token
	return &b
}

// At is the same person at another server of the same installation, in the same session.
func (a *Actor) At(url string) *Actor {
	b, s := *a, *a.server
	s.URL = url
	b.server = &s
	return &b
}

// Vars are the variables of an operation.
type Vars map[string]any

// Error is one error of an answer.
type Error struct {
	Message    string
	Path       []any
	Extensions struct {
		Code       string
		Permission string
		Reasons    []string
		RequestID  string `json:"requestId"`
		RetryAfter int    `json:"retryAfterSeconds"`
	}
}

// Answer is what came back.
type Answer struct {
	Status  int
	Header  http.Header
	Cookies []*http.Cookie
	Body    string
	Data    map[string]any
	Errors  []Error
}

// Do sends one operation.
func (a *Actor) Do(t testing.TB, query string, vars Vars) Answer {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": vars})
	if err != nil {
		t.Fatal(err)
	}
	return a.Post(t, body)
}

// Once is Do under an Idempotency-Key; several keys are several headers.
func (a *Actor) Once(t testing.TB, query string, vars Vars, keys ...string) Answer {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": vars})
	if err != nil {
		t.Fatal(err)
	}
	return a.Send(t, a.request(t, body, keys...))
}

// Post sends a raw body.
func (a *Actor) Post(t testing.TB, body []byte) Answer {
	t.Helper()
	return a.Send(t, a.request(t, body))
}

func (a *Actor) request(t testing.TB, body []byte, keys ...string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.server.URL+"/graphql", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for _, key := range keys {
		req.Header.Add("Idempotency-Key", key)
	}
	return req
}

// Send adds the actor's credential to a request and sends it.
func (a *Actor) Send(t testing.TB, req *http.Request) Answer {
	t.Helper()
	a.sign(req)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatalf("ask the server: %v", err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("read the answer: %v", err)
	}
	out := Answer{Status: resp.StatusCode, Header: resp.Header, Cookies: resp.Cookies(), Body: string(text)}
	var decoded struct {
		Data   map[string]any
		Errors []Error
	}
	if json.Unmarshal(text, &decoded) == nil {
		out.Data, out.Errors = decoded.Data, decoded.Errors
	}
	return out
}

func (a *Actor) sign(req *http.Request) {
	if a.cookie != nil {
		req.Header.Set("Cookie", a.Cookie())
	}
	if a.bearer != "" {
		req.Header.Set("Authorization", "Bearer "+a.bearer)
	}
}

// Must is Do for what has to succeed: no top-level error and no entry in any payload's errors.
func (a *Actor) Must(t testing.TB, query string, vars Vars) Answer {
	t.Helper()
	out := a.Do(t, query, vars)
	if len(out.Errors) > 0 || len(out.Refused()) > 0 {
		t.Fatalf("%s: %s\nanswered %s", a.Username, query, out.Body)
	}
	return out
}

// Code is the code of the first top-level error, or of the first refusal of a payload; empty when all went well.
func (o Answer) Code() string {
	if len(o.Errors) > 0 {
		return o.Errors[0].Extensions.Code
	}
	if r := o.Refused(); len(r) > 0 {
		return r[0]
	}
	return ""
}

// Refused lists the codes in the errors of all payloads.
func (o Answer) Refused() []string {
	var out []string
	for _, payload := range o.Data {
		p, _ := payload.(map[string]any)
		list, _ := p["errors"].([]any)
		for _, e := range list {
			m, _ := e.(map[string]any)
			out = append(out, fmt.Sprint(m["code"]))
		}
	}
	return out
}

// At walks into the data: At("apiKeys", "nodes", 0, "name"). Nil where there is nothing.
func (o Answer) At(path ...any) any {
	var v any = map[string]any(o.Data)
	for _, step := range path {
		switch s := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[s]
		case int:
			l, _ := v.([]any)
			if s >= len(l) {
				return nil
			}
			v = l[s]
		}
	}
	return v
}

// Text is At as a string.
func (o Answer) Text(path ...any) string {
	s, _ := o.At(path...).(string)
	return s
}
