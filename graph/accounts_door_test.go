package graph_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/graph"
	"github.com/keyhall/keyhall/graph/gqlhttp"
	"github.com/keyhall/keyhall/internal/apptest"
)

// refusedWithACode checks what holds of every refusal: one listed code with the id of the request, and no value of it.
func refusedWithACode(t testing.TB, what string, out apptest.Answer) {
	t.Helper()
	if len(out.Errors) == 0 {
		t.Errorf("%s: not refused with a coded error: %d %.300s", what, out.Status, out.Body)
		return
	}
	for _, e := range out.Errors {
		x := e.Extensions
		if !gqlhttp.IsCode(x.Code) || x.Code == "INTERNAL" || x.RequestID == "" || x.RequestID != out.Header.Get("X-Request-Id") || e.Message == "" {
			t.Errorf("%s: status %d, error %+v of request %q", what, out.Status, e, out.Header.Get("X-Request-Id"))
		}
	}
}

const makeKey = `{"query":"mutation { createAPIKey(input: {name: \"made by another site\"}) { apiKey { id } errors { code } } }"}`

//keyhall:norace
func TestCookieAndBearerTogetherAreRefused(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		anke := s.Actor(t, "anke")
		program := anke.Must(t, createToken, apptest.Vars{"name": "x"}).Text("createAccessToken", "plaintext")
		cookie := theCookie(s.Anonymous().Must(t, signIn, credentials(anke.Username, apptest.Password))).Value
		before := contents(t, s)
		for name, pair := range map[string][2]string{
			"both good":         {cookie, program},
			"a bad token":       {cookie, "kht_bad"},
			"a bad cookie":      {strings.Repeat("A", 43), program},
			"both bad":          {"x", "y"},
			"the cookie is all": {cookie, cookie},
		} {
			req := newRequest(t, s, makeKey)
			req.Header.Set("Cookie", graph.SessionCookie+"="+pair[0])
			req.Header.Set("Authorization", "Bearer "+pair[1])
			out := s.Anonymous().Send(t, req)
			refusedWithACode(t, name, out)
			if out.Code() != "BAD_REQUEST" {
				t.Errorf("%s: %d %s", name, out.Status, out.Body)
			}
		}
		if after := contents(t, s); after != before {
			t.Errorf("something was written:\n%s", difference(before, after))
		}
	})
}

//keyhall:norace
func TestABrowserOfAnotherSiteCannotAct(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		bodo := s.Actor(t, "bodo")
		host := strings.TrimPrefix(s.URL, "http://")
		_, port, _ := net.SplitHostPort(host)
		before := contents(t, s)
		for name, headers := range map[string]map[string]string{
			"a cross-site request":               {"Sec-Fetch-Site": "cross-site"},
			"a request of a sister domain":       {"Sec-Fetch-Site": "same-site"},
			"a cross-site request, honest":       {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
			"a cross-site request with our name": {"Sec-Fetch-Site": "cross-site", "Origin": s.URL},
			"an old browser at another origin":   {"Origin": "https://evil.example"},
			"an old browser in a sandbox":        {"Origin": "null"},
			"an old browser, another port":       {"Origin": "http://127.0.0.1:1"},
			"an old browser, a longer name":      {"Origin": "http://127.0.0.1.evil.example:" + port},
			"an origin that does not parse":      {"Origin": "http://%zz"},
			"an unknown kind of site":            {"Sec-Fetch-Site": "elsewhere"},
		} {
			for _, body := range []string{makeKey, `{"query":"mutation { signOut { errors { code } } }"}`,
				fmt.Sprintf(`{"query":"mutation { signIn(input: {login: \"%s\", password: \"%s\"}) { viewer { email } } }"}`, bodo.Username, apptest.Password)} {
				req := newRequest(t, s, body)
				for k, v := range headers {
					req.Header.Set(k, v)
				}
				out := bodo.Send(t, req)
				refusedWithACode(t, name, out)
				if out.Status != http.StatusForbidden || theCookie(out) != nil {
					t.Errorf("%s: %d %s", name, out.Status, out.Body)
				}
			}
		}
		if after := contents(t, s); after != before {
			t.Errorf("something was written:\n%s", difference(before, after))
		}
		for name, headers := range map[string]map[string]string{
			"the own site":         {"Sec-Fetch-Site": "same-origin", "Origin": s.URL},
			"the address bar":      {"Sec-Fetch-Site": "none"},
			"an old browser":       {"Origin": s.URL},
			"a program":            {},
			"a very old browser's": {"Referer": s.URL + "/"},
		} {
			req := newRequest(t, s, makeKey)
			for k, v := range headers {
				req.Header.Set(k, v)
			}
			if out := bodo.Send(t, req); out.Status != http.StatusOK || out.Code() != "" {
				t.Errorf("%s: %d %s", name, out.Status, out.Body)
			}
		}
	})
}

//keyhall:norace
func TestNoCrossOriginScriptReadsAnAnswer(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodOptions} {
			req := newRequest(t, s, `{"query":"{viewer{email}}"}`)
			req.Method = method
			if method == http.MethodGet {
				req.URL.RawQuery = url.Values{"query": {"{viewer{email}}"}}.Encode()
				req.Body = http.NoBody
			}
			req.Header.Set("Origin", "https://evil.example")
			req.Header.Set("Access-Control-Request-Method", "POST")
			out := s.Anonymous().Send(t, req)
			for name := range out.Header {
				if strings.HasPrefix(name, "Access-Control-Allow") {
					t.Errorf("%s: %s: %s", method, name, out.Header.Get(name))
				}
			}
		}
	})
}

//keyhall:norace
func TestGarbageInPlaceOfACredentialIsNobody(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		cora := s.Actor(t, "cora")
		key := cora.CreateKey(t, "Not a login", "", "PROJECT")
		program := cora.Must(t, createToken, apptest.Vars{"name": "x"}).Text("createAccessToken", "plaintext")
		cookie := theCookie(s.Anonymous().Must(t, signIn, credentials(cora.Username, apptest.Password))).Value
		var stored string
		s.Row(t, "SELECT token_hash FROM sessions WHERE user_id = ? ORDER BY id DESC LIMIT 1", []any{cora.ID}, &stored)
		s.Anonymous().WithToken(program).Must(t, countKeys, nil)

		for name, value := range map[string]string{
			"no token":                   "Bearer",
			"an empty token":             "Bearer ",
			"a word":                     "Bearer garbage",
			"an API key":                 "Bearer " + key.Plaintext,
			"the secret of an API key":   "Bearer " + key.Secret,
			"a session cookie's value":   "Bearer " + cookie,
			"an id":                      "Bearer " + cora.ID,
			"a token with a wrong end":   "Bearer " + program[:len(program)-1] + flip(program[len(program)-1]),
			"a token cut short":          "Bearer " + program[:40],
			"a token with something on":  "Bearer " + program + "x",
			"a token after a space":      "Bearer  " + program + " x",
			"another scheme":             "Basic " + program,
			"a password":                 "Basic Y29yYTE6YSBsb25nIGVub3VnaCBwYXNzd29yZA==",
			"no scheme":                  program,
			"a long token":               "Bearer " + strings.Repeat("k", 8000),
			"a token in another case":    "Bearer " + strings.ToUpper(program),
			"characters beyond ASCII":    "Bearer kht_\u202e\u00e4",
			"two tokens":                 "Bearer " + program + ", Bearer " + program,
			"SQL":                        "Bearer kht_' OR 1=1 --",
			"a token with percent signs": "Bearer %",
		} {
			req := newRequest(t, s, `{"query":"{ apiKeys { totalCount } }"}`)
			req.Header.Set("Authorization", value)
			out := s.Anonymous().Send(t, req)
			refusedWithACode(t, name, out)
			if out.Code() != "UNAUTHENTICATED" && out.Code() != "BAD_REQUEST" || strings.Contains(out.Body, "totalCount") {
				t.Errorf("%s as Authorization: %d %s", name, out.Status, out.Body)
			}
		}
		for name, value := range map[string]string{
			"nothing": "", "a word": "garbage", "the stored hash": stored, "an access token": program, "an API key": key.Plaintext, "an id": cora.ID,
			"half": cookie[:20], "too much": cookie + "A", "a long one": strings.Repeat("A", 8000), "a quoted one": `"` + cookie + `x"`, "bytes": "\u00e4\u202e",
		} {
			out := askWithCookie(t, s, s.Anonymous(), value, countKeys)
			refusedWithACode(t, name, out)
			if out.Code() != "UNAUTHENTICATED" && out.Code() != "BAD_REQUEST" {
				t.Errorf("%s as cookie: %d %s", name, out.Status, out.Body)
			}
		}
		for _, secret := range []string{program, cookie, key.Plaintext, key.Secret} {
			if strings.Contains(s.Log.String(), secret) {
				t.Errorf("the log holds a %.4s... credential", secret)
			}
		}
	})
}

// The name of a client is kept beside its session and its deeds; it is bytes that nobody checked.
//
//keyhall:norace
func TestAClientOfAnyNameSignsInAndActs(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		elsa := s.Actor(t, "elsa")
		for name, agent := range map[string]string{
			"no text": "\xff\xfe\xfd", "half a character": "Browser \xc3", "a long one": strings.Repeat("b", 8000), "cut inside a character": "x" + strings.Repeat("\u00e4", 300),
			"cut inside a longer one": "xy" + strings.Repeat("\U0001F511", 200), "markup": "<script>alert(1)</script>", "none": "", "a tab": "a\tb", "a bidi mark": "a\u202eb",
		} {
			send := func(body string) apptest.Answer {
				req := newRequest(t, s, body)
				req.Header.Set("User-Agent", agent)
				return elsa.Send(t, req)
			}
			in := newRequest(t, s, fmt.Sprintf(`{"query":"mutation{signIn(input:{login:\"%s\",password:\"%s\"}){viewer{email} errors{code}}}"}`, elsa.Username, apptest.Password))
			in.Header.Set("User-Agent", agent)
			if out := s.Anonymous().Send(t, in); out.Status != http.StatusOK || out.Code() != "" || theCookie(out) == nil {
				t.Errorf("%s: sign-in: %d %s", name, out.Status, out.Body)
			}
			if out := send(makeKey); out.Status != http.StatusOK || out.Code() != "" {
				t.Errorf("%s: a deed: %d %s", name, out.Status, out.Body)
			}
			if out := send(`{"query":"{ viewer { sessions(last: 100) { nodes { userAgent } } } }"}`); out.Code() != "" {
				t.Errorf("%s: the sessions: %d %s", name, out.Status, out.Body)
			}
			if out := send(`{"query":"mutation { deleteAPIKey(input: {id: \"key_01JCZ3V8Q4T2N6M0R5W7Y9B1DF\"}) { errors { code } } }"}`); out.Code() != "NOT_FOUND" {
				t.Errorf("%s: a refused deed: %d %s", name, out.Status, out.Body)
			}
		}
		if strings.Contains(s.Log.String(), `"level":"ERROR"`) {
			t.Error("the name of a client made the server log an error")
		}
	})
}

func flip(b byte) string {
	if b == 'A' {
		return "B"
	}
	return "A"
}

// What no HTTP client sends: raw bytes.
//
//keyhall:norace
func TestRawGarbageDoesNotHurtTheServer(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		host := strings.TrimPrefix(s.URL, "http://")
		head := "POST /graphql HTTP/1.1\r\nHost: " + host + "\r\nContent-Type: application/json\r\nConnection: close\r\n"
		for name, raw := range map[string]string{
			"a null in a header":           head + "Authorization: Bearer \x00\r\nContent-Length: 2\r\n\r\n{}",
			"two Authorization headers":    head + "Authorization: Bearer a\r\nAuthorization: Bearer b\r\nContent-Length: 2\r\n\r\n{}",
			"two cookies of one name":      head + "Cookie: __Host-keyhall=a; __Host-keyhall=b\r\nContent-Length: 2\r\n\r\n{}",
			"two lengths":                  head + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
			"a length and chunks":          head + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
			"a negative length":            head + "Content-Length: -1\r\n\r\n{}",
			"a chunk of a huge length":     head + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}",
			"a header without end":         head + "X-A: " + strings.Repeat("a", 40_000) + "\r\n\r\n",
			"no HTTP":                      "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
			"an absolute address of other": "POST http://evil.example/graphql HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}",
			"dots in the path":             strings.Replace(head, "/graphql", "/../../etc/passwd", 1) + "Content-Length: 2\r\n\r\n{}",
		} {
			t.Run(name, func(t *testing.T) {
				conn, err := net.Dial("tcp", host)
				if err != nil {
					t.Fatalf("the server is gone: %v", err)
				}
				defer conn.Close()
				if _, err := conn.Write([]byte(raw)); err != nil {
					return // refused while we were writing
				}
				resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
				if err != nil {
					return // hung up
				}
				defer resp.Body.Close()
				if resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented || resp.StatusCode < 300 && !strings.Contains(name, "two") {
					t.Errorf("status %d", resp.StatusCode)
				}
			})
		}
		s.Actor(t, "dirk").Must(t, countKeys, nil)
	})
}
