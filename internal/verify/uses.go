package verify

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/keyhall/keyhall/ent/verifiertoken"
	"github.com/keyhall/keyhall/policy/lock"
)

// useKept is how exact "last used" of a verifier token is: one that asks all the time is written once in it, by all processes together.
const useKept = time.Minute

// uses are when verifier tokens last asked. Who asks waits for nobody.
type uses struct{ of sync.Map } // *use by the id of the token

// use is in microseconds.
type use struct{ at, written atomic.Int64 }

func (u *uses) note(tokenID string, now time.Time) {
	known, ok := u.of.Load(tokenID)
	if !ok {
		known, _ = u.of.LoadOrStore(tokenID, &use{})
	}
	one, at := known.(*use), now.UnixMicro()
	if at-one.at.Load() >= useKept.Microseconds() {
		one.at.Store(at)
	}
}

// Flush writes when verifier tokens last asked.
func (v *Verifier) Flush(ctx context.Context) error {
	ctx = lock.VerifiersUsed(ctx)
	var failed []error
	v.uses.of.Range(func(id, known any) bool {
		one := known.(*use)
		at := one.at.Load()
		if at == one.written.Load() {
			return true
		}
		err := v.Client.VerifierToken.Update().Where(verifiertoken.ID(id.(string)), verifiertoken.LastUsedAtLTE(at-useKept.Microseconds())).
			SetLastUsedAt(at).Exec(ctx)
		if err == nil {
			one.written.Store(at)
		}
		failed = append(failed, err)
		return true
	})
	return errors.Join(failed...)
}
