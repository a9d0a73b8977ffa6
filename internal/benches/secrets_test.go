package benches

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/keyhall/keyhall/ent/secret"
	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/apptest/city"
	"github.com/keyhall/keyhall/internal/apptest/pgtest"
	"github.com/keyhall/keyhall/internal/page"
	"github.com/keyhall/keyhall/policy/lock"
)

// resident is Keyhall on a city, and the hand-written statements beside it.
type resident struct {
	*city.Kept
	app      *app.App
	database apptest.Database
}

// TestSecrets measures pages of secrets among 100,000, with 300,000 grants to people and to groups. The city is loaded
// once (`make bench-data`) and kept.
func TestSecrets(t *testing.T) {
	for _, d := range []apptest.Database{apptest.SQLite, apptest.Postgres} {
		t.Run(string(d), func(t *testing.T) { measureSecrets(t, move(t, d, city.Large())[0]) })
	}
}

// move opens cities of the cache.
func move(t *testing.T, d apptest.Database, sizes ...city.Size) (out []*resident) {
	t.Helper()
	shelf, err := city.Open(t.Context(), d == apptest.Postgres)
	if errors.Is(err, pgtest.ErrNotInstalled) && !pgtest.InCI() {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := shelf.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, size := range sizes {
		k, err := shelf.City(t.Context(), size)
		if err != nil {
			t.Fatal(err)
		}
		k.Apart = true // a connection that runs one statement after the other has their pages and plans at hand
		a, err := k.Serve(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, &resident{k, a, d})
	}
	return out
}

func measureSecrets(t *testing.T, w *resident) {
	out := newTable(t, os.Stdout, fmt.Sprintf("%s: a page of %d secrets among %d, through the law, against the best of %d hand-written statements",
		w.database, pageSize, w.Size.Secrets, len(city.Forms(w.database == apptest.Postgres))))
	allowed := bar{times: 1.3}
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour) // like a request, it can end
	defer cancel()
	for _, p := range w.Size.Folk() {
		for _, l := range w.pagesOf(t, ctx, p) {
			out.row(l.name, allowed, list("Keyhall", w.ours(ctx, p, l.List)), w.byHand(t, ctx, p, l)...)
		}
		w.measureCount(t, ctx, out, p)
	}
	out.end()
}

// named is a list with what stands in its row of the table.
type named struct {
	city.List
	name string
}

// pagesOf are the pages that are compared: the first and one after four fifths of the list.
func (w *resident) pagesOf(t *testing.T, ctx context.Context, p city.Person) (out []named) {
	t.Helper()
	for _, o := range []struct {
		name string
		page.Order
	}{{"name", page.Order{Column: secret.FieldName}}, {"last used", page.Order{Column: secret.FieldLastUsedAt, Desc: true}}} {
		for _, text := range []string{"", someText} {
			l := city.List{Viewer: p.ID, Order: o.Order, Text: text, Size: pageSize}
			name := fmt.Sprintf("%s (%d) by %s%s", p.Name, p.Sees, o.name, pick(text == "", "", " with a text"))
			out = append(out, named{l, name + ", first page"})
			after, err := w.Deep(ctx, l)
			if err != nil {
				t.Fatal(err)
			}
			l.After = after
			out = append(out, named{l, name + ", deep"})
		}
	}
	return out
}

func (w *resident) ours(ctx context.Context, p city.Person, l city.List) func() ([]string, error) {
	inside := p.Enter(ctx, w.app)
	return func() ([]string, error) { return city.IDs(inside, w.app, l) }
}

// byHand are the hand-written forms that can be the best, all of which show what ours shows.
func (w *resident) byHand(t *testing.T, ctx context.Context, p city.Person, l named) (out []contender) {
	t.Helper()
	for _, f := range city.Forms(w.database == apptest.Postgres) {
		if !f.Suits(p) {
			continue
		}
		ids, err := w.Prepare(ctx, f, l.List)
		if err != nil {
			t.Fatal(err)
		}
		mustAgree(t, listing{name: l.name}, w.ours(ctx, p, l.List), ids)
		out = append(out, list(f.Name, ids))
	}
	return out
}

// measureCount has no bar: totalCount is asked for apart.
func (w *resident) measureCount(t *testing.T, ctx context.Context, out *table, p city.Person) {
	t.Helper()
	inside := p.Enter(ctx, w.app)
	l := city.List{Viewer: p.ID, Order: page.Order{Column: secret.FieldName}, Size: pageSize}
	var baselines []contender
	for _, f := range city.Forms(w.database == apptest.Postgres) {
		if f.Probes() {
			continue
		}
		count, err := w.Count(ctx, f, l)
		if err != nil {
			t.Fatal(err)
		}
		baselines = append(baselines, number(f.Name, count))
	}
	out.row(fmt.Sprintf("%s (%d): totalCount", p.Name, p.Sees), noBar,
		number("Keyhall", func() (int, error) { return w.app.Store.Reader().Secret().Count(lock.Counting(inside)) }), baselines...)
}

func number(name string, count func() (int, error)) contender {
	return contender{name, func() error {
		_, err := count()
		return err
	}}
}
