package pgtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"fmt"
	"net/url"

	"github.com/lib/pq"
)

type database struct {
	name, url string
	version   int // of the server: 150018 is 15.18
}

// create makes a database on the server.
func create(ctx context.Context, server string, of origin) (database, error) {
	address, err := url.Parse(server)
	if err != nil || address.Scheme == "" || address.Host == "" {
		return database{}, fmt.Errorf("%s is not a URL like postgres://user@host:port/postgres", Env)
	}
	var unique [8]byte
	rand.Read(unique[:])
	made := database{name: "keyhall_test_" + hex.EncodeToString(unique[:])}
	db, err := sql.Open("postgres", server)
	if err != nil {
		return database{}, err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, "CREATE DATABASE "+pq.QuoteIdentifier(made.name)+" "+string(of)); err != nil {
		return database{}, fmt.Errorf("create the database: %w", err)
	}
	if err := db.QueryRowContext(ctx, "SHOW server_version_num").Scan(&made.version); err != nil {
		return database{}, fmt.Errorf("read the server's version: %w", err)
	}
	address.Path = "/" + made.name
	query := address.Query()
	if !query.Has("sslmode") {
		query.Set("sslmode", "disable")
	}
	address.RawQuery = query.Encode()
	made.url = address.String()
	return made, nil
}

// drop removes the database even if the test left connections behind.
func drop(ctx context.Context, server, name string) error {
	if err := execute(ctx, server, "DROP DATABASE IF EXISTS "+pq.QuoteIdentifier(name)+" WITH (FORCE)"); err != nil {
		return fmt.Errorf("drop the database: %w", err)
	}
	return nil
}

func ping(ctx context.Context, server string) error { return execute(ctx, server, "SELECT 1") }

// execute uses a connection of its own: a pool that stays open would look like
// a leak in the tests of others.
func execute(ctx context.Context, server, statement string) error {
	db, err := sql.Open("postgres", server)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, statement)
	return err
}
