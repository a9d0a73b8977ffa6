// Package keyring holds the keys of one installation: it seals values, hashes
// credentials with a pepper, and derives the tokens that are mailed.
//
// The keys live in one file beside the database and never in it. Rotation
// writes the file; a restart (or a fresh Load) picks it up, and a keyring that
// follows the file does so while it is in use. Three keysets keep the purposes
// apart.
//
// This package never logs, and no error of it holds a key, a value or a
// plaintext.
package keyring

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Keyring is safe for use by many goroutines.
type Keyring struct {
	current atomic.Pointer[ring]
	path    string
	follows atomic.Bool
	reading sync.Mutex
}

// ring is the keys as they were in the file at one moment. It does not change.
type ring struct {
	root          tink.AEAD // wraps the data keys
	rootID        string    // of the key that wraps new ones
	roots         []string  // of every key that can unwrap
	pepper, token *prf.Set
	ids           []string
	file          os.FileInfo // that it was read from
}

// assemble makes the working form of the keys and tries each of them once, so
// that nothing can fail later but the input.
func assemble(keys keysets) (*ring, error) {
	root, err := aead.New(keys.sealing)
	if err != nil {
		return nil, fmt.Errorf("sealing keys: %w", err)
	}
	peppers, err := pseudorandom(keys.peppers)
	if err != nil {
		return nil, fmt.Errorf("peppers: %w", err)
	}
	tokens, err := pseudorandom(keys.tokens)
	if err != nil {
		return nil, fmt.Errorf("token keys: %w", err)
	}
	primary, err := keys.sealing.Primary()
	if err != nil {
		return nil, fmt.Errorf("sealing keys: %w", err)
	}
	roots := keyIDs(keys.sealing)
	return &ring{
		root: root, rootID: decimal(primary.KeyID()), roots: roots, pepper: peppers, token: tokens,
		ids: slices.Concat(roots, keyIDs(keys.peppers), keyIDs(keys.tokens)),
	}, nil
}

func pseudorandom(handle *keyset.Handle) (*prf.Set, error) {
	set, err := prf.NewPRFSet(handle)
	if err != nil {
		return nil, err
	}
	if _, known := set.PRFs[set.PrimaryID]; !known {
		return nil, errors.New("no key is marked as the one to use")
	}
	for _, function := range set.PRFs {
		if _, err := function.ComputePRF(nil, macLength); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// IDs lists the ids of all keys in the file. They are no secret.
func (k *Keyring) IDs() []string { return slices.Clone(k.current.Load().ids) }

// PrimaryID is the id of the key that new values are sealed under; a Sealed
// with another KeysetID is due for Rewrap.
func (k *Keyring) PrimaryID() string { return k.newest().rootID }

func keyIDs(handle *keyset.Handle) []string {
	var ids []string
	for _, key := range handle.KeysetInfo().GetKeyInfo() {
		ids = append(ids, decimal(key.GetKeyId()))
	}
	return ids
}

func decimal(id uint32) string { return strconv.FormatUint(uint64(id), 10) }

// bind joins the parts so that no two different lists give the same bytes: each
// part carries its length.
func bind(parts ...string) []byte {
	var out []byte
	for _, part := range parts {
		out = binary.BigEndian.AppendUint64(out, uint64(len(part)))
		out = append(out, part...)
	}
	return out
}
