package keyring_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/keyhall/keyhall/internal/keyring"
)

// fresh makes a keyring in a directory of the test.
func fresh(t testing.TB) (*keyring.Keyring, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), keyring.FileName)
	return load(t, path, true), path
}

func load(t testing.TB, path string, mayCreate bool) *keyring.Keyring {
	t.Helper()
	k, err := keyring.Load(path, mayCreate)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// sample is the key file in testdata, whose keys everybody knows.
func sample(t testing.TB) *keyring.Keyring {
	t.Helper()
	content, err := os.ReadFile("testdata/keyring.json")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), keyring.FileName)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return load(t, path, false)
}

func seal(t testing.TB, k *keyring.Keyring, value string, place keyring.Context) keyring.Sealed {
	t.Helper()
	sealed, err := k.Seal(keyring.NewSecret(value), place)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

// opens tells whether the value comes back, and fails on a wrong one.
func opens(t testing.TB, k *keyring.Keyring, sealed keyring.Sealed, place keyring.Context, want string) bool {
	t.Helper()
	got, err := k.Open(sealed, place)
	if err == nil && got.Expose() != want {
		t.Fatal("another value came out")
	}
	if err != nil && !got.IsZero() {
		t.Fatal("a value came out with an error")
	}
	return err == nil
}

func here() keyring.Context {
	return keyring.Context{Install: "ins_1", Type: "api_key", ID: "key_1", Version: 3, Field: "secret"}
}
