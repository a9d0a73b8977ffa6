package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/keyhall/keyhall/internal/config"
	"github.com/keyhall/keyhall/internal/instance"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/store"
)

type keyringCommand struct {
	Rotate rotateKeyringCommand `cmd:"" help:"Put everything sealed under a new key; the server may go on running."`
}

type rotateKeyringCommand struct {
	config.Config
	Step string `enum:"all,add,promote,rewrap" default:"all" help:"One step alone (add, promote, rewrap), where several machines have a copy of the key file: bring the file to all of them after add, and again after promote."`
}

// Run rotates, or finishes a rotation that was stopped.
func (c *rotateKeyringCommand) Run(ctx context.Context, t Terminal) (err error) {
	path := filepath.Join(c.DataDir, keyring.FileName)
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("there is no key file to rotate: %w; restore it from its backup, or name its folder with --data-dir", err)
	}
	s, err := store.Open(ctx, store.Config{Dir: c.DataDir, URL: c.DatabaseURL.Expose()}, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	keys, _, err := instance.Open(ctx, s.Client, c.DataDir) // refuses a file that is not this database's
	if err != nil {
		return err
	}
	behind, err := instance.Behind(ctx, s.Client, keys)
	if err != nil {
		return err
	}
	if c.Step == "all" && behind > 0 {
		fmt.Fprintf(t.Out, "An earlier rotation was not finished: %d values are left. Run this again afterwards for a new key.\n", behind)
	} else if err := c.change(path, t); err != nil {
		return err
	}
	switch c.Step {
	case "add": // servers elsewhere do not have the key yet: the database does not ask for it before it is in use
		return nil
	case "promote":
		_, _, err := instance.Open(ctx, s.Client, c.DataDir)
		return err
	}
	return c.rewrap(ctx, s, t)
}

// change does the steps that are about the file. A key that was added and is not in use is taken before another is made.
func (c *rotateKeyringCommand) change(path string, t Terminal) error {
	waiting, err := keyring.Waiting(path)
	if err != nil {
		return err
	}
	if c.Step == "add" || c.Step == "all" && !waiting {
		if err := keyring.Add(path); err != nil {
			return err
		}
		fmt.Fprintln(t.Out, "A new key is in the key file.")
	}
	if c.Step == "promote" || c.Step == "all" {
		if err := keyring.Promote(path); err != nil {
			return err
		}
		fmt.Fprintln(t.Out, "The new key is in use.")
	}
	return nil
}

func (c *rotateKeyringCommand) rewrap(ctx context.Context, s *store.Store, t Terminal) error {
	keys, install, err := instance.Open(ctx, s.Client, c.DataDir)
	if err != nil {
		return err
	}
	total := 0
	err = instance.Rewrap(ctx, s.Client, keys, install, func(moved int) {
		total += moved
		fmt.Fprintf(t.Out, "%d values re-wrapped.\n", total)
	})
	if err != nil {
		return fmt.Errorf("%w; what was re-wrapped stays so: run this again to go on", err)
	}
	fmt.Fprintln(t.Out, "Everything is under the key in use. Back up the key file now; older copies of it do not open this database any more.")
	return nil
}
