package keyhall

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/apikey"
	"github.com/keyhall/keyhall/ent/groupmember"
	"github.com/keyhall/keyhall/ent/organizationmember"
	"github.com/keyhall/keyhall/ent/project"
	"github.com/keyhall/keyhall/ent/projectmember"
	"github.com/keyhall/keyhall/ent/user"
	"github.com/keyhall/keyhall/internal/mail"
	"github.com/keyhall/keyhall/policy/lock"
)

// remindsAtOnce is how many keys are looked after in one go.
const remindsAtOnce = 100

// RemindOfExpiry tells whom it concerns that a key expires in 30, 7 and 1 days: once each, also with several processes. Of a key that
// is within two of these by now, only the nearer one is told.
func (h *House) RemindOfExpiry(ctx context.Context) error {
	var failed []error
	for _, days := range []int{1, 7, 30} {
		duty := lock.KeysExpire(ctx, days)
		due, err := h.client.APIKey.Query().Order(ent.Asc(apikey.FieldExpiresAt)).Limit(remindsAtOnce).All(duty)
		if err != nil {
			return fmt.Errorf("look for keys that expire: %w", err)
		}
		for _, key := range due { // one that cannot be told of does not hold up the others
			if err := h.work(ctx, func(tx *ent.Tx) error { return h.remind(duty, tx, key, days) }); err != nil {
				failed = append(failed, fmt.Errorf("remind of %s: %w", key.ID, err))
			}
		}
	}
	return errors.Join(failed...)
}

// remind finds out whom to tell before it takes the key: whoever takes it second finds nothing due.
func (h *House) remind(duty context.Context, tx *ent.Tx, key *ent.APIKey, days int) error {
	to, err := h.concernedByExpiry(duty, tx, key)
	if ent.IsNotFound(err) { // told already, or extended in the meantime
		return nil
	}
	if err != nil {
		return err
	}
	first, err := tx.APIKey.Update().Where(apikey.ID(key.ID)).SetRemindedDays(days).Save(duty)
	if err != nil || first == 0 {
		return err
	}
	for _, address := range slices.Sorted(maps.Keys(to)) {
		letter := mail.Letter{Kind: mail.KeyExpires, To: address, UserID: to[address], ResourceID: key.ID, Name: key.Name, Generation: days}
		if err := h.mail.Queue(duty, tx, letter); err != nil {
			return err
		}
	}
	return nil
}

// concernedByExpiry are the addresses of who owns a key, and, of a key of a project, of its owners and of its team, each with their
// account. Who has left the organization is not told.
func (h *House) concernedByExpiry(duty context.Context, tx *ent.Tx, key *ent.APIKey) (map[string]string, error) {
	within, err := tx.Project.Query().Where(project.ID(key.ProjectID)).Only(duty)
	if err != nil {
		return nil, err
	}
	people, out := []string{}, map[string]string{}
	if key.OwnerID != nil {
		people = append(people, *key.OwnerID)
	}
	if key.Kind == apikey.KindPROJECT {
		if within.AlertEmail != "" {
			out[within.AlertEmail] = ""
		}
		owners, err := ownersOf(duty, tx, within.ID)
		if err != nil {
			return nil, err
		}
		people = append(people, owners...)
	}
	here, err := tx.OrganizationMember.Query().
		Where(organizationmember.OrganizationID(within.OrganizationID), organizationmember.UserIDIn(people...)).All(duty)
	if err != nil {
		return nil, err
	}
	var staying []string
	for _, m := range here {
		staying = append(staying, m.UserID)
	}
	users, err := tx.User.Query().Where(user.IDIn(staying...)).All(duty)
	for _, u := range users {
		out[u.Email] = u.ID
	}
	return out, err
}

// ownersOf a project, in their own person or by a group.
func ownersOf(duty context.Context, tx *ent.Tx, projectID string) ([]string, error) {
	owners, err := tx.ProjectMember.Query().Where(projectmember.ProjectID(projectID)).All(duty)
	if err != nil {
		return nil, err
	}
	var people, groups []string
	for _, m := range owners {
		if m.UserID != nil {
			people = append(people, *m.UserID)
		}
		if m.GroupID != nil {
			groups = append(groups, *m.GroupID)
		}
	}
	members, err := tx.GroupMember.Query().Where(groupmember.GroupIDIn(groups...)).All(duty)
	for _, m := range members {
		people = append(people, m.UserID)
	}
	return people, err
}
