// Package core holds the values that must not be forged: permits, duties and generated statements.
// Go's rule for internal packages lets only policy/... import it, so a Permit can be minted only where a
// decision is made, and a Duty only where the closed list of duties lives. It never decides anything.
package core

import (
	"context"
	"sync/atomic"

	"entgo.io/ent/dialect/sql"
)

// Read is a set of rows that a permit or a duty makes readable although no viewer may see them.
type Read struct {
	Type string
	Rows func(*sql.Selector) // nil: every row of the type
}

// Permit says that a deed was allowed: in which transaction, and what it may write. The zero Permit allows nothing.
type Permit struct{ s *state }

type state struct {
	permission string
	conn       any
	writes     []Write
	reads      []Read
	audited    atomic.Bool
}

// NewPermit is called by the policy engine after an allow, and by nobody else.
func NewPermit(permission string, conn any, writes []Write, reads []Read) Permit {
	return Permit{&state{permission: permission, conn: conn, writes: writes, reads: reads}}
}

// Permission is the name of the rule that allowed the deed; empty for the zero Permit.
func (p Permit) Permission() string {
	if p.s == nil {
		return ""
	}
	return p.s.permission
}

// In tells whether the permit was decided in the transaction that conn stands for.
func (p Permit) In(conn any) bool { return p.s != nil && p.s.conn == conn }

// Writes lists what the deed may change. It and what follows are functions, not methods, so that only policy/... can call
// them: whoever holds a permit can neither widen it nor say that it is recorded.
func Writes(p Permit) []Write { return p.s.writes }

// Reads lists what the deed may read beyond what its viewer sees.
func Reads(p Permit) []Read { return p.s.reads }

// Audited tells whether the audit row of the deed is written.
func Audited(p Permit) bool { return p.s != nil && p.s.audited.Load() }

// MarkAudited is called by the lock when the audit row is in.
func MarkAudited(p Permit) { p.s.audited.Store(true) }

// Duty is a piece of system work that has no viewer: what it may read and write, by name.
type Duty struct {
	Name   string
	Reads  []Read
	Writes []Write
}

type key int

const (
	permitKey key = iota
	dutyKey
)

// WithPermit puts a permit in ctx, in place of any duty: a deed never borrows the rights of a duty.
func WithPermit(ctx context.Context, p Permit) context.Context {
	return context.WithValue(context.WithValue(ctx, dutyKey, nil), permitKey, p)
}

// PermitFrom returns the permit of ctx.
func PermitFrom(ctx context.Context) (Permit, bool) {
	p, ok := ctx.Value(permitKey).(Permit)
	return p, ok && p.s != nil
}

// WithDuty puts a duty in ctx, in place of any permit.
func WithDuty(ctx context.Context, d Duty) context.Context {
	return context.WithValue(context.WithValue(ctx, permitKey, nil), dutyKey, d)
}

// DutyFrom returns the duty of ctx.
func DutyFrom(ctx context.Context) (Duty, bool) {
	d, ok := ctx.Value(dutyKey).(Duty)
	return d, ok
}
