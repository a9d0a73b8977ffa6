// Package cli is the command line, one file a verb. It turns flags and environment into a configuration and runs the app;
// it holds no rule of the product.
package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"github.com/keyhall/keyhall/console/explorer"
	"github.com/keyhall/keyhall/graph"
	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/config"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/mail"
	"github.com/keyhall/keyhall/internal/store"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// Terminal is where a command writes.
type Terminal struct{ Out, Err io.Writer }

type commands struct {
	Serve   serveCommand   `cmd:"" default:"withargs" help:"Serve the API (this is what happens without a command)."`
	Migrate migrateCommand `cmd:"" help:"Bring the database up to date."`
	Keyring keyringCommand `cmd:"" help:"Manage the key file."`
	Demo    demoCommand    `cmd:"" help:"Serve a sample team from a folder of its own, on this machine only."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

// Run runs one command and returns the exit code.
func Run(ctx context.Context, args []string, t Terminal) int {
	var c commands
	exit := -1
	parser, err := kong.New(&c, kong.Name("keyhall"), kong.Writers(t.Out, t.Err),
		kong.Description("Issue, share and govern API keys. Every authorization check is a Rego rule."),
		kong.Exit(func(code int) { exit = code }), kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(t))
	if err != nil {
		fmt.Fprintln(t.Err, "keyhall:", err)
		return exitFailed
	}
	k, err := parser.Parse(args)
	if exit >= 0 { // --help
		return exit
	}
	if err != nil {
		fmt.Fprintf(t.Err, "keyhall: %v\nkeyhall --help lists the commands and their flags\n", err)
		return exitUsage
	}
	if err := k.Run(); err != nil {
		fmt.Fprintln(t.Err, "keyhall:", err)
		return exitFailed
	}
	return exitOK
}

// appConfig is the app's configuration as the operator set it.
func appConfig(c config.Config, t Terminal) app.Config {
	a := app.Defaults()
	a.Store = store.Config{Dir: c.DataDir, URL: c.DatabaseURL.Expose()}
	a.PolicyDir = c.PolicyDir
	a.Proxies, a.Origins = c.Proxies(), c.Origins()
	a.Accounts.Signup = c.Signup
	a.Explorer, a.ShareLinks = c.Explorer == "on", c.LinkTime()
	a.Log = logger(c.Log, t.Err)
	a.Mail = mailConfig(c, a.Mail)
	a.Quota.Redis = c.RedisURL.Expose()
	if c.Introspection == "off" {
		a.Introspection = graph.Nobody
	}
	return a
}

// mailConfig adds where mail goes; validating has refused what cannot be read.
func mailConfig(c config.Config, m mail.Config) mail.Config {
	server, err := c.SMTPURL.Server()
	if c.SMTPURL.IsZero() || err != nil {
		return m
	}
	m.Host, m.Port, m.Username, m.From = server.Host, server.Port, server.Username, c.MailFrom
	m.Password = keyring.NewSecret(server.Password())
	m.TLS = map[config.MailTLS]mail.TLS{
		config.MailSTARTTLS: mail.STARTTLS, config.MailSMTPS: mail.TLSFromTheStart, config.MailPlain: mail.TLSOff,
	}[server.TLS]
	return m
}

// tellExplorer says where the explorer is, or why it is not.
func tellExplorer(t Terminal, a app.Config, origin string) {
	switch {
	case !a.Explorer:
	case !explorer.Built():
		fmt.Fprint(t.Out, explorer.Missing)
	default:
		fmt.Fprintf(t.Out, "Explorer: %s/explorer\n", origin)
	}
}

// logger writes text for people and JSON for programs.
func logger(how string, w io.Writer) *slog.Logger {
	f, isFile := w.(*os.File)
	if how == "text" || how == "auto" && isFile && term.IsTerminal(int(f.Fd())) {
		return slog.New(slog.NewTextHandler(w, nil))
	}
	return slog.New(slog.NewJSONHandler(w, nil))
}
