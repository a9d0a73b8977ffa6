package benches

import (
	"slices"
	"testing"
	"time"
)

const (
	warmUps   = 8 // PostgreSQL decides after five runs of a statement whether its plan depends on the arguments
	minRounds = 41
	maxRounds = 401
	slow      = 500 * time.Millisecond // a round of this
	fewRounds = 11                     // is not run so often
	hopeless  = 3                      // a baseline that is this much slower than the other is not raced
)

// contender is one way to an answer.
type contender struct {
	name string
	run  func() error
}

// race lets contenders run in turns, so that whatever else the machine does hits all of them, and returns the median time
// of each. The one that begins changes every round.
func race(t *testing.T, budget time.Duration, all ...contender) []time.Duration {
	t.Helper()
	var once time.Duration
	for _, c := range all {
		once += warm(t, c)
	}
	rounds := max(minRounds, min(maxRounds, int(budget/max(once, time.Microsecond))))
	if once > slow {
		rounds = fewRounds
	}
	times := make([][]time.Duration, len(all))
	for round := range rounds {
		for i := range all {
			at := (round + i) % len(all)
			times[at] = append(times[at], timed(t, all[at]))
		}
	}
	out := make([]time.Duration, len(all))
	for i := range times {
		out[i] = median(times[i])
	}
	return out
}

// warm is the median time of the runs before the race.
func warm(t *testing.T, c contender) time.Duration {
	t.Helper()
	var times []time.Duration
	for range warmUps {
		times = append(times, timed(t, c))
	}
	return median(times)
}

func timed(t *testing.T, c contender) time.Duration {
	t.Helper()
	start := time.Now()
	err := c.run()
	took := time.Since(start)
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	return took
}

// better leaves out the baselines that have no chance to be the best.
func better(t *testing.T, baselines []contender) []contender {
	t.Helper()
	baselines = promising(t, baselines)
	took := make([]time.Duration, len(baselines))
	for i, b := range baselines {
		took[i] = warm(t, b)
	}
	best := slices.Min(took)
	var out []contender
	for i, b := range baselines {
		if took[i] <= hopeless*best {
			out = append(out, b)
		}
	}
	return out
}

// promising leaves out those that are far behind in their second run already.
func promising(t *testing.T, baselines []contender) (out []contender) {
	t.Helper()
	took := make([]time.Duration, len(baselines))
	for i, b := range baselines {
		took[i] = min(timed(t, b), timed(t, b))
	}
	for i, b := range baselines {
		if took[i] <= 5*hopeless*slices.Min(took) {
			out = append(out, b)
		}
	}
	return out
}

func median(times []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[len(sorted)/2]
}
