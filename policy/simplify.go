package policy

import "slices"

// simplify removes what is always true or false and what is said twice. It keeps the meaning for every row, NULLs
// included, but not the list of facts that the rule reads: facts are collected before.
func simplify(n node) node {
	switch n := n.(type) {
	case conjunction:
		return combine(n, true)
	case disjunction:
		return combine(n, false)
	case negation:
		switch of := simplify(n.of).(type) {
		case constant:
			return !of
		case negation:
			return of.of
		default:
			return negation{of}
		}
	case exists:
		n.where = simplify(n.where)
		if n.where == constant(false) {
			return constant(false)
		}
		return n
	case present:
		switch of := n.of.(type) {
		case column:
			if !of.field.Nullable {
				return constant(true)
			}
		case clock: // every decision has one
			return constant(true)
		}
	case membership:
		if len(n.list) == 0 {
			return constant(false)
		}
	case comparison:
		return compareLiterals(n)
	}
	return n
}

// combine flattens a conjunction (neutral true) or a disjunction (neutral false).
func combine(parts []node, neutral constant) node {
	var out []node
	var add func(n node) bool
	add = func(n node) bool {
		switch n := n.(type) {
		case constant:
			return n == neutral
		case conjunction:
			if neutral {
				return addAll(n, add)
			}
		case disjunction:
			if !neutral {
				return addAll(n, add)
			}
		}
		if !says(out, n) {
			out = append(out, n)
		}
		return true
	}
	for _, part := range parts {
		if !add(simplify(part)) {
			return !neutral
		}
	}
	if neutral {
		out = withoutImplied(out)
		if contradict(out) {
			return constant(false)
		}
	}
	switch {
	case len(out) == 0:
		return neutral
	case len(out) == 1:
		return out[0]
	case bool(neutral):
		return conjunction(out)
	}
	return disjunction(out)
}

// withoutImplied drops "x is there" beside a leaf that compares x: that one is not true when x is NULL.
func withoutImplied(all []node) []node {
	var compared []operand
	for _, n := range all {
		if _, ok := n.(present); !ok {
			operands(n, func(o operand) { compared = append(compared, o) })
		}
	}
	return slices.DeleteFunc(all, func(n node) bool {
		p, ok := n.(present)
		return ok && slices.ContainsFunc(compared, func(o operand) bool { return sameOperand(o, p.of) })
	})
}

// contradict tells that one thing must be two: "it is personal" beside "it is a project's".
func contradict(all []node) bool {
	type said struct {
		of operand
		is literal
	}
	var must []said
	for _, n := range all {
		c, ok := n.(comparison)
		if !ok || c.op != equal {
			continue
		}
		of, is := c.left, c.right
		if _, ok := of.(literal); ok {
			of, is = is, of
		}
		value, ok := is.(literal)
		if !ok {
			continue
		}
		if slices.ContainsFunc(must, func(s said) bool { return s.is != value && sameOperand(s.of, of) }) {
			return true
		}
		must = append(must, said{of, value})
	}
	return false
}

func addAll(parts []node, add func(node) bool) bool {
	for _, part := range parts {
		if !add(part) {
			return false
		}
	}
	return true
}

func compareLiterals(n comparison) node {
	left, ok := n.left.(literal)
	right, ok2 := n.right.(literal)
	if ok && ok2 && !n.op.orders() {
		return constant((left.value == right.value) == (n.op == equal))
	}
	return n
}

// fold puts in what the posture of a subject says, and leaves the rest to be bound. An address that is not known
// makes every leaf that reads it not true: it is equal to nothing, and different from nothing.
func fold(n node, p posture) node {
	switch n := n.(type) {
	case conjunction:
		out := make(conjunction, len(n))
		for i := range n {
			out[i] = fold(n[i], p)
		}
		return out
	case disjunction:
		out := make(disjunction, len(n))
		for i := range n {
			out[i] = fold(n[i], p)
		}
		return out
	case negation:
		return negation{fold(n.of, p)}
	case exists:
		return exists{rows: n.rows, where: fold(n.where, p)}
	}
	absent := false
	operands(n, func(o operand) {
		if f, ok := o.(fact); ok && f.name == factEmail && !p.email {
			absent = true
		}
	})
	if absent {
		return constant(false)
	}
	switch n := n.(type) {
	case truth:
		if f, ok := n.of.(fact); ok {
			value, _ := p.known(f.name)
			return constant(value)
		}
	case present:
		if _, ok := n.of.(fact); ok {
			return constant(true)
		}
	case comparison:
		return comparison{n.op, p.operand(n.left), p.operand(n.right)}
	case membership:
		if l, ok := p.operand(n.of).(literal); ok {
			return constant(containsLiteral(n.list, l))
		}
	}
	return n
}

func containsLiteral(list []literal, l literal) bool {
	for _, x := range list {
		if x == l {
			return true
		}
	}
	return false
}

func (p posture) operand(o operand) operand {
	if f, ok := o.(fact); ok {
		if value, known := p.known(f.name); known {
			return literal{value}
		}
	}
	return o
}
