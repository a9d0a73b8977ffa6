package store

import (
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"entgo.io/ent/dialect"
	"github.com/lib/pq"
	_ "modernc.org/sqlite"
)

// Connections of one process.
const (
	sqliteReaders    = 4
	sqliteCache      = "cache_size(-16000)"    // KiB of each reader; with SQLite's own 2 MB the pages of one list push out those of the next
	sqliteMap        = "mmap_size(2147418112)" // as much as it takes: a list among a million rows costs a tenth when its pages are not copied
	postgresMaxConns = 20
	idleTime         = 5 * time.Minute
)

// openSQLite opens one writer, whose transactions begin with the write lock, and a pool of readers that cannot write.
// Every commit is on disk before it is acknowledged.
func openSQLite(dir string) (*driver, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	path := filepath.Join(dir, "keyhall.db")
	w, err := sql.Open("sqlite", sqliteDSN(path, url.Values{
		"_txlock": {"immediate"},
		"_pragma": {"journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "busy_timeout(10000)"},
	}))
	if err != nil {
		return nil, fmt.Errorf("open the SQLite file: %w", err)
	}
	w.SetMaxOpenConns(1)
	if err := w.Ping(); err != nil { // makes the file and sets WAL before a reader comes
		return nil, fmt.Errorf("open the SQLite file: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, fmt.Errorf("keep the SQLite file private: %w", err)
	}
	r, err := sql.Open("sqlite", sqliteDSN(path, url.Values{
		"_pragma": {"query_only(1)", "foreign_keys(1)", "busy_timeout(10000)", sqliteCache, sqliteMap},
	}))
	if err != nil {
		return nil, fmt.Errorf("open the SQLite file to read: %w", err)
	}
	r.SetMaxOpenConns(sqliteReaders)
	r.SetMaxIdleConns(sqliteReaders)
	return newDriver(dialect.SQLite, w, r), nil
}

func sqliteDSN(path string, v url.Values) string {
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: v.Encode()}).String()
}

// postgresURL is the address of a database with what is set about a connection to it. binary_parameters saves a round trip a
// query and lets pgbouncer pool transactions.
func postgresURL(raw string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		return "", fmt.Errorf("KEYHALL_DATABASE_URL must look like postgres://user:password@host/database?sslmode=verify-full")
	}
	q := u.Query()
	if !q.Has("sslmode") {
		q.Set("sslmode", "require")
	}
	if !q.Has("jit") {
		q.Set("jit", "off") // compiling a statement of a few milliseconds costs more than it can save
	}
	if !q.Has("plan_cache_mode") {
		// The texts are constant and planned once a connection, whoever asks first.
		q.Set("plan_cache_mode", "force_generic_plan")
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// openPostgres opens one pool.
func openPostgres(url string) (*driver, error) {
	if _, err := pq.NewConnector(url); err != nil {
		return nil, fmt.Errorf("open PostgreSQL: %w", err)
	}
	db := sql.OpenDB(lines{url})
	db.SetMaxOpenConns(postgresMaxConns)
	db.SetMaxIdleConns(postgresMaxConns)
	db.SetConnMaxIdleTime(idleTime)
	return newDriver(dialect.Postgres, db, db), nil
}
