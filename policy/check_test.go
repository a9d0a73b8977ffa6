package policy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	entsql "entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/sqlgraph"

	"github.com/keyhall/keyhall/policy/internal/core"
)

const lawOfThings = head + `view if input.resource.keeper_id == input.subject.id

# METADATA
# title: Open it
# entrypoint: true
open if {
	some p in input.resource.parts
	p.user_id == input.subject.id
}

reasons contains sprintf("you keep it, but %s is for who has a part", [input.permission]) if {
	input.permission == "open"
	input.resource.keeper_id == input.subject.id
}
`

func loadThings(t *testing.T, db database) *Revision {
	t.Helper()
	prepared := 0
	r, err := Load(t.Context(), Options{
		Modules: fstest.MapFS{"thing.rego": {Data: []byte(lawOfThings)}}, Vocabulary: worldVocabulary(), Dialect: db.name,
		Prepare: func(ctx context.Context, s core.Statement) error {
			prepared++
			st, err := db.driver.DB().PrepareContext(ctx, s.Text())
			if err != nil {
				return err
			}
			return st.Close()
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if prepared < 8 {
		t.Errorf("%d statements are prepared", prepared)
	}
	return r
}

func eachThingWorld(t *testing.T, test func(t *testing.T, db database, r *Revision)) {
	t.Helper()
	eachDatabase(t, func(t *testing.T, db database) {
		small().put(t, db)
		test(t, db, loadThings(t, db))
	})
}

func TestDecideAnswersWithReasonsClockAndRevision(t *testing.T) {
	t.Parallel()
	eachThingWorld(t, func(t *testing.T, db database, r *Revision) {
		ann := Subject{ID: "user_01"}
		d, err := r.Decide(t.Context(), db, ann, "thing.open", "thing_01")
		if err != nil || !d.Allow || !d.Found || d.Disagreement || d.Revision != r.ID() || d.Permission != "thing.open" {
			t.Errorf("got %+v, %v", d, err)
		}
		if away := time.Since(time.UnixMicro(d.Now)); away.Abs() > time.Minute {
			t.Errorf("the clock is %v away", away)
		}
		d, err = r.Decide(t.Context(), db, Subject{ID: "user_00"}, "thing.view", "thing_02")
		if err != nil || !d.Allow || len(d.Reasons) != 0 {
			t.Errorf("got %+v, %v", d, err)
		}
		d, err = r.Decide(t.Context(), db, Subject{ID: "user_01"}, "thing.open", "thing_02")
		if err != nil || d.Allow || !d.Found || len(d.Reasons) != 0 {
			t.Errorf("got %+v, %v", d, err)
		}
	})
}

func TestReasonsAreToldToWhoIsDenied(t *testing.T) {
	t.Parallel()
	eachThingWorld(t, func(t *testing.T, db database, r *Revision) {
		db.exec(t, "UPDATE things SET keeper_id = 'user_09' WHERE id = 'thing_00'")
		d, err := r.Decide(t.Context(), db, Subject{ID: "user_09"}, "thing.open", "thing_00")
		if err != nil || d.Allow || fmt.Sprint(d.Reasons) != "[you keep it, but open is for who has a part]" {
			t.Errorf("got %+v, %v", d, err)
		}
	})
}

func TestWhatDeniesWithoutAsking(t *testing.T) {
	t.Parallel()
	eachThingWorld(t, func(t *testing.T, db database, r *Revision) {
		narrow := Subject{ID: "user_01", Narrow: []Permission{"thing.open"}}
		d, err := r.Decide(t.Context(), db, narrow, "thing.view", "thing_01")
		if err != nil || d.Allow || fmt.Sprint(d.Reasons) != "[this access token does not include thing.view]" {
			t.Errorf("narrow: %+v, %v", d, err)
		}
		if d, err := r.Decide(t.Context(), db, Subject{ID: "user_01", Narrow: []Permission{}}, "thing.view", "thing_01"); err != nil || d.Allow {
			t.Errorf("a token that includes nothing: %+v, %v", d, err)
		}
		if d, err := r.Decide(t.Context(), db, Subject{}, "thing.view", "thing_01"); err != nil || d.Allow {
			t.Errorf("nobody: %+v, %v", d, err)
		}
		if d, err := r.Decide(t.Context(), db, Subject{ID: "user_01"}, "thing.view", "thing_77"); err != nil || d.Allow || d.Found {
			t.Errorf("absent row: %+v, %v", d, err)
		}
		if d, err := r.Decide(t.Context(), db, Subject{ID: "user_01"}, "thing.destroy", "thing_01"); err == nil || d.Allow {
			t.Errorf("unknown permission: %+v, %v", d, err)
		}
		a := &agreement{t: t, db: db, typ: "Thing", permission: "thing.view"}
		for _, s := range []Subject{{}, {ID: "user_01", Narrow: []Permission{"thing.open"}}} {
			for _, shape := range []Shape{Few, Many} {
				if got := a.filter(r, s, shape); got != nil {
					t.Errorf("%+v sees %v", s, got)
				}
			}
			can, err := r.Can(t.Context(), db, s, "Thing", []string{"thing_01"}, []Permission{"thing.view"})
			if err != nil || len(can["thing_01"]) != 0 {
				t.Errorf("%+v can %v, %v", s, can, err)
			}
			st, err := r.CountUpTo(s, "thing.view", 5)
			if err != nil || runInt(t, db, st) != 0 {
				t.Errorf("%+v counts, %v", s, err)
			}
		}
	})
}

type brokenAsker struct{}

func (brokenAsker) Ask(context.Context, core.Statement, *entsql.Rows) error {
	return errors.New("gone")
}

func TestAnErrorDenies(t *testing.T) {
	t.Parallel()
	r := loadThings(t, openSQLiteWith(t, small()))
	d, err := r.Decide(t.Context(), brokenAsker{}, Subject{ID: "user_01"}, "thing.view", "thing_01")
	if err == nil || d.Allow {
		t.Errorf("got %+v, %v", d, err)
	}
	if can, err := r.Can(t.Context(), brokenAsker{}, Subject{ID: "user_01"}, "Thing", []string{"thing_01"}, []Permission{"thing.view"}); err == nil || can != nil {
		t.Errorf("got %v, %v", can, err)
	}
	if who, err := r.WhoCan(t.Context(), brokenAsker{}, "thing.view", "thing_01", Span{Limit: 5}); err == nil || who != nil {
		t.Errorf("got %v, %v", who, err)
	}
}

func openSQLiteWith(t *testing.T, w *world) database {
	db := openSQLite(t)
	w.put(t, db)
	return db
}

// Both forms are needed for a yes. Each is broken in turn.
func TestADisagreementDenies(t *testing.T) {
	t.Parallel()
	db := openSQLiteWith(t, small())
	stranger, keeper := Subject{ID: "user_05"}, Subject{ID: "user_01"}
	for name, x := range map[string]struct {
		s  Subject
		is constant
	}{"SQL says yes": {stranger, true}, "SQL says no": {keeper, false}} {
		r := loadThings(t, db)
		u := r.rules["thing.view"]
		u.form(x.s).decide = r.statement(r.decideProgram(u, x.is, posture{}))
		d, err := r.Decide(t.Context(), db, x.s, "thing.view", "thing_01")
		if err != nil || d.Allow || !d.Disagreement {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
	}
}

// The filter is used where Ent uses predicates: in updates, in deletes, and inside the predicate of an edge.
func TestTheFilterHoldsInUpdatesDeletesAndEdges(t *testing.T) {
	t.Parallel()
	eachThingWorld(t, func(t *testing.T, db database, r *Revision) {
		b := entsql.Dialect(db.name)
		for _, shape := range []Shape{Few, Many} {
			where, err := r.Filter(Subject{ID: "user_00"}, "thing.view", shape)
			if err != nil {
				t.Fatal(err)
			}
			edge := b.Select("id").From(entsql.Table("parts"))
			sqlgraph.HasNeighborsWith(edge, sqlgraph.NewStep(
				sqlgraph.From("parts", "id"), sqlgraph.To("things", "id"), sqlgraph.Edge(sqlgraph.M2O, true, "parts", "thing_id")), where)
			query, args := edge.Query()
			if got := queryTexts(t, db, query, args...); fmt.Sprint(got) != "[part_02]" {
				t.Errorf("edge: %v in %s", got, query)
			}
			rows := b.Select().From(entsql.Table("things"))
			where(rows)
			query, args = b.Update("things").Set("state_of", fmt.Sprint("U", shape)).Where(rows.P()).Query()
			db.exec(t, query, args...)
			changed := queryTexts(t, db, fmt.Sprintf("SELECT id FROM things WHERE state_of = 'U%d'", shape))
			if fmt.Sprint(changed) != "[thing_02]" {
				t.Errorf("update: %v in %s", changed, query)
			}
		}
		where, _ := r.Filter(Subject{ID: "user_01"}, "thing.view", Few)
		db.exec(t, "DELETE FROM parts")
		db.exec(t, "UPDATE things SET above_id = NULL")
		rows := b.Select().From(entsql.Table("things"))
		where(rows)
		query, args := b.Delete("things").FromSelect(rows).Query()
		db.exec(t, query, args...)
		if left := queryTexts(t, db, "SELECT id FROM things ORDER BY id"); fmt.Sprint(left) != "[thing_00 thing_02]" {
			t.Errorf("delete: left %v after %s", left, query)
		}
	})
}

func TestAFilterForAnotherDatabaseReturnsNothing(t *testing.T) {
	t.Parallel()
	r := loadThings(t, openSQLiteWith(t, small()))
	where, err := r.Filter(Subject{ID: "user_01"}, "thing.view", Few)
	if err != nil {
		t.Fatal(err)
	}
	s := entsql.Dialect("postgres").Select("id").From(entsql.Table("things"))
	where(s)
	if s.Err() == nil {
		t.Error("it is applied")
	}
}

func TestExplainTracesWhichLineFailed(t *testing.T) {
	t.Parallel()
	r := loadThings(t, openSQLiteWith(t, small()))
	db := openSQLiteWith(t, small())
	d, err := r.Explain(t.Context(), db, Subject{ID: "user_01"}, "thing.open", "thing_02")
	trace := strings.Join(d.Trace, "\n")
	if err != nil || d.Allow || !strings.Contains(trace, "try open (thing.rego:13)") || !strings.Contains(trace, "does not hold") {
		t.Errorf("%v\n%s", err, trace)
	}
	if len(d.Trace) > maxTrace+1 {
		t.Errorf("%d lines", len(d.Trace))
	}
}

func ids(people []Person) []string {
	out := []string{}
	for _, p := range people {
		out = append(out, p.ID)
	}
	return out
}

func TestWhoCanPages(t *testing.T) {
	t.Parallel()
	eachThingWorld(t, func(t *testing.T, db database, r *Revision) {
		db.exec(t, "INSERT INTO parts (id, thing_id, user_id, role) VALUES ('part_09', 'thing_01', 'user_00', 'ADMIN')")
		for _, x := range []struct {
			span Span
			want string
		}{
			{Span{Limit: 5}, "[user_00 user_01]"}, {Span{Limit: 1}, "[user_00]"}, {Span{Limit: 5, After: "user_00"}, "[user_01]"}, {Span{Limit: 5, After: "user_01"}, "[]"},
			{Span{Limit: 1, FromEnd: true}, "[user_01]"}, {Span{Limit: 5, FromEnd: true, Before: "user_01"}, "[user_00]"}, {Span{Limit: 5, FromEnd: true}, "[user_00 user_01]"},
			{Span{Limit: 5, After: "user_00", Before: "user_01"}, "[]"},
		} {
			got, err := r.WhoCan(t.Context(), db, "thing.open", "thing_01", x.span)
			if err != nil || fmt.Sprint(ids(got)) != x.want {
				t.Errorf("%+v: %v, %v", x, got, err)
			}
		}
		if n, err := r.CountWhoCan(t.Context(), db, "thing.open", "thing_01", Through{Any: true}); n != 2 || err != nil {
			t.Errorf("%d of 2 are counted, %v", n, err)
		}
	})
}

func TestARevisionIsNamedByItsText(t *testing.T) {
	t.Parallel()
	a := sources{paths: []string{"a"}, texts: map[string]string{"a": "x"}}
	same := sources{paths: []string{"a"}, texts: map[string]string{"a": "x"}}
	b := sources{paths: []string{"a"}, texts: map[string]string{"a": "y"}}
	if a.id() == b.id() || a.id() != same.id() || len(a.id()) != 12 {
		t.Error(a.id(), same.id(), b.id())
	}
}
