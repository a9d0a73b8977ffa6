package config

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
)

// RedisURL names a Redis and may hold its password, so it prints without, as
// DatabaseURL does.
type RedisURL struct{ text func() string }

// NewRedisURL is for programs that do not read the command line.
func NewRedisURL(text string) RedisURL { return RedisURL{func() string { return text }} }

// Expose is the URL with its password.
func (r RedisURL) Expose() string {
	if r.text == nil {
		return ""
	}
	return r.text()
}

// IsZero tells that each process counts for itself.
func (r RedisURL) IsZero() bool { return r.Expose() == "" }

// UnmarshalText takes anything: kong would print what is refused here.
// Validate refuses it without.
func (r *RedisURL) UnmarshalText(text []byte) error {
	*r = NewRedisURL(string(text))
	return nil
}

// String names the server.
func (r RedisURL) String() string {
	if r.IsZero() {
		return ""
	}
	parsed, err := url.Parse(r.Expose())
	if err != nil || checkRedis(r) != nil {
		return "[not readable]"
	}
	return parsed.Scheme + "://" + parsed.Host
}

// GoString is for %#v.
func (r RedisURL) GoString() string { return r.String() }

// Format answers every verb with the same text.
func (r RedisURL) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, r.String()) }

// LogValue is for slog.
func (r RedisURL) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalText is for encoders.
func (r RedisURL) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// checkRedis never repeats the text: it may hold a password.
func checkRedis(r RedisURL) error {
	if r.IsZero() {
		return nil
	}
	parsed, err := url.Parse(r.Expose())
	if err != nil || parsed.Opaque != "" || parsed.Hostname() == "" || parsed.Scheme != "redis" && parsed.Scheme != "rediss" {
		return errors.New("KEYHALL_REDIS_URL is not readable: write redis://user:password@host:6379/0, or rediss:// for TLS, and special characters of the password as %XX")
	}
	return nil
}
