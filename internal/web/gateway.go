package web

import (
	"context"
	"embed"
	"net/http"
	"strings"

	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/limit"
	"github.com/keyhall/keyhall/internal/verify"
)

// The doors of gateways. Who asks there brings a verifier token and nothing else: no session, no access token, no cookie is looked
// at, and nothing of what people do passes here.

// VerifierHeader carries the verifier token where Authorization belongs to the request that is asked about.
const VerifierHeader = "X-Keyhall-Verifier"

// Verifier decides about requests with keys.
type Verifier interface {
	Caller(ctx context.Context, bearer keyring.Secret) (verify.Caller, error)
	Decide(ctx context.Context, who verify.Caller, r verify.Request) (verify.Decision, error)
}

// Gateways are the doors of those who ask about keys.
type Gateways struct {
	Verifier Verifier
	Reports  Reports
	Failures *limit.Limiter // verifier tokens that one address may get wrong
}

//go:embed openapi.yaml
var described embed.FS

// gateways puts their doors before everything else: the way of a request with a key is short.
func (s *Site) gateways(rest http.Handler) http.Handler {
	if s.Gateways.Verifier == nil {
		return rest
	}
	mux := http.NewServeMux()
	mux.Handle("/", rest)
	mux.HandleFunc("POST /v1/verify", s.verify)
	mux.HandleFunc("POST /v1/usage", s.report)
	mux.HandleFunc("/v1/forward-auth", s.forwardAuth)
	mux.HandleFunc("/v1/forward-auth/", s.forwardAuth)
	mux.HandleFunc("GET /v1/openapi.yaml", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/yaml")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		http.ServeFileFS(w, r, described, "openapi.yaml")
	})
	return mux
}

// caller is who asks, by the token of the header or of Authorization. Whoever has got it wrong too often is told to wait.
func (s *Site) caller(r *http.Request, authorization bool) (verify.Caller, error) {
	text := r.Header.Get(VerifierHeader)
	if text == "" && authorization {
		text, _ = bearer(r)
	}
	who, err := s.Gateways.Verifier.Caller(r.Context(), keyring.NewSecret(text))
	if fault.Is(err, fault.CodeUnauthenticated) {
		ok, wait, limited := s.Gateways.Failures.Allow(r.Context(), s.clientAddress(r))
		if !ok && limited == nil {
			return who, fault.RateLimited(wait)
		}
	}
	return who, err
}

func bearer(r *http.Request) (token string, ok bool) {
	kind, value, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(kind, "Bearer") {
		return "", false
	}
	return strings.TrimSpace(value), true
}
