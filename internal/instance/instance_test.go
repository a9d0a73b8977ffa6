//keyhall:norace
package instance_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/apptest/pgtest"
	"github.com/keyhall/keyhall/internal/instance"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/store"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// each runs a test on a new database of both kinds, with a data folder that holds nothing yet.
func each(t *testing.T, test func(t *testing.T, s *store.Store, dir string)) {
	t.Helper()
	for _, d := range []apptest.Database{apptest.SQLite, apptest.Postgres} {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			test(t, database(t, d, dir), dir)
		})
	}
}

func database(t *testing.T, d apptest.Database, dir string) *store.Store {
	t.Helper()
	c := store.Config{Dir: dir}
	if d == apptest.Postgres {
		c = store.Config{Dir: dir, URL: pgtest.Start(t)}
	}
	s, err := store.Open(t.Context(), c, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func open(t *testing.T, s *store.Store, dir string) (*keyring.Keyring, string) {
	t.Helper()
	k, id, err := instance.Open(t.Context(), s.Client, dir)
	if err != nil {
		t.Fatalf("open the installation: %v", err)
	}
	return k, id
}

// refused checks that the installation does not open, says what to do and writes no file.
func refused(t *testing.T, what string, s *store.Store, dir string) {
	t.Helper()
	path := filepath.Join(dir, keyring.FileName)
	before, missing := os.ReadFile(path)
	k, id, err := instance.Open(t.Context(), s.Client, dir)
	if err == nil || k != nil || id != "" {
		t.Errorf("%s: it opens, as %q", what, id)
		return
	}
	if !strings.Contains(err.Error(), keyring.FileName) && !strings.Contains(err.Error(), "key file") {
		t.Errorf("%s: the refusal does not say which file: %v", what, err)
	}
	after, gone := os.ReadFile(path)
	if (missing == nil) != (gone == nil) || !bytes.Equal(before, after) {
		t.Errorf("%s: the key file was made or changed", what)
	}
	if n := files(t, dir); n != map[bool]int{true: 0, false: 1}[missing != nil] {
		t.Errorf("%s: %d files with keys in the folder", what, n)
	}
}

// files counts what looks like a key file, also under another name.
func files(t *testing.T, dir string) int {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*keyring*"))
	if err != nil {
		t.Fatal(err)
	}
	return len(found)
}

func TestTheFirstStartMakesAnInstallationAndTheNextOnesKnowIt(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Store, dir string) {
		dir = filepath.Join(dir, "made at the first start")
		k, id := open(t, s, dir)
		if !strings.HasPrefix(id, "ins_") {
			t.Errorf("the installation is %q", id)
		}
		place := keyring.Context{Install: id, Type: "api_key", ID: "key_1", Version: 1, Field: "secret"}
		sealed, err := k.Seal(keyring.NewSecret("worth keeping"), place)
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(filepath.Join(dir, keyring.FileName))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the key file has mode %v (%v)", info.Mode(), err)
		}
		for range 2 {
			again, same := open(t, s, dir)
			if same != id {
				t.Errorf("the installation was %s and is %s", id, same)
			}
			if value, err := again.Open(sealed, place); err != nil || value.Expose() != "worth keeping" {
				t.Errorf("what was sealed before does not open: %v", err)
			}
		}
	})
}

func TestWithoutItsKeyFileADatabaseIsRefusedAndNoNewFileIsMade(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Store, dir string) {
		_, id := open(t, s, dir)
		path := filepath.Join(dir, keyring.FileName)
		kept, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		refused(t, "no file", s, dir)
		refused(t, "an empty folder", s, t.TempDir())
		refused(t, "no folder", s, filepath.Join(t.TempDir(), "nosuch"))
		for what, text := range map[string]string{"an empty file": "", "garbage": "garbage", "half a file": string(kept[:len(kept)/2]), "empty JSON": "{}", "null": "null", "a changed file": strings.Replace(string(kept), "A", "B", 5)} {
			if text == string(kept) {
				continue
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			refused(t, what, s, dir)
		}
		if err := os.WriteFile(path, kept, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, same := open(t, s, dir); same != id {
			t.Errorf("with its file again it is %s, and was %s", same, id)
		}
	})
}

func TestTheKeyFileOfAnotherDatabaseIsRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Store, dir string) {
		open(t, s, dir)
		otherDir := t.TempDir()
		other := database(t, apptest.SQLite, otherDir)
		open(t, other, otherDir)
		refused(t, "our database, their file", s, otherDir)
		refused(t, "their database, our file", other, dir)
		open(t, s, dir)
		open(t, other, otherDir)
	})
}

// A copy of the key file from before a rotation cannot open what was sealed since.
func TestAnOlderCopyOfTheKeyFileIsRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Store, dir string) {
		open(t, s, dir)
		path := filepath.Join(dir, keyring.FileName)
		older, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := keyring.Add(path); err != nil {
			t.Fatal(err)
		}
		if err := keyring.Promote(path); err != nil {
			t.Fatal(err)
		}
		open(t, s, dir) // and from here on values are sealed under the new key
		newer, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, older, 0o600); err != nil {
			t.Fatal(err)
		}
		refused(t, "the file from before the rotation", s, dir)
		if err := os.WriteFile(path, newer, 0o600); err != nil {
			t.Fatal(err)
		}
		open(t, s, dir)
	})
}

// A key file that others may read is not used as if it were a secret.
func TestAKeyFileThatOthersCanReadIsRefused(t *testing.T) { // security.md 4.10
	t.Parallel()
	each(t, func(t *testing.T, s *store.Store, dir string) {
		open(t, s, dir)
		path := filepath.Join(dir, keyring.FileName)
		for _, mode := range []os.FileMode{0o644, 0o640, 0o604} {
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
			refused(t, mode.String(), s, dir)
		}
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
		open(t, s, dir)
	})
}

// Replicas that start for the first time at once become one installation with one key file, or are refused.
func TestFirstStartsAtTheSameMomentBecomeOneInstallation(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Store, dir string) {
		const starts = 6
		var mu sync.Mutex
		var all sync.WaitGroup
		ids := map[string]int{}
		for range starts {
			all.Go(func() {
				_, id, err := instance.Open(t.Context(), s.Client, dir)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Logf("refused: %v", err)
					return
				}
				ids[id]++
			})
		}
		all.Wait()
		if len(ids) != 1 {
			t.Errorf("they became %v", ids)
		}
		if _, id := open(t, s, dir); ids[id] == 0 {
			t.Errorf("afterwards it is %s, and was %v", id, ids)
		}
	})
}

// Two replicas with data folders of their own: the second has another key file, and must not seal with it.
func TestAReplicaWithAnotherKeyFileIsRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *store.Store, dir string) {
		const starts = 4
		dirs, opened := make([]string, starts), make([]bool, starts)
		var all sync.WaitGroup
		for i := range starts {
			dirs[i] = t.TempDir()
			all.Go(func() {
				_, _, err := instance.Open(t.Context(), s.Client, dirs[i])
				opened[i] = err == nil
			})
		}
		all.Wait()
		count := 0
		for i, ok := range opened {
			if ok {
				count++
				open(t, s, dirs[i])
			}
		}
		if count != 1 {
			t.Errorf("%d replicas with keys of their own opened one database", count)
		}
	})
}
