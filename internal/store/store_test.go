package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"ariga.io/atlas/sql/migrate"
	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/schema/field"

	tables "github.com/keyhall/keyhall/ent/migrate"
	"github.com/keyhall/keyhall/internal/apptest/pgtest"
)

// migrateOnly makes this test binary a process that only opens and migrates the database that it names.
const migrateOnly = "STORE_TEST_MIGRATE"

func TestMain(m *testing.M) {
	if where := os.Getenv(migrateOnly); where != "" {
		c := Config{Dir: where}
		if strings.HasPrefix(where, "postgres") {
			c = Config{URL: where}
		}
		s, err := Open(context.Background(), c, true)
		if err == nil {
			err = s.Close()
		}
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(pgtest.Main(m))
}

func execute(t testing.TB, ctx context.Context, d dialect.Driver, text string, args ...any) {
	t.Helper()
	if err := d.Exec(ctx, text, args, nil); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

func count(t testing.TB, ctx context.Context, q dialect.ExecQuerier, text string) int {
	t.Helper()
	rows := &entsql.Rows{}
	if err := q.Query(ctx, text, []any{}, rows); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	defer rows.Close()
	n, err := entsql.ScanInt(rows)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return n
}

func value(t testing.TB, q dialect.ExecQuerier, text string) string {
	t.Helper()
	rows := &entsql.Rows{}
	if err := q.Query(t.Context(), text, []any{}, rows); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	defer rows.Close()
	v, err := entsql.ScanString(rows)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

// transactionOf opens a transaction that is undone when the test ends.
func transactionOf(t testing.TB, d dialect.Driver) dialect.Tx {
	t.Helper()
	tx, err := d.Tx(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback() })
	return tx
}

// must keeps opened stores from outliving their test.
func must(t testing.TB, c Config, migrated bool) *Store {
	t.Helper()
	s, err := Open(t.Context(), c, migrated)
	if err != nil {
		t.Fatalf("open the database: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

//keyhall:norace
func TestSQLiteIsSafeAgainstPowerLossAndKeepsReferences(t *testing.T) {
	t.Parallel()
	d, err := openSQLite(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	tx := transactionOf(t, d)
	for what, q := range map[string]dialect.ExecQuerier{"a writer": tx, "a reader": d} {
		for pragma, want := range map[string]string{"journal_mode": "wal", "foreign_keys": "1"} {
			if got := value(t, q, "PRAGMA "+pragma); got != want {
				t.Errorf("%s has %s %s, want %s", what, pragma, got, want)
			}
		}
	}
	if got := value(t, tx, "PRAGMA synchronous"); got != "2" {
		t.Errorf("synchronous is %s, and FULL is 2", got)
	}
	if got := value(t, d, "PRAGMA query_only"); got != "1" {
		t.Errorf("a reader has query_only %s", got)
	}
}

// The settings belong to connections: each of the pool has them, also those that are opened later.
//
//keyhall:norace
func TestEveryReaderOfSQLiteIsOneThatCannotWrite(t *testing.T) {
	t.Parallel()
	d, err := openSQLite(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	execute(t, t.Context(), d, "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)")
	var held []*entsql.Rows
	for i := range sqliteReaders {
		rows := &entsql.Rows{}
		if i == sqliteReaders-1 { // the last connection is free for those that try to write
			break
		}
		if err := d.Query(t.Context(), "SELECT 1 UNION ALL SELECT 2", []any{}, rows); err != nil {
			t.Fatal(err)
		}
		rows.Next()
		held = append(held, rows)
		for _, text := range []string{"INSERT INTO notes (text) VALUES ('x') RETURNING id", "DELETE FROM notes RETURNING id", "UPDATE notes SET text = 'x' RETURNING id", "DROP TABLE notes", "CREATE TABLE more (id INTEGER)", "VACUUM"} {
			wrote := &entsql.Rows{}
			err := d.Query(t.Context(), text, []any{}, wrote)
			if err == nil {
				wrote.Next()
				err = wrote.Err()
				_ = wrote.Close()
			}
			if err == nil {
				t.Errorf("reader %d: %s passed", i, text)
			}
		}
	}
	for _, rows := range held {
		_ = rows.Close()
	}
	if n := count(t, t.Context(), d, "SELECT COUNT(*) FROM notes"); n != 0 {
		t.Errorf("%d rows were written", n)
	}
}

func TestWhatIsCommittedIsReadAtOnceAndWhatIsUndoneNever(t *testing.T) {
	t.Parallel()
	d, err := openSQLite(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	execute(t, t.Context(), d, "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)")
	for i := range 50 {
		tx, err := d.Tx(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := tx.Exec(t.Context(), "INSERT INTO notes (text) VALUES ('x')", []any{}, nil); err != nil {
			t.Fatal(err)
		}
		if n := count(t, t.Context(), d, "SELECT COUNT(*) FROM notes"); n != i {
			t.Fatalf("a reader sees %d rows, %d are committed", n, i)
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		if n := count(t, t.Context(), d, "SELECT COUNT(*) FROM notes"); n != i+1 {
			t.Fatalf("a reader sees %d rows after the acknowledgement of %d", n, i+1)
		}
	}
}

//keyhall:norace
func TestTheFilesOfSQLiteAreItsOwnersAlone(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"data", "a b", "what?", "hash#tag", "100%25", "ünïcode", "semi;colon", "deep/er"} {
		dir := filepath.Join(t.TempDir(), name)
		s := must(t, Config{Dir: dir}, false)
		if err := s.Ping(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		info, err := os.Stat(dir)
		if err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: the folder has mode %v (%v)", name, info.Mode(), err)
		}
		files := 0
		err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			files++
			if info, err := e.Info(); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s has mode %v (%v)", path, info.Mode(), err)
			}
			return nil
		})
		if err != nil || files == 0 {
			t.Errorf("%s: %d files in the folder (%v)", name, files, err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

//keyhall:norace
func TestPostgreSQLThatIsNotMigratedIsRefusedWithTheHint(t *testing.T) {
	t.Parallel()
	at := Config{URL: pgtest.Start(t)}
	_, err := Open(t.Context(), at, false)
	if !errors.Is(err, ErrNotMigrated) {
		t.Fatalf("an empty database opens with %v", err)
	}
	for _, hint := range []string{"keyhall migrate", "--migrate"} {
		if !strings.Contains(err.Error(), hint) {
			t.Errorf("the refusal does not name %q: %v", hint, err)
		}
	}
	if names := tablesOf(t, dialect.Postgres, at.URL); len(names) > 1 || len(names) == 1 && names[0] != "goose_db_version" {
		t.Errorf("it was refused, and has %v", names)
	}
	must(t, at, true)
	must(t, at, false)
}

//keyhall:norace
func TestADatabaseThatCannotBeReachedIsAnErrorWithoutItsPassword(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"postgres://keyhall:hunter2c4n4ry@127.0.0.1:1/keyhall?sslmode=disable", "postgres://keyhall:hunter2c4n4ry@127.0.0.1:1/keyhall", "mysql://keyhall:hunter2c4n4ry@127.0.0.1/x",
		"postgres://keyhall:hunter2c4n4ry%zz@127.0.0.1:1/x", "keyhall:hunter2c4n4ry", "postgres://keyhall@127.0.0.1:1/x?sslmode=disable&password=hunter2c4n4ry", "host=127.0.0.1 password=hunter2c4n4ry",
	} {
		s, err := Open(t.Context(), Config{URL: address}, true)
		if err == nil {
			_ = s.Close()
			t.Errorf("%s opens", address)
			continue
		}
		if strings.Contains(err.Error(), "hunter2c4n4ry") {
			t.Errorf("the error repeats the password: %v", err)
		}
	}
	// Without a word about it the connection is to be encrypted, which the throw-away server does not do.
	u, err := url.Parse(pgtest.Start(t))
	if err != nil {
		t.Fatal(err)
	}
	u.RawQuery = ""
	if s, err := Open(t.Context(), Config{URL: u.String()}, true); err == nil {
		_ = s.Close()
		t.Error("it connects without encryption, and nobody asked for that")
	}
}

func connect(t testing.TB, d, at string) *sql.DB {
	t.Helper()
	name := "postgres"
	if d == dialect.SQLite {
		name, at = "sqlite", sqliteDSN(at, url.Values{"_pragma": {"foreign_keys(1)"}})
	}
	db, err := sql.Open(name, at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func tablesOf(t testing.TB, d, at string) []string {
	t.Helper()
	query := "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1"
	if d == dialect.SQLite {
		query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1"
	}
	return column(t, connect(t, d, at), query)
}

func column(t testing.TB, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// databases are an empty place on each database.
func databases(t testing.TB) map[string]Config {
	t.Helper()
	return map[string]Config{dialect.SQLite: {Dir: t.TempDir()}, dialect.Postgres: {URL: pgtest.Start(t)}}
}

// place is where a database can be looked at from outside.
func place(t testing.TB, c Config) string {
	t.Helper()
	if c.URL != "" {
		return c.URL
	}
	found, err := filepath.Glob(filepath.Join(c.Dir, "*.db"))
	if err != nil || len(found) != 1 {
		t.Fatalf("the folder holds %v (%v)", found, err)
	}
	return found[0]
}

// Not parallel with itself: what Ent wants of a text column depends on the database, in variables that are shared.
//
//keyhall:norace
func TestMigratingAnEmptyDatabaseEndsWhereTheSchemaIs(t *testing.T) { // ADR 0002
	for _, d := range []string{dialect.SQLite, dialect.Postgres} {
		c := databases(t)[d]
		must(t, c, true)
		db := connect(t, d, place(t, c))
		collate(d)
		if left := missing(t, d, db); left != "" {
			t.Errorf("%s: the migrations lack\n%s", d, left)
		}
		if _, err := db.Exec("DROP INDEX session_expires_at"); err != nil {
			t.Fatal(err)
		}
		if left := missing(t, d, db); !strings.Contains(left, "session_expires_at") {
			t.Errorf("%s: the comparison is blind to a missing index: %q", d, left)
		}
		want := []string{"goose_db_version"}
		for _, table := range tables.Tables {
			want = append(want, table.Name)
		}
		slices.Sort(want)
		if got := tablesOf(t, d, place(t, c)); !slices.Equal(got, want) {
			t.Errorf("%s: tables\n%v, want\n%v", d, got, want)
		}
	}
	collate(dialect.SQLite)
}

// missing is what would have to be done for a database to be as Ent's schema says.
func missing(t *testing.T, d string, db *sql.DB) string {
	t.Helper()
	var changes bytes.Buffer
	err := tables.NewSchema(entsql.OpenDB(d, db)).WriteTo(t.Context(), &changes, schema.WithDropColumn(true), schema.WithDropIndex(true))
	if err != nil && !errors.Is(err, migrate.ErrNoPlan) {
		t.Fatalf("%s: %v", d, err)
	}
	frame := strings.NewReplacer("BEGIN;", "", "COMMIT;", "", "PRAGMA foreign_keys = off;", "", "PRAGMA foreign_keys = on;", "")
	return strings.TrimSpace(frame.Replace(changes.String()))
}

func collate(d string) {
	for _, table := range tables.Tables {
		for _, c := range table.Columns {
			if c.Type == field.TypeString || c.Type == field.TypeEnum {
				c.Collation = map[string]string{dialect.Postgres: "C"}[d]
			}
		}
	}
}

// Orders and cursors agree on both databases only when texts compare by their bytes, and times are numbers.
//
//keyhall:norace
func TestTextsOfPostgreSQLCompareByBytesAndNoColumnIsATime(t *testing.T) {
	t.Parallel()
	c := Config{URL: pgtest.Start(t)}
	must(t, c, true)
	db := connect(t, dialect.Postgres, c.URL)
	const ours = " FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'goose_db_version' AND "
	if bad := column(t, db, "SELECT table_name || '.' || column_name"+ours+"data_type IN ('character varying', 'text', 'character') AND collation_name IS DISTINCT FROM 'C'"); len(bad) > 0 {
		t.Errorf("these compare by a language: %v", bad)
	}
	if bad := column(t, db, "SELECT table_name || '.' || column_name"+ours+"(data_type LIKE 'timestamp%' OR data_type IN ('date', 'time'))"); len(bad) > 0 {
		t.Errorf("these are times: %v", bad)
	}
	if bad := column(t, db, "SELECT table_name || '.' || column_name"+ours+"column_name LIKE '%\\_at' AND (is_nullable = 'YES' OR data_type <> 'bigint')"); len(bad) > 0 {
		t.Errorf("these times are no bigint NOT NULL: %v", bad)
	}
}

func TestMigratingTwiceAtTheSameTimeIsSafe(t *testing.T) {
	t.Parallel()
	for d, c := range databases(t) {
		t.Run(d, func(t *testing.T) {
			t.Parallel()
			var all sync.WaitGroup
			for range 4 { // in this process
				all.Go(func() {
					s, err := Open(context.WithoutCancel(t.Context()), c, true)
					if err != nil {
						t.Errorf("open: %v", err)
						return
					}
					if err := s.Close(); err != nil {
						t.Errorf("close: %v", err)
					}
				})
			}
			where := c.URL + c.Dir
			for range 3 { // in others
				all.Go(func() {
					p := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
					p.Env = append(os.Environ(), migrateOnly+"="+where)
					if out, err := p.CombinedOutput(); err != nil {
						t.Errorf("another process: %v\n%s", err, out)
					}
				})
			}
			all.Wait()
			db := connect(t, d, place(t, c))
			applied := column(t, db, "SELECT version_id FROM goose_db_version WHERE version_id > 0 ORDER BY 1")
			files, err := filepath.Glob("../../ent/migrate/migrations/" + map[string]string{dialect.SQLite: "sqlite", dialect.Postgres: "postgres"}[d] + "/*.sql")
			if err != nil || len(applied) != len(files) || len(slices.Compact(slices.Clone(applied))) != len(applied) {
				t.Errorf("versions %v were applied of %v (%v)", applied, files, err)
			}
			must(t, c, false)
		})
	}
}
