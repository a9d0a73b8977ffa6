package gqlhttp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// sealed wraps the caller's presenter so that nothing unclassified passes: an error without a code of the list is
// masked, and one that a passed deadline explains is a TIMEOUT. What gqlgen itself makes never reaches the caller.
func sealed(present graphql.ErrorPresenterFunc, log *slog.Logger) graphql.ErrorPresenterFunc {
	return func(ctx context.Context, err error) *gqlerror.Error {
		var panicked panicError
		switch {
		case errors.As(err, &panicked):
			return at(ctx, err, coded(CodeInternal, internalMessage))
		case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
			return at(ctx, err, coded(CodeTimeout, timeoutMessage))
		}
		if bad := badArgument(ctx, err); bad != nil {
			return bad
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
		case code != CodeInternal: // unknown to the presenter, so not logged by it; the text may hold what a client sent
			log.ErrorContext(ctx, "graphql: unclassified error", "requestId", requestID(ctx),
				"path", graphql.GetPath(ctx).String(), "type", rootType(err))
		}
		return at(ctx, out, coded(CodeInternal, internalMessage))
	}
}

// badArgument recognises an argument that gqlgen could not convert, such as a malformed time: the field has arguments
// but its context has none yet. Scalars quote what they could not read, so their words are not sent,
// unless they put a listed code on their error.
func badArgument(ctx context.Context, err error) *gqlerror.Error {
	fc := graphql.GetFieldContext(ctx)
	if fc == nil || fc.Args != nil || fc.Field.Field == nil || fc.Field.Definition == nil || len(fc.Field.Definition.Arguments) == 0 {
		return nil
	}
	placed, ok := errors.AsType[*gqlerror.Error](err)
	if ok && IsCode(codeOf(placed)) {
		return nil
	}
	message, path := "An argument of this field is not valid.", fc.Path()
	if ok && len(placed.Path) > len(path) {
		name, _ := placed.Path[len(path)].(ast.PathName)
		if fc.Field.Definition.Arguments.ForName(string(name)) != nil {
			message = fmt.Sprintf("The argument %q is not valid.", string(name))
		}
	}
	out := coded(CodeBadUserInput, message)
	out.Path = path
	return out
}

// rootType names the Go type at the bottom of a chain of errors.
func rootType(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return fmt.Sprintf("%T", err)
		}
		err = inner
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

// panicError marks what comes out of a panic, whatever the caller's function made of it.
type panicError struct{ error }

func recovering(caller graphql.RecoverFunc) graphql.RecoverFunc {
	return func(ctx context.Context, v any) error { return panicError{caller(ctx, v)} }
}

// recoverTo logs where it happened. The value of a panic is left out, but for those of the Go runtime:
// it may hold what a client sent.
func recoverTo(log *slog.Logger) graphql.RecoverFunc {
	return func(ctx context.Context, v any) error {
		attrs := []any{"requestId", requestID(ctx), "type", fmt.Sprintf("%T", v), "stack", string(debug.Stack())}
		if fault, ok := v.(runtime.Error); ok {
			attrs = append(attrs, "error", fault.Error())
		}
		log.ErrorContext(ctx, "graphql: panic", attrs...)
		return errors.New("panic")
	}
}
