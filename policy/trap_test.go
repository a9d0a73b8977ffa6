package policy

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// small is a world written by hand: thing_00 has nothing that may be absent, thing_01 has everything, and thing_02 has
// an empty team and hangs on thing_01.
func small() *world {
	return &world{vocabulary: worldVocabulary(), rows: map[string][]record{
		"User": {
			{"id": "user_00", "email": "", "email_verified": false, "administrator": false},
			{"id": "user_01", "email": "u1@x.io", "email_verified": true, "administrator": true},
		},
		"Place": {{"id": "place_00", "name": "Alpha", "open": true}},
		"Team": {
			{"id": "team_00", "name": "red", "boss_id": "user_01", "place_id": "place_00"},
			{"id": "team_01"},
		},
		"Member": {
			{"id": "member_00", "team_id": "team_00", "user_id": "user_01", "role": "OWNER", "open": true},
			{"id": "member_01", "team_id": "team_00", "role": "READER", "open": false},
		},
		"Thing": {
			{"id": "thing_00", "state_of": "OWNER", "since": int64(0), "shut": false, "home_id": "place_00"},
			{"id": "thing_01", "state_of": "READER", "since": int64(1), "shut": true, "home_id": "place_00", "name": "Alpha",
				"keeper_id": "user_01", "level": int64(5), "open": true, "above_id": "thing_00", "team_id": "team_00"},
			{"id": "thing_02", "state_of": "ADMIN", "since": int64(9_000_000_000_000_000), "shut": false, "home_id": "place_00",
				"name": "alpha", "keeper_id": "user_00", "level": int64(0), "open": false, "above_id": "thing_01", "team_id": "team_01"},
		},
		"Part": {
			{"id": "part_00", "thing_id": "thing_01", "user_id": "user_01", "role": "ADMIN", "level": int64(1), "open": true, "team_id": "team_00"},
			{"id": "part_01", "thing_id": "thing_01", "role": "READER"},
			{"id": "part_02", "thing_id": "thing_02", "user_id": "user_00", "role": "ADMIN", "open": false},
		},
	}}
}

type trap struct {
	name string
	body string // of view; further rules may follow after ---
	want string // the last digits of the things that are seen
	who  string // user_01 unless said
}

func traps() []trap {
	return []trap{
		{"a bound column asserts its value", "some p in input.resource.parts; p.role == \"READER\"; u := p.user_id", "", ""},
		{"a bound to-one row asserts that it is there", "some p in input.resource.parts; p.role == \"READER\"; t := p.team", "", ""},
		{"a bound to-one row of the resource is there", "t := input.resource.team", "12", ""},
		{"a bound column under an absent row is not there", "n := input.resource.above.name", "2", ""},
		{"a binding used only under not asserts its value", "k := input.resource.keeper_id; not k == \"nobody\"", "12", ""},
		{"every stays in the scope of the row that it names", "some p in input.resource.parts; p.user_id == input.subject.id; every m in p.team.members { m.role == \"OWNER\" }", "", ""},
		{"every in the scope of a row can hold", "some p in input.resource.parts; p.user_id == input.subject.id; every m in p.team.members { m.role != \"ADMIN\" }", "1", ""},
		{"every below an absent row does not hold", "every m in input.resource.team.members { m.open }", "2", ""},
		{"every over an empty collection holds", "every p in input.resource.parts { p.open }", "0", ""},
		{"every through two nullable rows needs both", "every t in input.resource.team.place.teams { t.name != \"zzz\" }", "1", ""},
		{"null is not equal to null", "input.resource.name == input.resource.keeper_id", "", ""},
		{"an unknown address is equal to no column", "input.resource.name == input.subject.email", "", "user_00"},
		{"an unknown address is different from no column", "input.resource.name != input.subject.email", "", "user_00"},
		{"not over an unknown address holds", "not input.resource.name == input.subject.email", "012", "user_00"},
		{"not over NULL holds", "not input.resource.keeper_id == input.subject.id", "02", ""},
		{"unequal to NULL does not hold", "input.resource.keeper_id != input.subject.id", "2", ""},
		{"a negated call asserts its operands", "not input.resource.keeper_id != input.subject.id", "1", ""},
		{"a negated in asserts its operand", "not input.resource.keeper_id in {\"user_01\"}", "2", ""},
		{"a negated match asserts its operand", "not startswith(input.resource.name, \"al\")", "1", ""},
		{"a negated rule asserts nothing", "not other\n---\nother if input.resource.keeper_id != input.subject.id", "01", ""},
		{"a negated function asserts its argument", "not other(input.resource.team)\n---\nother(t) if t.boss_id == input.subject.id", "2", ""},
		{"a value that is compared with itself is there", "input.resource.name == input.resource.name", "12", ""},
		{"a bare boolean is true", "input.resource.open", "1", ""},
		{"a bare text is there", "input.resource.name", "12", ""},
		{"a bare number is there, also 0", "input.resource.level", "12", ""},
		{"a bare to-one row is there", "input.resource.team", "12", ""},
		{"a bound collection is there, also when nothing ranges over it", "ms := input.resource.team.members", "12", ""},
		{"a row in a collection is there", "some p in input.resource.parts", "12", ""},
		{"startswith minds case", "startswith(input.resource.name, \"al\")", "2", ""},
		{"contains minds case", "contains(input.resource.name, \"LPH\")", "", ""},
		{"endswith works", "endswith(input.resource.name, \"pha\")", "12", ""},
		{"patterns have no wildcards", "startswith(input.resource.name, \"%\")", "", ""},
		{"an elided key that is NULL is not there", "input.resource.team.id != \"team_01\"", "1", ""},
		{"an elided key under not", "not input.resource.team.id == \"team_00\"", "02", ""},
		{"a key behind a nullable row", "input.resource.above.team.id != \"x\"", "2", ""},
		{"the id of an absent row is not there", "x := input.resource.team.id", "12", ""},
		{"one variable is one row", "some i; input.resource.parts[i].role == \"READER\"; input.resource.parts[i].user_id == input.subject.id", "", ""},
		{"two variables are two rows", "some p in input.resource.parts; some q in input.resource.parts; p.role == \"READER\"; q.user_id == input.subject.id", "1", ""},
		{"facts of a collection are not restricted by what is around it", "some p in input.resource.parts; p.role == \"ADMIN\"; not shared(p)\n---\nshared(p) if { some q in p.thing.parts; not q.user_id == input.subject.id }", "", ""},
		{"a column that is the subject says nothing of its row's other columns", "some p in input.resource.parts; p.user_id == input.subject.id; p.role == \"ADMIN\"", "1", ""},
		{"a column that is the subject says nothing of another row's", "some p in input.resource.parts; p.user_id == input.subject.id; some m in input.resource.team.members; m.user_id == p.user_id; m.role == \"READER\"", "", ""},
		{"a column that is the subject is it beside an exists too", "input.resource.keeper_id == input.subject.id; some p in input.resource.parts; p.user_id == input.resource.keeper_id", "1", ""},
		{"a column that is not the subject stays a column", "input.resource.keeper_id != input.subject.id; some p in input.resource.parts; p.user_id == input.resource.keeper_id", "2", ""},
		{"a to-one row stays when the collection below it has no witness", "every m in input.resource.team.members { m.role != \"OWNER\" }", "2", ""},
		{"the clock is the database's", "input.resource.since > input.env.now", "2", ""},
		{"a fact of the request alone", "input.subject.administrator", "012", ""},
		{"a fact of the request that is false", "input.subject.administrator", "", "user_00"},
		{"a missing fact of the request", "input.subject.email", "", "user_00"},
	}
}

func (x trap) policy() string {
	body, rest, _ := strings.Cut(x.body, "\n---\n")
	return "# METADATA\n# custom:\n#   resource: Thing\npackage keyhall.thing\n\n# METADATA\n# entrypoint: true\nview if { " + body + " }\n\n" + rest + "\n"
}

// Each shape in which a translator can say more than the rule: what is seen is written by hand.
func TestTrapsOfTranslation(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, db database) {
		w := small()
		w.put(t, db)
		for _, x := range traps() {
			t.Run(x.name, func(t *testing.T) {
				r, err := loadLoosely(t.Context(), db.name, w.vocabulary, x.policy())
				if err != nil {
					t.Fatal(err)
				}
				s := w.subjects()[1]
				if x.who == "user_00" {
					s = w.subjects()[0]
				}
				w.seen(t, db, r, s, x.want)
			})
		}
	})
}

// seen compares every form with the things that must be seen.
func (w *world) seen(t *testing.T, db database, r *Revision, s Subject, digits string) {
	t.Helper()
	want := map[string]bool{}
	for _, d := range digits {
		want["thing_0"+string(d)] = true
	}
	a := &agreement{t: t, db: db, w: w, typ: "Thing", permission: "thing.view"}
	forms := map[string][]string{"few": a.filter(r, s, Few), "many": a.filter(r, s, Many)}
	var ids []string
	for _, row := range w.rows["Thing"] {
		id := row["id"].(string)
		ids = append(ids, id)
		d, err := r.Decide(t.Context(), db, s, "thing.view", id)
		if err != nil {
			t.Fatal(err)
		}
		if d.Disagreement || !d.Found {
			t.Errorf("%s: %+v\n%s", id, d, r.rules["thing.view"].form(s).decide.text)
		}
		if d.Allow {
			forms["decide"] = append(forms["decide"], id)
		}
	}
	can, err := r.Can(t.Context(), db, s, "Thing", ids, []Permission{"thing.view"})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		if len(can[id]) > 0 {
			forms["columns"] = append(forms["columns"], id)
		}
	}
	for _, form := range []string{"decide", "few", "many", "columns"} {
		got := map[string]bool{}
		for _, id := range forms[form] {
			got[id] = true
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s sees %v, want %v\n%s", form, forms[form], fmt.Sprint(want), r.rules["thing.view"].form(s).decide.text)
		}
	}
}
