package verify

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/epoch"
	"github.com/keyhall/keyhall/internal/traffic"
)

// However keys are read, found missing, dropped and driven out: what is found is what was read last and is not over, and there are not
// more than there may be. Where there is room for all, nothing is lost.
func TestWhatIsRememberedIsWhatWasReadLast(t *testing.T) {
	t.Parallel()
	for range 40 {
		seed := rand.Uint64()
		r := rand.New(rand.NewPCG(seed, 1))
		kept := []int{shards, 4 * shards, 1 << 14}[r.IntN(3)]
		w := walk{c: newCache(kept, entry{terms: &terms{}}), current: map[lookup]string{}, project: map[lookup]int{}}
		for range 3000 {
			if wrong := w.step(r, kept == 1<<14); wrong != "" {
				t.Fatalf("seed %d, %d kept: %s", seed, kept, wrong)
			}
		}
		for i := range w.c.shards {
			if s := &w.c.shards[i]; len(s.entries) > max(1, kept/shards) {
				t.Fatalf("seed %d: %d entries in a shard of %d", seed, len(s.entries), kept/shards)
			}
		}
	}
}

// walk is a cache, and what should be in it: the id of the key of each public part, empty where there is nobody.
type walk struct {
	c       *cache
	number  int64
	current map[lookup]string
	project map[lookup]int
}

func (w *walk) step(r *rand.Rand, roomy bool) string {
	n := r.IntN(600)
	l, _ := lookupOf(fmt.Sprintf("%012d", n))
	id := fmt.Sprintf("key_%d", n)
	switch r.IntN(10) {
	case 0:
		w.drop(id)
		if w.current[l] != "" {
			delete(w.current, l)
		}
	case 1: // a key was made
		w.drop(string(l[:]))
		if was, known := w.current[l]; known && was == "" {
			delete(w.current, l)
		}
	case 2:
		w.c.putNobody(l, w.number)
		w.current[l] = ""
	case 3:
		w.dropProject(r.IntN(20))
	case 4, 5, 6:
		p := r.IntN(20)
		e := entry{lookup: l, terms: &terms{key: traffic.Key{ProjectID: fmt.Sprintf("prj_%d", p), OwnerID: "usr_1"}}}
		_ = e.of(id, make([]byte, len(e.hash)))
		if r.IntN(5) == 0 && w.number > 0 { // begun before the last change
			w.c.put(e, w.number-1)
			w.drop(id)
			w.drop(string(l[:]))
			delete(w.current, l)
			break
		}
		w.c.put(e, w.number)
		w.current[l], w.project[l] = id, p
	}
	return w.look(l, roomy)
}

func (w *walk) look(l lookup, roomy bool) string {
	got, found := w.c.get(l)
	want, known := w.current[l]
	switch {
	case found && !known:
		return fmt.Sprintf("%s is found, and is over", l)
	case found && (got.keyID() != want || want != "" && got.terms.key.ProjectID != fmt.Sprintf("prj_%d", w.project[l])):
		return fmt.Sprintf("%s is %s of %s, want %s of %d", l, got.keyID(), got.terms.key.ProjectID, want, w.project[l])
	case known && !found && roomy && want != "":
		return fmt.Sprintf("%s is lost", l)
	}
	return ""
}

func (w *walk) drop(subject string) {
	w.number++
	w.c.drop(epoch.Change{Number: w.number, Subjects: []string{subject}})
}

func (w *walk) dropProject(p int) {
	w.drop(fmt.Sprintf("prj_%d", p))
	for l, id := range w.current {
		if id != "" && w.project[l] == p {
			delete(w.current, l)
		}
	}
}

// What a secret is compared with belongs to what was read of the key, and to nothing that was read later.
func TestAProofGoesWithItsEntry(t *testing.T) {
	t.Parallel()
	c := newCache(shards, entry{terms: &terms{}})
	read := func() entry {
		e := entry{terms: &terms{}}
		e.lookup, _ = lookupOf("abcdefghijkl")
		_ = e.of("key_1", make([]byte, len(e.hash)))
		return c.put(e, 0)
	}
	first := read()
	c.prove(first, &proof{})
	if got, _ := c.get(first.lookup); got.proof == nil {
		t.Error("it is not kept")
	}
	second := read()
	c.prove(first, &proof{}) // what was read late
	if got, _ := c.get(second.lookup); got.proof != nil {
		t.Error("it is taken for that of what was read later")
	}
}

// Keys of more projects, organizations and people than can be remembered come and go: memory is bounded, and nobody waits for ever.
func TestMoreOwnersThanCanBeRememberedHoldUpNobody(t *testing.T) {
	t.Parallel()
	c := newCache(shards, entry{terms: &terms{}})
	put := func(i int) lookup {
		id := fmt.Sprintf("%011d", i)
		e := entry{terms: &terms{key: traffic.Key{ProjectID: "prj_" + id, OrganizationID: "org_" + id, OwnerID: "usr_" + id}}}
		e.lookup, _ = lookupOf("k" + id)
		if err := e.of("key_"+id, make([]byte, len(e.hash))); err != nil {
			t.Error(err)
		}
		return c.put(e, 0).lookup
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 10 * shards {
			put(i)
		}
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("remembering a key waits for ever")
	}
	if _, known := c.get(put(10 * shards)); !known || len(c.cells) > 4*shards {
		t.Errorf("the newest is remembered: %v, with %d cells", known, len(c.cells))
	}
}
