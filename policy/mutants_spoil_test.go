package policy_test

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
)

// put writes something else in the place of a part of a text.
func put(text string, at *ast.Location, instead string) string {
	return text[:at.Offset] + instead + text[at.Offset+len(at.Text):]
}

// deleted leaves a rule out. Its METADATA stays for another body of the same rule below it, and goes with the last.
func deleted(text string, rules []*ast.Rule, i int) []mutant {
	at := rules[i].Location
	before := text[:at.Offset]
	if i+1 == len(rules) || !rules[i+1].Head.Ref().Equal(rules[i].Head.Ref()) {
		for strings.HasSuffix(before, "\n") {
			line := before[strings.LastIndexByte(before[:len(before)-1], '\n')+1:]
			if !strings.HasPrefix(line, "#") {
				break
			}
			before = strings.TrimSuffix(before, line)
		}
	}
	return []mutant{{name: "deleted", text: before + text[at.Offset+len(at.Text):]}}
}

// flipped has a rule hold exactly when it should not: its body becomes a rule of its own, and the negation of that its body.
func flipped(text string, rules []*ast.Rule, i int) []mutant {
	rule := rules[i]
	if !conditional(rule) {
		return nil
	}
	const other = "what_it_was"
	head, arguments := string(rule.Head.Location.Text), ""
	if len(rule.Head.Args) > 0 {
		arguments = head[strings.IndexByte(head, '(') : strings.IndexByte(head, ')')+1]
	}
	body := strings.TrimPrefix(string(rule.Location.Text), head)
	if _, computed := valueOf(rule).(ast.Var); computed { // by the body, which no longer does
		head = rule.Head.Name.String() + arguments + " := set()"
	}
	return []mutant{{name: "flipped", text: put(text, rule.Location, head+" if not "+other+arguments+"\n\n"+other+arguments+body)}}
}

// valueOf is what a rule is when it holds; nil for a member of a set.
func valueOf(rule *ast.Rule) ast.Value {
	if rule.Head.Value == nil {
		return nil
	}
	return rule.Head.Value.Value
}

// conditional says that a rule has a body.
func conditional(rule *ast.Rule) bool {
	return len(rule.Body) > 0 && !rule.Body.Equal(ast.NewBody(ast.NewExpr(ast.BooleanTerm(true))))
}

// expressions drops and negates each expression of a body.
func expressions(text string, rules []*ast.Rule, i int) []mutant {
	if !conditional(rules[i]) {
		return nil
	}
	var out []mutant
	for _, e := range rules[i].Body {
		written := string(e.Location.Text)
		out = append(out, mutant{name: "without " + written, text: put(text, e.Location, "true")})
		if _, some := e.Terms.(*ast.SomeDecl); some || e.IsAssignment() || e.IsSome() {
			continue
		}
		negated, was := strings.CutPrefix(written, "not ")
		if !was {
			negated = "not " + written
		}
		out = append(out, mutant{name: "negated " + written, text: put(text, e.Location, negated)})
	}
	return out
}

// cells gives each verb of a table of roles to each role that has it not, and takes it from each that has it.
func cells(text string, rules []*ast.Rule, i int) []mutant {
	rule := rules[i]
	columns, ok := valueOf(rule).(ast.Object)
	if !ok || conditional(rule) {
		return nil
	}
	all := ast.NewSet()
	eachRole(columns, func(_, _ *ast.Term, verbs ast.Set) { all = all.Union(verbs) })
	var out []mutant
	eachRole(columns, func(column, role *ast.Term, verbs ast.Set) {
		all.Foreach(func(verb *ast.Term) {
			name, now := "given to ", verbs.Union(ast.NewSet(verb))
			if verbs.Contains(verb) {
				name, now = "taken from ", verbs.Diff(ast.NewSet(verb))
			}
			table := with(columns, column, ast.NewTerm(with(columns.Get(column).Value.(ast.Object), role, ast.NewTerm(now))))
			out = append(out, mutant{
				name: verb.String() + " " + name + column.String() + " " + role.String(),
				text: put(text, rule.Location, rule.Head.Name.String()+" := "+table.String()),
			})
		})
	})
	return out
}

func eachRole(columns ast.Object, f func(column, role *ast.Term, verbs ast.Set)) {
	columns.Foreach(func(column, roles *ast.Term) {
		roles.Value.(ast.Object).Foreach(func(role, verbs *ast.Term) { f(column, role, verbs.Value.(ast.Set)) })
	})
}

// with is an object with another value at a key.
func with(o ast.Object, key, value *ast.Term) ast.Object {
	out := ast.NewObject()
	o.Foreach(func(k, v *ast.Term) {
		if k.Equal(key) {
			v = value
		}
		out.Insert(k, v)
	})
	return out
}

// killers remembers which tests caught a mutant lately: they are run first, for the next mutant is often like the last.
type killers struct {
	mu    sync.Mutex
	kills int
	rank  map[string]int // the higher, the sooner
}

func (k *killers) killed(test string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.kills++
	k.rank[test] = k.kills
}

// first sorts tests by their rank.
func (k *killers) first(tests []string) []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	slices.SortStableFunc(tests, func(a, b string) int { return cmp.Compare(k.rank[b], k.rank[a]) })
	return tests
}
