package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/apptest/redistest"
)

// C6, C7, issue 5: three servers on one PostgreSQL and one Redis, 64 who ask, and servers that are killed at random and started again:
// whatever limits keys, projects and organizations have, all of them hold, and what passed is counted.
func TestSoakEveryLimitHoldsThoughServersAreKilled(t *testing.T) {
	soak(t)
	for name, env := range map[string]func(*testing.T) []string{
		"with Redis":    func(t *testing.T) []string { return []string{"KEYHALL_REDIS_URL=" + redistest.Start(t).URL()} },
		"without Redis": func(*testing.T) []string { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			l := &limiting{fleet: newFleet(t, env(t)...), codes: map[string]int{}}
			seed := seedOf(t)
			for round := range 3 {
				l.round(t, rand.New(rand.NewPCG(seed, uint64(round))), 15_000, 10, time.Second)
			}
			if l.codes["RATE_LIMITED"] == 0 || l.codes["SPEND_LIMIT_REACHED"] == 0 {
				t.Error("no rate or no amount was ever reached: this says too little")
			}
		})
	}
}

// askers is how many ask at once.
const askers = 64

// limiting is a fleet whose servers are killed while they are asked.
type limiting struct {
	*fleet
	kills []killed
	codes map[string]int // how often each was answered
}

// killed is a server that ended at a moment.
type killed struct {
	life *term
	at   time.Time
}

// round makes a world of random limits and has as many questions asked in it, while servers are killed; what is counted without
// waiting may be short by what a server was asked in its last moments, spare.
func (l *limiting) round(t *testing.T, dice *rand.Rand, questions, kills int, spare time.Duration) {
	w := l.world(t, dice, int64(questions/1500))
	l.kills = nil
	var asked atomic.Int64
	var all sync.WaitGroup
	books := make([][]asking, askers)
	for i := range books {
		dice := rand.New(rand.NewPCG(dice.Uint64(), uint64(i)))
		all.Go(func() { books[i] = l.askAway(w, dice, &asked, int64(questions)) })
	}
	for n := range kills {
		next := int64(questions * (n + 1) / (kills + 1))
		every(5*time.Millisecond, func() bool { return asked.Load() < next })
		i := dice.IntN(len(l.members))
		life := l.members[i].serves.Load()
		l.kills = append(l.kills, killed{life, l.kill(t, i)})
		l.launch(t, i)
	}
	all.Wait()
	book := []asking{}
	for _, b := range books {
		book = append(book, b...)
	}
	w.holds(t, l, book, spare)
}

// asking is one question and its answer.
type asking struct {
	of    *limitedKey
	cost  int64
	at    int
	heard verdict
}

// askAway asks about random keys at random servers, until so many questions were answered in all.
func (l *limiting) askAway(w *world, dice *rand.Rand, asked *atomic.Int64, enough int64) (book []asking) {
	for asked.Load() < enough {
		k := w.keys[dice.IntN(len(w.keys))]
		a := asking{of: k, cost: dice.Int64N(8), at: dice.IntN(len(l.members))}
		if k.strict { // who counts strictly has all the others written too: one server does not
			a.at = dice.IntN(len(l.members) - 1)
		}
		a.heard = l.verify(a.at, k.of.verifier, k.key, a.cost)
		if book = append(book, a); a.heard.unheard {
			<-time.After(5 * time.Millisecond) // it is being started
			continue
		}
		asked.Add(1)
	}
	return book
}

// world is an organization with two projects and three keys each, and random limits.
type world struct {
	organization *scope
	projects     []*limitedProject
	keys         []*limitedKey
}

// scope is what has limits: a key, a project or an organization.
type scope struct {
	id     string
	rates  []rate
	amount int64 // of money, in millionths; 0: as much as one likes
}

type rate struct {
	Requests      int64 `json:"requests"`
	WindowSeconds int64 `json:"windowSeconds"`
}

type limitedProject struct {
	scope
	verifier string
	price    int64
}

type limitedKey struct {
	scope
	key    string
	strict bool
	of     *limitedProject
}

func (l *limiting) world(t *testing.T, dice *rand.Rand, size int64) *world {
	t.Helper()
	w := &world{organization: &scope{id: l.organization(t)}}
	for range 2 {
		p := &limitedProject{price: 1 + dice.Int64N(2000)}
		p.id, p.verifier = l.project(t, w.organization.id)
		l.must(t, "ada", `mutation($p: ID!, $price: Decimal!) { updateProject(input: {id: $p, unitPrice: {amount: $price, currency: "USD"}}) { errors { code } } }`,
			map[string]any{"p": p.id, "price": money(p.price)})
		w.projects = append(w.projects, p)
		for n := range 3 {
			k, err := l.issue(0, "ada", p.id)
			if err != nil {
				t.Fatal(err)
			}
			w.keys = append(w.keys, &limitedKey{scope: scope{id: k.ID}, key: k.Plaintext, strict: n == 0, of: p})
			if n == 0 { // nobody can have remembered it
				if _, err := l.db.Exec("UPDATE api_keys SET metering = 'STRICT' WHERE id = $1", k.ID); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for _, s := range w.scopes() {
		s.limit(t, l, dice, int64(len(w.keysOf(s))), size)
	}
	return w
}

func money(millionths int64) string {
	return fmt.Sprintf("%d.%06d", millionths/1_000_000, millionths%1_000_000)
}

// scopes is all that has limits, and scopesOf all that limits a key.
func (w *world) scopes() (all []*scope) {
	all = append(all, w.organization)
	for _, p := range w.projects {
		all = append(all, &p.scope)
	}
	for _, k := range w.keys {
		all = append(all, &k.scope)
	}
	return all
}

func (w *world) scopesOf(k *limitedKey) []*scope {
	return []*scope{&k.scope, &k.of.scope, w.organization}
}

func (w *world) keysOf(s *scope) []*limitedKey {
	return slices.DeleteFunc(slices.Clone(w.keys), func(k *limitedKey) bool { return !slices.Contains(w.scopesOf(k), s) })
}

// limit draws which limits there are for so many keys together: rates of a second, a minute and a day, and an amount, all of them such that
// a round of that size may reach them.
func (s *scope) limit(t *testing.T, l *limiting, dice *rand.Rand, keys, size int64) {
	t.Helper()
	in := map[string]any{"targetId": s.id}
	for _, most := range []rate{{80 * keys, 1}, {160 * keys * size, 60}, {240 * keys * size, 86_400}} {
		if dice.IntN(3) == 0 {
			s.rates = append(s.rates, rate{1 + dice.Int64N(most.Requests), most.WindowSeconds})
		}
	}
	in["rates"] = s.rates
	if dice.IntN(2) == 0 {
		s.amount = 10_000 + dice.Int64N(400_000*keys*size)
		in["spend"] = map[string]any{"amount": money(s.amount), "currency": "USD"}
	}
	l.must(t, "ada", `mutation($in: UpdateLimitsInput!) { updateLimits(input: $in) { errors { code message } } }`, map[string]any{"in": in})
}
