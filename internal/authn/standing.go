package authn

import (
	"context"
	"fmt"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy/lock"
)

// Standing is who the holder of a credential is now.
type Standing struct {
	Viewer  viewer.Viewer
	Expires time.Time // zero: never
}

// Standing looks again at the session or the access token that the viewer came with, for a stream that outlives the look at
// its start; false when it was revoked, has expired by the database's clock, or its holder is suspended.
func (a *Accounts) Standing(ctx context.Context, v viewer.Viewer) (Standing, bool, error) {
	switch {
	case v.SessionID != "":
		return a.ofSession(lock.CredentialStanding(ctx, v.SessionID), v.SessionID)
	case v.TokenID != "":
		return a.ofToken(lock.CredentialStanding(ctx, v.TokenID), v.TokenID)
	}
	return Standing{}, false, nil
}

func (a *Accounts) ofSession(ctx context.Context, id string) (Standing, bool, error) {
	s, err := a.client.Session.Query().WithUser().Only(ctx)
	if ent.IsNotFound(err) {
		return Standing{}, false, nil
	}
	if err != nil {
		return Standing{}, false, fmt.Errorf("look at a session again: %w", err)
	}
	v, ok := viewerOf(s.Edges.User)
	v.SessionID = id
	return Standing{v, expiry(s.ExpiresAt)}, ok, nil
}

func (a *Accounts) ofToken(ctx context.Context, id string) (Standing, bool, error) {
	t, err := a.client.AccessToken.Query().WithUser().Only(ctx)
	if ent.IsNotFound(err) {
		return Standing{}, false, nil
	}
	if err != nil {
		return Standing{}, false, fmt.Errorf("look at an access token again: %w", err)
	}
	v, ok := viewerOf(t.Edges.User)
	v.TokenID, v.Narrow = id, t.Permissions
	return Standing{v, expiry(t.ExpiresAt)}, ok, nil
}

func expiry(at int64) time.Time {
	if at == 0 {
		return time.Time{}
	}
	return time.UnixMicro(at)
}
