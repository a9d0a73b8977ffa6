package instance

import (
	"context"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/sealedvalue"
	"github.com/keyhall/keyhall/ent/sealedversion"
	"github.com/keyhall/keyhall/internal/keyring"
)

// values are the secrets of keys.
type values struct{ *rewrapping }

func (v values) behind(ctx context.Context, tx *ent.Tx, after string) ([]box, error) {
	rows, err := tx.SealedValue.Query().Where(sealedvalue.IDGT(after), sealedvalue.KeysetIDNEQ(v.keys.PrimaryID())).
		Order(ent.Asc(sealedvalue.FieldID)).Limit(batch).All(ctx)
	out := make([]box, len(rows))
	for i, r := range rows {
		out[i] = box{r.ID, keyring.Sealed{WrappedKey: r.WrappedKey, KeysetID: r.KeysetID}, KeySecret(v.install, r.APIKeyID, r.Version)}
	}
	return out, err
}

func (values) put(ctx context.Context, tx *ent.Tx, b box, next keyring.Sealed) (int, error) {
	return tx.SealedValue.Update().Where(sealedvalue.ID(b.id), sealedvalue.KeysetID(b.sealed.KeysetID)).
		SetWrappedKey(next.WrappedKey).SetKeysetID(next.KeysetID).Save(ctx)
}

// versions are the values of API secrets.
type versions struct{ *rewrapping }

func (v versions) behind(ctx context.Context, tx *ent.Tx, after string) ([]box, error) {
	rows, err := tx.SealedVersion.Query().Where(sealedversion.IDGT(after), sealedversion.KeysetIDNEQ(v.keys.PrimaryID())).
		Order(ent.Asc(sealedversion.FieldID)).Limit(batch).All(ctx)
	out := make([]box, len(rows))
	for i, r := range rows {
		out[i] = box{r.ID, keyring.Sealed{WrappedKey: r.WrappedKey, KeysetID: r.KeysetID}, SecretVersion(v.install, r.SecretID, r.Number)}
	}
	return out, err
}

func (versions) put(ctx context.Context, tx *ent.Tx, b box, next keyring.Sealed) (int, error) {
	return tx.SealedVersion.Update().Where(sealedversion.ID(b.id), sealedversion.KeysetID(b.sealed.KeysetID)).
		SetWrappedKey(next.WrappedKey).SetKeysetID(next.KeysetID).Save(ctx)
}
