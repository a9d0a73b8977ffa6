package policy

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
)

// Way is a role that by itself gives somebody a permission.
type Way struct {
	Source string // where the role comes from, as the table of the roles says
	Role   string
}

// ways asks a rule again for each role of its noun, with a table in which no other role holds anything: a role by which
// it holds then is a way to it. So the rule itself says it, with all its conditions, and nothing is written twice.
type ways struct {
	lenses *ast.Term // each role, and the table in which only it holds something
	query  rego.PreparedEvalQuery
}

// lensesKey is where a question finds the lenses in its input. No rule can read it: the vocabulary has no such fact.
const lensesKey = "lenses"

// lenses are those of a noun, parsed once for all its permissions; nil without roles.
func (t table) lenses() (*ast.Term, error) {
	type lens struct {
		Way   [2]string `json:"way"`
		Table table     `json:"table"`
	}
	var all []lens
	for _, source := range slices.Sorted(maps.Keys(t)) {
		for _, role := range slices.Sorted(maps.Keys(t[source])) {
			if len(t[source][role]) > 0 {
				all = append(all, lens{[2]string{source, role}, t.only(source, role)})
			}
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	text, err := json.Marshal(all)
	if err != nil {
		return nil, fmt.Errorf("policy: roles: %w", err)
	}
	term, err := ast.ParseTerm(string(text))
	if err != nil {
		return nil, fmt.Errorf("policy: roles: %w", err)
	}
	return term, nil
}

// only is the table with one role left; the others are there, and empty.
func (t table) only(source, role string) table {
	out := table{}
	for s, roles := range t {
		out[s] = map[string][]string{}
		for name, verbs := range roles {
			if out[s][name] = []string{}; s == source && name == role {
				out[s][name] = verbs
			}
		}
	}
	return out
}

func (l law) ways(ctx context.Context, path, noun string, lenses *ast.Term) (*ways, error) {
	// The table has a name of its own: OPA takes `with ... as lens.table` in a comprehension for undefined. The lenses are
	// fetched by object.get, because the types of the input are those that rules may read.
	query, err := l.query(ctx, fmt.Sprintf("[lens.way | some lens in object.get(input, %q, []); table := lens.table; %s == true with data.keyhall.roles.%s as table]",
		lensesKey, path, noun))
	return &ways{lenses, query}, err
}

// waysOf are the roles that give the subject the permission, each by itself.
func (u *rule) waysOf(ctx context.Context, input *ast.Term) ([]Way, error) {
	if u.ways == nil {
		return nil, nil
	}
	ways, err := u.ways()
	if err != nil {
		return nil, err
	}
	asked, _ := input.Value.(ast.Object).Merge(ast.NewObject([2]*ast.Term{ast.StringTerm(lensesKey), ways.lenses}))
	results, err := ways.query.Eval(ctx, rego.EvalParsedInput(asked))
	if err != nil || len(results) != 1 {
		return nil, err
	}
	var out []Way
	list, _ := results[0].Expressions[0].Value.([]any)
	for _, v := range list {
		if way, ok := v.([]any); ok && len(way) == 2 {
			out = append(out, Way{fmt.Sprint(way[0]), fmt.Sprint(way[1])})
		}
	}
	return out, nil
}
