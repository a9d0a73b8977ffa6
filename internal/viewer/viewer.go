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

// With puts the viewer into the context. The list of Narrow is copied, so that
// nobody can widen it afterwards.
func With(ctx context.Context, v Viewer) context.Context {
	v.Narrow = slices.Clone(v.Narrow)
	return context.WithValue(ctx, key{}, v)
}

// From returns the viewer, or the anonymous one.
func From(ctx context.Context) Viewer {
	v, _ := ctx.Value(key{}).(Viewer)
	v.Narrow = slices.Clone(v.Narrow)
	return v
}
