package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
)

// driver gives Ent prepared statements from a cache, and sends what runs outside a transaction to the readers: Keyhall
// writes nothing outside one but what has a single statement.
type driver struct {
	dialect string
	writeDB *sql.DB
	readDB  *sql.DB
	write   *statements
	read    *statements

	committed chan struct{} // that something was committed here since somebody looked
}

func newDriver(d string, write, read *sql.DB) *driver {
	w := newStatements(write)
	r := w
	if read != write {
		r = newStatements(read)
	}
	return &driver{dialect: d, writeDB: write, readDB: read, write: w, read: r, committed: make(chan struct{}, 1)}
}

// Dialect implements dialect.Driver.
func (d *driver) Dialect() string { return d.dialect }

// Query implements dialect.Driver, on the readers.
func (d *driver) Query(ctx context.Context, query string, args, v any) error {
	return entsql.Conn{ExecQuerier: d.read}.Query(ctx, query, args, v)
}

// Exec implements dialect.Driver, on the writer.
func (d *driver) Exec(ctx context.Context, query string, args, v any) error {
	return entsql.Conn{ExecQuerier: d.write}.Exec(ctx, query, args, v)
}

// Tx implements dialect.Driver.
func (d *driver) Tx(ctx context.Context) (dialect.Tx, error) {
	tx, err := d.writeDB.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("begin a transaction: %w", err)
	}
	return newTransaction(tx, d.write, d.committed), nil
}

// Close implements dialect.Driver.
func (d *driver) Close() error {
	errs := []error{d.write.close()}
	if d.read != d.write {
		errs = append(errs, d.read.close(), d.readDB.Close())
	}
	return errors.Join(append(errs, d.writeDB.Close())...)
}
