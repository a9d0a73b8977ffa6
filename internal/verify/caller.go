package verify

import (
	"context"
	"time"

	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/token"
	"github.com/keyhall/keyhall/internal/traffic"
	"github.com/keyhall/keyhall/policy/lock"
)

// Caller finds who asks by their verifier token. No other credential is one. Before the database is asked about a token that looks like one
// and is not remembered, mayAsk says whether it may be. Errors: UNAUTHENTICATED, that of mayAsk, or that it cannot be known.
func (v *Verifier) Caller(ctx context.Context, bearer keyring.Secret, mayAsk func() error) (Caller, error) {
	t, err := token.Parse(bearer.Expose())
	if err != nil || t.Kind() != token.VerifierToken {
		return Caller{}, unknownVerifier()
	}
	now := time.Now()
	l, _ := lookupOf(t.ID()) // of the form that a parsed token has
	e, known := v.remembered(v.callers, l, now)
	if !known {
		if err := mayAsk(); err != nil {
			return Caller{}, err
		}
		if e, err = v.find(ctx, v.callers, t.ID(), v.readVerifier, now); err != nil {
			return Caller{}, err
		}
	}
	if !t.Matches(v.Keys, e.hash[:], e.terms.pepper) {
		return Caller{}, unknownVerifier()
	}
	v.uses.note(e.keyID(), now)
	return Caller{TokenID: e.keyID(), ProjectID: e.terms.key.ProjectID}, nil
}

func unknownVerifier() error {
	f := fault.Unauthenticated()
	f.Public = "send a verifier token of the project: it may be revoked, or none"
	return f
}

func (v *Verifier) readVerifier(ctx context.Context, lookup string) (entry, error) {
	row, err := v.Client.VerifierToken.Query().Only(lock.VerifierByToken(ctx, lookup))
	if err != nil {
		return entry{}, err
	}
	e := entry{terms: &terms{key: traffic.Key{ProjectID: row.ProjectID}, pepper: row.PepperID}}
	return e, e.of(row.ID, row.Hash)
}
