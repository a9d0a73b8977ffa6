package policy

import "github.com/keyhall/keyhall/policy/internal/core"

// veiledType is the type whose rows a question can leave out: people are not named to who may not see that they are in a group.
const veiledType = "Group"

// veil hides rows of one table from what is written behind it; the zero veil hides nothing.
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
	w.raw("(SELECT * FROM " + w.quote(entity.Table) + " WHERE NOT (" + id)
	w.anyOf(slotWithout)
	w.raw(")) AS " + w.quote(alias))
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

// whoWithout are the statements for a question that leaves groups out, or none.
func (u *rule) whoWithout(groups []string) who {
	if len(groups) > 0 && u.veiled != nil {
		return *u.veiled
	}
	return u.who
}

func (r *Revision) bindWithout(s statement, v values, groups []string) (core.Statement, error) {
	list, err := textArray(r.dialect, groups)
	if err != nil {
		return core.Statement{}, err
	}
	v.slots[slotWithout] = list
	return s.bind(v)
}
