package benches

import (
	"fmt"
	"io"
	"testing"
	"time"
)

const (
	budget      = time.Second     // of one race
	longBudget  = 4 * time.Second // of the race that confirms a miss
	microsecond = float64(time.Microsecond)
)

// bar is what a candidate may cost beyond its baseline: a factor, or a time where the baseline is very short.
type bar struct {
	times  float64
	plus   time.Duration
	within time.Duration // whatever the baseline took; 0: any time
}

var noBar = bar{}

func (b bar) String() string {
	switch {
	case b == noBar:
		return "none"
	case b.within > 0:
		return fmt.Sprintf("%.1fx, %d ms", b.times, b.within.Milliseconds())
	case b.plus == 0:
		return fmt.Sprintf("%.1fx", b.times)
	}
	return fmt.Sprintf("%.1fx or +%.1f ms", b.times, float64(b.plus.Microseconds())/1000)
}

func (b bar) holds(candidate, baseline time.Duration) bool {
	if b.within > 0 && candidate > b.within {
		return false
	}
	return b == noBar || float64(candidate) <= b.times*float64(baseline) || candidate <= baseline+b.plus
}

// table is the figures of one kind on one database, printed as they come. Every row is a ratio of one race.
type table struct {
	t      *testing.T
	out    io.Writer
	missed int
}

const layout = "  %-55s  %-20s  %8s  %11s  %-15s  %s\n"

func newTable(t *testing.T, out io.Writer, title string) *table {
	fmt.Fprintf(out, "\n%s\n"+layout, title, "what", "against", "ratio", "difference", "bar", "")
	return &table{t: t, out: out}
}

// row races a candidate against the best of its baselines. A miss counts only when a longer race confirms it.
func (a *table) row(what string, b bar, candidate contender, baselines ...contender) {
	a.t.Helper()
	if len(baselines) > 1 {
		baselines = better(a.t, baselines)
	}
	candidateTook, baseline, name := a.race(budget, candidate, baselines)
	verdict := "ok"
	if !b.holds(candidateTook, baseline) {
		candidateTook, baseline, name = a.race(longBudget, candidate, baselines)
		if !b.holds(candidateTook, baseline) {
			verdict = "MISSED"
			a.missed++
		}
	}
	if b == noBar {
		verdict = ""
	}
	fmt.Fprintf(a.out, layout, what, name, fmt.Sprintf("%.2fx", float64(candidateTook)/float64(baseline)),
		fmt.Sprintf("%+.0f µs", float64(candidateTook-baseline)/microsecond), b.String(), verdict)
}

// race returns the median of the candidate, and that of the best baseline with its name.
func (a *table) race(budget time.Duration, candidate contender, baselines []contender) (took, best time.Duration, name string) {
	a.t.Helper()
	medians := race(a.t, budget, append([]contender{candidate}, baselines...)...)
	best, name = medians[1], baselines[0].name
	for i, b := range baselines {
		if medians[1+i] < best {
			best, name = medians[1+i], b.name
		}
	}
	return medians[0], best, name
}

// end fails the test when a bar was missed.
func (a *table) end() {
	a.t.Helper()
	if a.missed > 0 {
		a.t.Errorf("%d bars missed", a.missed)
	}
}
