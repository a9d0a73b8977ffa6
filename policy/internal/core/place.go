package core

import "entgo.io/ent/dialect/sql"

// Of selects the rows of an organization: by their organization_id or, where a table is named that they go through, by the
// project_id of one there.
func Of(organization, through string) func(*sql.Selector) {
	return func(s *sql.Selector) {
		if through == "" {
			s.Where(sql.EQ(s.C("organization_id"), organization))
			return
		}
		there := sql.Dialect(s.Dialect()).Select("id").From(sql.Table(through)).Where(sql.EQ("organization_id", organization))
		s.Where(sql.In(s.C("project_id"), there))
	}
}

// Inside selects the rows of which a column names a row of the table that is of an organization.
func Inside(organization, column, table, through string) func(*sql.Selector) {
	return func(s *sql.Selector) {
		within := sql.Dialect(s.Dialect()).Select("id").From(sql.Table(table))
		Of(organization, through)(within)
		s.Where(sql.In(s.C(column), within))
	}
}
