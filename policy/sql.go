package policy

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"entgo.io/ent/dialect"

	"github.com/keyhall/keyhall/policy/internal/core"
)

// writer turns formulas into SQL. Everything that a rule says is either SQL text of ours, a quoted name of the
// vocabulary, a number, or a hole: no text of a rule is ever pasted into a statement.
type writer struct {
	dialect string
	out     program
	text    strings.Builder
	aliases map[*row]string
	taken   int
	root    string            // alias of the resource; empty: the caller of the program names it
	subject map[string]string // facts that are columns of a row of the statement
	hashed  bool              // prefer `column IN (SELECT ...)` over a correlated EXISTS

	veil veil // over a table, while a part of the statement is written

	probing   bool // what hangs on the resource by its id is looked for row by row, and all else once
	unindexed bool // of SQLite: no index of the resource is for its condition, so that one is left for the order
}

func newWriter(name string) *writer { return &writer{dialect: name, aliases: map[*row]string{}} }

func (w *writer) raw(text string) { w.text.WriteString(text) }

func (w *writer) flush(p piece) {
	p.text = w.text.String()
	w.text.Reset()
	w.out = append(w.out, p)
}

func (w *writer) hole(h hole) { w.flush(piece{hole: h}) }

func (w *writer) program() program {
	if w.text.Len() > 0 {
		w.flush(piece{})
	}
	return w.out
}

func (w *writer) postgres() bool { return w.dialect == dialect.Postgres }

func (w *writer) quote(name string) string { return quoted(w.dialect, name) }

func quoted(in, name string) string {
	if in == dialect.Postgres {
		return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
	}
	return "`" + strings.ReplaceAll(name, "`", "``") + "`"
}

func (w *writer) newAlias() string {
	w.taken++
	return "kh" + strconv.Itoa(w.taken)
}

func (w *writer) alias(r *row) string {
	if w.aliases[r] == "" {
		w.aliases[r] = w.newAlias()
	}
	return w.aliases[r]
}

func (w *writer) name(alias, column string) string { return w.quote(alias) + "." + w.quote(column) }

func (w *writer) column(r *row, name string) {
	switch {
	case r.parent != nil:
		w.raw(w.name(w.alias(r), name))
	case w.root != "":
		w.raw(w.name(w.root, name))
	case w.unindexed:
		w.raw("+") // changes nothing but that
		w.flush(piece{root: name})
	default:
		w.flush(piece{root: name})
	}
}

func (w *writer) operand(o operand) {
	switch o := o.(type) {
	case column:
		w.column(o.row, o.field.Column)
	case clock:
		w.now()
	case fact:
		if c, ok := w.subject[o.name]; ok {
			w.raw(c)
			return
		}
		w.hole(o)
	case literal:
		switch v := o.value.(type) {
		case bool:
			w.raw(strings.ToUpper(strconv.FormatBool(v)))
		case int64:
			w.raw(strconv.FormatInt(v, 10))
		default:
			w.hole(o)
		}
	}
}

// typed is operand for a place where PostgreSQL can not tell the type of an argument.
func (w *writer) typed(o operand) {
	bound := false
	switch o := o.(type) {
	case fact:
		bound = w.subject[o.name] == ""
	case literal:
		bound = o.kind() == String
	}
	if bound && w.postgres() {
		w.raw("CAST(")
		w.operand(o)
		w.raw(" AS text)")
		return
	}
	w.operand(o)
}

// now is the clock of the database; both databases keep it still within one row of a statement.
func (w *writer) now() { w.raw(core.Now(w.dialect)) }

// node writes a condition. It may be NULL for not true: who needs two values wraps it in IS TRUE.
func (w *writer) node(n node) {
	switch n := n.(type) {
	case constant:
		if n {
			w.raw("1 = 1")
		} else {
			w.raw("1 = 0")
		}
	case conjunction:
		w.list(n, " AND ")
	case disjunction:
		w.list(n, " OR ")
	case negation:
		w.raw("(")
		w.node(n.of)
		w.raw(") IS NOT TRUE")
	case exists:
		w.exists(n)
	default:
		w.leaf(n)
	}
}

func (w *writer) leaf(n node) {
	switch n := n.(type) {
	case comparison:
		w.typed(n.left)
		if n.op.orders() && n.left.kind() == String && w.postgres() {
			w.raw(` COLLATE "C"`) // Rego and SQLite order text by its bytes
		}
		w.raw(" " + string(n.op) + " ")
		w.typed(n.right)
	case membership:
		w.typed(n.of)
		w.raw(" IN (")
		for i, l := range n.list {
			if i > 0 {
				w.raw(", ")
			}
			w.operand(l)
		}
		w.raw(")")
	case match:
		w.match(n)
	case truth:
		w.operand(n.of)
		w.raw(" = TRUE")
	case present:
		w.typed(n.of)
		w.raw(" IS NOT NULL")
	default:
		panic(fmt.Sprintf("policy: %T has no SQL form", n)) // the type switch of the translator is the other half
	}
}

// match avoids LIKE: on SQLite it ignores case.
func (w *writer) match(m match) {
	find, tail := "instr(", ", -"
	if w.postgres() {
		find = "strpos("
	}
	length := utf8.RuneCountInString(m.pattern)
	pattern := literal{m.pattern}
	switch {
	case length == 0:
		w.typed(m.of)
		w.raw(" IS NOT NULL")
	case m.where == anywhere:
		w.raw(find)
		w.typed(m.of)
		w.raw(", ")
		w.typed(pattern)
		w.raw(") > 0")
	case m.where == atStart:
		w.raw("substr(")
		w.typed(m.of)
		w.raw(fmt.Sprintf(", 1, %d) = ", length))
		w.typed(pattern)
	default:
		if w.postgres() {
			w.raw("right(")
			tail = ", "
		} else {
			w.raw("substr(")
		}
		w.typed(m.of)
		w.raw(fmt.Sprintf("%s%d) = ", tail, length))
		w.typed(pattern)
	}
}

func (w *writer) list(parts []node, separator string) {
	for i, part := range parts {
		if i > 0 {
			w.raw(separator)
		}
		w.enclosed(part)
	}
}

// enclosed writes a part of a list.
func (w *writer) enclosed(n node) {
	switch n.(type) {
	case conjunction, disjunction:
		w.raw("(")
		w.node(n)
		w.raw(")")
	default:
		w.node(n)
	}
}

func (w *writer) exists(e exists) {
	head := e.head()
	top := head != nil && head.from.row.parent == nil
	probe := w.probing && e.ofResource()
	if probe {
		e = nest(e)
	}
	if w.hashed && head != nil && !probe && (top || w.probing) {
		w.column(head.from.row, head.from.field.Column)
		w.raw(" IN (SELECT " + w.name(w.alias(head), head.to))
		w.from(e, head)
		w.raw(")")
		if !top && w.postgres() {
			w.raw(" IS TRUE") // changes nothing, but that PostgreSQL does not make a join of it
		}
		return
	}
	w.raw("EXISTS (SELECT 1")
	w.from(e, nil)
	if probe && w.postgres() {
		w.raw(" OFFSET 0") // changes nothing, but that PostgreSQL does not look for all rows at once instead
	}
	w.raw(")")
}

// head is the row through which alone an exists is linked to what is around it, if there is one: then it can be
// evaluated without what is around it.
func (e exists) head() *row {
	own, free := map[*row]bool{}, freeRows(e)
	for _, r := range e.rows {
		own[r] = true
	}
	var head *row
	for _, r := range e.rows {
		if own[r.from.row] {
			continue
		}
		if head != nil {
			return nil
		}
		head = r
	}
	if head == nil || len(free) != 1 || freeRows(e.where)[head.from.row] {
		return nil
	}
	return head
}

// from writes the rows of an exists and its conditions; the link of `linked` is already said.
func (w *writer) from(e exists, linked *row) {
	own := map[*row]bool{}
	separator := " FROM "
	var links []*row
	for _, r := range e.rows {
		w.raw(separator)
		w.table(r.entity, w.alias(r))
		if own[r.from.row] {
			w.raw(" ON ")
			w.link(r)
		} else {
			if len(own) > 0 {
				w.raw(" ON 1 = 1")
			}
			if r != linked {
				links = append(links, r)
			}
		}
		own[r] = true
		separator = " JOIN "
	}
	separator = " WHERE "
	for _, r := range links {
		w.raw(separator)
		w.link(r)
		separator = " AND "
	}
	if e.where != constant(true) {
		w.raw(separator)
		w.enclosed(e.where)
	}
}

func (w *writer) link(r *row) {
	w.raw(w.name(w.alias(r), r.to) + " = ")
	w.column(r.from.row, r.from.field.Column)
}
