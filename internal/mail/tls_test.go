//keyhall:norace
package mail_test

import (
	"crypto/x509"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/mail"
)

func TestMain(m *testing.M) { apptest.Main(m) }

// A letter and the password of the mail server leave this machine encrypted, to the server that is meant, or not at all.
func TestLettersLeaveEncryptedOrNotAtAll(t *testing.T) {
	t.Parallel()
	ours, foreign := newAuthority(t), newAuthority(t)
	good := ours.certify(t, nil)
	elsewhere := ours.certify(t, func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"other.mail.test"} })
	old := ours.certify(t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	for name, c := range map[string]struct {
		server opening
		client mail.TLS
		error  string   // empty: the letter is sent
		noted  []string // what the server was told
	}{
		"STARTTLS":                                 {opening{good, false, false, true}, mail.STARTTLS, "", []string{"sign-in", "sender", "letter"}},
		"STARTTLS without a sign-in":               {opening{good, false, false, false}, mail.STARTTLS, "", []string{"sender", "letter"}},
		"no TLS at all, and no sign-in":            {opening{nil, false, false, false}, mail.STARTTLS, "not_accepted", nil},
		"TLS from the start":                       {opening{good, true, false, true}, mail.TLSFromTheStart, "", []string{"sign-in", "sender", "letter"}},
		"no TLS at all":                            {opening{nil, false, false, true}, mail.STARTTLS, "not_accepted", nil},
		"no TLS, and it would take the password":   {opening{nil, false, true, true}, mail.STARTTLS, "not_accepted", nil},
		"no TLS where it is wanted from the start": {opening{nil, false, true, true}, mail.TLSFromTheStart, "not_accepted", nil},
		"a certificate of nobody we know":          {opening{foreign.certify(t, nil), false, false, true}, mail.STARTTLS, "not_accepted", nil},
		"the same from the start":                  {opening{foreign.certify(t, nil), true, false, true}, mail.TLSFromTheStart, "not_accepted", nil},
		"a certificate of another server":          {opening{elsewhere, false, false, true}, mail.STARTTLS, "not_accepted", nil},
		"the same, from the start":                 {opening{elsewhere, true, false, true}, mail.TLSFromTheStart, "not_accepted", nil},
		"a certificate that has expired":           {opening{old, false, false, true}, mail.STARTTLS, "not_accepted", nil},
		"this machine, by the operator's word":     {opening{nil, false, true, true}, mail.TLSOff, "", []string{"sign-in in clear", "sender in clear", "letter in clear"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := open(t, c.server)
			s := apptest.New(t, apptest.SQLite, through(p, c.client, ours, map[bool]string{true: password}[c.server.wantsAuth]))
			s.Unverified(t, "ada")
			ends(t, s, c.error)
			if got := p.notes(); !slices.Equal(got, c.noted) {
				t.Errorf("the mail server was told %q, want %q", got, c.noted)
			}
		})
	}
}

// A password that the mail server does not take is in no log and no row, though the server repeats it.
func TestARefusedSignInAtTheMailServerTellsNoPassword(t *testing.T) {
	t.Parallel()
	ours := newAuthority(t)
	p := open(t, opening{certificate: ours.certify(t, nil), wantsAuth: true})
	s := apptest.New(t, apptest.SQLite, through(p, mail.STARTTLS, ours, "wr0ng horse"))
	s.Unverified(t, "ada")
	ends(t, s, "not_accepted")
	if got := p.notes(); len(got) == 0 || slices.ContainsFunc(got, func(n string) bool { return n != "sign-in" }) {
		t.Errorf("the mail server was told %q", got)
	}
	if log := s.Log.String(); strings.Contains(log, "wr0ng") || !strings.Contains(log, "not_accepted") {
		t.Errorf("the log says %s", log)
	}
}

func through(p *post, how mail.TLS, ours authority, password string) func(*app.Config) {
	return func(c *app.Config) {
		c.Mail.Host, c.Mail.Port, c.Mail.TLS, c.Mail.Roots = "127.0.0.1", p.port, how, ours.pool()
		c.Mail.From = "keyhall@mail.test"
		if password != "" {
			c.Mail.Username, c.Mail.Password = clerk, keyring.NewSecret(password)
		}
		c.Mail.Poll, c.Mail.Backoff = 20*time.Millisecond, []time.Duration{10 * time.Millisecond}
	}
}

// ends waits until the one letter is sent, or was tried twice and still waits.
func ends(t *testing.T, s *apptest.Server, code string) {
	t.Helper()
	want := "mails WHERE state = 'SENT' AND last_error = ''"
	if code != "" {
		want = "mails WHERE state = 'QUEUED' AND attempts > 2 AND last_error = '" + code + "'"
	}
	apptest.Until(t, want, func() bool { return s.Count(t, want) == 1 })
}
