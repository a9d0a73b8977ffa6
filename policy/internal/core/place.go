package core

import "entgo.io/ent/dialect/sql"

// Inside selects the rows of which a column names something of an organization: a row of the table, by its organization_id, or,
// where a table is named that it goes through, by the project_id of one there.
func Inside(organization, column, table, through string) func(*sql.Selector) {
	return func(s *sql.Selector) {
		d := sql.Dialect(s.Dialect())
		within := d.Select("id").From(sql.Table(table))
		if through == "" {
			within.Where(sql.EQ("organization_id", organization))
		} else {
			projects := d.Select("id").From(sql.Table(through)).Where(sql.EQ("organization_id", organization))
			within.Where(sql.In("project_id", projects))
		}
		s.Where(sql.In(s.C(column), within))
	}
}
