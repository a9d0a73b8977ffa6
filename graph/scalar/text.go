package scalar

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"

	"github.com/keyhall/keyhall/internal/keyring"
)

// MarshalString writes a text.
func MarshalString(s string) graphql.Marshaler { return graphql.MarshalString(s) }

// UnmarshalString takes a text and nothing that could be made into one. A NUL ends texts in some databases and is refused
// by others, so none comes in.
func UnmarshalString(v any) (string, error) {
	s, ok := v.(string)
	if !ok {
		return "", errors.New("this must be a string")
	}
	if strings.ContainsRune(s, 0) || !utf8.ValidString(s) {
		return "", errors.New("a text cannot hold a NUL character")
	}
	return s, nil
}

// nobodysID is what a malformed id becomes: it names nothing, as every id does that is absent or hidden.
const (
	nobodysID = "-"
	maxID     = 64
)

// MarshalID writes an id.
func MarshalID(id string) graphql.Marshaler { return graphql.MarshalString(id) }

// UnmarshalID takes an id as it is given out; GraphQL also lets clients write an id as a number. What cannot be one of ours
// is nobody's.
func UnmarshalID(v any) (string, error) {
	var s string
	switch v := v.(type) {
	case string:
		s = v
	case json.Number, int, int64:
		return nobodysID, nil
	default:
		return "", errors.New("an id must be a string")
	}
	if s == "" || len(s) > maxID || strings.ContainsFunc(s, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) {
		return nobodysID, nil
	}
	return s, nil
}

// MarshalTime writes a time as RFC 3339 in UTC.
func MarshalTime(t time.Time) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) { _, _ = io.WriteString(w, `"`+t.UTC().Format(time.RFC3339Nano)+`"`) })
}

// UnmarshalTime takes RFC 3339 of the years that it can write, 1 to 9999 in UTC.
func UnmarshalTime(v any) (time.Time, error) {
	s, ok := v.(string)
	if !ok {
		return time.Time{}, errTime()
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}, errTime()
	}
	if t = t.UTC(); t.IsZero() || t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}, errTime()
	}
	return t, nil
}

func errTime() error { return errors.New("a time looks like 2026-01-31T12:00:00Z") }

// MarshalSecret never shows the secret.
func MarshalSecret(s keyring.Secret) graphql.Marshaler { return graphql.MarshalString(s.String()) }

// UnmarshalSecret takes hold of a secret of an input.
func UnmarshalSecret(v any) (keyring.Secret, error) {
	s, err := UnmarshalString(v)
	return keyring.NewSecret(s), err
}
