// Package instance ties one database to one key file at start: it refuses a file that is not the database's, and never
// makes a new one for a database that has values sealed under another. After a rotation it puts the data keys under the key
// in use. It opens no value.
package instance

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/instance"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/policy/lock"
)

// Open loads the keyring of the installation and its id. At the first start it makes both.
func Open(ctx context.Context, c *ent.Client, dir string) (*keyring.Keyring, string, error) {
	ctx = lock.Instance(ctx)
	path := filepath.Join(dir, keyring.FileName)
	row, err := c.Instance.Query().Only(ctx)
	if ent.IsNotFound(err) {
		return first(ctx, c, path)
	}
	if err != nil {
		return nil, "", fmt.Errorf("read the installation: %w", err)
	}
	keys, err := keyring.Load(path, false)
	if err != nil {
		return nil, "", hint(err, path)
	}
	if err := keys.Confirm(row.ID, check(row)); err != nil {
		return nil, "", hint(err, path)
	}
	if len(keys.IDs()) > len(row.CheckIds) || keys.PrimaryID() != row.CheckKeysetID {
		if err := renew(ctx, c, row, keys); err != nil {
			return nil, "", err
		}
	}
	return keys, row.ID, nil
}

// first makes the installation's row. Of two processes that start at once on an empty database one writes it, and the other
// finds that its key file is not the one.
func first(ctx context.Context, c *ent.Client, path string) (*keyring.Keyring, string, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil { // which nobody else makes where the database is not in it
		return nil, "", fmt.Errorf("make the data folder: %w", err)
	}
	keys, err := keyring.Load(path, true)
	if err != nil {
		return nil, "", hint(err, path)
	}
	id := instance.DefaultID()
	proof, err := keys.NewCheck(id)
	if err != nil {
		return nil, "", fmt.Errorf("seal the check value: %w", err)
	}
	err = c.Instance.Create().SetID(id).SetOnly(1).SetCheckWrappedKey(proof.Sealed.WrappedKey).SetCheckCiphertext(proof.Sealed.Ciphertext).
		SetCheckKeysetID(proof.Sealed.KeysetID).SetCheckIds(proof.IDs).Exec(ctx)
	if ent.IsConstraintError(err) {
		return Open(ctx, c, filepath.Dir(path))
	}
	if err != nil {
		return nil, "", fmt.Errorf("write the installation: %w", err)
	}
	return keys, id, nil
}

func check(row *ent.Instance) keyring.Check {
	return keyring.Check{
		Sealed: keyring.Sealed{WrappedKey: row.CheckWrappedKey, Ciphertext: row.CheckCiphertext, KeysetID: row.CheckKeysetID},
		IDs:    row.CheckIds,
	}
}

func hint(err error, path string) error {
	return errors.Join(fmt.Errorf("open the key file %s: %w", path, err),
		errors.New("restore the key file that was backed up with this database; without it nothing sealed can be opened"))
}
