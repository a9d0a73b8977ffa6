package lock_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

// list runs a SELECT of one text column, named x, behind the curtain.
func list(t *testing.T, c *scene, query string, args ...any) []string {
	t.Helper()
	together := "group_concat(x, ',')"
	if c.Database == apptest.Postgres {
		together = "string_agg(x, ',')"
	}
	var text string
	c.Row(t, "SELECT COALESCE("+together+", '') FROM ("+query+") AS rows_of_it", args, &text)
	if text == "" {
		return nil
	}
	out := strings.Split(text, ",")
	slices.Sort(out)
	return out
}
