package keyring

import (
	"fmt"
	"slices"
)

// checkText is what the check value says; that it opens is what counts.
const checkText = "keyhall: this key file belongs to this database"

// Check is kept in the database, in the row of the installation: it tells
// whether a key file is the one that the database was written with.
type Check struct {
	Sealed Sealed
	IDs    []string // of every key the file had
}

// NewCheck makes the value for the database, at first start and after each
// rotation.
func (k *Keyring) NewCheck(install string) (Check, error) {
	sealed, err := k.Seal(NewSecret(checkText), checkPlace(install))
	if err != nil {
		return Check{}, err
	}
	return Check{Sealed: sealed, IDs: k.IDs()}, nil
}

// Confirm refuses a file that is not the database's, or an older copy of it.
// Keys that the file has beyond the check are fine: they were added since.
func (k *Keyring) Confirm(install string, check Check) error {
	for _, id := range check.IDs {
		if !slices.Contains(k.current.Load().ids, id) {
			return fmt.Errorf("this key file lacks key %s, which the database was written with: restore the right file from its backup", id)
		}
	}
	text, err := k.Open(check.Sealed, checkPlace(install))
	if err != nil {
		return fmt.Errorf("this key file is not the one that the database was written with: %w", err)
	}
	if text.Expose() != checkText {
		return fmt.Errorf("the database's check value is not ours: %w", ErrOpen)
	}
	return nil
}

func checkPlace(install string) Context {
	return Context{Install: install, Type: "instance", ID: install, Field: "check"}
}
