// Package pubkey reads the public keys that tokens are signed with: RSA of 2048 to 8192 bits for RS256, P-256 for ES256, and
// nothing else, so that the key decides about the algorithm and a token never does. It holds no private key: one that is
// sent by mistake is refused, and no error ever repeats what was sent.
package pubkey

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
)

// The algorithms.
const (
	RS256 = "RS256"
	ES256 = "ES256"
)

const (
	maxText    = 16 << 10 // bytes; a key of 8192 bits has 1.5 KiB
	minRSABits = 2048
	maxRSABits = 8192
)

// Key is a public key.
type Key struct {
	Algorithm   string
	Fingerprint string // base64 of the SHA-256 of the key in DER (SubjectPublicKeyInfo)
	PEM         string // the same key in its normal form, a block of type PUBLIC KEY
}

// Parse reads one public key in PEM.
func Parse(text []byte) (Key, error) {
	public, err := decode(text)
	if err != nil {
		return Key{}, err
	}
	algorithm, err := algorithmOf(public)
	if err != nil {
		return Key{}, err
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return Key{}, errUnreadable()
	}
	sum := sha256.Sum256(der)
	return Key{
		Algorithm: algorithm, Fingerprint: base64.StdEncoding.EncodeToString(sum[:]),
		PEM: string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
	}, nil
}

// Public reads a key that Parse brought into its normal form, to check signatures with.
func (k Key) Public() (any, error) {
	public, err := decode([]byte(k.PEM))
	if err != nil {
		return nil, err
	}
	if algorithm, err := algorithmOf(public); err != nil || algorithm != k.Algorithm {
		return nil, errUnreadable()
	}
	return public, nil
}

// decode finds the one block of the text and the key in it.
func decode(text []byte) (public any, err error) {
	if len(text) > maxText {
		return nil, errors.New("this is too long for a public key in PEM")
	}
	if bytes.Contains(bytes.ToUpper(text), []byte("PRIVATE KEY")) {
		return nil, errPrivate()
	}
	block, rest := pem.Decode(bytes.TrimSpace(text))
	if block == nil || !bytes.HasPrefix(bytes.TrimSpace(text), []byte("-----BEGIN ")) {
		return nil, errUnreadable()
	}
	if len(bytes.TrimSpace(rest)) > 0 {
		return nil, errors.New("one key at a time: add each as an entry of its own")
	}
	switch block.Type {
	case "PUBLIC KEY":
		public, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		public, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		return nil, errors.New("send the public key of the certificate: openssl x509 -pubkey -noout")
	default:
		err = errUnreadable()
	}
	switch {
	case err != nil && isPrivate(block.Bytes):
		return nil, errPrivate()
	case err != nil:
		return nil, errUnreadable()
	}
	return public, nil
}

// isPrivate tells whether the content of a block is a private key, whatever the block says.
func isPrivate(der []byte) bool {
	_, err8 := x509.ParsePKCS8PrivateKey(der)
	_, err1 := x509.ParsePKCS1PrivateKey(der)
	_, errEC := x509.ParseECPrivateKey(der)
	return err8 == nil || err1 == nil || errEC == nil
}

func algorithmOf(public any) (string, error) {
	switch k := public.(type) {
	case *rsa.PublicKey:
		bits := k.N.BitLen()
		if bits < minRSABits || bits > maxRSABits {
			return "", errors.New("an RSA key has 2048 to 8192 bits")
		}
		if k.E < 3 || k.E&1 == 0 || k.N.Bit(0) == 0 {
			return "", errors.New("this RSA key is not safe: make a new one")
		}
		return RS256, nil
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() {
			return ES256, nil
		}
	}
	return "", errors.New("send an RSA key (RS256) or one on the curve P-256 (ES256)")
}

func errUnreadable() error {
	return errors.New("send a public key in PEM, from -----BEGIN PUBLIC KEY----- to its end")
}

func errPrivate() error {
	return errors.New("this is a private key, which must stay with you: send its public key, and replace the pair if others could have seen it")
}
