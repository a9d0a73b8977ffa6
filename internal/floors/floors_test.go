package floors

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

const giveOne = "give it one in internal/floors/house_test.go"

func TestImportsPointDownOnly(t *testing.T) {
	t.Parallel()
	plan := house()
	for _, file := range readModule(t) {
		if file.test() {
			continue
		}
		for _, e := range file.edges() {
			if complaint := judge(plan, e); complaint != "" {
				t.Errorf("%s: %s", e.at, complaint)
			}
		}
	}
}

// TestEveryFolderHasAFloor also finds packages that import nothing of ours.
func TestEveryFolderHasAFloor(t *testing.T) {
	t.Parallel()
	plan := house()
	for _, file := range readModule(t) {
		if _, ok := roomOf(plan, file.folder()); !ok {
			t.Errorf("%s: %s has no floor; %s", file.path, file.folder(), giveOne)
		}
	}
}

// judge says what is wrong with an edge, or nothing.
func judge(plan []room, e edge) string {
	target, ok := ours(e.to)
	if !ok {
		return ""
	}
	from, okFrom := roomOf(plan, e.from)
	to, okTo := roomOf(plan, target)
	switch {
	case !okFrom:
		return e.from + " has no floor; " + giveOne
	case !okTo:
		return target + " has no floor; " + giveOne
	case from.path == to.path:
		return ""
	case slices.Contains(from.never, to.path):
		return fmt.Sprintf("%s may never import %s", e.from, target)
	case from.only != nil && !slices.Contains(from.only, to.path):
		return fmt.Sprintf("%s may import only %q of ours, not %s", e.from, from.only, target)
	case to.floor > from.floor:
		return fmt.Sprintf("%s (floor %d) imports up: %s is on floor %d", e.from, from.floor, target, to.floor)
	case to.floor == from.floor && !slices.Contains(from.beside, to.path):
		return fmt.Sprintf("%s (floor %d) imports its neighbour %s", e.from, from.floor, target)
	}
	return ""
}

// roomOf finds the innermost room that a folder is in. The root is a room of its own, not everybody's.
func roomOf(plan []room, folder string) (room, bool) {
	var found room
	for _, r := range plan {
		within := folder == r.path || strings.HasPrefix(folder, r.path+"/")
		if within && len(r.path) > len(found.path) {
			found = r
		}
	}
	return found, found.path != ""
}

func TestTheOffendingEdgeIsFound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from, to string
		want     string // part of the complaint; empty: the edge is fine
	}{
		{"policy", "policy/internal/core", ""},
		{"policy/internal/translate", "policy", ""},
		{"policy/lock", "policy/internal/core", ""},
		{"policy/internal/core", "policy/lock", "only"},
		{"policy", "ent", "only"},
		{"policy/lock", "policy", "only"},
		{"ent/schema", "policy/lock", ""},
		{"ent/schema", "policy", "only"},
		{"ent/schema", "internal/viewer", "only"},
		{"ent/apikey", "ent/predicate", ""},
		{"ent", "internal/store", "only"},
		{"ent", "internal/page", ""},
		{"internal/store", "ent", ""},
		{"internal/token", "internal/fault", "only"},
		{"internal/audit", "internal/access", ""},
		{"internal/access", "internal/audit", "neighbour"},
		{"internal/audit", "internal/keyhall", "imports up"},
		{"internal/keyhall", "internal/access", ""},
		{"internal/keyhall", "graph", "imports up"},
		{"graph", "internal/keyhall", ""},
		{"graph/gqlhttp", "internal/limit", ""},
		{"graph", "internal/access", "never"},
		{"graph/generated", "policy/lock", "never"},
		{"internal/web", "graph", "neighbour"},
		{"internal/web", "console", ""},
		{"internal/cli", "internal/apptest", "imports up"},
		{".", "graph", ""},
		{"internal/cli", ".", "imports up"},
		{"internal/attic", "internal/fault", "no floor"},
		{"graph", "internal/attic", "no floor"},
	} {
		importPath := strings.TrimSuffix(module+"/"+c.to, "/.")
		got := judge(house(), edge{from: c.from, to: importPath})
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s imports %s: complaint %q, want one with %q", c.from, c.to, got, c.want)
		}
	}
}
