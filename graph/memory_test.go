package graph_test

import (
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest"
)

// mixed is what one client does, again and again: reads, deeds, refusals, garbage, a stream that comes and goes.
type mixed struct {
	who, friend, nobody *apptest.Actor
	key                 string
	round               int
}

func newMixed(t *testing.T, s *apptest.Server) *mixed {
	t.Helper()
	m := &mixed{who: s.Actor(t, "load"), friend: s.Actor(t, "friend"), nobody: s.Anonymous()}
	m.key = m.who.CreateKey(t, "Loaded", "", "PROJECT").ID
	m.who.Share(t, m.key, m.friend, "CONTRIBUTOR")
	return m
}

func (m *mixed) once(t *testing.T) {
	t.Helper()
	m.round++
	id, n := apptest.Vars{"id": m.key}, m.round
	m.who.Must(t, `query($id: ID!) { apiKey(id: $id) { `+idorAll("APIKey")+` } apiKeys(first: 20) { nodes { id viewerCan } } }`, id)
	m.who.Must(t, `mutation($id: ID!) { updateAPIKey(input: {id: $id, name: "Loaded `+fmt.Sprint(n)+`"}) { errors { code } } }`, id) // each a new document
	m.who.Once(t, `mutation($id: ID!) { disableAPIKey(input: {id: $id}) { errors { code } } }`, id, fmt.Sprint(m.who.ID, n))
	m.who.Must(t, `mutation($id: ID!) { enableAPIKey(input: {id: $id}) { errors { code } } }`, id)
	m.friend.Must(t, revealMutation, id)
	m.friend.Do(t, `mutation($id: ID!) { deleteAPIKey(input: {id: $id}) { errors { code } } }`, id)
	m.friend.Do(t, `query($id: ID!) { apiKey(id: $id) { id } }`, apptest.Vars{"id": fmt.Sprint("key_", n)})
	m.nobody.Do(t, signIn, credentials(m.who.Username, "not the password"))
	m.nobody.Do(t, countKeys, nil)
	m.who.Post(t, []byte(`{"query":"{ nothing `))
	stream := m.friend.Stream(t, accessChanged, nil)
	stream.Next(t)
	next := m.who.CreateKey(t, "Short", "", "PROJECT").ID
	m.who.Must(t, `mutation($id: ID!) { deleteAPIKey(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": next})
	stream.Close()
}

// load runs the clients side by side for a time, at least one round each.
func load(t *testing.T, clients []*mixed, d time.Duration) (rounds int) {
	t.Helper()
	before := 0
	for _, m := range clients {
		before -= m.round
	}
	var all sync.WaitGroup
	for _, m := range clients {
		all.Go(func() {
			for end := time.Now().Add(d); ; {
				m.once(t)
				if time.Now().After(end) || t.Failed() {
					return
				}
			}
		})
	}
	all.Wait()
	for _, m := range clients {
		before += m.round
	}
	return before
}

// Idle memory is within a tenth of what it was before a load of mixed requests (design.md section 6): heap and stacks of this
// process after a collection. What the first requests keep for good is counted as before. The long test counts the memory of
// the real binary from outside, over an hour.
//
// It runs alone, because memory is measured.
//
//keyhall:norace
func TestIdleMemoryIsTheSameAfterMixedLoad(t *testing.T) {
	for _, d := range []apptest.Database{apptest.SQLite, apptest.Postgres} {
		t.Run(string(d), func(t *testing.T) {
			s := apptest.New(t, d, func(c *app.Config) { c.Log = slog.New(slog.DiscardHandler) })
			var clients []*mixed
			for range 8 {
				clients = append(clients, newMixed(t, s))
			}
			idle := func() int64 {
				waitFor(t, "nobody listens", func() bool { return s.App.News.Listeners() == 0 })
				return kept()
			}
			load(t, clients, 2*time.Second)
			before := idle()
			rounds := load(t, clients, 4*time.Second)
			after := idle()
			t.Logf("%d KiB before, %d KiB after %d rounds of 15 requests: %+.1f %%", before>>10, after>>10, rounds, 100*float64(after-before)/float64(before))
			if after > before+before/10 {
				t.Errorf("%d KiB became %d", before>>10, after>>10)
			}
		})
	}
}
