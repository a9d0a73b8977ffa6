package policy

// pin says a column that must equal a fact of the request as that fact in everything that must hold beside it: where the
// two differ the whole does not hold, whatever the rest says. So an `exists` that spoke of two columns of the resource
// ("an owner who is still a member") speaks of one, and a database can evaluate it once for all rows.
func pin(n node) node {
	switch n := n.(type) {
	case conjunction:
		out := make(conjunction, len(n))
		for i := range n {
			out[i] = pin(n[i])
		}
		for i, part := range out {
			if c, f, ok := pinned(part); ok {
				for j := range out {
					if j != i {
						out[j] = replace(out[j], c, f)
					}
				}
			}
		}
		return out
	case disjunction:
		out := make(disjunction, len(n))
		for i := range n {
			out[i] = pin(n[i])
		}
		return out
	case negation:
		return negation{pin(n.of)}
	case exists:
		return exists{rows: n.rows, where: pin(n.where)}
	}
	return n
}

// pinned tells whether a condition says that a column equals a fact.
func pinned(n node) (column, fact, bool) {
	e, ok := n.(comparison)
	if !ok || e.op != equal {
		return column{}, fact{}, false
	}
	c, isColumn := e.left.(column)
	f, isFact := e.right.(fact)
	if !isColumn {
		c, isColumn = e.right.(column)
		f, isFact = e.left.(fact)
	}
	return c, f, isColumn && isFact
}

// replace says a column as a fact wherever it is compared. Links of rows stay: they are what an index follows.
func replace(n node, c column, f fact) node {
	say := func(o operand) operand {
		if other, ok := o.(column); ok && other.row == c.row && other.field.Column == c.field.Column {
			return f
		}
		return o
	}
	switch n := n.(type) {
	case conjunction:
		out := make(conjunction, len(n))
		for i := range n {
			out[i] = replace(n[i], c, f)
		}
		return out
	case disjunction:
		out := make(disjunction, len(n))
		for i := range n {
			out[i] = replace(n[i], c, f)
		}
		return out
	case negation:
		return negation{replace(n.of, c, f)}
	case exists:
		return exists{rows: n.rows, where: replace(n.where, c, f)}
	case comparison:
		return comparison{n.op, say(n.left), say(n.right)}
	case membership:
		return membership{say(n.of), n.list}
	case match:
		return match{say(n.of), n.where, n.pattern}
	case present:
		return present{say(n.of)}
	}
	return n
}
