package web

import (
	"bytes"
	"io"
	"net/http"
)

// mostBody is more than any door accepts; what is beyond it stays unread, to be refused there.
const mostBody = 1 << 20

// received reads the body before anybody looks who sends it: a session that ends while a body comes in slowly is over when
// the deed begins.
func received(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head, _ := io.ReadAll(io.LimitReader(r.Body, mostBody)) // an error comes again to whoever reads on
		r.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(head), r.Body), r.Body}
		next.ServeHTTP(w, r)
	})
}
