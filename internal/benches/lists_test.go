package benches

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/sqljson"

	"github.com/keyhall/keyhall/ent/apikey"
	"github.com/keyhall/keyhall/ent/predicate"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/apptest/city"
	"github.com/keyhall/keyhall/internal/page"
	"github.com/keyhall/keyhall/internal/viewer"
)

const (
	pageSize = 50
	someText = "ledger"
)

// listing is one page of the list of keys.
type listing struct {
	person person
	order  page.Order
	after  *page.Cursor
	text   string
	name   string
}

// measureLists compares a page through the lock, in the shape that the guard picks, with the better of two statements
// written by hand for the same rule, prepared.
func measureLists(t *testing.T, w *town) {
	out := newTable(t, os.Stdout, fmt.Sprintf("%s: a page of %d keys among %d, through the law, against hand-written SQL", w.server.Database, pageSize, keyCount))
	allowed := bar{times: 1.3, plus: 300 * time.Microsecond}
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour) // like a request, it can end
	defer cancel()
	for _, l := range w.listings(t) {
		inside := w.server.App.Guard.Enter(ctx, w.viewer(l.person))
		candidate := func() ([]string, error) { return w.page(inside, l) }
		union, exists := w.handList(t, ctx, handUnion, l), w.handList(t, ctx, handExists, l)
		mustAgree(t, l, candidate, union, exists)
		out.row(l.name, allowed, list("Keyhall", candidate), list("UNION", union), list("EXISTS", exists))
	}
	for _, p := range w.folk {
		w.measureFirstOfAMinute(t, ctx, out, p)
	}
	out.end()
}

// listings are all pages that are compared.
func (w *town) listings(t *testing.T) []listing {
	t.Helper()
	orders := []struct {
		name string
		page.Order
	}{
		{"created", page.Order{Column: apikey.FieldCreatedAt}},
		{"name", page.Order{Column: apikey.FieldName}},
		{"last used", page.Order{Column: apikey.FieldLastUsedAt, Desc: true}},
	}
	var out []listing
	for _, p := range w.folk {
		for _, o := range orders {
			for _, text := range []string{"", someText} {
				l := listing{person: p, order: o.Order, text: text}
				name := fmt.Sprintf("%s (%d) by %s%s", p.name, p.sees, o.name, pick(text == "", "", " with a text"))
				l.name = name + ", first page"
				out = append(out, l)
				l.name, l.after = name+", deep", w.deep(t, l)
				out = append(out, l)
			}
		}
	}
	return out
}

func (w *town) viewer(p person) viewer.Viewer {
	return viewer.Viewer{Kind: viewer.User, UserID: p.ID, Username: p.Username, Email: p.Email, EmailVerified: true}
}

// page is the query of the resolver of apiKeys: its filter, the lock's predicate, and the page.
func (w *town) page(ctx context.Context, l listing) ([]string, error) {
	q := w.server.App.Store.Reader().APIKey().Where(filter(l.text)...)
	n := pageSize
	c, err := q.Page(ctx, page.Window{First: &n, After: l.after}, l.order)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(c.Edges))
	for i, e := range c.Edges {
		ids[i] = e.Node.ID
	}
	return ids, nil
}

// filter is what the door makes of the filter's query; what a page shows is compared in pages_test.go.
func filter(text string) []predicate.APIKey {
	if text == "" {
		return nil
	}
	return []predicate.APIKey{apikey.Or(
		city.Containing(apikey.FieldName, text), city.Containing(apikey.FieldDescription, text), apikey.StartHasPrefix(text),
		func(s *sql.Selector) { s.Where(sqljson.ValueContains(s.C(apikey.FieldTags), text)) },
	)}
}

// measureFirstOfAMinute shows what it costs to find out how many keys somebody sees; that is remembered for a minute.
func (w *town) measureFirstOfAMinute(t *testing.T, ctx context.Context, out *table, p person) {
	t.Helper()
	a := w.server.App
	l := listing{person: p, order: page.Order{Column: apikey.FieldCreatedAt}}
	known := a.Guard.Enter(ctx, w.viewer(p))
	fresh := func() ([]string, error) {
		guard := access.New(a.Engine, a.Store.Client, nil, nil) // remembers nothing yet
		return w.page(guard.Enter(ctx, w.viewer(p)), l)
	}
	out.row(p.name+", first list of a minute", noBar, list("Keyhall", fresh), list("the next", func() ([]string, error) { return w.page(known, l) }))
}

func list(name string, ids func() ([]string, error)) contender {
	return contender{name, func() error {
		_, err := ids()
		return err
	}}
}

func mustAgree(t *testing.T, l listing, first func() ([]string, error), others ...func() ([]string, error)) {
	t.Helper()
	want, err := first()
	if err != nil {
		t.Fatalf("%s: %v", l.name, err)
	}
	if len(want) == 0 {
		t.Fatalf("%s: an empty page measures nothing", l.name)
	}
	for i, other := range others {
		if got, err := other(); err != nil || !slices.Equal(got, want) {
			t.Fatalf("%s: hand-written statement %d returns %v, %v and Keyhall %v", l.name, i, got, err, want)
		}
	}
}
