package core

import (
	"context"

	"entgo.io/ent/dialect/sql"
)

// Asker runs statements of the policy engine, and nothing else: Ent's client and transactions are generated to be one.
type Asker interface {
	Ask(ctx context.Context, s Statement, rows *sql.Rows) error
}

// Querier is the driver below an Asker.
type Querier interface {
	Query(ctx context.Context, query string, args, v any) error
}

// Statement is SQL that the policy engine generated. Nobody above policy can make one, so handing a Statement to a
// transaction is not a way around the lock.
type Statement struct {
	text string
	args []any
}

// NewStatement makes a Statement; Go's internal rule keeps callers inside policy/.
func NewStatement(text string, args []any) Statement { return Statement{text, args} }

// Run executes the statement; the caller closes rows.
func (s Statement) Run(ctx context.Context, q Querier, rows *sql.Rows) error {
	return q.Query(ctx, s.text, s.args, rows)
}

// Text is the SQL without its arguments, constant per permission: safe to prepare, print and cache.
func (s Statement) Text() string { return s.text }
