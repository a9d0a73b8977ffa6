package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// serve starts the server on a free port and waits for its first answer.
func (c *Cluster) serve(ctx context.Context, postgres string, owner *syscall.Credential) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	c.port = port
	log, err := os.Create(filepath.Join(c.dir, "log"))
	if err != nil {
		return fmt.Errorf("log of the server: %w", err)
	}
	defer log.Close()
	cmd := exec.Command(postgres,
		"-D", c.data(), "-k", c.dir, "-p", strconv.Itoa(port), "-h", "127.0.0.1",
		"-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off",
		"-c", "max_wal_size=256MB", "-c", "max_connections=300", "-c", "shared_buffers="+c.memory())
	c.prepare(cmd, owner)
	cmd.Stdout, cmd.Stderr = log, log
	if c.server, err = begin(cmd); err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	if err := c.wait(ctx); err != nil {
		said, _ := os.ReadFile(log.Name())
		return fmt.Errorf("%w: %s", errors.Join(err, c.server.stop(syscall.SIGQUIT)), bytes.TrimSpace(said))
	}
	return nil
}

// wait connects with growing pauses until the server answers or has ended.
func (c *Cluster) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 250*time.Millisecond) {
		err := ping(ctx, c.URL())
		if err == nil {
			return nil
		}
		select {
		case <-c.server.ended:
			return errors.New("postgres ended at once")
		case <-ctx.Done():
			return fmt.Errorf("postgres does not answer: %w", err)
		case <-time.After(pause):
		}
	}
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("choose a port: %w", err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// memory is little where many clusters run side by side, and what one machine of its own would have where data is kept.
func (c *Cluster) memory() string {
	if c.kept {
		return "512MB"
	}
	return "64MB"
}
