package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/config"
)

// shutdownTime is how long running requests may take to finish.
const shutdownTime = 10 * time.Second

type serveCommand struct {
	config.Config
	MigrateFirst bool `name:"migrate" help:"Bring PostgreSQL up to date before serving; SQLite always is."`
}

// Run serves until it is told to stop.
func (c *serveCommand) Run(ctx context.Context, t Terminal) error {
	cfg := appConfig(c.Config, t)
	cfg.Migrate = c.MigrateFirst
	a, err := app.Open(ctx, cfg)
	if err != nil {
		return err
	}
	return serve(ctx, a, c.Config, func(origin string) error {
		needed, err := a.Accounts.NeedsSetup(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(t.Out, "Keyhall: %s\n", origin)
		tellExplorer(t, cfg, origin)
		if needed {
			fmt.Fprintf(t.Out, "Set up: %s/setup#%s\n", origin, a.Accounts.SetupToken())
		}
		return nil
	})
}

// serve listens, says where, and serves until ctx ends; then it lets running requests finish and closes the app.
func serve(ctx context.Context, a *app.App, c config.Config, ready func(origin string) error) (err error) {
	defer func() {
		done, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
		defer cancel()
		err = errors.Join(err, a.Close(done))
	}()
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Addr)
	if err != nil {
		return fmt.Errorf("listen: %w; choose another address with --addr", err)
	}
	origin := c.Origin(l.Addr().String())
	a.Start(origin)
	if err := ready(origin); err != nil { // who connects already waits: a demo is never seen without its team
		return errors.Join(err, l.Close())
	}
	server := a.Server()
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	done, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	if err := server.Shutdown(done); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("stop: %w", err)
	}
	return nil
}
