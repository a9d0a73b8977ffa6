package gqlhttp_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/graph/gqlhttp"
)

// FuzzBody promises that any body gets one coded JSON answer (send checks it), and that none makes this package or
// gqlgen panic: the test schema panics in the field "boom" only.
func FuzzBody(f *testing.F) {
	for _, b := range bombs() {
		if len(b.body) < 4<<10 {
			f.Add(b.body)
		}
	}
	for _, query := range []string{"{ping}", "mutation{bump}", "query($f:Filter){find(filter:$f)}", `{items(first:3){nodes{id}}}`, `{echo(text:"a") @skip(if:true)}`} {
		f.Add(body(query, `{"f":{"and":[{"color":"RED"}]}}`))
	}
	h := newHandler()
	f.Fuzz(func(t *testing.T, text string) {
		got := post(t, h, text)
		if got.code() == gqlhttp.CodeInternal && !strings.Contains(text, "boom") && !strings.Contains(text, "fail") && !strings.Contains(text, `\u`) {
			t.Fatalf("INTERNAL for %q: %s", text, got.Text)
		}
	})
}

// FuzzDocument is FuzzBody with the JSON around the document and its variables already right.
func FuzzDocument(f *testing.F) {
	f.Add("query($n:Int){items(first:$n){nodes{id}}}", `{"n":"7"}`)
	f.Add("query($c:Color=RED){echo(color:$c)}", `{"c":null}`)
	f.Add("query($b:Boolean){ping @include(if:$b)}", `{}`)
	f.Add("{...A} fragment A on Query{nodes(ids:[1]){...on Item{id}}}", `null`)
	f.Add(`{find(filter:{and:[{one:{a:"x"}}]})}`, `{}`)
	h := newHandler()
	f.Fuzz(func(t *testing.T, query, variables string) {
		got := post(t, h, body(query, variables))
		if got.code() == gqlhttp.CodeInternal && !strings.Contains(query, "boom") && !strings.Contains(query, "fail") {
			t.Fatalf("INTERNAL for %q with %q: %s", query, variables, got.Text)
		}
	})
}

// FuzzQueryString promises the same of GET.
func FuzzQueryString(f *testing.F) {
	f.Add("query={ping}")
	f.Add("query=%7Bping%7D&variables=%7B%7D&operationName=A&extensions=null")
	h := newHandler()
	f.Fuzz(func(t *testing.T, query string) {
		r := httptest.NewRequest("GET", "/graphql", nil)
		r.URL.RawQuery = query
		send(t, h, r)
	})
}
