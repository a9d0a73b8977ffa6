// Package app builds Keyhall bottom-up from its configuration: the only place that knows every floor. It decides nothing.
package app

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"entgo.io/ent/dialect"

	"github.com/keyhall/keyhall/console/explorer"
	"github.com/keyhall/keyhall/console/landing"
	"github.com/keyhall/keyhall/graph"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/authn"
	"github.com/keyhall/keyhall/internal/epoch"
	"github.com/keyhall/keyhall/internal/instance"
	"github.com/keyhall/keyhall/internal/keyhall"
	"github.com/keyhall/keyhall/internal/mail"
	"github.com/keyhall/keyhall/internal/news"
	"github.com/keyhall/keyhall/internal/quota"
	"github.com/keyhall/keyhall/internal/store"
	"github.com/keyhall/keyhall/internal/usage"
	"github.com/keyhall/keyhall/internal/verify"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/internal/web"
	"github.com/keyhall/keyhall/internal/webhook"
	"github.com/keyhall/keyhall/policy"
)

// flushEvery is how often counts and times that are kept in memory are written, and used-up keys forgotten.
const flushEvery = 10 * time.Second

// App is Keyhall, running but not listening.
type App struct {
	Store    *store.Store
	Accounts *authn.Accounts
	House    *keyhall.House
	Guard    *access.Guard
	Engine   *policy.Engine
	Mail     *mail.Outbox
	News     *news.Hub
	Quota    *quota.Quota
	Usage    *usage.Counter
	Verifier *verify.Verifier
	Epoch    *epoch.Watcher
	site     *web.Site
	denials  *audit.Denials
	log      *slog.Logger
	work     context.Context // of what runs beside the requests
	stop     context.CancelFunc
	hangUp   context.CancelFunc // ends all open streams
	running  sync.WaitGroup
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
	keys.Follow() // `keyhall keyring rotate` may run beside this server
	law, err := c.law(ctx, s)
	if err != nil {
		return nil, err
	}
	c.Accounts.Install = install
	outbox, err := mail.New(s.Client, keys, c.Mail, c.Log)
	if err != nil {
		return nil, err
	}
	hub := news.NewHub()
	accounts, err := authn.New(s.Client, keys, outbox, hub, c.Accounts, c.Log)
	if err != nil {
		return nil, err
	}
	limits, err := c.limits()
	if err != nil {
		return nil, err
	}
	c.Quota.Single, c.Quota.Log = s.Dialect() == dialect.SQLite, c.Log
	counted, err := quota.New(s.Client, c.Quota)
	if err != nil {
		return nil, err
	}
	a := &App{Quota: counted, Store: s, Accounts: accounts, Engine: policy.NewEngine(law), Mail: outbox, News: hub, log: c.Log}
	a.denials = audit.NewDenials(s.Client, c.Log)
	a.Guard = access.New(a.Engine, s.Client, a.denials, c.Log)
	a.House = keyhall.New(keyhall.Parts{
		Client: s.Client, Guard: a.Guard, Keys: keys, Install: install,
		Limits: limits, Mail: a.Mail, News: a.News, Passwords: accounts, Links: c.ShareLinks,
	})
	c.Streams.Closing, a.hangUp = context.WithCancel(context.WithoutCancel(ctx))
	c.Streams.Running = &a.running
	c.Streams.Detach = func(ctx context.Context) context.Context {
		return a.Guard.Enter(context.Background(), viewer.From(ctx))
	}
	resolver := &graph.Resolver{
		Reader: s.Reader(), House: a.House, Accounts: accounts, Cookies: web.Cookies{},
		News: a.News, Quota: a.Quota, Streams: c.Streams, Timeout: c.Timeout, Log: c.Log,
	}
	pages, err := landing.Routes(c.Explorer && explorer.Built())
	if err != nil {
		return nil, err
	}
	a.site = &web.Site{
		GraphQL: graph.Handler(resolver, c.Introspection, c.Log), Accounts: accounts, Gate: a.Guard, Ready: s.Ping,
		SessionCookie: graph.SessionCookie, Proxies: c.Proxies, Origins: c.Origins, Pages: pages, Log: c.Log,
		Exports: map[string]web.Table{"secrets": graph.Exports{Resolver: resolver}.Secrets},
	}
	a.Usage = usage.New(s.Client, c.counting(a.Quota), c.Log)
	if a.site.Gateways, err = a.gateways(ctx, c, keys, install); err != nil {
		return nil, err
	}
	if c.Explorer {
		a.site.Explorer = explorer.Handler()
	}
	a.work, a.stop = context.WithCancel(context.WithoutCancel(ctx))
	a.running.Go(a.keepFlushing)
	a.running.Go(func() { a.Quota.Run(a.work) })
	a.running.Go(func() { a.Usage.Run(a.work) })
	a.running.Go(func() { a.Epoch.Run(a.work) })
	hooks := webhook.New(s.Client, keys, c.Webhooks, c.Log)
	a.running.Go(func() { hooks.Run(a.work) })
	return a, nil
}

// Start begins what needs to know where people reach this server: letters are sent from now on.
func (a *App) Start(origin string) {
	a.House.At(origin)
	a.running.Go(func() { a.Mail.Run(a.work, origin) })
}

// Server is the HTTP server, not yet listening. Streams end when it is told to stop: it would wait for them for ever.
func (a *App) Server() *http.Server {
	s := a.site.Server()
	s.RegisterOnShutdown(a.HangUp)
	return s
}

// HangUp ends all open streams, now and for good.
func (a *App) HangUp() { a.hangUp() }

// Handler is what the server serves.
func (a *App) Handler() http.Handler { return a.site.Handler() }

// Close writes what is kept in memory and closes the database.
func (a *App) Close(ctx context.Context) error {
	a.hangUp()
	a.stop()
	a.running.Wait()
	return errors.Join(a.Usage.Flush(ctx), a.Verifier.Flush(ctx), a.denials.Close(ctx), a.Quota.Close(ctx), a.Accounts.Flush(ctx), a.Store.Close())
}

func (a *App) keepFlushing() {
	ctx := a.work
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := a.lookAfter(ctx); err != nil && ctx.Err() == nil {
				a.log.ErrorContext(ctx, "what is kept in memory could not be written, or what is old not forgotten", "error", err)
			}
		}
	}
}

// lookAfterUsage writes which verifier tokens asked, adds up what is old, forgets old reports, and tells of keys that expire.
func (a *App) lookAfterUsage(ctx context.Context) error {
	return errors.Join(a.Verifier.Flush(ctx), a.Usage.RollUp(ctx), a.Usage.ForgetReports(ctx), a.House.RemindOfExpiry(ctx))
}

// lookAfter writes what is kept in memory, tells what has come to be, and forgets what is over.
func (a *App) lookAfter(ctx context.Context) error {
	return errors.Join(
		a.Accounts.Flush(ctx), a.denials.Flush(ctx), a.House.ForgetKeys(ctx), a.House.EndShareLinks(ctx),
		a.House.RaiseSpendAlerts(ctx, a.Quota.Touched()), a.lookAfterUsage(ctx),
	)
}
