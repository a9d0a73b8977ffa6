package gqlhttp

import (
	"context"
	"net/http"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// transport is the one transport of the endpoint: it claims every request, so that gqlgen's own
// fallbacks (which answer without a code) are never reached.
type transport struct {
	options      Options
	wording      *wording
	seats        *seats
	subscription string // the name of the root type of subscriptions
}

func newTransport(es graphql.ExecutableSchema, o Options) *transport {
	t := &transport{options: o, wording: newWording(), seats: newSeats(o.Streams)}
	if s := es.Schema().Subscription; s != nil {
		t.subscription = s.Name
	}
	return t
}

func (t *transport) Supports(*http.Request) bool { return true }

// Do answers one request. Everything below it returns what to write; only Do writes.
func (t *transport) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	answer := t.answer(w, r, exec)
	switch {
	case answer.stream != nil:
		t.stream(w, r, answer.stream)
		return
	case answer.media == mediaStream:
		t.once(w, r, answer)
		return
	}
	answer.write(w, requestID(r.Context()), r.Method == http.MethodHead)
}

func (t *transport) answer(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) (out answer) {
	media := negotiate(r.Header.Values("Accept"))
	defer func() {
		if v := recover(); v != nil {
			out = t.panicked(r.Context(), media, v)
		}
	}()
	if r.Method == http.MethodOptions {
		return answer{status: http.StatusNoContent, allow: allowedMethods}
	}
	if no := t.acceptable(r, media); no != nil {
		return refuse(mediaJSON, no)
	}
	params, no := t.read(w, r)
	if no != nil {
		return refuse(single(media), no)
	}
	return t.run(r, media, params, exec)
}

// acceptable refuses a client that takes none of the media types. A stream answers a POST and nothing else, so that no
// link and no prefetch of a browser opens one.
func (t *transport) acceptable(r *http.Request, media string) *refusal {
	switch {
	case media == "":
		return &refusal{status: http.StatusNotAcceptable, code: CodeBadRequest,
			message: "This endpoint answers " + mediaGraphQL + ", " + mediaJSON + " and, to a POST, " + mediaStream + "."}
	case media == mediaStream && r.Method != http.MethodPost:
		return &refusal{status: http.StatusMethodNotAllowed, code: CodeBadRequest, allow: http.MethodPost, message: "Use POST to open a stream."}
	}
	return nil
}

// single is the media type of a refusal: what is refused is never a stream.
func single(media string) string {
	if media == mediaStream || media == "" {
		return mediaJSON
	}
	return media
}

func (t *transport) read(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, *refusal) {
	start := graphql.Now()
	var params *graphql.RawParams
	var no *refusal
	switch r.Method {
	case http.MethodPost:
		params, no = readPost(w, r, t.options.MaxBody)
	case http.MethodGet, http.MethodHead:
		params, no = readGet(r, t.options.MaxBody)
	default:
		no = &refusal{status: http.StatusMethodNotAllowed, code: CodeBadRequest, allow: allowedMethods,
			message: "Use POST, or GET for a query."}
	}
	if no != nil {
		return nil, no
	}
	params.Headers = r.Header
	params.ReadTime = graphql.TraceTiming{Start: start, End: graphql.Now()}
	return params, nil
}

// run executes in the goroutine of the request: when it has returned, nothing of the operation is left running.
func (t *transport) run(r *http.Request, media string, params *graphql.RawParams, exec graphql.GraphExecutor) answer {
	ctx, cancel := context.WithTimeout(r.Context(), t.options.Timeout)
	defer cancel()
	op, errs := exec.CreateOperationContext(ctx, params)
	if len(errs) > 0 {
		return requestErrors(media, t.wording.clean(errs))
	}
	if isSubscription(op) && r.Method == http.MethodPost && acceptsStream(r.Header.Values("Accept")) {
		if no := t.streamable(op); no != nil {
			return refuse(single(media), no)
		}
		return answer{stream: &stream{op, exec}}
	}
	if no := runnable(r.Method, op.Operation.Operation); no != nil {
		return refuse(single(media), no)
	}
	if op.Operation.Operation == ast.Mutation && !wellFormedKey(r.Header) {
		return refuse(media, badRequest("The Idempotency-Key is one header of 1 to 255 printable ASCII characters."))
	}
	next, ctx := exec.DispatchOperation(ctx, op)
	response := next(ctx)
	if response == nil { // the executor gives nothing once the context has ended
		response = &graphql.Response{Errors: oneError(CodeTimeout, timeoutMessage)}
	}
	return result(media, response)
}

// runnable refuses what a plain HTTP exchange may not run: GET is safe, and one answer cannot be a stream.
func runnable(method string, operation ast.Operation) *refusal {
	switch {
	case operation == ast.Subscription:
		return &refusal{status: http.StatusBadRequest, code: CodeBadRequest,
			message: "A subscription is a stream: send it by POST with Accept: " + mediaStream + "."}
	case operation != ast.Query && method != http.MethodPost:
		return &refusal{status: http.StatusMethodNotAllowed, code: CodeBadRequest, allow: http.MethodPost,
			message: "Use POST: GET runs queries only."}
	}
	return nil
}

// IdempotencyKey is the header of a mutation that may be sent again and is done once. Queries ignore it.
const IdempotencyKey = "Idempotency-Key"

// wellFormedKey tells whether the header is absent, or one key that anybody can write down.
func wellFormedKey(h http.Header) bool {
	keys := h.Values(IdempotencyKey)
	if len(keys) == 0 {
		return true
	}
	printable := func(r rune) bool { return r >= '!' && r <= '~' || r == ' ' }
	return len(keys) == 1 && keys[0] != "" && len(keys[0]) <= 255 &&
		!strings.ContainsFunc(keys[0], func(r rune) bool { return !printable(r) })
}

// panicked answers for a panic outside any field (gqlgen recovers those inside one).
func (t *transport) panicked(ctx context.Context, media string, v any) answer {
	_ = t.options.Recover(ctx, v)
	return refuse(single(media), &refusal{status: http.StatusInternalServerError, code: CodeInternal, message: internalMessage})
}
