package places_test

import (
	"math/rand/v2"
	"testing"

	"github.com/keyhall/keyhall/internal/places"
)

// However things come and go, also many of one sum: each is found where it was said to be, and what went is not.
func TestWhatIsThereIsFoundAndNothingElse(t *testing.T) {
	t.Parallel()
	for range 20 {
		seed := rand.Uint64()
		r := rand.New(rand.NewPCG(seed, 1))
		sums := 1 + r.Uint32N(300) // few: they collide
		var x places.Index
		if r.IntN(2) == 0 {
			x.Reserve(r.IntN(100))
		}
		there := map[uint32]uint32{} // the sum of each place
		for range 3000 {
			place := r.Uint32N(200)
			sum, known := there[place]
			switch {
			case known && r.IntN(2) == 0:
				x.Remove(sum, place)
				delete(there, place)
			case !known:
				there[place] = r.Uint32N(sums) * 7
				x.Add(there[place], place)
			}
			place = r.Uint32N(200)
			sum, known = there[place]
			if _, found := x.Find(sum, func(p uint32) bool { return p == place }); found != known {
				t.Fatalf("seed %d: place %d is found: %v, is there: %v", seed, place, found, known)
			}
			x.Remove(sum+1, place) // nobody's
		}
	}
}
