package policy

// A rule becomes a closed formula over rows, facts of the request and constants. Its meaning is two-valued: a leaf
// that the database calls NULL is not true, and `negation` is true for what is not true.
type node interface{ isNode() }

type (
	conjunction []node
	disjunction []node
	negation    struct{ of node }
	constant    bool

	comparison struct {
		op          operator
		left, right operand
	}
	membership struct {
		of   operand
		list []literal
	}
	match struct { // prefix, suffix or part of a text, case-sensitive
		of      operand
		where   matchAt
		pattern string
	}
	truth   struct{ of operand } // a boolean that is true
	present struct{ of operand } // a value that is there

	// exists binds rows, in an order in which parents come first. A row whose parent is bound elsewhere is linked to it.
	exists struct {
		rows  []*row
		where node
	}
)

func (conjunction) isNode() {}
func (disjunction) isNode() {}
func (negation) isNode()    {}
func (constant) isNode()    {}
func (comparison) isNode()  {}
func (membership) isNode()  {}
func (match) isNode()       {}
func (truth) isNode()       {}
func (present) isNode()     {}
func (exists) isNode()      {}

type operator string

const (
	equal        operator = "="
	unequal      operator = "<>"
	less         operator = "<"
	lessEqual    operator = "<="
	greater      operator = ">"
	greaterEqual operator = ">="
)

func (o operator) orders() bool { return o != equal && o != unequal }

type matchAt int

const (
	atStart matchAt = iota
	atEnd
	anywhere
)

// row is one row variable. It is never changed after the rule is translated.
type row struct {
	entity Entity
	parent *row   // nil for the resource itself
	edge   string // the edge of the parent that leads here
	link   Edge
	from   column // the column of a row above that the link starts at
	to     string // the database column of this row that it ends at
}

func (r *row) toOne() bool { return r.parent != nil && r.link.Rel == ToOne }

// operand is a value that can be compared.
type operand interface{ kind() Kind }

type (
	column struct {
		row   *row
		name  string // in Rego
		field Field
	}
	fact struct { // of the request; absent when the subject does not have it
		name string
		is   Kind
	}
	literal struct{ value any } // string, int64 or bool
	clock   struct{}            // the database's own, in microseconds
)

func (c column) kind() Kind { return c.field.Kind }
func (f fact) kind() Kind   { return f.is }
func (clock) kind() Kind    { return Int }
func (l literal) kind() Kind {
	switch l.value.(type) {
	case string:
		return String
	case bool:
		return Bool
	}
	return Int
}

func keyOf(r *row) column {
	return column{row: r, name: primaryKey, field: r.entity.Fields[primaryKey]}
}

// newRow follows an edge of parent.
func newRow(parent *row, edge string, vocabulary Vocabulary) *row {
	link := parent.entity.Edges[edge]
	r := &row{entity: vocabulary[link.To], parent: parent, edge: edge, link: link}
	if link.Rel == ToOne {
		r.from = column{row: parent, name: edge, field: Field{Column: link.Column, Kind: String, Nullable: link.Nullable}}
		r.to = r.entity.Fields[primaryKey].Column
	} else {
		r.from, r.to = keyOf(parent), link.Column
	}
	return r
}

// conjuncts are the parts that must all hold.
func conjuncts(n node) []node {
	if all, ok := n.(conjunction); ok {
		return all
	}
	return []node{n}
}

// arms are the parts of which one must hold.
func arms(n node) []node {
	if any, ok := n.(disjunction); ok {
		return any
	}
	return []node{n}
}

// operands calls visit for every operand of a leaf.
func operands(n node, visit func(operand)) {
	switch n := n.(type) {
	case comparison:
		visit(n.left)
		visit(n.right)
	case membership:
		visit(n.of)
	case match:
		visit(n.of)
	case truth:
		visit(n.of)
	case present:
		visit(n.of)
	}
}

// walk calls visit for n and everything below it.
func walk(n node, visit func(node)) {
	visit(n)
	switch n := n.(type) {
	case conjunction:
		for _, part := range n {
			walk(part, visit)
		}
	case disjunction:
		for _, part := range n {
			walk(part, visit)
		}
	case negation:
		walk(n.of, visit)
	case exists:
		walk(n.where, visit)
	}
}

// freeRows are the rows that n speaks of and does not bind itself.
func freeRows(n node) map[*row]bool {
	free, bound := map[*row]bool{}, map[*row]bool{}
	walk(n, func(n node) {
		operands(n, func(o operand) {
			if c, ok := o.(column); ok {
				free[c.row] = true
			}
		})
		if e, ok := n.(exists); ok {
			for _, r := range e.rows {
				bound[r] = true
				free[r.from.row] = true
			}
		}
	})
	for r := range bound {
		delete(free, r)
	}
	return free
}

// factsRead are the names of the facts of the request that the nodes read.
func factsRead(nodes ...node) map[string]bool {
	read := map[string]bool{}
	for _, n := range nodes {
		walk(n, func(n node) {
			operands(n, func(o operand) {
				if f, ok := o.(fact); ok {
					read[f.name] = true
				}
			})
		})
	}
	return read
}
