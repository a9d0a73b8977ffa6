// Package app builds Keyhall bottom-up from its configuration: the only place that knows every floor. It decides nothing.
package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"time"

	"github.com/keyhall/keyhall/graph"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/authn"
	"github.com/keyhall/keyhall/internal/instance"
	"github.com/keyhall/keyhall/internal/keyhall"
	"github.com/keyhall/keyhall/internal/limit"
	"github.com/keyhall/keyhall/internal/store"
	"github.com/keyhall/keyhall/internal/web"
	"github.com/keyhall/keyhall/policy"
)

// flushEvery is how often counts and times that are kept in memory are written, and used-up keys forgotten.
const flushEvery = 10 * time.Second

// Config is what Keyhall is built from.
type Config struct {
	Store         store.Config
	Migrate       bool // bring PostgreSQL up to date too
	Accounts      authn.Config
	Introspection graph.Introspection
	PolicyDir     string           // empty: the law that is built in
	Law           fs.FS            // instead of both, for tests of other laws
	Revision      *policy.Revision // instead of all three, loaded already for a database of this kind
	Proxies       []netip.Prefix
	Unknown       limit.Rate // addresses without an account that one inviter may try
	Log           *slog.Logger
}

// Defaults are the settings of a running server.
func Defaults() Config {
	return Config{
		Accounts: authn.Defaults(), Introspection: graph.Accounts,
		Unknown: limit.Rate{Count: 50, Per: time.Hour}, Log: slog.Default(),
	}
}

// App is Keyhall, running but not listening.
type App struct {
	Store    *store.Store
	Accounts *authn.Accounts
	House    *keyhall.House
	Guard    *access.Guard
	Engine   *policy.Engine
	site     *web.Site
	denials  *audit.Denials
	log      *slog.Logger
	stop     context.CancelFunc
	stopped  chan struct{}
}

// Open builds everything, or nothing: what was opened is closed again when a later part fails.
func Open(ctx context.Context, c Config) (_ *App, err error) {
	s, err := store.Open(ctx, c.Store, c.Migrate)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	keys, install, err := instance.Open(ctx, s.Client, c.Store.Dir)
	if err != nil {
		return nil, err
	}
	law, err := c.law(ctx, s)
	if err != nil {
		return nil, err
	}
	c.Accounts.Install = install
	accounts, err := authn.New(s.Client, keys, c.Accounts, c.Log)
	if err != nil {
		return nil, err
	}
	unknown, err := limit.New(c.Unknown, c.Unknown.Count)
	if err != nil {
		return nil, fmt.Errorf("limit unknown addresses: %w", err)
	}
	a := &App{Store: s, Accounts: accounts, Engine: policy.NewEngine(law), log: c.Log, stopped: make(chan struct{})}
	a.denials = audit.NewDenials(s.Client, c.Log)
	a.Guard = access.New(a.Engine, s.Client, a.denials, c.Log)
	a.House = keyhall.New(s.Client, a.Guard, keys, install, unknown)
	resolver := &graph.Resolver{Reader: s.Reader(), House: a.House, Accounts: accounts, Cookies: web.Cookies{}}
	a.site = &web.Site{
		GraphQL: graph.Handler(resolver, c.Introspection, c.Log), Accounts: accounts, Gate: a.Guard, Ready: s.Ping,
		SessionCookie: graph.SessionCookie, Proxies: c.Proxies, Log: c.Log,
	}
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	a.stop = stop
	go a.keepFlushing(work)
	return a, nil
}

// law loads the policy; whatever replaces the built-in one speaks of the same vocabulary.
func (c Config) law(ctx context.Context, s *store.Store) (*policy.Revision, error) {
	if c.Revision != nil {
		return c.Revision, nil
	}
	words, err := fs.ReadFile(policy.Law(), "vocabulary.json")
	if err != nil {
		return nil, fmt.Errorf("read the vocabulary: %w", err)
	}
	vocabulary, err := policy.ParseVocabulary(words)
	if err != nil {
		return nil, err
	}
	modules, builtIn := policy.Law(), true
	switch {
	case c.Law != nil:
		modules, builtIn = c.Law, false
	case c.PolicyDir != "":
		modules, builtIn = os.DirFS(c.PolicyDir), false
	}
	r, err := policy.Load(ctx, policy.Options{
		Modules: modules, Vocabulary: vocabulary, Dialect: s.Dialect(), Prepare: s.Prepare, Proven: builtIn,
	})
	if err != nil {
		return nil, fmt.Errorf("load the policy: %w", err)
	}
	return r, nil
}

// Server is the HTTP server, not yet listening.
func (a *App) Server() *http.Server { return a.site.Server() }

// Handler is what the server serves.
func (a *App) Handler() http.Handler { return a.site.Handler() }

// Close writes what is kept in memory and closes the database.
func (a *App) Close(ctx context.Context) error {
	a.stop()
	<-a.stopped
	return errors.Join(a.denials.Close(ctx), a.Accounts.Flush(ctx), a.Store.Close())
}

func (a *App) keepFlushing(ctx context.Context) {
	defer close(a.stopped)
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := errors.Join(a.Accounts.Flush(ctx), a.denials.Flush(ctx), a.House.ForgetKeys(ctx)); err != nil && ctx.Err() == nil {
				a.log.ErrorContext(ctx, "what is kept in memory could not be written, or what is old not forgotten", "error", err)
			}
		}
	}
}
