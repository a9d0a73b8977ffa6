package benches

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/token"
	"github.com/keyhall/keyhall/internal/verify"
)

// gateway is a server with many keys of one project.
type gateway struct {
	*apptest.Server
	ada      *apptest.Actor
	db       *sql.DB
	verifier string
	model    string // id of the key that all others are like
	keys     []keyring.Secret
}

// TestVerify measures what a request with a key costs: over HTTP beside a handler that decides nothing, and the first time.
func TestVerify(t *testing.T) {
	for _, d := range []apptest.Database{apptest.SQLite, apptest.Postgres} {
		t.Run(string(d), func(t *testing.T) {
			var url string
			s := apptest.New(t, d, func(c *app.Config) { url = c.Store.URL })
			ada := s.Actor(t, "ada")
			g := &gateway{Server: s, ada: ada, db: open(t, s, url), verifier: s.PutVerifier(t, ada.Project, ada), model: ada.CreateKey(t, "Model", "", "PROJECT").ID}
			fmt.Printf("\n%s: requests with keys\n", d)
			g.overHTTP(t)
			g.first(t)
		})
	}
}

// bare answers as /v1/verify does, and decides nothing.
func bare(w http.ResponseWriter, r *http.Request) {
	var q struct{ Key string }
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(map[string]any{"valid": true, "code": "VALID", "keyId": q.Key[:12], "projectId": q.Key[:8]})
}

// overHTTP is a bar: half as many requests a second at least as the bare handler, which runs in turn with it.
func (g *gateway) overHTTP(t *testing.T) {
	g.load(t, 100)
	plain := httptest.NewServer(http.HandlerFunc(bare))
	defer plain.Close()
	var rates [2][]float64
	for range 5 {
		rates[0] = append(rates[0], g.rate(t, g.URL+"/v1/verify"))
		rates[1] = append(rates[1], g.rate(t, plain.URL))
	}
	slices.Sort(rates[0])
	slices.Sort(rates[1])
	ours, theirs := rates[0][len(rates[0])/2], rates[1][len(rates[1])/2]
	fmt.Printf("  POST /v1/verify, warm, 8 connections: %.0f/s, a bare JSON handler %.0f/s: %.2fx (bar 0.50x)\n", ours, theirs, ours/theirs)
	if ours < theirs/2 {
		t.Errorf("%.2fx of a bare handler, and 0.5x is the bar", ours/theirs)
	}
}

// rate is how many requests a second are answered at an address.
func (g *gateway) rate(t *testing.T, url string) float64 {
	const connections, during = 8, time.Second
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}}
	defer client.CloseIdleConnections()
	var done atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	for i := range connections {
		all.Go(func() {
			for n := i; time.Since(began) < during; n++ {
				body := []byte(`{"key":"` + g.keys[n%len(g.keys)].Expose() + `","method":"pay"}`)
				req, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
				if err != nil {
					t.Error(err)
					return
				}
				req.Header.Set("Authorization", "Bearer "+g.verifier)
				resp, err := client.Do(req)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
				if resp.StatusCode != http.StatusOK {
					t.Errorf("%s answers %s", url, resp.Status)
					return
				}
				done.Add(1)
			}
		})
	}
	all.Wait()
	return float64(done.Load()) / time.Since(began).Seconds()
}

// first asks about each of some keys for the first time. What a million of them cost when they are remembered is measured beside the
// code that remembers them: TestVerifyManyKeys of internal/verify.
func (g *gateway) first(t *testing.T) {
	for _, n := range []int{1, 10, 10_000} {
		g.load(t, n)
		began := time.Now()
		for i := range g.keys {
			g.decide(t, i)
		}
		fmt.Printf("  %9d keys: the first time %v each\n", n, time.Since(began)/time.Duration(n))
	}
}

func (g *gateway) decide(t *testing.T, i int) {
	d, err := g.App.Verifier.Decide(t.Context(), verify.Caller{ProjectID: g.ada.Project}, verify.Request{Key: g.keys[i], Units: 1})
	if err != nil || d.Code != "VALID" {
		t.Fatalf("key %d: %s %v", i, d.Code, err)
	}
}

// load makes so many new keys like the model, in place of those that are asked about.
func (g *gateway) load(t *testing.T, n int) {
	t.Helper()
	peppers, err := keyring.Load(filepath.Join(g.Dir, keyring.FileName), false)
	if err != nil {
		t.Fatal(err)
	}
	g.keys = g.keys[:0]
	for len(g.keys) < n {
		tx, err := g.db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		for range min(10_000, n-len(g.keys)) {
			k := token.New(token.LiveKey)
			hash, pepper := k.Hash(peppers)
			g.keys = append(g.keys, keyring.NewSecret(k.Expose()))
			g.like(t, tx, "api_keys", "id", map[string]any{"id": "key_" + k.ID()})
			g.like(t, tx, "security_settings", "api_key_id", map[string]any{"id": "sst_" + k.ID(), "api_key_id": "key_" + k.ID()})
			g.like(t, tx, "api_key_hashes", "api_key_id", map[string]any{"id": "khh_" + k.ID(), "api_key_id": "key_" + k.ID(), "lookup": k.ID(), "hash": hash, "pepper_id": pepper})
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
	}
}

// like copies the row of the model, but for some columns.
func (g *gateway) like(t *testing.T, tx *sql.Tx, table, by string, but map[string]any) {
	t.Helper()
	rows, err := tx.Query("SELECT * FROM " + table + " WHERE 1 = 0")
	if err != nil {
		t.Fatal(err)
	}
	columns, err := rows.Columns()
	_ = rows.Close()
	if err != nil {
		t.Fatal(err)
	}
	var from []string
	var args []any
	for _, c := range columns {
		if value, ok := but[c]; ok {
			args = append(args, value)
			mark := fmt.Sprintf("$%d", len(args))
			if _, text := value.(string); text {
				mark = "CAST(" + mark + " AS TEXT)"
			} else if g.Database == apptest.Postgres {
				mark += "::bytea"
			}
			from = append(from, mark)
			continue
		}
		from = append(from, `"`+c+`"`)
	}
	args = append(args, g.model)
	query := fmt.Sprintf(`INSERT INTO %s ("%s") SELECT %s FROM %s WHERE %s = $%d`, table, strings.Join(columns, `","`), strings.Join(from, ","), table, by, len(args))
	if _, err := tx.Exec(query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}
