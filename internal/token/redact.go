package token

import (
	"fmt"
	"io"
)

// String is the start and an ellipsis.
func (t Token) String() string { return t.Start() + "…" }

// GoString is for %#v.
func (t Token) GoString() string { return t.String() }

// Format answers every verb with the same text, also %x and %q, which would
// otherwise encode it.
func (t Token) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, t.String()) }

// MarshalText keeps encoders (JSON, XML, YAML) to the start.
func (t Token) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// String tells nothing.
func (s Session) String() string { return "[session token]" }

// GoString is for %#v.
func (s Session) GoString() string { return s.String() }

// Format answers every verb with the same text.
func (s Session) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, s.String()) }

// MarshalText keeps encoders from the token.
func (s Session) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
