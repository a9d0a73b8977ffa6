package policy

import (
	"regexp"
	"strings"
	"testing"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
)

// A condition on another table that is asked anew of every row makes a list of 100,000 take a hundred times as long for who
// sees few of them. For who sees many a page looks at few rows, and what hangs on a row is asked of it alone, once for all
// alternatives: to find all of it first takes as long as somebody sees much. On SQLite an index that does that is left out.
func TestAListAsksOtherTablesOnceOrOnlyOfTheRowsOfAPage(t *testing.T) {
	t.Parallel()
	for _, name := range []string{dialect.SQLite, dialect.Postgres} {
		r, err := Load(t.Context(), Options{Modules: Law(), Dialect: name, Proven: true})
		if err != nil {
			t.Fatal(err)
		}
		for permission, table := range map[Permission]string{"api_key.view": "api_keys", "secret.view": "secrets"} {
			for _, shape := range []Shape{Few, Many} {
				where, err := r.Filter(Subject{ID: "user_01"}, permission, shape)
				if err != nil {
					t.Fatal(err)
				}
				sel := entsql.Dialect(name).Select("id").From(entsql.Table(table))
				where(sel)
				text, _ := sel.Query()
				if got, want := strings.Count(text, "EXISTS"), map[Shape]int{Few: 0, Many: 1}[shape]; got != want {
					t.Errorf("%s, shape %d: %d conditions are asked of each row, want %d: %s", name, shape, got, want, text)
				}
				if got, want := strings.Contains(text, "+`"+table+"`"), name == dialect.SQLite && shape == Many; got != want {
					t.Errorf("%s, shape %d, index left out %v, want %v: %s", name, shape, got, want, text)
				}
			}
		}
	}
}

// A page asks for a role out of fewer only of the rows with a role out of more.
func TestAPageOfKeysAsksTheNarrowerConditionBelowTheWider(t *testing.T) {
	t.Parallel()
	r, err := Load(t.Context(), Options{Modules: Law(), Dialect: dialect.Postgres, Proven: true})
	if err != nil {
		t.Fatal(err)
	}
	keys := r.types["APIKey"]
	text := keys.forms[postureOf(Subject{ID: "user_01", Email: "u@x.io", EmailVerified: true}).only(keys.reads)].page.text
	if !regexp.MustCompile(`THEN [0-9]+ \+ CASE`).MatchString(text) {
		t.Error(text)
	}
}
