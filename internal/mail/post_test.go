package mail_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

const (
	clerk    = "keyhall"
	password = "a p@ssword of the post"
)

// post is a real mail server that notes what it is told, and whether that was encrypted.
type post struct {
	port string

	mu    sync.Mutex
	noted []string // "sign-in", "sender" and "letter", with " in clear" when it was
}

// opening says what the server is like. Without a certificate it has no TLS at all.
type opening struct {
	certificate *tls.Certificate
	fromStart   bool // TLS before the first word, else STARTTLS
	clearAuth   bool // it would take a password in clear
	wantsAuth   bool
}

func open(t *testing.T, o opening) *post {
	t.Helper()
	p := &post{}
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &visit{post: p, conn: c, wantsAuth: o.wantsAuth}, nil }))
	s.Domain, s.ReadTimeout, s.WriteTimeout, s.AllowInsecureAuth = "mail.test", 20*time.Second, 20*time.Second, o.clearAuth
	s.ErrorLog = log.New(io.Discard, "", 0)
	if o.certificate != nil {
		s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*o.certificate}, MinVersion: tls.VersionTLS12}
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listen for mail: %v", err)
	}
	_, p.port, _ = net.SplitHostPort(l.Addr().String())
	if o.fromStart {
		l = tls.NewListener(l, s.TLSConfig)
	}
	stopped := make(chan struct{})
	go func() { _ = s.Serve(l); close(stopped) }()
	t.Cleanup(func() { _ = s.Close(); <-stopped })
	return p
}

func (p *post) notes() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.noted
}

// visit is one connection.
type visit struct {
	post              *post
	conn              *smtp.Conn
	wantsAuth, isAuth bool
}

func (v *visit) note(what string) {
	v.post.mu.Lock()
	defer v.post.mu.Unlock()
	if _, ok := v.conn.TLSConnectionState(); !ok {
		what += " in clear"
	}
	v.post.noted = append(v.post.noted, what)
}

func (v *visit) Reset() {}

func (v *visit) Logout() error { return nil }

func (v *visit) AuthMechanisms() []string {
	if !v.wantsAuth {
		return nil
	}
	return []string{sasl.Plain}
}

func (v *visit) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, given string) error {
		v.note("sign-in")
		if username != clerk || given != password {
			return errors.New("no such pair: " + username + " " + given) // servers do repeat what they were told
		}
		v.isAuth = true
		return nil
	}), nil
}

func (v *visit) Mail(string, *smtp.MailOptions) error {
	v.note("sender")
	if v.wantsAuth && !v.isAuth {
		return smtp.ErrAuthRequired
	}
	return nil
}

func (v *visit) Rcpt(string, *smtp.RcptOptions) error { return nil }

func (v *visit) Data(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	v.note("letter")
	return err
}

// authority signs certificates.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Authority of a test"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return authority{certificate, key}
}

func (a authority) pool() *x509.CertPool {
	out := x509.NewCertPool()
	out.AddCert(a.certificate)
	return out
}

// certify makes a certificate of 127.0.0.1, unless it is changed.
func (a authority) certify(t *testing.T, change func(*x509.Certificate)) *tls.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "mail.test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if change != nil {
		change(template)
	}
	key := newKey(t)
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
