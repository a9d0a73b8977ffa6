package keyhall

import (
	"context"
	"slices"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/apikey"
	"github.com/keyhall/keyhall/ent/group"
	"github.com/keyhall/keyhall/ent/groupmember"
	"github.com/keyhall/keyhall/ent/organizationmember"
	"github.com/keyhall/keyhall/ent/project"
	"github.com/keyhall/keyhall/ent/projectmember"
	"github.com/keyhall/keyhall/ent/secret"
	"github.com/keyhall/keyhall/ent/user"
	"github.com/keyhall/keyhall/internal/page"
	"github.com/keyhall/keyhall/policy/lock"
)

// maxOffboarding is how many of each kind a preview names, the oldest first.
const maxOffboarding = 100

// OffboardingPreview is what an organization would lose, and should look after, if somebody left it now. What its owner does not
// see otherwise has a name, and no more.
type OffboardingPreview struct {
	KeysThatStop []*ent.APIKey // that requests can be made with now
	SolelyOwned  []ent.Noder   // keys, secrets and groups
	Exposures    []*Exposure
	Heirs        []*ent.User // the owners of the organization, and of the projects that these keys are in
}

// OffboardingPreview needs organization.view_offboarding. Errors: NOT_FOUND, FORBIDDEN.
func (h *House) OffboardingPreview(ctx context.Context, organizationID, userID string) (*OffboardingPreview, error) {
	if err := h.allowed(ctx, viewOffboarding, ent.TypeOrganization, organizationID); err != nil {
		return nil, err
	}
	first := maxOffboarding
	exposed, err := h.ExposureReport(ctx, ExposureReport{OrganizationID: organizationID, PersonID: userID}, page.Window{First: &first})
	if err != nil {
		return nil, err
	}
	under := lock.Offboarding(ctx, organizationID, userID)
	out := &OffboardingPreview{KeysThatStop: []*ent.APIKey{}, SolelyOwned: []ent.Noder{}, Exposures: exposed.Nodes(), Heirs: []*ent.User{}}
	if err := h.keysLeft(ctx, under, out); err != nil {
		return nil, translate(err)
	}
	if err := h.thingsLeft(ctx, under, out); err != nil {
		return nil, translate(err)
	}
	heirs, err := h.heirs(ctx, under, userID)
	if err != nil {
		return nil, translate(err)
	}
	named, err := h.named(ctx, heirs)
	for _, id := range heirs {
		if named[id] != nil {
			out.Heirs = append(out.Heirs, named[id])
		}
	}
	return out, err
}

// keysLeft are the keys of a person: all of them are theirs alone, and those that are good now stop.
func (h *House) keysLeft(ctx, under context.Context, out *OffboardingPreview) error {
	now, err := h.guard.Clock(ctx)
	if err != nil {
		return err
	}
	named := []string{apikey.FieldID, apikey.FieldName, apikey.FieldKind, apikey.FieldCreatedAt} // all that is shown of a hidden one
	good, err := h.client.APIKey.Query().Where(apikey.DisabledAt(0), apikey.Or(apikey.ExpiresAt(0), apikey.ExpiresAtGT(now)),
		apikey.Or(apikey.GraceExpiresAt(0), apikey.GraceExpiresAtGT(now)), apikey.HasProjectWith(project.ArchivedAt(0))).
		Order(ent.Asc(apikey.FieldID)).Limit(maxOffboarding).Select(named...).All(under)
	if err != nil {
		return err
	}
	all, err := h.client.APIKey.Query().Order(ent.Asc(apikey.FieldID)).Limit(maxOffboarding).Select(named...).All(under)
	if err != nil {
		return err
	}
	var ids []string
	for _, k := range slices.Concat(good, all) {
		ids = append(ids, k.ID)
	}
	seen, err := h.client.APIKey.Query().Where(apikey.IDIn(ids...)).All(ctx)
	if err != nil {
		return err
	}
	shown := func(k *ent.APIKey) *ent.APIKey {
		if i := slices.IndexFunc(seen, func(s *ent.APIKey) bool { return s.ID == k.ID }); i >= 0 {
			return seen[i]
		}
		return k
	}
	for _, k := range good {
		out.KeysThatStop = append(out.KeysThatStop, shown(k))
	}
	for _, k := range all {
		out.SolelyOwned = append(out.SolelyOwned, shown(k))
	}
	return nil
}

// thingsLeft are the secrets and the groups that a person owns.
func (h *House) thingsLeft(ctx, under context.Context, out *OffboardingPreview) error {
	secrets, err := h.client.Secret.Query().Order(ent.Asc(secret.FieldID)).Limit(maxOffboarding).
		Select(secret.FieldID, secret.FieldName, secret.FieldCreatedAt, secret.FieldUpdatedAt).All(under) // all that is shown of a hidden one
	if err != nil {
		return err
	}
	var ids []string
	for _, s := range secrets {
		ids = append(ids, s.ID)
	}
	seen, err := h.client.Secret.Query().Where(secret.IDIn(ids...)).All(ctx)
	if err != nil {
		return err
	}
	for _, s := range secrets {
		if i := slices.IndexFunc(seen, func(v *ent.Secret) bool { return v.ID == s.ID }); i >= 0 {
			s = seen[i]
		}
		out.SolelyOwned = append(out.SolelyOwned, s)
	}
	groups, err := h.client.Group.Query().Order(ent.Asc(group.FieldID)).Limit(maxOffboarding).All(under)
	if err != nil {
		return err
	}
	ids = nil
	for _, g := range groups {
		ids = append(ids, g.ID)
	}
	named, err := h.namedGroups(ctx, ids)
	for _, g := range groups {
		if named[g.ID] != nil {
			out.SolelyOwned = append(out.SolelyOwned, named[g.ID])
		}
	}
	return err
}

// heirs are the ids of those who could look after what is left: whoever owns the organization or one of the projects, also by a group
// in which the viewer sees them, but the one who goes.
func (h *House) heirs(ctx, under context.Context, leaving string) ([]string, error) {
	var projects []string
	keys, err := h.client.APIKey.Query().GroupBy(apikey.FieldProjectID).Strings(under)
	if err != nil {
		return nil, err
	}
	projects = append(projects, keys...)
	owners, err := h.client.OrganizationMember.Query().Where(organizationmember.UserIDNEQ(leaving)).All(under)
	if err != nil {
		return nil, err
	}
	members, err := h.client.ProjectMember.Query().Where(projectmember.ProjectIDIn(projects...), projectmember.Or(projectmember.UserIDNEQ(leaving), projectmember.GroupIDNotNil())).All(under)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, o := range owners {
		ids = append(ids, o.UserID)
	}
	var groups []string
	for _, m := range members {
		ids, groups = append(ids, people(m.UserID)...), append(groups, people(m.GroupID)...)
	}
	led, err := h.inGroups(ctx, groups, leaving)
	if err != nil {
		return nil, err
	}
	ids = append(ids, led...)
	return h.client.User.Query().Where(user.IDIn(ids...)).Order(ent.Asc(user.FieldID)).Limit(maxOffboarding).IDs(under)
}

// inGroups are the people but one who are in enabled groups now, where the viewer sees who is.
func (h *House) inGroups(ctx context.Context, groups []string, leaving string) ([]string, error) {
	if len(groups) == 0 {
		return nil, nil
	}
	now, err := h.guard.Clock(ctx)
	if err != nil {
		return nil, err
	}
	return h.client.GroupMember.Query().Where(groupmember.GroupIDIn(groups...), groupmember.UserIDNEQ(leaving), groupmember.HasGroupWith(group.StatusEQ(group.StatusENABLED)),
		groupmember.Or(groupmember.ExpiresAt(0), groupmember.ExpiresAtGT(now))).GroupBy(groupmember.FieldUserID).Strings(ctx)
}
