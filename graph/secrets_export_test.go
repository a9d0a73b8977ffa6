package graph_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/limit"
)

func exportRequest(t *testing.T, s *apptest.Server, filter string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/v1/export/secrets", strings.NewReader(filter))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	return req
}

// exported is the table without the names of its columns, which it holds against B19.
func exported(t *testing.T, s *apptest.Server, who *apptest.Actor, filter string) [][]string {
	t.Helper()
	out := who.Send(t, exportRequest(t, s, filter))
	if out.Status != http.StatusOK || out.Header.Get("Cache-Control") != "no-store" || out.Header.Get("Content-Type") != "text/csv; charset=utf-8; header=present" ||
		out.Header.Get("Content-Disposition") != `attachment; filename="secrets.csv"` {
		t.Fatalf("%s: %d %v %s", filter, out.Status, out.Header, out.Body)
	}
	return rowsOf(t, out.Body)
}

func rowsOf(t *testing.T, text string) [][]string {
	t.Helper()
	if !strings.HasPrefix(text, "ID,Name,URL,Tags,Shared,Owner,Last used,Status\r\n") {
		t.Fatalf("the columns are %.80q", text)
	}
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatalf("no table: %v", err)
	}
	return rows[1:]
}

// B19: the rows of the list, with the same filters, without their values.
//
//keyhall:norace
func TestTheVisibleSecretsAreExportedAsATable(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		s.JoinOrganization(t, ada.Home, ben, "READER") // so that ada may filter by his name
		cards, atm := ada.AddSecret(t, "Cards", "value of cards"), ada.AddSecret(t, "Atm", "value of atm")
		bank, hidden := ben.AddSecret(t, "Bank, the \"big\" one", "value of bank"), ben.AddSecret(t, "Hidden", "value of hidden")
		ben.ShareSecret(t, bank, apptest.Vars{"login": ada.Username}, nil)
		ada.Must(t, `mutation($id: ID!) { updateSecret(input: {id: $id, tags: ["prod", "eu"], url: "https://atm.example", notes: "a note"}) { errors { code } } }`, apptest.Vars{"id": atm})
		ada.Must(t, `mutation($id: ID!) { disableSecrets(input: {ids: [$id]}) { errors { code } } }`, apptest.Vars{"id": atm})
		ada.Reveal(t, cards)
		s.SQL(t, "UPDATE secrets SET last_used_at = 1700000000123456 WHERE id = ?", cards)
		rows := map[string][]string{
			"cards": {cards, "Cards", "https://api.example.com", "", "No", "Ada", "2023-11-14T22:13:20Z", "Enabled"},
			"atm":   {atm, "Atm", "https://atm.example", "prod, eu", "No", "Ada", "", "Disabled"},
			"bank":  {bank, `Bank, the "big" one`, "https://api.example.com", "", "Yes", "Ben", "", "Enabled"},
		}
		for filter, want := range map[string]string{
			``: "cards atm bank", `{}`: "cards atm bank", `null`: "cards atm bank", `{"shared": true}`: "bank", `{"shared": false}`: "cards atm", `{"status": "DISABLED"}`: "atm",
			`{"ownership": "SHARED_WITH_ME"}`: "bank", `{"owner": "BEN"}`: "bank", `{"tag": "eu"}`: "atm", `{"query": "NOTE"}`: "atm", `{"name": "card"}`: "cards",
			`{"url": "atm."}`: "atm", `{"id": "` + cards + `"}`: "cards", `{"id": "` + hidden + `"}`: "", `{"usedAfter": "2020-01-01T00:00:00Z"}`: "cards",
			`{"usedBefore": "2020-01-01T00:00:00Z"}`: "atm bank", `{"organizationId": "` + ada.Home + `"}`: "cards atm", `{"organizationId": "` + ben.Home + `"}`: "",
		} {
			var wanted [][]string
			for _, name := range strings.Fields(want) {
				wanted = append(wanted, rows[name])
			}
			if got := exported(t, s, ada, filter); !slices.EqualFunc(got, wanted, slices.Equal[[]string]) {
				t.Errorf("%s exports %q, want %q", filter, got, wanted)
			}
		}
		body := ada.Send(t, exportRequest(t, s, "{}")).Body
		for _, no := range []string{"value of", "Hidden", hidden, "a note", "client", "@keyhall.test"} {
			if strings.Contains(body, no) {
				t.Errorf("the table says %q", no)
			}
		}
		if got := exported(t, s, s.Actor(t, "eve"), "{}"); len(got) != 0 {
			t.Errorf("a stranger exports %v", got)
		}
		less := narrowed(t, ada, "api_key.view")
		if got := exported(t, s, less, "{}"); len(got) != 0 {
			t.Errorf("a token that leaves secrets out exports %v", got)
		}
	})
}

// B19: no name is run as a formula by the program that opens the table, and none breaks out of its cell; also not where that program
// takes semicolons or tabs for the ends of cells, or signs of full width for signs.
//
//keyhall:norace
func TestNoNameIsAFormulaInAnExport(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		s.SQL(t, "UPDATE users SET name = ? WHERE id = ?", `=HYPERLINK("https://evil.example","Ada")`, ada.ID)
		for name, want := range map[string]string{
			"=1+1": "'=1+1", "+1": "'+1", "-2+3": "'-2+3", "@SUM(A1)": "'@SUM(A1)", "\t=1": "'\t'=1", "\r=1": "''=1", "\n=1": "'\n'=1", "\r\n=1": "'\n'=1",
			"x;=1+1": "x;'=1+1", "x;\"=1+1\"": "x;\"'=1+1\"", "x\t@a": "x\t'@a", "a;b; c-d": "a;b; c-d", "＝1+1": "'＝1+1", "＋1": "'＋1", "－1": "'－1", "＠a": "'＠a", "x;＝1": "x;'＝1",
			`",=1,"`: `",=1,"`, `a"b`: `a"b`, "a,b": "a,b", " =1": " =1", "'=1": "'=1", "a\r\n=1,b": "a\n'=1,b", "Zürich": "Zürich", "\u202e=1": "\u202e=1", "": "", `\.`: `\.`,
		} {
			id := ada.AddSecret(t, "Plain", "v")
			s.SQL(t, "UPDATE secrets SET name = ?, url = ?, tags = ? WHERE id = ?", name, name, `["=tag"]`, id)
			got := exported(t, s, ada, `{"id": "`+id+`"}`)
			if body := ada.Send(t, exportRequest(t, s, `{"id": "`+id+`"}`)).Body; !strings.Contains(body, "\r\n\""+id+"\",\"") || strings.Count(body, `","`) < 7 {
				t.Errorf("%q: a cell is not in quotes: %s", name, body)
			}
			row := []string{id, want, want, "'=tag", "No", `'=HYPERLINK("https://evil.example","Ada")`, "", "Enabled"}
			if len(got) != 1 || !slices.Equal(got[0], row) {
				t.Errorf("%q is exported as %q, want %q", name, got, row)
			}
		}
	})
}

// B19: an export is refused as the GraphQL door refuses: without an account, with two credentials, from a page of another site,
// too often; and what is no filter.
//
//keyhall:norace
func TestWhoExportsIsAskedLikeAtTheOtherDoor(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, token := s.Actor(t, "ada"), ""
		ada.AddSecret(t, "Payments", "v")
		token = ada.Must(t, `mutation { createAccessToken(input: {name: "robot"}) { plaintext errors { code } } }`, nil).Text("createAccessToken", "plaintext")
		with := func(change func(*http.Request)) *http.Request {
			req := exportRequest(t, s, "{}")
			change(req)
			return req
		}
		for name, c := range map[string]struct {
			who    *apptest.Actor
			req    *http.Request
			status int
			code   string
		}{
			"nobody":                  {s.Anonymous(), exportRequest(t, s, "{}"), 401, "UNAUTHENTICATED"},
			"a token that is not one": {ada.WithToken("kht_nothing"), exportRequest(t, s, "{}"), 401, "UNAUTHENTICATED"},
			"a cookie and a token": {ada, with(func(r *http.Request) {
				r.Header.Set("Authorization", "Bearer "+token)
			}), 400, "BAD_REQUEST"},
			"a page of another site":   {ada, with(func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }), 403, "FORBIDDEN"},
			"a page of another origin": {ada, with(func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }), 403, "FORBIDDEN"},
			"a form":                   {ada, with(func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }), 400, "BAD_USER_INPUT"},
			"no JSON":                  {ada, exportRequest(t, s, "{"), 400, "BAD_USER_INPUT"},
			"a list":                   {ada, exportRequest(t, s, "[]"), 400, "BAD_USER_INPUT"},
			"two filters":              {ada, exportRequest(t, s, "{}{}"), 400, "BAD_USER_INPUT"},
			"an unknown field":         {ada, exportRequest(t, s, `{"value": "x"}`), 400, "BAD_USER_INPUT"},
			"an unknown status":        {ada, exportRequest(t, s, `{"status": "x"}`), 400, "BAD_USER_INPUT"},
			"a long filter":            {ada, exportRequest(t, s, `{"query": "`+strings.Repeat("x", 70_000)+`"}`), 400, "BAD_USER_INPUT"},
		} {
			out := c.who.Send(t, c.req)
			if out.Status != c.status || out.Code() != c.code || out.Header.Get("Cache-Control") != "no-store" || strings.Contains(out.Body, "Payments") || out.Errors[0].Extensions.RequestID == "" {
				t.Errorf("%s: %d %s", name, out.Status, out.Body)
			}
		}
		get := exportRequest(t, s, "")
		get.Method = http.MethodGet
		if out := ada.Send(t, get); out.Status != http.StatusMethodNotAllowed {
			t.Errorf("GET: %d %s", out.Status, out.Body)
		}
		if got := exported(t, s, ada.WithToken(token), ""); len(got) != 1 {
			t.Errorf("a token exports %v", got)
		}
		named := func(r *http.Request) { r.Header.Set("Origin", "https://app.example") }
		if out := ada.WithToken(token).Send(t, with(named)); out.Status != 200 || out.Header.Get("Access-Control-Allow-Origin") != "https://app.example" {
			t.Errorf("a page that the operator named: %d %v", out.Status, out.Header)
		}
		if out := ada.Send(t, with(named)); out.Status != 403 {
			t.Errorf("the same with a cookie: %d", out.Status)
		}
	}, func(c *app.Config) { c.Origins = []string{"https://app.example"} })
}

// B19: who takes out too many lists waits, and nobody else does.
//
//keyhall:norace
func TestExportsAreThrottledPerPerson(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		for range 2 {
			exported(t, s, ada, "{}")
		}
		out := ada.Send(t, exportRequest(t, s, "{}"))
		if out.Status != http.StatusTooManyRequests || out.Code() != "RATE_LIMITED" || out.Header.Get("Retry-After") == "" || out.Errors[0].Extensions.RetryAfter < 1 {
			t.Errorf("the third: %d %v %s", out.Status, out.Header, out.Body)
		}
		exported(t, s, ben, "{}")
	}, func(c *app.Config) { c.Exports = limit.Rate{Count: 2, Per: time.Hour} })
}

// manySecrets gives a person so many secrets, as copies of one of theirs, and tells their ids in the order of the list.
func manySecrets(t *testing.T, s *apptest.Server, who *apptest.Actor, many int) []string {
	t.Helper()
	one := who.AddSecret(t, "Payments", "v")
	var same []string
	for _, column := range (&estate{Server: s}).tables(t)["secrets"] {
		if column != "id" && column != "created_at" {
			same = append(same, column)
		}
	}
	copied := strings.Join(same, ", ")
	s.SQL(t, fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
		INSERT INTO secrets (id, created_at, %s) SELECT 'sec_0' || (10000000 + i), i, %s FROM secrets, n WHERE id = ?`, many-1, copied, copied), one)
	out := make([]string, 0, many)
	for i := range many - 1 {
		out = append(out, fmt.Sprint("sec_0", 10000001+i))
	}
	return append(out, one)
}

// slowReader takes an answer as it is flushed, and stops at one piece until it is let go.
type slowReader struct {
	header         http.Header
	body           bytes.Buffer
	pieces         []int
	stopAt         int
	stopped, again chan struct{}
}

func newSlowReader(stopAt int) *slowReader {
	return &slowReader{header: http.Header{}, stopAt: stopAt, stopped: make(chan struct{}), again: make(chan struct{})}
}

func (r *slowReader) Header() http.Header              { return r.header }
func (r *slowReader) WriteHeader(int)                  {}
func (r *slowReader) SetWriteDeadline(time.Time) error { return nil }
func (r *slowReader) Write(p []byte) (int, error)      { return r.body.Write(p) }
func (r *slowReader) Flush() {
	r.pieces = append(r.pieces, r.body.Len())
	if len(r.pieces) == r.stopAt {
		close(r.stopped)
		<-r.again
	}
}

// exportTo runs an export in this process; cut tells whether the server broke it off.
func (r *slowReader) exportTo(t *testing.T, s *apptest.Server, sign func(*http.Request)) (cut <-chan bool) {
	t.Helper()
	req := httptest.NewRequest(http.MethodPost, "/v1/export/secrets", strings.NewReader("{}"))
	req.Header.Set("Content-Type", "application/json")
	sign(req)
	ended := make(chan bool, 1)
	go func() {
		defer func() { ended <- recover() == http.ErrAbortHandler }() //nolint:errorlint // it is that very value
		s.App.Handler().ServeHTTP(r, req)
	}()
	return ended
}

// atStop waits until the reader has stopped; an export that ends before never had that many pieces.
func (r *slowReader) atStop(t *testing.T, ended <-chan bool) {
	t.Helper()
	select {
	case <-r.stopped:
	case <-ended:
		t.Fatalf("the export ended after %d pieces", len(r.pieces))
	}
}

func byCookie(who *apptest.Actor) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Cookie", who.Cookie()) }
}

// B19: 5,000 rows leave page by page, each once and none held back for the others.
//
//keyhall:norace
func TestAnExportIsStreamedPageByPage(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		want := manySecrets(t, s, ada, 5000)
		var got []string
		for _, row := range exported(t, s, ada, "") {
			got = append(got, row[0])
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d rows, want %d", len(got), len(want))
		}
		r := newSlowReader(-1)
		if <-r.exportTo(t, s, byCookie(ada)) || len(rowsOf(t, r.body.String())) != 5000 {
			t.Error("the second export is not whole")
		}
		most, before := 0, 0
		for _, upTo := range r.pieces {
			most, before = max(most, upTo-before), upTo
		}
		if len(r.pieces) < 50 || most > r.body.Len()/40 {
			t.Errorf("%d pieces of at most %d bytes of %d", len(r.pieces), most, r.body.Len())
		}
	})
}

// A13 B19: an export ends, and not as if it were whole, when its session or token is revoked, or its holder suspended, in the
// middle; what is taken back in the middle is in no later page.
//
//keyhall:norace
func TestAnExportEndsWithItsSession(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, root := s.Actor(t, "ada"), s.Administrator(t)
		manySecrets(t, s, ada, 1000)
		made := ada.Must(t, `mutation { createAccessToken(input: {name: "robot"}) { accessToken { id } plaintext errors { code } } }`, nil)
		other := *ada
		other.SignIn(t)
		for name, c := range map[string]struct {
			sign func(*http.Request)
			end  func()
			cut  bool
		}{
			"nothing happens": {byCookie(ada), func() {}, false},
			"a session": {byCookie(&other), func() {
				other.Must(t, `mutation { signOut { errors { code } } }`, nil)
			}, true},
			"a token": {func(r *http.Request) {
				r.Header.Set("Authorization", "Bearer "+made.Text("createAccessToken", "plaintext"))
			}, func() {
				ada.Must(t, `mutation($id: ID!) { revokeAccessToken(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": made.Text("createAccessToken", "accessToken", "id")})
			}, true},
		} {
			r := newSlowReader(3)
			ended := r.exportTo(t, s, c.sign)
			r.atStop(t, ended)
			c.end()
			close(r.again)
			rows := 1000
			if c.cut {
				rows = 300
			}
			if cut, got := <-ended, len(rowsOf(t, r.body.String())); cut != c.cut || got != rows {
				t.Errorf("%s: cut is %v after %d rows", name, cut, got)
			}
		}
		// Of what ben sees a hundred rows are taken back after the third page, then a hundred more expire, then he is suspended.
		ben := s.Actor(t, "ben")
		s.SQL(t, "INSERT INTO secret_grants (id, created_at, secret_id, user_id, level, expires_at, granted_at) SELECT 'sgr_' || id, 1, id, ?, 'VIEW', 0, 1 FROM secrets", ben.ID)
		for i, takenBack := range []string{
			"DELETE FROM secret_grants WHERE secret_id LIKE 'sec_0100005%'", "UPDATE secret_grants SET expires_at = 1 WHERE secret_id LIKE 'sec_0100006%'",
		} {
			r := newSlowReader(3)
			ended := r.exportTo(t, s, byCookie(ben))
			r.atStop(t, ended)
			s.SQL(t, takenBack)
			close(r.again)
			if cut, got := <-ended, len(rowsOf(t, r.body.String())); cut || got != 900-100*i {
				t.Errorf("%s: cut is %v after %d rows", takenBack, cut, got)
			}
		}
		r := newSlowReader(3)
		ended := r.exportTo(t, s, byCookie(ben))
		r.atStop(t, ended)
		root.Must(t, `mutation($id: ID!) { setUserStatus(input: {userId: $id, suspended: true}) { errors { code } } }`, apptest.Vars{"id": ben.ID})
		close(r.again)
		if cut, got := <-ended, len(rowsOf(t, r.body.String())); !cut || got != 300 {
			t.Errorf("suspended: cut is %v after %d rows", cut, got)
		}
	})
}

// An export of 100,000 rows holds no more memory near its end than near its beginning.
func TestSoakTheMemoryOfAnExportDoesNotGrow(t *testing.T) {
	if os.Getenv("KEYHALL_SOAK") == "" {
		t.Skip("set KEYHALL_SOAK for the long runs")
	}
	for _, d := range []apptest.Database{apptest.SQLite, apptest.Postgres} {
		t.Run(string(d), func(t *testing.T) {
			s := apptest.New(t, d)
			ada := s.Actor(t, "ada")
			manySecrets(t, s, ada, 100_000)
			at := func(piece int) int64 {
				r := newSlowReader(piece)
				begun := time.Now()
				ended := r.exportTo(t, s, byCookie(ada))
				r.atStop(t, ended)
				whole := r.body.Len()
				r.body = bytes.Buffer{} // what the reader holds is not the server's
				out := kept()
				t.Logf("after %d rows, %d KiB and %v: %d KiB are kept", piece*100, whole>>10, time.Since(begun).Round(time.Millisecond), out>>10)
				close(r.again)
				<-ended
				return out
			}
			at(2)
			first, last := at(2), at(990)
			if last > first+1<<20 {
				t.Errorf("%d KiB became %d", first>>10, last>>10)
			}
		})
	}
}
