package lock

import (
	"context"
	"slices"

	"entgo.io/ent"
	"entgo.io/ent/dialect/sql"

	"github.com/keyhall/keyhall/policy/internal/core"
)

// What verifying keys depends on is remembered by processes that did not see it change. Every write of it says so, as the last
// thing of its transaction.

// EpochChannel is where PostgreSQL tells that the epoch was raised.
const EpochChannel = "keyhall_epoch"

// Revoking is the hook of a type that verifying depends on: what is written is recorded as a revocation when the transaction
// commits, whoever writes it.
type Revoking struct {
	Of   []string // columns that name whom a row concerns: the first that is known of a write counts; none is known: all keys
	Only []string // when not nil: the columns of an update that matter
	But  []string // columns of an update that do not
	Old  bool     // nothing can be remembered of a new row
}

// revoking is what ent/template/epoch.tmpl adds to the generated types.
type revoking interface {
	mutation
	RaiseEpoch(subject string) error
}

// Hook implements ent.Hook. A write outside a transaction is refused: nobody would hear of it.
func (r Revoking) Hook(next ent.Mutator) ent.Mutator {
	return ent.MutateFunc(func(ctx context.Context, em ent.Mutation) (ent.Value, error) {
		m, ok := em.(revoking)
		if !ok {
			return nil, deny("%T cannot tell that it was written", em)
		}
		matters, err := r.matters(m)
		if err != nil {
			return nil, err
		}
		if matters {
			if err := m.RaiseEpoch(r.subject(ctx, m)); err != nil {
				return nil, err
			}
		}
		return next.Mutate(ctx, m)
	})
}

// matters tells whether verifying looks at anything that is written.
func (r Revoking) matters(m mutation) (bool, error) {
	switch {
	case m.Op().Is(ent.OpCreate):
		return !r.Old, nil
	case m.Op().Is(ent.OpDelete | ent.OpDeleteOne):
		return true, nil
	}
	touched, err := columns(m)
	return slices.ContainsFunc(touched, func(c string) bool {
		return !slices.Contains(r.But, c) && (r.Only == nil || slices.Contains(r.Only, c))
	}), err
}

// subject is whom a write concerns: what a new row says of itself, or what the write is pinned to. Empty is everybody.
func (r Revoking) subject(ctx context.Context, m mutation) string {
	pinned := pinsOf(ctx, m)
	for _, column := range r.Of {
		known, ok := value(m, column)
		if p, is := pinned[column]; is {
			known, ok = p, true
		} else if column != "id" && !m.Op().Is(ent.OpCreate) {
			ok = false // what a row is moved to says nothing of where it was
		}
		if id, is := known.(string); ok && is && id != "" {
			return id
		}
	}
	return ""
}

// pinsOf is what the write that admits a mutation binds its rows to.
func pinsOf(ctx context.Context, m mutation) core.Pins {
	writes := []core.Write(nil)
	if d, ok := core.DutyFrom(ctx); ok {
		writes = d.Writes
	} else if p, ok := core.PermitFrom(ctx); ok {
		writes = core.Writes(p)
	}
	w, _ := admitting(writes, m)
	return w.Pins
}

// EpochRaise counts that something changed, in the transaction that changes it, and says whom it concerns.
func EpochRaise(ctx context.Context) context.Context { return core.WithDuty(ctx, epochRaise()) }

func epochRaise() core.Duty {
	return core.Duty{Name: "epoch.raise", Reads: []core.Read{{Type: "Epoch"}}, Writes: []core.Write{
		core.Create("Epoch", pins{"only": 1}),
		core.Update("Epoch", pins{"only": 1}, "number"),
		core.Create("Revocation", nil),
	}}
}

// EpochNotice tells the other processes on PostgreSQL, when the transaction commits.
func EpochNotice() Statement {
	return core.NewStatement("SELECT pg_notify('"+EpochChannel+"', '')", []any{})
}

// EpochWatch sees the number, and what the numbers after one were about.
func EpochWatch(ctx context.Context, after int64) context.Context {
	return core.WithDuty(ctx, epochWatch(after))
}

func epochWatch(after int64) core.Duty {
	return core.Duty{Name: "epoch.watch", Reads: []core.Read{
		{Type: "Epoch"},
		{Type: "Revocation", Rows: sql.FieldGT("number", after)},
	}}
}

// EpochForget deletes what every process has read long ago.
func EpochForget(ctx context.Context) context.Context { return core.WithDuty(ctx, epochForget()) }

func epochForget() core.Duty {
	gone := core.Delete("Revocation", nil)
	gone.Rows = func(s *sql.Selector) {
		s.Where(sql.P(func(b *sql.Builder) {
			b.WriteString(s.C("created_at") + " < " + core.Now(s.Dialect()) + " - 3600000000")
		}))
	}
	return core.Duty{Name: "epoch.forget", Writes: []core.Write{gone}}
}
