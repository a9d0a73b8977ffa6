package policy

// nest says the rows of an exists that hang on one column of another of its rows as an exists of their own: "there is a
// grant, and a group of it, and a member of that group who is the viewer" becomes "there is a grant whose group is one in
// which the viewer is a member". The second part speaks of nothing around it, so that a database evaluates it once, however
// many grants it looks at.
func nest(e exists) exists {
	for _, r := range e.rows {
		below := map[*row]bool{r: true}
		for _, other := range e.rows {
			if below[other.from.row] {
				below[other] = true
			}
		}
		if len(below) == len(e.rows) {
			continue
		}
		if out, ok := apart(e, below); ok {
			return nest(out)
		}
	}
	return e
}

// apart moves some rows of an exists, and what is said of them alone, into an exists of their own; not when something is
// said of them and of another row at once.
func apart(e exists, rows map[*row]bool) (exists, bool) {
	out, inner := exists{}, exists{}
	for _, r := range e.rows {
		if rows[r] {
			inner.rows = append(inner.rows, r)
		} else {
			out.rows = append(out.rows, r)
		}
	}
	var inside, outside conjunction
	for _, part := range conjuncts(e.where) {
		within := speaksOf(part, rows)
		if within && len(freeRows(part)) != count(freeRows(part), rows) {
			return e, false
		}
		if within {
			inside = append(inside, part)
		} else {
			outside = append(outside, part)
		}
	}
	inner.where = simplify(inside)
	out.where = simplify(append(outside, inner))
	return out, true
}

// count tells how many of some rows are among others.
func count(some, others map[*row]bool) (n int) {
	for r := range some {
		if others[r] {
			n++
		}
	}
	return n
}

// gather says alternatives that look for rows of the same kind at the resource as one: there is a row for which this or
// that holds. So the rows of a resource are looked at once for all of them.
func gather(n node) node {
	var out disjunction
	for _, arm := range arms(n) {
		if e, ok := arm.(exists); ok && e.ofResource() {
			arm = nest(e)
		}
		out = append(out, arm)
	}
	for i := 0; i < len(out); i++ {
		for j := i + 1; j < len(out); j++ {
			if both, ok := either(out[i], out[j]); ok {
				out[i] = both
				out = append(out[:j], out[j+1:]...)
				j--
			}
		}
	}
	return simplify(out)
}

func either(a, b node) (node, bool) {
	x, ok := a.(exists)
	y, ok2 := b.(exists)
	if !ok || !ok2 || !x.ofResource() || !y.ofResource() {
		return nil, false
	}
	w, ok := sameRows(x, y)
	if !ok {
		return nil, false
	}
	common, dx, dy := differ(conjuncts(x.where), conjuncts(w.node(y.where)))
	return exists{rows: x.rows, where: append(common, disjunction{dx, dy})}, true
}

// ofResource tells whether an exists looks for rows that hang on the resource by its id, and on nothing else around it.
func (e exists) ofResource() bool {
	head := e.head()
	return head != nil && head.from.row.parent == nil && head.from.name == primaryKey
}
