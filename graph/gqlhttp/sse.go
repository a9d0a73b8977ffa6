package gqlhttp

import (
	"context"
	"net/http"
	"strings"
	"time"

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

// stream serves until the operation is over, the client is gone or too slow, or the server closes. Where it can it takes the
// connection over and lets the request go with all that it holds: streams are many, and most of them are quiet.
func (t *transport) stream(w http.ResponseWriter, r *http.Request, s *stream) {
	bounds := t.options.Streams
	leave, no := t.seats.take(bounds.Account(r.Context()))
	if no != nil {
		refuse(mediaJSON, no).write(w, requestID(r.Context()), false)
		return
	}
	bounds.Running.Add(1) // while the server still waits for the request: whoever stops it and then waits for the streams misses none
	gone := func() {
		leave()
		bounds.Running.Done()
	}
	ctx, cancel := context.WithCancel(withRequestID(bounds.Detach(r.Context()), requestID(r.Context())))
	s.operation.Headers = nil
	streamHeader(w.Header())
	conn, taken := takeOver(w, r)
	if !taken {
		defer context.AfterFunc(r.Context(), cancel)()
		t.serve(ctx, s, newFrames(holding(w), bounds.Patience, cancel), cancel, gone)
		return
	}
	_ = conn.SetWriteDeadline(time.Now().Add(bounds.Patience))
	if conn.head(w.Header()) != nil { // the client is gone; there is nobody to tell
		gone()
		cancel()
		_ = conn.Conn.Close()
		return
	}
	go conn.watch(cancel)
	out := newFrames(conn, bounds.Patience, cancel)
	go t.serve(ctx, s, out, cancel, gone)
}

func (t *transport) serve(ctx context.Context, s *stream, out *frames, cancel, gone func()) {
	defer gone()
	defer cancel()
	defer context.AfterFunc(t.options.Streams.Closing, cancel)()
	defer out.close()
	defer t.logPanic(ctx)
	if out.open() != nil {
		return
	}
	defer out.keepAlive(t.options.Streams.KeepAlive)()
	s.run(ctx, out, t.options.Streams.Wait)
}

func (s *stream) run(ctx context.Context, out *frames, wait func(context.Context)) {
	next, ctx := s.executor.DispatchOperation(ctx, s.operation)
	for {
		wait(ctx)
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
	streamHeader(w.Header())
	out := newFrames(holding(w), t.options.Streams.Patience, func() {})
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
