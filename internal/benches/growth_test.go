package benches

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/apptest/city"
)

// envHuge asks for what takes a quarter of an hour to load: `make bench-data HUGE=1`.
const envHuge = "KEYHALL_BENCH_HUGE"

// TestGrowth compares the first page among 1,000,000 secrets and 3,000,000 grants with that among a tenth, for people who
// see as many there as here.
func TestGrowth(t *testing.T) {
	if os.Getenv(envHuge) == "" {
		t.Skipf("%s is not set", envHuge)
	}
	for _, d := range []apptest.Database{apptest.SQLite, apptest.Postgres} {
		t.Run(string(d), func(t *testing.T) {
			cities := move(t, d, city.Large(), city.Huge())
			t.Run("first pages", func(t *testing.T) { measureGrowth(t, cities[0], cities[1]) })
			t.Run("by hand", func(t *testing.T) { measureSecrets(t, cities[1]) })
		})
	}
}

func measureGrowth(t *testing.T, small, large *resident) {
	out := newTable(t, os.Stdout, fmt.Sprintf("%s: the first page of %d among %d secrets, against that among %d",
		large.database, pageSize, large.Size.Secrets, small.Size.Secrets))
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	for i, p := range large.Size.Folk() {
		allowed := bar{times: 1.5}
		if p.Name == "many" {
			allowed = bar{times: 3, within: 50 * time.Millisecond}
		}
		here := small.pagesOf(t, ctx, small.Size.Folk()[i])
		for n, l := range large.pagesOf(t, ctx, p) {
			if l.After == nil {
				out.row(l.name, allowed, list("1,000,000", large.ours(ctx, p, l.List)), list("100,000", small.ours(ctx, p, here[n].List)))
			}
		}
	}
	out.end()
}
