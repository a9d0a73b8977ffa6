package gqlhttp_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/keyhall/keyhall/graph/gqlhttp"
)

// operationCounter is an extension such as a caller may add.
type operationCounter struct{ n *int }

func (operationCounter) ExtensionName() string                   { return "OperationCounter" }
func (operationCounter) Validate(graphql.ExecutableSchema) error { return nil }
func (c operationCounter) MutateOperationContext(context.Context, *graphql.OperationContext) *gqlerror.Error {
	*c.n++
	return nil
}

const nameCanary = "hunter2_c4n4ry" // a canary that is a GraphQL name

func TestNoAnswerAndNoLogLineRepeatsAValueOfTheRequest(t *testing.T) {
	t.Parallel()
	quoted := `"` + canary + `"`
	long := strings.Repeat("hunter2", 12) // a name, but longer than any that may be repeated
	for name, text := range map[string]string{
		"malformed JSON":              `{"query":"{ping}", ` + quoted,
		"JSON of another type":        quoted,
		"query of another type":       `{"query":[` + quoted + `]}`,
		"operationName of other type": `{"query":"{ping}","operationName":[` + quoted + `]}`,
		"variables of another type":   `{"query":"{ping}","variables":` + quoted + `}`,
		"trailing garbage":            body("{ping}") + canary,
		"batch":                       `[{"query":` + quoted + `}]`,
		"unknown key":                 `{"` + canary + `":1}`,
		"operationName":               `{"query":"{ping}","operationName":` + quoted + `}`,
		"operationName, plain":        `{"query":"{ping}","operationName":"` + nameCanary + `"}`,
		"query is a word":             body(nameCanary),
		"query is a string":           body(quoted),
		"string in place of a field":  body(`{` + quoted + `}`),
		"string after a field":        body(`{ping ` + quoted + `}`),
		"block string":                body(`{ping """` + canary + `"""}`),
		"open string":                 body(`{echo(text:"` + canary),
		"bad escape":                  body(`{echo(text:"\q` + canary + `")}`),
		"bad unicode escape":          body(`{echo(text:"\u` + canary + `")}`),
		"bad long unicode escape":     body(`{echo(text:"\u{` + canary + `")}`),
		"number run into a word":      body(`{echo(n:012345` + nameCanary + `)}`),
		"single quotes":               body(`{echo(text:'` + canary + `')}`),
		"value in place of a keyword": body(`fragment A ` + nameCanary + ` Query{ping}`),
		"string for Int":              body(`{echo(n:` + quoted + `)}`),
		"string for Boolean":          body(`{echo(flag:` + quoted + `)}`),
		"string for Float":            body(`{echo(ratio:` + quoted + `)}`),
		"string for an enum":          body(`{echo(color:` + quoted + `)}`),
		"word for String":             body(`{echo(text:` + nameCanary + `)}`),
		"word for Int":                body(`{echo(n:` + nameCanary + `)}`),
		"word for ID":                 body(`{echo(id:` + nameCanary + `)}`),
		"word for an enum":            body(`{echo(color:` + nameCanary + `)}`),
		"list for Int":                body(`{echo(n:[` + quoted + `])}`),
		"object for String":           body(`{echo(text:{a:` + quoted + `})}`),
		"string for an input":         body(`{find(filter:` + quoted + `)}`),
		"word deep in an input":       body(`{find(filter:{and:[{color:` + nameCanary + `}]})}`),
		"string deep in an input":     body(`{find(filter:{and:[{size:` + quoted + `}]})}`),
		"default of a variable":       body(`query($n:Int=` + quoted + `){echo(n:$n)}`),
		"argument of a directive":     body(`{ping @include(if:` + quoted + `)}`),
		"differing arguments":         body(`{echo(text:` + quoted + `) echo(text:"b")}`),
		"long unknown field":          body(`{` + long + `}`),
		"long unknown type":           body(`{...on ` + long + `{ping}}`),
		"long variable":               body(`{echo(n:$` + long + `)}`),
		"long alias on a bad page":    body(`{` + long + `:items(first:1000){totalCount}}`),
		"string for a page":           body(`query($n:Int){items(first:$n){totalCount}}`, `{"n":`+quoted+`}`),
		"variable, Int":               body(`query($n:Int){echo(n:$n)}`, `{"n":`+quoted+`}`),
		"variable, enum":              body(`query($c:Color){echo(color:$c)}`, `{"c":`+quoted+`}`),
		"variable, enum, plain":       body(`query($c:Color){echo(color:$c)}`, `{"c":"`+nameCanary+`"}`),
		"variable, Boolean":           body(`query($c:Boolean){echo(flag:$c)}`, `{"c":`+quoted+`}`),
		"variable, String":            body(`query($c:String){echo(text:$c)}`, `{"c":{"a":`+quoted+`}}`),
		"variable, input":             body(`query($f:Filter){find(filter:$f)}`, `{"f":`+quoted+`}`),
		"variable, deep":              body(`query($f:Filter){find(filter:$f)}`, `{"f":{"and":[{"color":`+quoted+`}]}}`),
		"variable, unknown key":       body(`query($f:Filter){find(filter:$f)}`, `{"f":{`+quoted+`:1}}`),
		"variable, long unknown key":  body(`query($f:Filter){find(filter:$f)}`, `{"f":{"`+long+`":1}}`),
		"resolver that panics":        body(`{boom}`),
		"resolver that fails":         body(`{fail}`),
		"presenter's own INTERNAL":    body(`{fail(how:"INTERNAL")}`),
		"scalar that cannot be read":  body(`{big(long:` + quoted + `)}`),
		"variable, scalar":            body(`query($l:Long){big(long:$l)}`, `{"l":`+quoted+`}`),
		"code that is not listed":     body(`{fail(how:` + quoted + `)}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var logged bytes.Buffer
			h := newHandler(func(o *gqlhttp.Options) { o.Log = slog.New(slog.NewJSONHandler(&logged, nil)) })
			got := post(t, h, text)
			if len(got.Errors) == 0 {
				t.Fatalf("this was to be an error: %s", got.Text)
			}
			for where, s := range map[string]string{"answer": got.Text, "log": logged.String(), "headers": fmt.Sprint(got.Header)} {
				if strings.Contains(strings.ToLower(s), "hunter2") || strings.Contains(s, "c4n4ry") {
					t.Errorf("the %s repeats it: %s", where, s)
				}
			}
		})
	}
}

func TestAMalformedQueryStringIsNotRepeated(t *testing.T) {
	t.Parallel()
	h := newHandler()
	for _, target := range []string{"/graphql?query=%zz" + canary, "/graphql?" + url.Values{"query": {"{ping}"}, "variables": {canary}}.Encode(), "/graphql?" + canary} {
		if got := send(t, h, httptest.NewRequest("GET", target, nil)); strings.Contains(got.Text, "hunter2") {
			t.Errorf("%s", got.Text)
		}
	}
}

func TestAnErrorOfTheDocumentSaysWhatAndWhereByNamesOnly(t *testing.T) {
	t.Parallel()
	h := newHandler()
	for _, c := range []struct{ query, variables, code, message string }{
		{`{`, `{}`, "GRAPHQL_PARSE_FAILED", `Expected Name, found <EOF>`},
		{`{ping`, `{}`, "GRAPHQL_PARSE_FAILED", `Expected Name, found <EOF>`},
		{`{ping}}`, `{}`, "GRAPHQL_PARSE_FAILED", `Unexpected }`},
		{`{ping(`, `{}`, "GRAPHQL_PARSE_FAILED", `Expected Name, found <EOF>`},
		{`{echo(n:00)}`, `{}`, "GRAPHQL_PARSE_FAILED", `Unexpected character, or a malformed number or string.`},
		{`{echo(text:"a`, `{}`, "GRAPHQL_PARSE_FAILED", `Unexpected character, or a malformed number or string.`},
		{`nosuch`, `{}`, "GRAPHQL_PARSE_FAILED", `Unexpected name.`},
		{`#`, `{}`, "GRAPHQL_VALIDATION_FAILED", `The document holds no operation.`},
		{`{pong}`, `{}`, "GRAPHQL_VALIDATION_FAILED", `Cannot query field "pong" on type "Query".`},
		{`{ping{a}}`, `{}`, "GRAPHQL_VALIDATION_FAILED", `Field "ping" must not have a selection since type "String" has no subfields.`},
		{`{self}`, `{}`, "GRAPHQL_VALIDATION_FAILED", `Field "self" of type "Query!" must have a selection of subfields.`},
		{`{echo(m:1)}`, `{}`, "GRAPHQL_VALIDATION_FAILED", `Unknown argument "m" on field "Query.echo".`},
		{`{nodes{id}}`, `{}`, "GRAPHQL_VALIDATION_FAILED", `Field "nodes" argument "ids" of type "[ID!]!" is required, but it was not provided.`},
		{`{echo(n:"a")}`, `{}`, "GRAPHQL_VALIDATION_FAILED", `Expected a value of type "Int".`},
		{`{find(must:null)}`, `{}`, "GRAPHQL_VALIDATION_FAILED", `Expected a value of type "Int!".`},
		{`{echo(color:BLUE)}`, `{}`, "GRAPHQL_VALIDATION_FAILED", `Expected a value of type "Color".`},
		{`{echo(color:"RED")}`, `{}`, "GRAPHQL_VALIDATION_FAILED", `Expected a value of type "Color".`},
		{`{big(long:99999999999999999999)}`, `{}`, "BAD_USER_INPUT", `This number is out of range.`},
		{`{echo(ratio:1e999)}`, `{}`, "BAD_USER_INPUT", `This number is out of range.`},
		{`{find(filter:{nosuch:1})}`, `{}`, "GRAPHQL_VALIDATION_FAILED", `Field "nosuch" is not defined by type "Filter".`},
		{`{find(filter:{one:{}})}`, `{}`, "GRAPHQL_VALIDATION_FAILED", `OneOf Input Object "One" must specify exactly one key.`},
		{`{ping @nosuch}`, `{}`, "GRAPHQL_VALIDATION_FAILED", `Unknown directive "@nosuch".`},
		{`{ping @skip}`, `{}`, "GRAPHQL_VALIDATION_FAILED", `Directive "@skip" argument "if" of type "Boolean!" is required, but it was not provided.`},
		{`{...on Nosuch{ping}}`, `{}`, "GRAPHQL_VALIDATION_FAILED", `Unknown type "Nosuch".`},
		{`{...A}`, `{}`, "GRAPHQL_VALIDATION_FAILED", `Unknown fragment "A".`},
		{`{ping} fragment A on Query{ping}`, `{}`, "GRAPHQL_VALIDATION_FAILED", `Fragment "A" is never used.`},
		{`{...A} fragment A on Query{...A}`, `{}`, "GRAPHQL_VALIDATION_FAILED", `Cannot spread fragment "A" within itself.`},
		{`{a:ping a:self{ping}}`, `{}`, "GRAPHQL_VALIDATION_FAILED", `Fields "a" conflict: give them different aliases to fetch both.`},
		{`query($n:Int){ping}`, `{}`, "GRAPHQL_VALIDATION_FAILED", `Variable "$n" is never used.`},
		{`{echo(n:$n)}`, `{}`, "GRAPHQL_VALIDATION_FAILED", `Variable "$n" is not defined.`},
		{`query($n:Int,$n:Int){echo(n:$n)}`, `{"n":1}`, "GRAPHQL_VALIDATION_FAILED", `There can be only one variable named "$n".`},
		{`query($n:String){echo(n:$n)}`, `{}`, "GRAPHQL_VALIDATION_FAILED", `Variable "$n" of type "String" used in position expecting type "Int".`},
		{`query($n:Query){ping}`, `{}`, "GRAPHQL_VALIDATION_FAILED", `Variable "$n" cannot be non-input type "Query".`},
		{`query($n:Int!){echo(n:$n)}`, `{}`, "BAD_USER_INPUT", `Variable "$n" is required.`},
		{`query($n:Int!){echo(n:$n)}`, `{"n":null}`, "BAD_USER_INPUT", `Variable "$n" must not be null.`},
		{`query($n:Int){echo(n:$n)}`, `{"n":true}`, "BAD_USER_INPUT", `Variable "$n" is not a valid "Int".`},
		{`query($n:Int){echo(n:$n)}`, `{"n":1e400}`, "BAD_USER_INPUT", `Variable "$n" is not a valid "Int".`},
		{`query($c:Color){echo(color:$c)}`, `{"c":"BLUE"}`, "BAD_USER_INPUT", `Variable "$c" is not a value of the enum "Color".`},
		{`query($f:Filter){find(filter:$f)}`, `{"f":{"and":[{"nosuch":1}]}}`, "BAD_USER_INPUT", `Variable "$f.and[].nosuch" is not a field of its type.`},
		{`query($f:Filter){find(filter:$f)}`, `{"f":{"no such":1}}`, "BAD_USER_INPUT", `Variable "$f" holds an unknown field.`},
		{`query($f:Filter){find(filter:$f)}`, `{"f":7}`, "BAD_USER_INPUT", `Variable "$f" must be an object of type "Filter".`},
		{`query A{ping} query B{ping}`, `{}`, "GRAPHQL_VALIDATION_FAILED", `The document has no operation of this "operationName", or several and none was named.`},
	} {
		got := run(t, h, c.query, c.variables)
		found := false
		for _, e := range got.Errors {
			found = found || e.Message == c.message && e.Extensions["code"] == c.code
		}
		if !found {
			t.Errorf("%s: want %s %q, got %s", c.query, c.code, c.message, got.Text)
		}
		if strings.Contains(got.Text, "Did you mean") {
			t.Errorf("%s: suggests: %s", c.query, got.Text)
		}
	}
}

func TestAnErrorWithoutAListedCodeIsMasked(t *testing.T) {
	t.Parallel()
	h := newHandler()
	for query, want := range map[string]string{
		`{fail}`:                       "INTERNAL Internal error.",
		`{boom}`:                       "INTERNAL Internal error.",
		`{fail(how:"INTERNAL")}`:       "INTERNAL Internal error.",
		`{fail(how:"MADE_UP")}`:        "INTERNAL Internal error.",
		`{fail(how:"NOT_FOUND")}`:      "NOT_FOUND told so",
		`{self{fail(how:"CONFLICT")}}`: "CONFLICT told so",
	} {
		got := run(t, h, query)
		if s := got.code() + " " + got.message(); s != want || got.Status != 200 || got.Data == nil || len(got.Errors[0].Path) == 0 {
			t.Errorf("%s: %s", query, got.Text)
		}
	}
}

func TestAnArgumentThatCannotBeConvertedIsBadUserInputByName(t *testing.T) {
	t.Parallel()
	h := newHandler(func(o *gqlhttp.Options) {
		o.Present = func(ctx context.Context, err error) *gqlerror.Error {
			out := graphql.DefaultErrorPresenter(ctx, err)
			if out.Message != "no such long" {
				t.Errorf("the caller was asked about %v", err)
			}
			return out
		}
	})
	got := run(t, h, `{self{a:big(long:"`+canary+`")}}`)
	if got.code() != gqlhttp.CodeBadUserInput || got.message() != `The argument "long" is not valid.` || fmt.Sprint(got.Errors[0].Path) != "[self a]" {
		t.Error(got.Text)
	}
	if got := run(t, h, `{big(long:"coded")}`); got.code() != gqlhttp.CodeNotFound {
		t.Error(got.Text)
	}
}

func TestNullForAConditionIsRefusedBeforeItPanics(t *testing.T) {
	t.Parallel()
	h := newHandler()
	for _, query := range []string{
		`query($b:Boolean=true){ping @include(if:$b)}`, `query($b:Boolean=true){...A} fragment A on Query{self{...@skip(if:$b){ping}}}`,
	} {
		if got := run(t, h, query, `{"b":null}`); got.code() != gqlhttp.CodeBadUserInput || got.Data != nil {
			t.Errorf("%s: %s", query, got.Text)
		}
		if got := run(t, h, query, `{"b":true}`); len(got.Errors) > 0 {
			t.Errorf("%s: %s", query, got.Text)
		}
	}
	if got := run(t, h, `query($b:Boolean=true){echo(flag:$b)}`, `{"b":null}`); len(got.Errors) > 0 {
		t.Errorf("null for a field: %s", got.Text)
	}
}

func TestThePresenterOfTheCallerClassifies(t *testing.T) {
	t.Parallel()
	shared := &gqlerror.Error{Message: "busy", Extensions: map[string]any{"code": gqlhttp.CodeRateLimited, "retryAfterSeconds": 3}}
	h := newHandler(func(o *gqlhttp.Options) {
		o.Present = func(context.Context, error) *gqlerror.Error { return shared }
	})
	got := run(t, h, "{fail}")
	if got.code() != gqlhttp.CodeRateLimited || got.Errors[0].Extensions["retryAfterSeconds"] != 3.0 {
		t.Fatal(got.Text)
	}
	if _, touched := shared.Extensions["requestId"]; touched {
		t.Fatal("the request id was written into an error that requests share")
	}
}

func TestAPanicIsLoggedWithItsStackAndAnsweredWithout(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*gqlhttp.Options){
		"in a resolver": func(*gqlhttp.Options) {},
		"in a caller's function": func(o *gqlhttp.Options) {
			o.Introspection = func(context.Context) bool { panic(errors.New(canary)) }
		},
	} {
		var logged bytes.Buffer
		h := newHandler(func(o *gqlhttp.Options) { o.Log = slog.New(slog.NewJSONHandler(&logged, nil)) }, change)
		query := "{boom}"
		if strings.Contains(name, "function") {
			query = "{__schema{queryType{name}}}"
		}
		got := run(t, h, query)
		if got.code() != gqlhttp.CodeInternal || strings.Contains(got.Text, "goroutine") {
			t.Errorf("%s: answered %s", name, got.Text)
		}
		if !strings.Contains(logged.String(), "goroutine") || !strings.Contains(logged.String(), `"requestId":"req-1"`) {
			t.Errorf("%s: logged %s", name, logged.String())
		}
	}
}

func TestThePanicHandlerOfTheCallerIsUsed(t *testing.T) {
	t.Parallel()
	caught := 0
	h := newHandler(func(o *gqlhttp.Options) {
		o.Recover = func(context.Context, any) error { caught++; return errors.New("oops") }
	})
	if got := run(t, h, "{boom}"); got.code() != gqlhttp.CodeInternal || caught != 1 {
		t.Fatalf("%d caught, %s", caught, got.Text)
	}
}

func TestIntrospectionIsForWhoMay(t *testing.T) {
	t.Parallel()
	type key struct{}
	h := newHandler(func(o *gqlhttp.Options) {
		o.Introspection = func(ctx context.Context) bool { return ctx.Value(key{}) != nil }
	})
	for _, query := range []string{`{__schema{queryType{name}}}`, `{a:__schema{queryType{name}}}`, `{...A} fragment A on Query{...on Query{__type(name:"Query"){name}}}`} {
		if got := run(t, h, query); got.code() != gqlhttp.CodeForbidden || got.Data != nil {
			t.Errorf("%s: %s", query, got.Text)
		}
		r := httptest.NewRequest("POST", "/graphql", strings.NewReader(body(query)))
		r.Header.Set("Content-Type", "application/json")
		if got := send(t, h, r.WithContext(context.WithValue(r.Context(), key{}, true))); !strings.Contains(string(got.Data), `"Query"`) {
			t.Errorf("%s, allowed: %s", query, got.Text)
		}
	}
	if got := run(t, h, `{__typename}`); string(got.Data) != `{"__typename":"Query"}` {
		t.Errorf("__typename: %s", got.Text)
	}
}
