package main

import (
	"bufio"
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest/pgtest"
)

const manyKeys = 500 // more than one batch, so that a rotation can be killed between two

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
			killAfter(t, "values re-wrapped", binary, env, dir)
			if old, new := keysetCounts(t, db); old == 0 || new == 0 {
				t.Fatalf("it was not killed in the middle: %d and %d values", old, new)
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
		if strings.Contains(lines.Text(), text) {
			break
		}
	}
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
	const ask = `SELECT (SELECT COUNT(*) FROM sealed_values WHERE keyset_id = (SELECT check_keyset_id FROM instances)),
		(SELECT COUNT(*) FROM sealed_values WHERE keyset_id <> (SELECT check_keyset_id FROM instances))`
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
