package city

import (
	"context"
	"log/slog"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/sqljson"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/predicate"
	"github.com/keyhall/keyhall/ent/secret"
	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/page"
	"github.com/keyhall/keyhall/internal/viewer"
)

// Serve starts a Keyhall on the city. Closing the city stops it.
func (k *Kept) Serve(ctx context.Context) (*app.App, error) {
	cfg := app.Defaults()
	cfg.Store, cfg.Log = k.Store, slog.New(slog.DiscardHandler)
	a, err := app.Open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	k.stop = append(k.stop, func() error { return a.Close(context.WithoutCancel(ctx)) })
	return a, nil
}

// Enter is the context of a request of one of the three.
func (p Person) Enter(ctx context.Context, a *app.App) context.Context {
	return a.Guard.Enter(ctx, viewer.Viewer{Kind: viewer.User, UserID: p.ID, Username: p.Name, EmailVerified: true})
}

// Page is the query of the resolver of secrets: its filter, the lock's predicate, and the page.
func Page(ctx context.Context, a *app.App, l List) (*ent.SecretConnection, error) {
	return a.Store.Reader().Secret().Where(contains(l.Text)...).Page(ctx, page.Window{First: &l.Size, After: l.After}, l.Order)
}

// IDs are the ids of Page.
func IDs(ctx context.Context, a *app.App, l List) ([]string, error) {
	c, err := Page(ctx, a, l)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(c.Edges))
	for i, e := range c.Edges {
		ids[i] = e.Node.ID
	}
	return ids, nil
}

// contains is what the door makes of the filter's query.
func contains(text string) []predicate.Secret {
	if text == "" {
		return nil
	}
	return []predicate.Secret{secret.Or(
		Containing(secret.FieldName, text), Containing(secret.FieldURL, text), Containing(secret.FieldNotes, text),
		func(s *sql.Selector) { s.Where(sqljson.ValueContains(s.C(secret.FieldTags), text)) },
	)}
}

// Containing is what the door makes of a text that a column is to have in it.
func Containing(column, text string) func(*sql.Selector) {
	return func(s *sql.Selector) {
		like := sql.ContainsFold
		if s.Dialect() == dialect.SQLite {
			like = sql.Contains
		}
		s.Where(like(s.C(column), text))
	}
}
