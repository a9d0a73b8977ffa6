package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/keyhall/keyhall/internal/viewer"
)

// What a page of a named origin may send and read. Cookies are not among it, and never will be.
const (
	corsMethods = "GET, POST"
	corsHeaders = "Authorization, Content-Type, Accept, Idempotency-Key"
	corsExposed = "X-Request-Id, Retry-After"
	corsMaxAge  = "600" // seconds that a browser remembers the answer to its question
)

// origins keeps the pages of other sites from acting with the cookie of who reads them. Those that the operator named may
// ask with an access token: it is theirs to send, no browser adds it by itself.
func (s *Site) origins(next http.Handler) http.Handler {
	protected := sameOrigin(next)
	if len(s.Origins) == 0 {
		return protected
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Origin")
		if !s.named(r) {
			protected.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			preflight(w)
			return
		}
		w.Header().Set("Access-Control-Expose-Headers", corsExposed)
		if cookie, bearer := s.credentials(r); cookie != "" || bearer == "" {
			refuse(w, http.StatusForbidden, "FORBIDDEN", "a page of another origin sends an access token as Authorization: Bearer, and no cookie",
				viewer.From(r.Context()).RequestID)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// named tells whether a page of an origin that the operator named asks the API. A page of ours is never one.
func (s *Site) named(r *http.Request) bool {
	api := r.URL.Path == "/graphql" || strings.HasPrefix(r.URL.Path, exports)
	return api && slices.Contains(s.Origins, r.Header.Get("Origin")) && r.Header.Get("Sec-Fetch-Site") != "same-origin"
}

// preflight answers the browser's question before the request; that one is checked on its own.
func preflight(w http.ResponseWriter) {
	h := w.Header()
	h.Add("Vary", "Access-Control-Request-Method, Access-Control-Request-Headers")
	h.Set("Access-Control-Allow-Methods", corsMethods)
	h.Set("Access-Control-Allow-Headers", corsHeaders)
	h.Set("Access-Control-Max-Age", corsMaxAge)
	w.WriteHeader(http.StatusNoContent)
}

// sameOrigin lets a page of another site do nothing but read, which it cannot see without our leave.
func sameOrigin(next http.Handler) http.Handler {
	p := http.NewCrossOriginProtection()
	p.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusForbidden, "FORBIDDEN", "a page of another site may not do this", viewer.From(r.Context()).RequestID)
	}))
	return p.Handler(next)
}
