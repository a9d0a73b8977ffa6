package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/traffic"
	"github.com/keyhall/keyhall/internal/verify"
)

// forwardAuth answers a gateway that passes on the head of a request and lets it through at 200: nginx's auth_request, Caddy's
// forward_auth, Traefik's ForwardAuth, and Envoy's ext_authz, which appends the path of the request.
func (s *Site) forwardAuth(w http.ResponseWriter, r *http.Request) {
	who, err := s.caller(r, false)
	if err != nil {
		s.refuseGateway(w, r, err)
		return
	}
	asked, err := s.ofHeaders(r)
	if err != nil {
		s.refuseGateway(w, r, err)
		return
	}
	d, err := s.Gateways.Verifier.Decide(r.Context(), who, asked)
	if err != nil {
		s.refuseGateway(w, r, err)
		return
	}
	h := w.Header()
	h.Set("X-Keyhall-Code", string(d.Code))
	if d.KeyID != "" {
		h.Set("X-Keyhall-Key-Id", d.KeyID)
		h.Set("X-Keyhall-Project-Id", d.ProjectID)
	}
	limitHeaders(h, d)
	privately(h)
	status := forwardStatus(d.Code)
	if status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="API key"`)
	}
	w.WriteHeader(status)
}

// forwardStatus is what the client of a gateway is told: who it is was not shown, it may not, or not now.
func forwardStatus(c traffic.Code) int {
	switch c {
	case traffic.Valid:
		return http.StatusOK
	case traffic.NotFound, traffic.SecretRequired, traffic.SecretInvalid, traffic.JWTInvalid:
		return http.StatusUnauthorized
	case traffic.RateLimited, traffic.SpendLimitReached:
		return http.StatusTooManyRequests
	}
	return http.StatusForbidden
}

// ofHeaders reads a request from the headers that a gateway passes on. What the gateway decides itself, which is cost, scopes and
// the method where it is no HTTP method, it writes into the address that it asks at: a client has no part in that.
func (s *Site) ofHeaders(r *http.Request) (verify.Request, error) {
	out := credentialsOf(r)
	out.Origin, out.UserAgent, out.Units = r.Header.Get("Origin"), r.UserAgent(), 1
	if at, named := s.clientOf(r); named { // else it is the gateway's own
		out.Address = at
	}
	if strings.HasPrefix(r.URL.Path, envoyDoor) { // the method is that of the request, and so is the query
		out.Method = r.Method
		return out, nil
	}
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return out, fault.BadInput("the query cannot be read")
	}
	if ofClient(q, r.Header.Get("X-Forwarded-Uri")) {
		return out, fault.BadInput("the query is that of the request, and its client has no say in cost, scope and method: " +
			"have the gateway write a query of its own, as Caddy does with a ? at the end of uri")
	}
	if cost := q.Get("cost"); cost != "" {
		if out.Units, err = strconv.ParseInt(cost, 10, 64); err != nil {
			return out, fault.BadInput("cost is a whole number from 0 to 1000000000", "cost")
		}
	}
	out.Scopes = q["scope"]
	if out.Method = q.Get("method"); out.Method == "" {
		if out.Method, err = forwardedMethod(r); err != nil {
			return out, err
		}
	}
	return out, bounded(out)
}

// ofClient tells whether a query that says what only a gateway knows stands in the address that the client asked for: Caddy
// appends the client's query to an address without a question mark, and then cost and method would be the client's to say.
func ofClient(q url.Values, forwarded string) bool {
	if !q.Has("cost") && !q.Has("scope") && !q.Has("method") {
		return false
	}
	_, raw, _ := strings.Cut(forwarded, "?")
	said, _ := url.ParseQuery(raw) // what can be read of it
	for name, values := range q {
		for _, v := range values {
			if !slices.Contains(said[name], v) {
				return false
			}
		}
	}
	return true
}

// forwardedMethod is the HTTP method that a gateway names. Each kind of gateway has a header of its own and lets pass what a client
// writes into that of another kind: two that differ are refused.
func forwardedMethod(r *http.Request) (string, error) {
	one, other := r.Header.Get("X-Original-Method"), r.Header.Get("X-Forwarded-Method")
	switch {
	case one != "" && other != "" && one != other:
		return "", fault.BadInput("X-Original-Method and X-Forwarded-Method name different methods: have the gateway write both, or drop one")
	case one == "":
		return other, nil
	}
	return one, nil
}

// credentialsOf reads what a client of a gateway brings: the key as X-API-Key, as a bearer token or by basic authentication, and
// what goes with it.
func credentialsOf(r *http.Request) verify.Request {
	key, secret := r.Header.Get("X-API-Key"), r.Header.Get("X-API-Secret")
	user, password, basic := r.BasicAuth()
	switch {
	case basic && strings.HasPrefix(password, "khs_"):
		if secret = password; key == "" {
			key = user
		}
	case basic && key == "":
		key = password
	case key == "" && r.Header.Get(VerifierHeader) != "":
		key, _ = bearer(r)
	}
	return verify.Request{Key: keyring.NewSecret(key), Secret: keyring.NewSecret(secret), JWT: keyring.NewSecret(r.Header.Get("X-API-JWT"))}
}
