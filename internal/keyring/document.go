package keyring

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// document is the file. Its mode protects it: the keysets in it are plain.
type document struct {
	Version int             `json:"version"`
	Note    string          `json:"note"`
	Sealing json.RawMessage `json:"sealing"`
	Peppers json.RawMessage `json:"peppers"`
	Tokens  json.RawMessage `json:"tokens"`
}

const note = "The keys of this Keyhall installation. Back this file up apart from the database; without it no sealed value can ever be read."

const fileVersion = 1

// keysets are the keys in the form that Tink manages.
type keysets struct{ sealing, peppers, tokens *keyset.Handle }

func decode(content []byte) (keysets, error) {
	var doc document
	if err := json.Unmarshal(content, &doc); err != nil {
		return keysets{}, errors.New("damaged, or not a key file: restore it from its backup") // the parser would quote it
	}
	if doc.Version != fileVersion {
		return keysets{}, fmt.Errorf("version %d, and this program reads version %d", doc.Version, fileVersion)
	}
	var keys keysets
	for _, part := range []struct {
		name string
		raw  []byte
		into **keyset.Handle
	}{{"sealing", doc.Sealing, &keys.sealing}, {"peppers", doc.Peppers, &keys.peppers}, {"tokens", doc.Tokens, &keys.tokens}} {
		handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(part.raw)))
		if err != nil {
			return keysets{}, fmt.Errorf("its %s keys are damaged: restore it from its backup", part.name)
		}
		*part.into = handle
	}
	return keys, nil
}

func (k keysets) encode() ([]byte, error) {
	doc := document{Version: fileVersion, Note: note}
	for handle, into := range map[*keyset.Handle]*json.RawMessage{k.sealing: &doc.Sealing, k.peppers: &doc.Peppers, k.tokens: &doc.Tokens} {
		var plain bytes.Buffer
		if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&plain)); err != nil {
			return nil, fmt.Errorf("encode the keys: %w", err)
		}
		*into = plain.Bytes()
	}
	content, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode the key file: %w", err)
	}
	return append(content, '\n'), nil
}
