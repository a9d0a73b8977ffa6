package policy

import (
	"fmt"
	"slices"
	"strings"
)

// keyOfNode is a text that two nodes share only when they mean the same: rows that a node binds are named by their
// path, and the parts of a conjunction or disjunction are sorted.
func keyOfNode(n node) string { return keys{}.node(n) }

// keys names the rows that are bound around a node.
type keys map[*row]string

func (k keys) node(n node) string {
	switch n := n.(type) {
	case conjunction:
		return "all" + k.sorted(n)
	case disjunction:
		return "any" + k.sorted(n)
	case negation:
		return "not(" + k.node(n.of) + ")"
	case exists:
		return k.exists(n)
	case constant:
		return fmt.Sprint(bool(n))
	case comparison:
		return k.comparison(n)
	case membership:
		list := make([]string, len(n.list))
		for i, l := range n.list {
			list[i] = k.operand(l)
		}
		slices.Sort(list)
		return k.operand(n.of) + " in " + strings.Join(list, ",")
	case match:
		return fmt.Sprintf("match%d(%s,%q)", n.where, k.operand(n.of), n.pattern)
	case truth:
		return "true(" + k.operand(n.of) + ")"
	case present:
		return "present(" + k.operand(n.of) + ")"
	}
	return fmt.Sprintf("%p", &n) // equal to nothing
}

func (k keys) sorted(parts []node) string {
	out := make([]string, len(parts))
	for i, part := range parts {
		out[i] = k.node(part)
	}
	slices.Sort(out)
	return "(" + strings.Join(out, ";") + ")"
}

func (k keys) comparison(c comparison) string {
	left, right := k.operand(c.left), k.operand(c.right)
	if !c.op.orders() && left > right {
		left, right = right, left
	}
	return left + string(c.op) + right
}

func (k keys) exists(e exists) string {
	inner := keys{}
	for r, name := range k {
		inner[r] = name
	}
	taken := map[string]int{}
	var rows []string
	for _, r := range e.rows {
		name := inner.row(r.from.row) + "/" + r.from.field.Column + ">" + r.entity.Table + "." + r.to
		if n := taken[name]; n > 0 {
			taken[name] = n + 1
			name = fmt.Sprintf("%s#%d", name, n)
		} else {
			taken[name] = 1
		}
		inner[r] = name + strings.Repeat("'", len(k)) // rows bound further out keep different names
		rows = append(rows, inner[r])
	}
	slices.Sort(rows)
	return "exists[" + strings.Join(rows, " ") + "](" + inner.node(e.where) + ")"
}

func (k keys) row(r *row) string {
	if r.parent == nil {
		return "resource"
	}
	if name, ok := k[r]; ok {
		return name
	}
	return fmt.Sprintf("%p", r)
}

func (k keys) operand(o operand) string {
	switch o := o.(type) {
	case column:
		return k.row(o.row) + "." + o.field.Column
	case fact:
		return "input." + o.name
	case literal:
		return fmt.Sprintf("%T:%q", o.value, fmt.Sprint(o.value))
	}
	return "now"
}
