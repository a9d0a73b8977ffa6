package policy

import "github.com/keyhall/keyhall/policy/internal/core"

// veiledType is the type whose rows a question leaves out: people are not named to who may not see that they are in a group.
const veiledType = "Group"

// Through says through which groups people are looked for. The groups that are left out need not be known: one that was given
// something in the meantime is left out too. The zero value looks through none.
type Through struct {
	Any    bool // whatever group it is
	Groups []string
}

// veil hides all rows of one table but some from what is written behind it; the zero veil hides nothing.
type veil struct{ table string }

func (v veil) drawn() bool { return v.table != "" }

// veilOf is the veil over the groups that a rule follows; none over the group that it is about.
func (r *Revision) veilOf(u *rule) veil {
	entity, known := r.vocabulary[veiledType]
	if known && u.info.Type != veiledType && u.facts.reach(entity.Table) {
		return veil{entity.Table}
	}
	return veil{}
}

// reach tells whether rows of a table are among the facts.
func (f *facts) reach(table string) bool {
	if f.entity.Table == table {
		return true
	}
	for _, edge := range f.edges {
		if edge.reach(table) {
			return true
		}
	}
	return false
}

// table writes a table as it is, or what is left of it behind the veil.
func (w *writer) table(entity Entity, alias string) {
	if !w.veil.drawn() || w.veil.table != entity.Table {
		w.raw(w.quote(entity.Table) + " AS " + w.quote(alias))
		return
	}
	id := w.quote(entity.Fields[primaryKey].Column)
	w.raw("(SELECT * FROM " + w.quote(entity.Table) + " WHERE " + id)
	w.anyOf(slotThrough)
	w.raw(") AS " + w.quote(alias))
}

// anyOf compares with a list that is one argument, so that the text of a statement does not depend on its length.
func (w *writer) anyOf(list slot) {
	if w.postgres() {
		w.raw(" = ANY(CAST(")
		w.hole(list)
		w.raw(" AS text[]))")
		return
	}
	w.raw(" IN (SELECT value FROM json_each(")
	w.hole(list)
	w.raw("))")
}

// whoThrough are the statements for a question that looks through some groups, or any.
func (u *rule) whoThrough(t Through) who {
	switch {
	case !t.Any && u.veiled != nil:
		return u.veiled()
	case u.who != nil:
		return u.who()
	}
	return who{}
}

func (r *Revision) bindThrough(s statement, v values, t Through) (core.Statement, error) {
	list, err := textArray(r.dialect, append([]string{}, t.Groups...))
	if err != nil {
		return core.Statement{}, err
	}
	v.slots[slotThrough] = list
	return s.bind(v)
}
