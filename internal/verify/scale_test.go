package verify_test

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/token"
	"github.com/keyhall/keyhall/internal/verify"
)

// What a remembered key takes at most, in bytes, and how much longer a request takes among a million keys than with one.
const (
	memoryBar = 300
	growthBar = 1.3
)

// many is a server that remembers many keys.
type many struct {
	*scene
	like  token.Token
	texts []string // of the keys
	bytes int64    // that each takes
}

// remember has so many keys remembered, and no others.
func (m *many) remember(t *testing.T, n int) {
	t.Helper()
	m.Changed(t) // everything is forgotten
	keys := make([]token.Token, n)
	m.texts = make([]string, n)
	for i := range keys {
		keys[i] = token.New(token.LiveKey)
		m.texts[i] = keys[i].Expose()
	}
	before := heap()
	err := m.App.Verifier.Remember(t.Context(), m.like, keys, func(int) string { return "key_" + ulid.Make().String() })
	if err != nil {
		t.Fatal(err)
	}
	m.bytes = (heap() - before) / int64(n)
	runtime.KeepAlive(keys)
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func newMany(t *testing.T) *many {
	s := apptest.New(t, apptest.SQLite)
	m := &many{scene: newScene(t, s)}
	var err error
	if m.like, err = token.Parse(m.key.Plaintext); err != nil {
		t.Fatal(err)
	}
	return m
}

// A remembered key is small: a million of them are a few hundred megabytes, and the collector finds little in them.
func TestARememberedKeyIsSmall(t *testing.T) {
	m := newMany(t)
	if m.remember(t, 20_000); m.bytes > memoryBar {
		t.Errorf("a remembered key takes %d bytes, and %d is the bar", m.bytes, memoryBar)
	}
}

// TestVerifyManyKeys is part of `make bench`: what a request costs when one key is asked for, and when 1, 10, 10,000 and 1,000,000
// are, in turns: in process, over HTTP, and beside both a look-up in a bare map, which has nothing to do with Keyhall.
func TestVerifyManyKeys(t *testing.T) {
	if os.Getenv("KEYHALL_BENCH") == "" {
		t.Skip("measured by make bench")
	}
	m := newMany(t)
	fmt.Printf("\na warm request with one key, and with each of so many (%d processors)\n", runtime.NumCPU())
	for _, n := range []int{1, 10, 10_000, 1_000_000} {
		m.remember(t, n)
		process, bare := m.inProcess(t), m.bare()
		http := m.overHTTP(t)
		fmt.Printf("  %9d keys: in process %s; a bare map %s; over HTTP %s; %d bytes remembered\n", n, process, bare, http, m.bytes*int64(n))
		if http.ratio() > growthBar {
			t.Errorf("%d keys: %.2fx over HTTP, and %.1fx is the bar", n, http.ratio(), growthBar)
		}
	}
}

// pair is what one costs, and each of many.
type pair struct{ one, each time.Duration }

func (p pair) ratio() float64 { return float64(p.each) / float64(p.one) }

func (p pair) String() string {
	return fmt.Sprintf("%v and %v (%.2fx, +%v)", p.one, p.each, p.ratio(), p.each-p.one)
}

// turns lets rounds with one key and with others run in turn, each with its keys ready as a request would have them, and takes the
// medians.
func (m *many) turns(rounds, calls int, run func(texts []string) time.Duration) pair {
	var took [2][]time.Duration
	texts := make([]string, calls)
	for range rounds {
		for which := range took {
			for i := range texts {
				at := 0
				if which == 1 {
					at = rand.IntN(len(m.texts))
				}
				texts[i] = string(bytes.Clone([]byte(m.texts[at])))
			}
			took[which] = append(took[which], run(texts)/time.Duration(calls))
		}
	}
	return pair{median(took[0]), median(took[1])}
}

func median[T cmp.Ordered](all []T) T {
	slices.Sort(all)
	return all[len(all)/2]
}

// inProcess writes what was counted between the rounds: what that costs is measured elsewhere.
func (m *many) inProcess(t *testing.T) pair {
	who, keys := verify.Caller{ProjectID: m.ada.Project}, []keyring.Secret{}
	return m.turns(400, 500, func(texts []string) time.Duration {
		if err := m.App.Usage.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		keys = keys[:0]
		for _, text := range texts {
			keys = append(keys, keyring.NewSecret(text))
		}
		began := time.Now()
		for _, k := range keys {
			if d, err := m.App.Verifier.Decide(t.Context(), who, verify.Request{Key: k, Method: "pay", Units: 1}); err != nil || d.Code != "VALID" {
				t.Fatal(d.Code, err)
			}
		}
		return time.Since(began)
	})
}

// bare looks for the public parts in a map of as many.
func (m *many) bare() pair {
	const at, length = len("kh_live_"), 12
	known, found := map[[length]byte]uint32{}, uint32(0)
	for i, text := range m.texts {
		known[[length]byte([]byte(text[at:at+length]))] = uint32(i + 1)
	}
	p := m.turns(400, 500, func(texts []string) time.Duration {
		began := time.Now()
		for _, text := range texts {
			found += known[[length]byte([]byte(text[at:at+length]))]
		}
		return time.Since(began)
	})
	runtime.KeepAlive(found)
	return p
}

func (m *many) overHTTP(t *testing.T) pair {
	return m.turns(100, 50, func(texts []string) time.Duration {
		began := time.Now()
		for _, text := range texts {
			req, err := http.NewRequest(http.MethodPost, m.URL+"/v1/verify", bytes.NewReader([]byte(`{"key":"`+text+`","method":"pay"}`)))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+m.verifier)
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if err != nil || !bytes.Contains(body, []byte(`"VALID"`)) {
				t.Fatalf("%s %v", body, err)
			}
		}
		return time.Since(began)
	})
}
