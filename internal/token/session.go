package token

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
)

const sessionBytes = 32

// Session is the token of a browser session: 32 random bytes without any
// structure. Only its SHA-256 is stored, which is also how it is found. It is
// never printed.
type Session struct{ raw func() [sessionBytes]byte }

// NewSession draws a fresh one, at every sign-in.
func NewSession() Session {
	var raw [sessionBytes]byte
	rand.Read(raw[:]) // never fails: the runtime ends the process instead
	return Session{raw: func() [sessionBytes]byte { return raw }}
}

// ParseSession reads the value of a cookie.
func ParseSession(text string) (Session, error) {
	var raw [sessionBytes]byte
	strict := base64.RawURLEncoding.Strict() // one spelling for one token
	if len(text) != strict.EncodedLen(sessionBytes) {
		return Session{}, ErrFormat
	}
	if n, err := strict.Decode(raw[:], []byte(text)); err != nil || n != sessionBytes {
		return Session{}, ErrFormat
	}
	return Session{raw: func() [sessionBytes]byte { return raw }}, nil
}

// Expose is the value for the cookie.
func (s Session) Expose() string {
	if s.raw == nil {
		return ""
	}
	raw := s.raw()
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

// Hash is what is stored, and what a session is looked up by. An attacker who
// measures the look-up learns about hashes, which does not help him: he cannot
// choose them.
func (s Session) Hash() []byte {
	if s.raw == nil {
		return nil
	}
	raw := s.raw()
	sum := sha256.Sum256(raw[:])
	return sum[:]
}

// LogValue keeps the token out of the log.
func (s Session) LogValue() slog.Value { return slog.StringValue(s.String()) }
