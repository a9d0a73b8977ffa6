package city

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/keyhall/keyhall/internal/page"
)

// List is one page of a list of secrets.
type List struct {
	Viewer string
	Order  page.Order
	After  *page.Cursor
	Text   string // part of the name, the URL or the notes, or a tag; empty: all
	Size   int
}

// Prepare prepares a page in a hand-written form: its rows with all that Keyhall's have and, as every list does, one more.
func (k *Kept) Prepare(ctx context.Context, f Form, l List) (ids func() ([]string, error), err error) {
	text, args := "SELECT "+columns+" FROM "+f.From+" WHERE "+f.Where+k.filter(l.Text), arguments(l)
	direction, beyond := "", ">"
	if l.Order.Desc {
		direction, beyond = " DESC", "<"
	}
	if l.After != nil {
		text += fmt.Sprintf(" AND (s.%s, s.id) %s ($%d, $%d)", l.Order.Column, beyond, len(args)+1, len(args)+2)
		args = append(args, l.After.Value, l.After.ID)
	}
	text += fmt.Sprintf(" ORDER BY s.%s%s, s.id%s LIMIT %d", l.Order.Column, direction, direction, l.Size+1)
	st, err := k.prepare(ctx, f, text)
	if err != nil {
		return nil, err
	}
	return func() ([]string, error) { return rows(ctx, st, args, l.Size) }, nil
}

// Count prepares the number of rows of a list.
func (k *Kept) Count(ctx context.Context, f Form, l List) (n func() (int, error), err error) {
	st, err := k.prepare(ctx, f, "SELECT COUNT(*) FROM "+f.From+" WHERE "+f.Where+k.filter(l.Text))
	if err != nil {
		return nil, err
	}
	return func() (n int, err error) {
		err = st.QueryRowContext(ctx, arguments(l)...).Scan(&n)
		return n, err
	}, nil
}

func (k *Kept) prepare(ctx context.Context, f Form, text string) (*sql.Stmt, error) {
	db, err := k.of(f)
	if err != nil {
		return nil, err
	}
	st, err := db.PrepareContext(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", text, err)
	}
	k.stop = append(k.stop, st.Close)
	return st, nil
}

// Deep is the cursor after four fifths of a list.
func (k *Kept) Deep(ctx context.Context, l List) (*page.Cursor, error) {
	f := Forms(k.postgres())[0]
	count, err := k.Count(ctx, f, l)
	if err != nil {
		return nil, err
	}
	n, err := count()
	if err != nil {
		return nil, err
	}
	direction := map[bool]string{true: " DESC"}[l.Order.Desc]
	seek := fmt.Sprintf("SELECT s.%s, s.id FROM %s WHERE %s ORDER BY s.%s%s, s.id%s LIMIT 1 OFFSET %d",
		l.Order.Column, f.From, f.Where+k.filter(l.Text), l.Order.Column, direction, direction, n*4/5)
	c := &page.Cursor{Type: "Secret", Column: l.Order.Column}
	return c, k.DB.QueryRowContext(ctx, seek, arguments(l)...).Scan(&c.Value, &c.ID)
}

func (k *Kept) postgres() bool { return k.Store.URL != "" }

// filter is the text filter of the list; $2 is a pattern and $3 the text.
func (k *Kept) filter(text string) string {
	switch {
	case text == "":
		return ""
	case k.postgres():
		return " AND (s.name ILIKE $2 OR s.url ILIKE $2 OR s.notes ILIKE $2 OR s.tags @> to_jsonb($3::text))"
	}
	return " AND (s.name LIKE $2 OR s.url LIKE $2 OR s.notes LIKE $2 OR EXISTS (SELECT 1 FROM json_each(s.tags) WHERE value = $3))"
}

func arguments(l List) []any {
	if l.Text == "" {
		return []any{l.Viewer}
	}
	return []any{l.Viewer, "%" + l.Text + "%", l.Text}
}

const columns = `s.id, s.created_at, s.organization_id, s.owner_id, s.name, s.url, s.client_id, s.identifier, s.method, s.tags, s.notes,
	s.has_value, s.version, s.reason_required, s.notify_on_reveal, s.disabled_at, s.disabled_by_id, s.expires_at, s.updated_at, s.last_used_at, s.reveal_count`

// shown is a row of the hand-written list.
type shown struct {
	id, organization, owner, name, url, client, identifier, method, notes string
	tags                                                                  []string
	disabledBy                                                            *string
	created, version, disabled, expires, updated, used, reveals           int64
	hasValue, reason, notify                                              bool
}

func rows(ctx context.Context, st *sql.Stmt, args []any, size int) ([]string, error) {
	found, err := st.QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	var secrets []shown
	for found.Next() {
		var s shown
		var tags []byte
		if err := found.Scan(&s.id, &s.created, &s.organization, &s.owner, &s.name, &s.url, &s.client, &s.identifier, &s.method, &tags, &s.notes,
			&s.hasValue, &s.version, &s.reason, &s.notify, &s.disabled, &s.disabledBy, &s.expires, &s.updated, &s.used, &s.reveals); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(tags, &s.tags); err != nil {
			return nil, err
		}
		secrets = append(secrets, s)
	}
	ids := make([]string, min(len(secrets), size))
	for i := range ids {
		ids[i] = secrets[i].id
	}
	return ids, found.Err()
}
