package authn

import (
	"context"

	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/keyring"
)

// Hash hashes a phrase that is no account's password, as dear as one and in the same queue. Never inside a transaction.
func (a *Accounts) Hash(ctx context.Context, phrase keyring.Secret) (string, error) {
	hash, err := a.passwords.hash(ctx, phrase.Expose())
	if err != nil {
		return "", fault.Timeout(err)
	}
	return hash, nil
}

// Matches compares a phrase with its hash; no hash takes as long, and says no.
func (a *Accounts) Matches(ctx context.Context, phrase keyring.Secret, hash string) (bool, error) {
	ok, _, err := a.passwords.matches(ctx, phrase.Expose(), hash)
	if err != nil {
		return false, fault.Timeout(err)
	}
	return ok, nil
}
