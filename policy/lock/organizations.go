package lock

import (
	"context"

	"entgo.io/ent/dialect/sql"

	"github.com/keyhall/keyhall/policy/internal/core"
)

// The duties around organizations: what is in one, what comes with an invitation to one, and what somebody would leave behind.

// OrganizationContents sees what keeps an organization from being deleted: the keys of its projects that are not archived, and its
// secrets. Its owners do not see all of them; they are told that there are some, and no more.
func OrganizationContents(ctx context.Context, organizationID string) context.Context {
	return core.WithDuty(ctx, organizationContents(organizationID))
}

func organizationContents(organization string) core.Duty {
	return core.Duty{Name: "organization.contents", Reads: []core.Read{
		{Type: "Secret", Rows: sql.FieldEQ("organization_id", organization)},
		{Type: "APIKey", Rows: func(s *sql.Selector) {
			open := sql.Dialect(s.Dialect()).Select("id").From(sql.Table("projects")).
				Where(sql.And(sql.EQ("organization_id", organization), sql.EQ("archived_at", 0)))
			s.Where(sql.In(s.C("project_id"), open))
		}},
	}}
}

// InvitationPlaces sees the places in projects that come with an invitation to an organization, and those projects while they are
// there: whoever accepts does not see them yet.
func InvitationPlaces(ctx context.Context, invitationID string) context.Context {
	return core.WithDuty(ctx, invitationPlaces(invitationID))
}

func invitationPlaces(invitation string) core.Duty {
	return core.Duty{Name: "invitation.places", Reads: []core.Read{
		{Type: "InvitationProject", Rows: sql.FieldEQ("invitation_id", invitation)},
		{Type: "Project", Rows: func(s *sql.Selector) {
			offered := sql.Dialect(s.Dialect()).Select("project_id").From(sql.Table("invitation_projects")).Where(sql.EQ("invitation_id", invitation))
			s.Where(sql.In(s.C("id"), offered))
		}},
	}}
}

// Offboarding sees what somebody owns in an organization, and who owns what is around it: for the owners of the organization, who
// are shown a name of what they do not see otherwise. It reaches no value, and nobody whose account is suspended.
func Offboarding(ctx context.Context, organizationID, userID string) context.Context {
	return core.WithDuty(ctx, offboarding(organizationID, userID))
}

func offboarding(organization, person string) core.Duty {
	theirs := sql.AndPredicates(sql.FieldEQ("organization_id", organization), sql.FieldEQ("owner_id", person))
	keys := core.Inside(organization, "project_id", "projects", "")
	return core.Duty{Name: "offboarding", Reads: []core.Read{
		{Type: "Secret", Rows: theirs},
		{Type: "Group", Rows: theirs},
		{Type: "APIKey", Rows: func(s *sql.Selector) {
			s.Where(sql.EQ(s.C("owner_id"), person))
			keys(s)
		}},
		{Type: "Project", Rows: sql.FieldEQ("organization_id", organization)},
		{Type: "OrganizationMember", Rows: sql.AndPredicates(sql.FieldEQ("organization_id", organization), sql.FieldEQ("role", "OWNER"))},
		{Type: "ProjectMember", Rows: func(s *sql.Selector) {
			s.Where(sql.EQ(s.C("role"), "OWNER"))
			keys(s)
		}},
		{Type: "User", Rows: func(s *sql.Selector) {
			members := sql.Dialect(s.Dialect()).Select("user_id").From(sql.Table("organization_members")).Where(sql.EQ("organization_id", organization))
			s.Where(sql.And(sql.EQ(s.C("suspended_at"), 0), sql.In(s.C("id"), members)))
		}},
	}}
}
