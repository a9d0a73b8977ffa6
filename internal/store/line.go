package store

import (
	"context"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/lib/pq"
)

// hangUpAfter is how long PostgreSQL may take to end what is not wanted any more. The connection is not used again in any case.
const hangUpAfter = time.Second

// lines opens connections to PostgreSQL that are hung up when nothing comes of ending what runs on them. Without it a query waits
// as long as the network does, whatever its context says, where packets are lost without a word: for minutes.
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

// lined is a connection with its line.
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

// line is one connection, as the dialer of it: what is dialed once it stands asks the server to end what runs on it.
type line struct {
	dialer net.Dialer

	mu     sync.Mutex
	conn   net.Conn
	stands bool
}

// DialContext implements pq.DialerContext.
func (l *line) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if l.unwanted() {
		time.AfterFunc(hangUpAfter, l.hangUp)
		ctx, cancel := context.WithTimeout(ctx, hangUpAfter)
		defer cancel()
		return bounded(l.dialer.DialContext(ctx, network, address))
	}
	conn, err := l.dialer.DialContext(ctx, network, address)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn = conn
	return conn, err
}

// bounded is a connection that ends by itself.
func bounded(c net.Conn, err error) (net.Conn, error) {
	if err != nil {
		return nil, err
	}
	return c, c.SetDeadline(time.Now().Add(hangUpAfter))
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

func (l *line) connected() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stands = true
}

// unwanted tells whether what is dialed now is to say that what runs on the line is not wanted any more.
func (l *line) unwanted() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stands
}

// hangUp has whoever waits for the other end wait no longer.
func (l *line) hangUp() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn != nil {
		_ = l.conn.SetDeadline(time.Unix(1, 0))
	}
}
