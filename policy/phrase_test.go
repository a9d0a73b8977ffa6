package policy

import (
	"fmt"
	"strings"
	"testing"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
)

// The text of a condition is kept, but not for a table of another name or after another number of arguments: there it would
// ask of another row or compare with another value.
//
//keyhall:norace
func TestAConditionFitsTheQueryThatItIsIn(t *testing.T) {
	t.Parallel()
	for _, name := range []string{dialect.SQLite, dialect.Postgres} {
		program := program{{root: "id"}, {text: " = "}, {hole: slotID}, {text: " OR "}, {root: "name"}, {text: " = "}, {hole: slotID}}
		p := newPhrase(name, program)
		for range 2 { // made, and kept
			for before := range maxBefore + 3 {
				for _, table := range []string{"things", "others"} {
					sel := entsql.Dialect(name).Select("id").From(entsql.Table(table))
					var want []any
					for i := range before {
						sel.Where(entsql.EQ(sel.C("name"), i))
						want = append(want, i)
					}
					c := p.on(sel.C, []any{"a", "b"})
					sel.Where(entsql.P(func(b *entsql.Builder) { b.Join(c) }))
					sel.Where(entsql.EQ(sel.C("name"), "after"))
					text, args := sel.Query()
					if want = append(want, "a", "b", "after"); fmt.Sprint(args) != fmt.Sprint(want) {
						t.Fatalf("%s: %s: %v, want %v", name, text, args, want)
					}
					part := fmt.Sprintf("(%s = %s OR %s = %s)", sel.C("id"), placeholder(name, before+1), sel.C("name"), placeholder(name, before+2))
					if !strings.Contains(text, part) || !strings.HasSuffix(text, " = "+placeholder(name, before+3)) {
						t.Fatalf("%s: %s has not %s, or not its end", name, text, part)
					}
				}
			}
		}
	}
}
