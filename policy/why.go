package policy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	entsql "entgo.io/ent/dialect/sql"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/keyhall/keyhall/policy/internal/core"
)

const (
	maxPage  = 500 // users in one answer of WhoCan
	maxTrace = 200 // lines in one answer of Explain
)

func jsonInt(i int64) json.Number { return json.Number(strconv.FormatInt(i, 10)) }

// whoProgram is the rule with its subject bound to each row of the users table.
func (r *Revision) whoProgram(u *rule) program {
	w := newWriter(r.dialect)
	w.root = rootAlias
	id := w.name(userAlias, r.vocabulary["User"].Fields[primaryKey].Column)
	w.subject = map[string]string{
		factID:            id,
		factEmail:         "NULLIF(" + w.name(userAlias, r.vocabulary["User"].Fields["email"].Column) + ", '')",
		factEmailVerified: w.name(userAlias, r.vocabulary["User"].Fields["email_verified"].Column),
		factAdministrator: w.name(userAlias, r.vocabulary["User"].Fields["administrator"].Column),
	}
	order := id
	if w.postgres() {
		order += ` COLLATE "C"`
	}
	w.raw("SELECT " + id + " FROM ")
	w.table(r.vocabulary["User"], userAlias)
	if u.info.Type != "" {
		w.raw(", ")
		w.table(u.root.entity, rootAlias)
		w.raw(" WHERE " + w.name(rootAlias, u.root.entity.Fields[primaryKey].Column) + " = ")
		w.hole(slotID)
		w.raw(" AND ")
	} else {
		w.raw(" WHERE ")
	}
	w.raw(order + " > ")
	w.hole(slotAfter)
	w.raw(" AND (")
	w.node(factor(elide(u.formula.where)))
	w.raw(") ORDER BY " + order + " LIMIT ")
	w.limit()
	return w.program()
}

// WhoCan lists, by id and after `after`, the users whom the rule allows on a row. It says nothing about access tokens,
// which can only have less.
func (r *Revision) WhoCan(ctx context.Context, q core.Asker, p Permission, id string, limit int, after string) ([]string, error) {
	u, err := r.rule(p)
	if err != nil {
		return nil, err
	}
	if u.who.text == "" {
		return nil, errors.New("policy: the vocabulary has no User")
	}
	if limit < 1 || limit > maxPage {
		return nil, fmt.Errorf("policy: %d users in one answer", limit)
	}
	st, err := u.who.bind(values{slots: map[slot]any{slotID: id, slotAfter: after, slotLimit: limit}})
	if err != nil {
		return nil, err
	}
	rows := &entsql.Rows{}
	if err := q.Ask(ctx, st, rows); err != nil {
		return nil, fmt.Errorf("policy: who can %s: %w", p, err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var user string
		if err := rows.Scan(&user); err != nil {
			return nil, fmt.Errorf("policy: who can %s: %w", p, err)
		}
		out = append(out, user)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("policy: who can %s: %w", p, err)
	}
	return out, rows.Close()
}

// Explain decides and tells how OPA came to it. The trace names facts of the row: show it only to who may see these.
func (r *Revision) Explain(ctx context.Context, q core.Asker, s Subject, p Permission, id string) (Decision, error) {
	t := &tracer{}
	d, err := r.decide(ctx, q, s, p, id, t)
	d.Trace = t.lines
	return d, err
}

// tracer keeps what a person can follow: which rules were tried, which held, and at which line one failed.
type tracer struct {
	lines []string
	depth int
}

func (*tracer) Enabled() bool               { return true }
func (*tracer) Config() topdown.TraceConfig { return topdown.TraceConfig{} }

func (t *tracer) TraceEvent(e topdown.Event) {
	switch node := e.Node.(type) {
	case *ast.Rule:
		switch e.Op {
		case topdown.EnterOp:
			t.say("try %s (%s)", node.Head.Name, at(e.Location))
			t.depth++
		case topdown.ExitOp:
			t.depth = max(0, t.depth-1)
			t.say("%s holds", node.Head.Name)
			t.depth++
		case topdown.RedoOp:
		default:
		}
	case *ast.Expr:
		if e.Op == topdown.FailOp {
			t.say("does not hold: %s (%s)", node, at(e.Location))
		}
	}
}

func at(l *ast.Location) string {
	if l == nil {
		return "?"
	}
	return fmt.Sprintf("%s:%d", l.File, l.Row)
}

func (t *tracer) say(format string, args ...any) {
	switch {
	case len(t.lines) > maxTrace:
	case len(t.lines) == maxTrace:
		t.lines = append(t.lines, "...")
	default:
		t.lines = append(t.lines, strings.Repeat("  ", min(t.depth, 8))+fmt.Sprintf(format, args...))
	}
}
