package policy

import (
	"testing"

	entsql "entgo.io/ent/dialect/sql"

	"github.com/keyhall/keyhall/policy/internal/core"
)

func queryTexts(t testing.TB, db database, query string, args ...any) []string {
	t.Helper()
	rows := &entsql.Rows{}
	if err := db.driver.Query(t.Context(), query, args, rows); err != nil {
		t.Fatalf("%v in %s", err, query)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		out = append(out, id)
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%v in %s", err, query)
	}
	return out
}

func runInt(t testing.TB, db database, s core.Statement) int64 {
	t.Helper()
	rows := &entsql.Rows{}
	if err := db.Ask(t.Context(), s, rows); err != nil {
		t.Fatalf("%v in %s", err, s.Text())
	}
	defer rows.Close()
	n, err := entsql.ScanInt(rows)
	if err != nil {
		t.Fatalf("%v in %s", err, s.Text())
	}
	return int64(n)
}
