package policy

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"github.com/keyhall/keyhall/policy/internal/core"
)

// TypeOf is the type of the rows that a permission is about.
func (r *Revision) TypeOf(p Permission) (string, error) {
	u, err := r.rule(p)
	if err != nil {
		return "", err
	}
	return u.info.Type, nil
}

// LockRow holds a row until the transaction ends, so that what is decided next stays true while it is done: whoever changes
// a right on the thing holds the same row. SQLite has one writer and needs no lock.
func (r *Revision) LockRow(ctx context.Context, q core.Asker, typ, id string) error {
	if r.dialect != dialect.Postgres {
		return nil
	}
	e, ok := r.vocabulary[typ]
	if !ok {
		return fmt.Errorf("policy: no rows of %s to lock", typ)
	}
	rows := &entsql.Rows{}
	if err := q.Ask(ctx, core.NewStatement(fmt.Sprintf("SELECT 1 FROM %q WHERE id = $1 FOR UPDATE", e.Table), []any{id}), rows); err != nil {
		return fmt.Errorf("policy: lock a row of %s: %w", typ, err)
	}
	defer rows.Close()
	for rows.Next() { // the lock is taken when the row is read
	}
	return rows.Err()
}

// Now is the database's clock, in microseconds since 1970 UTC.
func (r *Revision) Now(ctx context.Context, q core.Asker) (int64, error) {
	rows := &entsql.Rows{}
	if err := q.Ask(ctx, core.NewStatement("SELECT "+core.Now(r.dialect), nil), rows); err != nil {
		return 0, fmt.Errorf("policy: ask the clock: %w", err)
	}
	defer rows.Close()
	var now int64
	if rows.Next() {
		if err := rows.Scan(&now); err != nil {
			return 0, fmt.Errorf("policy: read the clock: %w", err)
		}
	}
	return now, rows.Err()
}

// Passed tells whether a moment is over by the database's clock.
func (r *Revision) Passed(ctx context.Context, q core.Asker, at int64) (bool, error) {
	now, err := r.Now(ctx, q)
	return err == nil && at <= now, err
}

// Clock is the database's own time, for who sets when something ends.
func Clock(ctx context.Context, q interface {
	core.Asker
	Dialect() string
}) (now int64, err error) {
	rows := &entsql.Rows{}
	if err := q.Ask(ctx, core.NewStatement("SELECT "+core.Now(q.Dialect()), []any{}), rows); err != nil {
		return 0, fmt.Errorf("policy: ask the clock: %w", err)
	}
	defer rows.Close()
	if rows.Next() {
		if err := rows.Scan(&now); err != nil {
			return 0, err
		}
	}
	return now, rows.Err()
}

// standing tells whether the subject has an account that is not suspended, and holds it so until the transaction ends: a
// request that was let in before its account was suspended does nothing after that.
func (r *Revision) standing(ctx context.Context, q core.Asker, s Subject) (bool, error) {
	text := "SELECT CASE WHEN suspended_at = 0 THEN 1 ELSE 0 END FROM users WHERE id = ?"
	if r.dialect == dialect.Postgres {
		text = "SELECT CASE WHEN suspended_at = 0 THEN 1 ELSE 0 END FROM users WHERE id = $1 FOR SHARE"
	}
	rows := &entsql.Rows{}
	if err := q.Ask(ctx, core.NewStatement(text, []any{s.ID}), rows); err != nil {
		return false, fmt.Errorf("policy: look at the subject: %w", err)
	}
	defer rows.Close()
	var active int
	if rows.Next() {
		if err := rows.Scan(&active); err != nil {
			return false, err
		}
	}
	return active == 1, rows.Err()
}
