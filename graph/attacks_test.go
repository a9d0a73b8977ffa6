package graph_test

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/keyhall/keyhall/graph/gqlhttp"
	"github.com/keyhall/keyhall/internal/apptest"
)

// attack is one hostile request of the corpus.
type attack struct {
	name   string
	method string            // POST when empty
	url    string            // what follows /graphql
	header map[string]string // beside or instead of Content-Type: application/json
	body   string
	codes  string // any of these; "ok" where it is served, because it is harmless
	stays  string // a text that no answer to it may hold
}

const (
	served       = "ok"
	tooLarge     = gqlhttp.CodeOperationTooLarge
	invalidQuery = gqlhttp.CodeValidationFailed
	unparsed     = gqlhttp.CodeParseFailed
	badInput     = gqlhttp.CodeBadUserInput
	badRequest   = gqlhttp.CodeBadRequest
	batching     = gqlhttp.CodeBatchingDisabled
	hidden       = "NOT_FOUND"
)

// most is what one hostile request may cost, in CPU of client and server together.
const most = 50 * time.Millisecond * apptest.Slowdown

// Every attack gets a coded answer or is harmless, writes nothing, spells nothing out, costs little, and leaves the server
// alive, whoever sends it.
//
// It runs alone, because what each costs is measured.
//
//keyhall:norace
func TestTheAttackCorpusIsRefused(t *testing.T) {
	corpus := attacks()
	if len(corpus) < 150 {
		t.Errorf("the corpus has %d cases", len(corpus))
	}
	for _, d := range []apptest.Database{apptest.SQLite, apptest.Postgres} {
		t.Run(string(d), func(t *testing.T) {
			s := apptest.New(t, d)
			person := s.Actor(t, "otto")
			before := contents(t, s)
			worst := map[string]time.Duration{}
			for _, a := range corpus {
				worst[a.name] = max(a.run(t, s, s.Anonymous(), "UNAUTHENTICATED FORBIDDEN"), a.run(t, s, person, ""))
			}
			if after := contents(t, s); after != before {
				t.Errorf("something was written:\n%s", difference(before, after))
			}
			if strings.Contains(s.Log.String(), "panic") {
				t.Error("the server panicked")
			}
			person.Must(t, countKeys, nil)
			names := slices.SortedFunc(maps.Keys(worst), func(a, b string) int { return cmp.Compare(worst[b], worst[a]) })
			t.Logf("%d attacks; the dearest: %s %v, %s %v", len(corpus), names[0], worst[names[0]], names[1], worst[names[1]])
		})
	}
}

// run sends the attack three times, each time as a document that is not known yet, and answers what the cheapest cost: the
// clock of a process is coarse, and the collector is nobody's.
func (a attack) run(t *testing.T, s *apptest.Server, who *apptest.Actor, also string) time.Duration {
	t.Helper()
	best := time.Hour
	for range 3 {
		start := processTime(t)
		out := who.Send(t, a.request(t, s))
		best = min(best, processTime(t)-start)
		a.judge(t, out, also)
		if best < most/4 {
			break
		}
	}
	if best > most {
		t.Errorf("%s took %v of CPU", a.name, best)
	}
	return best
}

func (a attack) request(t *testing.T, s *apptest.Server) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), cmp.Or(a.method, http.MethodPost), s.URL+"/graphql"+a.url, strings.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for name, value := range a.header {
		req.Header.Set(name, value)
	}
	return req
}

func (a attack) judge(t *testing.T, out apptest.Answer, also string) {
	t.Helper()
	out = eventOf(out)
	codes := allCodes(out)
	switch {
	case out.Status >= 500 || len(out.Body) > 256<<10:
		t.Errorf("%s: status %d, %d bytes", a.name, out.Status, len(out.Body))
	case len(codes) == 0 && !strings.Contains(a.codes, served):
		t.Errorf("%s: was served: %d %.300s", a.name, out.Status, out.Body)
	case len(codes) > 0 && !strings.Contains(a.codes+" "+also, codes[0]):
		t.Errorf("%s: want %s, got %v: %.300s", a.name, a.codes, codes, out.Body)
	}
	if len(out.Errors) > 0 {
		refusedWithACode(t, a.name, out)
	}
	for _, spelled := range []string{"Did you mean", "goroutine", ".go:", "SELECT", "sqlite", "pq:", "debug", "tracing"} {
		if strings.Contains(out.Body, spelled) {
			t.Errorf("%s: the answer holds %q: %.300s", a.name, spelled, out.Body)
		}
	}
	if a.stays != "" && strings.Contains(out.Body, a.stays) {
		t.Errorf("%s: the answer repeats what was sent: %.300s", a.name, out.Body)
	}
}

func processTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// document is the body of a plain request.
func document(query string) string {
	text, _ := json.Marshal(map[string]string{"query": query})
	return string(text)
}
