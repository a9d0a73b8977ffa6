package pgtest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// superuser is the role that owns the throw-away cluster.
const superuser = "keyhall"

// portTries covers the moment between choosing a free port and listening on it.
const portTries = 3

// Cluster is a running throw-away server.
type Cluster struct {
	dir, password string
	port          int
	server        *process
	kept          bool // its files stay when it stops
}

// Launch makes a cluster, starts it and waits until it answers. The caller
// stops it; it also dies when the calling process dies.
func Launch(ctx context.Context) (*Cluster, error) {
	programs, err := find(packaged)
	if err != nil {
		return nil, err
	}
	owner, err := unprivileged()
	if err != nil {
		return nil, err
	}
	dir, err := makeFolder()
	if err != nil {
		return nil, fmt.Errorf("directory of the cluster: %w", err)
	}
	c := &Cluster{dir: dir, password: rand.Text()}
	if err := c.start(ctx, programs, owner); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return c, nil
}

// makeFolder makes the cluster's folder, and removes those of clusters whose process was killed and could not.
func makeFolder() (string, error) {
	in := cmp.Or(folder(), os.TempDir())
	for _, left := range leftovers(in) {
		_ = os.RemoveAll(left) // of another account
	}
	return os.MkdirTemp(in, prefix)
}

// prefix begins the name of every cluster's folder.
const prefix = "keyhall-pg-"

// leftovers are folders of clusters that do not run: a server that was told to stop took its file away, and one that is
// being made is young.
func leftovers(in string) []string {
	found, _ := filepath.Glob(filepath.Join(in, prefix+"*")) // its only error is of the pattern
	return slices.DeleteFunc(found, func(dir string) bool {
		about, err := os.Stat(dir)
		if err != nil || time.Since(about.ModTime()) < time.Hour {
			return true
		}
		_, err = os.Stat(filepath.Join(dir, "data", "postmaster.pid"))
		return !errors.Is(err, os.ErrNotExist)
	})
}

// Keep is Launch with files that stay in a folder of the caller's, for data that takes long to load: the next call finds
// it there. Durability is off there too, so a folder of which the machine died is to be removed.
func Keep(ctx context.Context, dir string) (*Cluster, error) {
	programs, err := find(packaged)
	if err != nil {
		return nil, err
	}
	owner, err := unprivileged()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("directory of the cluster: %w", err)
	}
	c := &Cluster{dir: dir, kept: true, password: rand.Text()}
	password, err := os.ReadFile(filepath.Join(dir, ready))
	if errors.Is(err, os.ErrNotExist) {
		if err := c.start(ctx, programs, owner); err != nil {
			return nil, err
		}
		return c, os.WriteFile(filepath.Join(dir, ready), []byte(c.password), 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("password of the cluster: %w", err)
	}
	c.password = string(password)
	return c, c.serveAnywhere(ctx, programs, owner)
}

// ready holds the password of a kept cluster; it is there when the cluster is whole.
const ready = "ready"

func (c *Cluster) start(ctx context.Context, programs programs, owner *syscall.Credential) error {
	if owner != nil {
		if err := os.Chown(c.dir, int(owner.Uid), int(owner.Gid)); err != nil {
			return fmt.Errorf("hand the directory over: %w", err)
		}
	}
	if err := c.initialise(ctx, programs.initdb, owner); err != nil {
		return err
	}
	return c.serveAnywhere(ctx, programs, owner)
}

func (c *Cluster) serveAnywhere(ctx context.Context, programs programs, owner *syscall.Credential) error {
	var failed error
	for range portTries {
		if failed = c.serve(ctx, programs.postgres, owner); failed == nil || ctx.Err() != nil {
			return failed
		}
	}
	return failed
}

// initialise makes the files. ICU's English order is asked for first: it
// differs from byte order, so a text order that forgot COLLATE "C" shows.
func (c *Cluster) initialise(ctx context.Context, initdb string, owner *syscall.Credential) error {
	password := filepath.Join(c.dir, "password")
	if err := os.WriteFile(password, []byte(c.password), 0o600); err != nil {
		return fmt.Errorf("password file: %w", err)
	}
	if owner != nil {
		if err := os.Chown(password, int(owner.Uid), int(owner.Gid)); err != nil {
			return fmt.Errorf("password file: %w", err)
		}
	}
	plain := []string{
		"--pgdata=" + c.data(), "--username=" + superuser, "--pwfile=" + password,
		"--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions",
	}
	icu := append([]string{"--locale-provider=icu", "--icu-locale=en"}, plain...)
	var failed error
	for _, args := range [][]string{icu, plain} {
		cmd := exec.CommandContext(ctx, initdb, args...)
		c.prepare(cmd, owner)
		out, err := cmd.CombinedOutput()
		if err == nil {
			return nil
		}
		failed = fmt.Errorf("initdb: %w: %s", err, bytes.TrimSpace(out))
	}
	return failed
}

// URL is the address of the cluster's own database, as superuser.
func (c *Cluster) URL() string {
	address := url.URL{
		Scheme: "postgres", User: url.UserPassword(superuser, c.password),
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(c.port)), Path: "/postgres", RawQuery: "sslmode=disable",
	}
	return address.String()
}

// Stop ends the server by its process id and removes its files, or keeps them whole.
func (c *Cluster) Stop() error {
	if c.kept {
		return c.server.stop(syscall.SIGINT)
	}
	return errors.Join(c.server.stop(syscall.SIGQUIT), os.RemoveAll(c.dir))
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

func (c *Cluster) prepare(cmd *exec.Cmd, owner *syscall.Credential) {
	cmd.Dir = c.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + c.dir, "LC_ALL=C.UTF-8"}
	cmd.SysProcAttr = attributes(owner)
}
