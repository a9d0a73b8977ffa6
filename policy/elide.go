package policy

// elide leaves out the to-one rows of which only the id is read: the foreign key of the parent is that id. The key
// must not be NULL where the row had to exist, so that is said in the place of the row. (The database enforces the
// foreign keys of the vocabulary, so a key that is not NULL has its row.)
func elide(n node) node {
	whole := map[*row]bool{} // rows of which more than the id is read
	walk(n, func(n node) {
		operands(n, func(o operand) {
			if c, ok := o.(column); ok && c.name != primaryKey {
				whole[c.row] = true
			}
		})
		if x, ok := n.(exists); ok {
			for _, r := range x.rows {
				if r.from.name != primaryKey {
					whole[r.from.row] = true
				}
			}
		}
	})
	w := newRewriter()
	w.drop = func(r *row) bool { return r.toOne() && !whole[r] }
	return simplify(w.node(n))
}
