package keyring

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"
)

// Rotation has two steps, so that several servers on one database never meet a
// key they do not have: Add, bring the file to every server, then Promote and
// bring it again. Servers that share the file see each change of it by
// themselves. Old keys stay and open what they sealed.

// ErrNothingToPromote says that Promote came before Add.
var ErrNothingToPromote = errors.New("the newest keys are in use already: add new ones first")

// Add puts a new key into each keyset, not yet in use.
func Add(path string) error {
	return change(path, func(keys *keysets) error {
		for _, part := range []struct {
			handle   **keyset.Handle
			template *tinkpb.KeyTemplate
		}{
			{&keys.sealing, aead.XChaCha20Poly1305KeyTemplate()},
			{&keys.peppers, prf.HMACSHA256PRFKeyTemplate()},
			{&keys.tokens, prf.HMACSHA256PRFKeyTemplate()},
		} {
			manager := keyset.NewManagerFromHandle(*part.handle)
			if _, err := manager.Add(part.template); err != nil {
				return fmt.Errorf("add a key: %w", err)
			}
			handle, err := manager.Handle()
			if err != nil {
				return fmt.Errorf("add a key: %w", err)
			}
			*part.handle = handle
		}
		return nil
	})
}

// Waiting tells whether the newest key is not in use yet: Promote is due.
func Waiting(path string) (bool, error) {
	keys, _, err := read(path)
	if err != nil {
		return false, err
	}
	newest, err := keys.sealing.Entry(keys.sealing.Len() - 1)
	if err != nil {
		return false, fmt.Errorf("key file %s: %w", path, err)
	}
	return !newest.IsPrimary(), nil
}

// Promote makes the newest key of each keyset the one in use.
func Promote(path string) error {
	return change(path, func(keys *keysets) error {
		promoted := false
		for _, part := range []**keyset.Handle{&keys.sealing, &keys.peppers, &keys.tokens} {
			newest, err := (*part).Entry((*part).Len() - 1)
			if err != nil {
				return fmt.Errorf("promote a key: %w", err)
			}
			if newest.IsPrimary() {
				continue
			}
			manager := keyset.NewManagerFromHandle(*part)
			if err := manager.SetPrimary(newest.KeyID()); err != nil {
				return fmt.Errorf("promote a key: %w", err)
			}
			if *part, err = manager.Handle(); err != nil {
				return fmt.Errorf("promote a key: %w", err)
			}
			promoted = true
		}
		if !promoted {
			return ErrNothingToPromote
		}
		return nil
	})
}

// change rewrites the file: read, edit, try the result, replace. The draft
// beside it is made exclusively, so two changes at once cannot lose a key.
func change(path string, edit func(*keysets) error) error {
	draft, err := newDraft(path)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("another change of the key file is under way; if none is, remove what it left behind: %s", path+draftSuffix)
	}
	if err != nil {
		return fmt.Errorf("change the key file: %w", err)
	}
	defer draft.discard()
	keys, _, err := read(path)
	if err != nil {
		return err
	}
	if err := edit(&keys); err != nil {
		return err
	}
	if _, err := assemble(keys); err != nil {
		return err
	}
	content, err := keys.encode()
	if err != nil {
		return err
	}
	if err := draft.replace(path, content); err != nil {
		return fmt.Errorf("change the key file: %w", err)
	}
	return nil
}
