package gqlhttp

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
)

const (
	defaultTimeout = 10 * time.Second
	defaultMaxBody = 256 << 10
	maxTokens      = 2000
)

// Options are what the caller decides. The zero value is safe: no introspection, and every error that a
// resolver returns is masked.
type Options struct {
	// Present classifies an error of a resolver: it sets extensions.code to one of the codes of this package.
	// An error that leaves it without such a code is sent as INTERNAL, with its message masked.
	Present graphql.ErrorPresenterFunc
	// Recover is told of a panic, to log it. The answer is INTERNAL whatever it returns. The default logs the stack.
	Recover graphql.RecoverFunc
	// RequestID finds the id of the request in its context; one is made up when it finds none.
	RequestID func(context.Context) string
	// Introspection says whether this caller may read the schema. Nil means that nobody may.
	Introspection func(context.Context) bool
	// Extensions run after the limits of this package, in the order given.
	Extensions []graphql.HandlerExtension
	Timeout    time.Duration // of one operation; 10 s when zero
	MaxBody    int64         // bytes; 256 KiB when zero
	Limits     Limits
	Pages      Pages
	Streams    Streams
	Log        *slog.Logger // slog.Default() when nil
}

// New serves the schema as one HTTP endpoint.
func New(es graphql.ExecutableSchema, o Options) http.Handler {
	o = o.withDefaults()
	cache := newDocumentCache()
	server := handler.New(es)
	server.AddTransport(newTransport(es, o))
	server.SetQueryCache(cache)
	server.SetParserTokenLimit(maxTokens)
	server.SetDisableSuggestion(true)
	server.SetValidationRulesFn(validationRules)
	server.SetErrorPresenter(sealed(o.Present, o.Log))
	server.SetRecoverFunc(recovering(o.Recover))

	// The order matters: the shape of a document is measured before it is validated, because validating
	// a hostile document is what costs; the cost needs the validated document and its variables.
	server.Use(admission{cache: cache, limits: o.Limits})
	server.Use(introspectionGate{open: o.Introspection})
	server.Use(conditions{})
	server.Use(pageCost{pages: o.Pages})
	server.Use(deadline{})
	for _, extension := range o.Extensions {
		server.Use(extension)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := o.RequestID(r.Context())
		if id == "" {
			id = rand.Text()
		}
		w.Header().Set("X-Request-Id", id)
		server.ServeHTTP(w, r.WithContext(withRequestID(r.Context(), id)))
	})
}

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Present == nil {
		o.Present = graphql.DefaultErrorPresenter
	}
	if o.Recover == nil {
		o.Recover = recoverTo(o.Log)
	}
	if o.RequestID == nil {
		o.RequestID = func(context.Context) string { return "" }
	}
	if o.Introspection == nil {
		o.Introspection = func(context.Context) bool { return false }
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.MaxBody <= 0 {
		o.MaxBody = defaultMaxBody
	}
	o.Limits = o.Limits.withDefaults()
	o.Pages = o.Pages.withDefaults()
	o.Streams = o.Streams.withDefaults()
	return o
}

type requestIDKey struct{}

func withRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}
