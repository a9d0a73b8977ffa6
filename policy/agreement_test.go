package policy

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	entsql "entgo.io/ent/dialect/sql"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
)

const (
	agreementPolicies = 170 // a database; times 40 rows and 8 subjects, on two databases, is above 100,000 decisions
	agreementRows     = 40
)

// seed of the property tests: printed, and set by KEYHALL_SEED to repeat a run.
func seed(t *testing.T) uint64 {
	t.Helper()
	s := uint64(time.Now().UnixNano())
	if text := os.Getenv("KEYHALL_SEED"); text != "" {
		var err error
		if s, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("KEYHALL_SEED: %v", err)
		}
	}
	t.Logf("KEYHALL_SEED=%d", s)
	return s
}

// loadLoosely makes a revision without strictness (a generated rule may bind what it does not use) and without tests.
func loadLoosely(ctx context.Context, name string, v Vocabulary, text string) (*Revision, error) {
	files, err := readSources(fstest.MapFS{"thing.rego": {Data: []byte(text)}})
	if err != nil {
		return nil, err
	}
	rules, _, err := files.parse(v)
	if err != nil {
		return nil, err
	}
	infos, err := permissions(rules)
	if err != nil {
		return nil, err
	}
	l, err := compile(v, loosely, rules)
	if err != nil {
		return nil, err
	}
	r := &Revision{id: "test", dialect: name, vocabulary: v, rules: map[Permission]*rule{}, types: map[string]*typeColumns{}}
	return r, r.build(ctx, l, infos)
}

// Every form of a rule gives the same answer: OPA on all facts of the row, OPA on the facts that are loaded, the
// predicate of a decision, both list filters, the columns of a page, and who can.
func TestAllFormsOfARuleAgree(t *testing.T) {
	t.Parallel()
	count := agreementPolicies
	if testing.Short() {
		count /= 4
	}
	agree(t, count)
}

func TestSoakAllFormsOfARuleAgree(t *testing.T) {
	if os.Getenv("KEYHALL_SOAK") == "" {
		t.Skip("set KEYHALL_SOAK for the long runs")
	}
	agree(t, agreementPolicies)
}

func agree(t *testing.T, count int) {
	start := seed(t)
	eachDatabase(t, func(t *testing.T, db database) {
		source := rand.New(rand.NewPCG(start, uint64(len(db.name))))
		w := newWorld(source, agreementRows)
		w.put(t, db)
		facts := map[string]*ast.Term{}
		for _, row := range w.rows["Thing"] {
			facts[row["id"].(string)] = w.full("Thing", row, maxEdges+1)
		}
		a := &agreement{t: t, db: db, w: w, typ: "Thing", permission: "thing.view", facts: facts, refused: map[string]int{}}
		for i := range count {
			g := &generator{r: rand.New(rand.NewPCG(start, uint64(1000+i))), vocabulary: w.vocabulary}
			if db.name == "postgres" {
				g.r = rand.New(rand.NewPCG(start, uint64(900_000+i)))
			}
			begun := time.Now()
			text := g.policy()
			a.check(text)
			if took := time.Since(begun); took > 5*time.Second {
				t.Logf("slow (%v):\n%s", took, text)
			}
			if a.failures > 3 {
				break
			}
		}
		t.Logf("%d decisions, %d allowed, %d policies refused: %v", a.decisions, a.allowed, a.refusals, a.refused)
		if a.refusals*4 > count {
			t.Errorf("%d of %d generated policies are refused", a.refusals, count)
		}
		if a.allowed*20 < a.decisions || a.allowed*20 > a.decisions*19 {
			t.Errorf("the generated policies say nearly always the same")
		}
	})
}

type agreement struct {
	t          *testing.T
	db         database
	w          *world
	typ        string
	permission Permission
	facts      map[string]*ast.Term // of every row of the type
	decisions  int
	allowed    int
	refusals   int
	failures   int
	refused    map[string]int
}

func (a *agreement) check(text string) {
	ctx := a.t.Context()
	r, err := loadLoosely(ctx, a.db.name, a.w.vocabulary, text)
	if err != nil {
		var refusal *Refusal
		if !errors.As(err, &refusal) && !strings.Contains(err.Error(), "different conditions") {
			a.t.Fatalf("%v\n%s", err, text)
		}
		a.refusals++
		if refusal != nil {
			a.refused[refusal.Reason]++
		}
		return
	}
	a.forms(r, text)
}

// forms compares what all forms of the permission say of every row to every subject.
func (a *agreement) forms(r *Revision, text string) {
	ctx, u := a.t.Context(), r.rules[a.permission]
	ids := make([]string, 0, len(a.facts))
	for _, row := range a.w.rows[a.typ] {
		ids = append(ids, row["id"].(string))
	}
	for _, s := range a.w.subjects() {
		truth := map[string]bool{}
		a.decide(r, u, s, truth, text)
		var want []string
		for _, id := range ids {
			a.decisions++
			if truth[id] {
				a.allowed++
				want = append(want, id)
			}
		}
		for shape, name := range map[Shape]string{Few: "few", Many: "many"} {
			a.same(name, want, a.filter(r, s, shape), s, text)
		}
		can, err := r.Can(ctx, a.db, s, a.typ, ids, []Permission{a.permission})
		if err != nil {
			a.t.Fatalf("%v\n%s", err, text)
		}
		var columns []string
		for _, id := range ids {
			if len(can[id]) == 1 {
				columns = append(columns, id)
			}
		}
		a.same("columns", want, columns, s, text)
		a.count(r, s, len(want), text)
	}
	a.whoCan(r, u, text)
}

// decide compares the three forms of a decision for all rows, in one statement, and notes what is true.
func (a *agreement) decide(r *Revision, u *rule, s Subject, truth map[string]bool, text string) {
	ctx := a.t.Context()
	f := u.form(s)
	w := newWriter(r.dialect)
	w.root = rootAlias
	w.raw("SELECT " + w.name(rootAlias, "id") + ", ")
	w.answer(u, f.where, postureOf(s).only(u.reads))
	w.raw(" FROM ")
	w.table(u.root.entity, rootAlias)
	st, err := r.statement(w.program()).bind(values{subject: s})
	if err != nil {
		a.t.Fatal(err)
	}
	rows := &entsql.Rows{}
	if err := a.db.Ask(ctx, st, rows); err != nil {
		a.t.Fatalf("%v\n%s\n%s", err, st.Text(), text)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var l loaded
		if err := rows.Scan(&id, &l.facts, &l.now, &l.allow); err != nil {
			a.t.Fatal(err)
		}
		input := inputTerm(s, a.permission, a.facts[id], l.now)
		full, fullReasons := a.opa(u, input)
		restricted, reasons, err := u.ask(ctx, s, l, nil)
		if err != nil {
			a.t.Fatalf("%v\n%s", err, text)
		}
		if full != restricted || full != l.allow || !slices.Equal(fullReasons, reasons) {
			a.fail("%s %+v: OPA on all facts %v %v, on loaded facts %v %v, SQL %v\n%s\n%s\n%s", id, s, full, fullReasons, restricted, reasons, l.allow, text, l.facts, st.Text())
		}
		truth[id] = full
	}
	if err := rows.Err(); err != nil {
		a.t.Fatalf("%v\n%s\n%s", err, st.Text(), text)
	}
}

func (a *agreement) opa(u *rule, input *ast.Term) (bool, []string) {
	rs, err := u.allow.Eval(a.t.Context(), rego.EvalParsedInput(input.Value))
	if err != nil {
		a.t.Fatal(err)
	}
	reasons, err := u.explain(a.t.Context(), input)
	if err != nil {
		a.t.Fatal(err)
	}
	return len(rs) == 1 && rs[0].Expressions[0].Value == true, reasons
}

func (a *agreement) filter(r *Revision, s Subject, shape Shape) []string {
	where, err := r.Filter(s, a.permission, shape)
	if err != nil {
		a.t.Fatal(err)
	}
	sel := entsql.Dialect(a.db.name).Select("id").From(entsql.Table(r.vocabulary[a.typ].Table)).OrderBy("id")
	where(sel)
	query, args := sel.Query()
	return queryTexts(a.t, a.db, query, args...)
}

func (a *agreement) count(r *Revision, s Subject, want int, text string) {
	for _, n := range []int{3, 100_000} {
		st, err := r.CountUpTo(s, a.permission, n)
		if err != nil {
			a.t.Fatal(err)
		}
		got := runInt(a.t, a.db, st)
		if n > len(a.facts) && got != int64(want) || got > int64(n+1) {
			a.fail("count up to %d: %d, want %d\n%s\n%s", n, got, want, text, st.Text())
		}
	}
}

// whoCan compares who can see a row with what OPA says about each user.
func (a *agreement) whoCan(r *Revision, u *rule, text string) {
	for _, row := range a.w.rows[a.typ][:3] {
		id := row["id"].(string)
		got, err := r.WhoCan(a.t.Context(), a.db, a.permission, id, Span{Limit: 50, Through: Through{Any: true}})
		if err != nil {
			a.t.Fatalf("%v\n%s\n%s", err, u.who().first.text, text)
		}
		want := []string{}
		for _, s := range a.w.subjects()[:len(a.w.rows["User"])] {
			if ok, _ := a.opa(u, inputTerm(s, a.permission, a.facts[id], time.Now().UnixMicro())); ok {
				want = append(want, s.ID)
			}
		}
		a.same("who can see "+id, want, ids(got), Subject{}, text+"\n"+u.who().first.text)
		some := []string{"nobody"}
		for i, s := range a.w.subjects()[:len(a.w.rows["User"])] {
			if i%2 == 0 {
				some = append(some, s.ID)
			}
		}
		among, err := r.Among(a.t.Context(), a.db, a.permission, id, some)
		if err != nil {
			a.t.Fatalf("%v\n%s", err, text)
		}
		slices.Sort(among)
		want = slices.DeleteFunc(want, func(person string) bool { return !slices.Contains(some, person) })
		a.same("who of some sees "+id, want, append([]string{}, among...), Subject{}, text)
	}
}

func (a *agreement) same(what string, want, got []string, s Subject, text string) {
	if !reflect.DeepEqual(want, got) {
		a.fail("%s for %+v:\n got %v\nwant %v\n%s", what, s, got, want, text)
	}
}

func (a *agreement) fail(format string, args ...any) {
	a.t.Helper()
	if a.failures++; a.failures < 4 {
		a.t.Errorf(format, args...)
	}
	if a.failures == 4 {
		a.t.Error("and more")
	}
}
