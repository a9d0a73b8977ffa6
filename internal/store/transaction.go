package store

import (
	"context"
	"database/sql"

	entsql "entgo.io/ent/dialect/sql"
)

// transaction is Ent's view of one database transaction. A text that no connection has prepared yet runs unprepared: to
// prepare it would need a second connection, and SQLite has one writer. It is prepared when the transaction is over.
type transaction struct {
	entsql.Conn
	tx        *known
	committed chan<- struct{}
}

func newTransaction(tx *sql.Tx, s *statements, committed chan<- struct{}) *transaction {
	k := &known{tx: tx, statements: s}
	return &transaction{Conn: entsql.Conn{ExecQuerier: k}, tx: k, committed: committed}
}

// Commit implements dialect.Tx.
func (t *transaction) Commit() error {
	err := t.tx.tx.Commit()
	if err == nil {
		select {
		case t.committed <- struct{}{}:
		default: // who listens has not looked since the last one
		}
	}
	return t.tx.end(err)
}

// Rollback implements dialect.Tx.
func (t *transaction) Rollback() error { return t.tx.end(t.tx.tx.Rollback()) }

// known runs texts inside a transaction, prepared where they are known.
type known struct {
	*statements
	tx     *sql.Tx
	missed []string
}

// QueryContext implements entsql.ExecQuerier.
func (k *known) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if st := k.prepared(query); st != nil {
		defer k.release(st)
		return k.tx.StmtContext(ctx, st.stmt).QueryContext(ctx, args...)
	}
	k.missed = append(k.missed, query)
	return k.tx.QueryContext(ctx, query, args...)
}

// ExecContext implements entsql.ExecQuerier.
func (k *known) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if st := k.prepared(query); st != nil {
		defer k.release(st)
		return k.tx.StmtContext(ctx, st.stmt).ExecContext(ctx, args...)
	}
	k.missed = append(k.missed, query)
	return k.tx.ExecContext(ctx, query, args...)
}

// end prepares what was missed, for the next transaction; that it could not is no failure of this one.
func (k *known) end(err error) error {
	for _, text := range k.missed {
		if st, err := k.get(context.Background(), text); err == nil {
			k.release(st)
		}
	}
	k.missed = nil
	return err
}
