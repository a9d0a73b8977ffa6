package openfga

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest/city"
	"github.com/keyhall/keyhall/internal/apptest/pgtest"
	"github.com/keyhall/keyhall/internal/page"
	"github.com/keyhall/keyhall/policy"
	"github.com/keyhall/keyhall/policy/lock"
)

const pageSize = 50

// TestOpenFGA compares on PostgreSQL, the database that OpenFGA is run on in production: both read the same server. What is
// compared is not quite the same. OpenFGA's list is all ids and no rows; ours is that, and a page with its rows. OpenFGA's
// check reads what it needs; ours reads the facts, asks OPA and SQL, and gives reasons.
func TestOpenFGA(t *testing.T) {
	shelf, err := city.Open(t.Context(), true)
	if errors.Is(err, pgtest.ErrNotInstalled) && !pgtest.InCI() {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := shelf.Close(); err != nil {
			t.Error(err)
		}
	})
	k, err := shelf.City(t.Context(), city.Large())
	if err != nil {
		t.Fatal(err)
	}
	a, err := k.Serve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p := newPeer(t, shelf, k)
	fmt.Printf("\nPostgreSQL: OpenFGA v1.22.1 (%d tuples) against Keyhall (%d secrets, %d grants); above 1x Keyhall is quicker\n", p.tuples, k.Size.Secrets, k.Size.Grants)
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	for _, who := range k.Size.Folk() {
		compareLists(t, ctx, a, p, who)
		compareChecks(t, ctx, a, p, who)
	}
}

func compareLists(t *testing.T, ctx context.Context, a *app.App, p *peer, who city.Person) {
	t.Helper()
	inside := who.Enter(ctx, a)
	all := func() ([]string, error) { return a.Store.Reader().Secret().IDs(lock.Counting(inside)) }
	theirs := func() ([]string, error) { return p.list(ctx, who.ID) }
	first := func() ([]string, error) {
		return city.IDs(inside, a, city.List{Viewer: who.ID, Order: page.Order{Column: "name"}, Size: pageSize})
	}
	mustAgree(t, who, all, theirs)
	out := race(t, run(theirs), run(all), run(first))
	say(who, "ListObjects against all ids of ours", out[0], out[1])
	say(who, fmt.Sprintf("ListObjects against our first page of %d, with its rows", pageSize), out[0], out[2])
}

// compareChecks asks about a secret that they see, and about one that they do not.
func compareChecks(t *testing.T, ctx context.Context, a *app.App, p *peer, who city.Person) {
	t.Helper()
	seen, err := a.Store.Reader().Secret().IDs(lock.Counting(who.Enter(ctx, a)))
	if err != nil || len(seen) != who.Sees {
		t.Fatal(len(seen), err)
	}
	hidden := 0
	for slices.Contains(seen, city.SecretID(hidden)) {
		hidden++
	}
	for name, c := range map[string]struct {
		id    string
		allow bool
	}{"seen": {seen[len(seen)/2], true}, "hidden": {city.SecretID(hidden), false}} {
		ours := func() (bool, error) {
			d, err := a.Engine.Revision().Decide(ctx, a.Store.Client, policy.Subject{ID: who.ID, EmailVerified: true}, "secret.view", c.id)
			return d.Allow, err
		}
		theirs := func() (bool, error) { return p.check(ctx, who.ID, c.id) }
		for _, check := range []func() (bool, error){ours, theirs} {
			if allow, err := check(); err != nil || allow != c.allow {
				t.Fatalf("%s: %s is %v, %v", who.Name, c.id, allow, err)
			}
		}
		out := race(t, run(theirs), run(ours))
		say(who, "Check against ours, a secret that is "+name, out[0], out[1])
	}
}

func mustAgree(t *testing.T, who city.Person, ours, theirs func() ([]string, error)) {
	t.Helper()
	want, err := ours()
	if err != nil {
		t.Fatal(err)
	}
	got, err := theirs()
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(want)
	slices.Sort(got)
	if len(want) != who.Sees || !slices.Equal(got, want) {
		t.Fatalf("%s sees %d secrets, in ours %d and in OpenFGA %d", who.Name, who.Sees, len(want), len(got))
	}
}

func run[T any](f func() (T, error)) func() error {
	return func() error {
		_, err := f()
		return err
	}
}

// race lets all run in turns, so that whatever else the machine does hits all of them, and returns the median of each.
func race(t *testing.T, all ...func() error) []time.Duration {
	t.Helper()
	const warmUps, rounds = 8, 41
	times := make([][]time.Duration, len(all))
	for round := range warmUps + rounds {
		for i := range all {
			at := (round + i) % len(all)
			start := time.Now()
			if err := all[at](); err != nil {
				t.Fatal(err)
			}
			if round >= warmUps {
				times[at] = append(times[at], time.Since(start))
			}
		}
	}
	out := make([]time.Duration, len(all))
	for i := range times {
		slices.Sort(times[i])
		out[i] = times[i][len(times[i])/2]
	}
	return out
}

func say(who city.Person, what string, theirs, ours time.Duration) {
	fmt.Printf("  %-70s %6.2fx  %+.1f ms\n", fmt.Sprintf("%s (%d): %s", who.Name, who.Sees, what), float64(theirs)/float64(ours), float64((theirs-ours).Microseconds())/1000)
}
