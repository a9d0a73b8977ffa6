package policy

import (
	"context"
	"errors"
	"fmt"
	"slices"

	entsql "entgo.io/ent/dialect/sql"

	"github.com/keyhall/keyhall/policy/internal/core"
)

const (
	maxPage = 500    // users in one answer of WhoCan
	noBound = "\x7f" // comes after every id
)

// Span is a part of the users in the order of their ids.
type Span struct {
	After, Before string // ids to stay between; empty: no bound
	FromEnd       bool   // the last ones, and not the first
	Limit         int
	Through       Through
}

// Person is a user whom a rule allows something, and through which roles.
type Person struct {
	ID   string
	Ways []Way
}

// who are the statements of a rule whose subject is each row of the users table.
type who struct{ first, last, one, count statement }

// all are the statements, for the database to prepare.
func (o who) all() []statement { return []statement{o.first, o.last, o.one, o.count} }

func (r *Revision) buildWho(u *rule, v veil) who {
	where := factor(elide(u.formula.where))
	spanned := func(fromEnd bool) statement {
		w, id := r.whoList(u, where, v)
		r.whoSpan(w, id, fromEnd)
		return r.statement(w.program())
	}
	one, id := r.whoList(u, where, v)
	one.raw(" AND " + id + " = ")
	one.hole(slotPerson)
	count, _ := r.whoWriter()
	count.raw("SELECT COUNT(*)")
	r.whoWhere(count, u, where, v)
	return who{first: spanned(false), last: spanned(true), one: r.statement(one.program()), count: r.statement(count.program())}
}

// whoList lists the users for whom the rule holds, with the facts that it reads for each of them and the clock.
func (r *Revision) whoList(u *rule, where node, v veil) (w *writer, id string) {
	w, id = r.whoWriter()
	w.raw("SELECT " + id)
	for _, fact := range []string{factEmail, factEmailVerified, factAdministrator} {
		w.raw(", " + w.subject[fact])
	}
	w.veil = v
	if w.raw(", "); w.postgres() {
		w.raw("CAST(")
		u.facts.write(w, rootAlias, asWritten)
		w.raw(" AS text)")
	} else {
		u.facts.write(w, rootAlias, asWritten)
	}
	w.veil = veil{}
	w.raw(", ")
	w.now()
	r.whoWhere(w, u, where, v)
	return w, id
}

// whoSpan is a part of them in the order of their ids.
func (r *Revision) whoSpan(w *writer, id string, fromEnd bool) {
	order, direction := id, ""
	if w.postgres() {
		order += ` COLLATE "C"`
	}
	if fromEnd {
		direction = " DESC"
	}
	w.raw(" AND " + order + " > ")
	w.hole(slotAfter)
	w.raw(" AND " + order + " < ")
	w.hole(slotBefore)
	w.raw(" ORDER BY " + order + direction + " LIMIT ")
	w.limit()
}

// whoWriter writes with the columns of a user in the place of the facts of the subject.
func (r *Revision) whoWriter() (w *writer, id string) {
	w = newWriter(r.dialect)
	w.root = rootAlias
	column := func(field string) string { return w.name(userAlias, r.vocabulary["User"].Fields[field].Column) }
	id = column(primaryKey)
	w.subject = map[string]string{
		factID:            id,
		factEmail:         "NULLIF(" + column("email") + ", '')",
		factEmailVerified: column("email_verified"),
		factAdministrator: column("administrator"),
	}
	return w, id
}

// whoWhere is FROM and WHERE: the rule, for users who are not suspended, because those may do nothing. Behind a veil the rule
// holds as it is and behind it: leaving rows out must not allow more, whatever a rule says about them.
func (r *Revision) whoWhere(w *writer, u *rule, where node, v veil) {
	users := r.vocabulary["User"]
	w.raw(" FROM ")
	w.table(users, userAlias)
	if u.info.Type != "" {
		w.raw(", ")
		w.table(u.root.entity, rootAlias)
	}
	w.raw(" WHERE (")
	w.node(where)
	w.raw(")")
	if v.drawn() {
		w.raw(" AND (")
		w.veil = v
		w.node(where)
		w.veil = veil{}
		w.raw(")")
	}
	if suspended, ok := users.Fields["suspended_at"]; ok {
		w.raw(" AND " + w.name(userAlias, suspended.Column) + " = 0")
	}
	if u.info.Type != "" {
		w.raw(" AND " + w.name(rootAlias, u.root.entity.Fields[primaryKey].Column) + " = ")
		w.hole(slotID)
	}
}

// WhoCan lists the users of a span whom the rule allows on a row, in the order of their ids, with the roles that give it to
// them. OPA decides about each again on the facts of the same statement: when the two forms of the rule differ, there is no
// answer. It says nothing about access tokens, which can only have less.
func (r *Revision) WhoCan(ctx context.Context, q core.Asker, p Permission, id string, span Span) ([]Person, error) {
	if span.Limit < 1 || span.Limit > maxPage {
		return nil, fmt.Errorf("policy: who can %s: %d users in one answer", p, span.Limit)
	}
	if span.Before == "" {
		span.Before = noBound
	}
	out, err := r.whoCan(ctx, q, p, span.Through, values{slots: map[slot]any{slotID: id, slotAfter: span.After, slotBefore: span.Before, slotLimit: span.Limit}},
		func(o who) statement {
			if span.FromEnd {
				return o.last
			}
			return o.first
		})
	if span.FromEnd {
		slices.Reverse(out)
	}
	return out, err
}

// Reaches tells whether WhoCan would list a person.
func (r *Revision) Reaches(ctx context.Context, q core.Asker, p Permission, id, person string, through Through) (bool, error) {
	found, err := r.whoCan(ctx, q, p, through, values{slots: map[slot]any{slotID: id, slotPerson: person}}, func(o who) statement { return o.one })
	return len(found) > 0, err
}

func (r *Revision) whoCan(ctx context.Context, q core.Asker, p Permission, through Through, v values, pick func(who) statement) ([]Person, error) {
	u, err := r.rule(p)
	if err != nil {
		return nil, err
	}
	found, err := r.askWho(ctx, q, pick(u.whoThrough(through)), v, through)
	if err != nil {
		return nil, fmt.Errorf("policy: who can %s: %w", p, err)
	}
	var out []Person
	for _, c := range found {
		person, err := r.confirm(ctx, u, c)
		if err != nil {
			return nil, fmt.Errorf("policy: who can %s: %w", p, err)
		}
		out = append(out, person)
	}
	return out, nil
}

// candidate is a user for whom the SQL form of a rule holds, and what its statement said beside.
type candidate struct {
	subject Subject
	loaded  loaded
}

func (r *Revision) askWho(ctx context.Context, q core.Asker, statement statement, v values, through Through) ([]candidate, error) {
	if statement.text == "" {
		return nil, errors.New("the vocabulary has no User")
	}
	st, err := r.bindThrough(statement, v, through)
	if err != nil {
		return nil, err
	}
	rows := &entsql.Rows{}
	if err := q.Ask(ctx, st, rows); err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []candidate
	for rows.Next() {
		c, email := candidate{loaded: loaded{found: true, allow: true}}, entsql.NullString{}
		if err := rows.Scan(&c.subject.ID, &email, &c.subject.EmailVerified, &c.subject.Administrator, &c.loaded.facts, &c.loaded.now); err != nil {
			return nil, err
		}
		c.subject.Email = email.String
		out = append(out, c)
	}
	return out, errors.Join(rows.Err(), rows.Close())
}

func (r *Revision) confirm(ctx context.Context, u *rule, c candidate) (Person, error) {
	input, err := u.input(c.subject, c.loaded)
	if err != nil {
		return Person{}, err
	}
	allow, err := u.holds(ctx, input, nil)
	if err != nil {
		return Person{}, err
	}
	if !allow {
		return Person{}, fmt.Errorf("the two forms of the rule disagree about %s", c.subject.ID)
	}
	ways, err := u.waysOf(ctx, input)
	return Person{c.subject.ID, ways}, err
}

// CountWhoCan counts all whom WhoCan would list.
func (r *Revision) CountWhoCan(ctx context.Context, q core.Asker, p Permission, id string, through Through) (n int, err error) {
	u, err := r.rule(p)
	if err != nil {
		return 0, err
	}
	st, err := r.bindThrough(u.whoThrough(through).count, values{slots: map[slot]any{slotID: id}}, through)
	if err != nil {
		return 0, err
	}
	rows := &entsql.Rows{}
	if err := q.Ask(ctx, st, rows); err != nil {
		return 0, fmt.Errorf("policy: how many can %s: %w", p, err)
	}
	defer rows.Close()
	if rows.Next() {
		err = rows.Scan(&n)
	}
	return n, errors.Join(err, rows.Err())
}

// Among are those of some people for whom the rule holds, by its SQL form alone, as lists go by it. It is for telling many at
// once that something is gone; nothing is allowed by it.
func (r *Revision) Among(ctx context.Context, q core.Asker, p Permission, id string, people []string) (out []string, err error) {
	u, err := r.rule(p)
	if err != nil {
		return nil, err
	}
	list, err := textArray(r.dialect, people)
	if err != nil {
		return nil, err
	}
	w, person := r.whoWriter()
	w.raw("SELECT " + person)
	r.whoWhere(w, u, factor(elide(u.formula.where)), veil{})
	w.raw(" AND " + person)
	w.anyOf(slotIDs)
	st, err := r.statement(w.program()).bind(values{slots: map[slot]any{slotID: id, slotIDs: list}})
	if err != nil {
		return nil, err
	}
	rows := &entsql.Rows{}
	if err := q.Ask(ctx, st, rows); err != nil {
		return nil, fmt.Errorf("policy: who of some can %s: %w", p, err)
	}
	defer rows.Close()
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, errors.Join(rows.Err(), rows.Close())
}

// Account is a user as the subject of a question; not found, and suspended, can do nothing.
func (r *Revision) Account(ctx context.Context, q core.Asker, id string) (s Subject, suspended, found bool, err error) {
	w := newWriter(r.dialect)
	w.raw("SELECT id, email, email_verified, administrator, suspended_at FROM users WHERE id = ")
	w.hole(slotID)
	st, err := r.statement(w.program()).bind(values{slots: map[slot]any{slotID: id}})
	if err != nil {
		return Subject{}, false, false, err
	}
	rows := &entsql.Rows{}
	if err := q.Ask(ctx, st, rows); err != nil {
		return Subject{}, false, false, fmt.Errorf("policy: look at an account: %w", err)
	}
	defer rows.Close()
	var since int64
	if found = rows.Next(); found {
		err = rows.Scan(&s.ID, &s.Email, &s.EmailVerified, &s.Administrator, &since)
	}
	return s, since != 0, found, errors.Join(err, rows.Err())
}
