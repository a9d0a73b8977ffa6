package keyring

import (
	"crypto/subtle"
	"slices"
	"strconv"

	"github.com/tink-crypto/tink-go/v2/prf"
)

// macLength is the whole HMAC-SHA-256.
const macLength = 32

// Hash is the keyed hash of a credential, and the id of the pepper it was made
// with, which is stored beside it. Hashes of one purpose never fit another.
func (k *Keyring) Hash(purpose string, data []byte) (mac []byte, pepperID string) {
	r := k.newest()
	return compute(r.pepper, r.pepper.PrimaryID, bind(purpose, string(data))), decimal(r.pepper.PrimaryID)
}

// Verify compares in constant time, with the pepper that was used then. An
// unknown pepper takes as long as a known one and says no.
func (k *Keyring) Verify(purpose string, data, mac []byte, pepperID string) bool {
	r := k.knowing(func(r *ring) bool { _, known := parseID(pepperID, r.pepper); return known })
	id, known := parseID(pepperID, r.pepper)
	want := compute(r.pepper, id, bind(purpose, string(data)))
	return subtle.ConstantTimeCompare(want, mac) == 1 && known
}

// Derive makes the token for one purpose and subject (an invitation and its
// generation, the first set-up), always the same and stored nowhere: whoever
// holds the key file can make it again when a mail is sent.
func (k *Keyring) Derive(purpose string, parts ...string) []byte {
	r := k.newest()
	return compute(r.token, r.token.PrimaryID, derivation(purpose, parts))
}

// Derived tells, in constant time, whether the token was derived for this
// purpose and subject, under the current key or one before it.
func (k *Keyring) Derived(token []byte, purpose string, parts ...string) bool {
	r := k.newest() // a token says nothing of the key that it comes from
	input, found := derivation(purpose, parts), 0
	for id := range r.token.PRFs {
		found |= subtle.ConstantTimeCompare(compute(r.token, id, input), token)
	}
	return found == 1
}

// Derivations are what Derive answers under the current key and under every one before it, for a comparison with something
// that is made of a derived token and is shorter than it.
func (k *Keyring) Derivations(purpose string, parts ...string) [][]byte {
	r := k.newest()
	var out [][]byte
	for id := range r.token.PRFs {
		out = append(out, compute(r.token, id, derivation(purpose, parts)))
	}
	return out
}

func derivation(purpose string, parts []string) []byte {
	return bind(slices.Concat([]string{purpose}, parts)...)
}

// compute cannot fail for the length asked for: assemble has tried every key.
func compute(set *prf.Set, id uint32, input []byte) []byte {
	mac, err := set.PRFs[id].ComputePRF(input, macLength)
	if err != nil {
		panic("keyring: a key that worked at load does not any more")
	}
	return mac
}

func parseID(text string, set *prf.Set) (id uint32, known bool) {
	number, err := strconv.ParseUint(text, 10, 32)
	id = uint32(number)
	if _, known = set.PRFs[id]; err != nil || !known || decimal(id) != text {
		return set.PrimaryID, false
	}
	return id, true
}
