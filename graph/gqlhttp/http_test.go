package gqlhttp_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"

	"github.com/keyhall/keyhall/graph/gqlhttp"
)

func TestARequestThatIsNoOperationIsRefusedWithAStatusAndACode(t *testing.T) {
	t.Parallel()
	h := newHandler()
	const ping = `{"query":"{ping}"}`
	get := func(values ...string) string {
		q := url.Values{}
		for i := 0; i < len(values); i += 2 {
			q.Set(values[i], values[i+1])
		}
		return "/graphql?" + q.Encode()
	}
	for _, c := range []struct {
		name, method, target, contentType, accept, body string
		status                                          int
		code                                            string
	}{
		{"put", "PUT", "/graphql", "application/json", "", ping, 405, "BAD_REQUEST"},
		{"delete", "DELETE", "/graphql", "", "", "", 405, "BAD_REQUEST"},
		{"mutation by GET", "GET", get("query", "mutation{bump}"), "", "", "", 405, "BAD_REQUEST"},
		{"mutation by HEAD", "HEAD", get("query", "mutation{bump}"), "", "", "", 405, "BAD_REQUEST"},
		{"mutation chosen by name by GET", "GET", get("query", "query A{ping} mutation B{bump}", "operationName", "B"), "", "", "", 405, "BAD_REQUEST"},
		{"subscription", "POST", "/graphql", "application/json", "", `{"query":"subscription{ticks}"}`, 400, "BAD_REQUEST"},
		{"accepts only html", "POST", "/graphql", "application/json", "text/html", ping, 406, "BAD_REQUEST"},
		{"accepts json in latin1", "POST", "/graphql", "application/json", "application/json; charset=latin1", ping, 406, "BAD_REQUEST"},
		{"refuses json by q=0", "POST", "/graphql", "application/json", "application/json;q=0", ping, 406, "BAD_REQUEST"},
		{"no content type", "POST", "/graphql", "", "", ping, 415, "BAD_REQUEST"},
		{"form", "POST", "/graphql", "application/x-www-form-urlencoded", "", "query={ping}", 415, "BAD_REQUEST"},
		{"multipart", "POST", "/graphql", "multipart/form-data; boundary=x", "", "--x--", 415, "BAD_REQUEST"},
		{"text", "POST", "/graphql", "text/plain", "", ping, 415, "BAD_REQUEST"},
		{"application/graphql", "POST", "/graphql", "application/graphql", "", "{ping}", 415, "BAD_REQUEST"},
		{"json in latin1", "POST", "/graphql", "application/json; charset=latin1", "", ping, 415, "BAD_REQUEST"},
		{"empty body", "POST", "/graphql", "application/json", "", "", 400, "BAD_REQUEST"},
		{"null", "POST", "/graphql", "application/json", "", "null", 400, "BAD_REQUEST"},
		{"string", "POST", "/graphql", "application/json", "", `"{ping}"`, 400, "BAD_REQUEST"},
		{"cut short", "POST", "/graphql", "application/json", "", ping[:10], 400, "BAD_REQUEST"},
		{"trailing garbage", "POST", "/graphql", "application/json", "", ping + "x", 400, "BAD_REQUEST"},
		{"two objects", "POST", "/graphql", "application/json", "", ping + ping, 400, "BAD_REQUEST"},
		{"batch", "POST", "/graphql", "application/json", "", " \n[" + ping + "]", 400, "BATCHING_DISABLED"},
		{"empty batch", "POST", "/graphql", "application/json", "", "[]", 400, "BATCHING_DISABLED"},
		{"query is missing", "POST", "/graphql", "application/json", "", `{}`, 400, "BAD_REQUEST"},
		{"query under another case", "POST", "/graphql", "application/json", "", `{"QUERY":"{ping}"}`, 400, "BAD_REQUEST"},
		{"query is empty", "POST", "/graphql", "application/json", "", `{"query":""}`, 400, "BAD_REQUEST"},
		{"query is null", "POST", "/graphql", "application/json", "", `{"query":null}`, 400, "BAD_REQUEST"},
		{"query is a number", "POST", "/graphql", "application/json", "", `{"query":1}`, 400, "BAD_REQUEST"},
		{"operationName is a list", "POST", "/graphql", "application/json", "", `{"query":"{ping}","operationName":[]}`, 400, "BAD_REQUEST"},
		{"variables are a list", "POST", "/graphql", "application/json", "", `{"query":"{ping}","variables":[]}`, 400, "BAD_REQUEST"},
		{"extensions are a string", "POST", "/graphql", "application/json", "", `{"query":"{ping}","extensions":"x"}`, 400, "BAD_REQUEST"},
		{"body over the limit", "POST", "/graphql", "application/json", "", ping + strings.Repeat(" ", 256<<10), 413, "BODY_TOO_LARGE"},
		{"persisted query", "POST", "/graphql", "application/json", "", `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"00"}}}`, 400, "PERSISTED_QUERY_NOT_FOUND"},
		{"stored document", "POST", "/graphql", "application/json", "", `{"documentId":"00"}`, 400, "PERSISTED_QUERY_NOT_FOUND"},
		{"websocket", "GET", "/graphql", "", "", "", 400, "BAD_REQUEST"},
		{"GET without query", "GET", "/graphql", "", "", "", 400, "BAD_REQUEST"},
		{"GET with malformed query string", "GET", "/graphql?query=%zz", "", "", "", 400, "BAD_REQUEST"},
		{"GET with variables that are no JSON", "GET", get("query", "{ping}", "variables", "{"), "", "", "", 400, "BAD_REQUEST"},
		{"GET with garbage after the variables", "GET", get("query", "{ping}", "variables", "{} x"), "", "", "", 400, "BAD_REQUEST"},
		{"GET of a stored document", "GET", get("documentId", "00"), "", "", "", 400, "PERSISTED_QUERY_NOT_FOUND"},
		{"GET over the limit", "GET", get("query", "{ping}"+strings.Repeat("#", 256<<10)), "", "", "", 414, "BAD_REQUEST"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(c.method, c.target, strings.NewReader(c.body))
			for name, value := range map[string]string{"Content-Type": c.contentType, "Accept": c.accept} {
				if value != "" {
					r.Header.Set(name, value)
				}
			}
			if c.name == "websocket" {
				r.Header.Set("Upgrade", "websocket")
			}
			if c.method == http.MethodHead {
				w := httptest.NewRecorder()
				if h.ServeHTTP(w, r); w.Code != c.status || w.Body.Len() > 0 {
					t.Fatalf("status %d with %d bytes", w.Code, w.Body.Len())
				}
				return
			}
			got := send(t, h, r)
			if got.Status != c.status || got.code() != c.code || got.Data != nil {
				t.Fatalf("status %d code %s data %s, want %d %s", got.Status, got.code(), got.Data, c.status, c.code)
			}
			if c.status == 405 && got.Header.Get("Allow") == "" || c.status == 415 && got.Header.Get("Accept-Post") == "" {
				t.Errorf("headers do not say what is allowed: %v", got.Header)
			}
		})
	}
}

func TestACompressedBodyIsRefused(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest("POST", "/graphql", strings.NewReader(body("{ping}")))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Content-Encoding", "gzip")
	if got := send(t, newHandler(), r); got.Status != 415 {
		t.Fatalf("status %d", got.Status)
	}
}

func TestAWellFormedRequestRuns(t *testing.T) {
	t.Parallel()
	h := newHandler()
	for name, text := range map[string]string{
		"plain":                           `{"query":"{ping}"}`,
		"white space around":              " \r\n\t{\"query\":\"{ping}\"} \n",
		"unknown keys":                    `{"query":"{ping}","id":1,"more":{"a":[]}}`,
		"of equal keys the last":          `{"query":"mutation{bump}","query":"{ping}"}`,
		"nulls":                           `{"query":"{ping}","variables":null,"operationName":null,"extensions":null}`,
		"unused variables":                `{"query":"{ping}","variables":{"a":"\u0000","é":1}}`,
		"control characters in a comment": "{\"query\":\"#\\u0001\\u0000\\n{ping}\"}",
		"byte order mark in the document": "{\"query\":\"\\ufeff{ping}\"}",
		"named operation":                 `{"query":"query A{ping} query B{self{ping}}","operationName":"A"}`,
	} {
		if got := post(t, h, text); got.Status != 200 || (string(got.Data) != `{"ping":"x"}` && name != "control characters in a comment") {
			t.Errorf("%s: status %d, %s", name, got.Status, got.Text)
		}
	}
	r := httptest.NewRequest("GET", "/graphql?"+url.Values{"query": {"query($t:String){echo(text:$t)}"}, "variables": {`{"t":"a"}`}}.Encode(), nil)
	if got := send(t, h, r); string(got.Data) != `{"echo":"x"}` {
		t.Errorf("GET: %s", got.Text)
	}
}

func TestNulAndUnicodeNamesAreParseErrors(t *testing.T) {
	t.Parallel()
	h := newHandler()
	for _, query := range []string{"{\x00}", "{pi\x00ng}", "{é}", "{пинг}", "{ping}\x7f", "\u202e{ping}", "{a\u200bb}", "{\U0001F600}", "{'ping'}"} {
		if got := run(t, h, query); got.code() != gqlhttp.CodeParseFailed {
			t.Errorf("%q: %s", query, got.Text)
		}
	}
}

func TestTheAnswerHasTheTypeThatTheClientPrefers(t *testing.T) {
	t.Parallel()
	h := newHandler()
	for accept, want := range map[string]string{
		"":                                  "application/json",
		"*/*":                               "application/json",
		"application/*":                     "application/json",
		"application/json":                  "application/json",
		"application/graphql-response+json": "application/graphql-response+json",
		"text/html, application/graphql-response+json;q=0.5, */*;q=0.1":        "application/graphql-response+json",
		"application/json;q=0.4, application/graphql-response+json;q=0.6":      "application/graphql-response+json",
		"application/graphql-response+json;q=nonsense, application/json;q=0.1": "application/json",
		"application/graphql-response+json;q=7, application/json;q=0.1":        "application/json",
	} {
		r := httptest.NewRequest("POST", "/graphql", strings.NewReader(body("{ping}")))
		r.Header.Set("Content-Type", "application/json; charset=UTF-8")
		if accept != "" {
			r.Header.Set("Accept", accept)
		}
		if got := send(t, h, r).Header.Get("Content-Type"); got != want+"; charset=utf-8" {
			t.Errorf("Accept %q: %q", accept, got)
		}
	}
}

func TestARequestErrorIs400InTheGraphQLTypeAnd200InPlainJSON(t *testing.T) {
	t.Parallel()
	h := newHandler()
	for query, variables := range map[string]string{
		"{":                             "{}",
		"{nosuch}":                      "{}",
		"query($n:Int!){echo(n:$n)}":    "{}",
		"{items(first:-1){totalCount}}": "{}",
		"{__schema{queryType{name}}}":   "{}",
	} {
		for accept, want := range map[string]int{"application/json": 200, "application/graphql-response+json": 400} {
			r := httptest.NewRequest("POST", "/graphql", strings.NewReader(body(query, variables)))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Accept", accept)
			got := send(t, h, r)
			if strings.HasPrefix(query, "{__schema") && want == 400 {
				want = 403
			}
			if got.Status != want || strings.Contains(got.Text, `"data"`) {
				t.Errorf("%s as %s: status %d, %s", query, accept, got.Status, got.Text)
			}
		}
	}
}

func TestOptionsTellsTheMethods(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	newHandler().ServeHTTP(w, httptest.NewRequest("OPTIONS", "/graphql", nil))
	if w.Code != 204 || w.Header().Get("Allow") != "GET, HEAD, POST, OPTIONS" || w.Body.Len() > 0 {
		t.Fatalf("status %d, headers %v", w.Code, w.Header())
	}
}

func TestTheBodyIsWrittenAtOnceWithItsLength(t *testing.T) {
	t.Parallel()
	h := newHandler()
	for _, text := range []string{body("{ping}"), body("{nosuch}"), body("{fail}"), "[", "{"} {
		w := &countingWriter{ResponseRecorder: httptest.NewRecorder()}
		r := httptest.NewRequest("POST", "/graphql", strings.NewReader(text))
		r.Header.Set("Content-Type", "application/json")
		h.ServeHTTP(w, r)
		if w.writes != 1 || w.Header().Get("Content-Length") != strconv.Itoa(w.Body.Len()) {
			t.Errorf("%s: %d writes, Content-Length %s for %d bytes", text, w.writes, w.Header().Get("Content-Length"), w.Body.Len())
		}
	}
}

type countingWriter struct {
	*httptest.ResponseRecorder
	writes int
}

func (w *countingWriter) Write(b []byte) (int, error) {
	w.writes++
	return w.ResponseRecorder.Write(b)
}

func TestAHugeBodyIsRefusedOverARealConnection(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(newHandler())
	defer server.Close()
	defer server.Client().CloseIdleConnections()
	request, _ := http.NewRequest("POST", server.URL, strings.NewReader(body(strings.Repeat("{a", 1_500_000))))
	request.Header.Set("Content-Type", "application/json")
	response, err := server.Client().Do(request)
	if err != nil {
		t.Skipf("the connection was reset before the answer was read: %v", err)
	}
	defer response.Body.Close()
	if text, _ := io.ReadAll(response.Body); response.StatusCode != 413 || !strings.Contains(string(text), gqlhttp.CodeBodyTooLarge) {
		t.Fatalf("status %d: %s", response.StatusCode, text)
	}
}

func TestARequestWithoutAnIdGetsOneAndKeepsIt(t *testing.T) {
	t.Parallel()
	h := gqlhttp.New(newTestSchema(), gqlhttp.Options{Log: quiet()})
	a, b := run(t, h, "{nosuch}"), run(t, h, "{nosuch}")
	if a.Header.Get("X-Request-Id") == b.Header.Get("X-Request-Id") {
		t.Fatal("two requests have one id")
	}
}

func TestAnExtensionOfTheCallerRunsAfterTheLimits(t *testing.T) {
	t.Parallel()
	seen := 0
	h := newHandler(func(o *gqlhttp.Options) {
		o.Extensions = []graphql.HandlerExtension{operationCounter{&seen}}
	})
	run(t, h, "{ping}")
	run(t, h, "{items(first:101){totalCount}}")
	if seen != 1 {
		t.Fatalf("the extension saw %d operations, want the one that passed", seen)
	}
}
