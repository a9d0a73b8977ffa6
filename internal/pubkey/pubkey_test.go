//keyhall:norace
package pubkey_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"os/exec"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/pubkey"
)

func block(typ string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: typ, Bytes: der}))
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// Keys that RSA could not make are put together by hand: nobody needs their private half.
func rsaKey(bits int, e int) *rsa.PublicKey {
	n := new(big.Int).SetBit(new(big.Int), bits-1, 1)
	return &rsa.PublicKey{N: n.SetBit(n, 0, 1), E: e}
}

// product.md 5.4: RS256 and ES256, and the fingerprint is base64(sha256(DER)); openssl is asked for it.
func TestAPublicKeyIsReadWithItsFingerprint(t *testing.T) {
	t.Parallel()
	real := must[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 2048))
	curve := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	spki := func(k any) string { return block("PUBLIC KEY", must[[]byte](t)(x509.MarshalPKIXPublicKey(k))) }
	for name, c := range map[string]struct{ text, algorithm, normal string }{
		"RSA":               {spki(&real.PublicKey), "RS256", spki(&real.PublicKey)},
		"RSA as PKCS #1":    {block("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&real.PublicKey)), "RS256", spki(&real.PublicKey)},
		"P-256":             {spki(&curve.PublicKey), "ES256", spki(&curve.PublicKey)},
		"8192 bits":         {spki(rsaKey(8192, 65537)), "RS256", spki(rsaKey(8192, 65537))},
		"white space round": {"\n  " + spki(&curve.PublicKey) + "\r\n\n", "ES256", spki(&curve.PublicKey)},
		"CRLF":              {strings.ReplaceAll(spki(&curve.PublicKey), "\n", "\r\n"), "ES256", spki(&curve.PublicKey)},
	} {
		k, err := pubkey.Parse([]byte(c.text))
		if err != nil || k.Algorithm != c.algorithm || k.PEM != c.normal {
			t.Errorf("%s: %+v, %v", name, k, err)
			continue
		}
		openssl := exec.Command("sh", "-c", "openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary | openssl base64 -A")
		openssl.Stdin = strings.NewReader(c.normal)
		if out, err := openssl.Output(); err == nil && len(out) > 0 && string(out) != k.Fingerprint {
			t.Errorf("%s: the fingerprint is %s, openssl says %s", name, k.Fingerprint, out)
		}
	}
}

func TestWhatIsNoSafePublicKeyIsRefused(t *testing.T) {
	t.Parallel()
	spki := func(k any) string { return block("PUBLIC KEY", must[[]byte](t)(x509.MarshalPKIXPublicKey(k))) }
	curve := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	good := spki(&curve.PublicKey)
	p384 := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	edwards, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	even := rsaKey(2048, 65537)
	even.N.SetBit(even.N, 0, 0)
	offCurve := must[[]byte](t)(x509.MarshalPKIXPublicKey(&curve.PublicKey))
	offCurve[len(offCurve)-1] ^= 1
	for name, text := range map[string]string{
		"nothing": "", "white space": " \n", "text": "a key", "DER": string(offCurve), "2047 bits": spki(rsaKey(2047, 65537)), "1024 bits": spki(rsaKey(1024, 65537)), "8193 bits": spki(rsaKey(8193, 65537)),
		"exponent 1": spki(rsaKey(2048, 1)), "exponent 2": spki(rsaKey(2048, 2)), "an even modulus": spki(even), "P-384": spki(&p384.PublicKey), "Ed25519": spki(edwards),
		"off the curve": block("PUBLIC KEY", offCurve), "two keys": good + good, "text before": "my key:\n" + good, "text after": good + "and so on", "cut off": good[:len(good)/2],
		"another type": block("CERTIFICATE REQUEST", offCurve), "a certificate": block("CERTIFICATE", offCurve), "OpenSSH": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAA you@host", "a JWK": `{"kty":"EC"}`,
		"trailing bytes in the DER": block("PUBLIC KEY", append(must[[]byte](t)(x509.MarshalPKIXPublicKey(&curve.PublicKey)), 0)),
		"too long":                  strings.Repeat("\n", 20<<10) + good, "the wrong label": block("RSA PUBLIC KEY", must[[]byte](t)(asn1.Marshal(5))),
	} {
		if k, err := pubkey.Parse([]byte(text)); err == nil || k != (pubkey.Key{}) {
			t.Errorf("%s is taken as %+v", name, k)
		}
	}
}

// A private key that is sent by mistake is called so whatever its label says, and nothing of it is in the error.
func TestAPrivateKeyIsRefusedAndNotRepeated(t *testing.T) {
	t.Parallel()
	rsaPair := must[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 2048))
	curve := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	pkcs8 := func(k crypto.PrivateKey) []byte { return must[[]byte](t)(x509.MarshalPKCS8PrivateKey(k)) }
	public := block("PUBLIC KEY", must[[]byte](t)(x509.MarshalPKIXPublicKey(&curve.PublicKey)))
	for name, text := range map[string]string{
		"PKCS #8":             block("PRIVATE KEY", pkcs8(curve)),
		"RSA":                 block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaPair)),
		"EC":                  block("EC PRIVATE KEY", must[[]byte](t)(x509.MarshalECPrivateKey(curve))),
		"encrypted":           block("ENCRYPTED PRIVATE KEY", pkcs8(curve)),
		"OpenSSH":             block("OPENSSH PRIVATE KEY", pkcs8(curve)),
		"beside a public key": public + block("PRIVATE KEY", pkcs8(curve)),
		"mislabelled":         block("PUBLIC KEY", pkcs8(curve)),
		"mislabelled RSA":     block("RSA PUBLIC KEY", x509.MarshalPKCS1PrivateKey(rsaPair)),
		"mislabelled EC":      block("PUBLIC KEY", must[[]byte](t)(x509.MarshalECPrivateKey(curve))),
		"in small letters":    strings.Replace(block("PRIVATE KEY", pkcs8(curve)), "PRIVATE KEY", "private key", 1),
	} {
		_, err := pubkey.Parse([]byte(text))
		if err == nil || !strings.Contains(err.Error(), "private key") {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for line := range strings.Lines(text) {
			if strings.Contains(err.Error(), strings.TrimSpace(line)) {
				t.Errorf("%s: the error repeats it", name)
			}
		}
	}
}

// Parsing never panics, and what is taken is its own normal form.
func FuzzParse(f *testing.F) {
	curve := must[*ecdsa.PrivateKey](f)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	f.Add(block("PUBLIC KEY", must[[]byte](f)(x509.MarshalPKIXPublicKey(&curve.PublicKey))))
	f.Add(block("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(rsaKey(2048, 65537))))
	f.Add("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----")
	f.Fuzz(func(t *testing.T, text string) {
		k, err := pubkey.Parse([]byte(text))
		if err != nil {
			return
		}
		if again, err := pubkey.Parse([]byte(k.PEM)); err != nil || again != k {
			t.Fatalf("%+v is again %+v, %v", k, again, err)
		}
	})
}
