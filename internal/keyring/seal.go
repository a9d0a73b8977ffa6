package keyring

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Context says where a sealed value lives. It is bound to the value without
// being stored with it: moved to another place, the value does not open. Ids
// only; it is no secret and must hold none.
type Context struct {
	Install string // of the installation
	Type    string // of the row, as in "api_key"
	ID      string // of the row
	Version int
	Field   string
}

// Sealed is what the database keeps.
type Sealed struct {
	WrappedKey []byte // the value's own data key, sealed by the keyring
	Ciphertext []byte // the value, sealed by that data key
	KeysetID   string // of the keyring's key that wraps the data key
}

// Refusals of Open.
var (
	// ErrOpen says that the sealed value was changed or belongs elsewhere. It
	// does not say which.
	ErrOpen = errors.New("the sealed value does not open here: it was changed, or sealed for another place")
	// ErrUnknownKey says that this key file never could open the value.
	ErrUnknownKey = errors.New("the value is sealed under a key that is not in this key file; restore the file that belongs to this database")
)

const dataKeyLength = 32

// Seal encrypts the value under a data key of its own.
func (k *Keyring) Seal(value Secret, place Context) (Sealed, error) {
	dataKey := make([]byte, dataKeyLength)
	rand.Read(dataKey) // never fails: the runtime ends the process instead
	defer clear(dataKey)
	cipher, err := subtle.NewXChaCha20Poly1305(dataKey)
	if err != nil {
		return Sealed{}, fmt.Errorf("data key: %w", err)
	}
	ciphertext, err := cipher.Encrypt([]byte(value.Expose()), place.bindValue())
	if err != nil {
		return Sealed{}, fmt.Errorf("seal the value: %w", err)
	}
	r := k.newest()
	wrapped, err := r.wrap(dataKey, place)
	if err != nil {
		return Sealed{}, err
	}
	return Sealed{WrappedKey: wrapped, Ciphertext: ciphertext, KeysetID: r.rootID}, nil
}

// Open decrypts a value that was sealed for exactly this place.
func (k *Keyring) Open(sealed Sealed, place Context) (Secret, error) {
	dataKey, err := k.unwrap(sealed, place)
	if err != nil {
		return Secret{}, err
	}
	defer clear(dataKey)
	cipher, err := dataCipher(dataKey)
	if err != nil {
		return Secret{}, err
	}
	value, err := cipher.Decrypt(sealed.Ciphertext, place.bindValue())
	if err != nil {
		return Secret{}, ErrOpen
	}
	return NewSecret(string(value)), nil
}

// Rewrap puts the data key under the primary key and leaves the value as it
// is. After a rotation it is done for every row, before the old key goes.
func (k *Keyring) Rewrap(sealed Sealed, place Context) (Sealed, error) {
	dataKey, err := k.unwrap(sealed, place)
	if err != nil {
		return Sealed{}, err
	}
	defer clear(dataKey)
	r := k.newest()
	wrapped, err := r.wrap(dataKey, place)
	if err != nil {
		return Sealed{}, err
	}
	return Sealed{WrappedKey: wrapped, Ciphertext: slices.Clone(sealed.Ciphertext), KeysetID: r.rootID}, nil
}

func (r *ring) wrap(dataKey []byte, place Context) ([]byte, error) {
	wrapped, err := r.root.Encrypt(dataKey, place.bindKey(r.rootID))
	if err != nil {
		return nil, fmt.Errorf("wrap the data key: %w", err)
	}
	return wrapped, nil
}

func (k *Keyring) unwrap(sealed Sealed, place Context) ([]byte, error) {
	knows := func(r *ring) bool { return slices.Contains(r.roots, sealed.KeysetID) }
	r := k.knowing(knows)
	if !knows(r) {
		return nil, ErrUnknownKey
	}
	dataKey, err := r.root.Decrypt(sealed.WrappedKey, place.bindKey(sealed.KeysetID))
	if err != nil {
		return nil, ErrOpen
	}
	return dataKey, nil
}

func dataCipher(dataKey []byte) (tink.AEAD, error) {
	if len(dataKey) != dataKeyLength {
		return nil, ErrOpen
	}
	return subtle.NewXChaCha20Poly1305(dataKey)
}

// bindKey is the associated data of the wrapped key, bindValue that of the
// value. Both name the place; the words in front keep them apart.
func (c Context) bindKey(keysetID string) []byte {
	return bind(append(c.parts("keyhall v1 data key"), keysetID)...)
}

func (c Context) bindValue() []byte { return bind(c.parts("keyhall v1 value")...) }

func (c Context) parts(what string) []string {
	return []string{what, c.Install, c.Type, c.ID, strconv.Itoa(c.Version), c.Field}
}
