package keyring

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
)

// FileName is the key file's name in the data directory.
const FileName = "keyring.json"

// ErrMissing says that the file is not there and must not be made: sealed rows
// exist, and a fresh key could open none of them.
var ErrMissing = errors.New("the key file is missing, and the database holds values sealed with it")

const fileLimit = 1 << 20

// Load reads the key file. Only when mayCreate is set (the database holds no
// sealed row) a missing file is made.
func Load(path string, mayCreate bool) (*Keyring, error) {
	r, err := open(path)
	if errors.Is(err, fs.ErrNotExist) {
		if !mayCreate {
			return nil, fmt.Errorf("%w: restore %s from its backup", ErrMissing, path)
		}
		if err := create(path); err != nil {
			return nil, err
		}
		r, err = open(path)
	}
	if err != nil {
		return nil, err
	}
	k := &Keyring{path: path}
	k.current.Store(r)
	return k, nil
}

// open reads the file and tries its keys.
func open(path string) (*ring, error) {
	keys, info, err := read(path)
	if err != nil {
		return nil, err
	}
	r, err := assemble(keys)
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", path, err)
	}
	r.file = info
	return r, nil
}

// create writes fresh keys. When two processes start at once, one file wins and
// both read it.
func create(path string) error {
	keys, err := generate()
	if err != nil {
		return err
	}
	content, err := keys.encode()
	if err != nil {
		return err
	}
	if err := place(path, content); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make the key file: %w", err)
	}
	return nil
}

func generate() (keysets, error) {
	sealing, err := keyset.NewHandle(aead.XChaCha20Poly1305KeyTemplate())
	if err != nil {
		return keysets{}, fmt.Errorf("make a sealing key: %w", err)
	}
	peppers, err := keyset.NewHandle(prf.HMACSHA256PRFKeyTemplate())
	if err != nil {
		return keysets{}, fmt.Errorf("make a pepper: %w", err)
	}
	tokens, err := keyset.NewHandle(prf.HMACSHA256PRFKeyTemplate())
	if err != nil {
		return keysets{}, fmt.Errorf("make a token key: %w", err)
	}
	return keysets{sealing, peppers, tokens}, nil
}

// read refuses a file that others on the machine can read: then the keys are
// known already, and silence would hide it.
func read(path string) (keysets, os.FileInfo, error) {
	file, err := os.Open(path)
	if err != nil {
		return keysets{}, nil, fmt.Errorf("key file: %w", err)
	}
	defer file.Close()
	info, err := file.Stat() // of what is open, not of what the path names by now
	if err != nil {
		return keysets{}, nil, fmt.Errorf("key file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return keysets{}, nil, fmt.Errorf("key file %s is not a regular file", path)
	}
	if open := info.Mode().Perm() & 0o077; open != 0 {
		return keysets{}, nil, fmt.Errorf("key file %s can be read by others (mode %04o): run chmod 600 on it, and rotate its keys", path, info.Mode().Perm())
	}
	content, err := io.ReadAll(io.LimitReader(file, fileLimit+1))
	if err != nil {
		return keysets{}, nil, fmt.Errorf("key file: %w", err)
	}
	if len(content) > fileLimit {
		return keysets{}, nil, fmt.Errorf("key file %s is larger than any key file", path)
	}
	defer clear(content)
	keys, err := decode(content)
	if err != nil {
		return keysets{}, nil, fmt.Errorf("key file %s: %w", path, err)
	}
	return keys, info, nil
}
