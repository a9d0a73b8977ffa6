package keyhall

import (
	"fmt"

	"github.com/keyhall/keyhall/internal/allow"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/pubkey"
)

// maxJWTKeys is how many public keys one key has: one in use, and room to change over.
const maxJWTKeys = 3

// NewJWTKey is a public key that tokens may be signed with. Its text is kept out of sight until it is known that it is not a
// private one, sent by mistake.
type NewJWTKey struct {
	Name         string
	PublicKeyPEM keyring.Secret
}

// signer is a public key of the list that is asked for.
type signer struct {
	name string
	pubkey.Key
}

// normalize brings the lists into their normal form and reads the public keys; a nil list stays as it is.
func (in *UpdateSecuritySettings) normalize() (*[]signer, error) {
	var p problems
	in.Origins = normal(&p, allow.Origins, in.Origins, allow.ParseOrigin)
	in.UserAgents = normal(&p, allow.UserAgents, in.UserAgents, allow.ParseAgent)
	in.Methods = normal(&p, allow.Methods, in.Methods, allow.ParseMethod)
	in.Addresses = normal(&p, allow.Addresses, in.Addresses, allow.ParseNetwork)
	keys := p.signers("jwtKeys", in.JWTKeys)
	return keys, p.err()
}

// entry is one of an allowlist.
type entry interface {
	comparable
	fmt.Stringer
}

func normal[E entry](p *problems, list allow.List, entries *[]string, parse func(string) (E, error)) *[]string {
	if entries == nil {
		return nil
	}
	parsed, faults := allow.Parse(*entries, parse)
	for _, f := range faults {
		code := fault.Invalid
		if f.Full {
			code = fault.AllowlistFull
		}
		p.add(code, f.Error(), fmt.Sprintf("%s.%d", list, f.Index))
	}
	text := allow.Strings(parsed)
	return &text
}

func (p *problems) signers(field string, list *[]*NewJWTKey) *[]signer {
	if list == nil {
		return nil
	}
	if len(*list) > maxJWTKeys {
		p.add(fault.TooLong, fmt.Sprintf("at most %d of them", maxJWTKeys), field)
		return nil
	}
	out, known := make([]signer, 0, len(*list)), map[string]bool{}
	for i, k := range *list {
		at := fmt.Sprintf("%s.%d", field, i)
		p.text(at+".name", k.Name, maxName, true, false)
		parsed, err := pubkey.Parse([]byte(k.PublicKeyPEM.Expose()))
		switch {
		case err != nil:
			p.add(fault.Invalid, err.Error(), at+".publicKeyPEM")
		case known[parsed.Fingerprint]:
			p.add(fault.Invalid, "this key is in the list already", at+".publicKeyPEM")
		}
		known[parsed.Fingerprint] = true
		out = append(out, signer{k.Name, parsed})
	}
	return &out
}
