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
)

// MarshalMicros writes a stored time (microseconds since 1970 UTC) as RFC 3339; 0, which is never, as null.
func MarshalMicros(at int64) graphql.Marshaler {
	if at == 0 {
		return graphql.Null
	}
	return MarshalTime(time.UnixMicro(at))
}

// UnmarshalMicros reads RFC 3339.
func UnmarshalMicros(v any) (int64, error) {
	t, err := UnmarshalTime(v)
	return t.UnixMicro(), err
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
