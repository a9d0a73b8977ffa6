package verify

import (
	"context"
	"fmt"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/jwtkey"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/pubkey"
	"github.com/keyhall/keyhall/internal/token"
	"github.com/keyhall/keyhall/policy/lock"
)

// proof is what the secret or the token of a request is compared with. It belongs to one entry, and goes with it.
type proof struct {
	secrets []secretHash
	signers map[string]signer // by their ids
}

// secretHash is the keyed hash of one version of a key's secret. The secret itself is forgotten as soon as it is made.
type secretHash struct {
	hash   []byte
	pepper string
	until  int64
}

// signer is a public key that tokens may be signed with.
type signer struct {
	algorithm string
	public    any
}

// proofOf reads it when it is needed first. Two may read it at once; both find the same, or the entry is over.
func (v *Verifier) proofOf(ctx context.Context, e *entry) (*proof, error) {
	if e.proof != nil {
		return e.proof, nil
	}
	p := &proof{signers: map[string]signer{}}
	if err := v.readSecrets(ctx, p, e.keyID()); err != nil {
		return nil, err
	}
	if err := v.readSigners(ctx, p, e); err != nil {
		return nil, err
	}
	v.known.prove(*e, p)
	return p, nil
}

func (v *Verifier) readSecrets(ctx context.Context, p *proof, keyID string) error {
	rows, err := v.Client.SealedValue.Query().All(lock.VerifySecret(ctx, keyID))
	if err != nil {
		return fmt.Errorf("read the secrets of a key: %w", err)
	}
	for _, row := range rows {
		value, err := v.Keys.Open(keyring.Sealed{WrappedKey: row.WrappedKey, Ciphertext: row.Ciphertext, KeysetID: row.KeysetID}, v.Place(keyID, row.Version))
		if err != nil {
			return fmt.Errorf("open the secret of a key to compare with: %w", err)
		}
		t, err := token.Parse(value.Expose())
		if err != nil {
			return fmt.Errorf("the secret of key %s is none: %w", keyID, err)
		}
		s := secretHash{until: never}
		s.hash, s.pepper = t.Hash(v.Keys)
		if row.ValidUntil != 0 {
			s.until = row.ValidUntil
		}
		p.secrets = append(p.secrets, s)
	}
	return nil
}

// knows tells whether a secret is one of the versions that are good. Every version is compared, whichever it is.
func (p *proof) knows(keys *keyring.Keyring, secret keyring.Secret, now int64) bool {
	t, err := token.Parse(secret.Expose())
	if err != nil || t.Kind() != token.KeySecret {
		return false
	}
	found := false
	for _, s := range p.secrets {
		same := t.Matches(keys, s.hash, s.pepper)
		found = found || same && now < s.until
	}
	return found
}

func (v *Verifier) readSigners(ctx context.Context, p *proof, e *entry) error {
	rows, err := v.Client.JWTKey.Query().Where(jwtkey.APIKeyID(e.keyID())).All(lock.VerifyLookup(ctx, string(e.lookup[:])))
	if err != nil {
		return fmt.Errorf("read the public keys of a key: %w", err)
	}
	for _, row := range rows {
		if p.signers[row.ID], err = signerOf(row); err != nil {
			return fmt.Errorf("public key %s cannot be read: %w", row.ID, err)
		}
	}
	return nil
}

func signerOf(row *ent.JWTKey) (signer, error) {
	public, err := pubkey.Key{Algorithm: row.Algorithm, PEM: row.PublicKeyPem}.Public()
	return signer{row.Algorithm, public}, err
}
