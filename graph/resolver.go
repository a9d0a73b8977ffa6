// Package graph is the GraphQL door: it decodes, calls one verb or starts one query, and maps the answer. It holds no
// authorization: queries pass the lock, deeds are authorized in their verb, and it has no client that writes.
package graph

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/graph/gqlhttp"
	"github.com/keyhall/keyhall/internal/authn"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/keyhall"
	"github.com/keyhall/keyhall/internal/news"
)

// Resolver is what the resolvers work with.
type Resolver struct {
	Reader   ent.Reader
	House    *keyhall.House
	Accounts *authn.Accounts
	Cookies  Cookies
	News     News
	Quota    Quota
	Streams  gqlhttp.Streams
	Timeout  time.Duration // of one operation; what gqlhttp takes when zero
	Log      *slog.Logger
}

// News is where streams learn that there is something to look at.
type News interface {
	Listen(user string) *news.Listener
}

// Cookies sets the session cookie of the answer that ctx belongs to.
type Cookies interface {
	Set(ctx context.Context, c *http.Cookie)
}

// answer splits what a verb says into a payload with expected errors, or a failure of the whole field.
func answer[P any](err error, payload func([]*fault.User) *P) (*P, error) {
	if err == nil {
		return payload([]*fault.User{}), nil
	}
	if refused, ok := fault.Expected(err); ok {
		return payload(refused), nil
	}
	return nil, err
}
