package config

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
)

// DatabaseURL names a database and usually holds its password, so it prints
// without. The text sits inside a function because fmt would print a string
// field when the configuration is a private field of something else.
type DatabaseURL struct{ text func() string }

// NewDatabaseURL is for programs that do not read the command line.
func NewDatabaseURL(text string) DatabaseURL { return DatabaseURL{func() string { return text }} }

// Expose is the URL with its password, for the driver.
func (d DatabaseURL) Expose() string {
	if d.text == nil {
		return ""
	}
	return d.text()
}

// IsZero tells that no database is named: SQLite then.
func (d DatabaseURL) IsZero() bool { return d.Expose() == "" }

// UnmarshalText takes anything: kong would print what is refused here.
// Validate refuses it without.
func (d *DatabaseURL) UnmarshalText(text []byte) error {
	*d = NewDatabaseURL(string(text))
	return nil
}

// String names the server, the user and the database. Everything else is left
// out: a password may stand in the parameters as well.
func (d DatabaseURL) String() string {
	if d.IsZero() {
		return ""
	}
	parsed, err := d.parse()
	if err != nil {
		return "[not readable]"
	}
	shown := url.URL{Scheme: parsed.Scheme, Host: parsed.Host, Path: parsed.Path}
	if name := parsed.User.Username(); name != "" {
		shown.User = url.User(name)
	}
	return shown.String()
}

// GoString is for %#v.
func (d DatabaseURL) GoString() string { return d.String() }

// Format answers every verb with the same text.
func (d DatabaseURL) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, d.String()) }

// LogValue is for slog.
func (d DatabaseURL) LogValue() slog.Value { return slog.StringValue(d.String()) }

// MarshalText is for encoders.
func (d DatabaseURL) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

var errNotURL = errors.New("not a URL")

func (d DatabaseURL) parse() (*url.URL, error) {
	parsed, err := url.Parse(d.Expose())
	if err != nil || parsed.Opaque != "" || (parsed.Scheme != "postgres" && parsed.Scheme != "postgresql") {
		return nil, errNotURL // the parser's own error quotes the text
	}
	return parsed, nil
}
