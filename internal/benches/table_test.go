package benches

import (
	"fmt"
	"io"
	"testing"
	"text/tabwriter"
	"time"
)

const (
	budget      = time.Second     // of one race
	longBudget  = 4 * time.Second // of the race that confirms a miss
	microsecond = float64(time.Microsecond)
)

// bar is what a candidate may cost beyond its baseline: a factor, or a time where the baseline is very short.
type bar struct {
	times float64
	plus  time.Duration
}

var noBar = bar{}

func (b bar) String() string {
	switch {
	case b == noBar:
		return "none"
	case b.plus == 0:
		return fmt.Sprintf("%.1fx", b.times)
	}
	return fmt.Sprintf("%.1fx or +%.1f ms", b.times, float64(b.plus.Microseconds())/1000)
}

func (b bar) holds(candidate, baseline time.Duration) bool {
	return b == noBar || float64(candidate) <= b.times*float64(baseline) || candidate <= baseline+b.plus
}

// table is the figures of one kind on one database. Every row is a ratio of one race.
type table struct {
	t      *testing.T
	out    io.Writer
	writer *tabwriter.Writer
	missed int
}

func newTable(t *testing.T, out io.Writer, title string) *table {
	fmt.Fprintf(out, "\n%s\n", title)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "  what\tagainst\tratio\tdifference\tbar\t")
	return &table{t: t, out: out, writer: w}
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
	fmt.Fprintf(a.writer, "  %s\t%s\t%.2fx\t%+.0f µs\t%s\t%s\n", what, name,
		float64(candidateTook)/float64(baseline), float64(candidateTook-baseline)/microsecond, b, verdict)
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

// print writes the rows, and fails the test when a bar was missed.
func (a *table) print() {
	a.t.Helper()
	if err := a.writer.Flush(); err != nil {
		a.t.Fatal(err)
	}
	if a.missed > 0 {
		a.t.Errorf("%d bars missed", a.missed)
	}
}
