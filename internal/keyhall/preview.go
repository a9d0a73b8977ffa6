package keyhall

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/secret"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/mail"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy/lock"
)

// maxPreviewed is how many secrets a preview names, and how many projects.
const maxPreviewed = 100

// GroupChange is who would be added to which group.
type GroupChange struct {
	GroupID string
	UserIDs []string
	Logins  []string
}

// GroupChangePreview is what they would gain, and how much of what the group reaches is not named.
type GroupChangePreview struct {
	Gains       []*Access
	HiddenCount int
}

// PreviewGroupChange needs group.add_member: what people would gain by being added, of a disabled group once it is enabled. A secret
// or a project that the viewer does not see is counted and not named. Errors: NOT_FOUND, FORBIDDEN, BAD_USER_INPUT, RATE_LIMITED.
func (h *House) PreviewGroupChange(ctx context.Context, in GroupChange) (*GroupChangePreview, error) {
	if n := len(in.UserIDs) + len(in.Logins); n == 0 || n > maxGrantees {
		return nil, fault.BadInput("name 1 to "+strconv.Itoa(maxGrantees)+" people", "input", "userIds")
	}
	if err := h.allowed(ctx, "group.add_member", ent.TypeGroup, in.GroupID); err != nil {
		return nil, err
	}
	people, err := h.newcomers(ctx, in)
	if err != nil {
		return nil, err
	}
	g, err := h.client.Group.Get(ctx, in.GroupID)
	if err != nil {
		return nil, translate(err)
	}
	secrets, err := h.reachOf(ctx, g)
	if err != nil {
		return nil, err
	}
	projects, err := h.placesOf(ctx, g)
	if err != nil {
		return nil, err
	}
	out := &GroupChangePreview{Gains: []*Access{}, HiddenCount: secrets.hidden + projects.hidden}
	for _, person := range people {
		gains, err := h.gainsOf(ctx, person, secrets)
		if err != nil {
			return nil, err
		}
		placed, err := h.placed(ctx, person, g, projects)
		if err != nil {
			return nil, err
		}
		out.Gains = append(append(out.Gains, gains...), placed...)
	}
	return out, nil
}

// newcomers finds the people, each once. Somebody whom the viewer may not name is somebody who is not there.
func (h *House) newcomers(ctx context.Context, in GroupChange) ([]*ent.User, error) {
	var ids []string
	add := func(id, login *string) error {
		u, err := h.person(ctx, h.client, id, login)
		refused := (*fault.User)(nil)
		if errors.As(err, &refused) {
			return fault.NotFound()
		}
		if err == nil && !slices.Contains(ids, u.ID) {
			ids = append(ids, u.ID)
		}
		return translate(err)
	}
	for i := range in.UserIDs {
		if err := add(&in.UserIDs[i], nil); err != nil {
			return nil, err
		}
	}
	for i := range in.Logins {
		if err := add(nil, &in.Logins[i]); err != nil {
			return nil, err
		}
	}
	shown, err := h.named(ctx, ids)
	var out []*ent.User
	for _, id := range ids {
		if shown[id] != nil {
			out = append(out, shown[id])
		}
	}
	return out, err
}

// tellOwners records on each secret that the group reaches that more people have it now, and writes to their owners: in the
// transaction of the deed. A disabled group counts too: nobody hears when it is enabled. Who they are stands in the event of
// the group, for who may know.
func (h *House) tellOwners(ctx context.Context, tx *ent.Tx, allowed access.Permit, g *ent.Group, people []*ent.User) error {
	reach := lock.GroupReach(ctx, g.ID)
	secrets, err := tx.Secret.Query().Order(ent.Asc(secret.FieldID)).All(reach)
	if err != nil || len(secrets) == 0 {
		return err
	}
	owners, err := tx.User.Query().All(reach)
	if err != nil {
		return err
	}
	open, concerned := ctx, []string(nil)
	for _, s := range secrets {
		gain := 0
		for _, p := range people {
			if p.ID != s.OwnerID {
				gain++
			}
		}
		if gain == 0 {
			continue
		}
		n := strconv.Itoa(gain)
		event := secretEvent("share.group_grew", s, audit.Change{Field: "group", After: &g.ID}, audit.Change{Field: "new_members", After: &n})
		r, err := audit.Record(ctx, tx, allowed, event)
		if err != nil {
			return err
		}
		open, concerned = r.Open(ctx), append(concerned, s.OwnerID)
	}
	me := viewer.From(ctx)
	for _, u := range owners {
		if u.ID == me.UserID || u.SuspendedAt != 0 || !slices.Contains(concerned, u.ID) {
			continue
		}
		letter := mail.Letter{Kind: mail.GroupGrew, To: u.Email, UserID: u.ID, ResourceID: g.ID, Name: g.Name, ActorName: me.Username}
		if err := h.mail.Queue(open, tx, letter); err != nil {
			return err
		}
	}
	return nil
}
