package keyhall

import (
	"context"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/news"
	"github.com/keyhall/keyhall/policy"
	"github.com/keyhall/keyhall/policy/lock"
)

// DeleteOrganization needs organization.delete: its people, groups and projects are gone with it, and the keys of those that are
// archived. Its name has to be written again. That it was deleted is kept in the deleter's own organization's trail; what its trail
// says stays, and nobody reads it any more. Errors: NOT_FOUND, FORBIDDEN, and INVALID.
func (h *House) DeleteOrganization(ctx context.Context, id, confirmName string) error {
	return h.do(ctx, func(tx *ent.Tx) error {
		allowed, err := h.guard.Authorize(ctx, tx, "organization.delete", policy.Deed{ID: id})
		if err != nil {
			return err
		}
		o, err := tx.Organization.Get(ctx, id)
		if err != nil {
			return err
		}
		if err := deletable(ctx, tx, o, confirmName); err != nil {
			return err
		}
		event := organizationEvent("organization.deleted", o)
		event.Within = viewerID(ctx) // its own place is about to go
		r, err := audit.Record(ctx, tx, allowed, event)
		if err != nil {
			return err
		}
		if err := h.tellMembers(ctx, tx, news.Lost, id); err != nil {
			return err
		}
		return deleteAll(r.Open(ctx), tx)
	})
}

// deletable says what has to be done first. Whatever comes into the organization meanwhile waits for it, or makes the deletion fail.
func deletable(ctx context.Context, tx *ent.Tx, o *ent.Organization, confirmName string) error {
	switch {
	case o.Personal:
		return fault.Refuse(fault.Invalid, "this is somebody's own organization: it stays as long as their account", "input", "id")
	case confirmName != o.Name:
		return fault.Refuse(fault.Invalid, "write the name of the organization, exactly", "input", "confirmName")
	}
	inside := lock.OrganizationContents(ctx, o.ID)
	keys, err := tx.APIKey.Query().Exist(inside)
	if err != nil {
		return err
	}
	if keys {
		return fault.Refuse(fault.Invalid, "it still has keys: delete them, or archive their projects, first", "input", "id")
	}
	secrets, err := tx.Secret.Query().Exist(inside)
	if err == nil && secrets {
		err = fault.Refuse(fault.Invalid, "it still has secrets: their owners have to delete them first", "input", "id")
	}
	return err
}

// deleteAll deletes what the permit of a deletion reaches, what hangs on something before that itself.
func deleteAll(ctx context.Context, tx *ent.Tx) error {
	for _, all := range []func(context.Context) (int, error){
		tx.Collaborator.Delete().Exec, tx.APIKeyHash.Delete().Exec, tx.SealedValue.Delete().Exec, tx.SecuritySettings.Delete().Exec, tx.JWTKey.Delete().Exec,
		tx.Webhook.Delete().Exec, tx.SpendAccount.Delete().Exec, tx.SpendLease.Delete().Exec,
		tx.RateLimit.Delete().Exec, tx.SpendLimit.Delete().Exec, tx.SpendAlert.Delete().Exec, tx.UsageBucket.Delete().Exec, tx.Mail.Delete().Exec,
		tx.InvitationProject.Delete().Exec, tx.Invitation.Delete().Exec, tx.APIKey.Delete().Exec, tx.VerifierToken.Delete().Exec,
		tx.ServiceAccount.Delete().Exec, tx.ProjectMember.Delete().Exec, tx.Project.Delete().Exec,
		tx.GroupMember.Delete().Exec, tx.SecretGrant.Delete().Exec, tx.Group.Delete().Exec,
		tx.OrganizationMember.Delete().Exec, tx.Organization.Delete().Exec,
	} {
		if _, err := all(ctx); err != nil {
			return err
		}
	}
	return nil
}
