package core

import "entgo.io/ent/dialect"

// Now is the SQL expression of the database's own clock in microseconds since 1970 UTC. Expiry is decided by it and by no
// other clock. PostgreSQL's statement time moves on after a lock wait, its transaction time would not.
func Now(d string) string {
	if d == dialect.Postgres {
		return "(extract(epoch from statement_timestamp()) * 1000000)::bigint"
	}
	return "CAST(unixepoch('subsec') * 1000000 AS INTEGER)"
}
