package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest"
)

// priced is a project of ada's in which a unit costs 1.00, with a million a month.
type priced struct {
	*apptest.Server
	ada      *apptest.Actor
	key      apptest.Key
	verifier string
}

func newPriced(t *testing.T, s *apptest.Server) *priced {
	t.Helper()
	ada := s.Actor(t, "ada")
	ada.Must(t, `mutation($id: ID!) { updateProject(input: {id: $id, unitPrice: {amount: "1", currency: "USD"}}) { errors { message } } }`, apptest.Vars{"id": ada.Project})
	c := &priced{s, ada, ada.CreateKey(t, "Payments", "", "PROJECT"), s.PutVerifier(t, ada.Project, ada)}
	c.limit(t, ada.Project, "500000")
	return c
}

func (c *priced) limit(t *testing.T, target, amount string) {
	t.Helper()
	c.ada.Must(t, `mutation($id: ID!, $amount: Decimal!) { updateLimits(input: {targetId: $id, spend: {amount: $amount, currency: "USD"}}) { errors { message } } }`,
		apptest.Vars{"id": target, "amount": amount})
	c.Settle(t)
}

// ask is the code of a request that costs so much, at one of the processes.
func (c *priced) ask(t *testing.T, at *apptest.Server, cost int) string {
	t.Helper()
	return at.Verify(t, c.verifier, apptest.Vars{"key": c.key.Plaintext, "cost": cost}).Code
}

// report is the code that a report is answered with.
func (c *priced) report(t *testing.T, request string, cost int) string {
	t.Helper()
	body := fmt.Sprintf(`{"keyId": %q, "requestId": %q, "cost": %d}`, c.key.ID, request, cost)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.URL+"/v1/usage", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.verifier)
	out := c.Gateway(t, req)
	if out.Status != http.StatusOK {
		t.Fatalf("a report: %d %s", out.Status, out.Body)
	}
	return out.Code
}

// standing is what is spent, what remains and what is over of a limit.
func (c *priced) standing(t *testing.T, id string) string {
	t.Helper()
	const limit = `limits { spend { spent { amount } remaining { amount } over { amount } } }`
	out := c.ada.Must(t, `query($id: ID!) { node(id: $id) { ... on APIKey { `+limit+` } ... on Project { `+limit+` } ... on Organization { `+limit+` } } }`, apptest.Vars{"id": id})
	at := func(part string) string { return out.Text("node", "limits", "spend", part, "amount") }
	return at("spent") + " " + at("remaining") + " " + at("over")
}

// C7: what a request cost is known afterwards: it counts whatever the limit is, on top of what it was let through with and once for each request
// id. It leaves the limit over by just that, the answer says so each time, and within a second nothing passes at any process, also
// nothing that is said to cost nothing.
func TestWhatIsReportedIsTakenFromTheLimit(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		c, second := newPriced(t, s), s.Beside(t, func(c *app.Config) { c.Deaf = true })
		for _, at := range []*apptest.Server{s, second} {
			if code := c.ask(t, at, 1); code != "VALID" {
				t.Fatalf("it begins with %s", code)
			}
		}
		for _, again := range []string{"r1", "r1", "r2"} {
			if code := c.report(t, again, 100); code != "VALID" {
				t.Errorf("there is room: %s", code)
			}
		}
		if got := c.standing(t, c.ada.Project); got != "201 499799 0" && got != "202 499798 0" { // the 1 of the other process is in its lease of 5,000 yet
			t.Errorf("two requests of 1 and two reports of 100: %s", got)
		}
		for range 2 {
			if code := c.report(t, "r3", 900_000); code != "SPEND_LIMIT_REACHED" {
				t.Errorf("900,202 of 500,000: %s", code)
			}
		}
		done := time.Now()
		for _, at := range []*apptest.Server{s, second} {
			for c.ask(t, at, 1) != "SPEND_LIMIT_REACHED" {
				if time.Since(done) > time.Second*apptest.Slowdown {
					t.Fatal("a second later it still passes")
				}
			}
			if code := c.ask(t, at, 0); code != "SPEND_LIMIT_REACHED" {
				t.Errorf("what is said to cost nothing: %s", code)
			}
		}
		if got := c.standing(t, c.ada.Project); !strings.HasPrefix(got, "90") || !strings.Contains(got, " 0 40") {
			t.Errorf("it is over: %s", got)
		}
		c.limit(t, c.ada.Project, "9000000")
		if code := c.ask(t, s, 1); code != "VALID" {
			t.Errorf("with a higher limit: %s", code)
		}
	})
}

// C7: a report counts against the limits of the key, the project and the organization, and of no other project.
func TestAReportCountsAgainstEveryLimitOfItsKey(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		c := newPriced(t, s)
		other := c.ada.CreateKey(t, "Other", "", "PROJECT")
		for _, target := range []string{c.key.ID, other.ID, c.ada.Home} {
			c.limit(t, target, "500")
		}
		if code := c.report(t, "r1", 7); code != "VALID" {
			t.Error(code)
		}
		for target, want := range map[string]string{c.key.ID: "7 493 0", c.ada.Project: "7 499993 0", c.ada.Home: "7 493 0", other.ID: "0 500 0"} {
			if got := c.standing(t, target); got != want {
				t.Errorf("%s: %s, want %s", target, got, want)
			}
		}
		if code := c.report(t, "r2", 493); code != "SPEND_LIMIT_REACHED" {
			t.Errorf("all of it: %s", code)
		}
	})
}
