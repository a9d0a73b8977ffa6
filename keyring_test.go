package main

import (
	"bufio"
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/apptest/pgtest"
)

const (
	manyKeys    = 250 // more than one batch, so that a rotation can be killed between two
	manySecrets = 250 // the same
)

// `keyhall keyring rotate` beside a server that people use: killed in the middle, and begun again, on both databases.
func TestAKilledKeyringRotationGoesOnBesideTheServer(t *testing.T) {
	t.Parallel()
	binary := build(t)
	for database, url := range map[string]func(*testing.T) string{
		"SQLite": func(*testing.T) string { return "" }, "PostgreSQL": func(t *testing.T) string { return pgtest.Start(t) },
	} {
		t.Run(database, func(t *testing.T) {
			t.Parallel()
			dir, dsn := t.TempDir(), url(t)
			env := []string{"KEYHALL_DATABASE_URL=" + dsn}
			demo := launch(t, binary, env, "demo", "--addr", "127.0.0.1:0", "--data-dir", dir)
			p := signInDemo(t, demo.url)
			id, secret := p.fill(t, manyKeys)
			db := openRaw(t, dir, dsn)
			keep, kept := p.keep(t, db, manySecrets)

			var stop atomic.Bool
			var people sync.WaitGroup
			defer people.Wait()
			defer stop.Store(true)
			for range 3 {
				people.Go(func() {
					for !stop.Load() {
						if got := p.reveal(t, id); got != secret {
							t.Errorf("a reveal answered with %d characters", len(got))
							return
						}
					}
				})
			}
			for i, moved := range []string{"200 values re-wrapped", "250 values re-wrapped"} { // among the keys, and when these are done among the secrets
				killAfter(t, moved, binary, env, dir)
				if old, new := keysetCounts(t, db); old == 0 || new == 0 {
					t.Fatalf("it was not killed in the middle: %d and %d values", old, new)
				}
				if got := p.revealSecret(t, keep); got != kept {
					t.Errorf("kill %d: a secret is %q", i, got)
				}
			}
			out := runKeyring(t, binary, env, dir)
			if !strings.Contains(out, "not finished") || strings.Contains(out, "A new key") {
				t.Errorf("going on after the kill: %s", out)
			}
			if _, behind := keysetCounts(t, db); behind != 0 {
				t.Errorf("%d values are left", behind)
			}
			if out := runKeyring(t, binary, env, dir); !strings.Contains(out, "A new key") || !strings.Contains(out, "Everything") {
				t.Errorf("rotating once more: %s", out)
			}
			if _, behind := keysetCounts(t, db); behind != 0 {
				t.Errorf("%d values are left", behind)
			}
			stop.Store(true)
			people.Wait()
			demo.stop(t)
			again := launch(t, binary, env, "demo", "--addr", "127.0.0.1:0", "--data-dir", dir)
			p.url = again.url
			if got := p.reveal(t, id); got != secret {
				t.Error("after a restart the value is another one")
			}
			if got := p.revealSecret(t, keep); got != kept {
				t.Errorf("after a restart a secret is %q", got)
			}
		})
	}
}

// The same with a rotation that is killed 25 times, whenever.
func TestSoakAKilledKeyringRotationGoesOnBesideTheServer(t *testing.T) {
	if os.Getenv("KEYHALL_SOAK") == "" {
		t.Skip("set KEYHALL_SOAK for the long runs")
	}
	binary := build(t)
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("KEYHALL_SEED"); text != "" {
		seed, _ = strconv.ParseUint(text, 10, 64)
	}
	t.Logf("KEYHALL_SEED=%d", seed)
	for database, url := range map[string]func(*testing.T) string{
		"SQLite": func(*testing.T) string { return "" }, "PostgreSQL": func(t *testing.T) string { return pgtest.Start(t) },
	} {
		t.Run(database, func(t *testing.T) {
			dir, dsn := t.TempDir(), url(t)
			env := []string{"KEYHALL_DATABASE_URL=" + dsn}
			demo := launch(t, binary, env, "demo", "--addr", "127.0.0.1:0", "--data-dir", dir)
			p, db, r := signInDemo(t, demo.url), openRaw(t, dir, dsn), rand.New(rand.NewPCG(seed, 1))
			id, secret := p.fill(t, 2*manyKeys)
			keep, kept := p.keep(t, db, 4*manySecrets)
			inTheMiddle := 0
			for range 25 {
				killAtLine(t, 2+r.IntN(6), time.Duration(r.IntN(20))*time.Millisecond, binary, env, dir)
				if current, behind := keysetCounts(t, db); current > 0 && behind > 0 {
					inTheMiddle++
				}
				if got, value := p.reveal(t, id), p.revealSecret(t, keep); got != secret || value != kept {
					t.Fatalf("after a kill the values are %q and %q", got, value)
				}
			}
			runKeyring(t, binary, env, dir)
			current, behind := keysetCounts(t, db)
			if behind != 0 || current != 2*manyKeys+4*manySecrets || inTheMiddle < 3 {
				t.Errorf("%d values are under the key in use, %d are not; %d kills were in the middle", current, behind, inTheMiddle)
			}
			t.Logf("25 kills, %d in the middle of re-wrapping; %d values", inTheMiddle, current)
		})
	}
}

func TestTheKeyringIsNotRotatedWithoutItsFile(t *testing.T) {
	t.Parallel()
	binary, dir := build(t), t.TempDir()
	launch(t, binary, nil, "serve", "--addr", "127.0.0.1:0", "--data-dir", dir).stop(t)
	if err := os.Remove(filepath.Join(dir, "keyring.json")); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(binary, "keyring", "rotate", "--data-dir", dir).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "backup") {
		t.Errorf("%v: %s", err, out)
	}
	if _, err := os.Stat(filepath.Join(dir, "keyring.json")); err == nil {
		t.Error("a key file was made")
	}
}

// killAfter starts a rotation and kills it as soon as it has printed the text.
func killAfter(t *testing.T, text, binary string, env []string, dir string) {
	t.Helper()
	killWhen(t, func(line string) bool { return strings.Contains(line, text) }, 0, binary, env, dir)
}

// killAtLine kills it some time after it has printed so many lines.
func killAtLine(t *testing.T, n int, after time.Duration, binary string, env []string, dir string) {
	t.Helper()
	killWhen(t, func(string) bool { n--; return n == 0 }, after, binary, env, dir)
}

func killWhen(t *testing.T, now func(line string) bool, after time.Duration, binary string, env []string, dir string) {
	t.Helper()
	cmd := exec.Command(binary, "keyring", "rotate", "--data-dir", dir)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if now(lines.Text()) {
			break
		}
	}
	timer := time.NewTimer(after)
	<-timer.C
	_ = cmd.Process.Kill()
	_, _ = io.Copy(io.Discard, out)
	_ = cmd.Wait()
}

func runKeyring(t *testing.T, binary string, env []string, dir string) string {
	t.Helper()
	cmd := exec.Command(binary, "keyring", "rotate", "--data-dir", dir)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("keyring rotate: %v\n%s", err, out)
	}
	return string(out)
}

// keysetCounts counts the values under the key of the check value, which is the one in use, and those under others.
func keysetCounts(t *testing.T, db *sql.DB) (current, others int) {
	t.Helper()
	const ask = `WITH sealed AS (SELECT keyset_id FROM sealed_values UNION ALL SELECT keyset_id FROM sealed_versions), used AS (SELECT check_keyset_id AS id FROM instances)
		SELECT (SELECT COUNT(*) FROM sealed WHERE keyset_id = (SELECT id FROM used)), (SELECT COUNT(*) FROM sealed WHERE keyset_id <> (SELECT id FROM used))`
	if err := db.QueryRow(ask).Scan(&current, &others); err != nil {
		t.Fatal(err)
	}
	return current, others
}

func openRaw(t *testing.T, dir, dsn string) *sql.DB {
	t.Helper()
	driver := "postgres"
	if dsn == "" {
		driver, dsn = "sqlite", "file:"+filepath.Join(dir, "keyhall.db")+"?_pragma=busy_timeout(10000)"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// client is somebody of the demo team, signed in.
type client struct{ url, cookie string }

func signInDemo(t *testing.T, url string) *client {
	t.Helper()
	c := &client{url: url}
	_, cookies := c.ask(t, `mutation { signIn(input: {login: "ada", password: "correct-horse-battery"}) { errors { code } } }`)
	for _, cookie := range cookies {
		c.cookie = cookie.Name + "=" + cookie.Value
	}
	if c.cookie == "" {
		t.Fatal("ada could not sign in")
	}
	return c
}

func (c *client) ask(t *testing.T, query string) (map[string]map[string]any, []*http.Cookie) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.url+"/graphql", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Cookie", c.cookie)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return nil, nil
	}
	defer resp.Body.Close()
	var out struct{ Data map[string]map[string]any }
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		t.Error(err)
	}
	return out.Data, resp.Cookies()
}

// fill makes keys and returns the last of them.
func (c *client) fill(t *testing.T, n int) (id, secret string) {
	t.Helper()
	for range n {
		data, _ := c.ask(t, `mutation { createAPIKey(input: {name: "k"}) { apiKey { id } secret errors { code } } }`)
		key, _ := data["createAPIKey"]["apiKey"].(map[string]any)
		if key == nil {
			t.Fatalf("no key: %v", data)
		}
		id, _ = key["id"].(string)
		secret, _ = data["createAPIKey"]["secret"].(string)
	}
	return id, secret
}

func (c *client) reveal(t *testing.T, id string) string {
	data, _ := c.ask(t, fmt.Sprintf(`mutation { revealAPIKeySecret(input: {id: %q}) { secret errors { code } } }`, id))
	secret, _ := data["revealAPIKeySecret"]["secret"].(string)
	return secret
}

// keep adds secrets and returns the last of them.
func (c *client) keep(t *testing.T, db *sql.DB, n int) (id, value string) {
	t.Helper()
	var home string
	if err := db.QueryRow("SELECT personal_organization_id FROM users WHERE username = 'ada'").Scan(&home); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		value = fmt.Sprint("value ", i)
		data, _ := c.ask(t, fmt.Sprintf(`mutation { createSecret(input: {organizationId: %q, name: "s", url: "https://x.example", clientId: "c", clientSecret: %q}) { secret { id } errors { code } } }`, home, value))
		made, _ := data["createSecret"]["secret"].(map[string]any)
		if made == nil {
			t.Fatalf("no secret: %v", data)
		}
		id, _ = made["id"].(string)
	}
	return id, value
}

func (c *client) revealSecret(t *testing.T, id string) string {
	data, _ := c.ask(t, fmt.Sprintf(`mutation { revealSecret(input: {id: %q, purpose: SHOW}) { clientSecret errors { code } } }`, id))
	value, _ := data["revealSecret"]["clientSecret"].(string)
	return value
}
