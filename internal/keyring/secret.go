package keyring

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// Secret is a plaintext that does not print. Expose is the only way to it, so
// every place that handles plaintext can be found by that word.
//
// The value sits inside a function because fmt prints a string even when it is
// a private field of a private field, where it cannot call our methods.
type Secret struct{ value func() string }

// NewSecret takes hold of a plaintext.
func NewSecret(value string) Secret { return Secret{func() string { return value }} }

// Expose returns the plaintext.
func (s Secret) Expose() string {
	if s.value == nil {
		return ""
	}
	return s.value()
}

// IsZero tells whether there is no plaintext, or an empty one.
func (s Secret) IsZero() bool { return s.Expose() == "" }

// String is the same for every secret.
func (Secret) String() string { return redacted }

// GoString is for %#v.
func (Secret) GoString() string { return redacted }

// Format answers every verb alike, also %x and %q.
func (Secret) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, redacted) }

// LogValue is for slog.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText is for XML, YAML and the keys of maps.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON is for JSON.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
