package apptest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/keyhall/keyhall/internal/store"
)

// migrate makes the tables of Keyhall in an empty PostgreSQL database.
func migrate(url string) error { return open(store.Config{URL: url}) }

func open(c store.Config) error {
	s, err := store.Open(context.Background(), c, true)
	if err != nil {
		return err
	}
	return s.Close()
}

// tables is a SQLite file with the tables of Keyhall, made once: under the race detector, making them is most of what a
// start costs.
var tables file

type file struct {
	mu      sync.Mutex
	content []byte
}

// lay puts a copy into a data folder, unless it has a database.
func (f *file) lay(t testing.TB, dir string) {
	t.Helper()
	path := filepath.Join(dir, "keyhall.db")
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		return
	}
	content, err := f.made(t)
	if err == nil {
		err = os.WriteFile(path, content, 0o600)
	}
	if err != nil {
		t.Fatalf("lay the tables of Keyhall: %v", err)
	}
}

func (f *file) made(t testing.TB) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.content != nil {
		return f.content, nil
	}
	dir := t.TempDir()
	if err := open(store.Config{Dir: dir}); err != nil {
		return nil, err
	}
	var err error
	f.content, err = os.ReadFile(filepath.Join(dir, "keyhall.db"))
	return f.content, err
}
