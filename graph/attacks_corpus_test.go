package graph_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// attacks is the corpus: the checks of the known scanners, the limits one step beyond, and what people try next.
func attacks() []attack {
	return concat(scannerAttacks(), limitAttacks(), documentAttacks(), variableAttacks(), introspectionAttacks(),
		transportAttacks(), identifierAttacks(), textAttacks(), streamAttacks())
}

func concat(lists ...[]attack) []attack {
	var out []attack
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

// repeat writes a pattern n times; %d is the number.
func repeat(n int, pattern string) string {
	if !strings.Contains(pattern, "%d") {
		return strings.Repeat(pattern, n)
	}
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, strings.ReplaceAll(pattern, "%d", "%[1]d"), i)
	}
	return b.String()
}

func query(name, codes, text string) attack {
	return attack{name: name, codes: codes, body: document(text)}
}

// scannerAttacks are what graphql-cop (twelve checks) and batchql (five) send.
func scannerAttacks() []attack {
	const one = `{"query":"{viewer{email}}"}`
	typo := func(name, text, right string) attack {
		a := query(name, invalidQuery, text)
		a.stays = right
		return a
	}
	return []attack{
		query("101 aliases", tooLarge, "{"+repeat(101, "a%d:__typename ")+"}"),
		{name: "a batch of ten", codes: batching, body: "[" + strings.TrimSuffix(strings.Repeat(one+",", 10), ",") + "]"},
		{name: "a batch of none", codes: batching, body: "[]"},
		{name: "a batch inside an object", codes: badRequest, body: `{"query":[` + one + `]}`},
		query("circular introspection", invalidQuery+tooLarge, "{__schema{types{fields{type{fields{type{fields{type{fields{type{name}}}}}}}}}}}"),
		query("ten times one directive", invalidQuery+tooLarge, "{__typename "+repeat(10, "@aa")+"}"),
		query("five hundred times one field", tooLarge, "{viewer{"+repeat(500, "email ")+"}}"),
		typo("a field with a typo", "{viewer{emial}}", "email"),
		typo("a root field with a typo", "{apiKey5{totalCount}}", "apiKeys"),
		typo("an argument with a typo", "{apiKeys(frist:1){totalCount}}", "first"),
		typo("a type with a typo", "{node(id:\"x\"){...on APIKeey{name}}}", "APIKey\""),
		typo("an enum value with a typo", "{apiKeys(filter:{kind:PROJEKT}){totalCount}}", "PROJECT\""),
		typo("a mutation with a typo", "mutation{createAPIKeys(input:{name:\"x\"}){errors{code}}}", "createAPIKey\""),
		{name: "a query by GET", method: "GET", url: "?query=" + url.QueryEscape("{__typename}"), codes: served},
		{name: "a mutation by GET", method: "GET", url: "?query=" + url.QueryEscape(`mutation{signOut{errors{code}}}`), codes: badRequest},
		{name: "a mutation in a form", body: "query=" + url.QueryEscape(`mutation{signOut{errors{code}}}`), codes: badRequest,
			header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}},
		{name: "an explorer at the endpoint", method: "GET", header: map[string]string{"Accept": "text/html"}, codes: badRequest},
		{name: "tracing", codes: served, body: `{"query":"{__typename}","extensions":{"tracing":true,"debug":true}}`, header: map[string]string{"X-Apollo-Tracing": "1"}},
		query("a thousand guesses at a password", tooLarge, "mutation{"+repeat(1000, `a%d:signIn(input:{login:"otto",password:"x%d"}){errors{code}}`)+"}"),
		query("sixteen guesses at a password", tooLarge, "mutation{"+repeat(16, `a%d:signIn(input:{login:"otto",password:"x%d"}){errors{code}}`)+"}"),
	}
}

// limitAttacks are one step beyond each limit, and large.
func limitAttacks() []attack {
	nested := func(n int) string {
		return "{apiKeys(first:1){nodes{owner{...on User{id}}" + repeat(n, "project{apiKeys(first:1){nodes{") + "id" + repeat(n, "}}}") + "}}}"
	}
	return []attack{
		query("as many root fields as there may be", served, "{"+repeat(5, "a%d:__typename ")+"}"),
		query("one root field too many", tooLarge, "{"+repeat(6, "a%d:__typename ")+"}"),
		query("as many aliases as there may be", served, "{viewer{"+repeat(15, "a%d:email ")+"}}"),
		query("one alias too many", tooLarge, "{viewer{"+repeat(16, "a%d:email ")+"}}"),
		query("as many directives as there may be", served, "{viewer{"+repeat(20, "email @include(if:true) ")+"}}"),
		query("one directive too many", tooLarge, "{viewer{"+repeat(21, "email @include(if:true) ")+"}}"),
		query("too many fields", tooLarge, "{viewer{"+repeat(1001, "email ")+"}}"),
		query("twelve levels and more", tooLarge, nested(4)),
		query("a hundred levels", tooLarge, nested(33)),
		query("a page of a hundred pages", tooLarge, "{projects(first:100){nodes{apiKeys(first:100){nodes{id}}}}}"),
		query("pages without a size", tooLarge, "{projects{nodes{apiKeys{nodes{collaborators{nodes{id}}}}}}}"),
		query("a page too large", badInput, "{apiKeys(first:101){nodes{id}}}"),
		query("the largest page of 32 bits", badInput, "{apiKeys(first:2147483647){nodes{id}}}"),
		query("more than 32 bits", badInput+invalidQuery, "{apiKeys(first:2147483648){nodes{id}}}"),
		query("more than 64 bits", badInput+invalidQuery, "{apiKeys(first:99999999999999999999){nodes{id}}}"),
		query("a negative page", badInput, "{apiKeys(first:-1){nodes{id}}}"),
		query("the least negative page", badInput, "{apiKeys(last:-2147483648){nodes{id}}}"),
		query("a page of a half", invalidQuery, "{apiKeys(first:0.5){nodes{id}}}"),
		query("a page both ways", badInput, "{apiKeys(first:1,last:1){nodes{id}}}"),
		query("a foreign cursor", badInput, `{apiKeys(first:1,after:"YWJj"){nodes{id}}}`),
		query("a cursor of garbage", badInput, `{apiKeys(first:1,after:"%%%"){nodes{id}}}`),
		query("an empty cursor", badInput, `{apiKeys(first:1,after:""){nodes{id}}}`),
		query("a long cursor", badInput, `{apiKeys(first:1,after:"`+strings.Repeat("A", 60_000)+`"){nodes{id}}}`),
		query("cursors both ways", badInput, `{apiKeys(first:1,after:"YQ",before:"YQ"){nodes{id}}}`),
		query("a hundred and one nodes", badInput, `{nodes(ids:["`+strings.Repeat(`x","`, 100)+`x"]){id}}`),
		query("2,001 tokens", tooLarge+unparsed, "{viewer{"+repeat(2000, "email ")+"}}"),
		{name: "a body one byte too long", codes: "BODY_TOO_LARGE", body: `{"query":"{__typename}","x":"` + strings.Repeat("a", 256<<10) + `"}`},
		{name: "a body of 3 MB", codes: "BODY_TOO_LARGE", body: document("{" + strings.Repeat("a", 3<<20) + "}")},
	}
}

// documentAttacks are documents that cost more than they weigh, or confuse.
func documentAttacks() []attack {
	bomb := func(n, width int, last string) string {
		var b strings.Builder
		b.WriteString("{...F0}")
		for i := range n {
			fmt.Fprintf(&b, "fragment F%d on Query{%s}", i, strings.Repeat(fmt.Sprintf("...F%d ", i+1), width))
		}
		fmt.Fprintf(&b, "fragment F%d on Query{%s}", n, last)
		return b.String()
	}
	return []attack{
		query("fragments that double twelve times", tooLarge, bomb(12, 2, "__typename")),
		query("fragments that double a hundred times", tooLarge, bomb(100, 2, "__typename")),
		query("fragments that multiply by twenty", tooLarge, bomb(10, 20, "viewer{email}")),
		query("a fragment of itself", invalidQuery+tooLarge, "{...A} fragment A on Query{...A}"),
		query("two fragments of each other", invalidQuery+tooLarge, "{...A} fragment A on Query{...B} fragment B on Query{...A}"),
		query("a circle of fifty fragments", invalidQuery+tooLarge, "{...F0}"+repeat(50, "fragment F%d on Query{...F0}")),
		query("a circle through a field", invalidQuery+tooLarge, "{viewer{...A}} fragment A on Viewer{user{...B}} fragment B on User{...A}"),
		query("an unknown fragment", invalidQuery, "{...Nobody}"),
		query("an unused fragment", invalidQuery, "{__typename} fragment A on Query{__typename}"),
		query("a fragment twice", invalidQuery, "{...A} fragment A on Query{__typename} fragment A on Query{__typename}"),
		query("a fragment on a scalar", invalidQuery, "{...A} fragment A on String{__typename}"),
		query("a fragment on an input", invalidQuery, "{...on APIKeyFilter{query}}"),
		query("a fragment where it cannot be", invalidQuery, "{...on Mutation{signOut{errors{code}}}}"),
		query("a field of another type", invalidQuery, "{viewer{...on APIKey{name}}}"),
		query("skip and include together", served, "{__typename @skip(if:true) @include(if:true) viewer{email}}"),
		query("everything left out", served, "{viewer @skip(if:true){email}}"),
		query("a mutation that is left out", served, `mutation{createAPIKey(input:{name:"x"}) @skip(if:true){errors{code}}}`),
		query("skip without its condition", invalidQuery, "{__typename @skip}"),
		query("skip with a text", invalidQuery, `{__typename @skip(if:"true")}`),
		query("skip with an unknown variable", invalidQuery, "{__typename @skip(if:$x)}"),
		query("a directive of the schema in a query", invalidQuery, `{viewer @public{email}}`),
		query("a permission claimed in a query", invalidQuery, `{viewer @permission(name:"api_key.view"){email}}`),
		query("defer, which is answered at once", served, "{viewer{...@defer{email}}}"),
		query("defer a hundred times", invalidQuery+tooLarge, "{viewer{"+repeat(100, "...@defer{email}")+"}}"),
		query("stream", invalidQuery, "{apiKeys{nodes @stream(initialCount:1){id}}}"),
		query("fields that conflict", invalidQuery, "{a:viewer{email} a:apiKeys{totalCount}}"),
		query("arguments that conflict", invalidQuery, "{a:apiKeys(first:1){totalCount} a:apiKeys(first:2){totalCount}}"),
		query("300 conflicts", invalidQuery+tooLarge, "{"+repeat(300, "apiKeys(first:%d){totalCount}")+"}"),
		query("an argument twice", invalidQuery+unparsed, "{apiKeys(first:1,first:2){totalCount}}"),
		query("an input field twice", invalidQuery+unparsed, `{apiKeys(filter:{query:"a",query:"b"}){totalCount}}`),
		query("no selection of an object", invalidQuery, "{viewer}"),
		query("a selection of a scalar", invalidQuery, "{viewer{email{length}}}"),
		query("an empty selection", unparsed, "{viewer{}}"),
		query("a schema definition", unparsed+invalidQuery+badRequest, "type Query{a:Int}"),
		query("a schema extension beside a query", unparsed+invalidQuery, "{__typename} extend type Query{a:Int}"),
		query("nothing but a comment", unparsed+badRequest+invalidQuery, "# nothing"),
		query("nothing but white space", unparsed+badRequest+invalidQuery, "   \n\t  "),
		query("50,000 lines of comments", tooLarge+served, strings.Repeat("#\n", 50_000)+"{__typename}"),
		query("50,000 commas", served+tooLarge+unparsed, strings.Repeat(",", 50_000)+"{__typename}"),
		query("100,000 directives", "BODY_TOO_LARGE"+tooLarge, "{__typename "+strings.Repeat("@a ", 80_000)+"}"),
		query("deep lists in a literal", tooLarge+unparsed, "{nodes(ids:"+strings.Repeat("[", 50_000)+strings.Repeat("]", 50_000)+"){id}}"),
		query("deep objects in a literal", tooLarge+unparsed, "{apiKeys(filter:"+strings.Repeat("{query:", 30_000)+"1"+strings.Repeat("}", 30_000)+"){totalCount}}"),
		query("a block string without an end", unparsed, `{apiKeys(filter:{query:"""`+strings.Repeat("x", 100_000)),
		query("a block string of 200 KB", badInput+served, `{apiKeys(filter:{query:"""`+strings.Repeat("x", 200_000)+`"""}){totalCount}}`),
		query("a name of 100 KB", invalidQuery, "{"+strings.Repeat("n", 100_000)+"}"),
		query("an alias of 100 KB", served+tooLarge+invalidQuery, "{"+strings.Repeat("n", 100_000)+":__typename}"),
		query("an alias named like the prototype", served, "{__proto__:__typename constructor:__typename}"),
		query("two operations without a name", invalidQuery+badRequest, "{__typename} {__typename}"),
		query("two operations of one name", invalidQuery+badRequest, "query A{__typename} query A{__typename}"),
		{name: "a name that is a list", codes: badRequest, body: `{"query":"query A{__typename}","operationName":["A"]}`},
		{name: "a query named as the mutation beside it", codes: invalidQuery + badRequest, body: `{"query":"query A{__typename} mutation A{signOut{errors{code}}}","operationName":"A"}`},
		{name: "the empty name among two", codes: invalidQuery + badRequest, body: `{"query":"query A{__typename} query B{__typename}","operationName":""}`},
	}
}

// variableAttacks are about what is sent beside the document.
func variableAttacks() []attack {
	with := func(name, codes, document, variables string) attack {
		return attack{name: name, codes: codes, body: `{"query":` + quote(document) + `,"variables":` + variables + `}`, stays: inputCanary}
	}
	const filtered = "query($f:APIKeyFilter){apiKeys(filter:$f){totalCount}}"
	const paged = "query($n:Int){apiKeys(first:$n){totalCount}}"
	deep := strings.Repeat(`{"query":`, 5_000) + "1" + strings.Repeat("}", 5_000)
	return []attack{
		with("variables that are a text", badRequest, filtered, `"`+inputCanary+`"`),
		with("variables that are a number", badRequest, filtered, `7`),
		with("variables nested 5,000 deep", tooLarge+badRequest, filtered, `{"f":`+deep+`}`),
		with("lists nested 50,000 deep", tooLarge+badRequest, filtered, `{"f":`+strings.Repeat("[", 50_000)+strings.Repeat("]", 50_000)+`}`),
		with("20,000 variables that nobody asked for", tooLarge+served, filtered, "{"+strings.TrimSuffix(repeat(20_000, `"v%d":1,`), ",")+"}"),
		with("10,000 unknown input fields", tooLarge+badInput, filtered, `{"f":{`+strings.TrimSuffix(repeat(10_000, `"v%d":1,`), ",")+`}}`),
		with("an unknown input field that is no name", badInput, filtered, `{"f":{"`+inputCanary+` !":1}}`),
		with("a text for an object", badInput, filtered, `{"f":"`+inputCanary+`"}`),
		with("a text for a number", badInput, paged, `{"n":"`+inputCanary+`"}`),
		with("a number with an exponent", badInput+served, paged, `{"n":1e1}`),
		with("an endless exponent", badInput, paged, `{"n":1e400}`),
		with("a number with a fraction", badInput, paged, `{"n":1.5}`),
		with("not a number", badRequest, paged, `{"n":NaN}`),
		with("a number too large", badInput, paged, `{"n":2147483648}`),
		with("a boolean for a number", badInput, paged, `{"n":true}`),
		with("a list for a number", badInput, paged, `{"n":[1]}`),
		with("an object for an id", badInput, "query($i:ID!){node(id:$i){id}}", `{"i":{"$ne":null}}`),
		with("a list for an id", badInput, "query($i:ID!){node(id:$i){id}}", `{"i":["`+inputCanary+`"]}`),
		with("a boolean for an id", badInput, "query($i:ID!){node(id:$i){id}}", `{"i":true}`),
		with("null for an id", badInput, "query($i:ID!){node(id:$i){id}}", `{"i":null}`),
		with("nulls among ids", badInput, "query($i:[ID!]!){nodes(ids:$i){id}}", `{"i":["key_1",null]}`),
		with("a variable twice", badRequest+badInput+served, paged, `{"n":1,"n":"`+inputCanary+`"}`),
		with("an enum by another name", badInput, filtered, `{"f":{"kind":"`+inputCanary+`"}}`),
		with("a time that is none", badInput, filtered, `{"f":{"expiresBefore":"`+inputCanary+`"}}`),
		with("a time far away", badInput+served, filtered, `{"f":{"expiresBefore":"99999-01-01T00:00:00Z"}}`),
		with("a time before all times", badInput+served, filtered, `{"f":{"expiresBefore":"0000-00-00T00:00:00Z"}}`),
		with("a variable of an unknown type", invalidQuery, "query($f:"+"Nothing){apiKeys{totalCount}}", `{}`),
		with("a variable of an output type", invalidQuery, "query($f:APIKey){apiKeys{totalCount}}", `{}`),
		with("a variable in the wrong place", invalidQuery, "query($f:String){apiKeys(first:$f){totalCount}}", `{"f":"1"}`),
		with("a variable declared twice", invalidQuery, "query($n:Int,$n:Int){apiKeys(first:$n){totalCount}}", `{"n":1}`),
		with("a default that does not fit", invalidQuery, `query($n:Int="`+inputCanary+`"){apiKeys(first:$n){totalCount}}`, `{}`),
		with("a default page too large", badInput, `query($n:Int=1000){apiKeys(first:$n){totalCount}}`, `{}`),
		with("a page size left open", served, paged, `{}`),
		with("a page cost hidden in variables", tooLarge, "query($n:Int){projects(first:$n){nodes{apiKeys(first:$n){nodes{collaborators(first:$n){nodes{id}}}}}}}", `{"n":100}`),
		{name: "extensions that are a list", codes: badRequest, body: `{"query":"{__typename}","extensions":[]}`},
		{name: "a stored query that is not", codes: "PERSISTED_QUERY_NOT_FOUND" + badRequest, body: `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + strings.Repeat("0", 64) + `"}}}`},
		{name: "a stored query under a wrong hash", codes: served + badRequest + "PERSISTED_QUERY_NOT_FOUND", body: `{"query":"{__typename}","extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + strings.Repeat("0", 64) + `"}}}`},
		{name: "an operation by its id", codes: "PERSISTED_QUERY_NOT_FOUND" + badRequest, body: `{"id":"../../etc/passwd","documentId":"x"}`},
	}
}

func introspectionAttacks() []attack {
	return []attack{
		query("the whole schema", served, "{__schema{queryType{name} types{name kind fields{name}}}}"),
		query("a type by name", served, `{__type(name:"APIKeyHash"){name fields{name}}}`),
		query("a type of the law", served, `{__type(name:"SealedValue"){name}}`),
		query("a thousand types", tooLarge, "{"+repeat(1000, `a%d:__type(name:"User"){name}`)+"}"),
		query("the schema in a mutation", served+invalidQuery, "mutation{__schema{types{name}}}"),
		query("the schema in a fragment", served, "{...A} fragment A on Query{__schema{types{name}}}"),
		query("the schema under an alias", served, "{a:__schema{types{name}}}"),
		query("the schema behind skip", served, "{__schema @skip(if:false){types{name}}}"),
		query("the type of a hidden thing", hidden, `{node(id:"key_01ARZ3NDEKTSV4RRFFQ69G5FAV"){__typename}}`),
		query("deep types of types", invalidQuery+tooLarge+served, "{__schema{types{"+strings.Repeat("ofType{", 30)+"name"+strings.Repeat("}", 30)+"}}}"),
		query("the service of a federation", invalidQuery, "{_service{sdl}}"),
		query("the entities of a federation", invalidQuery, `{_entities(representations:[{__typename:"User",id:"1"}]){...on User{email}}}`),
	}
}

func transportAttacks() []attack {
	good := document("{__typename}")
	kind := func(name, codes, contentType string) attack {
		return attack{name: name, codes: codes, body: good, header: map[string]string{"Content-Type": contentType}}
	}
	header := func(name, codes, key, value string) attack {
		return attack{name: name, codes: codes, body: good, header: map[string]string{key: value}}
	}
	return []attack{
		kind("plain text", badRequest, "text/plain"),
		kind("a form with JSON in it", badRequest, "application/x-www-form-urlencoded"),
		kind("a document as a body", badRequest, "application/graphql"),
		kind("an upload", badRequest, "multipart/form-data; boundary=x"),
		kind("an upload without a boundary", badRequest, "multipart/form-data"),
		kind("XML", badRequest, "application/xml"),
		kind("two kinds", badRequest, "application/json, text/plain"),
		kind("a kind without an end", badRequest, `application/json; charset="`),
		kind("JSON in UTF-7", badRequest, "application/json; charset=utf-7"),
		kind("JSON of an API", badRequest, "application/vnd.api+json"),
		header("compressed, it says", badRequest, "Content-Encoding", "gzip"),
		header("compressed twice, it says", badRequest, "Content-Encoding", "gzip, br"),
		header("nothing acceptable", badRequest, "Accept", "image/png"),
		header("an Accept of 10 KB", served+badRequest, "Accept", strings.Repeat("application/json;q=0.1,", 400)+"application/json"),
		header("a method in a header", served, "X-HTTP-Method-Override", "DELETE"),
		header("another address in a header", served, "X-Forwarded-For", "127.0.0.1"),
		header("an operator in a header", served, "X-Viewer-Kind", "operator"),
		header("a key with a query", served, "Idempotency-Key", "k"),
		header("a key of 10 KB with a query", served, "Idempotency-Key", strings.Repeat("k", 10_000)),
		{name: "a key that is none", codes: badRequest, body: `{"query":"mutation{signOut{errors{code}}}"}`, header: map[string]string{"Idempotency-Key": "\u00e9"}},
		{name: "a key of 10 KB", codes: badRequest, body: `{"query":"mutation{signOut{errors{code}}}"}`, header: map[string]string{"Idempotency-Key": strings.Repeat("k", 10_000)}},
		{name: "a key for two mutations", codes: badInput, body: `{"query":"mutation{a:createAPIKey(input:{name:\"n\"}){errors{code}} b:createAPIKey(input:{name:\"n\"}){errors{code}}}"}`, header: map[string]string{"Idempotency-Key": "k"}},
		header("a request id with a line", served, "X-Request-Id", "abc def"),
		{name: "a read of the middle", method: "GET", url: "?query=%7B__typename%7D", header: map[string]string{"Range": "bytes=0-1"}, codes: served},
		{name: "PUT", method: "PUT", body: good, codes: badRequest},
		{name: "PATCH", method: "PATCH", body: good, codes: badRequest},
		{name: "DELETE", method: "DELETE", codes: badRequest},
		{name: "a method of its own", method: "GRAPHQL", body: good, codes: badRequest},
		{name: "a subscription by GET", method: "GET", url: "?query=" + url.QueryEscape("subscription{__typename}"), codes: badRequest + invalidQuery},
		{name: "GET without a query", method: "GET", codes: badRequest},
		{name: "GET with two queries", method: "GET", url: "?query=%7B__typename%7D&query=%7Bviewer%7Bemail%7D%7D", codes: served + badRequest},
		{name: "GET with variables of garbage", method: "GET", url: "?query=%7B__typename%7D&variables=%7B", codes: badRequest},
		{name: "GET with a query of 60 KB", method: "GET", url: "?query=" + strings.Repeat("%20", 2_000) + "%7B__typename%7D", codes: served + badRequest + "BODY_TOO_LARGE"},
		{name: "a query in the address of a POST", url: "?query=%7B__typename%7D", body: "{}", codes: badRequest},
		{name: "JSON with a mark in front", body: "\ufeff" + good, codes: badRequest + served},
		{name: "JSON twice", body: good + good, codes: badRequest},
		{name: "JSON with a comment", body: "/* */" + good, codes: badRequest},
		{name: "JSON with single quotes", body: `{'query':'{__typename}'}`, codes: badRequest},
		{name: "JSON whose key is upper case", body: `{"QUERY":"{__typename}"}`, codes: badRequest},
		{name: "JSON with half a surrogate", body: `{"query":"{__typename}","x":"\ud800"}`, codes: served + badRequest},
		{name: "a document with half a surrogate", body: `{"query":"{apiKeys(filter:{query:\"\ud800\"}){totalCount}}"}`, codes: served + unparsed + badInput},
		{name: "bytes that are no text", body: "{\"query\":\"{\xc3\x28}\"}", codes: unparsed + badRequest},
		{name: "JSON nested 100,000 deep", body: strings.Repeat("[", 100_000), codes: batching + badRequest},
		{name: "objects nested 50,000 deep", body: strings.Repeat(`{"query":`, 25_000), codes: badRequest},
	}
}

// quote writes a text as JSON and GraphQL both do.
func quote(text string) string {
	out, _ := json.Marshal(text)
	return string(out)
}

// identifierAttacks are ids that are none; all answers to an id are one answer.
func identifierAttacks() []attack {
	var out []attack
	for name, id := range map[string]string{
		"an empty id": "", "a space": " ", "a star": "*", "a percent": "%", "an underscore": "_", "a quote": "'", "a comment": "key_1'--",
		"a union": "x' UNION SELECT password_hash FROM credentials--", "an always true": "' OR '1'='1", "a statement": "1; DROP TABLE users",
		"a path": "../../../../etc/passwd", "a template": "{{7*7}}", "a shell": "$(id)", "an object": `{"$gt":""}`, "a zero": "0", "a minus one": "-1",
		"a long id": strings.Repeat("k", 20_000), "a prefix alone": "key_", "two prefixes": "key_usr_01ARZ3NDEKTSV4RRFFQ69G5FAV",
		"an unknown prefix": "zzz_01ARZ3NDEKTSV4RRFFQ69G5FAV", "a hash's id": "khh_01ARZ3NDEKTSV4RRFFQ69G5FAV", "a sealed value's id": "sld_01ARZ3NDEKTSV4RRFFQ69G5FAV",
		"a password's id": "crd_01ARZ3NDEKTSV4RRFFQ69G5FAV", "the instance's id": "ins_01ARZ3NDEKTSV4RRFFQ69G5FAV", "a lower case id": "key_01arz3ndektsv4rrffq69g5fav",
		"an id and a line": "key_01ARZ3NDEKTSV4RRFFQ69G5FAV\\n", "full width digits": "key_０１", "a base64 id": "QVBJS2V5OjE=",
	} {
		out = append(out, query("by id: "+name, hidden, `{node(id:`+quote(id)+`){__typename}}`))
	}
	return append(out,
		query("a null byte in an id", hidden+badInput, `{node(id:"key_\u0000"){id}}`),
		query("a null byte in ids", hidden+badInput, `{nodes(ids:["key_\u0000","x"]){id}}`),
	)
}

// textAttacks are texts that databases, terminals and pages mistake for something else.
func textAttacks() []attack {
	var out []attack
	for name, text := range map[string]string{
		"a percent": "%", "a pattern": "%_%", "a backslash": `\\`, "a quote": "'", "an always true": "' OR 1=1 --", "a long text": strings.Repeat("a", 50_000),
		"a pattern that backtracks": strings.Repeat("(a+)+", 2_000), "an emoji": "👩‍👩‍👧‍👦", "combining marks": "e" + strings.Repeat("\u0301", 5_000),
	} {
		out = append(out, query("searched for: "+name, served+badInput, `{apiKeys(filter:{query:`+quote(text)+`}){totalCount}}`))
	}
	return append(out, query("searched for: a null byte", served+badInput, `{apiKeys(filter:{query:"\u0000"}){totalCount}}`))
}
