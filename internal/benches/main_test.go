package benches

import (
	"os"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

func TestMain(m *testing.M) { apptest.Main(m) }

// TestBars measures everything that has a bar, and single checks, on a town of 100,000 keys on each database, one after
// the other: nothing else runs beside what is measured.
func TestBars(t *testing.T) {
	for _, d := range []apptest.Database{apptest.SQLite, apptest.Postgres} {
		t.Run(string(d), func(t *testing.T) {
			w := settle(t, d)
			t.Run("lists", func(t *testing.T) { measureLists(t, w) })
			t.Run("pages", func(t *testing.T) { measurePages(t, w) })
			t.Run("checks", func(t *testing.T) { measureChecks(t, w) })
		})
	}
}

// TestPeers has no bar: the peers do not write SQL, keep no reasons and prove no agreement.
func TestPeers(t *testing.T) {
	out := newTable(t, os.Stdout, "one decision on prepared facts: OPA on Keyhall's own rule against a peer on the same rule")
	measurePeers(t, out)
	out.end()
}
