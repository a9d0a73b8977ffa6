package policy

import (
	"testing"

	"entgo.io/ent/dialect"
)

func TestTheBuiltInLawLoadsOnBothDatabases(t *testing.T) {
	t.Parallel()
	for _, name := range []string{dialect.SQLite, dialect.Postgres} {
		r, err := Load(t.Context(), Options{Modules: Law(), Dialect: name})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d permissions, leaves %v", name, len(r.Permissions()), r.Leaves())
	}
}
