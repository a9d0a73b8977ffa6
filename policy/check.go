package policy

import (
	"context"
	"fmt"

	entsql "entgo.io/ent/dialect/sql"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/keyhall/keyhall/policy/internal/core"
)

// Decision is the answer to one question. Its zero value denies.
type Decision struct {
	Allow        bool
	Reasons      []string
	Permission   Permission
	Revision     string // of the law
	Now          int64  // the database's clock at the decision, microseconds since 1970
	Found        bool   // the row exists; says nothing about who may know that
	Disagreement bool   // the two forms of the rule differ: denied, and a defect to report
	Trace        []string
}

// Decide asks one permission about one row. One statement loads the facts that the rule reads, the clock of the
// database and the SQL form of the rule; then OPA decides on these facts. Only two yes are a yes. Any error denies.
func (r *Revision) Decide(ctx context.Context, q core.Asker, s Subject, p Permission, id string) (Decision, error) {
	return r.decide(ctx, q, s, p, id, nil)
}

func (r *Revision) decide(ctx context.Context, q core.Asker, s Subject, p Permission, id string, tracer topdown.QueryTracer) (Decision, error) {
	d := Decision{Permission: p, Revision: r.id}
	u, err := r.rule(p)
	if err != nil {
		return d, err
	}
	if s.anonymous() {
		d.Reasons = []string{"nobody is signed in"}
		return d, nil
	}
	if !s.includes(p) {
		d.Reasons = []string{"this access token does not include " + string(p)}
		return d, nil
	}
	st, err := u.form(s).decide.bind(values{subject: s, slots: map[slot]any{slotID: id}})
	if err != nil {
		return d, err
	}
	loaded, err := load(ctx, q, st)
	if err != nil {
		return d, fmt.Errorf("policy: load the facts of %s: %w", p, err)
	}
	if !loaded.found {
		return d, nil
	}
	d.Found, d.Now = true, loaded.now
	allow, reasons, err := u.ask(ctx, s, loaded, tracer)
	if err != nil {
		return d, fmt.Errorf("policy: decide %s: %w", p, err)
	}
	d.Reasons = reasons
	d.Allow = allow && loaded.allow
	d.Disagreement = allow != loaded.allow
	return d, nil
}

// loaded is what the statement of a decision returned.
type loaded struct {
	found bool
	facts string
	now   int64
	allow bool
}

func load(ctx context.Context, q core.Asker, s core.Statement) (loaded, error) {
	var l loaded
	rows := &entsql.Rows{}
	if err := q.Ask(ctx, s, rows); err != nil {
		return l, err
	}
	defer rows.Close()
	if rows.Next() {
		if err := rows.Scan(&l.facts, &l.now, &l.allow); err != nil {
			return loaded{}, err
		}
		l.found = true
	}
	if err := rows.Err(); err != nil {
		return loaded{}, err
	}
	return l, rows.Close()
}

// ask has OPA decide on facts.
func (u *rule) ask(ctx context.Context, s Subject, l loaded, tracer topdown.QueryTracer) (bool, []string, error) {
	input, err := u.input(s, l)
	if err != nil {
		return false, nil, err
	}
	allow, err := u.holds(ctx, input, tracer)
	if err != nil {
		return false, nil, err
	}
	reasons, err := u.explain(ctx, input)
	return allow && err == nil, reasons, err
}

func (u *rule) input(s Subject, l loaded) (*ast.Term, error) {
	resource, err := u.facts.decode(l.facts)
	if err != nil {
		return nil, err
	}
	return inputTerm(s, u.info.Name, resource, l.now), nil
}

func inputTerm(s Subject, p Permission, resource *ast.Term, now int64) *ast.Term {
	return ast.ObjectTerm(
		[2]*ast.Term{ast.StringTerm("subject"), s.term()},
		[2]*ast.Term{ast.StringTerm("permission"), ast.StringTerm(p.Verb())},
		[2]*ast.Term{ast.StringTerm("env"), ast.ObjectTerm([2]*ast.Term{ast.StringTerm("now"), ast.NumberTerm(jsonInt(now))})},
		[2]*ast.Term{ast.StringTerm("resource"), resource},
	)
}

// holds asks OPA the rule itself.
func (u *rule) holds(ctx context.Context, input *ast.Term, tracer topdown.QueryTracer) (bool, error) {
	options := []rego.EvalOption{rego.EvalParsedInput(input.Value)}
	if tracer != nil {
		options = append(options, rego.EvalQueryTracer(tracer))
	}
	results, err := u.allow.Eval(ctx, options...)
	if err != nil {
		return false, err
	}
	return len(results) == 1 && len(results[0].Expressions) == 1 && results[0].Expressions[0].Value == true, nil
}

// explain evaluates the reasons of the package. They are told; they never decide.
func (u *rule) explain(ctx context.Context, input *ast.Term) ([]string, error) {
	if u.reasons == nil {
		return nil, nil
	}
	results, err := u.reasons.Eval(ctx, rego.EvalParsedInput(input.Value))
	if err != nil || len(results) == 0 {
		return nil, err
	}
	list, ok := results[0].Expressions[0].Value.([]any)
	if !ok {
		return nil, fmt.Errorf("reasons of %s are a %T", u.info.Name, results[0].Expressions[0].Value)
	}
	var out []string
	for _, v := range list {
		if text, ok := v.(string); ok {
			out = append(out, text)
		}
	}
	return out, nil
}
