package cli

import (
	"context"
	"fmt"

	"github.com/keyhall/keyhall/internal/config"
	"github.com/keyhall/keyhall/internal/store"
)

type migrateCommand struct {
	config.Config
}

// Run brings the database up to date and stops.
func (c *migrateCommand) Run(ctx context.Context, t Terminal) error {
	s, err := store.Open(ctx, store.Config{Dir: c.DataDir, URL: c.DatabaseURL.Expose()}, true)
	if err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	fmt.Fprintln(t.Out, "The database is up to date.")
	return nil
}
