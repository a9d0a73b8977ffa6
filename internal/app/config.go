package app

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"time"

	"github.com/keyhall/keyhall/graph"
	"github.com/keyhall/keyhall/graph/gqlhttp"
	"github.com/keyhall/keyhall/internal/authn"
	"github.com/keyhall/keyhall/internal/keyhall"
	"github.com/keyhall/keyhall/internal/limit"
	"github.com/keyhall/keyhall/internal/mail"
	"github.com/keyhall/keyhall/internal/quota"
	"github.com/keyhall/keyhall/internal/store"
	"github.com/keyhall/keyhall/internal/webhook"
	"github.com/keyhall/keyhall/policy"
)

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
	Origins       []string      // of other sites, whose pages may use the API with an access token
	Explorer      bool          // serve the page for trying the API
	Unknown       limit.Rate    // addresses without an account that one inviter may try
	Invites       limit.Rate    // invitations that one person may send, and addresses that new alerts of theirs tell
	Resends       limit.Rate    // how often one invitation may be sent again
	Reveals       limit.Rate    // values of secrets that one person may look at
	Exports       limit.Rate    // lists that one person may take out whole
	Searches      limit.Rate    // people and groups that one person may look for
	Openings      limit.Rate    // one-time links that one client may try
	Verifiers     limit.Rate    // verifier tokens that one address may get wrong
	Deaf          bool          // hear of no change between two looks at the database
	KeysKept      int           // keys that are remembered; 0: about a million
	ShareLinks    time.Duration // how long a one-time link may last; 0: there are none
	Mail          mail.Config
	Quota         quota.Config // how requests with keys are held to their limits
	Webhooks      webhook.Config
	Streams       gqlhttp.Streams
	Timeout       time.Duration // of one operation; only tests set it: when zero it is what gqlhttp takes
	Log           *slog.Logger
}

// Defaults are the settings of a running server.
func Defaults() Config {
	return Config{
		Accounts: authn.Defaults(), Introspection: graph.Accounts,
		Unknown: limit.Rate{Count: 50, Per: time.Hour}, Invites: limit.Rate{Count: 200, Per: time.Hour},
		Resends: limit.Rate{Count: 5, Per: time.Hour}, Reveals: limit.Rate{Count: 60, Per: time.Minute},
		Exports: limit.Rate{Count: 10, Per: time.Minute}, Searches: limit.Rate{Count: 120, Per: time.Minute},
		Openings: limit.Rate{Count: 30, Per: time.Minute}, Verifiers: limit.Rate{Count: 60, Per: time.Minute},
		Mail: mail.Defaults(), Quota: quota.Defaults(), Webhooks: webhook.Defaults(), Log: slog.Default(),
	}
}

// limits are the counters of what could be done too often.
func (c Config) limits() (l keyhall.Limits, err error) {
	for _, part := range []struct {
		rate limit.Rate
		into **limit.Limiter
	}{{c.Unknown, &l.Unknown}, {c.Invites, &l.Invites}, {c.Resends, &l.Resends}, {c.Reveals, &l.Reveals}, {c.Exports, &l.Exports}, {c.Searches, &l.Searches}, {c.Openings, &l.Openings}} {
		if *part.into, err = limit.New(part.rate, part.rate.Count); err != nil {
			return l, fmt.Errorf("limits of what could be done too often: %w", err)
		}
	}
	return l, nil
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
		Settings: policy.Settings{ShareLinks: c.ShareLinks > 0},
	})
	if err != nil {
		return nil, fmt.Errorf("load the policy: %w", err)
	}
	return r, nil
}
