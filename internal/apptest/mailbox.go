package apptest

import (
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/mail"
)

// patience is how long a test waits for something that happens beside its requests.
const patience = 20 * time.Second

// Mailbox is a real SMTP server on this machine that takes every letter, and can be told to fail in every way.
type Mailbox struct {
	mu      sync.Mutex
	addr    string
	server  *smtp.Server
	stopped chan struct{}
	letters []Message
	drop    int    // so many letters more are taken, and the connection is cut before that is said
	refuse  string // address that is refused for good
	changed chan struct{}
}

// NewMailbox starts one; it stops when the test ends.
func NewMailbox(t testing.TB) *Mailbox {
	t.Helper()
	m := &Mailbox{addr: "127.0.0.1:0", changed: make(chan struct{})}
	m.Start(t)
	t.Cleanup(func() { m.Stop(t) })
	return m
}

// Config has a server send through it, as fast as it can.
func (m *Mailbox) Config(c *app.Config) {
	c.Mail.Host, c.Mail.Port, _ = net.SplitHostPort(m.addr)
	c.Mail.TLS, c.Mail.From = mail.TLSOff, "keyhall@mail.test"
	c.Mail.Poll, c.Mail.Backoff = 20*time.Millisecond, []time.Duration{10 * time.Millisecond}
}

// Start listens, again at the same address.
func (m *Mailbox) Start(t testing.TB) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", m.addr)
	if err != nil {
		t.Fatalf("listen for mail: %v", err)
	}
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &delivery{box: m, conn: c}, nil }))
	s.Domain, s.ReadTimeout, s.WriteTimeout = "mail.test", patience, patience
	s.ErrorLog = quiet{}
	stopped := make(chan struct{})
	go func() { _ = s.Serve(l); close(stopped) }()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.addr, m.server, m.stopped = l.Addr().String(), s, stopped
}

// Stop has nobody listen there any more.
func (m *Mailbox) Stop(t testing.TB) {
	t.Helper()
	m.mu.Lock()
	s, stopped := m.server, m.stopped
	m.server = nil
	m.mu.Unlock()
	if s != nil {
		_ = s.Close()
		<-stopped
	}
}

// DropAfterData has the next n letters taken, and their connections cut before the sender learns it.
func (m *Mailbox) DropAfterData(n int) { m.mu.Lock(); defer m.mu.Unlock(); m.drop = n }

// Refuse has every letter to the address refused for good.
func (m *Mailbox) Refuse(address string) { m.mu.Lock(); defer m.mu.Unlock(); m.refuse = address }

// Letters are those of a kind that came for an address by now; of any kind, and for any address, when it is empty.
func (m *Mailbox) Letters(kind mail.Kind, to string) []Message {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []Message
	for _, l := range m.letters {
		if (kind == "" || l.Kind == kind) && (to == "" || l.To == to) {
			out = append(out, l)
		}
	}
	return out
}

// Await waits for the nth letter of a kind to an address, counted from 1.
func (m *Mailbox) Await(t testing.TB, kind mail.Kind, to string, n int) Message {
	t.Helper()
	late := time.After(patience)
	for {
		m.mu.Lock()
		changed := m.changed
		m.mu.Unlock()
		if letters := m.Letters(kind, to); len(letters) >= n {
			return letters[n-1]
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("%d letters (%s) to %s, and no more comes; want %d", len(m.Letters(kind, to)), kind, to, n)
		}
	}
}

// Until waits for something that no event tells of.
func Until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	tick, late := time.NewTicker(5*time.Millisecond), time.After(patience)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("waited long enough: %s", what)
		}
	}
}

// delivery is one connection.
type delivery struct {
	box  *Mailbox
	conn *smtp.Conn
	from string
	to   []string
}

var errCut = errors.New("cut")

// Reset implements smtp.Session.
func (d *delivery) Reset() { d.from, d.to = "", nil }

// Logout implements smtp.Session.
func (d *delivery) Logout() error { return nil }

// Mail implements smtp.Session.
func (d *delivery) Mail(from string, _ *smtp.MailOptions) error { d.from = from; return nil }

// Rcpt implements smtp.Session.
func (d *delivery) Rcpt(to string, _ *smtp.RcptOptions) error {
	d.box.mu.Lock()
	defer d.box.mu.Unlock()
	if to == d.box.refuse {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "nobody of that name: " + to}
	}
	d.to = append(d.to, to)
	return nil
}

// Data implements smtp.Session.
func (d *delivery) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	d.box.mu.Lock()
	defer d.box.mu.Unlock()
	for _, to := range d.to {
		d.box.letters = append(d.box.letters, readMessage(d.from, to, raw))
	}
	close(d.box.changed)
	d.box.changed = make(chan struct{})
	if d.box.drop > 0 {
		d.box.drop--
		return errors.Join(errCut, d.conn.Conn().Close())
	}
	return nil
}

type quiet struct{}

// Printf implements smtp.Logger.
func (quiet) Printf(string, ...any) {}

// Println implements smtp.Logger.
func (quiet) Println(...any) {}
