package lock_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/keyhall/keyhall/ent/apikey"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/policy/lock"
)

// ownersWorld is people with keys of their own in two projects, who are there, or not any more, in all the ways that there are.
type ownersWorld struct {
	*apptest.Server
	rand     *rand.Rand
	home     *apptest.Actor
	people   []*apptest.Actor
	projects []string
	groups   []string
	keys     []ownedKey
}

type ownedKey struct{ id, owner string }

func newOwnersWorld(t *testing.T, s *apptest.Server, seed uint64) *ownersWorld {
	w := &ownersWorld{Server: s, rand: rand.New(rand.NewPCG(seed, 0)), home: s.Actor(t, "home")}
	w.projects = []string{w.home.Project, "prj_second"}
	s.SQL(t, "INSERT INTO projects (id, created_at, name, environment, organization_id) VALUES ('prj_second', 1, 'Second', 'STAGING', ?)", w.home.Home)
	for _, name := range []string{"One", "Two"} {
		w.groups = append(w.groups, w.home.MakeGroup(t, name))
	}
	for _, name := range []string{"ada", "ben", "cleo"} {
		person := s.Actor(t, name)
		w.people = append(w.people, person)
		for _, project := range w.projects {
			key := person.CreateKey(t, name, "", "PROJECT").ID
			s.SQL(t, "UPDATE api_keys SET project_id = ? WHERE id = ?", project, key)
			w.keys = append(w.keys, ownedKey{key, person.ID})
		}
	}
	return w
}

func (w *ownersWorld) chance(in int) bool { return w.rand.IntN(in) == 0 }

// shuffle draws another world.
func (w *ownersWorld) shuffle(t *testing.T) {
	w.SQL(t, "DELETE FROM project_members WHERE project_id IN (?, ?)", w.projects[0], w.projects[1])
	w.SQL(t, "DELETE FROM organization_members WHERE organization_id = ?", w.home.Home)
	w.SQL(t, "DELETE FROM group_members")
	rows := 0
	id := func() string { rows++; return fmt.Sprintf("row_%d", rows) }
	for _, g := range w.groups {
		w.SQL(t, `UPDATE "groups" SET status = ? WHERE id = ?`, map[bool]string{true: "DISABLED", false: "ENABLED"}[w.chance(3)], g)
		for _, p := range w.projects {
			if w.chance(2) {
				w.SQL(t, "INSERT INTO project_members (id, created_at, project_id, group_id, role) VALUES (?, 1, ?, ?, ?)", id(), p, g, w.role())
			}
		}
	}
	for _, person := range w.people {
		w.SQL(t, "UPDATE users SET suspended_at = ? WHERE id = ?", map[bool]int{true: 1}[w.chance(6)], person.ID)
		if !w.chance(4) {
			w.SQL(t, "INSERT INTO organization_members (id, created_at, organization_id, user_id, role) VALUES (?, 1, ?, ?, 'READER')", id(), w.home.Home, person.ID)
		}
		for _, p := range w.projects {
			if w.chance(3) {
				w.SQL(t, "INSERT INTO project_members (id, created_at, project_id, user_id, role) VALUES (?, 1, ?, ?, ?)", id(), p, person.ID, w.role())
			}
		}
		for _, g := range w.groups {
			if w.chance(2) {
				until := []int64{0, 1, time.Now().Add(time.Hour).UnixMicro()}[w.rand.IntN(3)]
				w.SQL(t, "INSERT INTO group_members (id, created_at, group_id, user_id, expires_at) VALUES (?, 1, ?, ?, ?)", id(), g, person.ID, until)
			}
		}
	}
	for _, k := range w.keys {
		w.SQL(t, "UPDATE api_keys SET kind = ? WHERE id = ?", map[bool]string{true: "PERSONAL", false: "PROJECT"}[w.chance(3)], k.id)
	}
}

func (w *ownersWorld) role() string { return []string{"OWNER", "MEMBER"}[w.rand.IntN(2)] }

// C10: what /v1/verify asks in SQL, whether the person who owns a key still stands, is what the policy says: they hold what only the
// owner of a key does.
//
//keyhall:norace
func TestAnOwnerStandsForVerifyingAsTheyDoForThePolicy(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		w, bare, stood := newOwnersWorld(t, s, seed), context.Background(), 0
		for round := range 12 {
			w.shuffle(t)
			for _, k := range w.keys {
				duty := lock.VerifyOwner(bare, k.id)
				stands, err := s.App.Store.APIKey.Query().Exist(duty)
				if err != nil {
					t.Fatal(err)
				}
				if !stands && s.Count(t, "api_keys WHERE id = ? AND kind = ?", k.id, apikey.KindPROJECT) == 1 { // a personal key has no second way
					if stands, err = s.App.Store.GroupMember.Query().Exist(duty); err != nil {
						t.Fatal(err)
					}
				}
				may, err := s.App.Guard.Stands(bare, k.owner, "api_key.view_billing", k.id)
				if err != nil || may != stands {
					t.Fatalf("round %d: the owner of %s stands for verifying: %t, for the policy: %t (%v)", round, k.id, stands, may, err)
				}
				if stands {
					stood++
				}
			}
		}
		if all := 12 * len(w.keys); stood < all/10 || stood > all*9/10 {
			t.Errorf("%d of %d owners stood: these worlds prove nothing", stood, all)
		}
	})
}
