// Package store opens the database, SQLite in a folder or PostgreSQL by its URL, and migrates it. It knows no type of
// what is stored and takes no decision about it; every read and write above it passes the lock.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"entgo.io/ent/dialect"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/migrate/migrations"
	policylock "github.com/keyhall/keyhall/policy/lock"

	_ "github.com/keyhall/keyhall/ent/runtime" // sets the privacy policy of every type; without it each query fails
)

// Config says where the data is.
type Config struct {
	Dir string // folder of the SQLite file, made when missing
	URL string // PostgreSQL; empty: SQLite in Dir
}

// Store is an open database.
type Store struct {
	*ent.Client
	dialect string
	write   *sql.DB // migrations and transactions
	driver  *driver
	url     string // of PostgreSQL, with what is set about a connection
}

// ErrNotMigrated is what opening a PostgreSQL database says that is older than the program.
var ErrNotMigrated = errors.New("the database is older than this program: run `keyhall migrate`, or start with --migrate")

// Open opens the database and checks its version. A SQLite file is brought up to date; PostgreSQL only when migrate is
// set, because its other users may not be ready for it.
func Open(ctx context.Context, c Config, migrate bool) (*Store, error) {
	var d *driver
	var url string
	var err error
	if c.URL != "" {
		if url, err = postgresURL(c.URL); err == nil {
			d, err = openPostgres(url)
		}
	} else {
		d, err = openSQLite(c.Dir)
	}
	if err != nil {
		return nil, err
	}
	s := &Store{Client: ent.NewClient(ent.Driver(d)), dialect: d.Dialect(), write: d.writeDB, driver: d, url: url}
	if err := s.prepareSchema(ctx, migrate || c.URL == ""); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Dialect is Ent's name of the database's dialect.
func (s *Store) Dialect() string { return s.dialect }

// Close closes every connection.
func (s *Store) Close() error { return s.driver.Close() }

// Ping tells whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.driver.readDB.PingContext(ctx) }

// Prepare checks a statement on the live database without running it.
func (s *Store) Prepare(ctx context.Context, law policylock.Statement) error {
	st, err := s.driver.readDB.PrepareContext(ctx, law.Text())
	if err != nil {
		return err
	}
	return st.Close()
}

func (s *Store) prepareSchema(ctx context.Context, migrate bool) error {
	p, err := s.provider()
	if err != nil {
		return err
	}
	if migrate {
		return up(ctx, p)
	}
	pending, err := p.HasPending(ctx)
	if err != nil {
		return fmt.Errorf("read the database's version: %w", err)
	}
	if pending {
		return ErrNotMigrated
	}
	return nil
}

// up applies what is missing. On SQLite nothing keeps a second process from doing the same: whoever comes second fails at
// what is there already, and looks again.
func up(ctx context.Context, p *goose.Provider) error {
	for last := int64(-1); ; {
		_, err := p.Up(ctx)
		if err == nil {
			return nil
		}
		at, noVersion := p.GetDBVersion(ctx)
		if noVersion != nil || at <= last {
			return fmt.Errorf("migrate the database: %w", err)
		}
		last = at
	}
}

func (s *Store) provider() (*goose.Provider, error) {
	files, err := migrations.For(s.dialect)
	if err != nil {
		return nil, err
	}
	if s.dialect != dialect.Postgres {
		return goose.NewProvider(goose.DialectSQLite3, s.write, files)
	}
	one, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, s.write, files, goose.WithSessionLocker(one))
}
