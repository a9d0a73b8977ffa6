package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/verify"
)

// errTooLong is of a question that is larger than any can be.
var errTooLong = errors.New("the question is too long")

// privately keeps an answer from everybody but who asked.
func privately(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
}

// limitHeaders say how the limit stands that has the least left, in the words of the IETF's draft and in those before it.
func limitHeaders(h http.Header, d verify.Decision) {
	if d.After > 0 {
		h.Set("Retry-After", strconv.FormatInt(seconds(d.After), 10))
	}
	if !d.Limited {
		return
	}
	limit, left := strconv.FormatInt(d.Limit, 10), strconv.FormatInt(d.Remaining, 10)
	window, reset := strconv.FormatInt(seconds(d.Window), 10), strconv.FormatInt(seconds(d.Reset), 10)
	h.Set("RateLimit-Policy", `"default";q=`+limit+`;w=`+window)
	h.Set("RateLimit", `"default";r=`+left+`;t=`+reset)
	h.Set("RateLimit-Limit", limit)
	h.Set("RateLimit-Remaining", left)
	h.Set("RateLimit-Reset", reset)
}

// seconds rounds up: nobody comes back too early.
func seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

// refuseGateway says that nothing was decided, which no gateway may take for a yes.
func (s *Site) refuseGateway(w http.ResponseWriter, r *http.Request, err error) {
	id := ulid.Make().String()
	status, code, public, path := http.StatusServiceUnavailable, "UNAVAILABLE", "this cannot be decided now; try again", []string(nil)
	f := fault.From(err)
	switch {
	case errors.Is(err, errTooLong):
		status, code, public = http.StatusRequestEntityTooLarge, "BODY_TOO_LARGE", "a question has at most 64 KiB"
	case fault.Refused(err, fault.IdempotencyMismatch):
		status, code, public = http.StatusConflict, string(fault.IdempotencyMismatch), "this request id was reported with another cost"
	case f.Code == fault.CodeNotFound:
		status, code, public = http.StatusNotFound, string(f.Code), "the project has no such key"
	case f.Code == fault.CodeUnauthenticated || f.Code == fault.CodeRateLimited || f.Code == fault.CodeBadUserInput:
		status, code, public, path = statusOf(f.Code), string(f.Code), f.Public, f.Path
	default:
		s.Log.ErrorContext(r.Context(), "a request with a key could not be decided", "error", f, "request_id", id)
	}
	h := w.Header()
	privately(h)
	h.Set("Content-Type", "application/json; charset=utf-8")
	if status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="verifier token"`)
	}
	extensions := map[string]any{"code": code, "requestId": id}
	if path != nil {
		extensions["path"] = path
	}
	if f.RetryAfter > 0 {
		extensions["retryAfterSeconds"] = seconds(f.RetryAfter)
		h.Set("Retry-After", strconv.FormatInt(seconds(f.RetryAfter), 10))
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": []any{map[string]any{"message": public, "extensions": extensions}}})
}
