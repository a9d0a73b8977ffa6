package policy

import (
	"regexp"
	"strings"
	"testing"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
)

// A condition that must be asked anew of every key makes a list of 100,000 take a hundred times as long; so does, for who
// sees many keys on SQLite, an index that finds them all before the first is shown.
func TestAListOfKeysAsksNoOtherTableOncePerRow(t *testing.T) {
	t.Parallel()
	for _, name := range []string{dialect.SQLite, dialect.Postgres} {
		r, err := Load(t.Context(), Options{Modules: Law(), Dialect: name, Proven: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, shape := range []Shape{Few, Many} {
			where, err := r.Filter(Subject{ID: "user_01"}, "api_key.view", shape)
			if err != nil {
				t.Fatal(err)
			}
			sel := entsql.Dialect(name).Select("id").From(entsql.Table("api_keys"))
			where(sel)
			text, _ := sel.Query()
			if strings.Contains(text, "EXISTS") {
				t.Errorf("%s, shape %d: %s", name, shape, text)
			}
			if got, want := strings.Contains(text, "+`api_keys`"), name == dialect.SQLite && shape == Many; got != want {
				t.Errorf("%s, shape %d, index left out %v, want %v: %s", name, shape, got, want, text)
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
