package core

import "entgo.io/ent/dialect/sql"

// InvitedThere selects the open invitations of a person to keys of an organization's projects.
func InvitedThere(organization, person string) func(*sql.Selector) {
	return func(s *sql.Selector) {
		d := sql.Dialect(s.Dialect())
		projects := d.Select("id").From(sql.Table("projects")).Where(sql.EQ("organization_id", organization))
		keys := d.Select("id").From(sql.Table("api_keys")).Where(sql.In("project_id", projects))
		address := d.Select("email").From(sql.Table("users")).Where(sql.EQ("id", person))
		s.Where(sql.And(sql.EQ(s.C("status"), "PENDING"), sql.In(s.C("email"), address), sql.In(s.C("api_key_id"), keys)))
	}
}
