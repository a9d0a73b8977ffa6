package benches

import (
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest"
)

// town is a running Keyhall with as much in it as a company has after some years.
type town struct {
	server *apptest.Server
	db     *sql.DB // of the hand-written statements
	folk   []person
	plan   *plan
}

// person is somebody who sees a certain part of all keys.
type person struct {
	*apptest.Actor
	name string
	sees int
}

// settle starts a server and fills it. The three people sign in as anybody does; all else is generated from one seed.
func settle(t *testing.T, d apptest.Database) *town {
	t.Helper()
	start := time.Now()
	var url string
	s := apptest.New(t, d, func(c *app.Config) { url = c.Store.URL })
	w := &town{server: s, db: open(t, s, url)}
	few, middling, many := s.Actor(t, "few"), s.Actor(t, "middling"), s.Actor(t, "many")
	w.plan = newPlan(few.ID, middling.ID, many.ID)
	w.loadPlaces(t)
	w.loadPeople(t)
	w.loadKeys(t)
	w.analyze(t)
	w.folk = []person{{Actor: few, name: "few"}, {Actor: middling, name: "middling"}, {Actor: many, name: "many"}}
	for i := range w.folk {
		w.folk[i].sees = w.count(t, w.folk[i].ID)
	}
	fmt.Printf("\n%s: %d keys, %d people, %d collaborators, seed %d; few, middling and many see %d, %d and %d keys; filled in %d s\n",
		d, keyCount, peopleCount, len(w.plan.collaborators), seed, w.folk[0].sees, w.folk[1].sees, w.folk[2].sees, int(time.Since(start).Seconds()))
	if w.folk[0].sees != 50 || w.folk[1].sees < 700 || w.folk[2].sees < 17_000 {
		t.Fatal("the town is not as planned")
	}
	return w
}

// count asks the hand-written rule how many keys somebody sees.
func (w *town) count(t *testing.T, user string) (n int) {
	t.Helper()
	if err := w.db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM api_keys k WHERE "+handUnion, user).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func (w *town) loadPlaces(t *testing.T) {
	t.Helper()
	w.load(t, "organizations", []string{"id", "created_at", "name", "slug", "personal"}, func(yield func([]any) bool) {
		for i := range organizationCount {
			if !yield([]any{organizationID(i), i, fmt.Sprint("Organization ", i), fmt.Sprint("organization-", i), false}) {
				return
			}
		}
	})
	w.load(t, "projects", []string{"id", "created_at", "organization_id", "name", "environment"}, func(yield func([]any) bool) {
		for i := range projectCount {
			if !yield([]any{projectID(i), i, organizationID(i % organizationCount), fmt.Sprint("Project ", i), "PRODUCTION"}) {
				return
			}
		}
	})
}

func (w *town) loadPeople(t *testing.T) {
	t.Helper()
	columns := []string{"id", "created_at", "username", "name", "email", "email_verified", "suspended_at", "personal_organization_id"}
	w.load(t, "users", columns, func(yield func([]any) bool) {
		for i := range peopleCount {
			name, suspended := fmt.Sprint("person", i), 0
			if i%100 == 7 {
				suspended = 1
			}
			if !yield([]any{userID(i), i, name, name, name + "@town.test", true, suspended, organizationID(i % organizationCount)}) {
				return
			}
		}
	})
	w.loadMembers(t, "organization_members", "orm", "organization_id", w.plan.organizationMembers)
	w.loadMembers(t, "project_members", "prm", "project_id", w.plan.projectMembers)
}

func (w *town) loadMembers(t *testing.T, table, prefix, place string, all []member) {
	t.Helper()
	w.load(t, table, []string{"id", "created_at", place, "user_id", "role"}, func(yield func([]any) bool) {
		for i, m := range all {
			if !yield([]any{id(prefix, i), i, m.place, m.user, m.role}) {
				return
			}
		}
	})
}

func (w *town) loadKeys(t *testing.T) {
	t.Helper()
	columns := []string{"id", "created_at", "project_id", "owner_id", "name", "description", "tags", "kind", "start", "scopes", "expires_at", "last_used_at"}
	w.load(t, "api_keys", columns, func(yield func([]any) bool) {
		for i, k := range w.plan.keys {
			if !yield([]any{keyID(i), k.created, k.project, k.owner, k.name, k.description, `["` + k.tag + `"]`, k.kind, "khk_" + k.tag, `[]`, 0, k.used}) {
				return
			}
		}
	})
	w.load(t, "collaborators", []string{"id", "created_at", "api_key_id", "user_id", "role"}, func(yield func([]any) bool) {
		for i, m := range w.plan.collaborators {
			if !yield([]any{id("col", i), i, m.place, m.user, m.role}) {
				return
			}
		}
	})
}
