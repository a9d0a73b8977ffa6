package policy

// split takes an `and not exists` out of an exists, when it speaks only of rows of which there is one: "there is a member
// of its project's organization, and no ..." is two conditions about that organization, and each may be one that another
// permission asks for too. The rows are bound again in the second; that they are there, the first says.
func split(n node) (conjunction, bool) {
	e, ok := n.(exists)
	if !ok {
		return nil, false
	}
	single, many := map[*row]bool{}, map[*row]bool{}
	for _, r := range e.rows {
		if r.toOne() && !many[r.from.row] {
			single[r] = true
		} else {
			many[r] = true
		}
	}
	var inside, outside conjunction
	for _, part := range conjuncts(e.where) {
		if not, ok := part.(negation); ok && !speaksOf(part, many) {
			if x, ok := not.of.(exists); ok {
				again := exists{rows: append(above(x, e.rows, single), x.rows...), where: x.where}
				outside = append(outside, negation{simplify(newRewriter().node(again))})
				continue
			}
		}
		inside = append(inside, part)
	}
	if len(outside) == 0 {
		return nil, false
	}
	return append(conjunction{simplify(exists{rows: e.rows, where: inside})}, outside...), true
}

func speaksOf(n node, rows map[*row]bool) bool {
	for r := range freeRows(n) {
		if rows[r] {
			return true
		}
	}
	return false
}

// above are the rows, of those that are single, through which x is reached; parents first.
func above(x exists, rows []*row, single map[*row]bool) []*row {
	needed := map[*row]bool{}
	for r := range freeRows(x) {
		for ; single[r]; r = r.from.row {
			needed[r] = true
		}
	}
	var out []*row
	for _, r := range rows {
		if needed[r] {
			out = append(out, r)
		}
	}
	return out
}
