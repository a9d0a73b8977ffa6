package policy

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"github.com/keyhall/keyhall/policy/internal/core"
)

// ErrEnded says that the subject does not stand any more: their account is suspended, or the session or token that they came
// with has ended.
var ErrEnded = errors.New("policy: the subject's account or credential has ended")

// TypeOf is the type of the rows that a permission is about.
func (r *Revision) TypeOf(p Permission) (string, error) {
	u, err := r.rule(p)
	if err != nil {
		return "", err
	}
	return u.info.Type, nil
}

// LockRow holds a row until the transaction ends, so that what is decided next stays true while it is done: whoever changes
// a right on the thing holds the same row. It is held as an update would: who only refers to it, as every audit row does to its
// organization, does not wait, and so nobody waits in a circle with them. SQLite has one writer and needs no lock.
func (r *Revision) LockRow(ctx context.Context, q core.Asker, typ, id string) error {
	if r.dialect != dialect.Postgres {
		return nil
	}
	e, ok := r.vocabulary[typ]
	if !ok {
		return fmt.Errorf("policy: no rows of %s to lock", typ)
	}
	rows := &entsql.Rows{}
	if err := q.Ask(ctx, core.NewStatement(fmt.Sprintf("SELECT 1 FROM %q WHERE id = $1 FOR NO KEY UPDATE", e.Table), []any{id}), rows); err != nil {
		return fmt.Errorf("policy: lock a row of %s: %w", typ, err)
	}
	defer rows.Close()
	for rows.Next() { // the lock is taken when the row is read
	}
	return rows.Err()
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

// standing tells whether the subject has an account that is not suspended, and still holds the credential that they came
// with. Both stay so until the transaction ends: a request that was let in before its account was suspended, or before its
// session or token ended, does nothing after that.
func (r *Revision) standing(ctx context.Context, q core.Asker, s Subject) (bool, error) {
	rows := &entsql.Rows{}
	if err := q.Ask(ctx, s.stands(r.dialect), rows); err != nil {
		return false, fmt.Errorf("policy: look at the subject: %w", err)
	}
	defer rows.Close()
	stands := rows.Next()
	return stands, rows.Err()
}

// stands asks for one row of a subject that stands. Who ends a session or a token holds its account first, so rows are always
// taken in this order; that a credential was seen just now changes nothing that is asked here, and need not wait.
func (s Subject) stands(d string) core.Statement {
	credential, args := "", []any{s.ID}
	switch {
	case s.Session != "":
		credential, args = " JOIN sessions c ON c.user_id = u.id AND c.id = ?2 AND c.expires_at > "+core.Now(d), append(args, s.Session)
	case s.Token != "":
		credential, args = " JOIN access_tokens c ON c.user_id = u.id AND c.id = ?2 AND (c.expires_at = 0 OR c.expires_at > "+core.Now(d)+")", append(args, s.Token)
	}
	text := "SELECT 1 FROM users u" + credential + " WHERE u.id = ?1 AND u.suspended_at = 0"
	if d == dialect.Postgres {
		text = strings.ReplaceAll(text, "?", "$") + " FOR SHARE OF u"
		if credential != "" {
			text += " FOR KEY SHARE OF c"
		}
	}
	return core.NewStatement(text, args)
}
