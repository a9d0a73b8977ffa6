package benches

import (
	"database/sql"
	"iter"
	"strings"
	"testing"

	"github.com/lib/pq"

	"github.com/keyhall/keyhall/internal/apptest"
)

// load writes the rows of a table as quickly as its database can. What it writes keeps every foreign key, so neither
// database is asked to look each of them up.
func (w *town) load(t *testing.T, table string, columns []string, rows iter.Seq[[]any]) {
	t.Helper()
	tx, err := w.db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	insert := "INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES (?" + strings.Repeat(", ?", len(columns)-1) + ")"
	if w.server.Database == apptest.Postgres {
		if _, err := tx.Exec("SET LOCAL session_replication_role = replica"); err != nil {
			t.Fatal(err)
		}
		insert = pq.CopyIn(table, columns...)
	}
	into, err := tx.Prepare(insert)
	if err != nil {
		t.Fatal(err)
	}
	for row := range rows {
		if _, err := into.Exec(row...); err != nil {
			t.Fatalf("%s %v: %v", table, row, err)
		}
	}
	if w.server.Database == apptest.Postgres {
		if _, err := into.Exec(); err != nil { // ends the copy
			t.Fatalf("%s: %v", table, err)
		}
	}
	if err := into.Close(); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// open connects to the town's database as hand-written code would: one connection, with what Keyhall sets on its own.
func open(t *testing.T, s *apptest.Server, url string) *sql.DB {
	t.Helper()
	driver, dsn := "postgres", url
	if s.Database == apptest.SQLite {
		driver, dsn = "sqlite", "file:"+s.Dir+"/keyhall.db?_pragma=busy_timeout(10000)&_pragma=cache_size(-16000)"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// analyze gives the planner what it knows of a database in use. On SQLite it is done as SQLite's documents advise: without
// the limit it also keeps samples, and then plans each statement anew for other arguments, prepared or not.
func (w *town) analyze(t *testing.T) {
	t.Helper()
	command := "PRAGMA analysis_limit = 400; ANALYZE"
	if w.server.Database == apptest.Postgres {
		command = "VACUUM ANALYZE"
	}
	if _, err := w.db.ExecContext(t.Context(), command); err != nil {
		t.Fatal(err)
	}
}
