// Package migrations embeds the versioned migrations of both databases. It never applies them; internal/store does.
package migrations

import (
	"embed"
	"io/fs"

	"entgo.io/ent/dialect"
)

//go:embed sqlite/*.sql postgres/*.sql
var files embed.FS

// For returns the migrations of a dialect, in the order of their names.
func For(d string) (fs.FS, error) {
	if d == dialect.Postgres {
		return fs.Sub(files, "postgres")
	}
	return fs.Sub(files, "sqlite")
}
