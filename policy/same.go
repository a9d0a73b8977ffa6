package policy

import "slices"

// same tells that two nodes mean the same: the parts of a conjunction or disjunction have no order, and the rows that a
// node binds are told by where they come from. False when it is not sure.
func same(a, b node) bool { return pairs{}.node(a, b) }

// says tells that one of the nodes means what n means.
func says(all []node, n node) bool {
	return slices.ContainsFunc(all, func(other node) bool { return same(other, n) })
}

// sameOperand is the same of operands that stand outside of every `exists` that is compared.
func sameOperand(a, b operand) bool { return pairs{}.operand(a, b) }

// pairs are the rows bound around two nodes, each beside the one that plays its part on the other side.
type pairs []pair

type pair struct{ a, b *row }

func (p pairs) node(a, b node) bool {
	switch a := a.(type) {
	case conjunction:
		b, ok := b.(conjunction)
		return ok && p.parts(a, b)
	case disjunction:
		b, ok := b.(disjunction)
		return ok && p.parts(a, b)
	case negation:
		b, ok := b.(negation)
		return ok && p.node(a.of, b.of)
	case exists:
		b, ok := b.(exists)
		return ok && p.exists(a, b)
	case constant:
		return a == b
	case comparison:
		b, ok := b.(comparison)
		return ok && p.comparison(a, b)
	case membership:
		b, ok := b.(membership)
		return ok && p.operand(a.of, b.of) && within(a.list, b.list) && within(b.list, a.list)
	case match:
		b, ok := b.(match)
		return ok && a.where == b.where && a.pattern == b.pattern && p.operand(a.of, b.of)
	case truth:
		b, ok := b.(truth)
		return ok && p.operand(a.of, b.of)
	case present:
		b, ok := b.(present)
		return ok && p.operand(a.of, b.of)
	}
	return false
}

// parts tells that each part of a is one of b, and each of b one of a.
func (p pairs) parts(a, b []node) bool {
	if len(a) != len(b) {
		return false
	}
	for _, part := range a {
		if !slices.ContainsFunc(b, func(other node) bool { return p.node(part, other) }) {
			return false
		}
	}
	for _, part := range b {
		if !slices.ContainsFunc(a, func(other node) bool { return p.node(other, part) }) {
			return false
		}
	}
	return true
}

// exists pairs each row of a with the first of b that comes from where it comes from and has no pair yet.
func (p pairs) exists(a, b exists) bool {
	if len(a.rows) != len(b.rows) {
		return false
	}
	inner := slices.Clip(p)
	for _, r := range a.rows {
		at := slices.IndexFunc(b.rows, func(other *row) bool {
			taken := slices.ContainsFunc(inner[len(p):], func(known pair) bool { return known.b == other })
			return !taken && inner.likewise(r, other)
		})
		if at < 0 {
			return false
		}
		inner = append(inner, pair{r, b.rows[at]})
	}
	return inner.node(a.where, b.where)
}

// likewise tells that two rows hang in the same way on rows that are paired.
func (p pairs) likewise(a, b *row) bool {
	return a.entity.Table == b.entity.Table && a.to == b.to && a.from.field.Column == b.from.field.Column &&
		p.row(a.from.row, b.from.row)
}

func (p pairs) comparison(a, b comparison) bool {
	if a.op != b.op {
		return false
	}
	return p.operand(a.left, b.left) && p.operand(a.right, b.right) ||
		!a.op.orders() && p.operand(a.left, b.right) && p.operand(a.right, b.left)
}

func (p pairs) operand(a, b operand) bool {
	x, ok := a.(column)
	if !ok {
		return a == b
	}
	y, ok := b.(column)
	return ok && x.field.Column == y.field.Column && p.row(x.row, y.row)
}

// row tells that b plays the part of a. What a formula is about is the same in all of them.
func (p pairs) row(a, b *row) bool {
	for _, bound := range slices.Backward(p) {
		if bound.a == a || bound.b == b {
			return bound.a == a && bound.b == b
		}
	}
	return a == b || a.parent == nil && b.parent == nil
}

func within(all, in []literal) bool {
	return !slices.ContainsFunc(all, func(l literal) bool { return !containsLiteral(in, l) })
}
