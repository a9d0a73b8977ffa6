// Package viewer carries who is asking, from the door to the lock.
//
// It holds what authentication found out, nothing more: no right is ever
// derived from it outside the policy, and a context without a viewer is an
// anonymous one.
package viewer

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"
)

// Kind tells how the viewer was recognised. The zero value is nobody.
type Kind int

const (
	None     Kind = iota // nobody signed in
	User                 // an account, by session or access token
	Operator             // the person at the machine: `keyhall admin`, audited
)

// String names the kind in logs and audit rows.
func (k Kind) String() string {
	switch k {
	case User:
		return "user"
	case Operator:
		return "operator"
	default:
		return "none"
	}
}

// Viewer is who asks, and from where.
type Viewer struct {
	Kind          Kind
	UserID        string
	Username      string
	Email         string
	EmailVerified bool
	Administrator bool

	SessionID string // set for a session
	TokenID   string // set for an access token

	// Narrow lists the permissions that an access token is limited to. Nil is
	// no limit; empty but not nil allows nothing.
	Narrow []string

	IP        string
	UserAgent string
	RequestID string
}

// SignedIn tells whether an account stands behind the request.
func (v Viewer) SignedIn() bool { return v.Kind == User && v.UserID != "" }

// Narrowed tells whether the viewer's token leaves this permission out. It can
// only take away: what the policy says comes on top.
func (v Viewer) Narrowed(permission string) bool {
	return v.Narrow != nil && !slices.Contains(v.Narrow, permission)
}

// LogValue names the account by its id and leaves names and addresses out.
func (v Viewer) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("kind", v.Kind.String()), slog.String("user", v.UserID),
		slog.String("session", v.SessionID), slog.String("token", v.TokenID), slog.String("request", v.RequestID),
	)
}

type key struct{}

// seat is who the viewer of a request is now: it changes when somebody signs in with it.
type seat struct{ now atomic.Pointer[Viewer] }

// With puts the viewer into the context. The list of Narrow is copied, so that
// nobody can widen it afterwards.
func With(ctx context.Context, v Viewer) context.Context {
	s := &seat{}
	v.Narrow = slices.Clone(v.Narrow)
	s.now.Store(&v)
	return context.WithValue(ctx, key{}, s)
}

// Become makes the account that has just signed in the viewer for the rest of
// the request. Only an anonymous request can become somebody.
func Become(ctx context.Context, v Viewer) {
	if s, ok := ctx.Value(key{}).(*seat); ok && !s.now.Load().SignedIn() {
		s.now.Store(&v)
	}
}

// Refresh brings what is known of the viewer up to date in a request that goes on
// for long: the same account, by the same credential, or nothing happens. Where
// they are stays what it was.
func Refresh(ctx context.Context, v Viewer) {
	s, ok := ctx.Value(key{}).(*seat)
	if !ok {
		return
	}
	now := *s.now.Load()
	if now.UserID != v.UserID || now.SessionID != v.SessionID || now.TokenID != v.TokenID || !now.SignedIn() {
		return
	}
	v.IP, v.UserAgent, v.RequestID = now.IP, now.UserAgent, now.RequestID
	v.Narrow = slices.Clone(v.Narrow)
	s.now.Store(&v)
}

// From returns the viewer, or the anonymous one.
func From(ctx context.Context) Viewer {
	s, ok := ctx.Value(key{}).(*seat)
	if !ok {
		return Viewer{}
	}
	v := *s.now.Load()
	v.Narrow = slices.Clone(v.Narrow)
	return v
}
