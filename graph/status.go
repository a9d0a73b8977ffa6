package graph

import (
	"context"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/apikey"
	"github.com/keyhall/keyhall/ent/predicate"
)

// A key has one status, by the database's clock. Of several that hold, the first of this order is shown: REVOKED (nothing
// undoes it), DISABLED (somebody wanted it), EXPIRED, ROTATING, ACTIVE. statusOf and inState say the same of a row and of rows.

// now is the database's clock, one reading for the whole answer.
func now(ctx context.Context) (int64, error) { return requestOf(ctx).clock.get(ctx, "now") }

func (r *Resolver) readClock(ctx context.Context, ids []string) (map[string]int64, error) {
	at, err := r.House.Now(ctx)
	if err != nil {
		return nil, err
	}
	return map[string]int64{ids[0]: at}, nil
}

func statusOf(k *ent.APIKey, now int64) APIKeyStatus {
	switch {
	case k.GraceExpiresAt != 0 && k.GraceExpiresAt <= now:
		return APIKeyStatusRevoked
	case k.DisabledAt != 0:
		return APIKeyStatusDisabled
	case k.ExpiresAt != 0 && k.ExpiresAt <= now:
		return APIKeyStatusExpired
	case k.GraceExpiresAt != 0:
		return APIKeyStatusRotating
	}
	return APIKeyStatusActive
}

func inState(s APIKeyStatus, now int64) predicate.APIKey {
	revoked := apikey.And(apikey.GraceExpiresAtGT(0), apikey.GraceExpiresAtLTE(now))
	over := apikey.And(apikey.ExpiresAtGT(0), apikey.ExpiresAtLTE(now))
	works := apikey.And(apikey.DisabledAt(0), apikey.Not(over))
	switch s {
	case APIKeyStatusRevoked:
		return revoked
	case APIKeyStatusDisabled:
		return apikey.And(apikey.DisabledAtGT(0), apikey.Not(revoked))
	case APIKeyStatusExpired:
		return apikey.And(apikey.DisabledAt(0), over, apikey.Not(revoked))
	case APIKeyStatusRotating:
		return apikey.And(works, apikey.GraceExpiresAtGT(now))
	}
	return apikey.And(works, apikey.GraceExpiresAt(0))
}
