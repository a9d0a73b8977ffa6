// Package apptest is the test kit: a real Keyhall behind a real HTTP server, on SQLite and on PostgreSQL, with named people
// who sign in as anybody does. It fakes nothing of Keyhall's own; what has no mutation yet is written as SQL fixtures.
package apptest

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/lib/pq" // the fixtures' own connection
	_ "modernc.org/sqlite"

	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest/pgtest"
	"github.com/keyhall/keyhall/internal/authn"
	"github.com/keyhall/keyhall/internal/limit"
	"github.com/keyhall/keyhall/internal/store"
	"github.com/keyhall/keyhall/policy"
)

// Database names one of the two databases.
type Database string

// The databases that everything is tested on.
const (
	SQLite   Database = "sqlite"
	Postgres Database = "postgres"
)

// Server is Keyhall at an address of this machine.
type Server struct {
	App      *app.App
	URL      string // of the site; GraphQL is at URL + "/graphql"
	Database Database
	Dir      string // data folder
	Log      *Log   // everything it logged
	raw      *sql.DB
	counter  *names
	config   app.Config
	web      *httptest.Server
}

// Each runs a test on a fresh server of each database, side by side.
func Each(t *testing.T, test func(*testing.T, *Server), options ...func(*app.Config)) {
	t.Helper()
	for _, d := range []Database{SQLite, Postgres} {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			test(t, New(t, d, options...))
		})
	}
}

// New starts a server that stops when the test ends.
func New(t testing.TB, d Database, options ...func(*app.Config)) *Server {
	t.Helper()
	s, stop := start(t, d, t.TempDir(), options...)
	t.Cleanup(stop)
	return s
}

// Beside is a second process of the same installation, on the same database.
func (s *Server) Beside(t testing.TB, options ...func(*app.Config)) *Server {
	t.Helper()
	same := func(c *app.Config) { c.Store = s.config.Store }
	second, stop := start(t, s.Database, s.Dir, append(options, same)...)
	t.Cleanup(stop)
	return second
}

func start(t testing.TB, d Database, dir string, options ...func(*app.Config)) (*Server, func()) {
	t.Helper()
	log := &Log{}
	cfg := app.Defaults()
	cfg.Store.Dir, cfg.Migrate = dir, true
	cfg.Accounts.Signup = "open"
	cfg.Accounts.Cost = authn.Cost{MemoryKiB: 8, Passes: 1} // tests are about who signs in, not about how dear a guess is
	cfg.Accounts.PerAccount = limit.Rate{Count: 100_000, Per: time.Minute}
	cfg.Accounts.PerAddress = limit.Rate{Count: 100_000, Per: time.Minute}
	cfg.Accounts.PerMailbox = limit.Rate{Count: 100_000, Per: time.Minute}
	cfg.Timeout = 30 * time.Second * Slowdown // tests ask more at once than two processors can do in time
	plenty := limit.Rate{Count: 100_000, Per: time.Minute}
	cfg.Unknown, cfg.Invites, cfg.Resends, cfg.Reveals = plenty, plenty, plenty, plenty
	cfg.Exports, cfg.Searches, cfg.Openings = plenty, plenty, plenty
	cfg.Log = slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	driver, dsn := "sqlite", "file:"+dir+"/keyhall.db?_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)"
	if d == SQLite {
		tables.lay(t, dir)
	} else {
		dsn = pgtest.Copy(t, "keyhall", migrate)
		driver, cfg.Store = "postgres", store.Config{Dir: dir, URL: dsn}
	}
	for _, o := range options {
		o(&cfg)
	}
	builtIn := cfg.Law == nil && cfg.PolicyDir == ""
	law := lawOf{d, cfg.ShareLinks > 0}
	if builtIn {
		cfg.Revision = laws.of(law)
	}
	a, err := app.Open(context.Background(), cfg)
	if err != nil {
		t.Fatalf("start Keyhall on %s: %v", d, err)
	}
	if builtIn {
		laws.keep(law, a.Engine.Revision())
	}
	web := httptest.NewServer(a.Handler())
	a.Start(web.URL)
	raw, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatalf("open the fixtures' connection: %v", err)
	}
	s := &Server{App: a, URL: web.URL, Database: d, Dir: dir, Log: log, raw: raw, counter: &names{}, config: cfg, web: web}
	return s, func() {
		s.stop(t)
		_ = raw.Close()
	}
}

func (s *Server) stop(t testing.TB) {
	t.Helper()
	s.App.HangUp()
	s.web.Close()
	if err := s.App.Close(context.Background()); err != nil {
		t.Errorf("stop Keyhall: %v", err)
	}
}

// Restart stops the server and starts it again on what it had stored.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.stop(t)
	a, err := app.Open(context.Background(), s.config)
	if err != nil {
		t.Fatalf("start Keyhall again on %s: %v", s.Database, err)
	}
	s.App, s.web = a, httptest.NewServer(a.Handler())
	s.URL = s.web.URL
	a.Start(s.URL)
}

// Hold keeps every deed on a key waiting until release is called: it holds what a deed takes first, the key's row on
// PostgreSQL and the one place of a writer on SQLite.
func (s *Server) Hold(t testing.TB, keyID string) (release func()) {
	t.Helper()
	conn, err := s.raw.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	run := func(query string, args ...any) {
		if _, err := conn.ExecContext(context.Background(), query, args...); err != nil {
			t.Errorf("hold a key: %v", err)
		}
	}
	if s.Database == Postgres {
		run("BEGIN")
		run("SELECT 1 FROM api_keys WHERE id = $1 FOR UPDATE", keyID)
	} else {
		run("BEGIN IMMEDIATE")
	}
	return sync.OnceFunc(func() {
		run("ROLLBACK")
		_ = conn.Close()
	})
}

// laws keeps the built-in law, which the first server of each database loads whole: a revision never changes, and loading
// it is most of what a start costs under the race detector.
var laws loaded

type loaded struct {
	mu sync.Mutex
	by map[lawOf]*policy.Revision
}

// lawOf is what the built-in law differs by.
type lawOf struct {
	database   Database
	shareLinks bool
}

func (l *loaded) of(which lawOf) *policy.Revision {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.by[which]
}

func (l *loaded) keep(which lawOf, r *policy.Revision) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.by == nil {
		l.by = map[lawOf]*policy.Revision{}
	}
	l.by[which] = r
}

// SQL writes a fixture that no mutation makes yet, or looks behind the curtain. Placeholders are ?.
func (s *Server) SQL(t testing.TB, query string, args ...any) {
	t.Helper()
	if _, err := s.raw.Exec(s.placeholders(query), args...); err != nil {
		t.Fatalf("fixture %s: %v", query, err)
	}
}

// Row reads one row behind the curtain.
func (s *Server) Row(t testing.TB, query string, args []any, into ...any) {
	t.Helper()
	if err := s.raw.QueryRow(s.placeholders(query), args...).Scan(into...); err != nil {
		t.Fatalf("look at %s: %v", query, err)
	}
}

// Count counts rows behind the curtain: Count(t, "api_keys WHERE owner_id = ?", id).
func (s *Server) Count(t testing.TB, from string, args ...any) int {
	t.Helper()
	var n int
	s.Row(t, "SELECT COUNT(*) FROM "+from, args, &n)
	return n
}

func (s *Server) placeholders(query string) string {
	if s.Database != Postgres {
		return query
	}
	var out strings.Builder
	n := 0
	for _, r := range query {
		if r == '?' {
			n++
			fmt.Fprintf(&out, "$%d", n)
			continue
		}
		out.WriteRune(r)
	}
	return out.String()
}

// names makes every person of a server unique, so that tests can share one.
type names struct {
	mu sync.Mutex
	n  int
}

func (c *names) next(name string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	return fmt.Sprintf("%s%d", name, c.n)
}

// Log collects what a server logs.
type Log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

var _ io.Writer = (*Log)(nil)

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String is all that was logged.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Main is for TestMain of a package that uses the kit: it stops the PostgreSQL server that the tests shared.
func Main(m *testing.M) {
	if Slowdown > 1 { // nothing is measured in such a build, and collecting garbage is a fifth of its work
		debug.SetGCPercent(400)
	}
	os.Exit(pgtest.Main(m))
}
