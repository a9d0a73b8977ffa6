package graph

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/graph/gqlhttp"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/page"
	"github.com/keyhall/keyhall/internal/viewer"
)

// Introspection says who may ask for the schema.
type Introspection int

// Who may read the schema.
const (
	Nobody Introspection = iota
	Accounts
	Everybody
)

// Handler serves the schema at one endpoint.
func Handler(r *Resolver, who Introspection, log *slog.Logger) http.Handler {
	streams := r.Streams
	streams.Account = func(ctx context.Context) string { return viewer.From(ctx).UserID }
	streams.Wait = waitForEvent
	return gqlhttp.New(NewExecutableSchema(Config{Resolvers: r, Schema: describedSchema()}), gqlhttp.Options{
		Present:   presenter(log),
		RequestID: func(ctx context.Context) string { return viewer.From(ctx).RequestID },
		Introspection: func(ctx context.Context) bool {
			return who == Everybody || who == Accounts && viewer.From(ctx).SignedIn()
		},
		Extensions: []graphql.HandlerExtension{operations{r}, keyed{r}},
		Limits:     gqlhttp.Limits{Depth: 12},
		Streams:    streams,
		Timeout:    r.Timeout,
		Log:        log,
	})
}

// presenter is the one place that turns Go errors into what a client reads. What it does not know is INTERNAL, and only the
// log learns why.
func presenter(log *slog.Logger) graphql.ErrorPresenterFunc {
	return func(ctx context.Context, err error) *gqlerror.Error {
		f := faultOf(err)
		out := &gqlerror.Error{Message: f.Public, Path: pathOf(ctx, err), Extensions: map[string]any{"code": string(f.Code)}}
		if f.Permission != "" {
			out.Extensions["permission"] = f.Permission
		}
		if len(f.Reasons) > 0 {
			out.Extensions["reasons"] = f.Reasons
		}
		if f.RetryAfter > 0 {
			out.Extensions["retryAfterSeconds"] = int(f.RetryAfter.Seconds())
		}
		if f.Code == fault.CodeInternal {
			log.ErrorContext(ctx, "a field failed", "path", out.Path.String(), "error", f, "viewer", viewer.From(ctx))
		}
		return out
	}
}

func pathOf(ctx context.Context, err error) ast.Path {
	var at *gqlerror.Error
	if errors.As(err, &at) && at.Path != nil {
		return at.Path
	}
	return graphql.GetPath(ctx)
}

func faultOf(err error) *fault.Error {
	var window *page.InputError
	switch {
	case errors.As(err, &window):
		return fault.BadInput(window.Reason)
	case ent.IsNotFound(err):
		return fault.NotFound()
	}
	return fault.From(err)
}
