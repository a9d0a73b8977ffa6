package policy

// factor merges alternatives that differ in one plain condition, (A and X) or (A and Y) = A and (X or Y), also inside
// an `exists` over the same rows. It never puts an `exists` under an `or` that was not there before: each arm of a
// union must stay one that an index can drive.
func factor(n node) node {
	some := append([]node{}, arms(simplify(n))...)
	for i := 0; i < len(some); i++ {
		for j := i + 1; j < len(some); j++ {
			if m, ok := merge(some[i], some[j]); ok {
				some[i] = m
				some = append(some[:j], some[j+1:]...)
				i = -1 // the merged arm may now merge with an earlier one
				break
			}
		}
	}
	return simplify(disjunction(some))
}

func merge(a, b node) (node, bool) {
	x, ok := a.(exists)
	y, ok2 := b.(exists)
	if !ok || !ok2 {
		return mergeConjuncts(conjuncts(a), conjuncts(b))
	}
	w, ok := sameRows(x, y)
	if !ok {
		return nil, false
	}
	where, ok := mergeConjuncts(conjuncts(x.where), conjuncts(w.node(y.where)))
	return exists{rows: x.rows, where: where}, ok
}

// sameRows tells whether y binds the same rows as x, and how to say y with the rows of x.
func sameRows(x, y exists) (*rewriter, bool) {
	w := newRewriter()
	if len(x.rows) != len(y.rows) {
		return nil, false
	}
	for i, r := range y.rows {
		like := x.rows[i]
		from := w.operand(r.from).(column)
		if like.entity.Table != r.entity.Table || like.to != r.to ||
			like.from.row != from.row || like.from.field.Column != from.field.Column {
			return nil, false
		}
		w.copied[r] = like
	}
	return w, true
}

func mergeConjuncts(x, y []node) (node, bool) {
	common, dx, dy := differ(x, y)
	switch {
	case len(common) == 0 || len(dx) > 1 || len(dy) > 1:
		return nil, false
	case len(dx) == 0 || len(dy) == 0:
		return common, true // one implies the other
	}
	if m, ok := merge(dx[0], dy[0]); ok && isExists(dx[0]) && isExists(dy[0]) {
		return append(common, m), true
	}
	if hasExists(dx[0]) || hasExists(dy[0]) {
		return nil, false
	}
	return append(common, disjunction{dx[0], dy[0]}), true
}

// differ tells what two lists of conditions have in common, and what each has alone.
func differ(x, y []node) (common, dx, dy conjunction) {
	for _, n := range x {
		if says(y, n) {
			common = append(common, n)
		} else {
			dx = append(dx, n)
		}
	}
	for _, n := range y {
		if !says(common, n) {
			dy = append(dy, n)
		}
	}
	return common, dx, dy
}

func isExists(n node) bool {
	_, ok := n.(exists)
	return ok
}

func hasExists(n node) bool {
	found := false
	walk(n, func(n node) { found = found || isExists(n) })
	return found
}
