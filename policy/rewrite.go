package policy

// rewriter copies a formula with other rows; rows are never changed in place, because formulas share them.
type rewriter struct {
	drop   func(*row) bool // to-one rows to leave out; nil: none
	key    map[*row]column // what holds the id of a row that is left out
	copied map[*row]*row   // what stands for a row
}

func newRewriter() *rewriter { return &rewriter{key: map[*row]column{}, copied: map[*row]*row{}} }

func (w *rewriter) node(n node) node {
	switch n := n.(type) {
	case conjunction:
		out := make(conjunction, len(n))
		for i := range n {
			out[i] = w.node(n[i])
		}
		return out
	case disjunction:
		out := make(disjunction, len(n))
		for i := range n {
			out[i] = w.node(n[i])
		}
		return out
	case negation:
		return negation{w.node(n.of)}
	case exists:
		return w.exists(n)
	case comparison:
		return comparison{n.op, w.operand(n.left), w.operand(n.right)}
	case membership:
		return membership{w.operand(n.of), n.list}
	case match:
		return match{w.operand(n.of), n.where, n.pattern}
	case truth:
		return truth{w.operand(n.of)}
	case present:
		return present{w.operand(n.of)}
	}
	return n
}

func (w *rewriter) exists(x exists) node {
	out, holds := exists{}, conjunction{}
	for _, r := range x.rows {
		from := w.operand(r.from).(column)
		if w.drop != nil && w.drop(r) {
			w.key[r] = from
			holds = append(holds, present{from})
			continue
		}
		kept := *r
		kept.from = from
		if kept.parent = w.copied[r.parent]; kept.parent == nil {
			kept.parent = r.parent
		}
		w.copied[r] = &kept
		out.rows = append(out.rows, &kept)
	}
	out.where = append(holds, w.node(x.where))
	if len(out.rows) == 0 {
		return out.where
	}
	return out
}

func (w *rewriter) operand(o operand) operand {
	c, ok := o.(column)
	if !ok {
		return o
	}
	if key, ok := w.key[c.row]; ok {
		return key
	}
	if r := w.copied[c.row]; r != nil {
		c.row = r
	}
	return c
}
