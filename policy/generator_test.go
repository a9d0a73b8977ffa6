package policy

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// generator writes random rules inside the fragment about the things of the world.
type generator struct {
	r          *rand.Rand
	vocabulary Vocabulary
	helpers    []string
	names      int
	weight     int // how much more may be written
}

// variable is a row that a rule has a name for; depth is how many edges it is away from the resource.
type variable struct {
	name  string
	typ   string
	depth int
}

const maxEdges = 5

func (g *generator) pick(of ...string) string { return of[g.r.IntN(len(of))] }
func (g *generator) one(in int) bool          { return g.r.IntN(in) == 0 }
func (g *generator) fresh(prefix string) string {
	g.names++
	return fmt.Sprintf("%s%d", prefix, g.names)
}

// policy is a module with one permission of several bodies, its helpers, and sometimes reasons.
func (g *generator) policy() string {
	var b strings.Builder
	b.WriteString("# METADATA\n# custom:\n#   resource: Thing\npackage keyhall.thing\n\n# METADATA\n# entrypoint: true\n")
	root := []variable{{"input.resource", "Thing", 0}}
	for range 1 + g.r.IntN(3) {
		g.weight = 6
		fmt.Fprintf(&b, "view if {\n%s}\n\n", g.body(root, 1+g.r.IntN(3)))
	}
	for i := range g.r.IntN(3) {
		g.weight = 4
		fmt.Fprintf(&b, "reasons contains %q if {\n%s}\n\n", fmt.Sprint("reason ", i), g.body(root, 1+g.r.IntN(2)))
	}
	return b.String() + strings.Join(g.helpers, "\n")
}

func (g *generator) body(in []variable, n int) string {
	var b strings.Builder
	vars := slices.Clone(in)
	for range n {
		g.statement(&b, &vars)
	}
	return b.String()
}

func (g *generator) statement(b *strings.Builder, vars *[]variable) {
	kind := g.r.IntN(20)
	if g.weight--; g.weight <= 0 {
		kind %= 5
	}
	v := (*vars)[g.r.IntN(len(*vars))]
	if g.one(2) {
		v = (*vars)[len(*vars)-1]
	}
	switch {
	case kind < 4:
		fmt.Fprintf(b, "\t%s\n", g.condition(v, *vars))
	case kind < 6:
		fmt.Fprintf(b, "\tnot %s\n", g.condition(v, *vars))
	case kind < 10:
		if path, typ, depth, ok := g.collection(v); ok {
			row := variable{g.fresh("v"), typ, depth}
			fmt.Fprintf(b, "\tsome %s in %s\n", row.name, path)
			*vars = append(*vars, row)
			fmt.Fprintf(b, "\t%s\n", g.condition(row, *vars))
		}
	case kind < 12:
		if path, typ, depth, ok := g.collection(v); ok {
			row := variable{g.fresh("e"), typ, depth}
			inner := g.body(append(slices.Clone(*vars), row), g.r.IntN(2)) + g.used(row)
			fmt.Fprintf(b, "\tevery %s in %s {\n%s\t}\n", row.name, path, inner)
		}
	case kind < 14:
		fmt.Fprintf(b, "\t%s\n", g.helper(v, "not "))
	case kind < 16:
		fmt.Fprintf(b, "\t%s\n", g.helper(v, ""))
	case kind < 18:
		if path, typ, depth, ok := g.collection(v); ok { // a bare row of a collection
			fmt.Fprintf(b, "\tsome %s in %s\n", g.fresh("w"), path)
			_, _ = typ, depth
		}
	default:
		g.bind(b, v, vars)
	}
}

// bind names a row or a column; the name is not always used.
func (g *generator) bind(b *strings.Builder, v variable, vars *[]variable) {
	name := g.fresh("b")
	row := g.walk(v)
	if row.name != v.name && g.one(2) {
		fmt.Fprintf(b, "\t%s := %s\n", name, row.name)
		if g.one(2) {
			*vars = append(*vars, variable{name, row.typ, row.depth})
		}
		return
	}
	column, field := g.column(row)
	fmt.Fprintf(b, "\t%s := %s\n", name, column)
	if g.one(2) {
		fmt.Fprintf(b, "\t%s %s %s\n", name, g.operator(field.Kind), g.value(field.Kind, column))
	}
}

// walk follows some to-one edges.
func (g *generator) walk(v variable) variable {
	for v.depth < maxEdges && g.one(2) {
		var names []string
		for name, e := range g.vocabulary[v.typ].Edges {
			if e.Rel == ToOne {
				names = append(names, name)
			}
		}
		if len(names) == 0 {
			return v
		}
		slices.Sort(names)
		name := g.pick(names...)
		v = variable{v.name + "." + name, g.vocabulary[v.typ].Edges[name].To, v.depth + 1}
	}
	return v
}

func (g *generator) collection(v variable) (path, typ string, depth int, ok bool) {
	for range 4 {
		at := g.walk(v)
		var names []string
		for name, e := range g.vocabulary[at.typ].Edges {
			if e.Rel == ToMany {
				names = append(names, name)
			}
		}
		if len(names) > 0 && at.depth < maxEdges {
			slices.Sort(names)
			name := g.pick(names...)
			return at.name + "." + name, g.vocabulary[at.typ].Edges[name].To, at.depth + 1, true
		}
	}
	return "", "", 0, false
}

func (g *generator) column(v variable) (string, Field) {
	names := slices.Sorted(maps.Keys(g.vocabulary[v.typ].Fields))
	name := g.pick(names...)
	return v.name + "." + name, g.vocabulary[v.typ].Fields[name]
}

func (g *generator) operator(kind Kind) string {
	if kind == Bool {
		return g.pick("==", "!=")
	}
	return g.pick("==", "==", "==", "!=", "<", "<=", ">", ">=")
}

func (g *generator) value(kind Kind, column string) string {
	switch kind {
	case Bool:
		return g.pick("true", "false", "input.subject.administrator", "input.subject.email_verified")
	case Int:
		return g.pick("-1", "0", "1", "5", "input.env.now")
	}
	if strings.HasSuffix(column, "_id") {
		return g.pick("input.subject.id", "input.subject.id", "input.subject.id", `"user_03"`)
	}
	return g.pick(`"alpha"`, `"ALPHA"`, `"OWNER"`, `""`, "input.subject.email", "input.subject.id", "input.permission")
}

// condition is one expression that can also be negated.
func (g *generator) condition(v variable, vars []variable) string {
	row := g.walk(v)
	column, field := g.column(row)
	switch n := g.r.IntN(12); {
	case n < 4:
		return fmt.Sprintf("%s %s %s", column, g.operator(field.Kind), g.value(field.Kind, column))
	case n < 6: // two columns, of the same row or of two
		for range 6 {
			other, second := g.column(g.walk(vars[g.r.IntN(len(vars))]))
			if second.Kind == field.Kind && other != column {
				return fmt.Sprintf("%s %s %s", column, g.operator(field.Kind), other)
			}
		}
	case n < 7 && field.Kind == String:
		return fmt.Sprintf("%s in {%s, %s}", column, g.pick(`"OWNER"`, `"alpha"`, `"user_01"`), g.pick(`"ADMIN"`, `"beta"`, `"user_02"`))
	case n < 8 && field.Kind == String:
		return fmt.Sprintf("%s(%s, %s)", g.pick("startswith", "endswith", "contains"), column, g.pick(`"al"`, `"AL"`, `""`, `"_"`, `"%"`, `"ü"`, `"1@x.io"`, `"\\"`))
	case n < 9:
		return g.request()
	case n < 10 && row.name != "input.resource" && row.name != v.name:
		return row.name // a to-one row that is there
	}
	if field.Kind == Bool || field.Nullable {
		return column
	}
	return fmt.Sprintf("%s == %s", column, g.value(field.Kind, column))
}

// used is a condition that names the row, as OPA demands of the variable of an every.
func (g *generator) used(row variable) string {
	column, field := g.column(g.walk(row))
	return fmt.Sprintf("\t%s%s %s %s\n", g.pick("", "", "not "), column, g.operator(field.Kind), g.value(field.Kind, column))
}

func (g *generator) request() string {
	return g.pick("input.subject.administrator", "input.subject.email_verified", "input.subject.email",
		`input.subject.email != "u1@x.io"`, `endswith(input.subject.email, "1@x.io")`, `input.subject.id == "user_02"`,
		`input.subject.id in {"user_02", "user_04"}`, `input.permission == "view"`, "input.env.now > 5", `input.subject.email == input.subject.id`)
}

// helper calls a rule that is made for it: of one argument or two, or of none.
func (g *generator) helper(v variable, prefix string) string {
	name := g.fresh("h")
	row := g.walk(v)
	head, call := name+"(x, y)", fmt.Sprintf("%s(%s, %s)", name, row.name, g.pick("input.subject.id", "input.subject.email", `"user_01"`))
	vars := []variable{{"x", row.typ, row.depth}}
	extra := ""
	switch g.r.IntN(4) {
	case 0:
		head, call = name, name
		vars = []variable{{"input.resource", "Thing", 0}}
	case 1:
		head, call = name+"(x)", fmt.Sprintf("%s(%s)", name, row.name)
	default:
		extra = fmt.Sprintf("\tx.id %s y\n", g.pick("!=", ">", "<="))
	}
	var b strings.Builder
	if head == name && g.one(3) {
		fmt.Fprintf(&b, "default %s := false\n\n", name)
	}
	for range 1 + g.r.IntN(2) {
		fmt.Fprintf(&b, "%s if {\n%s%s\ttrue\n}\n\n", head, extra, g.body(vars, 1+g.r.IntN(2)))
	}
	g.helpers = append(g.helpers, b.String())
	return prefix + call
}
