package policy

import (
	"maps"
	"slices"
)

// facts is what a rule reads, as a tree of edges: one statement loads exactly these columns as nested JSON.
//
// A collection is loaded only as far as a row in it can make some quantifier of the rule true. That is sound in any
// polarity, also under `not` and `every`: an exists keeps its value when rows that are not its witnesses are left out,
// provided that every row that is loaded has all witnesses of every quantifier over its own collections. So the
// restriction of a collection says only what a quantifier says about that row alone (or beside the resource itself, and
// about its children in the same quantifier), never what is said further out; several quantifiers over one edge are alternatives. To-one rows
// are never left out, and a collection is always there, if only as []: both are facts that rules can test.
type facts struct {
	entity  Entity
	columns map[string]Field
	edges   map[string]*facts
	link    Edge
	row     *row   // stands for a row of this collection in needs
	needs   []node // what a row must satisfy to be a witness, one for each quantifier over the collection
}

func newFacts(entity Entity, link Edge) *facts {
	return &facts{entity: entity, link: link, columns: map[string]Field{}, edges: map[string]*facts{}}
}

// factsOf collects what the formulas read. They must not be simplified: OPA reads what was written.
func factsOf(vocabulary Vocabulary, root *row, formulas ...formula) *facts {
	tree := newFacts(root.entity, Edge{})
	for _, f := range formulas {
		at := map[*row]*facts{root: tree}
		walk(f.where, func(n node) { collect(vocabulary, n, at) })
		for _, c := range f.collections {
			at[c.of].edge(vocabulary, c.edge)
		}
	}
	return tree
}

func (f *facts) edge(vocabulary Vocabulary, name string) *facts {
	if f.edges[name] == nil {
		link := f.entity.Edges[name]
		f.edges[name] = newFacts(vocabulary[link.To], link)
	}
	return f.edges[name]
}

func collect(vocabulary Vocabulary, n node, at map[*row]*facts) {
	operands(n, func(o operand) {
		if c, ok := o.(column); ok {
			at[c.row].columns[c.name] = c.field
		}
	})
	e, ok := n.(exists)
	if !ok {
		return
	}
	for _, r := range e.rows {
		below := at[r.parent].edge(vocabulary, r.edge)
		at[r] = below
		if !r.toOne() {
			below.need(r, simplify(witness(r, e)))
		}
	}
}

func (f *facts) need(r *row, is node) {
	if f.row == nil {
		f.row = r
	}
	w := newRewriter()
	w.copied[r] = f.row
	f.needs = append(f.needs, w.node(is))
}

// witness is what an exists says about one of its rows alone, and about the children of that row in the same exists.
func witness(r *row, e exists) node {
	out := conjunction{}
	for _, n := range implied(flatten(e.where)) {
		if !hasExists(n) && about(n, r) {
			out = append(out, n)
		}
	}
	for _, child := range e.rows {
		if child.parent != r {
			continue
		}
		if is := simplify(witness(child, e)); is != constant(true) {
			out = append(out, exists{rows: []*row{child}, where: is})
		}
	}
	return out
}

// implied adds what equalities imply: a row whose column equals one of another row of the same quantifier, which equals
// a value, must have that value too. (A member of the organization who is the member of the project who is the subject
// is one member, and not all of them have to be loaded.)
func implied(all []node) []node {
	out := slices.Clone(all)
	for _, n := range all {
		link, ok := n.(comparison)
		if !ok || link.op != equal {
			continue
		}
		for _, side := range [][2]operand{{link.left, link.right}, {link.right, link.left}} {
			from, ok := side[0].(column)
			to, ok2 := side[1].(column)
			if !ok || !ok2 || to.row.parent == nil {
				continue
			}
			for _, n := range all {
				if value := equals(n, from); value != nil {
					out = append(out, comparison{equal, to, value})
				}
			}
		}
	}
	return out
}

// equals is the value that n says a column has: a fact, a constant or a column of the resource.
func equals(n node, c column) operand {
	x, ok := n.(comparison)
	if !ok || x.op != equal {
		return nil
	}
	for _, side := range [][2]operand{{x.left, x.right}, {x.right, x.left}} {
		if side[0] != operand(c) {
			continue
		}
		if other, isColumn := side[1].(column); !isColumn || other.row.parent == nil {
			return side[1]
		}
	}
	return nil
}

// about tells whether n, which binds no row, speaks of no other row than r and the resource, of which there is one in the
// statement.
func about(n node, r *row) bool {
	alone := true
	walk(n, func(n node) {
		operands(n, func(o operand) {
			if c, ok := o.(column); ok && c.row != r && c.row.parent != nil {
				alone = false
			}
		})
	})
	return alone
}

func flatten(n node) []node {
	var out []node
	for _, part := range conjuncts(n) {
		if inner, ok := part.(conjunction); ok {
			out = append(out, flatten(inner)...)
		} else {
			out = append(out, part)
		}
	}
	return out
}

// nodes are the conditions that loading binds facts of the request in.
func (f *facts) nodes() []node {
	out := append([]node{}, f.needs...)
	for _, name := range slices.Sorted(maps.Keys(f.edges)) {
		out = append(out, f.edges[name].nodes()...)
	}
	return out
}

// write writes the row called alias as one JSON value.
func (f *facts) write(w *writer, alias string, p folding) {
	object, separator := "json_object(", ""
	if w.postgres() {
		object = "json_build_object("
	}
	w.raw(object)
	for _, name := range slices.Sorted(maps.Keys(f.columns)) {
		w.raw(separator + "'" + name + "', " + w.name(alias, f.columns[name].Column))
		separator = ", "
	}
	for _, name := range slices.Sorted(maps.Keys(f.edges)) {
		w.raw(separator + "'" + name + "', ")
		f.edges[name].writeEdge(w, f.entity, alias, p)
		separator = ", "
	}
	w.raw(")")
}

// writeEdge writes the rows behind an edge: an object or null, or an array. SQLite must be told that a nested SELECT is
// JSON, and an empty aggregate is NULL on PostgreSQL.
func (f *facts) writeEdge(w *writer, parent Entity, alias string, p folding) {
	open, shut := "json((SELECT ", "))"
	if w.postgres() {
		open, shut = "(SELECT ", ")"
	}
	many := f.link.Rel == ToMany
	own := w.newAlias()
	w.raw(open)
	switch {
	case many && w.postgres():
		w.raw("coalesce(json_agg(")
	case many:
		w.raw("json_group_array(")
	}
	f.write(w, own, p)
	switch {
	case many && w.postgres():
		w.raw("), '[]'::json)")
	case many:
		w.raw(")")
	}
	w.raw(" FROM ")
	w.table(f.entity, own)
	w.raw(" WHERE ")
	if many {
		w.raw(w.name(own, f.link.Column) + " = " + w.name(alias, parent.Fields[primaryKey].Column))
		if f.row != nil {
			w.aliases[f.row] = own
		}
		if is := f.restriction(p); is != constant(true) {
			w.raw(" AND ")
			w.enclosed(is)
		}
	} else {
		w.raw(w.name(own, f.entity.Fields[primaryKey].Column) + " = " + w.name(alias, f.link.Column))
	}
	w.raw(shut)
}

// folding says a condition for the subjects of a statement: those of one posture, or any.
type folding func(node) node

func asWritten(n node) node { return n }

func (p posture) fold(n node) node { return fold(n, p) }

// restriction is what a row of the collection must satisfy to be loaded for the subjects of the statement.
func (f *facts) restriction(p folding) node {
	some := disjunction{}
	for _, n := range f.needs {
		some = append(some, p(n))
	}
	return factor(some)
}
