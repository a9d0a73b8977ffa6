package policy

import (
	"context"
	"errors"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
)

// maxArms bounds the alternatives of one rule: partial evaluation multiplies the bodies of the rules that it inlines.
const maxArms = 32

// formula is a rule with all facts unknown: what partial evaluation left over, translated.
type formula struct {
	root        *row // the resource; without an entity when the rule is about no row
	where       node // as written: nothing is simplified, because the facts to load are read from it
	collections []collection
}

// collection is a collection that a rule names: it must be among the facts even when it has no row.
type collection struct {
	of   *row
	edge string
}

// translator turns the residual of one query into a formula.
type translator struct {
	vocabulary  Vocabulary
	facts       map[string]Kind
	compiler    *ast.Compiler
	support     map[string][]*ast.Rule // rules that partial evaluation made
	root        *row
	verb        string
	collections []collection
	depth       int
}

// law is what translating needs to know beside the rule.
type law struct {
	vocabulary Vocabulary
	decides    *ast.Compiler // as written
	translates *ast.Compiler // with sayPresence
}

// translate evaluates query partially, with the row, the subject and the clock unknown, and translates the residual.
// Queries of a residual are alternatives. A rule that is not in the fragment is refused.
func (l law) translate(ctx context.Context, info PermissionInfo, query string, root *row) (formula, error) {
	residual, err := rego.New(
		rego.Compiler(l.translates),
		rego.Query(query),
		rego.Input(map[string]any{"permission": info.Name.Verb()}),
		rego.Unknowns([]string{"input.resource", "input.subject", "input.env"}),
	).Partial(ctx)
	if err != nil {
		return formula{}, fmt.Errorf("policy: evaluate %s partially: %w", info.Name, err)
	}
	t := &translator{
		vocabulary: l.vocabulary, facts: requestFacts(), compiler: l.translates,
		support: map[string][]*ast.Rule{}, root: root, verb: info.Name.Verb(),
	}
	for _, module := range residual.Support {
		for _, rule := range module.Rules {
			path := module.Package.Path.Extend(rule.Head.Ref()).String()
			t.support[path] = append(t.support[path], rule)
		}
	}
	where := disjunction{}
	for _, body := range residual.Queries {
		n, err := t.body(body, nil, nil)
		if err != nil {
			return formula{}, attribute(err, info)
		}
		where = append(where, n)
	}
	return formula{root: root, where: where, collections: t.collections}, nil
}

// attribute completes a refusal with the permission, and with the place of its rule when the expression has none
// (partial evaluation makes some of its own).
func attribute(err error, info PermissionInfo) error {
	var r *Refusal
	if errors.As(err, &r) {
		r.Permission = string(info.Name)
		if r.File == "" {
			r.File, r.Line = info.File, info.Line
		}
	}
	return err
}

// checkArms refuses a formula that fans out too far.
func checkArms(f formula, info PermissionInfo) error {
	var err error
	walk(f.where, func(n node) {
		if some, ok := n.(disjunction); ok && len(some) > maxArms && err == nil {
			err = attribute(refuse(nil, "merge bodies, or name roles in one set",
				"%d alternatives, and at most %d are translated", len(some), maxArms), info)
		}
	})
	return err
}
