package policy

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// page is a type with several permissions: their conditions are asked in one statement, each only where it can matter,
// and put together again. What the two persons may do is written by hand, as the last digits of the things.
type page struct {
	name  string
	rules map[string]string // bodies by name
	want  map[string]string // of user_01, and of user_00 after a bar
}

func pages() []page {
	part := "some p in input.resource.parts; p.user_id == input.subject.id; "
	return []page{
		{"a role out of fewer is asked below a role out of more",
			map[string]string{"view": part + "p.role != \"\"", "edit": part + `p.role in {"OWNER", "READER"}`, "own": part + `p.role in {"ADMIN", "READER", "OWNER"}`},
			map[string]string{"view": "1|2", "edit": "|", "own": "1|2"}},
		{"roles that overlap do not imply each other",
			map[string]string{"view": part + `p.role in {"OWNER", "ADMIN"}`, "edit": part + `p.role in {"OWNER", "READER"}`},
			map[string]string{"view": "1|2", "edit": "|"}},
		{"conditions that imply each other are asked",
			map[string]string{"view": part + `p.role in {"ADMIN", "OWNER"}`, "edit": part + `p.role in {"ADMIN", "OWNER"}; p.role in {"ADMIN", "OWNER", "READER"}`},
			map[string]string{"view": "1|2", "edit": "1|2"}},
		{"a condition on another column implies nothing",
			map[string]string{"view": part + `p.role in {"ADMIN", "OWNER"}`, "edit": part + `p.id in {"ADMIN", "OWNER", "READER"}`},
			map[string]string{"view": "1|2", "edit": "|"}},
		{"a condition on another row implies nothing",
			map[string]string{
				"view": `some p in input.resource.parts; p.role in {"READER", "ADMIN"}`,
				"edit": `some m in input.resource.team.members; m.role in {"READER"}`,
				"own":  `some p in input.resource.parts; p.role in {"READER"}; p.level == 1`,
			},
			map[string]string{"view": "12|12", "edit": "1|1", "own": "|"}},
		{"more is demanded of fewer rows, not of the others",
			map[string]string{"view": part + `p.open; p.role in {"ADMIN", "OWNER"}`, "edit": part + `p.role in {"ADMIN"}`},
			map[string]string{"view": "1|", "edit": "1|2"}},
		{"what is denied of the one row above a collection stands beside it",
			map[string]string{
				"view": `some m in input.resource.team.members; m.open; not led(input.resource.team)`,
				"edit": `some m in input.resource.team.members; m.open; not shut(input.resource.team)`,
				"own":  `input.resource.team; not led(input.resource.team)`,
			},
			map[string]string{"view": "|1", "edit": "1|1", "own": "2|12"}},
		{"what is denied of a row of the collection stays with that row",
			map[string]string{
				"view": `some p in input.resource.parts; not busy(p)`,
				"edit": `some p in input.resource.parts; p.open; not busy(p)`,
			},
			map[string]string{"view": "12|12", "edit": "|"}},
		{"without the one row above, its denial grants nothing",
			map[string]string{
				"view": `some m in input.resource.team.members; not led(input.resource.team)`,
				"edit": `input.resource.level == 0; not led(input.resource.team)`,
			},
			map[string]string{"view": "|1", "edit": "2|2"}},
	}
}

// Helpers: led by the person who asks; with a closed place; a part of a team with members.
const pageHelpers = `
led(t) if { some m in t.members; m.user_id == input.subject.id }
shut(t) if { some o in t.place.teams; o.name == "zzz" }
busy(p) if { some m in p.team.members; m.open }
`

func (x page) policy() string {
	var b strings.Builder
	b.WriteString("# METADATA\n# custom:\n#   resource: Thing\npackage keyhall.thing\n")
	for _, name := range slices.Sorted(maps.Keys(x.rules)) {
		b.WriteString("\n# METADATA\n# entrypoint: true\n" + name + " if { " + x.rules[name] + " }\n")
	}
	return b.String() + pageHelpers
}

func TestAPageAsksEveryConditionOfEveryPermission(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, db database) {
		w := small()
		w.put(t, db)
		for _, x := range pages() {
			t.Run(x.name, func(t *testing.T) {
				r, err := loadLoosely(t.Context(), db.name, w.vocabulary, x.policy())
				if err != nil {
					t.Fatal(err)
				}
				got := map[string]string{}
				for name := range x.rules {
					got[name] = w.digits(t, db, r, 1, Permission("thing."+name)) + "|" + w.digits(t, db, r, 0, Permission("thing."+name))
				}
				if !reflect.DeepEqual(got, x.want) {
					t.Errorf("a page says %v, want %v\n%s", got, x.want, r.types["Thing"].forms[postureOf(w.subjects()[1]).only(r.types["Thing"].reads)].page.text)
				}
			})
		}
	})
}

// digits are the things on which a page of all things grants p to a user.
func (w *world) digits(t *testing.T, db database, r *Revision, user int, p Permission) string {
	t.Helper()
	var ids []string
	for _, row := range w.rows["Thing"] {
		ids = append(ids, row["id"].(string))
	}
	can, err := r.Can(t.Context(), db, w.subjects()[user], "Thing", ids, slices.Collect(maps.Keys(r.rules)))
	if err != nil {
		t.Fatal(err)
	}
	var out string
	for _, id := range ids {
		if slices.Contains(can[id], p) {
			out += id[len(id)-1:]
		}
	}
	return out
}
