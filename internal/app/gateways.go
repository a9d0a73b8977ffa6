package app

import (
	"context"
	"fmt"

	"github.com/keyhall/keyhall/internal/epoch"
	"github.com/keyhall/keyhall/internal/instance"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/limit"
	"github.com/keyhall/keyhall/internal/quota"
	"github.com/keyhall/keyhall/internal/usage"
	"github.com/keyhall/keyhall/internal/verify"
	"github.com/keyhall/keyhall/internal/web"
)

// gateways ties what decides about requests with keys.
func (a *App) gateways(ctx context.Context, c Config, keys *keyring.Keyring, install string) (web.Gateways, error) {
	failures, err := limit.New(c.Verifiers, c.Verifiers.Count)
	if err != nil {
		return web.Gateways{}, fmt.Errorf("limit of verifier tokens: %w", err)
	}
	a.Verifier = verify.New(verify.Config{
		Client: a.Store.Client, Keys: keys, Limits: a.Quota, Meter: a.Usage, Kept: c.KeysKept,
		Place: func(keyID string, version int) keyring.Context { return instance.KeySecret(install, keyID, version) },
	})
	a.Epoch, err = epoch.Open(ctx, epoch.Config{Store: a.Store, Deaf: c.Deaf, Drop: a.drop, Log: c.Log})
	if err != nil {
		return web.Gateways{}, fmt.Errorf("look what changed of keys: %w", err)
	}
	a.Verifier.Follow(a.Epoch)
	return web.Gateways{Verifier: a.Verifier, Reports: a.Usage, Failures: failures}, nil
}

// drop has everybody forget what a change is about.
func (a *App) drop(c epoch.Change) {
	a.Verifier.Drop(c)
	a.Quota.Recall(c.All, c.Subjects...)
}

// counting is how use is counted; what is reported afterwards is taken out of the spend limits.
func (c Config) counting(q *quota.Quota) usage.Config {
	out := usage.Defaults()
	out.Limits = q
	return out
}
