package gqlhttp

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"runtime"
	"runtime/debug"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// The closed list of codes. Every error that leaves carries one of them in extensions.code.
const (
	CodeUnauthenticated        = "UNAUTHENTICATED"
	CodeForbidden              = "FORBIDDEN"
	CodeNotFound               = "NOT_FOUND"
	CodeBadUserInput           = "BAD_USER_INPUT"
	CodeConflict               = "CONFLICT"
	CodeRateLimited            = "RATE_LIMITED"
	CodeTimeout                = "TIMEOUT"
	CodeInternal               = "INTERNAL"
	CodeOperationTooLarge      = "OPERATION_TOO_LARGE"
	CodeBodyTooLarge           = "BODY_TOO_LARGE"
	CodeBadRequest             = "BAD_REQUEST"
	CodeBatchingDisabled       = "BATCHING_DISABLED"
	CodeParseFailed            = "GRAPHQL_PARSE_FAILED"
	CodeValidationFailed       = "GRAPHQL_VALIDATION_FAILED"
	CodePersistedQueryNotFound = "PERSISTED_QUERY_NOT_FOUND"
)

const (
	internalMessage = "Internal error."
	timeoutMessage  = "The operation took too long and was stopped."
)

// IsCode tells whether a code is on the closed list.
func IsCode(code string) bool {
	switch code {
	case CodeUnauthenticated, CodeForbidden, CodeNotFound, CodeBadUserInput, CodeConflict, CodeRateLimited,
		CodeTimeout, CodeInternal, CodeOperationTooLarge, CodeBodyTooLarge, CodeBadRequest, CodeBatchingDisabled,
		CodeParseFailed, CodeValidationFailed, CodePersistedQueryNotFound:
		return true
	}
	return false
}

func codeOf(e *gqlerror.Error) string {
	code, _ := e.Extensions["code"].(string)
	return code
}

func coded(code, message string) *gqlerror.Error {
	return &gqlerror.Error{Message: message, Extensions: map[string]any{"code": code}}
}

func oneError(code, message string) gqlerror.List { return gqlerror.List{coded(code, message)} }

// sealed wraps the caller's presenter so that nothing unclassified passes: an error without a code of the list is
// masked, and one that a passed deadline explains is a TIMEOUT.
func sealed(present graphql.ErrorPresenterFunc, log *slog.Logger) graphql.ErrorPresenterFunc {
	return func(ctx context.Context, err error) *gqlerror.Error {
		if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
			return at(ctx, err, coded(CodeTimeout, timeoutMessage))
		}
		out := present(ctx, err)
		if out == nil {
			return nil
		}
		code := codeOf(out)
		switch {
		case IsCode(code) && code != CodeInternal:
			return out
		case ctx.Err() != nil: // many drivers report a cancelled statement in words of their own
			return at(ctx, err, coded(CodeTimeout, timeoutMessage))
		case code != CodeInternal: // the presenter did not know it, so it has not been logged either
			log.ErrorContext(ctx, "graphql: unclassified error", "requestId", requestID(ctx), "path", graphql.GetPath(ctx).String(), "error", err)
		}
		return at(ctx, out, coded(CodeInternal, internalMessage))
	}
}

// at puts the place of err, and nothing else of it, on out.
func at(ctx context.Context, err error, out *gqlerror.Error) *gqlerror.Error {
	out.Path = graphql.GetPath(ctx)
	if placed, ok := errors.AsType[*gqlerror.Error](err); ok {
		out.Locations = placed.Locations
		if placed.Path != nil {
			out.Path = placed.Path
		}
	}
	return out
}

// stamped gives each error the request id, on copies: a presenter may hand out one shared value many times.
func stamped(errs gqlerror.List, id string) gqlerror.List {
	out := make(gqlerror.List, len(errs))
	for i, e := range errs {
		c := *e
		c.Extensions = maps.Clone(e.Extensions)
		if c.Extensions == nil {
			c.Extensions = map[string]any{}
		}
		if !IsCode(codeOf(e)) { // an extension that wrote into the response itself
			c.Message = internalMessage
			c.Extensions = map[string]any{"code": CodeInternal}
		}
		c.Extensions["requestId"] = id
		out[i] = &c
	}
	return out
}

// recoverTo logs where it happened. The value of a panic is left out, but for those of the Go runtime:
// it may hold what a client sent.
func recoverTo(log *slog.Logger) graphql.RecoverFunc {
	return func(ctx context.Context, v any) error {
		attrs := []any{"requestId", requestID(ctx), "type", typeName(v), "stack", string(debug.Stack())}
		if fault, ok := v.(runtime.Error); ok {
			attrs = append(attrs, "error", fault.Error())
		}
		log.ErrorContext(ctx, "graphql: panic", attrs...)
		return coded(CodeInternal, internalMessage)
	}
}
