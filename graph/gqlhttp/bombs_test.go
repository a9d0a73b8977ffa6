package gqlhttp_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/graph/gqlhttp"
)

type bomb struct {
	name, body string
	codes      string // any of these
	status     int    // 0: whatever goes with the code
}

// bombs are requests whose whole point is to cost more than they weigh.
func bombs() []bomb {
	const (
		large   = gqlhttp.CodeOperationTooLarge
		invalid = gqlhttp.CodeValidationFailed
		input   = gqlhttp.CodeBadUserInput
		bad     = gqlhttp.CodeBadRequest
	)
	filter := func(v string) string { return body("query($f:Filter){find(filter:$f)}", `{"f":`+v+`}`) }
	rep := strings.Repeat
	return []bomb{
		{"3 MB of open braces", body(rep("{a", 1_500_000)), gqlhttp.CodeBodyTooLarge, 413},
		{"256 KiB of open braces", body(rep("{a", 127_000)), large, 0},
		{"256 KiB of open lists", body("{echo(n:" + rep("[", 250_000)), large, 0},
		{"256 KiB of comments", body(rep("#\n", 85_000) + "{ping}"), large, 0},
		{"256 KiB of one string", body(`{echo(text:"` + rep("a", 250_000) + `")}`), "", 0},
		{"256 KiB of one string for Int", body(`{echo(n:"` + rep("a", 250_000) + `")}`), invalid, 0},
		{"256 KiB of one name", body("{" + rep("a", 250_000) + "}"), invalid, 0},
		{"1000 aliases", body("{" + numbered(1000, "a%d:ping") + "}"), large, 0},
		{"600 aliases", body("{" + numbered(600, "a%d:ping") + "}"), large, 0},
		{"10,000 directives", body("{ping " + rep("@a", 10_000) + "}"), large, 0},
		{"900 directives", body("{ping " + rep("@a", 900) + "}"), large, 0},
		{"fragments that double 30 times", body(doubling(30, "ping")), large, 0},
		{"fragments that double 30 times over pages", body(doubling(30, "items(first:1){totalCount}")), large, 0},
		{"fragments that double 150 times", body(doubling(150, "ping")), large, 0},
		{"fragments that double 30 times, unused", body("{ping}" + strings.TrimPrefix(doubling(30, "ping"), "{...F0}")), large, 0},
		{"a cycle of one", body("{...F0}" + "fragment F0 on Query{...F0 ...F0}"), invalid, 0},
		{"a cycle of two hundred", body("{...F0}" + numbered(199, "fragment F%d on Query{self{...F0}}") + "fragment F199 on Query{self{...F0}}"), invalid + large, 0},
		{"every fragment spreads every other", body("{...F0}" + everyToEvery(25)), invalid + large, 0},
		{"a chain of 150 fragments", body("{...F0}" + chain(150) + "fragment F150 on Query{" + rep("nosuch ", 500) + "}"), large, 0},
		{"one field 1900 times", body("{self{" + rep("ping ", 1900) + "}}"), large, 0},
		{"one field 300 times", body("{self{" + rep("ping ", 300) + "}}"), "", 0},
		{"one field with 300 arguments", body("{self{" + numbered(300, "echo(n:%d)") + "}}"), invalid, 0},
		{"fields of one name inside each other", body("{self{" + rep("self{"+rep("ping ", 15)+"}", 20) + "}}"), "", 0},
		{"900 unknown fields", body("{self{" + numbered(900, "u%d") + "}}"), invalid, 0},
		{"300 variables", body("query(" + numbered(300, "$v%d:Int") + "){ping}"), invalid, 0},
		{"300 times one variable", body("query(" + rep("$v:Int ", 300) + "){ping}"), invalid, 0},
		{"300 operations", body(numbered(300, "query Q%d{ping}")), invalid, 0},
		{"values nested 300 deep", body("{find(filter:" + rep("{and:[", 150) + rep("]}", 150) + ")}"), large, 0},
		{"a huge number", body("{items(first:" + rep("9", 200_000) + "){totalCount}}"), input, 0},
		{"a huge number in a variable", body("query($n:Int){items(first:$n){totalCount}}", `{"n":`+rep("9", 200_000)+`}`), input, 0},
		{"a huge exponent in a variable", body("query($n:Float){echo(ratio:$n)}", `{"n":1e999999999}`), input, 0},
		{"1M levels of variables", filter(rep("[", 1_000_000)), gqlhttp.CodeBodyTooLarge, 413},
		{"120,000 levels of lists", filter(rep("[", 120_000) + rep("]", 120_000)), bad, 400},
		{"40,000 levels of objects", filter(rep(`{"a":`, 40_000) + "1" + rep("}", 40_000)), bad, 400},
		{"4,500 levels of a recursive input", filter(rep(`{"and":[`, 4_500) + rep("]}", 4_500)), large, 0},
		{"9,900 levels of lists for an input", filter(rep("[", 9_900) + rep("]", 9_900)), large, 0},
		{"60,000 elements", filter(`{"and":[` + rep("{},", 60_000) + `{}]}`), large, 0},
		{"4,000 elements", filter(`{"and":[` + rep("{},", 4_000) + `{}]}`), "", 0},
		{"20,000 unknown keys", filter("{" + strings.TrimSuffix(numbered(20_000, `"u%d":1,`), ", ") + "}"), large, 0},
		{"100,000 ids", body("query($i:[ID!]!){nodes(ids:$i){id}}", `{"i":[`+rep("1,", 100_000)+`1]}`), large, 0},
		{"equal keys 20,000 times", "{" + rep(`"query":"{a","query":"{a",`, 9_000) + `"query":"{ping}"}`, "", 0},
		{"pages of pages of pages", body("{items(first:100){nodes{items(first:100){nodes{items(first:100){nodes{id}}}}}}}"), large, 0},
		{"introspection of introspection", body("{__schema{types{fields{type{fields{type{fields{type{name}}}}}}}}}"), invalid, 0},
	}
}

// doubling writes fragments that each spread the next twice: 2^n uses of the last.
func doubling(n int, last string) string {
	var b strings.Builder
	b.WriteString("{...F0}")
	for i := range n {
		fmt.Fprintf(&b, "fragment F%d on Query{...F%d ...F%d}", i, i+1, i+1)
	}
	fmt.Fprintf(&b, "fragment F%d on Query{%s}", n, last)
	return b.String()
}

func chain(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "fragment F%d on Query{...F%d}", i, i+1)
	}
	return b.String()
}

func everyToEvery(n int) string {
	spreads := numbered(n, "...F%d")
	return numbered(n, "fragment F%d on Query{self{"+spreads+"}}")
}

func TestABombGetsItsCode(t *testing.T) {
	t.Parallel()
	h := newHandler()
	for _, b := range bombs() {
		got := post(t, h, b.body)
		if code := got.code(); !strings.Contains(b.codes, code) || (code == "") != (b.codes == "") {
			t.Errorf("%s: want %q, got %.300s", b.name, b.codes, got.Text)
		}
		if b.status != 0 && got.Status != b.status {
			t.Errorf("%s: status %d", b.name, got.Status)
		}
		if len(got.Text) > 16<<10 {
			t.Errorf("%s: an answer of %d bytes", b.name, len(got.Text))
		}
	}
}
