package graph_test

import (
	"maps"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/apptest"
)

// The deeds on secrets and groups as the documents tell them, in memory: who owns what, what was given to whom, and until which
// hour. It knows nothing of the policy, of the tables or of a database.
type deedModel struct {
	hour    int
	inside  map[int]bool // who is in the organization
	secrets []*modelSecret
	groups  []*modelGroup
}

type modelSecret struct {
	id         string
	owner      int
	until      int  // the hour when it ends; 0: never
	off        bool // disabled
	disabledBy int
	grants     map[modelGrantee]modelGrant
}

type modelGrantee struct{ person, group int } // one of them, the other is -1

type modelGrant struct {
	edit  bool
	until int
}

type modelGroup struct {
	id      string
	owner   int
	off     bool
	members map[int]int // until when
}

func (m *deedModel) live(until int) bool { return until == 0 || until > m.hour }

// paths are the live ways of a person to a secret: the owner's, and one for each grant that reaches them.
func (m *deedModel) paths(person int, s *modelSecret) (owner, direct bool, edits []bool) {
	owner = s.owner == person && m.inside[person]
	for to, g := range s.grants {
		if !m.live(g.until) {
			continue
		}
		reaches := to.person == person
		if reaches {
			direct = true
		}
		if to.group >= 0 && !m.groups[to.group].off {
			until, member := m.groups[to.group].members[person]
			reaches = member && m.live(until)
		}
		if reaches {
			edits = append(edits, g.edit)
		}
	}
	return owner, direct, edits
}

// can is the union of what the ways give (B7 B8 B9 B20 B22 B23).
func (m *deedModel) can(person int, s *modelSecret) []string {
	owner, direct, edits := m.paths(person, s)
	has := map[string]bool{}
	give := func(verbs ...string) {
		for _, v := range verbs {
			has["secret."+v] = true
		}
	}
	for _, edit := range edits {
		give("view", "reveal", "view_sharing")
		if edit {
			give("edit", "disable", "view_versions")
			if s.off && s.disabledBy == person {
				give("enable")
			}
		}
	}
	if owner {
		give("view", "reveal", "view_sharing", "edit", "disable", "view_versions", "enable", "share", "unshare", "restore_version", "delete")
	}
	if direct {
		give("leave")
	}
	if s.off || !m.live(s.until) {
		delete(has, "secret.reveal")
	}
	return slices.Sorted(maps.Keys(has))
}

func (m *deedModel) shared(s *modelSecret) bool {
	for _, g := range s.grants {
		if m.live(g.until) {
			return true
		}
	}
	return false
}

// B11 B12 B23: whatever is shared, taken back, put into groups, switched off or left to end, what somebody may do, what they are
// shown and what is revealed to them is the union of the ways that are live at that time, and nothing else.
//
//keyhall:norace
func TestAPermissionIsTheUnionOfItsLivePaths(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		w := newDeedWorld(t, s)
		w.run(t, 5, 0, w.sequence)
	})
}

// The same for as long as KEYHALL_SOAK says.
func TestSoakAPermissionIsTheUnionOfItsLivePaths(t *testing.T) {
	text := os.Getenv("KEYHALL_SOAK")
	if text == "" {
		t.Skip("set KEYHALL_SOAK for the long runs")
	}
	long, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		w := newDeedWorld(t, s)
		w.run(t, 100, long, w.sequence)
	})
}
