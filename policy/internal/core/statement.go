package core

import (
	"context"

	"entgo.io/ent/dialect/sql"
)

// Querier runs one statement; Ent's drivers and transactions satisfy it.
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
