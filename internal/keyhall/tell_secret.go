package keyhall

import (
	"context"
	"slices"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/news"
	"github.com/keyhall/keyhall/policy/lock"
)

// tellOf is tell for a thing of any type.
func (h *House) tellOf(tx *ent.Tx, how news.How, typ, id string, users ...string) {
	h.afterwards(tx, news.Note{To: users, Thing: news.Thing{Type: typ, ID: id}, How: how})
}

// tellSecret is for everybody who has a way to the secret.
func (h *House) tellSecret(ctx context.Context, tx *ent.Tx, how news.How, s *ent.Secret) error {
	users, err := secretAudience(ctx, tx, s)
	if err != nil {
		return err
	}
	h.tellOf(tx, how, ent.TypeSecret, s.ID, users...)
	return nil
}

// tellSecretGone is tellSecret for one that is about to be deleted: only who sees it now hears of it.
func (h *House) tellSecretGone(ctx context.Context, tx *ent.Tx, s *ent.Secret) error {
	users, err := secretAudience(ctx, tx, s)
	if err != nil {
		return err
	}
	return h.tellWhoSees(ctx, tx, ent.TypeSecret, s.ID, users)
}

// secretAudience are those whom a deed on a secret may concern: more than see it, perhaps, and never fewer.
func secretAudience(ctx context.Context, tx *ent.Tx, s *ent.Secret) ([]string, error) {
	ctx = lock.SecretAudience(ctx, s.ID)
	users := []string{s.OwnerID}
	grants, err := tx.SecretGrant.Query().All(ctx)
	if err != nil {
		return nil, err
	}
	for _, g := range grants {
		if g.UserID != nil {
			users = append(users, *g.UserID)
		}
	}
	members, err := membersOf(ctx, tx)
	return distinct(users, members), err
}

// tellWhoSees tells those of them who see a thing now that it is gone.
func (h *House) tellWhoSees(ctx context.Context, tx *ent.Tx, typ, id string, users []string) error {
	saw, err := h.guard.SeenBy(ctx, tx, users, typ, id)
	if err != nil {
		return err
	}
	h.tellOf(tx, news.Lost, typ, id, saw...)
	return nil
}

// tellGrantee is for the person, or for the members of the group, that a grant is of.
func (h *House) tellGrantee(ctx context.Context, tx *ent.Tx, how news.How, secretID string, to grantee) error {
	users, err := granteeAudience(ctx, tx, to)
	if err != nil {
		return err
	}
	h.tellOf(tx, how, ent.TypeSecret, secretID, users...)
	return nil
}

func granteeAudience(ctx context.Context, tx *ent.Tx, to grantee) ([]string, error) {
	if to.groupID != "" {
		return membersOf(lock.GroupAudience(ctx, to.groupID), tx)
	}
	return []string{to.userID}, nil
}

// tellGroup is for the owner and the members of a group. What the group reaches, they then ask for.
func (h *House) tellGroup(ctx context.Context, tx *ent.Tx, how news.How, g *ent.Group) error {
	members, err := membersOf(lock.GroupAudience(ctx, g.ID), tx)
	if err != nil {
		return err
	}
	h.tellOf(tx, how, ent.TypeGroup, g.ID, distinct([]string{g.OwnerID}, members)...)
	return nil
}

// tellGroupGone is tellGroup for a group that is about to be deleted: only who sees it now hears of it.
func (h *House) tellGroupGone(ctx context.Context, tx *ent.Tx, g *ent.Group) error {
	members, err := membersOf(lock.GroupAudience(ctx, g.ID), tx)
	if err != nil {
		return err
	}
	return h.tellWhoSees(ctx, tx, ent.TypeGroup, g.ID, distinct([]string{g.OwnerID}, members))
}

// membersOf are the people of the groups that ctx lets see.
func membersOf(ctx context.Context, tx *ent.Tx) ([]string, error) {
	members, err := tx.GroupMember.Query().All(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]string, len(members))
	for i, m := range members {
		out[i] = m.UserID
	}
	return out, nil
}

func distinct(a, b []string) []string { return sortedUnique(slices.Concat(a, b)) }
