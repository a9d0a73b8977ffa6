//keyhall:norace
package main

import (
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest/pgtest"
)

func TestTheCommandFindsTheServerAndItsExitCodeIsPassedOn(t *testing.T) {
	t.Setenv(pgtest.Env, "postgres://somewhere/postgres") // no second cluster for this
	for script, want := range map[string]int{
		`exit 7`: 7,
		`exit 0`: 0,
		`test "$KEYHALL_TEST_POSTGRES" = postgres://somewhere/postgres`: 0,
		`kill -KILL $$`: 128 + 9,
	} {
		if got, err := run([]string{"sh", "-c", script}); err != nil || got != want {
			t.Errorf("%s: exit code %d (%v), want %d", script, got, err, want)
		}
	}
}

func TestAClusterIsStartedForTheCommand(t *testing.T) {
	t.Setenv(pgtest.Env, "")
	if _, err := pgtest.Installed(); err != nil {
		if pgtest.InCI() {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	const script = `case "$KEYHALL_TEST_POSTGRES" in postgres://*@127.0.0.1:*sslmode=disable) exit 5;; esac; exit 6`
	if got, err := run([]string{"sh", "-c", script}); err != nil || got != 5 {
		t.Fatalf("exit code %d (%v), want 5", got, err)
	}
}

func TestACommandThatDoesNotExistIsAnError(t *testing.T) {
	t.Setenv(pgtest.Env, "postgres://somewhere/postgres")
	got, err := run([]string{"no-such-command-anywhere"})
	if got != 127 || err == nil || !strings.Contains(err.Error(), "no-such-command-anywhere") {
		t.Fatalf("exit code %d, error %v", got, err)
	}
}
