package policy

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	_ "github.com/lib/pq"
	"github.com/open-policy-agent/opa/v1/ast"
	_ "modernc.org/sqlite"

	"github.com/keyhall/keyhall/internal/apptest/pgtest"
	"github.com/keyhall/keyhall/policy/internal/core"
)

// The world of these tests: tables that no schema of the product has, with every kind of edge that a rule can meet.
// Things hang on things (a nullable edge to itself), have a home (never NULL), maybe a team, and parts.
func worldVocabulary() Vocabulary {
	text := func(nullable bool, column string) Field {
		return Field{Column: column, Kind: String, Nullable: nullable}
	}
	return Vocabulary{
		"User": {Table: "users", Fields: map[string]Field{
			"id": text(false, "id"), "email": text(false, "email"),
			"email_verified": {Column: "email_verified", Kind: Bool}, "administrator": {Column: "administrator", Kind: Bool},
		}},
		"Thing": {Table: "things", Fields: map[string]Field{
			"id": text(false, "id"), "name": text(true, "name"), "state": text(false, "state_of"), "keeper_id": text(true, "keeper_id"),
			"level": {Column: "level", Kind: Int, Nullable: true}, "since": {Column: "since", Kind: Int},
			"open": {Column: "open", Kind: Bool, Nullable: true}, "shut": {Column: "shut", Kind: Bool},
		}, Edges: map[string]Edge{
			"above":    {To: "Thing", Rel: ToOne, Column: "above_id", Nullable: true},
			"home":     {To: "Place", Rel: ToOne, Column: "home_id"},
			"team":     {To: "Team", Rel: ToOne, Column: "team_id", Nullable: true},
			"parts":    {To: "Part", Rel: ToMany, Column: "thing_id"},
			"children": {To: "Thing", Rel: ToMany, Column: "above_id"},
		}},
		"Part": {Table: "parts", Fields: map[string]Field{
			"id": text(false, "id"), "user_id": text(true, "user_id"), "role": text(false, "role"),
			"level": {Column: "level", Kind: Int, Nullable: true}, "open": {Column: "open", Kind: Bool, Nullable: true},
		}, Edges: map[string]Edge{
			"thing": {To: "Thing", Rel: ToOne, Column: "thing_id"},
			"team":  {To: "Team", Rel: ToOne, Column: "team_id", Nullable: true},
		}},
		"Team": {Table: "teams", Fields: map[string]Field{
			"id": text(false, "id"), "name": text(true, "name"), "boss_id": text(true, "boss_id"),
		}, Edges: map[string]Edge{
			"place":   {To: "Place", Rel: ToOne, Column: "place_id", Nullable: true},
			"members": {To: "Member", Rel: ToMany, Column: "team_id"},
		}},
		"Member": {Table: "members", Fields: map[string]Field{
			"id": text(false, "id"), "user_id": text(true, "user_id"), "role": text(false, "role"), "open": {Column: "open", Kind: Bool},
		}, Edges: map[string]Edge{"team": {To: "Team", Rel: ToOne, Column: "team_id"}}},
		"Place": {Table: "places", Fields: map[string]Field{
			"id": text(false, "id"), "name": text(true, "name"), "open": {Column: "open", Kind: Bool, Nullable: true},
		}, Edges: map[string]Edge{"teams": {To: "Team", Rel: ToMany, Column: "place_id"}}},
	}
}

// record is a row: columns by name, NULL is absent.
type record map[string]any

// world is the rows of one test, by type and id.
type world struct {
	vocabulary Vocabulary
	rows       map[string][]record
}

func words() []any { return []any{"alpha", "ALPHA", "Alp", "alp", "beta", "", "u1@x.io", "ü%_\\"} }
func levels() []any {
	return []any{int64(-1), int64(0), int64(1), int64(5), int64(9_000_000_000_000_000)}
}

// newWorld draws rows. Values come from few, so that conditions meet; a column that may be NULL often is.
func newWorld(r *rand.Rand, things int) *world {
	w := &world{vocabulary: worldVocabulary(), rows: map[string][]record{}}
	sizes := map[string]int{"User": 6, "Place": 3, "Team": 6, "Member": 14, "Thing": things, "Part": things * 2}
	for _, typ := range []string{"User", "Place", "Team", "Member", "Thing", "Part"} {
		for i := range sizes[typ] {
			w.rows[typ] = append(w.rows[typ], w.draw(r, typ, i))
		}
	}
	return w
}

func (w *world) draw(r *rand.Rand, typ string, i int) record {
	entity := w.vocabulary[typ]
	out := record{"id": idOf(typ, i)}
	for _, name := range slices.Sorted(maps.Keys(entity.Fields)) {
		field := entity.Fields[name]
		if name == "id" || field.Nullable && r.IntN(3) == 0 {
			continue
		}
		out[field.Column] = drawValue(r, name, field.Kind)
	}
	if typ == "User" {
		out["email"] = []any{"", fmt.Sprintf("u%d@x.io", i)}[min(i%3, 1)]
	}
	for _, name := range slices.Sorted(maps.Keys(entity.Edges)) {
		edge := entity.Edges[name]
		known := len(w.rows[edge.To])
		if edge.Rel == ToMany || known == 0 || edge.Nullable && r.IntN(3) == 0 {
			continue
		}
		out[edge.Column] = idOf(edge.To, r.IntN(known))
	}
	return out
}

func idOf(typ string, i int) string { return fmt.Sprintf("%s_%02d", strings.ToLower(typ), i) }

func drawValue(r *rand.Rand, name string, kind Kind) any {
	pick := func(of []any) any { return of[r.IntN(len(of))] }
	switch {
	case kind == Bool:
		return r.IntN(2) == 0
	case kind == Int:
		return pick(levels())
	case strings.HasSuffix(name, "_id"):
		return idOf("User", r.IntN(6))
	case name == "role" || name == "state":
		return pick([]any{"OWNER", "ADMIN", "READER"})
	}
	return pick(words())
}

// full builds the facts of a row with everything in them, to a depth that no generated rule reaches beyond. It is
// written without the translator: a NULL column and an absent row are absent keys, and a collection is always there.
func (w *world) full(typ string, row record, depth int) *ast.Term {
	out := ast.NewObject()
	entity := w.vocabulary[typ]
	for name, field := range entity.Fields {
		switch v := row[field.Column].(type) {
		case string:
			out.Insert(ast.StringTerm(name), ast.StringTerm(v))
		case bool:
			out.Insert(ast.StringTerm(name), ast.BooleanTerm(v))
		case int64:
			out.Insert(ast.StringTerm(name), ast.NumberTerm(jsonInt(v)))
		}
	}
	for name, edge := range entity.Edges {
		if depth == 0 {
			continue
		}
		var found []*ast.Term
		for _, other := range w.rows[edge.To] {
			if edge.Rel == ToMany && other[edge.Column] == row["id"] || edge.Rel == ToOne && other["id"] == row[edge.Column] {
				found = append(found, w.full(edge.To, other, depth-1))
			}
		}
		switch {
		case edge.Rel == ToMany:
			out.Insert(ast.StringTerm(name), ast.ArrayTerm(found...))
		case len(found) == 1:
			out.Insert(ast.StringTerm(name), found[0])
		}
	}
	return ast.NewTerm(out)
}

// subjects are all users of the world, some without a known address, and one that is no user of it.
func (w *world) subjects() []Subject {
	var out []Subject
	for _, u := range w.rows["User"] {
		out = append(out, Subject{ID: u["id"].(string), Email: u["email"].(string),
			EmailVerified: u["email_verified"].(bool), Administrator: u["administrator"].(bool)})
	}
	return append(out, Subject{ID: "stranger"}, Subject{ID: "user_01", Administrator: true})
}

// database is a world in tables.
type database struct {
	name   string
	driver *entsql.Driver
}

func openSQLite(t testing.TB) database {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+t.TempDir()+"/world.db?_pragma=foreign_keys(1)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(2)
	return database{dialect.SQLite, entsql.OpenDB(dialect.SQLite, db)}
}

func openPostgres(t testing.TB) database {
	t.Helper()
	// Tables without statistics look costly, and compiling a plan takes a hundred times as long as running it here.
	db, err := sql.Open("postgres", pgtest.Start(t)+"&options=-c%20jit%3Doff")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(2)
	return database{dialect.Postgres, entsql.OpenDB(dialect.Postgres, db)}
}

// Ask runs a statement of the engine, as the client of the product does.
func (db database) Ask(ctx context.Context, s core.Statement, rows *entsql.Rows) error {
	return s.Run(ctx, db.driver, rows)
}

// eachDatabase runs a test on SQLite and on PostgreSQL.
func eachDatabase(t *testing.T, test func(t *testing.T, db database)) {
	t.Helper()
	for name, open := range map[string]func(testing.TB) database{"sqlite": openSQLite, "postgres": openPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// put makes the tables, with their foreign keys, and fills them.
func (w *world) put(t testing.TB, db database) {
	t.Helper()
	w.putTypes(t, db, "User", "Place", "Team", "Member", "Thing", "Part")
}

// putTypes is put for the types of any vocabulary, each after those that it leads to.
func (w *world) putTypes(t testing.TB, db database, types ...string) {
	t.Helper()
	kinds := map[Kind]string{String: "text", Int: "bigint", Bool: "boolean"}
	for _, typ := range types {
		entity := w.vocabulary[typ]
		var columns []string
		for _, name := range slices.Sorted(maps.Keys(entity.Fields)) {
			f := entity.Fields[name]
			columns = append(columns, f.Column+" "+kinds[f.Kind]+map[bool]string{false: " NOT NULL"}[f.Nullable]+map[bool]string{true: " PRIMARY KEY"}[name == "id"])
		}
		for _, name := range slices.Sorted(maps.Keys(entity.Edges)) {
			if e := entity.Edges[name]; e.Rel == ToOne && entity.Fields[e.Column].Column == "" {
				columns = append(columns, e.Column+" text REFERENCES "+w.vocabulary[e.To].Table+"(id)")
			}
		}
		db.exec(t, `CREATE TABLE "`+entity.Table+`" (`+strings.Join(columns, ", ")+")")
		for _, row := range w.rows[typ] {
			names := slices.Sorted(maps.Keys(row))
			b := entsql.Dialect(db.name).Insert(entity.Table).Columns(names...)
			var values []any
			for _, name := range names {
				values = append(values, row[name])
			}
			query, args := b.Values(values...).Query()
			db.exec(t, query, args...)
		}
	}
}

func (db database) exec(t testing.TB, query string, args ...any) {
	t.Helper()
	if err := db.driver.Exec(t.Context(), query, args, nil); err != nil {
		t.Fatalf("%v in %s", err, query)
	}
}
