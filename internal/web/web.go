// Package web is the HTTP server around the doors: who comes in, in what order the checks are made, and health. It knows
// nothing of GraphQL and decides nothing about rights.
package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/keyhall/keyhall/internal/viewer"
)

// Times and sizes that a client cannot exceed.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 30 * time.Second
	idleTimeout       = 60 * time.Second
	maxHeaderBytes    = 16 << 10
)

// Accounts finds the viewer of a credential.
type Accounts interface {
	BySession(ctx context.Context, cookie string) (viewer.Viewer, bool, error)
	ByAccessToken(ctx context.Context, bearer string) (viewer.Viewer, bool, error)
}

// Gate puts a viewer and what they may see into ctx.
type Gate interface {
	Enter(ctx context.Context, v viewer.Viewer) context.Context
}

// Site is what the server serves.
type Site struct {
	GraphQL       http.Handler
	Accounts      Accounts
	Gate          Gate
	Ready         func(context.Context) error
	SessionCookie string
	Proxies       []netip.Prefix
	Origins       []string                // of other sites, whose pages may use the API with an access token
	Explorer      http.Handler            // nil: there is none
	Pages         map[string]http.Handler // that the links of mails lead to, by pattern
	Exports       map[string]Table        // lists, by their names
	Gateways      Gateways
	Log           *slog.Logger
}

// Server is the HTTP server of a site, not yet listening.
func (s *Site) Server() *http.Server {
	return &http.Server{
		Handler: s.Handler(), ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelWarn),
	}
}

// Handler is the mux inside its middleware.
func (s *Site) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/graphql", received(s.authenticate(s.GraphQL)))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "alive") })
	mux.HandleFunc("GET /readyz", s.ready)
	if s.Explorer != nil {
		mux.Handle("GET /explorer", s.Explorer)
		mux.Handle("GET /explorer/", s.Explorer)
	}
	for name, table := range s.Exports {
		mux.Handle("POST "+exports+name, received(s.authenticate(s.export(name, table))))
	}
	for pattern, page := range s.Pages {
		mux.Handle(pattern, page)
	}
	var h http.Handler = mux
	// Read from the bottom up: the last one is the first that a request meets.
	for _, wrap := range []func(http.Handler) http.Handler{
		s.origins,
		headers,
		cookies,
		s.identify,
	} {
		h = wrap(h)
	}
	return s.gateways(h)
}

func (s *Site) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if err := s.Ready(ctx); err != nil {
		s.Log.WarnContext(ctx, "not ready", "error", err)
		say(w, http.StatusServiceUnavailable, "the database does not answer")
		return
	}
	say(w, http.StatusOK, "ready")
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n"))
}

// headers that every answer carries.
func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		next.ServeHTTP(w, r)
	})
}
