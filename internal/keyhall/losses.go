package keyhall

import (
	"context"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/apikey"
	"github.com/keyhall/keyhall/ent/group"
	"github.com/keyhall/keyhall/ent/project"
	"github.com/keyhall/keyhall/ent/secret"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/news"
	"github.com/keyhall/keyhall/policy/lock"
)

// recordLosses writes on each thing what a departure takes from somebody, as if it had been taken there, so that the trail of
// the thing is whole; they and its owner hear of it.
func (h *House) recordLosses(ctx context.Context, tx *ent.Tx, allowed access.Permit, m *ent.OrganizationMember) error {
	under := lock.Departure(ctx, m.OrganizationID, m.UserID)
	for _, record := range []func(context.Context, context.Context, *ent.Tx, access.Permit, string) error{
		h.recordLostGrants, h.recordLostGroups, h.recordLostKeys, h.recordLostPlaces,
	} {
		if err := record(ctx, under, tx, allowed, m.UserID); err != nil {
			return err
		}
	}
	return nil
}

func (h *House) recordLostGrants(ctx, under context.Context, tx *ent.Tx, allowed access.Permit, who string) error {
	grants, err := tx.SecretGrant.Query().All(under)
	if err != nil {
		return err
	}
	secrets, err := tx.Secret.Query().Order(ent.Asc(secret.FieldID)).All(under)
	if err != nil {
		return err
	}
	of := map[string]*ent.SecretGrant{}
	for _, g := range grants {
		of[g.SecretID] = g
	}
	for _, s := range secrets {
		level := of[s.ID].Level
		event := secretEvent("share.revoked", s, audit.Change{Field: "grantee", Before: &who}, audit.Change{Field: "level", Before: (*string)(&level)})
		if _, err := audit.Record(ctx, tx, allowed, event); err != nil {
			return err
		}
		h.tellOf(tx, news.Lost|news.Changed, ent.TypeSecret, s.ID, who)
		h.tellOf(tx, news.Changed, ent.TypeSecret, s.ID, s.OwnerID)
	}
	return nil
}

func (h *House) recordLostGroups(ctx, under context.Context, tx *ent.Tx, allowed access.Permit, who string) error {
	groups, err := tx.Group.Query().Order(ent.Asc(group.FieldID)).All(under)
	if err != nil {
		return err
	}
	for _, g := range groups {
		if _, err := audit.Record(ctx, tx, allowed, groupEvent("group.member_removed", g, audit.Change{Field: "member", Before: &who})); err != nil {
			return err
		}
		h.tellOf(tx, news.Lost, ent.TypeGroup, g.ID, who)
		h.tellOf(tx, news.Changed, ent.TypeGroup, g.ID, g.OwnerID)
	}
	return nil
}

func (h *House) recordLostKeys(ctx, under context.Context, tx *ent.Tx, allowed access.Permit, who string) error {
	places, err := tx.Collaborator.Query().All(under)
	if err != nil {
		return err
	}
	keys, err := tx.APIKey.Query().Order(ent.Asc(apikey.FieldID)).All(under)
	if err != nil {
		return err
	}
	of := map[string]*ent.Collaborator{}
	for _, c := range places {
		of[c.APIKeyID] = c
	}
	for _, key := range keys {
		role := string(of[key.ID].Role)
		event := keyEvent("collaborator.removed", key, audit.Change{Field: "collaborator", Before: &who}, audit.Change{Field: "role", Before: &role})
		if _, err := audit.Record(ctx, tx, allowed, event); err != nil {
			return err
		}
		h.tell(tx, news.Lost, key.ID, who)
		h.tell(tx, news.Changed, key.ID, people(key.OwnerID)...)
	}
	return nil
}

// recordLostPlaces tells everybody around a project: who owns it, also by a group, and who owns the organization.
func (h *House) recordLostPlaces(ctx, under context.Context, tx *ent.Tx, allowed access.Permit, who string) error {
	places, err := tx.ProjectMember.Query().All(under)
	if err != nil {
		return err
	}
	projects, err := tx.Project.Query().Order(ent.Asc(project.FieldID)).All(under)
	if err != nil {
		return err
	}
	of := map[string]*ent.ProjectMember{}
	for _, m := range places {
		of[m.ProjectID] = m
	}
	for _, p := range projects {
		role := string(of[p.ID].Role)
		event := projectEvent("project.member_removed", p, audit.Change{Field: "grantee", Before: &who}, audit.Change{Field: "role", Before: &role})
		if _, err := audit.Record(ctx, tx, allowed, event); err != nil {
			return err
		}
		h.tellOf(tx, news.Lost|news.Changed, ent.TypeProject, p.ID, who)
		if err := h.tellProject(ctx, tx, news.Changed, p.ID); err != nil {
			return err
		}
	}
	return nil
}
