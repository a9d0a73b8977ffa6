package graph_test

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/policy"
)

// Every statement that the built-in law can write is one that the database takes, with the tables that there are. A server writes
// some of them only when it is asked, so they are all prepared here, as those of a law of the operator's are at each start.
//
//keyhall:norace
func TestTheDatabaseTakesEveryStatementOfTheBuiltInLaw(t *testing.T) {
	t.Parallel()
	law := withoutTests(t, policy.Law())
	apptest.Each(t, func(*testing.T, *apptest.Server) {}, func(c *app.Config) { c.Law = law }, withLinks)
}

// withoutTests is a law of the operator's that says the same and proves nothing, for that is done in policy.
func withoutTests(t *testing.T, law fs.FS) fs.FS {
	t.Helper()
	out := fstest.MapFS{}
	err := fs.WalkDir(law, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, "_test.rego") {
			return err
		}
		text, err := fs.ReadFile(law, path)
		out[path] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
