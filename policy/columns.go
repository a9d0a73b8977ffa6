package policy

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"github.com/keyhall/keyhall/policy/internal/core"
)

// typeColumns answers all permissions of a type for a page of rows in one statement: the distinct conditions of its
// rules are boolean columns, and Go combines them. That is exact, because a column says "is true", and a negation of
// the rules is "is not true".
type typeColumns struct {
	view  Permission
	reads map[string]bool
	forms map[posture]*columns
}

type columns struct {
	page     statement
	count    int // of conditions that look other rows up: what a page costs
	combined map[Permission]combination
}

// combination computes a permission from the conditions of a row, one bit each.
type combination func(leaves int64) bool

func (t *typeColumns) leaves() int {
	most := 0
	for _, c := range t.forms {
		most = max(most, c.count)
	}
	return most
}

func (r *Revision) buildType(typ string, root *row, of []*rule) (*typeColumns, error) {
	t := &typeColumns{reads: map[string]bool{}, forms: map[posture]*columns{}}
	for _, u := range of {
		maps.Copy(t.reads, factsRead(u.formula.where))
		if u.info.Name == Permission(snake(typ)+".view") { // other packages may be about the type too
			t.view = u.info.Name
		}
	}
	for _, p := range postures(t.reads) {
		t.forms[p] = r.buildColumns(root, of, p)
	}
	if n := t.leaves(); n > maxLeaves {
		return nil, fmt.Errorf("policy: the rules of %s look up %d different things beside a row, and at most %d are looked up for a page; "+
			"share helper rules between permissions (first rule: %s:%d)", typ, n, maxLeaves, of[0].info.File, of[0].info.Line)
	}
	return t, nil
}

func (r *Revision) buildColumns(root *row, rules []*rule, p posture) *columns {
	c := &columns{combined: map[Permission]combination{}}
	var leaves []node
	for _, u := range rules {
		c.combined[u.info.Name] = combineLeaves(u.forms[p.only(u.reads)].where, &leaves)
	}
	for _, leaf := range leaves {
		if hasExists(leaf) {
			c.count++
		}
	}
	w := newWriter(r.dialect)
	w.root = rootAlias
	key := root.entity.Fields[primaryKey].Column
	w.raw("SELECT " + w.name(rootAlias, key))
	w.mask(leaves)
	w.raw(" FROM ")
	w.table(root.entity, rootAlias)
	w.raw(" WHERE " + w.name(rootAlias, key))
	w.anyOf(slotIDs)
	c.page = r.statement(w.program())
	return c
}

// combineLeaves collects the conditions below and, or and not, and returns how to put them together.
func combineLeaves(n node, leaves *[]node) combination {
	below := func(parts []node) []combination {
		out := make([]combination, len(parts))
		for i, part := range parts {
			out[i] = combineLeaves(part, leaves)
		}
		return out
	}
	switch n := n.(type) {
	case constant:
		return func(int64) bool { return bool(n) }
	case conjunction:
		all := below(n)
		return func(v int64) bool {
			return !slices.ContainsFunc(all, func(c combination) bool { return !c(v) })
		}
	case disjunction:
		some := below(n)
		return func(v int64) bool {
			return slices.ContainsFunc(some, func(c combination) bool { return c(v) })
		}
	case negation:
		of := combineLeaves(n.of, leaves)
		return func(v int64) bool { return !of(v) }
	}
	if parts, ok := split(n); ok {
		return combineLeaves(parts, leaves)
	}
	i := slices.IndexFunc(*leaves, func(leaf node) bool { return same(leaf, n) })
	if i < 0 {
		i = len(*leaves)
		*leaves = append(*leaves, n)
	}
	return func(v int64) bool { return v&(1<<i) != 0 }
}

// Can tells which of the permissions the subject has on each row of a page; rows that do not exist are not in the
// answer. All permissions must be about the type. Rows share lists: the caller must not change them.
func (r *Revision) Can(ctx context.Context, q core.Asker, s Subject, typ string, ids []string, ps []Permission) (map[string][]Permission, error) {
	out := map[string][]Permission{}
	t := r.types[typ]
	if t == nil {
		return nil, fmt.Errorf("policy: the law has no permission about %q", typ)
	}
	if s.anonymous() || len(ids) == 0 {
		return out, nil
	}
	c := t.forms[postureOf(s).only(t.reads)]
	var asked []Permission
	for _, p := range ps {
		if c.combined[p] == nil {
			return nil, fmt.Errorf("policy: %q is no permission about %s", p, typ)
		}
		if s.includes(p) {
			asked = append(asked, p)
		}
	}
	list, err := textArray(r.dialect, ids)
	if err != nil {
		return nil, err
	}
	st, err := c.page.bind(values{subject: s, slots: map[slot]any{slotIDs: list}})
	if err != nil {
		return nil, err
	}
	held := map[int64][]Permission{} // rows with the same answers share one list
	err = eachRow(ctx, q, st, func(id string, leaves int64) {
		list, known := held[leaves]
		if !known {
			list = slices.DeleteFunc(slices.Clone(asked), func(p Permission) bool { return !c.combined[p](leaves) })
			held[leaves] = list
		}
		out[id] = list
	})
	if err != nil {
		return nil, fmt.Errorf("policy: columns of %s: %w", typ, err)
	}
	return out, nil
}

// eachRow scans an id and its conditions.
func eachRow(ctx context.Context, q core.Asker, s core.Statement, visit func(string, int64)) error {
	rows := &entsql.Rows{}
	if err := q.Ask(ctx, s, rows); err != nil {
		return err
	}
	defer rows.Close()
	var id string
	var leaves int64
	for rows.Next() {
		if err := rows.Scan(&id, &leaves); err != nil {
			return err
		}
		visit(id, leaves)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return rows.Close()
}

// textArray is a list as one argument, so that the text of a statement does not depend on its length.
func textArray(name string, list []string) (string, error) {
	if name != dialect.Postgres {
		text, err := json.Marshal(list)
		return string(text), err
	}
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
	}
	return "{" + strings.Join(quoted, ",") + "}", nil
}
