package usage_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/apptest/pgtest"
	"github.com/keyhall/keyhall/internal/store"
	"github.com/keyhall/keyhall/internal/traffic"
	"github.com/keyhall/keyhall/internal/usage"
	"github.com/keyhall/keyhall/policy/lock"
)

// childOf names the database that this binary is to count into, when it was started as a process that will be killed.
const childOf = "KEYHALL_TEST_USAGE_OF"

func TestMain(m *testing.M) {
	if where := os.Getenv(childOf); where != "" {
		parts := strings.Split(where, "|")
		if err := count(store.Config{Dir: parts[0], URL: parts[1]}, parts[2] == "strictly"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	apptest.Main(m)
}

// count counts until it is killed, and says so line by line: what it begins to count strictly (S), what it has (s), and what it counts
// without waiting, before it does (b). Whoever counts strictly has all the others written too, so every second process does not.
func count(c store.Config, strictly bool) error {
	ctx := context.Background()
	s, err := store.Open(ctx, c, false)
	if err != nil {
		return err
	}
	counter := usage.New(s.Client, usage.Defaults(), slog.New(slog.DiscardHandler))
	go counter.Run(ctx)
	var mu sync.Mutex
	say := func(line string) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = os.Stdout.WriteString(line + "\n")
	}
	strict, loose := keyOf(1), keyOf(2)
	strict.Strict = true
	go func() {
		for range time.Tick(time.Millisecond) {
			say(fmt.Sprintf("b %d", time.Now().UnixNano()))
			_ = counter.Count(ctx, use(loose, "GET", traffic.Valid, 1, time.Now()))
		}
	}()
	for !strictly {
		<-ctx.Done()
	}
	for {
		say("S")
		if err := counter.Count(ctx, use(strict, "GET", traffic.Valid, 1, time.Now())); err != nil {
			return err
		}
		say("s")
	}
}

// Processes that count are killed (SIGKILL) again and again. What was counted strictly is exact: all that was acknowledged, and at most
// the one that was under way. The rest is short by at most a second, and never over.
//
//keyhall:norace
func TestAKilledProcessLosesAtMostASecondAndNothingStrict(t *testing.T) {
	t.Parallel()
	killOften(t, 4, time.Second)
}

// The same 50 times on each database. It runs alone, so here nothing but the second counts.
func TestSoakAKilledProcessLosesAtMostASecondAndNothingStrict(t *testing.T) {
	if os.Getenv("KEYHALL_SOAK") == "" {
		t.Skip("set KEYHALL_SOAK for the long runs")
	}
	killOften(t, 50, 0)
}

// killOften allows a write to take so much longer because other tests write at the same time.
func killOften(t *testing.T, kills int, busy time.Duration) {
	for name, url := range map[string]func(*testing.T) string{
		"sqlite": func(*testing.T) string { return "" }, "postgres": func(t *testing.T) string { return pgtest.Start(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := store.Config{Dir: t.TempDir(), URL: url(t)}
			s, err := store.Open(t.Context(), config, true)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			var all said
			for i := range kills {
				all.add(killOne(t, config, i%2 == 0, time.Second+busy*apptest.Slowdown))
				all.agree(t, s)
			}
			t.Logf("%s: %d strict, %d others, of which %d were lost", name, all.done, all.counted, all.lost)
		})
	}
}

// said is what processes said of themselves.
type said struct {
	begun, done   int64 // strictly
	counted, lost int64 // without waiting; and of these not stored
	late          int64 // in the last second before the last kill
}

func (s *said) add(o said) {
	s.begun += o.begun
	s.done += o.done
	s.counted += o.counted
	s.late = o.late
}

// killOne lets a process count for a while and kills it.
func killOne(t *testing.T, c store.Config, strictly bool, spare time.Duration) (out said) {
	t.Helper()
	how := map[bool]string{true: "strictly", false: "loosely"}[strictly]
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), binary)
	child.Env = append(os.Environ(), childOf+"="+c.Dir+"|"+c.URL+"|"+how)
	child.Stderr = os.Stderr
	lines, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var began, killed time.Time
	var times []int64
	for in := bufio.NewScanner(lines); in.Scan(); {
		var at int64
		switch {
		case in.Text() == "S":
			out.begun++
		case in.Text() == "s":
			out.done++
		default:
			if _, err := fmt.Sscanf(in.Text(), "b %d", &at); err != nil {
				continue // cut by the kill
			}
			times = append(times, at)
		}
		if began.IsZero() {
			began = time.Now()
		}
		if killed.IsZero() && time.Since(began) > 3*time.Second && (out.done > 0 || !strictly) {
			killed = time.Now()
			_ = child.Process.Kill()
		}
	}
	_ = child.Wait()
	if killed.IsZero() {
		t.Fatal("the process ended by itself")
	}
	out.counted = int64(len(times))
	for _, at := range times {
		if at > killed.Add(-spare).UnixNano() {
			out.late++
		}
	}
	return out
}

// agree compares what was said with what is stored.
func (s *said) agree(t *testing.T, db *store.Store) {
	t.Helper()
	sum := func(key string) (n int64) {
		rows, err := db.UsageBucket.Query().All(lock.UsageOf(t.Context(), lock.Used{APIKeyID: key}))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			n += r.Requests
		}
		return n
	}
	if n := sum("key_1"); n < s.done || n > s.begun {
		t.Errorf("%d strict counts are stored; %d were acknowledged, %d begun", n, s.done, s.begun)
	}
	n := sum("key_2")
	lost := s.counted - n - s.lost
	s.lost += lost
	if lost < 0 || lost > s.late {
		t.Errorf("%d of %d counts are stored: %d were lost by this kill, and only %d were of the last second", n, s.counted, lost, s.late)
	}
}
