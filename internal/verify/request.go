package verify

import (
	"net/netip"

	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/traffic"
)

// Request is what a gateway knows of a request with a key.
type Request struct {
	Key, Secret, JWT keyring.Secret
	Origin           string
	UserAgent        string
	Method           string     // of what is called, as the gateway names it
	Address          netip.Addr // zero: not known, which no network contains
	Scopes           []string   // that the key must have
	Units            int64      // what the request costs
}

// Decision is the answer. Without a key's id there is no such key for who asks.
type Decision struct {
	KeyID, ProjectID string
	traffic.Standing
}

// Caller is who asks: a verifier token of one project, which knows the keys of that project and no others.
type Caller struct{ TokenID, ProjectID string }
