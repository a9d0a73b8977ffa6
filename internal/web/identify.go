package web

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/oklog/ulid/v2"

	"github.com/keyhall/keyhall/internal/viewer"
)

// identify gives each request an id and the address it came from; nobody is signed in yet.
func (s *Site) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := ulid.Make().String()
		w.Header().Set("X-Request-Id", id)
		v := viewer.Viewer{RequestID: id, IP: s.clientAddress(r), UserAgent: clientName(r)}
		next.ServeHTTP(w, r.WithContext(viewer.With(r.Context(), v)))
	})
}

// clientName is what the client says it is, as text that any database takes: a header is bytes.
func clientName(r *http.Request) string {
	const most = 256
	name := strings.ToValidUTF8(r.UserAgent(), "\uFFFD")
	if len(name) > most {
		name = strings.ToValidUTF8(name[:most], "") // without the half of a character at the end
	}
	return name
}

// authenticate finds the viewer of the credential. A cookie and a bearer token together are refused, because either could
// be somebody else's. A credential that is not good any more is nobody's: what needs an account says so.
func (s *Site) authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, from := r.Context(), viewer.From(r.Context())
		cookie, bearer := s.credentials(r)
		var v viewer.Viewer
		var known bool
		var err error
		switch {
		case cookie != "" && bearer != "":
			refuse(w, http.StatusBadRequest, "BAD_REQUEST", "send the session cookie or a bearer token, not both", from.RequestID)
			return
		case cookie != "":
			v, known, err = s.Accounts.BySession(ctx, cookie)
		case bearer != "":
			v, known, err = s.Accounts.ByAccessToken(ctx, bearer)
		}
		if err != nil {
			s.Log.ErrorContext(ctx, "authentication failed", "error", err, "viewer", from)
			refuse(w, http.StatusInternalServerError, "INTERNAL", "something went wrong here", from.RequestID)
			return
		}
		if bearer != "" && !known {
			refuse(w, http.StatusUnauthorized, "UNAUTHENTICATED", "this access token is not valid: it may be expired or revoked", from.RequestID)
			return
		}
		if !known {
			v = viewer.Viewer{}
		}
		v.IP, v.UserAgent, v.RequestID = from.IP, from.UserAgent, from.RequestID
		next.ServeHTTP(w, r.WithContext(s.Gate.Enter(ctx, v)))
	})
}

func (s *Site) credentials(r *http.Request) (cookie, bearer string) {
	if c, err := r.Cookie(s.SessionCookie); err == nil {
		cookie = c.Value
	}
	if kind, value, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(kind, "Bearer") {
		bearer = strings.TrimSpace(value)
	}
	return cookie, bearer
}

// refuse answers like the GraphQL door does; every text here is a constant.
func refuse(w http.ResponseWriter, status int, code, message, requestID string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(`{"errors":[{"message":"` + message + `","extensions":{"code":"` + code + `","requestId":"` + requestID + `"}}]}`))
}

// clientAddress is the address of the connection, or, behind trusted proxies, the last one in X-Forwarded-For that is not
// one of theirs.
func (s *Site) clientAddress(r *http.Request) string {
	at, _ := s.clientOf(r)
	if !at.IsValid() {
		return ""
	}
	return at.String()
}

// clientOf is clientAddress, and whether a trusted proxy named it.
func (s *Site) clientOf(r *http.Request) (at netip.Addr, named bool) {
	host, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return at, false
	}
	at = host.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && s.trusted(at); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		at, named = next.Unmap(), true
	}
	return at, named
}

func (s *Site) trusted(a netip.Addr) bool {
	for _, p := range s.Proxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
