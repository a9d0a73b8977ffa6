package policy

import (
	"testing"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
)

// The yardstick of each figure is the bare query of the same row beside it.
func BenchmarkDecide(b *testing.B) {
	db := openSQLite(b)
	small().put(b, db)
	r, err := loadLoosely(b.Context(), dialect.SQLite, worldVocabulary(), lawOfThings)
	if err != nil {
		b.Fatal(err)
	}
	s := Subject{ID: "user_01"}
	b.Run("bare query", func(b *testing.B) {
		for b.Loop() {
			queryTexts(b, db, "SELECT id FROM things WHERE id = ?", "thing_01")
		}
	})
	b.Run("decide", func(b *testing.B) {
		for b.Loop() {
			if d, err := r.Decide(b.Context(), db, s, "thing.open", "thing_01"); err != nil || !d.Allow {
				b.Fatal(d, err)
			}
		}
	})
	b.Run("filter", func(b *testing.B) {
		for b.Loop() {
			where, err := r.Filter(s, "thing.open", Few)
			if err != nil {
				b.Fatal(err)
			}
			sel := entsql.Dialect(dialect.SQLite).Select("id").From(entsql.Table("things"))
			where(sel)
			sel.Query()
		}
	})
}

func BenchmarkLoadOfTheBuiltInLaw(b *testing.B) {
	for b.Loop() {
		if _, err := Load(b.Context(), Options{Modules: Law(), Dialect: dialect.SQLite}); err != nil {
			b.Fatal(err)
		}
	}
}
