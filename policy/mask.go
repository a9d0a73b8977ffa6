package policy

import (
	"fmt"
	"slices"
)

// mask writes all conditions as one number, a bit each: that is quicker to read than a column each. A condition that
// implies another ("is an admin" and "is anything") is asked only where that one holds.
func (w *writer) mask(leaves []node) {
	below := map[int][]int{} // by the condition that they imply
	var roots []int
	for i := range leaves {
		host := slices.IndexFunc(leaves, func(other node) bool { return narrows(leaves[i], other) })
		if host < 0 {
			roots = append(roots, i)
			continue
		}
		below[host] = append(below[host], i)
	}
	w.raw(", 0")
	w.bits(leaves, roots, below)
}

// narrows tells that a implies b and is not the same said otherwise: of two that imply each other none is below.
func narrows(a, b node) bool { return implies(a, b) && !implies(b, a) }

func (w *writer) bits(leaves []node, some []int, below map[int][]int) {
	for _, i := range some {
		w.raw(" + CASE WHEN ")
		w.enclosed(leaves[i])
		w.raw(fmt.Sprintf(" THEN %d", int64(1)<<i))
		w.bits(leaves, below[i], below)
		w.raw(" ELSE 0 END")
	}
}

// implies tells that b holds wherever a does; false when it is not sure. It sees what the columns of a matrix need: the
// same rows, with a role out of fewer.
func implies(a, b node) bool {
	x, ok := a.(exists)
	y, ok2 := b.(exists)
	if !ok || !ok2 {
		return false
	}
	w, ok := sameRows(y, x)
	if !ok {
		return false
	}
	stated := conjuncts(w.node(x.where))
	for _, needed := range conjuncts(y.where) {
		if !slices.ContainsFunc(stated, func(n node) bool { return narrower(n, needed) }) {
			return false
		}
	}
	return true
}

func narrower(a, b node) bool {
	if same(a, b) {
		return true
	}
	x, ok := a.(membership)
	y, ok2 := b.(membership)
	if !ok || !ok2 || !sameOperand(x.of, y.of) {
		return false
	}
	return within(x.list, y.list)
}
