package keyhall

import (
	"context"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/apikey"
	"github.com/keyhall/keyhall/ent/jwtkey"
	"github.com/keyhall/keyhall/ent/securitysettings"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/token"
	"github.com/keyhall/keyhall/policy"
)

// Move asks to make a project key of a personal one.
type Move struct {
	ID             string
	ProjectID      string
	OverlapSeconds int
}

// MoveAPIKeyToProject needs api_key.move, and project.create_api_key in the project: a new key of the viewer's there takes the place
// of the personal one, which works on for the overlap. Errors: NOT_FOUND, FORBIDDEN, and INVALID, EXPIRY_TOO_LONG, KEY_EXPIRED.
func (h *House) MoveAPIKeyToProject(ctx context.Context, in Move) (Issued, error) {
	rotation := Rotation{ID: in.ID, OverlapSeconds: in.OverlapSeconds}
	if err := rotation.check(); err != nil {
		return Issued{}, err
	}
	id, secret := apikey.DefaultID(), token.New(token.KeySecret)
	var plain token.Token
	err := h.do(ctx, func(tx *ent.Tx) error {
		old, leave, err := h.leaving(ctx, tx, in, id)
		if err != nil {
			return err
		}
		enter, err := h.guard.Authorize(ctx, tx, "project.create_api_key", policy.Deed{ID: in.ProjectID, New: id})
		if err != nil {
			return err
		}
		p, err := tx.Project.Get(ctx, in.ProjectID)
		if err != nil {
			return err
		}
		plain = token.New(kindOf(p))
		if err := h.issue(ctx, tx, enter, p, heir(old), id, plain, secret); err != nil {
			return err
		}
		bound, err := limitsOf(ctx, tx, old.ID)
		if err != nil {
			return err
		}
		kept, grace := bound.within(p.Currency), rotation.grace(old, leave.Now)
		changes := append(bound.moved(kept), audit.Change{Field: "replaced_by", After: &id}, audit.Change{Field: "project", After: &p.ID})
		if err := h.replaceBy(ctx, tx, leave, old, id, heritage{rotation.changes(grace, changes...), kept, grace}); err != nil {
			return err
		}
		return h.tellRotated(ctx, tx, old, id)
	})
	if err != nil {
		return Issued{}, err
	}
	return h.issued(ctx, id, plain, secret)
}

// leaving authorizes that a personal key is replaced, and reads it under its lock. Both projects are held before it, in one order for
// everybody; see noSuccessor.
func (h *House) leaving(ctx context.Context, tx *ent.Tx, in Move, id string) (*ent.APIKey, access.Permit, error) {
	before, err := tx.APIKey.Get(ctx, in.ID)
	if ent.IsNotFound(err) { // Authorize says so, and keeps the denial
		before, err = &ent.APIKey{}, nil
	}
	if err != nil {
		return nil, access.Permit{}, err
	}
	for _, project := range sortedUnique([]string{before.ProjectID, in.ProjectID}) {
		if err := h.guard.LockRow(ctx, tx, ent.TypeProject, project); err != nil {
			return nil, access.Permit{}, err
		}
	}
	if before.Kind == apikey.KindPROJECT && ownerOf(before) == viewerID(ctx) { // who owns it lacks no right
		return nil, access.Permit{}, fault.Refuse(fault.Invalid, "this key belongs to a project already; only a personal key can be moved", "input", "id")
	}
	allowed, err := h.guard.Authorize(ctx, tx, "api_key.move", policy.Deed{ID: in.ID, New: id})
	if err != nil {
		return nil, access.Permit{}, err
	}
	key, err := tx.APIKey.Get(ctx, in.ID)
	if err == nil {
		err = rotatable(key, allowed.Now)
	}
	return key, allowed, err
}

// heir is the project key that takes the place of a personal one: what people wrote about it stays.
func heir(old *ent.APIKey) CreateAPIKey {
	in := CreateAPIKey{
		Name: old.Name, Description: &old.Description, Tags: old.Tags, Kind: apikey.KindPROJECT, Scopes: old.Scopes, Metering: old.Metering, replaces: old,
	}
	if old.ExpiresAt != 0 {
		at := time.UnixMicro(old.ExpiresAt)
		in.ExpiresAt = &at
	}
	return in
}

// heritage is what becomes of a key that moves: what is told of it, what limits the new one, and until when the old one works on.
type heritage struct {
	changes []audit.Change
	limits  limits
	grace   int64
}

// replaceBy lets the old key stop, asks of requests with the new one what was asked with it, and limits it alike.
func (h *House) replaceBy(ctx context.Context, tx *ent.Tx, allowed access.Permit, old *ent.APIKey, id string, to heritage) error {
	r, err := audit.Record(ctx, tx, allowed, keyEvent("api_key.moved", old, to.changes...))
	if err != nil {
		return err
	}
	ctx = r.Open(ctx)
	s, err := tx.SecuritySettings.Query().Where(securitysettings.APIKeyID(old.ID)).Only(ctx)
	if err != nil {
		return err
	}
	err = tx.SecuritySettings.Update().Where(securitysettings.APIKeyID(id)).SetRequireSecret(s.RequireSecret).SetRequireJwt(s.RequireJwt).
		SetSecretOverridesAllowlists(s.SecretOverridesAllowlists).SetOrigins(s.Origins).SetUserAgents(s.UserAgents).
		SetMethods(s.Methods).SetAddresses(s.Addresses).Exec(ctx)
	if err != nil {
		return err
	}
	if err := copySigners(ctx, tx, old.ID, id); err != nil {
		return err
	}
	if err := to.limits.copy(ctx, tx, id); err != nil {
		return err
	}
	return tx.APIKey.UpdateOneID(old.ID).SetGraceExpiresAt(to.grace).Exec(ctx)
}

// copySigners gives a new key the public keys of an old one, under ids of their own: a token names the key of one API key.
func copySigners(ctx context.Context, tx *ent.Tx, old, id string) error {
	keys, err := tx.JWTKey.Query().Where(jwtkey.APIKeyID(old)).All(ctx)
	if err != nil {
		return err
	}
	for _, k := range keys {
		err := tx.JWTKey.Create().SetAPIKeyID(id).SetName(k.Name).SetAlgorithm(k.Algorithm).SetFingerprint(k.Fingerprint).
			SetPublicKeyPem(k.PublicKeyPem).SetPosition(k.Position).Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}
