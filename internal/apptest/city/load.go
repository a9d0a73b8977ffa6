package city

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"strings"
)

// table is what is written into one table.
type table struct {
	name    string
	columns []string
	rows    iter.Seq[[]any]
}

func (p *plan) tables() []table {
	return []table{
		{"organizations", []string{"id", "created_at", "name", "slug", "personal"}, p.organizations()},
		{"users", []string{"id", "created_at", "username", "name", "email", "email_verified", "personal_organization_id"}, p.users()},
		{"organization_members", []string{"id", "created_at", "organization_id", "user_id", "role"}, p.organizationMembers()},
		{"groups", []string{"id", "created_at", "organization_id", "owner_id", "name", "status"}, p.groups()},
		{"group_members", []string{"id", "created_at", "group_id", "user_id", "expires_at"}, p.groupMembers()},
		{"secrets", secretColumns, p.secrets()},
		{"secret_grants", grantColumns, p.grants()},
	}
}

// Fill writes a city into a database that has Keyhall's tables and nothing in them, as quickly as the database can: without
// looking up foreign keys, which all hold, and with the indexes made when the rows are there.
func Fill(ctx context.Context, db *sql.DB, s Size) error {
	l, err := newLoader(ctx, db)
	if err != nil {
		return err
	}
	for _, t := range newPlan(s).tables() {
		if err := l.fill(ctx, t); err != nil {
			return fmt.Errorf("fill %s: %w", t.name, err)
		}
	}
	return l.finish(ctx)
}

type loader struct {
	db       *sql.DB
	postgres bool
}

func newLoader(ctx context.Context, db *sql.DB) (*loader, error) {
	var version string
	if err := db.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&version); err == nil {
		return &loader{db: db}, nil
	}
	if err := db.QueryRowContext(ctx, "SHOW server_version").Scan(&version); err != nil {
		return nil, fmt.Errorf("neither SQLite nor PostgreSQL: %w", err)
	}
	return &loader{db: db, postgres: true}, nil
}

func (l *loader) fill(ctx context.Context, t table) (err error) {
	tx, err := l.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tx.Rollback())
		}
	}()
	again, err := l.dropIndexes(ctx, tx, t.name)
	if err != nil {
		return err
	}
	if err := l.write(ctx, tx, t); err != nil {
		return err
	}
	for _, index := range again {
		if _, err := tx.ExecContext(ctx, index); err != nil {
			return fmt.Errorf("%s: %w", index, err)
		}
	}
	return tx.Commit()
}

// dropIndexes takes the indexes of a table away, but for its key, and returns the statements that make them again.
func (l *loader) dropIndexes(ctx context.Context, tx *sql.Tx, name string) (again []string, err error) {
	list := "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = ?"
	if l.postgres {
		list = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() AND indexname NOT LIKE '%\\_pkey' AND tablename = $1"
	}
	rows, err := tx.QueryContext(ctx, list, name)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var names []string
	for rows.Next() {
		var index, text string
		if err := rows.Scan(&index, &text); err != nil {
			return nil, err
		}
		names, again = append(names, index), append(again, text)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	for _, index := range names {
		if _, err := tx.ExecContext(ctx, `DROP INDEX "`+index+`"`); err != nil {
			return nil, err
		}
	}
	return again, nil
}

func (l *loader) write(ctx context.Context, tx *sql.Tx, t table) error {
	insert := "INSERT INTO " + t.name + " (" + strings.Join(t.columns, ", ") + ") VALUES (?" + strings.Repeat(", ?", len(t.columns)-1) + ")"
	if l.postgres {
		if _, err := tx.ExecContext(ctx, "SET LOCAL session_replication_role = replica; SET LOCAL maintenance_work_mem = '256MB'"); err != nil {
			return err
		}
		insert = `COPY "` + t.name + `" ("` + strings.Join(t.columns, `", "`) + `") FROM STDIN`
	}
	into, err := tx.PrepareContext(ctx, insert)
	if err != nil {
		return err
	}
	for row := range t.rows {
		if _, err := into.ExecContext(ctx, row...); err != nil {
			return errors.Join(fmt.Errorf("%v: %w", row, err), into.Close())
		}
	}
	if l.postgres {
		if _, err := into.ExecContext(ctx); err != nil { // ends the copy
			return errors.Join(err, into.Close())
		}
	}
	return into.Close()
}

// finish gives the planner what it knows of a database in use. On SQLite it is done as SQLite's documents advise: without
// the limit it also keeps samples, and then plans each statement anew for other arguments, prepared or not.
func (l *loader) finish(ctx context.Context) error {
	commands := []string{"PRAGMA analysis_limit = 400", "ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)"}
	if l.postgres {
		commands = []string{"VACUUM ANALYZE", "CHECKPOINT"}
	}
	for _, command := range commands {
		if _, err := l.db.ExecContext(ctx, command); err != nil {
			return fmt.Errorf("%s: %w", command, err)
		}
	}
	return nil
}
