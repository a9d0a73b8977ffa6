package pgtest

import (
	"database/sql"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func marked(filled *int) func(string) error {
	return func(url string) error {
		*filled++
		db, err := sql.Open("postgres", url)
		if err != nil {
			return err
		}
		defer db.Close()
		_, err = db.Exec(`CREATE TABLE mark (id int)`)
		return err
	}
}

func TestACopyHasWhatWasFilledOnceAndNothingOfTheCopyBefore(t *testing.T) {
	t.Parallel()
	var filled int
	for range 2 {
		db := open(t, Copy(t, t.Name(), marked(&filled)))
		var rows int
		if err := db.QueryRow(`SELECT count(*) FROM mark`).Scan(&rows); err != nil || rows != 0 {
			t.Fatalf("%d rows, %v", rows, err)
		}
		if _, err := db.Exec(`INSERT INTO mark VALUES (1)`); err != nil {
			t.Fatal(err)
		}
	}
	if filled != 1 {
		t.Fatalf("filled %d times", filled)
	}
}

func TestWhatIsCopiedIsDroppedFromANamedServer(t *testing.T) {
	t.Setenv(Env, serverOf(t.Context(), t))
	mine := cluster{main: true}
	var filled int
	made, err := mine.template(t.Context(), os.Getenv(Env), "a name", marked(&filled))
	if err != nil {
		t.Fatal(err)
	}
	if err := mine.stop(); err != nil {
		t.Fatal(err)
	}
	var exists bool
	query := `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`
	if err := open(t, os.Getenv(Env)).QueryRow(query, made.name).Scan(&exists); err != nil || exists {
		t.Fatalf("it is still there: %v, %v", exists, err)
	}
}

func TestOnlyTheFoldersOfOldDeadClustersAreRemoved(t *testing.T) {
	t.Parallel()
	in := t.TempDir()
	folder := func(name string, age time.Duration, files ...string) string {
		dir := filepath.Join(in, name)
		if err := os.MkdirAll(filepath.Join(dir, "data"), 0o700); err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if err := os.WriteFile(filepath.Join(dir, file), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		when := time.Now().Add(-age)
		if err := os.Chtimes(dir, when, when); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	folder(prefix+"young", time.Minute)
	folder(prefix+"running", 2*time.Hour, "data/postmaster.pid")
	folder("somebody-else", 2*time.Hour)
	dead := folder(prefix+"dead", 2*time.Hour)
	if got := leftovers(in); !slices.Equal(got, []string{dead}) {
		t.Fatalf("removed would be %v", got)
	}
}
