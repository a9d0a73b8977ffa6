package keyhall

import (
	"context"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/verifiertoken"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/token"
	"github.com/keyhall/keyhall/policy"
)

// IssuedVerifier is a new verifier token with what is shown this once.
type IssuedVerifier struct {
	Token     *ent.VerifierToken
	Plaintext keyring.Secret
}

// CreateVerifierToken needs project.manage_verifiers. Errors: NOT_FOUND, FORBIDDEN, and INVALID, REQUIRED, TOO_LONG.
func (h *House) CreateVerifierToken(ctx context.Context, projectID, name string) (IssuedVerifier, error) {
	var p problems
	if p.text("name", name, maxName, true, false); p.err() != nil {
		return IssuedVerifier{}, p.err()
	}
	id, plain := verifiertoken.DefaultID(), token.New(token.VerifierToken)
	err := h.do(ctx, func(tx *ent.Tx) error {
		r, err := h.permit(ctx, tx, "project.manage_verifiers", policy.Deed{ID: projectID, New: id}, func(access.Permit) (audit.Event, error) {
			return verifierEvent("verifier_token.created", id, name, projectID), nil
		})
		if err != nil {
			return err
		}
		hash, pepper := plain.Hash(h.keys)
		return tx.VerifierToken.Create().SetID(id).SetProjectID(projectID).SetName(name).SetStart(plain.Start()).
			SetLookup(plain.ID()).SetHash(hash).SetPepperID(pepper).SetCreatedByID(viewerID(ctx)).Exec(r.Open(ctx))
	})
	if err != nil {
		return IssuedVerifier{}, err
	}
	row, err := shown(h.client.VerifierToken.Get(ctx, id))
	if err != nil {
		return IssuedVerifier{}, err
	}
	return IssuedVerifier{row, keyring.NewSecret(plain.Expose())}, nil
}

// RevokeVerifierToken needs project.manage_verifiers: the token is gone for good. Errors: NOT_FOUND, FORBIDDEN.
func (h *House) RevokeVerifierToken(ctx context.Context, id string) error {
	return h.do(ctx, func(tx *ent.Tx) error {
		v, err := tx.VerifierToken.Get(ctx, id)
		if err != nil {
			return err
		}
		r, err := h.permit(ctx, tx, "project.manage_verifiers", policy.Deed{ID: v.ProjectID, Part: id}, func(access.Permit) (audit.Event, error) {
			return verifierEvent("verifier_token.revoked", id, v.Name, v.ProjectID), nil
		})
		if err != nil {
			return err
		}
		return tx.VerifierToken.DeleteOneID(id).Exec(r.Open(ctx))
	})
}

func verifierEvent(typ, id, name, projectID string) audit.Event {
	return audit.Event{Type: typ, ResourceType: ent.TypeVerifierToken, ResourceID: id, ResourceName: name, Within: projectID}
}
