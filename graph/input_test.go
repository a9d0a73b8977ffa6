package graph_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/keyhall/keyhall/graph/gqlhttp"
	"github.com/keyhall/keyhall/internal/apptest"
)

// inputCanary stands in values of bad requests: no answer and no log line may hold it.
const inputCanary = "hunter2c4n4ry"

// bad is one request that must be refused.
type bad struct {
	name  string
	body  string // raw; else query and vars
	query string
	vars  apptest.Vars
	codes string // any of these
}

func (b bad) text(t testing.TB) string {
	t.Helper()
	if b.body != "" {
		return b.body
	}
	text, err := json.Marshal(map[string]any{"query": b.query, "variables": b.vars})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// allCodes are those of the top level and of all payloads and results.
func allCodes(out apptest.Answer) []string {
	var codes []string
	for _, e := range out.Errors {
		codes = append(codes, e.Extensions.Code)
	}
	codes = append(codes, out.Refused()...)
	for _, payload := range out.Data {
		p, _ := payload.(map[string]any)
		results, _ := p["results"].([]any)
		for _, r := range results {
			if e, ok := r.(map[string]any)["error"].(map[string]any); ok {
				codes = append(codes, fmt.Sprint(e["code"]))
			}
		}
	}
	return codes
}

// refuseAll sends bad requests as somebody: each is a coded error with the id of its request, writes nothing, repeats no
// value, and leaves the server alive.
func refuseAll(t *testing.T, s *apptest.Server, a *apptest.Actor, requests []bad) {
	t.Helper()
	before := contents(t, s)
	for _, b := range requests {
		out := a.Post(t, []byte(b.text(t)))
		codes := allCodes(out)
		if len(codes) == 0 || !strings.Contains(b.codes, codes[0]) {
			t.Errorf("%s: want %s, got %v: %d %.400s", b.name, b.codes, codes, out.Status, out.Body)
		}
		if len(out.Errors) > 0 {
			refusedWithACode(t, b.name, out)
		}
		if out.Status >= 500 || len(out.Body) > 64<<10 {
			t.Errorf("%s: status %d, %d bytes", b.name, out.Status, len(out.Body))
		}
		if strings.Contains(strings.ToLower(out.Body), inputCanary) {
			t.Errorf("%s: the answer repeats a value: %.400s", b.name, out.Body)
		}
		if after := contents(t, s); after != before {
			t.Errorf("%s: something was written:\n%s", b.name, difference(before, after))
			before = after
		}
	}
	if strings.Contains(strings.ToLower(s.Log.String()), inputCanary) {
		t.Error("the log repeats a value")
	}
	if strings.Contains(s.Log.String(), "panic") {
		t.Error("the server panicked")
	}
	a.Must(t, countKeys, nil)
}

//keyhall:norace
func TestMalformedAndOversizedRequestsAreRefusedWithACode(t *testing.T) {
	t.Parallel()
	rep := strings.Repeat
	asked := func(q string) string {
		text, _ := json.Marshal(map[string]string{"query": q})
		return string(text)
	}
	fragments := func(n int) string {
		var b strings.Builder
		b.WriteString("{...F0}")
		for i := range n {
			fmt.Fprintf(&b, "fragment F%d on Query{...F%d ...F%d}", i, i+1, i+1)
		}
		fmt.Fprintf(&b, "fragment F%d on Query{apiKeys{totalCount}}", n)
		return b.String()
	}
	const large, invalid, parse, request = "OPERATION_TOO_LARGE", "GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED", "BAD_REQUEST"
	var aliases, roots strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&aliases, "a%d:createAPIKey(input:{name:\"x\"}){errors{code}}", i)
		fmt.Fprintf(&roots, "a%d:viewer{email}", i)
	}
	requests := []bad{
		{name: "no JSON", body: "garbage " + inputCanary, codes: request},
		{name: "half a JSON", body: `{"query":"{viewer{email}}","variables":{"a":"` + inputCanary, codes: request},
		{name: "nothing", body: " ", codes: request},
		{name: "null", body: "null", codes: request},
		{name: "a number", body: "7", codes: request},
		{name: "a string", body: `"` + inputCanary + `"`, codes: request},
		{name: "an empty object", body: "{}", codes: request},
		{name: "a list", body: `[{"query":"{viewer{email}}"}]`, codes: "BATCHING_DISABLED"},
		{name: "a query that is a number", body: `{"query":7}`, codes: request},
		{name: "variables that are a list", body: `{"query":"{viewer{email}}","variables":["` + inputCanary + `"]}`, codes: request},
		{name: "two JSON values", body: asked("{viewer{email}}") + asked("{viewer{email}}"), codes: request},
		{name: "broken UTF-8", body: "{\"query\":\"{viewer{email\xff\xfe}}\"}", codes: request + parse + invalid},
		{name: "UTF-16", body: "\xff\xfe{\x00", codes: request},
		{name: "3 MB of nesting", body: asked(rep("{a", 1_500_000)), codes: "BODY_TOO_LARGE"},
		{name: "3 MB of nested JSON", body: rep(`{"a":`, 600_000), codes: "BODY_TOO_LARGE"},
		{name: "250 KB of nesting", body: asked(rep("{a", 120_000)), codes: large + parse},
		{name: "250 KB of nested lists", body: asked("{node(id:" + rep("[", 240_000)), codes: large + parse},
		{name: "nested variables", body: `{"query":"query($f:APIKeyFilter){apiKeys(filter:$f){totalCount}}","variables":{"f":` + rep(`{"a":`, 9_000) + "1" + rep("}", 9_000) + "}}", codes: large + request},
		{name: "1000 aliases of a mutation", body: asked("mutation{" + aliases.String() + "}"), codes: large},
		{name: "1000 aliases of a query", body: asked("{" + roots.String() + "}"), codes: large},
		{name: "a fragment bomb", body: asked(fragments(30)), codes: large},
		{name: "a larger fragment bomb", body: asked(fragments(200)), codes: large},
		{name: "a fragment of itself", body: asked("{...A} fragment A on Query{...A}"), codes: invalid},
		{name: "10,000 directives", body: asked("{viewer " + rep("@skip(if:false)", 10_000) + "{email}}"), codes: large},
		{name: "pages of pages of pages", body: asked("{projects(first:100){nodes{apiKeys(first:100){nodes{collaborators(first:100){nodes{id}}}}}}}"), codes: large},
		{name: "an unknown field", body: asked("{viewer{password}}"), codes: invalid},
		{name: "an unknown mutation", body: asked("mutation{dropEverything{errors{code}}}"), codes: invalid},
		{name: "an unknown argument", body: asked("{apiKeys(where:{}){totalCount}}"), codes: invalid},
		{name: "an unknown input field", body: asked(`mutation{createAPIKey(input:{name:"` + inputCanary + `",ownerId:"x"}){errors{code}}}`), codes: invalid},
		{name: "an unknown input field in a variable", query: `mutation($i:CreateAPIKeyInput!){createAPIKey(input:$i){errors{code}}}`,
			vars: apptest.Vars{"i": apptest.Vars{"name": inputCanary, "ownerId": "x"}}, codes: "BAD_USER_INPUT"},
		{name: "an unknown type", body: asked("{...on Secret{id}}"), codes: invalid},
		{name: "an unknown directive", body: asked("{viewer @admin{email}}"), codes: invalid},
		{name: "no selection", body: asked("{viewer}"), codes: invalid},
		{name: "an unused variable", body: asked("query($a:Int){viewer{email}}"), codes: invalid},
		{name: "a missing variable", body: asked("query($a:ID!){node(id:$a){id}}"), codes: "BAD_USER_INPUT"},
		{name: "a null for what must be", body: asked("mutation{createAPIKey(input:null){errors{code}}}"), codes: invalid},
		{name: "two operations, none named", body: asked("query A{viewer{email}} query B{viewer{email}}"), codes: invalid + request},
		{name: "an operation that is not there", body: `{"query":"query A{viewer{email}}","operationName":"` + inputCanary + `"}`, codes: invalid + request},
		{name: "a subscription", body: asked("subscription{viewer{email}}"), codes: invalid + request},
		{name: "a persisted query", body: `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + inputCanary + `"}}}`, codes: request + "PERSISTED_QUERY_NOT_FOUND"},
		{name: "syntax", body: asked("{viewer{email}"), codes: parse},
		{name: "a null character in the document", body: asked("{viewer{\u0000email}}"), codes: parse},
		{name: "a control character in the document", body: asked("{viewer{\u0007email}}"), codes: parse},
		{name: "a bidi mark in the document", body: asked("{viewer{\u202eemail}}"), codes: parse},
		{name: "nothing asked", body: asked(""), codes: request + parse + invalid},
	}
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		refuseAll(t, s, s.Actor(t, "maik"), requests)
	})
}

//keyhall:norace
func TestOnlyJSONByPOSTAndQueriesByGETAreServed(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		nils := s.Actor(t, "nils")
		before := contents(t, s)
		const mutation = `mutation{createAPIKey(input:{name:"` + inputCanary + `"}){errors{code}}}`
		send := func(method, query, kind, accept, body string) apptest.Answer {
			req := newRequest(t, s, body)
			req.Method, req.URL.RawQuery = method, query
			if body == "" {
				req.Body, req.ContentLength = http.NoBody, 0
			}
			req.Header.Set("Content-Type", kind)
			if kind == "" {
				req.Header.Del("Content-Type")
			}
			if accept != "" {
				req.Header.Set("Accept", accept)
			}
			return nils.Send(t, req)
		}
		ask := func(q string) string { return url.Values{"query": {q}}.Encode() }
		if out := send("GET", ask("{viewer{email}}"), "", "", ""); out.Status != 200 || out.Text("viewer", "email") != nils.Email {
			t.Errorf("a query by GET: %d %s", out.Status, out.Body)
		}
		if out := send("GET", url.Values{"query": {"query($f:Int){apiKeys(first:$f){totalCount}}"}, "variables": {`{"f":1}`}}.Encode(), "", "", ""); out.Status != 200 || len(out.Errors) > 0 {
			t.Errorf("a query with variables by GET: %d %s", out.Status, out.Body)
		}
		if out := send("GET", ask("{viewer{email}}"), "", "", ""); out.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("an answer to GET may be stored: %v", out.Header)
		}
		good, _ := json.Marshal(map[string]string{"query": mutation})
		for name, c := range map[string]struct {
			out    apptest.Answer
			status []int
		}{
			"a mutation by GET":            {send("GET", ask(mutation), "", "", ""), []int{405}},
			"a named mutation by GET":      {send("GET", url.Values{"query": {"query A{viewer{email}} mutation B{createAPIKey(input:{name:\"x\"}){errors{code}}}"}, "operationName": {"B"}}.Encode(), "", "", ""), []int{405}},
			"a mutation by HEAD":           {send("HEAD", ask(mutation), "", "", ""), []int{405}},
			"a mutation by PUT":            {send("PUT", "", "application/json", "", string(good)), []int{405}},
			"a mutation by PATCH":          {send("PATCH", "", "application/json", "", string(good)), []int{405}},
			"a mutation by DELETE":         {send("DELETE", ask(mutation), "", "", ""), []int{405}},
			"a mutation in the POST's URL": {send("POST", ask(mutation), "application/json", "", "{}"), []int{400}},
			"a form":                       {send("POST", "", "application/x-www-form-urlencoded", "", ask(mutation)), []int{415}},
			"an upload":                    {send("POST", "", "multipart/form-data; boundary=x", "", "--x\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n"+string(good)+"\r\n--x--"), []int{415}},
			"plain text":                   {send("POST", "", "text/plain", "", string(good)), []int{415}},
			"no content type":              {send("POST", "", "", "", string(good)), []int{400, 415}},
			"a document by itself":         {send("POST", "", "application/graphql", "", mutation), []int{415}},
			"JSON in another alphabet":     {send("POST", "", "application/json; charset=utf-16", "", string(good)), []int{400, 415}},
			"who wants HTML":               {send("POST", "", "application/json", "text/html", string(good)), []int{406}},
			"GET without a query":          {send("GET", "", "", "", ""), []int{400}},
			"GET with bad variables":       {send("GET", url.Values{"query": {"{viewer{email}}"}, "variables": {inputCanary}}.Encode(), "", "", ""), []int{400}},
			"GET with a bad escape":        {send("GET", "query=%zz"+inputCanary, "", "", ""), []int{400}},
			"TRACE":                        {send("TRACE", "", "", "", ""), []int{405, 403}},
		} {
			if !slices.Contains(c.status, c.out.Status) {
				t.Errorf("%s: status %d, want %v: %.300s", name, c.out.Status, c.status, c.out.Body)
			}
			if strings.Contains(c.out.Body, inputCanary) {
				t.Errorf("%s: the answer repeats a value: %s", name, c.out.Body)
			}
			if !strings.Contains(name, "HEAD") {
				refusedWithACode(t, name, c.out)
			}
		}
		if after := contents(t, s); after != before {
			t.Errorf("something was written:\n%s", difference(before, after))
		}
		if strings.Contains(s.Log.String(), inputCanary) {
			t.Error("the log repeats a value")
		}
		nils.Must(t, countKeys, nil)
	})
}

// A body whose end never comes, and one that is larger than it said, end with the server's patience and not with the server.
//
//keyhall:norace
func TestABodyThatIsLongerThanTheLimitIsNotReadToItsEnd(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		read := &counted{}
		req := newRequest(t, s, "")
		req.Body, req.ContentLength = io.NopCloser(io.LimitReader(read, 64<<20)), -1
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			defer resp.Body.Close()
			text, _ := io.ReadAll(resp.Body)
			if resp.StatusCode != http.StatusRequestEntityTooLarge || !strings.Contains(string(text), gqlhttp.CodeBodyTooLarge) {
				t.Errorf("64 MiB: %d %.300s", resp.StatusCode, text)
			}
		}
		if n := read.n.Load(); n > 16<<20 {
			t.Errorf("%d bytes of the body were taken", n)
		}
		s.Actor(t, "oda").Must(t, countKeys, nil)
	})
}

// counted is an endless body that knows how much of it was taken.
type counted struct{ n atomic.Int64 }

func (c *counted) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '{'
	}
	c.n.Add(int64(len(p)))
	return len(p), nil
}
