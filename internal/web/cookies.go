package web

import (
	"context"
	"net/http"
)

type cookieKey struct{}

// cookies lets what runs inside a request set a cookie on its answer.
func cookies(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), cookieKey{}, w)))
	})
}

// Cookies sets cookies on the answer that a ctx belongs to; before the answer is written, as mutations are.
type Cookies struct{}

// Set implements the door's wish for a cookie.
func (Cookies) Set(ctx context.Context, c *http.Cookie) {
	if w, ok := ctx.Value(cookieKey{}).(http.ResponseWriter); ok {
		http.SetCookie(w, c)
	}
}
