// Package scalar is how values cross the GraphQL door: stored times, secrets on their way in, and the codes of refusals.
// It never prints a secret: one can come in, none can go out through it.
package scalar

import (
	"errors"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/keyring"
)

// MarshalMicros writes a stored time (microseconds since 1970 UTC) as RFC 3339; 0, which is never, as null.
func MarshalMicros(at int64) graphql.Marshaler {
	if at == 0 {
		return graphql.Null
	}
	return graphql.MarshalTime(time.UnixMicro(at).UTC())
}

// UnmarshalMicros reads RFC 3339.
func UnmarshalMicros(v any) (int64, error) {
	t, err := graphql.UnmarshalTime(v)
	if err != nil {
		return 0, errors.New("a time looks like 2026-01-31T12:00:00Z")
	}
	return t.UnixMicro(), nil
}

// MarshalSecret never shows the secret.
func MarshalSecret(s keyring.Secret) graphql.Marshaler { return graphql.MarshalString(s.String()) }

// UnmarshalSecret takes hold of a secret of an input.
func UnmarshalSecret(v any) (keyring.Secret, error) {
	s, err := graphql.UnmarshalString(v)
	if err != nil {
		return keyring.Secret{}, errors.New("this must be a string")
	}
	return keyring.NewSecret(s), nil
}

// MarshalUserErrorCode writes the code of a refusal.
func MarshalUserErrorCode(c fault.UserErrorCode) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) { _, _ = io.WriteString(w, strconv.Quote(string(c))) })
}

// UnmarshalUserErrorCode accepts the codes that there are.
func UnmarshalUserErrorCode(v any) (fault.UserErrorCode, error) {
	s, ok := v.(string)
	if c := fault.UserErrorCode(s); ok && slices.Contains(fault.UserErrorCodes(), c) {
		return c, nil
	}
	return "", errors.New("there is no such code")
}
