package keyhall

import (
	"context"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/apikey"
	"github.com/keyhall/keyhall/ent/project"
	"github.com/keyhall/keyhall/ent/serviceaccount"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/news"
	"github.com/keyhall/keyhall/internal/token"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy"
)

// CreateAPIKey asks for a new key. Without ProjectID it goes to the default project of the viewer.
type CreateAPIKey struct {
	ProjectID   *string
	Name        string
	Description *string
	Tags        []string
	Kind        apikey.Kind
	ExpiresAt   *time.Time
	Scopes      []string
	Metering    apikey.Metering // empty: as it is by itself

	ServiceAccountID *string // owns it in the place of the viewer

	replaces *ent.APIKey // of a move: whose state it keeps
}

// Issued is a new key with what is shown this once.
type Issued struct {
	Key       *ent.APIKey
	Plaintext keyring.Secret
	Secret    keyring.Secret
}

// CreateAPIKey needs project.create_api_key; for a service account it needs project.manage_service_accounts instead.
// Errors: NOT_FOUND, FORBIDDEN, and INVALID, REQUIRED, TOO_LONG, EXPIRY_IN_PAST.
func (h *House) CreateAPIKey(ctx context.Context, in CreateAPIKey) (Issued, error) {
	if err := in.check(); err != nil {
		return Issued{}, err
	}
	id := apikey.DefaultID()
	var plain token.Token
	secret := token.New(token.KeySecret)
	err := h.do(ctx, func(tx *ent.Tx) error {
		projectID, err := h.home(ctx, tx, in)
		if err != nil {
			return err
		}
		allowed, err := h.issuing(ctx, tx, in, projectID, id)
		if err != nil {
			return err
		}
		p, err := tx.Project.Get(ctx, projectID)
		if err != nil {
			return err
		}
		plain = token.New(kindOf(p))
		if err := h.issue(ctx, tx, allowed, p, in, id, plain, secret); err != nil {
			return err
		}
		return h.tellAll(ctx, tx, news.Gained, &ent.APIKey{ID: id, OwnerID: in.owner(ctx)})
	})
	if err != nil {
		return Issued{}, err
	}
	return h.issued(ctx, id, plain, secret)
}

// issuing authorizes a new key, by who is to own it.
func (h *House) issuing(ctx context.Context, tx *ent.Tx, in CreateAPIKey, projectID, id string) (access.Permit, error) {
	if in.ServiceAccountID == nil {
		return h.guard.Authorize(ctx, tx, "project.create_api_key", policy.Deed{ID: projectID, New: id})
	}
	allowed, err := h.guard.Authorize(ctx, tx, "project.manage_service_accounts",
		policy.Deed{ID: projectID, New: id, Service: *in.ServiceAccountID})
	if err != nil {
		return access.Permit{}, err
	}
	s, err := tx.ServiceAccount.Query().Where(serviceaccount.ID(*in.ServiceAccountID), serviceaccount.ProjectID(projectID)).Only(ctx)
	if err == nil && s.DisabledAt != 0 {
		err = fault.Refuse(fault.Invalid, "this service account is disabled: enable it, or choose another", "input", "serviceAccountId")
	}
	return allowed, err
}

// owner is the person who is to own it, if that is one.
func (in CreateAPIKey) owner(ctx context.Context) *string {
	if in.ServiceAccountID != nil {
		return nil
	}
	me := viewer.From(ctx).UserID
	return &me
}

func (in CreateAPIKey) check() error {
	var p problems
	p.text("name", in.Name, maxName, true, false)
	if in.Description != nil {
		p.text("description", *in.Description, maxDescription, false, true)
	}
	p.list("tags", in.Tags, maxTags, maxTag)
	p.scopes("scopes", in.Scopes)
	if in.ServiceAccountID != nil && in.Kind != apikey.KindPROJECT {
		p.add(fault.Invalid, "a service account owns keys of its project only, not personal ones", "serviceAccountId")
	}
	return p.err()
}

// home is the project that the key goes to. A personal key stays with its person, so it has no choice of project.
func (h *House) home(ctx context.Context, tx *ent.Tx, in CreateAPIKey) (string, error) {
	if in.ProjectID != nil && in.Kind == apikey.KindPROJECT {
		return *in.ProjectID, nil
	}
	me, err := tx.User.Get(ctx, viewer.From(ctx).UserID)
	if err != nil {
		return "", err
	}
	id, err := tx.Project.Query().Where(project.OrganizationID(me.PersonalOrganizationID), project.IsDefault(true)).OnlyID(ctx)
	if err != nil {
		return "", err
	}
	if in.ProjectID != nil && *in.ProjectID != id {
		return "", fault.Refuse(fault.Invalid, "a personal key lives in your own default project: leave projectId out, or create a project key", "input", "projectId")
	}
	return id, nil
}

// kindOf is the middle part of a project's keys: live in production, test everywhere else.
func kindOf(p *ent.Project) token.Kind {
	if p.Environment == project.EnvironmentPRODUCTION {
		return token.LiveKey
	}
	return token.TestKey
}

// issue writes the key, the hash that verifies it and its sealed secret.
func (h *House) issue(ctx context.Context, tx *ent.Tx, allowed access.Permit, p *ent.Project, in CreateAPIKey, id string, plain, secret token.Token) error {
	if err := open(p); err != nil {
		return err
	}
	expires := int64(0)
	if in.ExpiresAt != nil {
		if expires = in.ExpiresAt.UnixMicro(); expires <= allowed.Now {
			return expiryInPast()
		}
	}
	r, err := audit.Record(ctx, tx, allowed, audit.Event{
		Type: "api_key.created", ResourceType: ent.TypeAPIKey, ResourceID: id, ResourceName: in.Name, Within: p.ID,
	})
	if err != nil {
		return err
	}
	ctx = r.Open(ctx)
	create := tx.APIKey.Create().SetID(id).SetProjectID(p.ID).SetNillableOwnerID(in.owner(ctx)).SetNillableServiceAccountID(in.ServiceAccountID).
		SetName(in.Name).SetNillableDescription(in.Description).SetKind(in.Kind).SetStart(plain.Start()).SetExpiresAt(expires)
	if in.Tags != nil {
		create.SetTags(in.Tags)
	}
	if in.Scopes != nil {
		create.SetScopes(in.Scopes)
	}
	if in.Metering != "" {
		create.SetMetering(in.Metering)
	}
	if old := in.replaces; old != nil {
		create.SetReplacesID(old.ID).SetMetering(old.Metering).SetDisabledAt(old.DisabledAt).SetNillableDisabledByID(old.DisabledByID).SetDisabledAs(old.DisabledAs)
	}
	if err := create.Exec(ctx); err != nil {
		return err
	}
	if err := tx.SecuritySettings.Create().SetAPIKeyID(id).Exec(ctx); err != nil {
		return err
	}
	return h.credentials(ctx, tx, id, plain, secret)
}

// credentials writes what a new key is verified by: its hash, and its secret sealed.
func (h *House) credentials(ctx context.Context, tx *ent.Tx, id string, plain, secret token.Token) error {
	hash, pepper := plain.Hash(h.keys)
	if err := tx.APIKeyHash.Create().SetAPIKeyID(id).SetLookup(plain.ID()).SetHash(hash).SetPepperID(pepper).Exec(ctx); err != nil {
		return err
	}
	return h.seal(ctx, tx, id, 1, keyring.NewSecret(secret.Expose()))
}
