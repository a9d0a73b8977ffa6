package keyhall

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/group"
	"github.com/keyhall/keyhall/ent/predicate"
	"github.com/keyhall/keyhall/ent/secretgrant"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy/lock"
)

// GranteeRef names a person or a group, in one of these ways. A login is a whole username or a whole address that its
// holder has verified, and reaches any account; an id is of somebody whom the viewer sees, and a group of one of their organizations.
type GranteeRef struct {
	UserID  *string
	GroupID *string
	Login   *string
}

// grantee is one of the two.
type grantee struct{ userID, groupID string }

func (g grantee) id() string { return g.userID + g.groupID }

func (g grantee) has() predicate.SecretGrant {
	if g.groupID != "" {
		return secretgrant.GroupID(g.groupID)
	}
	return secretgrant.UserID(g.userID)
}

// granteesOf finds everybody of a submission. All that cannot be given access are named, each at its path.
func (h *House) granteesOf(ctx context.Context, tx *ent.Tx, grants []NewGrant, secrets []*ent.Secret, now int64) ([]grantee, error) {
	var p problems
	out, named := make([]grantee, len(grants)), map[grantee]bool{}
	for i, g := range grants {
		to, err := h.grantee(ctx, tx, g.Grantee)
		refused := (*fault.User)(nil)
		switch {
		case errors.As(err, &refused):
			p.add(refused.Code, refused.Message, fmt.Sprintf("grants.%d.grantee", i))
		case err != nil:
			return nil, err
		case named[to]:
			p.add(fault.Invalid, "this one is named twice", fmt.Sprintf("grants.%d.grantee", i))
		case owns(to.userID, secrets):
			p.add(fault.GranteeInvalid, "the owner of a secret has every right on it already", fmt.Sprintf("grants.%d.grantee", i))
		}
		if g.ExpiresAt != nil && g.ExpiresAt.UnixMicro() <= now {
			p.add(fault.ExpiryInPast, "choose a time in the future, or none", fmt.Sprintf("grants.%d.expiresAt", i))
		}
		out[i], named[to] = to, true
	}
	return out, p.err()
}

func owns(userID string, secrets []*ent.Secret) bool {
	for _, s := range secrets {
		if s.OwnerID == userID {
			return true
		}
	}
	return false
}

func (h *House) grantee(ctx context.Context, tx *ent.Tx, ref GranteeRef) (grantee, error) {
	given := 0
	for _, part := range []*string{ref.UserID, ref.GroupID, ref.Login} {
		if part != nil {
			given++
		}
	}
	if given != 1 {
		return grantee{}, fault.Refuse(fault.Invalid, "name them in one way: by userId, groupId or login")
	}
	if ref.GroupID != nil {
		id, err := h.groupToShare(ctx, tx, *ref.GroupID)
		return grantee{groupID: id}, err
	}
	u, err := h.person(ctx, tx.Client(), ref.UserID, ref.Login)
	if err != nil {
		return grantee{}, err
	}
	return grantee{userID: u.ID}, nil
}

// person finds an account; who has not verified an address is not found by it. That an account is suspended is told to who sees
// it, and not to who knows its name. Whoever asks for many that do not exist is slowed down.
func (h *House) person(ctx context.Context, c *ent.Client, id, login *string) (u *ent.User, err error) {
	if id != nil {
		u, err = c.User.Get(ctx, *id)
	} else {
		u, err = c.User.Query().Only(lock.AccountByLogin(ctx, strings.ToLower(strings.TrimSpace(*login))))
	}
	switch {
	case ent.IsNotFound(err), err == nil && id == nil && u.SuspendedAt != 0:
		if err := count(ctx, h.limits.Unknown, viewer.From(ctx).UserID); err != nil {
			return nil, err
		}
		return nil, fault.Refuse(fault.GranteeInvalid, "nobody has an account with this username or address")
	case err != nil:
		return nil, err
	case u.SuspendedAt != 0:
		return nil, fault.Refuse(fault.GranteeInvalid, "this account is suspended")
	}
	return u, nil
}

// groupToShare finds a group that is enabled and has members. That another one exists is told to who sees it, and to nobody else.
func (h *House) groupToShare(ctx context.Context, tx *ent.Tx, id string) (string, error) {
	none := fault.Refuse(fault.GranteeInvalid, "none of your organizations has such a group, or nobody is in it")
	reach := lock.GroupInReach(ctx, viewer.From(ctx).UserID, id)
	g, err := tx.Group.Query().Only(reach)
	switch {
	case ent.IsNotFound(err):
		return "", none
	case err != nil:
		return "", err
	case g.Status == group.StatusDISABLED:
		seen, err := tx.Group.Query().Where(group.ID(id)).Exist(ctx)
		if err != nil {
			return "", err
		}
		if seen {
			return "", fault.Refuse(fault.GroupDisabled, "this group is disabled: enable it first")
		}
		return "", none
	}
	peopled, err := tx.GroupMember.Query().Exist(reach)
	if err != nil {
		return "", err
	}
	if !peopled {
		return "", none
	}
	return id, nil
}
