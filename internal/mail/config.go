package mail

import (
	"crypto/x509"
	"net"
	"time"

	"github.com/keyhall/keyhall/internal/keyring"
)

// TLS is how the connection to the mail server is protected.
type TLS int

// STARTTLS is required unless something else is said; TLSOff is for a server on this machine.
const (
	STARTTLS TLS = iota
	TLSFromTheStart
	TLSOff
)

// Config says how letters are sent. The zero Config sends none.
type Config struct {
	Host, Port string
	Username   string
	Password   keyring.Secret
	TLS        TLS
	Roots      *x509.CertPool  // who may vouch for the mail server's certificate; nil: whom this machine trusts
	From       string          // address of the sender
	Timeout    time.Duration   // of one delivery
	Poll       time.Duration   // how often the worker looks, also when nobody wakes it
	Backoff    []time.Duration // pauses after each failure; the last one repeats
	GiveUp     time.Duration   // how long a letter is tried
	Lease      time.Duration   // how long a worker has a letter to itself
	Batch      int             // letters in one look
}

// Defaults are the times of a running server.
func Defaults() Config {
	return Config{
		Timeout: 30 * time.Second, Poll: 15 * time.Second, GiveUp: 24 * time.Hour, Lease: 2 * time.Minute, Batch: 20,
		Backoff: []time.Duration{30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour},
	}
}

// Configured tells whether mail is sent at all.
func (c Config) Configured() bool { return c.Host != "" }

// Addr is where the mail server is.
func (c Config) Addr() string { return net.JoinHostPort(c.Host, c.Port) }
