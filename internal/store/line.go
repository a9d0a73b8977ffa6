package store

import (
	"context"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/lib/pq"
)

// farewellTime is how long it may take to tell PostgreSQL that something is not wanted any more.
const farewellTime = time.Second

// lines opens connections to PostgreSQL that are hung up when it cannot be told that what runs on them is not wanted any more. Without it
// a query waits as long as the network does, whatever its context says, where packets are lost without a word: for minutes.
type lines struct{ url string }

// Connect implements driver.Connector.
func (l lines) Connect(ctx context.Context) (sqldriver.Conn, error) {
	c, err := pq.NewConnector(l.url)
	if err != nil {
		return nil, fmt.Errorf("open PostgreSQL: %w", err)
	}
	one := &line{}
	c.Dialer(one)
	stop := context.AfterFunc(ctx, one.hangUp) // pq waits for the other end's word, whatever ctx says
	conn, err := c.Connect(ctx)
	if !stop() && err == nil {
		return nil, errors.Join(ctx.Err(), conn.Close())
	}
	one.connected()
	if whole, ok := conn.(connection); ok {
		return lined{whole, one}, err
	}
	return conn, err
}

// Driver implements driver.Connector.
func (l lines) Driver() sqldriver.Driver { return &pq.Driver{} }

// connection is all that database/sql asks of one of pq's.
type connection interface {
	sqldriver.Conn
	sqldriver.ConnBeginTx
	sqldriver.ConnPrepareContext
	sqldriver.ExecerContext
	sqldriver.QueryerContext
	sqldriver.NamedValueChecker
	sqldriver.Pinger
	sqldriver.SessionResetter
	sqldriver.Validator
}

// lined is a connection with its line: one that was hung up is not used again.
type lined struct {
	connection
	line *line
}

// BeginTx implements driver.ConnBeginTx: the one word that pq waits for whatever ctx says.
func (c lined) BeginTx(ctx context.Context, o sqldriver.TxOptions) (sqldriver.Tx, error) {
	stop := context.AfterFunc(ctx, c.line.hangUp)
	tx, err := c.connection.BeginTx(ctx, o)
	if !stop() {
		return nil, sqldriver.ErrBadConn
	}
	return tx, err
}

// IsValid implements driver.Validator.
func (c lined) IsValid() bool { return !c.line.isOver() && c.connection.IsValid() }

// ResetSession implements driver.SessionResetter.
func (c lined) ResetSession(ctx context.Context) error {
	if c.line.isOver() {
		return sqldriver.ErrBadConn
	}
	return c.connection.ResetSession(ctx)
}

// line is one connection, as the dialer of it: what is dialed once it stands is to tell the server that what runs on it is not wanted.
type line struct {
	dialer net.Dialer

	mu     sync.Mutex
	conn   net.Conn
	stands bool
	over   bool
}

// DialContext implements pq.DialerContext.
func (l *line) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if l.isConnected() {
		return l.farewell(ctx, network, address)
	}
	conn, err := l.dialer.DialContext(ctx, network, address)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn = conn
	return conn, err
}

// Dial implements pq.Dialer.
func (l *line) Dial(network, address string) (net.Conn, error) {
	return l.DialContext(context.Background(), network, address)
}

// DialTimeout implements pq.Dialer.
func (l *line) DialTimeout(network, address string, d time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return l.DialContext(ctx, network, address)
}

// farewell is a connection on which the server says that it heard by ending it. When it does not, the line is hung up.
func (l *line) farewell(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, farewellTime)
	defer cancel()
	conn, err := l.dialer.DialContext(ctx, network, address)
	if err == nil {
		err = conn.SetDeadline(time.Now().Add(farewellTime))
	}
	if err != nil {
		l.hangUp()
		return nil, err
	}
	return &farewell{Conn: conn, line: l}, nil
}

type farewell struct {
	net.Conn
	line  *line
	heard bool
}

// Read implements net.Conn.
func (f *farewell) Read(p []byte) (int, error) {
	n, err := f.Conn.Read(p)
	f.heard = f.heard || err == io.EOF
	return n, err
}

// Close implements net.Conn.
func (f *farewell) Close() error {
	if !f.heard {
		f.line.hangUp()
	}
	return f.Conn.Close()
}

func (l *line) connected() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stands = true
}

func (l *line) isConnected() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stands
}

// hangUp has whoever waits for the other end wait no longer.
func (l *line) hangUp() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
	if l.conn != nil {
		_ = l.conn.SetDeadline(time.Unix(1, 0))
	}
}

func (l *line) isOver() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.over
}
