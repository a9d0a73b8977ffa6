package web

import (
	"context"
	"embed"
	"net/http"
	"strings"
	"time"

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
	Caller(ctx context.Context, bearer keyring.Secret, mayAsk func() error) (verify.Caller, error)
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
	mux.HandleFunc("/v1/verify", onlyPosted)
	mux.HandleFunc("POST /v1/usage", s.report)
	mux.HandleFunc("/v1/usage", onlyPosted)
	mux.HandleFunc("/v1/forward-auth", s.forwardAuth)
	mux.HandleFunc("GET /v1/openapi.yaml", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/yaml")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		http.ServeFileFS(w, r, described, "openapi.yaml")
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, envoyDoor) { // what follows is the path of the request, which nobody here tidies up
			s.forwardAuth(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// envoyDoor is what Envoy writes before the path of a request.
const envoyDoor = "/v1/forward-auth/"

// onlyPosted answers who asks in a way that would put a key into an address, a cache or a log.
func onlyPosted(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Allow", http.MethodPost)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	privately(w.Header())
	w.WriteHeader(http.StatusMethodNotAllowed)
	_, _ = w.Write([]byte(`{"errors":[{"message":"POST it; /v1/openapi.yaml describes how","extensions":{"code":"BAD_REQUEST"}}]}` + "\n"))
}

// caller is who asks, by the token of the header or of Authorization. Whoever has got it wrong too often is told to wait. What the database was
// asked about counts apart from what needs no database: whoever has had it asked in vain too often has it not asked again, whatever they
// send, and a gateway beside somebody who sends garbage is let in all the same.
func (s *Site) caller(r *http.Request, authorization bool) (verify.Caller, error) {
	text := r.Header.Get(VerifierHeader)
	if text == "" && authorization {
		text, _ = bearer(r)
	}
	failures, counted := s.Gateways.Failures, s.clientAddress(r)
	who, err := s.Gateways.Verifier.Caller(r.Context(), keyring.NewSecret(text), func() error {
		counted += " asked"
		return waiting(failures.Look(r.Context(), counted))
	})
	if fault.Is(err, fault.CodeUnauthenticated) {
		if wait := waiting(failures.Allow(r.Context(), counted)); wait != nil {
			return who, wait
		}
	}
	return who, err
}

// waiting is that somebody has to come back later; what cannot be counted is not held against them.
func waiting(ok bool, wait time.Duration, err error) error {
	if ok || err != nil {
		return nil
	}
	return fault.RateLimited(wait)
}

func bearer(r *http.Request) (token string, ok bool) {
	kind, value, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(kind, "Bearer") {
		return "", false
	}
	return strings.TrimSpace(value), true
}
