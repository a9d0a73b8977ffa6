package policy

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/keyhall/keyhall/policy/internal/core"
)

// maxTrace bounds the lines of one answer of Explain.
const maxTrace = 200

func jsonInt(i int64) json.Number { return json.Number(strconv.FormatInt(i, 10)) }

// Explain decides and tells how OPA came to it: the lines of the rules that it tried, as they are written, never a value.
// Which of them holds tells of the rows around the thing all the same: show it only to who may see these.
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
			t.say("does not hold: %s (%s)", written(node), at(e.Location))
		}
	}
}

// written is an expression as its file has it, on one line: the compiler's own names for it are for nobody to read.
func written(e *ast.Expr) string {
	if e.Location == nil || len(e.Location.Text) == 0 {
		return e.String()
	}
	return strings.Join(strings.Fields(string(e.Location.Text)), " ")
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
