package gqlhttp_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql/introspection"

	"github.com/keyhall/keyhall/graph/gqlhttp"
)

// nested writes n levels of fields.
func nested(n int) string {
	return "{" + strings.Repeat("self{", n-1) + "ping" + strings.Repeat("}", n)
}

// numbered writes n parts, each with its number.
func numbered(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format+" ", i)
	}
	return b.String()
}

// below puts selections where they are not root fields.
func below(selections string) string { return "{self{" + selections + "}}" }

func TestAnOperationAtEachLimitRunsAndOnePastItDoesNot(t *testing.T) {
	t.Parallel()
	h := newHandler()
	for name, at := range map[string]func(n int) (limit int, query string){
		"depth":                  func(n int) (int, string) { return 10, nested(10 + n) },
		"depth through inlines":  func(n int) (int, string) { return 10, "{...on Query" + nested(10+n) + "}" },
		"depth through fragment": func(n int) (int, string) { return 10, "{self{...A}} fragment A on Query" + nested(9+n) },
		"aliases":                func(n int) (int, string) { return 15, below(numbered(15+n, "a%d:ping")) },
		"aliases in fragments": func(n int) (int, string) {
			return 15, below("...A "+numbered(10+n, "a%d:ping")) + "fragment A on Query{" + numbered(5, "b%d:ping") + "}"
		},
		"root fields":           func(n int) (int, string) { return 5, "{" + numbered(5+n, "a%d:ping") + "}" },
		"root fields, one name": func(n int) (int, string) { return 5, "{" + strings.Repeat("ping ", 5+n) + "}" },
		"root fields, fragment": func(n int) (int, string) {
			return 5, "{ping...A...on Query{self{ping}}} fragment A on Query{" + numbered(3+n, "a%d:ping") + "}"
		},
		"root fields, mutation": func(n int) (int, string) { return 5, "mutation{" + numbered(5+n, "a%d:bump") + "}" },
		"directives":            func(n int) (int, string) { return 20, below(strings.Repeat("ping @skip(if:false) ", 20+n)) },
		"directives on spreads": func(n int) (int, string) {
			return 20, below(strings.Repeat("...A @skip(if:false) ", 20+n)) + "fragment A on Query{ping}"
		},
		"directives on inlines": func(n int) (int, string) { return 20, below(strings.Repeat("...@skip(if:false){ping} ", 20+n)) },
		"fields": func(n int) (int, string) {
			return 1000, below(strings.Repeat("...A ", 9)+strings.Repeat("__typename ", 9+n)) + "fragment A on Query{" + strings.Repeat("ping echo ", 55) + "}"
		},
		"value depth": func(n int) (int, string) {
			return 20, `{find(filter:` + strings.Repeat(`{and:[`, 9) + strings.Repeat("[", n) + `{and:[]}` + strings.Repeat("]", n) + strings.Repeat(`]}`, 9) + `)}`
		},
	} {
		if limit, query := at(0); true {
			if got := run(t, h, query); len(got.Errors) > 0 {
				t.Errorf("%s at %d: %s", name, limit, got.message())
			}
		}
		if limit, query := at(1); true {
			got := run(t, h, query)
			if got.code() != gqlhttp.CodeOperationTooLarge || got.Data != nil {
				t.Errorf("%s past %d: %.300s", name, limit, got.Text)
			}
		}
	}
}

func TestEveryOperationOfADocumentIsMeasuredAlsoThoseThatDoNotRun(t *testing.T) {
	t.Parallel()
	text := `{"query":"query A{ping} query B` + nested(11) + `","operationName":"A"}`
	if got := post(t, newHandler(), text); got.code() != gqlhttp.CodeOperationTooLarge {
		t.Fatal(got.Text)
	}
}

func TestTheUsualIntrospectionQueryFitsTheLimits(t *testing.T) {
	t.Parallel()
	got := run(t, newHandler(), introspection.Query)
	if got.code() != gqlhttp.CodeForbidden { // it got past the limits, to the gate
		t.Fatal(got.Text)
	}
}

func TestTheLimitsAreThoseOfTheOptions(t *testing.T) {
	t.Parallel()
	h := newHandler(func(o *gqlhttp.Options) { o.Limits.Depth = 2; o.Pages.Max = 7 })
	for query, refused := range map[string]bool{
		nested(2): false, nested(3): true, "{search(query:\"a\",first:7){id}}": false, "{search(query:\"a\",first:8){id}}": true,
	} {
		if got := run(t, h, query); (len(got.Errors) > 0) != refused {
			t.Errorf("%s: %s", query, got.Text)
		}
	}
}

func TestAnInvalidDocumentGetsABoundedListOfErrors(t *testing.T) {
	t.Parallel()
	got := run(t, newHandler(), below(numbered(300, "nosuch%d")))
	if n := len(got.Errors); n != 20 || got.code() != gqlhttp.CodeValidationFailed {
		t.Fatalf("%d errors: %.300s", n, got.Text)
	}
}
