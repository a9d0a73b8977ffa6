//go:build ignore

// Main writes a versioned migration for each database from the difference between ent/schema and the migrations so far.
// PostgreSQL's needs an empty database: run it through `make migration NAME=...`.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"log"
	"os"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/sqltool"
	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/schema/field"
	_ "github.com/lib/pq"
	_ "modernc.org/sqlite"

	tables "github.com/keyhall/keyhall/ent/migrate"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: main.go NAME")
	}
	for _, d := range []struct{ dialect, driver, url, dir string }{
		{dialect.SQLite, "sqlite", "file:dev?mode=memory&_pragma=foreign_keys(1)", "sqlite"},
		{dialect.Postgres, "postgres", os.Getenv("KEYHALL_TEST_POSTGRES"), "postgres"},
	} {
		if err := diff(d.dialect, d.driver, d.url, d.dir, os.Args[1]); err != nil {
			log.Fatalf("%s: %v", d.dialect, err)
		}
	}
}

func diff(d, driver, url, dir, name string) error {
	db, err := sql.Open(driver, url)
	if err != nil {
		return fmt.Errorf("open the empty database: %w", err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	path := "migrate/migrations/" + dir
	if err := os.MkdirAll(path, 0o755); err != nil {
		return err
	}
	files, err := sqltool.NewGooseDir(path)
	if err != nil {
		return err
	}
	m, err := schema.NewMigrate(entsql.OpenDB(d, db),
		schema.WithDir(files), schema.WithMigrationMode(schema.ModeReplay), schema.WithDialect(d),
		schema.WithFormatter(sqltool.GooseFormatter), schema.WithDropColumn(true), schema.WithDropIndex(true))
	if err != nil {
		return err
	}
	collate(d)
	if err := m.NamedDiff(context.Background(), name, tables.Tables...); err != nil && err != migrate.ErrNoPlan {
		return err
	}
	return nil
}

// collate gives PostgreSQL's text columns the byte order that SQLite has, so that orders and cursors agree.
func collate(d string) {
	for _, t := range tables.Tables {
		for _, c := range t.Columns {
			if c.Type == field.TypeString || c.Type == field.TypeEnum {
				c.Collation = ""
				if d == dialect.Postgres {
					c.Collation = "C"
				}
			}
		}
	}
}
