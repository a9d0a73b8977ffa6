package graph

import (
	"context"
	"net/http"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/user"
	"github.com/keyhall/keyhall/internal/authn"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/keyhall"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/viewer"
)

// SessionCookie is the name of the session cookie; browsers keep it to this host and to https (or this machine).
const SessionCookie = "__Host-keyhall"

func sessionCookie(value string, expires time.Time) *http.Cookie {
	return &http.Cookie{
		Name: SessionCookie, Value: value, Path: "/", Expires: expires,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}

// welcome sets the cookie of a new session and, for the rest of the answer, makes its holder the viewer.
func (r *Resolver) welcome(ctx context.Context, s authn.SignedIn) *viewer.Viewer {
	if !s.Viewer.SignedIn() {
		return nil
	}
	r.Cookies.Set(ctx, sessionCookie(s.Cookie.Expose(), s.Expires))
	viewer.Become(ctx, s.Viewer)
	return &s.Viewer
}

// expose lets a secret out into the one answer that exists to show it.
func expose(s keyring.Secret) *string {
	if s.IsZero() {
		return nil
	}
	text := s.Expose()
	return &text
}

// unless is the id of what is gone, unless the deed was refused.
func unless(refused []*fault.User, id string) *string {
	if len(refused) > 0 {
		return nil
	}
	return &id
}

// unlessRefused is what a deed was done to, unless it was refused.
func unlessRefused[T any](refused []*fault.User, v T) *T {
	if len(refused) > 0 {
		return nil
	}
	return &v
}

func pointers[T any](in []T) []*T {
	out := make([]*T, len(in))
	for i := range in {
		out[i] = &in[i]
	}
	return out
}

// actor is a person who did something, where the viewer may see them.
func (r *Resolver) actor(ctx context.Context, id string) (Actor, error) {
	u, err := r.Reader.User().Where(user.ID(id)).Only(ctx)
	if err != nil {
		return nil, ent.MaskNotFound(err)
	}
	return u, nil
}

// changes of a key: what is left out stays, null clears.
func (in UpdateAPIKeyInput) changes() keyhall.UpdateAPIKey {
	out := keyhall.UpdateAPIKey{ID: in.ID, Name: in.Name, Metering: in.Metering}
	if text, set := in.Description.ValueOK(); set {
		out.Description = orZero(text)
	}
	if tags, set := in.Tags.ValueOK(); set {
		out.Tags = &tags
	}
	if at, set := in.ExpiresAt.ValueOK(); set {
		out.Expiry = &keyhall.Expiry{At: at}
	}
	return out
}

func orZero[T any](v *T) *T {
	if v == nil {
		return new(T)
	}
	return v
}
