package policy

import "slices"

// Shape is the form of a list filter. All mean the same rows; which one is fast depends on how many the subject sees.
type Shape int

// One asks each row by itself, which suits a look-up of known rows. Few starts from what the subject has, at the other
// end of the rule; Many tests the rows in the order of the list until a page is full.
const (
	One Shape = iota
	Few
	Many
)

// filterProgram writes the condition on the resource in a shape; the caller of the program names the resource.
//
// For Many, what hangs on the resource by its id is looked for row by row, because few rows are looked at until a page is
// full; what the subject has elsewhere is found once.
//
// Few is the list of all ids, made before anything else is looked at: SQLite could also evaluate an OR by one index an
// alternative, but then reads a row once for each of its ways in. For Many the columns are said there in a way that no index fits.
func filterProgram(dialect string, root *row, n node, shape Shape) program {
	w := newWriter(dialect)
	_, all := n.(constant)
	switch n = pin(n); {
	case shape == One || all:
		w.node(n)
	case shape == Few:
		w.column(root, root.entity.Fields[primaryKey].Column)
		before, after := " IN (", ")"
		if w.postgres() {
			before, after = " = ANY(ARRAY(", "))"
		}
		w.raw(before)
		w.union(root, n)
		w.raw(after)
	default:
		w.hashed, w.probing, w.unindexed = true, true, !w.postgres()
		w.node(gather(n))
	}
	return w.program()
}

// union writes the ids of the rows for which n holds, one SELECT an alternative. An id can come more than once, and
// as NULL: it is for IN and ANY.
func (w *writer) union(root *row, n node) {
	for i, arm := range arms(factor(n)) {
		if i > 0 {
			w.raw(" UNION ALL ")
		}
		if e, ok := arm.(exists); ok {
			if head := e.head(); head != nil && head.from.row.parent == nil && head.from.name == primaryKey {
				w.raw("SELECT " + w.name(w.alias(head), head.to) + " AS " + w.quote("id"))
				w.from(e, head)
				continue
			}
		}
		w.selectIDs(root, arm)
	}
}

// selectIDs writes the resources for which one alternative holds. Rows that are linked to the resource in two ways (a
// member of a project who is a member of its organization) are joined to it, so that the database may start from them;
// an id that comes twice does no harm here.
func (w *writer) selectIDs(root *row, n node) {
	outer, hashed := w.root, w.hashed
	w.root, w.hashed = w.newAlias(), true
	w.raw("SELECT " + w.name(w.root, root.entity.Fields[primaryKey].Column) + " AS " + w.quote("id") + " FROM ")
	w.table(root.entity, w.root)
	for _, part := range conjuncts(n) {
		if e, ok := part.(exists); ok && e.head() == nil {
			for _, r := range e.rows {
				w.raw(" JOIN ")
				w.table(r.entity, w.alias(r))
				w.raw(" ON ")
				w.link(r)
			}
			n = simplify(conjunction{without(n, part), e.where})
			break
		}
	}
	w.raw(" WHERE ")
	w.node(n)
	w.root, w.hashed = outer, hashed
}

// without is a conjunction without one of its parts.
func without(n, part node) node {
	return slices.DeleteFunc(slices.Clone(conjunction(conjuncts(n))), func(other node) bool { return same(other, part) })
}

// countProgram counts the rows that n holds for, and stops counting at the limit.
func countProgram(dialect string, root *row, n node) program {
	w := newWriter(dialect)
	n = pin(n)
	if w.postgres() {
		w.countUnion(root, n)
		return w.program()
	}
	w.root, w.hashed = rootAlias, true
	w.raw("SELECT COUNT(*) FROM (SELECT 1 FROM ")
	w.table(root.entity, rootAlias)
	w.raw(" WHERE ")
	w.node(n)
	w.raw(" LIMIT ")
	w.limit()
	w.raw(") AS few")
	return w.program()
}

// countUnion bounds the work when alternatives overlap by an inner limit: a count that is too small then makes a list
// slow, never wrong.
func (w *writer) countUnion(root *row, n node) {
	w.raw("SELECT COUNT(*) FROM (SELECT DISTINCT " + w.quote("id") + " FROM (SELECT " + w.quote("id") + " FROM (")
	w.union(root, n)
	w.raw(") AS arms LIMIT 2 * ")
	w.limit()
	w.raw(") AS seen WHERE " + w.quote("id") + " IS NOT NULL LIMIT ")
	w.limit()
	w.raw(") AS few")
}

func (w *writer) limit() {
	if w.postgres() {
		w.raw("CAST(")
		w.hole(slotLimit)
		w.raw(" AS bigint)")
		return
	}
	w.hole(slotLimit)
}
