package keyhall

import (
	"context"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/news"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy/lock"
)

// tell lets people know that a deed on a key concerned them. Call it inside the deed: it is passed on when the transaction is
// over, and also when nobody can say whether it was committed, because who is told only looks again, through the policy.
func (h *House) tell(tx *ent.Tx, how news.How, keyID string, users ...string) {
	h.afterwards(tx, news.Note{To: users, Thing: news.Thing{Type: ent.TypeAPIKey, ID: keyID}, How: how})
}

// tellAll is tell for everybody who has a way to the key.
func (h *House) tellAll(ctx context.Context, tx *ent.Tx, how news.How, key *ent.APIKey) error {
	users, err := h.audience(ctx, tx, key)
	if err != nil {
		return err
	}
	h.tell(tx, how, key.ID, users...)
	return nil
}

// tellGone is tellAll for a key that is about to be deleted. Afterwards nobody can be asked who saw it, so it is asked now:
// nobody else hears even its id.
func (h *House) tellGone(ctx context.Context, tx *ent.Tx, key *ent.APIKey) error {
	users, err := h.audience(ctx, tx, key)
	if err != nil {
		return err
	}
	return h.tellWhoSees(ctx, tx, ent.TypeAPIKey, key.ID, users)
}

// tellRotated is tellAll for a key and the one that took its place.
func (h *House) tellRotated(ctx context.Context, tx *ent.Tx, old *ent.APIKey, id string) error {
	if err := h.tellAll(ctx, tx, news.Changed, old); err != nil {
		return err
	}
	return h.tellAll(ctx, tx, news.Gained, &ent.APIKey{ID: id, OwnerID: old.OwnerID})
}

// tellAccount ends the open streams of an account whose credentials are not good any more.
func (h *House) tellAccount(tx *ent.Tx, userID string) {
	h.afterwards(tx, news.Note{To: []string{userID}})
}

// tellViewer is tellAccount for who asks.
func (h *House) tellViewer(ctx context.Context, tx *ent.Tx) {
	h.tellAccount(tx, viewer.From(ctx).UserID)
}

func (h *House) afterwards(tx *ent.Tx, n news.Note) {
	tx.OnCommit(func(next ent.Committer) ent.Committer {
		return ent.CommitFunc(func(ctx context.Context, tx *ent.Tx) error {
			defer h.news.Publish(n)
			return next.Commit(ctx, tx)
		})
	})
}

// audience are those whom a deed on a key may concern: more than see it, perhaps, and never fewer.
func (h *House) audience(ctx context.Context, tx *ent.Tx, key *ent.APIKey) ([]string, error) {
	ctx = lock.KeyAudience(ctx, key.ID)
	users := people(key.OwnerID)
	collaborators, err := tx.Collaborator.Query().All(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range collaborators {
		users = append(users, c.UserID)
	}
	near, err := around(ctx, tx)
	return distinct(users, near), err
}

// tellProject is for everybody who has a way to the project. What of it concerns them, they then ask for.
func (h *House) tellProject(ctx context.Context, tx *ent.Tx, how news.How, id string) error {
	users, err := around(lock.ProjectAudience(ctx, id), tx)
	if err != nil {
		return err
	}
	h.tellOf(tx, how, ent.TypeProject, id, sortedUnique(users)...)
	return nil
}

// around are the people of a project whom ctx lets see: its members, those of its groups, and the owners of its organization.
func around(ctx context.Context, tx *ent.Tx) ([]string, error) {
	members, err := tx.ProjectMember.Query().All(ctx)
	if err != nil {
		return nil, err
	}
	owners, err := tx.OrganizationMember.Query().All(ctx)
	if err != nil {
		return nil, err
	}
	users, err := membersOf(ctx, tx)
	if err != nil {
		return nil, err
	}
	for _, m := range members {
		users = append(users, people(m.UserID)...)
	}
	for _, o := range owners {
		users = append(users, o.UserID)
	}
	return users, nil
}
