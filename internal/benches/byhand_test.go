package benches

import (
	"context"
	"log/slog"
	"net/http"
	"regexp"
	"strings"

	"entgo.io/ent/dialect/sql"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/graph"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/internal/web"
	"github.com/keyhall/keyhall/policy/lock"
)

// byHand is a gate in which somebody has written the rule of keys by hand, and forgotten about every other type.
type byHand struct{ rule string }

// Enter puts the viewer and the gate into ctx.
func (g byHand) Enter(ctx context.Context, v viewer.Viewer) context.Context {
	return lock.WithGate(viewer.With(ctx, v), g)
}

// Rows is the hand-written predicate on keys.
func (g byHand) Rows(ctx context.Context, typ string) (func(*sql.Selector), error) {
	if typ != ent.TypeAPIKey {
		return nil, nil
	}
	me := viewer.From(ctx).UserID
	pieces := strings.Split(regexp.MustCompile(`\bk\.`).ReplaceAllString(g.rule, "api_keys."), "$1")
	return func(s *sql.Selector) {
		s.Where(sql.P(func(b *sql.Builder) {
			b.WriteString("(" + pieces[0])
			for _, piece := range pieces[1:] {
				b.Arg(me).WriteString(piece)
			}
			b.WriteString(")")
		}))
	}, nil
}

// handlerByHand is the town's server, but for its law.
func (w *town) handlerByHand(rule string) http.Handler {
	a, log := w.server.App, slog.New(slog.DiscardHandler)
	resolver := &graph.Resolver{Reader: a.Store.Reader(), House: a.House, Accounts: a.Accounts, Cookies: web.Cookies{}}
	site := &web.Site{
		GraphQL: graph.Handler(resolver, graph.Accounts, log), Accounts: a.Accounts, Gate: byHand{rule}, Ready: a.Store.Ping,
		SessionCookie: graph.SessionCookie, Log: log,
	}
	return site.Handler()
}
