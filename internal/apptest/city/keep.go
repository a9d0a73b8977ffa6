package city

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"entgo.io/ent/dialect"
	_ "github.com/lib/pq" // the hand-written statements' own connection
	_ "modernc.org/sqlite"

	"github.com/keyhall/keyhall/ent/migrate/migrations"
	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest/pgtest"
	"github.com/keyhall/keyhall/internal/store"
)

// Env names the variable with the folder where cities are kept; without it they are in the system's temporary folder.
const Env = "KEYHALL_BENCH_DATA"

// Cache is the folder where cities are kept.
func Cache() string {
	if dir := os.Getenv(Env); dir != "" {
		return dir
	}
	return filepath.Join(os.TempDir(), "keyhall-bench-data")
}

// Clean removes every city.
func Clean() error { return os.RemoveAll(Cache()) }

// Kept is a city that was loaded once and stays in the cache.
type Kept struct {
	Size  Size
	Store store.Config // what a Keyhall on it is started with
	DB    *sql.DB      // of hand-written statements
	once  *sql.DB      // of those that PostgreSQL plans once
	Fresh bool         // it was loaded now
	stop  []func() error

	Apart bool                        // each form has a connection to itself, as Keyhall has
	dial  func(Form) (*sql.DB, error) // one more connection
	apart map[string]*sql.DB          // of forms, by their names
}

// Close leaves the city in the cache.
func (k *Kept) Close() error {
	var errs []error
	for i := len(k.stop) - 1; i >= 0; i-- {
		errs = append(errs, k.stop[i]())
	}
	return errors.Join(errs...)
}

// Shelf is one database server's part of the cache.
type Shelf struct {
	cluster *pgtest.Cluster // nil: SQLite
	cities  []*Kept
}

// Open opens the part of a database. PostgreSQL runs until it is closed; one process at a time may have it.
func Open(ctx context.Context, postgres bool) (*Shelf, error) {
	if err := os.MkdirAll(Cache(), 0o711); err != nil { // PostgreSQL's own account passes through
		return nil, err
	}
	if !postgres {
		return &Shelf{}, nil
	}
	cluster, err := pgtest.Keep(ctx, filepath.Join(Cache(), "postgres"))
	return &Shelf{cluster: cluster}, err
}

// Close leaves everything in the cache.
func (s *Shelf) Close() error {
	var errs []error
	for _, k := range s.cities {
		errs = append(errs, k.Close())
	}
	if s.cluster != nil {
		errs = append(errs, s.cluster.Stop())
	}
	return errors.Join(errs...)
}

// Address is the URL of the PostgreSQL server; empty on SQLite.
func (s *Shelf) Address() string {
	if s.cluster == nil {
		return ""
	}
	return s.cluster.URL()
}

// City opens a city, and loads it when it is not there or is of other tables or of another plan.
func (s *Shelf) City(ctx context.Context, size Size) (*Kept, error) {
	k := &Kept{Size: size}
	s.cities = append(s.cities, k)
	if s.cluster == nil {
		name, err := size.name(dialect.SQLite)
		if err != nil {
			return nil, err
		}
		return k, k.openSQLite(ctx, name)
	}
	name, err := size.name(dialect.Postgres)
	if err != nil {
		return nil, err
	}
	return k, k.openPostgres(ctx, s.cluster.URL(), name)
}

// name says the size, the plan and the tables.
func (s Size) name(d string) (string, error) {
	files, err := migrations.For(d)
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	fmt.Fprintf(hash, "%+v %d %d", s, seed, planVersion)
	err = fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, path)
		hash.Write(text)
		return err
	})
	return fmt.Sprintf("city_%d_%s", s.Secrets, hex.EncodeToString(hash.Sum(nil))[:12]), err
}

func (k *Kept) openSQLite(ctx context.Context, name string) error {
	dir := filepath.Join(Cache(), name)
	k.Store = store.Config{Dir: dir}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		if err := loadSQLite(ctx, dir, k.Size); err != nil {
			return err
		}
		k.Fresh = true
	}
	return k.connectSQLite(sqliteSource(dir))
}

// loadSQLite makes the folder beside its place, which it takes when it is whole.
func loadSQLite(ctx context.Context, dir string, s Size) error {
	draft := dir + ".draft"
	if err := os.RemoveAll(draft); err != nil {
		return err
	}
	if err := build(ctx, store.Config{Dir: draft}, s, "sqlite", sqliteSource(draft)+"&_pragma=synchronous(OFF)"); err != nil {
		return err
	}
	return os.Rename(draft, dir)
}

func sqliteSource(dir string) string {
	return "file:" + filepath.Join(dir, "keyhall.db") + "?_pragma=busy_timeout(10000)&_pragma=cache_size(-16000)&_pragma=mmap_size(2147418112)"
}

func (k *Kept) openPostgres(ctx context.Context, address, name string) error {
	k.Store = store.Config{Dir: filepath.Join(Cache(), name+".keyring"), URL: database(address, name)}
	server, err := sql.Open("postgres", address)
	if err != nil {
		return err
	}
	defer server.Close()
	var there bool
	if err := server.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)", name).Scan(&there); err != nil {
		return err
	}
	if !there {
		if err := k.loadPostgres(ctx, server, address, name); err != nil {
			return err
		}
		k.Fresh = true
	}
	return k.connectPostgres(database(address, name))
}

// loadPostgres makes the database under another name, and gives it its own when it is whole.
func (k *Kept) loadPostgres(ctx context.Context, server *sql.DB, address, name string) error {
	draft := name + "_draft"
	run := func(commands ...string) error {
		for _, command := range commands {
			if _, err := server.ExecContext(ctx, command); err != nil {
				return fmt.Errorf("%s: %w", command, err)
			}
		}
		return nil
	}
	if err := errors.Join(os.RemoveAll(k.Store.Dir), os.MkdirAll(k.Store.Dir, 0o700), run("DROP DATABASE IF EXISTS "+draft, "CREATE DATABASE "+draft+" TEMPLATE template0")); err != nil {
		return err
	}
	url := database(address, draft)
	if err := build(ctx, store.Config{Dir: k.Store.Dir, URL: url}, k.Size, "postgres", url); err != nil {
		return err
	}
	return run("ALTER DATABASE " + draft + " RENAME TO " + name)
}

func database(server, name string) string {
	u, err := url.Parse(server)
	if err != nil {
		panic("city: the cluster's own address: " + err.Error())
	}
	u.Path = "/" + name
	return u.String()
}

// build lets Keyhall make its tables, and fills them.
func build(ctx context.Context, c store.Config, s Size, driver, source string) error {
	cfg := app.Defaults()
	cfg.Store, cfg.Migrate = c, true
	a, err := app.Open(ctx, cfg)
	if err != nil {
		return err
	}
	if err := a.Close(ctx); err != nil {
		return err
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1) // what is set is set for all
	return errors.Join(Fill(ctx, db, s), db.Close())
}

func (k *Kept) connectPostgres(address string) (err error) {
	k.dial = func(f Form) (*sql.DB, error) {
		if f.once {
			return k.connect("postgres", address+"&jit=off&plan_cache_mode=force_generic_plan")
		}
		return k.connect("postgres", address+"&jit=off")
	}
	if k.once, err = k.dial(Form{once: true}); err != nil {
		return err
	}
	k.DB, err = k.dial(Form{})
	return err
}

func (k *Kept) connectSQLite(source string) (err error) {
	k.dial = func(Form) (*sql.DB, error) { return k.connect("sqlite", source) }
	k.DB, err = k.dial(Form{})
	return err
}

// connect opens one connection, with what Keyhall sets on its own.
func (k *Kept) connect(driver, source string) (*sql.DB, error) {
	db, err := sql.Open(driver, source)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	k.stop = append(k.stop, db.Close)
	return db, nil
}

// of is the connection of a form.
func (k *Kept) of(f Form) (*sql.DB, error) {
	switch {
	case k.Apart:
		return k.alone(f)
	case f.once:
		return k.once, nil
	}
	return k.DB, nil
}

func (k *Kept) alone(f Form) (*sql.DB, error) {
	if db := k.apart[f.Name]; db != nil {
		return db, nil
	}
	db, err := k.dial(f)
	if err != nil {
		return nil, err
	}
	if k.apart == nil {
		k.apart = map[string]*sql.DB{}
	}
	k.apart[f.Name] = db
	return db, nil
}
