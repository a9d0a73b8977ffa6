package gqlhttp

import (
	"context"
	"net/http"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// Server-sent events as GraphQL over SSE has them in its mode of distinct connections: one POST, one operation, one
// stream of "next" events that ends with "complete". What is refused before the stream starts is an ordinary coded
// answer with its HTTP status, so that a client can tell it from a stream that broke (graphql-sse tries both again, a few times).

// stream is an operation whose answer does not end by itself.
type stream struct {
	operation *graphql.OperationContext
	executor  graphql.GraphExecutor
}

// streamable refuses what a stream cannot be made of: one field of the schema, not of GraphQL itself, and nothing else.
func (t *transport) streamable(op *graphql.OperationContext) *refusal {
	fields := graphql.CollectFields(op, op.Operation.SelectionSet, []string{t.subscription})
	if len(fields) != 1 || strings.HasPrefix(fields[0].Name, "__") {
		return &refusal{status: http.StatusBadRequest, code: CodeBadUserInput, message: "Subscribe to exactly one field."}
	}
	return nil
}

// stream serves until the operation is over, the client is gone or too slow, or the server closes. All of it runs in the
// goroutine of the request.
func (t *transport) stream(w http.ResponseWriter, r *http.Request, s *stream) {
	bounds := t.options.Streams
	leave, no := t.seats.take(bounds.Account(r.Context()))
	if no != nil {
		refuse(mediaJSON, no).write(w, requestID(r.Context()), false)
		return
	}
	defer leave()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(bounds.Closing, cancel)()
	out := newFrames(w, bounds.Patience, cancel)
	defer out.close()
	defer t.logPanic(ctx)
	if out.open() != nil {
		return // the client is gone; there is nobody to tell
	}
	defer out.keepAlive(bounds.KeepAlive)()
	s.run(ctx, out)
}

func (s *stream) run(ctx context.Context, out *frames) {
	next, ctx := s.executor.DispatchOperation(ctx, s.operation)
	for {
		response := next(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case response == nil:
			_ = out.complete()
			return
		}
		body, err := result(mediaStream, response).body(requestID(ctx))
		if err != nil || out.next(body) != nil {
			return
		}
	}
}

// once sends an answer that is complete as a stream of one event, for a client that takes nothing else.
func (t *transport) once(w http.ResponseWriter, r *http.Request, a answer) {
	body, err := a.body(requestID(r.Context()))
	if err != nil {
		refuse(mediaJSON, &refusal{status: http.StatusInternalServerError, code: CodeInternal, message: internalMessage}).
			write(w, requestID(r.Context()), false)
		return
	}
	out := newFrames(w, t.options.Streams.Patience, func() {})
	defer out.close()
	if out.open() == nil && out.next(body) == nil {
		_ = out.complete()
	}
}

// logPanic keeps a panic outside of any field from the client; the stream ends without "complete".
func (t *transport) logPanic(ctx context.Context) {
	if v := recover(); v != nil {
		_ = t.options.Recover(ctx, v)
	}
}

func isSubscription(op *graphql.OperationContext) bool {
	return op.Operation.Operation == ast.Subscription
}
