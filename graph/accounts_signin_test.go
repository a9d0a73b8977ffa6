package graph_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keyhall/keyhall/graph"
	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/limit"
)

//keyhall:norace
func TestSignInTakesTheUsernameAndTheAddressInAnyCase(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		nobody := s.Anonymous()
		nobody.Must(t, signUp, with(newcomer("anna"), "email", "Anna.Smith@Keyhall.Test"))
		ids := map[string]bool{}
		for _, login := range []string{"anna", "ANNA", "Anna", "anna.smith@keyhall.test", "Anna.Smith@Keyhall.Test", "ANNA.SMITH@KEYHALL.TEST"} {
			out := nobody.Must(t, signIn, credentials(login, apptest.Password))
			ids[out.Text("signIn", "viewer", "user", "id")] = true
			if theCookie(out) == nil {
				t.Errorf("%s got no cookie", login)
			}
		}
		if len(ids) != 1 {
			t.Errorf("one person is %v", ids)
		}
		for _, login := range []string{"ann", "anna.smith", "anna.smith@keyhall", "%", "ann_", "anna%"} {
			if out := nobody.Do(t, signIn, credentials(login, apptest.Password)); out.Code() != "BAD_CREDENTIALS" {
				t.Errorf("%q answers %s", login, out.Body)
			}
		}
	})
}

//keyhall:norace
func TestEveryRefusedSignInIsOneAnswer(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		nobody := s.Anonymous()
		berta, carl := s.Actor(t, "berta"), s.Actor(t, "carl")
		s.Administrator(t).Must(t, setStatus, apptest.Vars{"id": carl.ID, "suspended": true})
		before := contents(t, s)
		wrong := nobody.Do(t, signIn, credentials(berta.Username, "not her password"))
		if wrong.Code() != "BAD_CREDENTIALS" || wrong.At("signIn", "viewer") != nil {
			t.Fatalf("a wrong password answers %s", wrong.Body)
		}
		if strings.Contains(fmt.Sprint(wrong.At("signIn", "errors", 0)), berta.Username) {
			t.Errorf("the answer repeats the login: %s", wrong.Body)
		}
		for name, vars := range map[string]apptest.Vars{
			"a wrong password by address":             credentials(berta.Email, "not her password"),
			"the password in another case":            credentials(berta.Username, strings.ToUpper(apptest.Password)),
			"the password with a space":               credentials(berta.Username, apptest.Password+" "),
			"an unknown username":                     credentials("nosuch", apptest.Password),
			"an unknown address":                      credentials("nosuch@keyhall.test", apptest.Password),
			"a suspended account, right password":     credentials(carl.Username, apptest.Password),
			"a suspended account, right, by address":  credentials(carl.Email, apptest.Password),
			"a suspended account, wrong password":     credentials(carl.Username, "not his password"),
			"no login":                                credentials("", apptest.Password),
			"no password":                             credentials(berta.Username, ""),
			"a login with a control character":        credentials("berta\u0007", apptest.Password),
			"a very long login":                       credentials(strings.Repeat("b", 100_000), apptest.Password),
			"a very long password":                    credentials(berta.Username, strings.Repeat("p", 100_000)),
			"a very long password for nobody":         credentials("nosuch", strings.Repeat("p", 100_000)),
			"a login that is SQL":                     credentials("' OR 1=1 --", apptest.Password),
			"a stored hash in place of the password":  credentials(berta.Username, "$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAA"),
			"an id in place of the login":             credentials(berta.ID, apptest.Password),
			"half of the password":                    credentials(berta.Username, apptest.Password[:10]),
			"an address that names the login's owner": credentials("Berta <"+berta.Email+">", apptest.Password),
		} {
			out := nobody.Do(t, signIn, vars)
			if sameBody(out) != sameBody(wrong) || len(out.Cookies) != 0 {
				t.Errorf("%s answers %d %.300s", name, out.Status, out.Body)
			}
		}
		for _, login := range []string{berta.Username + "\u0000", "\u0000", berta.Email + "\u0000"} {
			if out := nobody.Do(t, signIn, credentials(login, apptest.Password)); out.Code() != "BAD_CREDENTIALS" && out.Code() != "BAD_USER_INPUT" {
				t.Errorf("a login with a null, %q: %s", login, out.Body)
			}
		}
		if after := contents(t, s); after != before {
			t.Errorf("something was written:\n%s", difference(before, after))
		}
	})
}

//keyhall:norace
func TestTheSessionCookieIsBoundToHTTPSAndThisHostAndUnreadableToScripts(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		dora := s.Actor(t, "dora")
		out := s.Anonymous().Must(t, signIn, credentials(dora.Username, apptest.Password))
		cookie := theCookie(out)
		if cookie == nil {
			t.Fatal("no cookie")
		}
		if !strings.HasPrefix(cookie.Name, "__Host-") {
			t.Errorf("the cookie is named %s", cookie.Name)
		}
		// net/http drops what it does not know: the line itself is the promise.
		attributes := map[string]bool{}
		for _, part := range strings.Split(cookie.Raw, ";")[1:] {
			attributes[strings.ToLower(strings.TrimSpace(part))] = true
		}
		for _, want := range []string{"path=/", "secure", "httponly", "samesite=lax"} {
			if !attributes[want] {
				t.Errorf("the cookie lacks %s: %v", want, slices.Collect(maps.Keys(attributes)))
			}
		}
		if strings.Contains(strings.ToLower(cookie.Raw), "domain=") {
			t.Error("the cookie is for other hosts too")
		}
		if len(cookie.Value) < 43 {
			t.Errorf("%d characters do not hold 32 random bytes", len(cookie.Value))
		}
		if got := out.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("an answer with a cookie has Cache-Control %q", got)
		}
		for what, text := range map[string]string{"the body": out.Body, "the database": contents(t, s), "the log": s.Log.String()} {
			if strings.Contains(text, cookie.Value) {
				t.Errorf("%s holds the cookie's value", what)
			}
		}
	})
}

//keyhall:norace
func TestASignInDrawsAFreshSessionAndAdoptsNone(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		emil := s.Actor(t, "emil")
		const chosen = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		body := fmt.Sprintf(`{"query":"mutation{signIn(input:{login:\"%s\",password:\"%s\"}){viewer{email} errors{code}}}"}`, emil.Username, apptest.Password)
		values := map[string]bool{}
		for range 3 {
			// With a cookie of a session that never was: a browser whose session is over must be able to sign in again.
			req := newRequest(t, s, body)
			req.Header.Set("Cookie", graph.SessionCookie+"="+chosen)
			out := s.Anonymous().Send(t, req)
			cookie := theCookie(out)
			if cookie == nil || cookie.Value == chosen || values[cookie.Value] {
				t.Fatalf("signed in with a session that is not fresh: %d %s", out.Status, out.Body)
			}
			values[cookie.Value] = true
		}
		if out := askWithCookie(t, s, s.Anonymous(), chosen, countKeys); out.Code() != "UNAUTHENTICATED" {
			t.Errorf("a session that the client chose answers %s", out.Body)
		}
	})
}

func tight(account, address int) func(*app.Config) {
	return func(c *app.Config) {
		c.Accounts.PerAccount = limit.Rate{Count: account, Per: time.Hour}
		c.Accounts.PerAddress = limit.Rate{Count: address, Per: time.Hour}
	}
}

//keyhall:norace
func TestGuessesAtOneAccountAreThrottled(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		nobody := s.Anonymous()
		nobody.Must(t, signUp, newcomer("frida"))
		nobody.Must(t, signUp, newcomer("gustav"))
		for name, logins := range map[string][]string{
			"a known account":    {"frida", "FRIDA", "Frida", "frida", "fRida", "friDa"},
			"an unknown account": {"nosuch", "NOSUCH", "Nosuch", "nosuch", "nosUch", "noSuch"},
			"an unknown address": {"no@such.test", "NO@SUCH.TEST", "No@such.test", "no@such.test", "nO@such.test", "no@sucH.test"},
		} {
			var codes []string
			var last apptest.Answer
			for _, login := range logins {
				last = nobody.Do(t, signIn, credentials(login, "not the password"))
				codes = append(codes, last.Code())
			}
			want := []string{"BAD_CREDENTIALS", "BAD_CREDENTIALS", "BAD_CREDENTIALS", "RATE_LIMITED", "RATE_LIMITED", "RATE_LIMITED"}
			if !slices.Equal(codes, want) {
				t.Errorf("%s, in any case: 3 an hour, but the answers are %v", name, codes)
			}
			if len(last.Errors) == 0 || last.Errors[0].Extensions.RetryAfter < 1 || last.Errors[0].Extensions.RetryAfter > 3600 {
				t.Errorf("%s: no word of when to come back: %s", name, last.Body)
			}
			if strings.Contains(last.Body, logins[0]) {
				t.Errorf("the refusal repeats the login: %s", last.Body)
			}
		}
		if out := nobody.Do(t, signIn, credentials("frida", apptest.Password)); out.Code() != "RATE_LIMITED" || theCookie(out) != nil {
			t.Errorf("the right password passes the throttle: %s", out.Body)
		}
		nobody.Must(t, signIn, credentials("gustav", apptest.Password))
	}, tight(3, 1000))
}

//keyhall:norace
func TestGuessesFromOneAddressAreThrottledWhateverTheyClaimToBe(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		var codes []string
		for i := range 12 {
			req := newRequest(t, s, fmt.Sprintf(`{"query":"mutation{signIn(input:{login:\"who%d\",password:\"xxxxxxxxxxxx\"}){errors{code}}}"}`, i))
			for _, header := range []string{"X-Forwarded-For", "X-Real-Ip", "Forwarded", "True-Client-Ip", "Cf-Connecting-Ip"} {
				req.Header.Set(header, fmt.Sprintf("198.51.100.%d", i+1))
			}
			codes = append(codes, s.Anonymous().Send(t, req).Code())
		}
		bad, limited := 0, 0
		for _, c := range codes {
			switch c {
			case "BAD_CREDENTIALS":
				bad++
			case "RATE_LIMITED":
				limited++
			}
		}
		if bad != 6 || limited != 6 {
			t.Errorf("6 an hour from one address, but the answers are %v", codes)
		}
		if out := s.Anonymous().Do(t, signUp, newcomer("hanna")); out.Code() != "RATE_LIMITED" && out.Code() != "" {
			t.Errorf("sign-up answers %s", out.Body)
		}
	}, tight(1000, 6))
}

//keyhall:norace
func TestSignUpsFromOneAddressAreThrottled(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		limited := 0
		for i := range 20 {
			out := s.Anonymous().Do(t, signUp, newcomer(fmt.Sprintf("robot%d", i)))
			if out.Code() != "" && out.Code() != "RATE_LIMITED" {
				t.Fatalf("a sign-up answers %s", out.Body)
			}
			if out.Code() == "RATE_LIMITED" {
				limited++
				if out.Errors[0].Extensions.RetryAfter < 1 {
					t.Errorf("no word of when to come back: %s", out.Body)
				}
			}
		}
		if n := s.Count(t, "users"); limited != 14 || n != 6 {
			t.Errorf("6 an hour from one address, but %d accounts were made and %d refused", n, limited)
		}
	}, tight(6, 6))
}
