package benches

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/page"
)

// The rule of who sees a key, as two good engineers would write it by hand; $1 is the viewer. The first starts from what
// the viewer has, which suits who sees few keys; the second from the keys, which suits who sees many.
const (
	handUnion = `k.id IN (
		SELECT o.id FROM api_keys o JOIN projects p ON p.id = o.project_id
			JOIN organization_members m ON m.organization_id = p.organization_id AND m.user_id = o.owner_id
			JOIN users u ON u.id = m.user_id
			WHERE o.owner_id = $1 AND u.suspended_at = 0
		UNION SELECT c.api_key_id FROM collaborators c JOIN api_keys s ON s.id = c.api_key_id
			WHERE c.user_id = $1 AND c.role IN ('ADMIN', 'CONTRIBUTOR') AND s.kind = 'PROJECT'
		UNION SELECT s.id FROM project_members pm JOIN projects p ON p.id = pm.project_id
			JOIN organization_members m ON m.organization_id = p.organization_id AND m.user_id = pm.user_id
			JOIN api_keys s ON s.project_id = p.id
			WHERE pm.user_id = $1 AND pm.role IN ('OWNER', 'MEMBER') AND s.kind = 'PROJECT'
		UNION SELECT s.id FROM organization_members m JOIN projects p ON p.organization_id = m.organization_id
			JOIN api_keys s ON s.project_id = p.id
			WHERE m.user_id = $1 AND m.role = 'OWNER' AND s.kind = 'PROJECT')`

	handExists = `(k.owner_id = $1 AND EXISTS (SELECT 1 FROM projects p
				JOIN organization_members m ON m.organization_id = p.organization_id
				JOIN users u ON u.id = m.user_id
				WHERE p.id = k.project_id AND m.user_id = $1 AND u.suspended_at = 0)
		OR k.kind = 'PROJECT' AND (
			EXISTS (SELECT 1 FROM collaborators c WHERE c.api_key_id = k.id AND c.user_id = $1 AND c.role IN ('ADMIN', 'CONTRIBUTOR'))
			OR k.project_id IN (SELECT p.id FROM project_members pm JOIN projects p ON p.id = pm.project_id
				JOIN organization_members m ON m.organization_id = p.organization_id AND m.user_id = pm.user_id
				WHERE pm.user_id = $1 AND pm.role IN ('OWNER', 'MEMBER'))
			OR k.project_id IN (SELECT p.id FROM organization_members m JOIN projects p ON p.organization_id = m.organization_id
				WHERE m.user_id = $1 AND m.role = 'OWNER')))`

	handColumns = `k.id, k.created_at, k.project_id, k.owner_id, k.name, k.description, k.tags, k.kind, k.start, k.scopes,
		k.expires_at, k.last_used_at, k.disabled_at, k.disabled_by_id, k.disabled_as`
)

// handKey is a row of the hand-written list, with all that Keyhall's has.
type handKey struct {
	id, project, owner, name, description, kind, start, disabledAs string
	tags, scopes                                                   []string
	disabledBy                                                     *string
	created, expires, used, disabled                               int64
}

// handList prepares one page of 50 and, as every list does, one row more.
func (w *town) handList(t *testing.T, ctx context.Context, rule string, l listing) func() ([]string, error) {
	t.Helper()
	text := "SELECT " + handColumns + " FROM api_keys k WHERE " + rule + w.handFilter(l.text)
	args := append([]any{l.person.ID}, handFilterArgs(l.text)...)
	direction, beyond := "", ">"
	if l.order.Desc {
		direction, beyond = " DESC", "<"
	}
	if l.after != nil {
		text += fmt.Sprintf(" AND (k.%s, k.id) %s ($%d, $%d)", l.order.Column, beyond, len(args)+1, len(args)+2)
		args = append(args, l.after.Value, l.after.ID)
	}
	text += fmt.Sprintf(" ORDER BY k.%s%s, k.id%s LIMIT 51", l.order.Column, direction, direction)
	st, err := w.db.PrepareContext(ctx, text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	t.Cleanup(func() { _ = st.Close() })
	return func() ([]string, error) { return handPage(ctx, st, args) }
}

func handPage(ctx context.Context, st *sql.Stmt, args []any) ([]string, error) {
	rows, err := st.QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var keys []handKey
	for rows.Next() {
		var k handKey
		var tags, scopes []byte
		if err := rows.Scan(&k.id, &k.created, &k.project, &k.owner, &k.name, &k.description, &tags, &k.kind, &k.start, &scopes,
			&k.expires, &k.used, &k.disabled, &k.disabledBy, &k.disabledAs); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(tags, &k.tags); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(scopes, &k.scopes); err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	keys = keys[:min(len(keys), pageSize)]
	ids := make([]string, len(keys))
	for i, k := range keys {
		ids[i] = k.id
	}
	return ids, rows.Err()
}

// handFilter is the text filter of the list of keys: part of the name or the description, the beginning of the key, or a
// tag. $2 is a pattern, $3 another, $4 the text.
func (w *town) handFilter(text string) string {
	switch {
	case text == "":
		return ""
	case w.server.Database == apptest.Postgres:
		return " AND (k.name ILIKE $2 OR k.description ILIKE $2 OR k.start LIKE $3 OR k.tags @> to_jsonb($4::text))"
	}
	return " AND (k.name LIKE $2 OR k.description LIKE $2 OR k.start LIKE $3 OR EXISTS (SELECT 1 FROM json_each(k.tags) WHERE value = $4))"
}

func handFilterArgs(text string) []any {
	if text == "" {
		return nil
	}
	return []any{"%" + text + "%", text + "%", text}
}

// deep is the cursor after four fifths of a list.
func (w *town) deep(t *testing.T, l listing) *page.Cursor {
	t.Helper()
	from := "FROM api_keys k WHERE " + handUnion + w.handFilter(l.text)
	args := append([]any{l.person.ID}, handFilterArgs(l.text)...)
	var n int
	if err := w.db.QueryRowContext(t.Context(), "SELECT COUNT(*) "+from, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	c := &page.Cursor{Type: "APIKey", Column: l.order.Column}
	direction := pick(l.order.Desc, " DESC", "")
	seek := fmt.Sprintf("SELECT k.%s, k.id %s ORDER BY k.%s%s, k.id%s LIMIT 1 OFFSET %d",
		l.order.Column, from, l.order.Column, direction, direction, n*4/5)
	if err := w.db.QueryRowContext(t.Context(), seek, args...).Scan(&c.Value, &c.ID); err != nil {
		t.Fatal(err)
	}
	return c
}
