package keyhall

import (
	"context"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/invitation"
	"github.com/keyhall/keyhall/ent/securitysettings"
	"github.com/keyhall/keyhall/internal/token"
)

// succeed writes the key that takes another's place: everything that people set is as on the old one, also that it is
// disabled and by whom, so that a rotation enables nothing.
func (h *House) succeed(ctx context.Context, tx *ent.Tx, old *ent.APIKey, id string, secret token.Token) (token.Token, error) {
	p, err := tx.Project.Get(ctx, old.ProjectID)
	if err != nil {
		return token.Token{}, err
	}
	plain := token.New(kindOf(p))
	err = tx.APIKey.Create().SetID(id).SetReplacesID(old.ID).SetProjectID(old.ProjectID).SetNillableOwnerID(old.OwnerID).SetNillableServiceAccountID(old.ServiceAccountID).
		SetName(old.Name).SetDescription(old.Description).SetTags(old.Tags).SetKind(old.Kind).SetScopes(old.Scopes).
		SetStart(plain.Start()).SetExpiresAt(old.ExpiresAt).SetMetering(old.Metering).
		SetDisabledAt(old.DisabledAt).SetNillableDisabledByID(old.DisabledByID).SetDisabledAs(old.DisabledAs).Exec(ctx)
	if err != nil {
		return token.Token{}, err
	}
	if err := copySecurity(ctx, tx, old.ID, id); err != nil {
		return token.Token{}, err
	}
	bound, err := limitsOf(ctx, tx, old.ID)
	if err == nil {
		err = bound.copy(ctx, tx, id)
	}
	if err != nil {
		return token.Token{}, err
	}
	if err := h.credentials(ctx, tx, id, plain, secret); err != nil {
		return token.Token{}, err
	}
	return plain, h.bringPeople(ctx, tx, old.ID, id)
}

// bringPeople gives everybody on the old key the same role on the new one; they stay on the old one too. Open invitations go
// over: who accepts one wants the key that lasts.
func (h *House) bringPeople(ctx context.Context, tx *ent.Tx, old, id string) error {
	people, err := tx.Collaborator.Query().All(ctx) // of the old key alone: the permit reads no others
	if err != nil {
		return err
	}
	for _, c := range people {
		err := tx.Collaborator.Create().SetAPIKeyID(id).SetUserID(c.UserID).SetRole(c.Role).SetNillableAddedByID(c.AddedByID).Exec(ctx)
		if err != nil {
			return err
		}
	}
	if err := tx.Mail.Update().SetWithinID(id).Exec(ctx); err != nil { // letters before invitations, as who sends them does
		return err
	}
	return tx.Invitation.Update().Where(invitation.APIKeyID(old), invitation.StatusEQ(invitation.StatusPENDING)).SetAPIKeyID(id).Exec(ctx)
}

// copySecurity asks of requests with the new key what was asked with the old one.
func copySecurity(ctx context.Context, tx *ent.Tx, old, id string) error {
	s, err := tx.SecuritySettings.Query().Where(securitysettings.APIKeyID(old)).Only(ctx)
	if err != nil {
		return err
	}
	err = tx.SecuritySettings.Create().SetAPIKeyID(id).SetRequireSecret(s.RequireSecret).SetRequireJwt(s.RequireJwt).
		SetSecretOverridesAllowlists(s.SecretOverridesAllowlists).SetOrigins(s.Origins).SetUserAgents(s.UserAgents).
		SetMethods(s.Methods).SetAddresses(s.Addresses).Exec(ctx)
	if err != nil {
		return err
	}
	return copySigners(ctx, tx, old, id)
}
