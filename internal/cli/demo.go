package cli

import (
	"context"
	"fmt"
	"net"

	"github.com/keyhall/keyhall/graph"
	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/authn"
	"github.com/keyhall/keyhall/internal/config"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/keyhall"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/viewer"
)

// demoPassword is the same for everybody, printed, and worth nothing: the demo listens on this machine only.
const demoPassword = "correct-horse-battery"

type demoCommand struct {
	config.Config
}

// person of the sample team; the first one is the administrator.
type person struct{ username, name string }

func team() []person {
	return []person{{"ada", "Ada Okafor"}, {"ben", "Ben Lindqvist"}, {"cleo", "Cleo Marchetti"}, {"dev", "Dev Raman"}}
}

func (p person) email() string { return p.username + "@demo.example" }

// Run serves the sample team. What people do in it stays until its folder is deleted.
func (c *demoCommand) Run(ctx context.Context, t Terminal) error {
	if host, _, err := net.SplitHostPort(c.Addr); err != nil || !loopback(host) {
		return fmt.Errorf("the demo's passwords are known to everybody: it listens on this machine only, for example --addr 127.0.0.1:8080")
	}
	if c.DataDir == "./data" {
		c.DataDir = "./data-demo"
	}
	cfg := appConfig(c.Config, t)
	cfg.Migrate, cfg.Introspection, cfg.Accounts.Signup = true, graph.Everybody, "open"
	cfg.Explorer = c.Explorer != "off"
	a, err := app.Open(ctx, cfg)
	if err != nil {
		return err
	}
	return serve(ctx, a, c.Config, func(origin string) error {
		if err := seed(ctx, a); err != nil {
			return fmt.Errorf("make the sample team: %w", err)
		}
		fmt.Fprintf(t.Out, "Keyhall demo: %s/graphql\n", origin)
		tellExplorer(t, cfg, origin)
		fmt.Fprintln(t.Out)
		for _, p := range team() {
			fmt.Fprintf(t.Out, "  %-5s %-22s password %s\n", p.username, p.email(), demoPassword)
		}
		fmt.Fprintf(t.Out, "\nThe README's story works with these. Stop with Ctrl-C; what you do is kept in %s.\n", c.DataDir)
		return nil
	})
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// seed makes the team once; the administrator vouches for the others' addresses, as there is no mail in a demo.
func seed(ctx context.Context, a *app.App) error {
	needed, err := a.Accounts.NeedsSetup(ctx)
	if err != nil || !needed {
		return err
	}
	var administrator viewer.Viewer
	for i, p := range team() {
		u, err := a.Accounts.Create(ctx, authn.NewAccount{
			Email: p.email(), Username: p.username, Name: p.name, Password: keyring.NewSecret(demoPassword),
		}, i == 0)
		if err != nil {
			return err
		}
		if i == 0 {
			administrator = viewer.Viewer{Kind: viewer.User, UserID: u.ID, Email: u.Email, EmailVerified: true, Administrator: true}
			continue
		}
		yes := true
		_, err = a.House.SetUserStatus(a.Guard.Enter(ctx, administrator), keyhall.SetUserStatus{UserID: u.ID, EmailVerified: &yes})
		if err != nil && !fault.Is(err, fault.CodeNotFound) {
			return err
		}
	}
	return nil
}
