package gqlhttp_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/graph/gqlhttp"
)

func TestAPageIsRefusedWithItsPathUnlessItIsOneDirectionFrom0To100(t *testing.T) {
	t.Parallel()
	h := newHandler()
	for _, c := range []struct {
		query, variables, message string
		path                      []any
	}{
		{`{items(first:0){totalCount}}`, `{}`, ``, nil},
		{`{items(first:100){nodes{id}}}`, `{}`, ``, nil},
		{`{items(last:100){nodes{id}}}`, `{}`, ``, nil},
		{`{items(first:null,last:1){nodes{id}}}`, `{}`, ``, nil},
		{`query($a:Int,$b:Int){items(first:$a,last:$b){nodes{id}}}`, `{"b":1}`, ``, nil},
		{`query($a:Int,$b:Int){items(first:$a,last:$b){nodes{id}}}`, `{"a":null,"b":1}`, ``, nil},
		{`query($a:Int="30"){items(first:1){nodes{id}}}`, `{}`, `Expected a value of type "Int".`, nil},
		{`{items(first:101){totalCount}}`, `{}`, `"first" must be a whole number from 0 to 100.`, []any{"items"}},
		{`{items(first:-1){totalCount}}`, `{}`, `"first" must be a whole number from 0 to 100.`, []any{"items"}},
		{`{items(last:-1){totalCount}}`, `{}`, `"last" must be a whole number from 0 to 100.`, []any{"items"}},
		{`{items(first:1,last:1){totalCount}}`, `{}`, `Give "first" or "last", not both.`, []any{"items"}},
		{`{items(first:0,last:0){totalCount}}`, `{}`, `Give "first" or "last", not both.`, []any{"items"}},
		{`{a:self{b:items{nodes{c:items(first:101){totalCount}}}}}`, `{}`, `"first" must be a whole number from 0 to 100.`, []any{"a", "b", "nodes", "c"}},
		{`{self{...A}} fragment A on Query{items(first:101){totalCount}}`, `{}`, `"first" must be a whole number from 0 to 100.`, []any{"self", "items"}},
		{`{search(query:"a",first:101){id}}`, `{}`, `"first" must be a whole number from 0 to 100.`, []any{"search"}},
		{`query($a:Int){items(first:$a){totalCount}}`, `{"a":101}`, `"first" must be a whole number from 0 to 100.`, []any{"items"}},
		{`query($a:Int){items(first:$a){totalCount}}`, `{"a":2147483648}`, `"first" must be a whole number from 0 to 100.`, []any{"items"}},
		{`query($a:Int){items(first:$a){totalCount}}`, `{"a":"1000"}`, `"first" must be a whole number from 0 to 100.`, []any{"items"}},
		{`query($a:Int=1000){items(first:$a){totalCount}}`, `{}`, `"first" must be a whole number from 0 to 100.`, []any{"items"}},
		{`{items(first:2147483648){totalCount}}`, `{}`, `"first" must be a whole number from 0 to 100.`, []any{"items"}},
		{`{items(first:9223372036854775808){totalCount}}`, `{}`, `This number is out of range.`, nil},
		{`{nodes(ids:["a"]){id}}`, `{}`, ``, nil},
		{`{nodes(ids:"a"){id}}`, `{}`, ``, nil},
		{`query($i:[ID!]!){nodes(ids:$i){id}}`, `{"i":[` + strings.Repeat(`"a",`, 99) + `"a"]}`, ``, nil},
		{`query($i:[ID!]!){nodes(ids:$i){id}}`, `{"i":[` + strings.Repeat(`"a",`, 100) + `"a"]}`, `"ids" may hold at most 100 ids.`, []any{"nodes"}},
		{`{nodes(ids:[` + strings.Repeat(`"a",`, 101) + `]){id}}`, `{}`, `"ids" may hold at most 100 ids.`, []any{"nodes"}},
	} {
		got := run(t, h, c.query, c.variables)
		if got.message() != c.message {
			t.Errorf("%s with %s: %q, want %q", c.query, c.variables, got.message(), c.message)
			continue
		}
		if c.path != nil && (got.code() != gqlhttp.CodeBadUserInput || !reflect.DeepEqual(got.Errors[0].Path, c.path) || got.Data != nil) {
			t.Errorf("%s with %s: %s", c.query, c.variables, got.Text)
		}
	}
}

func TestPagesInsidePagesMultiplyAndTenThousandNodesIsTheMost(t *testing.T) {
	t.Parallel()
	h := newHandler()
	for query, rows := range map[string]int{ // counted by hand: size * (1 + what one row holds)
		`{items(first:100){nodes{items(first:99){nodes{id}}}}}`:                                                               100 * (1 + 99),
		`{items(first:100){nodes{items(first:100){nodes{id}}}}}`:                                                              100 * (1 + 100),
		`{items(first:100){edges{node{items(last:99){edges{cursor}}}}}}`:                                                      100 * (1 + 99),
		`{items{nodes{items{nodes{items(first:10){nodes{id}}}}}}}`:                                                            30 * (1 + 30*(1+10)),
		`{items{nodes{items{nodes{items(first:11){nodes{id}}}}}}}`:                                                            30 * (1 + 30*(1+11)),
		`{items(first:100){nodes{items(first:50){nodes{id}}} edges{node{items(first:49){nodes{id}}}}}}`:                       100 * (1 + 50 + 49),
		`{items(first:100){nodes{items(first:50){nodes{id}}} edges{node{items(first:50){nodes{id}}}}}}`:                       100 * (1 + 50 + 50),
		`{items(first:100){nodes{a:items{totalCount} b:items(first:98){nodes{id}}}}}`:                                         100 * (1 + 1 + 98),
		`{items(first:100){nodes{a:items{totalCount} b:items(first:99){nodes{id}}}}}`:                                         100 * (1 + 1 + 99),
		`{preset{items(first:100){nodes{id}}}}`:                                                                               50 * (1 + 100),
		`{preset{a:items(first:100){nodes{id}} b:items(first:100){nodes{id}}}}`:                                               50 * (1 + 100 + 100),
		`{search(query:"a",first:100){items(first:100){nodes{id}}}}`:                                                          100 * (1 + 100),
		`{nodes(ids:["a","b"]){...on Item{items(first:100){nodes{items(first:48){nodes{id}}}}}}}`:                             2 * (1 + 100*(1+48)),
		`{nodes(ids:["a","b"]){...on Item{items(first:100){nodes{items(first:49){nodes{id}}}}}}}`:                             2 * (1 + 100*(1+49)),
		`{items(first:0){nodes{items(first:100){nodes{items(first:100){nodes{id}}}}}}}`:                                       1 * (1 + 100*(1+100)),
		`{...A ...A} fragment A on Query{items(first:100){nodes{items(first:49){nodes{id}}}}}`:                                2 * 100 * (1 + 49),
		`{...A ...A} fragment A on Query{items(first:100){nodes{items(first:50){nodes{id}}}}}`:                                2 * 100 * (1 + 50),
		`{...A self{...A}} fragment A on Query{items(first:100){nodes{...B}}} fragment B on Item{items(first:50){nodes{id}}}`: 2 * 100 * (1 + 50),
	} {
		got := run(t, h, query)
		wantCode := ""
		if rows > 10_000 {
			wantCode = gqlhttp.CodeOperationTooLarge
		}
		if got.code() != wantCode {
			t.Errorf("%s is %d nodes: %s", query, rows, got.Text)
		}
		if wantCode != "" && !strings.Contains(got.message(), fmt.Sprint(rows)) {
			t.Errorf("%s is %d nodes, but: %s", query, rows, got.message())
		}
	}
}

func TestTheCostOfACachedDocumentFollowsItsVariables(t *testing.T) {
	t.Parallel()
	h := newHandler()
	const query = `query($n:Int,$m:Int=99){...A} fragment A on Query{items(first:$n){nodes{items(first:$m){nodes{id}}}}}`
	for _, step := range []struct {
		variables string
		code      string
	}{
		{`{"n":100}`, ""}, {`{"n":100,"m":100}`, gqlhttp.CodeOperationTooLarge}, {`{"n":100}`, ""},
		{`{"n":101}`, gqlhttp.CodeBadUserInput}, {`{"n":"100","m":"100"}`, gqlhttp.CodeOperationTooLarge},
		{`{}`, ""}, {`{"m":null}`, ""}, {`{"n":1,"m":1}`, ""},
	} {
		if got := run(t, h, query, step.variables); got.code() != step.code {
			t.Errorf("%s: %s", step.variables, got.Text)
		}
	}
}

// TestTheCostAgreesWithCountingRowByRow draws trees of pages, writes each as a document with a random part of it in
// fragments and variables, and counts its rows by walking every row.
func TestTheCostAgreesWithCountingRowByRow(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	h := newHandler(func(o *gqlhttp.Options) { o.Pages.Nodes = 1; o.Limits.Aliases = 1000; o.Limits.Depth = 20 })
	for range 200 {
		d := &drawing{rng: rng, variables: map[string]any{}}
		root, rows := d.page(0)
		variables, _ := json.Marshal(d.variables)
		query := "query Q" + d.declared() + "{" + root + "}" + strings.Join(d.fragments, "")
		got := run(t, h, query, string(variables))
		if want := fmt.Sprintf("may return %d nodes", rows); rows > 1 && !strings.Contains(got.message(), want) {
			t.Fatalf("seed %d: %s with %s: want %s, got %s", seed, query, variables, want, got.Text)
		}
	}
}

type drawing struct {
	rng       *rand.Rand
	variables map[string]any
	fragments []string
}

// page draws one paged field and returns its text and how many rows come out of it, counted one by one.
func (d *drawing) page(level int) (text string, rows int) {
	size := 1 + d.rng.IntN(6)
	inner, innerRows := "id ", 0
	for range d.rng.IntN(3) {
		if level < 3 {
			t, n := d.page(level + 1)
			inner, innerRows = inner+t, innerRows+n
		}
	}
	for range size { // a row, and what it holds
		rows++
		for range innerRows {
			rows++
		}
	}
	if d.rng.IntN(2) == 0 {
		name := fmt.Sprintf("F%d", len(d.fragments))
		d.fragments = append(d.fragments, " fragment "+name+" on Item{"+inner+"}")
		inner = "..." + name
	}
	argument := fmt.Sprint(size)
	if d.rng.IntN(2) == 0 {
		argument = fmt.Sprintf("$v%d", len(d.variables))
		d.variables[argument[1:]] = size
	}
	alias := fmt.Sprintf("a%d", d.rng.Uint32())
	return alias + ":items(first:" + argument + "){nodes{" + inner + "}} ", rows
}

func (d *drawing) declared() string {
	if len(d.variables) == 0 {
		return ""
	}
	var b strings.Builder
	for name := range d.variables {
		b.WriteString("$" + name + ":Int ")
	}
	return "(" + b.String() + ")"
}
