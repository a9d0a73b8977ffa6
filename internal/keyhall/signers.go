package keyhall

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/jwtkey"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/pubkey"
)

// signers is a list of public keys in the place of another. A key that is in both keeps its id, because tokens name it.
type signers struct {
	before, after []signer
	rows          map[string]*ent.JWTKey // of before, by fingerprint
}

// replace is what becomes of the public keys; a nil list keeps them.
func (s security) replace(with *[]signer) signers {
	out := signers{rows: map[string]*ent.JWTKey{}}
	for _, row := range s.keys {
		out.before = append(out.before, signer{row.Name, pubkey.Key{Algorithm: row.Algorithm, Fingerprint: row.Fingerprint, PEM: row.PublicKeyPem}})
		out.rows[row.Fingerprint] = row
	}
	out.after = out.before
	if with != nil {
		out.after = *with
	}
	return out
}

// changes says which keys there were and are: names and fingerprints, never the key.
func (s signers) changes() []audit.Change {
	if slices.Equal(s.before, s.after) {
		return nil
	}
	return []audit.Change{audit.Changed("jwt_keys", inWords(s.before), inWords(s.after))}
}

func inWords(list []signer) string {
	out := make([]string, len(list))
	for i, k := range list {
		out[i] = fmt.Sprintf("%s (%s %s)", k.name, k.Algorithm, k.Fingerprint)
	}
	return strings.Join(out, ", ")
}

// write takes out what is gone, and puts each other key into its place.
func (s signers) write(ctx context.Context, tx *ent.Tx, apiKeyID string) error {
	var gone []string
	for fingerprint, row := range s.rows {
		if !slices.ContainsFunc(s.after, func(k signer) bool { return k.Fingerprint == fingerprint }) {
			gone = append(gone, row.ID)
		}
	}
	if len(gone) > 0 {
		if _, err := tx.JWTKey.Delete().Where(jwtkey.IDIn(gone...)).Exec(ctx); err != nil {
			return err
		}
	}
	for i, k := range s.after {
		if err := s.put(ctx, tx, apiKeyID, i, k); err != nil {
			return err
		}
	}
	return nil
}

func (s signers) put(ctx context.Context, tx *ent.Tx, apiKeyID string, i int, k signer) error {
	row, known := s.rows[k.Fingerprint]
	switch {
	case !known:
		return tx.JWTKey.Create().SetAPIKeyID(apiKeyID).SetName(k.name).SetAlgorithm(k.Algorithm).
			SetFingerprint(k.Fingerprint).SetPublicKeyPem(k.PEM).SetPosition(i).Exec(ctx)
	case row.Name != k.name || row.Position != i:
		return tx.JWTKey.UpdateOneID(row.ID).SetName(k.name).SetPosition(i).Exec(ctx)
	}
	return nil
}
