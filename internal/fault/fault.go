// Package fault is the one vocabulary of failure between the verbs and the
// doors: a closed list of codes, a text that anybody may read, and a cause
// that only the log gets.
//
// It never decides anything, and no public text is ever built from a cause or
// from what the client sent.
package fault

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"
)

// Code is the `extensions.code` of a top-level GraphQL error.
type Code string

// The codes that verbs produce. The door adds its own for what it refuses
// before any verb is asked (size, syntax, batching).
const (
	CodeNotFound        Code = "NOT_FOUND"
	CodeForbidden       Code = "FORBIDDEN"
	CodeUnauthenticated Code = "UNAUTHENTICATED"
	CodeBadUserInput    Code = "BAD_USER_INPUT"
	CodeConflict        Code = "CONFLICT"
	CodeRateLimited     Code = "RATE_LIMITED"
	CodeTimeout         Code = "TIMEOUT"
	CodeInternal        Code = "INTERNAL"
)

// Error is a failure that ends the request (or the field).
type Error struct {
	Code   Code
	Public string   // what the client reads
	Path   []string // which part of the input, outermost first

	Permission string        // FORBIDDEN: the name of the rule, as in "api_key.rename"
	Reasons    []string      // FORBIDDEN: why, in the words of the policy
	RetryAfter time.Duration // RATE_LIMITED: when it can work again

	cause error
}

// Error is the code and the public text; the cause stays out of it, because
// error texts travel to places that nobody foresaw.
func (e *Error) Error() string { return string(e.Code) + ": " + e.Public }

// GoString keeps %#v from walking into the cause.
func (e *Error) GoString() string { return e.Error() }

// Unwrap lets errors.Is and errors.As see the cause.
func (e *Error) Unwrap() error { return e.cause }

// Because returns a copy that carries the cause for the log.
func (e *Error) Because(cause error) *Error {
	caused := *e
	caused.Path, caused.Reasons = slices.Clone(e.Path), slices.Clone(e.Reasons)
	caused.cause = cause
	return &caused
}

// LogValue tells the log what the client is not told.
func (e *Error) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("code", string(e.Code))}
	if e.Permission != "" {
		attrs = append(attrs, slog.String("permission", e.Permission))
	}
	if e.cause != nil {
		attrs = append(attrs, slog.String("cause", e.cause.Error()))
	}
	return slog.GroupValue(attrs...)
}

// NotFound is the one answer for what is absent, hidden or misspelt.
func NotFound() *Error { return &Error{Code: CodeNotFound, Public: "not found"} }

// Forbidden is for a thing that the viewer can see but not do this to.
func Forbidden(permission string, reasons ...string) *Error {
	return &Error{Code: CodeForbidden, Public: "not allowed", Permission: permission, Reasons: reasons}
}

// Unauthenticated is for everything that needs an account.
func Unauthenticated() *Error { return &Error{Code: CodeUnauthenticated, Public: "sign in first"} }

// BadInput says what is wrong with the part of the input at path. The text
// names the rule, never the value.
func BadInput(public string, path ...string) *Error {
	return &Error{Code: CodeBadUserInput, Public: public, Path: path}
}

// Conflict is for what another request made impossible in the meantime.
func Conflict(public string) *Error { return &Error{Code: CodeConflict, Public: public} }

// RateLimited tells when to come back, rounded up to a whole second.
func RateLimited(retryAfter time.Duration) *Error {
	seconds := max(1, (retryAfter+time.Second-1)/time.Second)
	public := fmt.Sprintf("too many attempts, try again in %d seconds", seconds)
	return &Error{Code: CodeRateLimited, Public: public, RetryAfter: seconds * time.Second}
}

// Timeout is for work that was stopped at its deadline.
func Timeout(cause error) *Error {
	return &Error{Code: CodeTimeout, Public: "this took too long and was stopped", cause: cause}
}

// Internal hides what went wrong inside; the log has it under the request id.
func Internal(cause error) *Error {
	return &Error{Code: CodeInternal, Public: "something went wrong on our side", cause: cause}
}

// From gives any error its code: what nobody gave one is INTERNAL. It returns
// nil for nil.
func From(err error) *Error {
	if err == nil {
		return nil
	}
	if known, ok := errors.AsType[*Error](err); ok {
		return known
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return Timeout(err)
	}
	return Internal(err)
}

// Is tells whether the error carries this code.
func Is(err error, code Code) bool { return err != nil && From(err).Code == code }
