package client

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
)

// mostAsked is how long the headers of a request can be together: less than what Keyhall reads, also when JSON writes six characters for one.
const mostAsked = 8 << 10

type answerKey struct{}

// From is what was decided about the request that a handler serves behind the middleware.
func From(ctx context.Context) (Answer, bool) {
	a, ok := ctx.Value(answerKey{}).(Answer)
	return a, ok
}

// Middleware lets requests pass that Keyhall finds valid, for keys with all of the scopes. The key comes as Authorization: Bearer or
// as X-API-Key, its secret as X-API-Secret. What could not be decided is answered 503 and logged by slog. The address is that of the connection: behind a proxy, ask with Verify.
func (v *Verifier) Middleware(next http.Handler, scopes ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := questionOf(r)
		q.Scopes = scopes
		if q.Key == "" {
			refuse(w, http.StatusUnauthorized, Answer{Code: "NOT_FOUND"})
			return
		}
		if len(q.Key)+len(q.Secret)+len(q.JWT)+len(q.Origin)+len(q.UserAgent)+len(q.Method) > mostAsked {
			http.Error(w, "the headers are too long", http.StatusRequestHeaderFieldsTooLarge)
			return
		}
		a, err := v.Verify(r.Context(), q)
		if err != nil {
			slog.ErrorContext(r.Context(), "a request with an API key could not be decided", "error", err)
			http.Error(w, "this cannot be decided now", http.StatusServiceUnavailable)
			return
		}
		if !a.Valid {
			refuse(w, status(a.Code), a)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), answerKey{}, a)))
	})
}

func questionOf(r *http.Request) Question {
	q := Question{
		Key: r.Header.Get("X-API-Key"), Secret: r.Header.Get("X-API-Secret"), JWT: r.Header.Get("X-API-JWT"),
		Origin: r.Header.Get("Origin"), UserAgent: r.UserAgent(), Method: r.Method,
	}
	if kind, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); q.Key == "" && ok && strings.EqualFold(kind, "Bearer") {
		q.Key = strings.TrimSpace(token)
	}
	q.RemoteAddress, _, _ = net.SplitHostPort(r.RemoteAddr)
	return q
}

func status(code string) int {
	switch code {
	case "NOT_FOUND", "SECRET_REQUIRED", "SECRET_INVALID", "JWT_INVALID":
		return http.StatusUnauthorized
	case "RATE_LIMITED", "SPEND_LIMIT_REACHED":
		return http.StatusTooManyRequests
	}
	return http.StatusForbidden
}

func refuse(w http.ResponseWriter, status int, a Answer) {
	if a.RetryAfterSeconds != nil {
		w.Header().Set("Retry-After", strconv.FormatInt(*a.RetryAfterSeconds, 10))
	}
	w.Header().Set("X-Keyhall-Code", a.Code)
	http.Error(w, a.Code, status)
}
