package verify

import (
	"context"

	"github.com/keyhall/keyhall/internal/token"
)

// Remember has keys remembered as if they had been asked for, all like one that is there but for what is their own.
func (v *Verifier) Remember(ctx context.Context, like token.Token, keys []token.Token, id func(i int) string) error {
	e, err := v.readKey(ctx, like.ID())
	if err != nil {
		return err
	}
	was := *e.terms
	for i, k := range keys {
		own := was
		hash, pepper := k.Hash(v.Keys)
		own.pepper, e.terms = pepper, &own
		if err := e.of(id(i), hash); err != nil {
			return err
		}
		e.lookup, _ = lookupOf(k.ID())
		v.known.put(e, v.epoch.Number())
	}
	return nil
}
