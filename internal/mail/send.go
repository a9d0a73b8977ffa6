package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/keyhall/keyhall/ent"
)

// outcome is how one delivery ended: a short code, empty when the server took the letter. What the server said is dropped,
// as it may repeat anything.
type outcome struct {
	code  string
	final bool // no use to try again
	down  bool // the server could not be used at all
}

// deliver hands one letter to the mail server, in a connection of its own.
func (o *Outbox) deliver(ctx context.Context, row *ent.Mail, origin string) outcome {
	ctx, cancel := context.WithTimeout(ctx, o.config.Timeout)
	defer cancel()
	message, err := o.message(row, origin)
	if err != nil {
		return outcome{code: "unwritable", final: true}
	}
	client, err := gomail.NewClient(o.config.Host, o.config.options()...)
	if err != nil {
		return outcome{code: "misconfigured", down: true}
	}
	connection, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return outcome{code: dialCode(err), down: true}
	}
	err = client.SendWithSMTPClient(connection, message)
	_ = client.CloseWithSMTPClient(connection) // the letter is taken, or it is not
	return sendOutcome(err)
}

func (o *Outbox) message(row *ent.Mail, origin string) (*gomail.Msg, error) {
	letter, err := o.press.set(row, o.linkOf(row, origin), o.codeOf(row), origin)
	if err != nil {
		return nil, err
	}
	m := gomail.NewMsg()
	if err := errors.Join(m.FromFormat("Keyhall", o.config.From), m.To(row.Recipient)); err != nil {
		return nil, err
	}
	m.Subject(letter.subject)
	m.SetMessageIDWithValue(row.ID + "@" + o.config.domain()) // the same at every attempt
	m.SetDateWithValue(time.UnixMicro(row.CreatedAt).UTC())
	m.SetUserAgent("Keyhall")
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetBodyString(gomail.TypeTextPlain, letter.text)
	m.AddAlternativeString(gomail.TypeTextHTML, letter.html)
	return m, nil
}

// options are how the mail server is spoken to: encrypted, or not at all, unless the operator said otherwise.
func (c Config) options() []gomail.Option {
	port, _ := strconv.Atoi(c.Port) // checked where it was read
	out := []gomail.Option{
		gomail.WithPort(port), gomail.WithTimeout(c.Timeout), gomail.WithHELO(c.domain()), gomail.WithoutNoop(), gomail.WithoutRset(),
		gomail.WithTLSConfig(&tls.Config{ServerName: c.Host, RootCAs: c.Roots, MinVersion: tls.VersionTLS12}),
	}
	auth := gomail.SMTPAuthAutoDiscover
	switch c.TLS {
	case TLSFromTheStart:
		out = append(out, gomail.WithSSL())
	case TLSOff:
		out, auth = append(out, gomail.WithTLSPolicy(gomail.NoTLS)), gomail.SMTPAuthPlainNoEnc
	default:
		out = append(out, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if c.Username != "" {
		out = append(out, gomail.WithSMTPAuth(auth), gomail.WithUsername(c.Username), gomail.WithPassword(c.Password.Expose()))
	}
	return out
}

// domain is the part of the sender's address that mail servers look at.
func (c Config) domain() string {
	if _, domain, ok := strings.Cut(c.From, "@"); ok && domain != "" {
		return domain
	}
	return "localhost"
}

func dialCode(err error) string {
	var network net.Error
	switch {
	case errors.As(err, &network) && network.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.As(err, new(*net.OpError)), errors.As(err, new(*net.DNSError)):
		return "unreachable"
	}
	return "not_accepted" // the server wants another TLS, or another sign-in
}

// sendOutcome reads what became of a letter: refused for good by its recipient's server, or to be tried again.
func sendOutcome(err error) outcome {
	if err == nil {
		return outcome{}
	}
	var e *gomail.SendError
	if !errors.As(err, &e) || e.ErrorCode() == 0 {
		return outcome{code: "interrupted"}
	}
	about := e.Reason == gomail.ErrSMTPRcptTo || e.Reason == gomail.ErrSMTPData || e.Reason == gomail.ErrSMTPDataClose
	return outcome{code: "refused_" + strconv.Itoa(e.ErrorCode()), final: about && e.ErrorCode() >= 500}
}
