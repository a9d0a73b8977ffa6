package verify

import (
	"encoding/json"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/pubkey"
)

// maxJWT is how long a token may be, in bytes; jwtSkew how far the clock of who made it may be ahead.
const (
	maxJWT  = 8 << 10
	jwtSkew = time.Minute
)

// claims are what a token says of itself and of the request. What it does not say is absent.
type claims struct {
	Expiry    *jwt.NumericDate `json:"exp"`
	NotBefore *jwt.NumericDate `json:"nbf"`
	Audience  jwt.Audience     `json:"aud"`

	Origins    []string `json:"origins"`
	UserAgents []string `json:"user_agents"`
	Methods    []string `json:"methods"`
	Addresses  []string `json:"addresses"`
}

// claims reads a token that is signed by a public key of the API key, is for that API key (aud), and is not over (exp). The public
// key is named by kid and decides about the algorithm.
func (p *proof) claims(text keyring.Secret, keyID string, now int64) (lists, bool) {
	if len(text.Expose()) > maxJWT {
		return lists{}, false
	}
	t, err := jwt.ParseSigned(text.Expose(), []jose.SignatureAlgorithm{pubkey.RS256, pubkey.ES256})
	if err != nil || len(t.Headers) != 1 {
		return lists{}, false
	}
	by, known := p.signers[t.Headers[0].KeyID]
	if !known || t.Headers[0].Algorithm != by.algorithm {
		return lists{}, false
	}
	var raw json.RawMessage
	var c claims
	if t.Claims(by.public, &raw) != nil || json.Unmarshal(raw, &c) != nil || !c.hold(keyID, time.UnixMicro(now)) {
		return lists{}, false
	}
	return lists{c.Origins, c.UserAgents, c.Methods, c.Addresses}, true
}

func (c claims) hold(keyID string, now time.Time) bool {
	return c.Expiry != nil && now.Before(c.Expiry.Time()) &&
		(c.NotBefore == nil || !now.Add(jwtSkew).Before(c.NotBefore.Time())) && c.Audience.Contains(keyID)
}
