package lock

import (
	"context"

	"entgo.io/ent/dialect/sql"

	"github.com/keyhall/keyhall/policy/internal/core"
)

// Departure sees what somebody was given in an organization and loses when they leave it, and what it is given on: grants on its
// secrets, places in its groups and projects and on its keys, and open invitations to these. Whoever takes them out holds the keys, and
// records each loss on the thing itself.
func Departure(ctx context.Context, organizationID, userID string) context.Context {
	return core.WithDuty(ctx, departure(organizationID, userID))
}

func departure(organization, person string) core.Duty {
	duty := core.Duty{Name: "departure", Reads: []core.Read{{Type: "Invitation", Rows: core.InvitedThere(organization, person)}}}
	for _, given := range []struct{ typ, table, of, column, things, through string }{
		{"SecretGrant", "secret_grants", "Secret", "secret_id", "secrets", ""},
		{"GroupMember", "group_members", "Group", "group_id", "groups", ""},
		{"Collaborator", "collaborators", "APIKey", "api_key_id", "api_keys", "projects"},
		{"ProjectMember", "project_members", "Project", "project_id", "projects", ""},
	} {
		duty.Reads = append(duty.Reads,
			core.Read{Type: given.typ, Rows: func(s *sql.Selector) {
				s.Where(sql.EQ(s.C("user_id"), person))
				core.Inside(organization, given.column, given.things, given.through)(s)
			}},
			core.Read{Type: given.of, Rows: func(s *sql.Selector) {
				named := sql.Dialect(s.Dialect()).Select(given.column).From(sql.Table(given.table)).Where(sql.EQ("user_id", person))
				s.Where(sql.In(s.C("id"), named))
				core.Of(organization, given.through)(s)
			}})
	}
	return duty
}
