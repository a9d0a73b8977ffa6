package keyring_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"testing"

	"golang.org/x/crypto/chacha20poly1305"
	"pgregory.net/rapid"

	"github.com/keyhall/keyhall/internal/keyring"
)

// TestASealedValueOfYesterdayOpensToday pins the form of what is stored.
func TestASealedValueOfYesterdayOpensToday(t *testing.T) {
	t.Parallel()
	if !opens(t, sample(t), yesterday(t), here(), "correct horse battery staple") {
		t.Error("it does not open any more")
	}
}

// TestTheFormIsTheDocumentedOne opens the same value by hand, with another
// library: XChaCha20-Poly1305 twice, each bound to its place.
func TestTheFormIsTheDocumentedOne(t *testing.T) {
	t.Parallel()
	root := []byte{
		0x44, 0x8e, 0xb3, 0x21, 0xe3, 0xba, 0x20, 0xe6, 0x1c, 0x53, 0xbc, 0x91, 0x98, 0x2e, 0x00, 0xfb,
		0x62, 0x3e, 0x47, 0x6b, 0x41, 0x45, 0x47, 0x7e, 0x95, 0xf3, 0x54, 0xce, 0x0c, 0xb9, 0x9d, 0xb3,
	} // as in testdata/keyring.json
	bind := func(parts ...string) (out []byte) {
		for _, part := range parts {
			out = append(binary.BigEndian.AppendUint64(out, uint64(len(part))), part...)
		}
		return out
	}
	open := func(key, box, bound []byte) []byte {
		cipher, err := chacha20poly1305.NewX(key)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := cipher.Open(nil, box[:24], box[24:], bound)
		if err != nil {
			t.Fatal(err)
		}
		return plain
	}
	sealed := yesterday(t)
	if id := binary.BigEndian.Uint32(sealed.WrappedKey[1:5]); sealed.WrappedKey[0] != 1 || id != 1588770113 {
		t.Fatalf("the wrapped key begins with %x", sealed.WrappedKey[:5])
	}
	dataKey := open(root, sealed.WrappedKey[5:], bind("keyhall v1 data key", "ins_1", "api_key", "key_1", "3", "secret", "1588770113"))
	value := open(dataKey, sealed.Ciphertext, bind("keyhall v1 value", "ins_1", "api_key", "key_1", "3", "secret"))
	if string(value) != "correct horse battery staple" {
		t.Errorf("got %q", value)
	}
}

func yesterday(t testing.TB) (sealed keyring.Sealed) {
	t.Helper()
	content, err := os.ReadFile("testdata/sealed.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, &sealed); err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestAnyValueComesBackInItsPlaceAndNowhereElse(t *testing.T) {
	t.Parallel()
	k, _ := fresh(t)
	word := rapid.StringMatching(`[a-z|_0-9]{0,3}`)
	place := rapid.Custom(func(r *rapid.T) keyring.Context {
		return keyring.Context{
			Install: word.Draw(r, "install"), Type: word.Draw(r, "type"), ID: word.Draw(r, "id"),
			Version: rapid.IntRange(-1, 12).Draw(r, "version"), Field: word.Draw(r, "field"),
		}
	})
	rapid.Check(t, func(r *rapid.T) {
		value := rapid.String().Draw(r, "value")
		there, elsewhere := place.Draw(r, "place"), place.Draw(r, "elsewhere")
		sealed := seal(t, k, value, there)
		if !opens(t, k, sealed, there, value) {
			r.Fatalf("it does not open in its place")
		}
		if opens(t, k, sealed, elsewhere, value) != (there == elsewhere) {
			r.Fatalf("sealed for %+v, opened as %+v", there, elsewhere)
		}
	})
}

func TestEachPartOfThePlaceCounts(t *testing.T) {
	t.Parallel()
	k, _ := fresh(t)
	sealed := seal(t, k, "value", here())
	for name, move := range map[string]func(*keyring.Context){
		"install": func(c *keyring.Context) { c.Install = "ins_2" }, "type": func(c *keyring.Context) { c.Type = "secret" },
		"id": func(c *keyring.Context) { c.ID = "key_2" }, "version": func(c *keyring.Context) { c.Version = 2 },
		"field": func(c *keyring.Context) { c.Field = "notes" }, "shifted": func(c *keyring.Context) { c.Type, c.ID = "api_keyk", "ey_1" },
	} {
		elsewhere := here()
		move(&elsewhere)
		if opens(t, k, sealed, elsewhere, "value") {
			t.Errorf("%s: it opens as %+v", name, elsewhere)
		}
	}
}

func TestPartsOfTwoValuesDoNotMix(t *testing.T) {
	t.Parallel()
	k, _ := fresh(t)
	other := here()
	other.ID = "key_2"
	mine, theirs := seal(t, k, "mine", here()), seal(t, k, "theirs", other)
	again := seal(t, k, "mine", here())
	for name, mixed := range map[string]keyring.Sealed{
		"their ciphertext":      {WrappedKey: mine.WrappedKey, Ciphertext: theirs.Ciphertext, KeysetID: mine.KeysetID},
		"their key":             {WrappedKey: theirs.WrappedKey, Ciphertext: mine.Ciphertext, KeysetID: mine.KeysetID},
		"both theirs":           theirs,
		"an earlier ciphertext": {WrappedKey: again.WrappedKey, Ciphertext: mine.Ciphertext, KeysetID: mine.KeysetID},
		"key as ciphertext":     {WrappedKey: mine.WrappedKey, Ciphertext: mine.WrappedKey, KeysetID: mine.KeysetID},
		"nothing":               {},
		"no ciphertext":         {WrappedKey: mine.WrappedKey, KeysetID: mine.KeysetID},
	} {
		if got, err := k.Open(mixed, here()); err == nil {
			t.Errorf("%s: opens as %q", name, got.Expose())
		}
	}
}

func TestAnyChangedBitIsNoticed(t *testing.T) {
	t.Parallel()
	k, _ := fresh(t)
	sealed := seal(t, k, "value", here())
	for _, part := range []struct {
		name  string
		bytes []byte
		with  func([]byte) keyring.Sealed
	}{
		{"wrapped key", sealed.WrappedKey, func(b []byte) keyring.Sealed {
			return keyring.Sealed{WrappedKey: b, Ciphertext: sealed.Ciphertext, KeysetID: sealed.KeysetID}
		}},
		{"ciphertext", sealed.Ciphertext, func(b []byte) keyring.Sealed {
			return keyring.Sealed{WrappedKey: sealed.WrappedKey, Ciphertext: b, KeysetID: sealed.KeysetID}
		}},
	} {
		for bit := range 8 * len(part.bytes) {
			changed := slices.Clone(part.bytes)
			changed[bit/8] ^= 1 << (bit % 8)
			if opens(t, k, part.with(changed), here(), "value") {
				t.Fatalf("%s: bit %d may change", part.name, bit)
			}
		}
		for end := range part.bytes {
			if opens(t, k, part.with(part.bytes[:end]), here(), "value") {
				t.Fatalf("%s: may be cut to %d bytes", part.name, end)
			}
		}
	}
	if got, err := k.Open(keyring.Sealed{WrappedKey: sealed.WrappedKey, Ciphertext: sealed.Ciphertext, KeysetID: "7"}, here()); !errors.Is(err, keyring.ErrUnknownKey) {
		t.Errorf("another key id: %v, %v", got, err)
	}
}

func TestEachValueHasAKeyOfItsOwn(t *testing.T) {
	t.Parallel()
	k, _ := fresh(t)
	one, two := seal(t, k, "value", here()), seal(t, k, "value", here())
	if bytes.Equal(one.Ciphertext, two.Ciphertext) || bytes.Equal(one.WrappedKey, two.WrappedKey) {
		t.Error("the same value seals to the same bytes")
	}
	if bytes.Contains(one.Ciphertext, []byte("value")) {
		t.Error("the ciphertext holds the value")
	}
}

func FuzzOpen(f *testing.F) {
	k, place := sample(f), here()
	sealed := yesterday(f) // the same in each of the fuzzer's processes
	f.Add(sealed.WrappedKey, sealed.Ciphertext, sealed.KeysetID, place.ID, place.Version)
	f.Add([]byte{}, []byte{}, "", "", 0)
	f.Add(sealed.WrappedKey[:5], sealed.Ciphertext[:24], sealed.KeysetID, place.ID, place.Version)
	f.Fuzz(func(t *testing.T, wrapped, ciphertext []byte, keysetID, id string, version int) {
		elsewhere := place
		elsewhere.ID, elsewhere.Version = id, version
		got, err := k.Open(keyring.Sealed{WrappedKey: wrapped, Ciphertext: ciphertext, KeysetID: keysetID}, elsewhere)
		same := bytes.Equal(wrapped, sealed.WrappedKey) && bytes.Equal(ciphertext, sealed.Ciphertext) && keysetID == sealed.KeysetID && elsewhere == place
		if (err == nil) != same {
			t.Fatalf("opens: %v, is the original: %v", err == nil, same)
		}
		if err != nil && (!got.IsZero() || !errors.Is(err, keyring.ErrOpen) && !errors.Is(err, keyring.ErrUnknownKey)) {
			t.Fatalf("a value, or an error that is not constant: %v", err)
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	k, value := sample(b), keyring.NewSecret(string(make([]byte, 1024)))
	for b.Loop() {
		if _, err := k.Seal(value, here()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	k := sample(b)
	sealed := seal(b, k, string(make([]byte, 1024)), here())
	for b.Loop() {
		if _, err := k.Open(sealed, here()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	k, data := sample(b), make([]byte, 70)
	mac, id := k.Hash("p", data)
	for b.Loop() {
		if !k.Verify("p", data, mac, id) {
			b.Fatal("no")
		}
	}
}
