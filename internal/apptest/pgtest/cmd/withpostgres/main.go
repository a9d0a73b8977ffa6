// Command withpostgres runs a command beside a throw-away PostgreSQL server:
//
//	withpostgres go test ./...
//
// Every test process of that run shares the server, found through
// KEYHALL_TEST_POSTGRES. The command's exit code is passed on. Without
// PostgreSQL on the machine the command runs alone (its tests skip), and with
// CI=true nothing runs and the exit code is 1.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/keyhall/keyhall/internal/apptest/pgtest"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: withpostgres command [argument ...]")
		os.Exit(2)
	}
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "withpostgres:", err)
	}
	os.Exit(code)
}

func run(args []string) (int, error) {
	// Caught before the server starts, so that no signal can orphan it.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)

	if os.Getenv(pgtest.Env) != "" {
		return command(args, nil, signals)
	}
	cluster, err := pgtest.Launch(context.Background())
	if errors.Is(err, pgtest.ErrNotInstalled) && !pgtest.InCI() {
		fmt.Fprintln(os.Stderr, "withpostgres: tests on PostgreSQL will be skipped:", err)
		return command(args, nil, signals)
	}
	if err != nil {
		return 1, err
	}
	code, err := command(args, []string{pgtest.Env + "=" + cluster.URL()}, signals)
	if stopped := cluster.Stop(); stopped != nil {
		return max(code, 1), errors.Join(err, stopped)
	}
	return code, err
}

// command runs it with our streams and passes signals on; it decides when to end.
func command(args, env []string, signals <-chan os.Signal) (int, error) {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), env...)
	if err := cmd.Start(); err != nil {
		return 127, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case sent := <-signals:
			_ = cmd.Process.Signal(sent) // it may have ended in this moment
		case err := <-ended:
			return exitCode(cmd, err)
		}
	}
}

// exitCode follows the shells: 128 and the signal's number for a killed command.
func exitCode(cmd *exec.Cmd, err error) (int, error) {
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 1, err
	}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return cmd.ProcessState.ExitCode(), nil
}
