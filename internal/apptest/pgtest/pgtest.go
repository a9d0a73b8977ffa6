// Package pgtest gives tests a fresh, empty PostgreSQL database each.
//
// One throw-away cluster serves a whole test process: it listens on loopback
// only, behind a random password, with its files in memory or the system's
// temporary directory, and it dies with the process. When KEYHALL_TEST_POSTGRES names a
// server (the withpostgres command sets it for a whole `go test` run), the
// databases are made there instead.
//
// It is for tests: durability is switched off. It never touches a cluster that
// it did not start, but for the databases that it creates on the named one.
package pgtest

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"
	"time"
)

// Env names the variable that holds the URL of a running server to use.
const Env = "KEYHALL_TEST_POSTGRES"

// patience bounds everything that is done for one test.
const patience = 60 * time.Second

// shared is the cluster of this process. It is the one package variable of the
// test kit: tests of one package have nothing else in common through which
// they could share a server that takes a second to start.
var shared cluster

type cluster struct {
	mu        sync.Mutex
	main      bool // Main is running, so somebody will stop the server
	tried     bool
	err       error
	running   *Cluster
	templates templates
}

// Main runs the tests and then stops the server, if one was started. Packages
// that call Start need it:
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
func Main(m interface{ Run() int }) int {
	shared.begin()
	code := m.Run()
	if err := shared.stop(); err != nil {
		os.Stderr.WriteString("pgtest: " + err.Error() + "\n")
		return max(code, 1)
	}
	return code
}

// Start returns the URL (for lib/pq) of a database that is empty and belongs
// to this test alone; it is dropped when the test ends. Without PostgreSQL on
// the machine the test is skipped, and with CI=true it fails.
func Start(t testing.TB) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()

	return use(ctx, t, serverOf(ctx, t), empty)
}

// serverOf is the named server, or that of this process.
func serverOf(ctx context.Context, t testing.TB) string {
	t.Helper()
	if named := os.Getenv(Env); named != "" {
		return named
	}
	return shared.url(ctx, t)
}

// use makes a database for one test.
func use(ctx context.Context, t testing.TB, server string, of origin) string {
	t.Helper()
	database, err := create(ctx, server, of)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := drop(ctx, server, database.name); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	return database.url
}

// url starts the cluster at the first call and returns its address.
func (c *cluster) url(ctx context.Context, t testing.TB) string {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.main {
		t.Fatal("pgtest: call pgtest.Main from TestMain, so that the server is stopped at the end")
	}
	if !c.tried {
		c.tried = true
		c.running, c.err = Launch(ctx)
	}
	if errors.Is(c.err, ErrNotInstalled) && !InCI() {
		t.Skipf("pgtest: %v", c.err)
	}
	if c.err != nil {
		t.Fatalf("pgtest: %v", c.err)
	}
	return c.running.URL()
}

func (c *cluster) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.main = true
}

func (c *cluster) stop() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.templates.drop()
	c.main, c.templates = false, templates{}
	if c.running == nil {
		return err
	}
	running := c.running
	c.running, c.tried = nil, false
	return errors.Join(err, running.Stop())
}

// InCI tells whether a missing PostgreSQL is a failure instead of a skip.
func InCI() bool { return os.Getenv("CI") == "true" }
