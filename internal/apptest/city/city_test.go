//keyhall:norace
package city

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"testing"

	"github.com/keyhall/keyhall/ent/secret"
	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/page"
)

func TestMain(m *testing.M) { apptest.Main(m) }

// settle is a small city in the database of a test.
func settle(t *testing.T, d apptest.Database) (*Kept, *app.App) {
	t.Helper()
	k := &Kept{Size: Small()}
	s := apptest.New(t, d, func(c *app.Config) { k.Store = c.Store })
	err := k.connectSQLite(sqliteSource(s.Dir))
	if d == apptest.Postgres {
		err = k.connectPostgres(k.Store.URL)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := k.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := Fill(t.Context(), k.DB, k.Size); err != nil {
		t.Fatal(err)
	}
	return k, s.App
}

func each(t *testing.T, test func(*testing.T, *Kept, *app.App)) {
	t.Helper()
	for _, d := range []apptest.Database{apptest.SQLite, apptest.Postgres} {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			k, a := settle(t, d)
			test(t, k, a)
		})
	}
}

// The hand-written statements that our lists are measured against answer what our lists answer.
func TestEveryFormAndOurListShowTheSameSecrets(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *Kept, a *app.App) {
		forms := Forms(k.postgres())
		for _, p := range k.Size.Folk() {
			for _, l := range lists(t, k, p) {
				want, err := IDs(p.Enter(t.Context(), a), a, l)
				if err != nil || len(want) == 0 {
					t.Fatalf("%+v: %v, %v", l, want, err)
				}
				if l.After == nil && l.Text == "" {
					rowsAreTheirOwn(t, p.Enter(t.Context(), a), a, l)
				}
				for _, f := range forms {
					ids, err := k.Prepare(t.Context(), f, l)
					if err != nil {
						t.Fatal(err)
					}
					if got, err := ids(); err != nil || !slices.Equal(got, want) {
						t.Fatalf("%s of %+v: %v, %v, and our list %v", f.Name, l, got, err, want)
					}
				}
			}
		}
	})
}

// lists are pages of every order, with a text and without, the first and one deep in the list.
// rowsAreTheirOwn checks that a page, whose rows are read one after the other into the same variables, shows of each what it
// shows when it is read alone.
func rowsAreTheirOwn(t *testing.T, ctx context.Context, a *app.App, l List) {
	t.Helper()
	c, err := Page(ctx, a, l)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range c.Nodes() {
		alone, err := a.Store.Reader().Secret().Where(secret.ID(n.ID)).Only(ctx)
		if err != nil || n.String() != alone.String() {
			t.Errorf("on the page %v, alone %v, %v", n, alone, err)
		}
	}
}

func lists(t *testing.T, k *Kept, p Person) (out []List) {
	t.Helper()
	for _, o := range []page.Order{{Column: "created_at"}, {Column: "name"}, {Column: "last_used_at", Desc: true}} {
		for _, text := range []string{"", "ledger"} {
			l := List{Viewer: p.ID, Order: o, Text: text, Size: 7}
			out = append(out, l)
			var err error
			if l.After, err = k.Deep(t.Context(), l); err != nil {
				t.Fatal(err)
			}
			out = append(out, l)
		}
	}
	return out
}

// Each of the three sees as many secrets as the size says, by every form and by our list.
func TestEachOfTheThreeSeesWhatThePlanSays(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *Kept, a *app.App) {
		for _, p := range k.Size.Folk() {
			l := List{Viewer: p.ID, Order: page.Order{Column: "created_at"}, Size: 1}
			for _, f := range Forms(k.postgres()) {
				count, err := k.Count(t.Context(), f, l)
				if err != nil {
					t.Fatal(err)
				}
				if n, err := count(); err != nil || n != p.Sees {
					t.Errorf("%s: %s sees %d secrets, %v; want %d", f.Name, p.Name, n, err, p.Sees)
				}
			}
			c, err := Page(p.Enter(t.Context(), a), a, l)
			if err != nil {
				t.Fatal(err)
			}
			if n, err := c.TotalCount(p.Enter(t.Context(), a)); err != nil || n != p.Sees {
				t.Errorf("our list of %s has %d secrets, %v; want %d", p.Name, n, err, p.Sees)
			}
		}
	})
}

// The same city comes out every time, with no dangling key and with its indexes.
func TestTheCityIsWholeAndTheSameEveryTime(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *Kept, _ *app.App) {
		for _, want := range []struct {
			from string
			n    int
		}{
			{"secrets", k.Size.Secrets}, {"secret_grants", k.Size.Grants}, {"groups", k.Size.Groups},
			{"users", k.Size.People + len(k.Size.Sees)},
			{"secret_grants g LEFT JOIN secrets s ON s.id = g.secret_id WHERE s.id IS NULL", 0},
			{"secret_grants g LEFT JOIN users u ON u.id = g.user_id LEFT JOIN groups r ON r.id = g.group_id WHERE u.id IS NULL AND r.id IS NULL", 0},
			{"group_members m LEFT JOIN users u ON u.id = m.user_id LEFT JOIN groups r ON r.id = m.group_id WHERE u.id IS NULL OR r.id IS NULL", 0},
			{"secrets s LEFT JOIN users u ON u.id = s.owner_id LEFT JOIN organizations o ON o.id = s.organization_id WHERE u.id IS NULL OR o.id IS NULL", 0},
			{"users u LEFT JOIN organization_members m ON m.user_id = u.id WHERE m.id IS NULL", 0},
		} {
			if n := number(t, k.DB, "SELECT COUNT(*) FROM "+want.from); n != want.n {
				t.Errorf("%s: %d rows, want %d", want.from, n, want.n)
			}
		}
		list := "SELECT COUNT(*) FROM sqlite_master WHERE name LIKE 'secretgrant\\_%' ESCAPE '\\'"
		if k.postgres() {
			list = "SELECT COUNT(*) FROM pg_indexes WHERE indexname LIKE 'secretgrant\\_%'"
		}
		if n := number(t, k.DB, list); n < 5 {
			t.Errorf("%d indexes of grants", n)
		}
	})
	once, again := fmt.Sprint(all(newPlan(Small()))), fmt.Sprint(all(newPlan(Small())))
	if once != again {
		t.Error("the same seed made two cities")
	}
}

func all(p *plan) (rows [][]any) {
	for _, t := range p.tables() {
		rows = slices.AppendSeq(rows, t.rows)
	}
	return rows
}

func number(t *testing.T, db *sql.DB, query string) (n int) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}
