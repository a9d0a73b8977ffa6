package config

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
)

// SMTPURL names a mail server and usually holds its password, so it prints
// without, as DatabaseURL does.
type SMTPURL struct{ text func() string }

// NewSMTPURL is for programs that do not read the command line.
func NewSMTPURL(text string) SMTPURL { return SMTPURL{func() string { return text }} }

// Expose is the URL with its password.
func (s SMTPURL) Expose() string {
	if s.text == nil {
		return ""
	}
	return s.text()
}

// IsZero tells that no mail is sent.
func (s SMTPURL) IsZero() bool { return s.Expose() == "" }

// UnmarshalText takes anything: kong would print what is refused here.
// Validate refuses it without.
func (s *SMTPURL) UnmarshalText(text []byte) error {
	*s = NewSMTPURL(string(text))
	return nil
}

// String names the server and how it is reached, and nobody who signs in.
func (s SMTPURL) String() string {
	if s.IsZero() {
		return ""
	}
	server, err := s.Server()
	if err != nil {
		return "[not readable]"
	}
	return string(server.TLS) + " " + server.Host + ":" + server.Port
}

// GoString is for %#v.
func (s SMTPURL) GoString() string { return s.String() }

// Format answers every verb with the same text.
func (s SMTPURL) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, s.String()) }

// LogValue is for slog.
func (s SMTPURL) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText is for encoders.
func (s SMTPURL) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MailTLS is how the connection to the mail server is protected.
type MailTLS string

// The ways: by an upgrade that is insisted on, from the start, or not at all.
const (
	MailSTARTTLS MailTLS = "starttls"
	MailSMTPS    MailTLS = "smtps"
	MailPlain    MailTLS = "plain"
)

// SMTPServer is what the URL says.
type SMTPServer struct {
	Host, Port, Username string
	Password             func() string
	TLS                  MailTLS
}

const smtpForm = "write smtp://user:password@mail.example.com:587 (STARTTLS), or smtps://user:password@mail.example.com:465, and special characters of the password as %XX"

// Server reads the URL. No error repeats it.
func (s SMTPURL) Server() (SMTPServer, error) {
	u, err := url.Parse(s.Expose())
	if err != nil || u.Opaque != "" || u.Hostname() == "" || (u.Scheme != "smtp" && u.Scheme != "smtps") ||
		(u.Path != "" && u.Path != "/") || u.Fragment != "" {
		return SMTPServer{}, errors.New("KEYHALL_SMTP_URL is not readable: " + smtpForm)
	}
	out := SMTPServer{Host: u.Hostname(), Port: u.Port(), TLS: MailSTARTTLS, Username: u.User.Username(), Password: func() string { p, _ := u.User.Password(); return p }}
	usual := "587"
	if u.Scheme == "smtps" {
		out.TLS, usual = MailSMTPS, "465"
	}
	if out.Port == "" {
		out.Port = usual
	}
	if n, err := strconv.ParseUint(out.Port, 10, 16); err != nil || n == 0 {
		return SMTPServer{}, errors.New("KEYHALL_SMTP_URL has no usable port: " + smtpForm)
	}
	switch query := u.RawQuery; {
	case query == "":
	case query == "tls=off" && u.Scheme == "smtp" && loopback(out.Host):
		out.TLS = MailPlain
	case query == "tls=off":
		return SMTPServer{}, errors.New("KEYHALL_SMTP_URL has tls=off, which is for a server on this machine only (smtp://127.0.0.1:25?tls=off): leave it out, or let a relay on this machine send")
	default:
		return SMTPServer{}, errors.New("KEYHALL_SMTP_URL has parameters that mean nothing here: " + smtpForm)
	}
	return out, nil
}

func checkMail(server SMTPURL, from string) error {
	if server.IsZero() && from == "" {
		return nil
	}
	var problems []error
	if !server.IsZero() {
		_, err := server.Server()
		problems = append(problems, err)
	}
	parsed, err := mail.ParseAddress(from)
	switch {
	case from == "":
		problems = append(problems, errors.New("KEYHALL_MAIL_FROM is empty, and mail needs a sender: write the address that your mail server may send as, as in keyhall@example.com"))
	case err != nil || parsed.Address != from || !strings.Contains(from, "@"):
		problems = append(problems, errors.New("KEYHALL_MAIL_FROM is no plain address: write it as keyhall@example.com, without a name"))
	}
	return errors.Join(problems...)
}
