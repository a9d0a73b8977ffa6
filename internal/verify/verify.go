// Package verify decides about one request with an API key: whether the key is one of the project that asks, whether it and its
// owner stand, what the request must bring along and look like, and whether the limits let it pass. It remembers keys for as long
// as internal/epoch says that nothing changed.
//
// It never counts and never limits (it asks who does), it knows no rule about people's rights but whether an owner stands, and it
// keeps no value of a credential: what is remembered are keyed hashes.
package verify

import (
	"context"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/epoch"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/token"
	"github.com/keyhall/keyhall/internal/traffic"
)

// How many keys and tokens are remembered unless a config says otherwise, and how long deciding may take before what it looked at
// first is looked at again.
const (
	keysKept    = 1 << 20
	callersKept = 1 << 14
	patience    = 50 * time.Millisecond
)

// Epoch says whether what is remembered may be believed.
type Epoch interface {
	Fresh(now time.Time) bool
	Number() int64
	Clock(now time.Time) int64
}

// Limits are asked last: what they let pass they have counted, and what they refuse costs nothing.
type Limits interface {
	Take(ctx context.Context, key *traffic.Key, units int64) (traffic.Standing, error)
}

// Meter counts what was decided.
type Meter interface {
	Count(ctx context.Context, use traffic.Use) error
}

// Config of a verifier.
type Config struct {
	Client *ent.Client
	Keys   *keyring.Keyring
	Place  func(keyID string, version int) keyring.Context // of the sealed secret of a key
	Limits Limits
	Meter  Meter
	Kept   int // keys that are remembered at most; 0: about a million
}

// Verifier is safe for use by many goroutines.
type Verifier struct {
	Config
	epoch   Epoch
	known   *cache // keys
	callers *cache
	uses    uses // of verifier tokens
}

// New makes a verifier that remembers nothing yet. It decides nothing before it Follows an epoch.
func New(c Config) *Verifier {
	if c.Kept == 0 {
		c.Kept = keysKept
	}
	nobody := entry{terms: &terms{cells: [3]*cell{{}, {}, {}}}} // an unknown id is compared with it, so that it takes as long as a known one
	hash, pepper := token.New(token.TestKey).Hash(c.Keys)
	copy(nobody.hash[:], hash)
	nobody.terms.pepper = pepper
	return &Verifier{Config: c, known: newCache(c.Kept, nobody), callers: newCache(callersKept, nobody)}
}

// Follow says whose word it is that nothing changed. It comes before the first request.
func (v *Verifier) Follow(e Epoch) { v.epoch = e }

// Drop forgets whom a change is about.
func (v *Verifier) Drop(c epoch.Change) {
	v.known.drop(c)
	v.callers.drop(c)
}

// Decide answers about one request. An error is that it could not be decided: the request must not pass.
func (v *Verifier) Decide(ctx context.Context, who Caller, r Request) (Decision, error) {
	t, err := token.Parse(r.Key.Expose())
	if err != nil || t.Kind() != token.LiveKey && t.Kind() != token.TestKey {
		return Decision{Standing: traffic.Standing{Code: traffic.NotFound}}, nil // no database is asked about garbage
	}
	now := time.Now()
	e, code, err := v.judge(ctx, who, t, r, now)
	if err != nil || code == traffic.NotFound {
		return Decision{Standing: traffic.Standing{Code: code}}, err
	}
	key := e.key()
	out := Decision{KeyID: key.ID, ProjectID: key.ProjectID, Standing: traffic.Standing{Code: code}}
	use := traffic.Use{Key: key, Method: r.Method, Code: code, At: time.UnixMicro(v.epoch.Clock(now))}
	if code == traffic.Valid {
		if out.Standing, err = v.Limits.Take(ctx, key, r.Units); err != nil {
			return Decision{}, err
		}
		if use.Code = out.Code; use.Code == traffic.Valid {
			use.Units = r.Units
		}
	}
	if err := v.Meter.Count(ctx, use); err != nil {
		return Decision{}, err
	}
	return v.stillSo(ctx, who, t, r, out, now)
}

// stillSo looks again when limits or counting took long: what let the request pass may be over by now. It was counted, and that
// stays so.
func (v *Verifier) stillSo(ctx context.Context, who Caller, t token.Token, r Request, was Decision, began time.Time) (Decision, error) {
	now := time.Now()
	if was.Code != traffic.Valid || now.Sub(began) < patience {
		return was, nil
	}
	e, code, err := v.judge(ctx, who, t, r, now)
	if err != nil || code == traffic.Valid {
		return was, err
	}
	out := Decision{Standing: traffic.Standing{Code: code}}
	if code != traffic.NotFound {
		out.KeyID, out.ProjectID = e.keyID(), e.terms.key.ProjectID
	}
	return out, nil
}

// judge is everything before the limits. NotFound is that there is no such key for who asks.
func (v *Verifier) judge(ctx context.Context, who Caller, t token.Token, r Request, now time.Time) (entry, traffic.Code, error) {
	e, err := v.find(ctx, v.known, t.ID(), v.readKey, now)
	if err != nil {
		return e, "", err
	}
	if !t.Matches(v.Keys, e.hash[:], e.terms.pepper) || e.terms.key.ProjectID != who.ProjectID {
		return e, traffic.NotFound, nil
	}
	code, err := v.check(ctx, &e, r, v.epoch.Clock(now))
	return e, code, err
}
