//keyhall:norace
package pgtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// launchOnly makes this test binary a process that starts a cluster and waits
// to be killed, for the test of what happens then.
const launchOnly = "PGTEST_LAUNCH_ONLY"

func TestMain(m *testing.M) {
	if os.Getenv(launchOnly) != "" {
		launchAndWait()
	}
	os.Exit(Main(m))
}

func launchAndWait() {
	c, err := Launch(context.Background())
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	fmt.Println(c.URL(), c.dir)
	_, _ = io.Copy(io.Discard, os.Stdin) // until killed
}

func open(t *testing.T, address string) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestAKeptClusterHasItsDataTheNextTime(t *testing.T) {
	t.Parallel()
	if _, err := Installed(); err != nil {
		if InCI() {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	dir, err := os.MkdirTemp("", "keyhall-kept-") // not below t.TempDir, which the server's own account may not enter
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	for _, command := range []string{`CREATE TABLE mark (id int)`, `INSERT INTO mark VALUES (1)`} {
		c, err := Keep(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		db := open(t, c.URL())
		if _, err := db.Exec(command); err != nil {
			t.Error(err)
		}
		if _, err := Keep(t.Context(), dir); err == nil {
			t.Error("two servers on the same files")
		}
		if err := errors.Join(db.Close(), c.Stop()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEachCallGivesAnEmptyDatabaseOfItsOwn(t *testing.T) {
	t.Parallel()
	first, second := Start(t), Start(t)
	if first == second {
		t.Fatal("two calls gave the same database")
	}
	if _, err := open(t, first).Exec(`CREATE TABLE mark (id int)`); err != nil {
		t.Fatal(err)
	}
	var tables int
	const count = `SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'`
	if err := open(t, second).QueryRow(count).Scan(&tables); err != nil {
		t.Fatal(err)
	}
	if tables != 0 {
		t.Fatalf("a fresh database has %d tables", tables)
	}
}

func TestTheAddressNamesItsSSLMode(t *testing.T) {
	t.Parallel()
	address, err := url.Parse(Start(t))
	if err != nil {
		t.Fatal(err)
	}
	if got := address.Query().Get("sslmode"); got != "disable" {
		t.Fatalf("sslmode is %q", got)
	}
}

func TestTheDatabaseIsDroppedEvenWithAConnectionLeftOpen(t *testing.T) {
	t.Parallel()
	outer, witness := t, open(t, Start(t))
	var name string
	t.Run("user", func(t *testing.T) {
		address := Start(t)
		forgotten, err := open(outer, address).Conn(context.Background()) // closed after the drop
		if err != nil {
			t.Fatal(err)
		}
		if err := forgotten.QueryRowContext(context.Background(), `SELECT current_database()`).Scan(&name); err != nil {
			t.Fatal(err)
		}
	})
	var exists bool
	if err := witness.QueryRow(`SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, name).Scan(&exists); err != nil {
		t.Fatal(err)
	}
	if exists {
		t.Fatalf("%s outlived its test", name)
	}
}

func TestANamedServerIsUsedInsteadOfANewCluster(t *testing.T) {
	server, err := url.Parse(Start(t))
	if err != nil {
		t.Fatal(err)
	}
	server.Path = "/postgres"
	t.Setenv(Env, server.String())
	used, err := url.Parse(Start(t))
	if err != nil {
		t.Fatal(err)
	}
	if used.Host != server.Host {
		t.Fatalf("used %s, named was %s", used.Host, server.Host)
	}
}

func TestTheServerDiesWithItsProcess(t *testing.T) {
	t.Parallel()
	Start(t) // skips where there is no PostgreSQL
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), launchOnly+"=1")
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var address, dir string
	_, scanned := fmt.Fscanln(out, &address, &dir)
	if err := errors.Join(scanned, cmd.Process.Kill()); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed by us
	t.Cleanup(func() { os.RemoveAll(dir) })

	deadline, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for tick := time.NewTicker(10 * time.Millisecond); ping(deadline, address) == nil; {
		select {
		case <-tick.C:
		case <-deadline.Done():
			t.Fatal("the server outlived the process that started it")
		}
	}
}

func TestThePathComesFirstThenTheNewestPackage(t *testing.T) {
	install := func(t *testing.T, bin string) string {
		t.Helper()
		if err := os.MkdirAll(bin, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"initdb", "postgres"} {
			if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		return bin
	}
	root, onPath := t.TempDir(), t.TempDir()
	t.Setenv("PATH", onPath)

	if _, err := find(root); !errors.Is(err, ErrNotInstalled) {
		t.Fatalf("nothing installed: %v", err)
	}
	for _, version := range []string{"9.6", "15", "17", "notes"} {
		install(t, filepath.Join(root, version, "bin"))
	}
	if err := os.Remove(filepath.Join(root, "17", "bin", "initdb")); err != nil { // half removed package
		t.Fatal(err)
	}
	if found, err := find(root); err != nil || !strings.HasPrefix(found.postgres, filepath.Join(root, "15")) {
		t.Fatalf("found %+v, %v; want version 15", found, err)
	}
	install(t, onPath)
	if found, err := find(root); err != nil || filepath.Dir(found.initdb) != onPath {
		t.Fatalf("found %+v, %v; want the one on the PATH", found, err)
	}
}
