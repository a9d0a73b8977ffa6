package graph_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/keyhall/keyhall/graph"
	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/mail"
)

const (
	signUp = `mutation($email: String!, $username: String!, $name: String!, $password: String!, $token: String) {
		signUp(input: {email: $email, username: $username, name: $name, password: $password, setupToken: $token}) {
			viewer { email emailVerified isAdministrator user { username } } errors { code message path } } }`
	signIn = `mutation($login: String!, $password: String!) {
		signIn(input: {login: $login, password: $password}) { viewer { email user { id } } errors { code message path } } }`
	whoAmI    = `{ viewer { user { id } email emailVerified isAdministrator } }`
	countKeys = `{ apiKeys { totalCount nodes { id name } } }`
	setStatus = `mutation($id: ID!, $suspended: Boolean, $verified: Boolean) {
		setUserStatus(input: {userId: $id, suspended: $suspended, emailVerified: $verified}) { user { id } errors { code path } } }`
	callKey = `mutation($id: ID!, $name: String) { updateAPIKey(input: {id: $id, name: $name}) { apiKey { name } errors { code path } } }`
)

// newcomer are the variables of a sign-up that is good in all its parts.
func newcomer(name string) apptest.Vars {
	return apptest.Vars{"email": name + "@keyhall.test", "username": name, "name": "New " + name, "password": apptest.Password}
}

// with is a copy of the variables in which one is different.
func with(vars apptest.Vars, name string, value any) apptest.Vars {
	out := apptest.Vars{name: value}
	for k, v := range vars {
		if k != name {
			out[k] = v
		}
	}
	return out
}

func credentials(login, password string) apptest.Vars {
	return apptest.Vars{"login": login, "password": password}
}

// theCookie is the session cookie that an answer set; nil when it set none.
func theCookie(a apptest.Answer) *http.Cookie {
	for _, c := range a.Cookies {
		if c.Name == graph.SessionCookie && c.Value != "" && c.MaxAge >= 0 {
			return c
		}
	}
	return nil
}

var requestID = regexp.MustCompile(`"requestId":"[^"]*"`)

// sameBody is the answer without what differs between any two answers.
func sameBody(a apptest.Answer) string {
	return fmt.Sprint(a.Status, requestID.ReplaceAllString(a.Body, `"requestId":""`))
}

func signup(mode string) func(*app.Config) {
	return func(c *app.Config) { c.Accounts.Signup = mode }
}

//keyhall:norace
func TestWhoSignsUpGetsAnAccountWithoutASessionAndSignsIn(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		nobody := s.Anonymous()
		out := nobody.Must(t, signUp, newcomer("nina"))
		if out.At("signUp", "viewer") != nil || len(out.Cookies) != 0 {
			t.Errorf("sign-up signed in: %s, cookies %v", out.Body, out.Cookies)
		}
		in := nobody.Must(t, signIn, credentials("nina", apptest.Password))
		cookie := theCookie(in)
		if cookie == nil || in.Text("signIn", "viewer", "email") != "nina@keyhall.test" {
			t.Fatalf("no session: %s", in.Body)
		}
		nina := s.Anonymous()
		me := askWithCookie(t, s, nina, cookie.Value, `{ viewer { emailVerified isAdministrator }
			organizations { totalCount nodes { viewerRole } } projects { totalCount nodes { id } } }`)
		if me.At("viewer", "emailVerified") != false || me.At("viewer", "isAdministrator") != false {
			t.Errorf("a newcomer is %s", me.Body)
		}
		if me.At("organizations", "totalCount") != 1.0 || me.Text("organizations", "nodes", 0, "viewerRole") != "OWNER" || me.At("projects", "totalCount") != 1.0 {
			t.Errorf("a newcomer has not one organization with one project: %s", me.Body)
		}
		var stored string
		s.Row(t, "SELECT password_hash FROM credentials c JOIN users u ON u.id = c.user_id WHERE u.username = ?", []any{"nina"}, &stored)
		if !strings.HasPrefix(stored, "$argon2id$") || strings.Contains(stored, apptest.Password) {
			t.Errorf("the password is stored as %.12s...", stored)
		}
	})
}

//keyhall:norace
func TestSignUpWithAKnownAddressAnswersAsWithAnUnknownOneAndWritesNothing(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		nobody := s.Anonymous()
		unknown := nobody.Must(t, signUp, newcomer("olga"))
		box.Await(t, mail.VerifyEmail, "olga@keyhall.test", 1)
		before := contents(t, s, "mails") // the holder of the address is told
		for name, vars := range map[string]apptest.Vars{
			"the same address":               with(newcomer("impostor"), "email", "olga@keyhall.test"),
			"the same address in upper case": with(newcomer("impostor"), "email", "OLGA@KEYHALL.TEST"),
			"the same address with spaces":   with(newcomer("impostor"), "email", " olga@keyhall.test "),
		} {
			known := nobody.Do(t, signUp, with(vars, "password", "another long password"))
			if sameBody(known) != sameBody(unknown) || len(known.Cookies) != 0 {
				t.Errorf("%s: %d %s\nan unknown one: %s", name, known.Status, known.Body, unknown.Body)
			}
		}
		if after := contents(t, s, "mails"); after != before {
			t.Errorf("something was written:\n%s", difference(before, after))
		}
		told := box.Await(t, mail.KnownAddress, "olga@keyhall.test", 3)
		if told.Token != "" || told.Link != s.URL+"/sign-in" || strings.Contains(told.Raw, "impostor") {
			t.Errorf("the holder of the address is told:\n%s", told.Text)
		}
		if n := s.Count(t, "mails"); n != 4 {
			t.Errorf("%d letters for one sign-up and three with the same address", n)
		}
		if code := nobody.Do(t, signIn, credentials("olga", "another long password")).Code(); code != "BAD_CREDENTIALS" {
			t.Errorf("the password of the second sign-up gets %q", code)
		}
		nobody.Must(t, signIn, credentials("olga", apptest.Password))
	})
}

//keyhall:norace
func TestSignUpRefusesBadInputForKnownAndUnknownAddressesAlike(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		nobody := s.Anonymous()
		nobody.Must(t, signUp, newcomer("pia"))
		before := contents(t, s)
		for name, c := range map[string]struct {
			field, value string
			codes        string
			path         string
		}{
			"a taken username":                {"username", "pia", "TAKEN", "username"},
			"a taken username in other case":  {"username", "PIA", "TAKEN", "username"},
			"a username with a space":         {"username", "p ia", "INVALID", "username"},
			"a username with @":               {"username", "pia@keyhall.test", "INVALID", "username"},
			"a username that is markup":       {"username", "<pia>", "INVALID", "username"},
			"a username of look-alikes":       {"username", "рiа", "INVALID", "username"},
			"no username":                     {"username", "", "REQUIRED INVALID", "username"},
			"a username that is too long":     {"username", strings.Repeat("u", 1000), "TOO_LONG INVALID", "username"},
			"a username with a bidi mark":     {"username", "pia\u202e", "INVALID", "username"},
			"no name":                         {"name", "", "REQUIRED", "name"},
			"a name of spaces":                {"name", " \t ", "REQUIRED INVALID", "name"},
			"a name that is too long":         {"name", strings.Repeat("n", 10_000), "TOO_LONG", "name"},
			"a name with a control character": {"name", "Pi\u0007a", "INVALID", "name"},
			"a name with a bidi mark":         {"name", "Pi\u202ea", "INVALID", "name"},
			"a password of 9 characters":      {"password", "123456789", "INVALID", "password"},
			"no password":                     {"password", "", "REQUIRED INVALID", "password"},
			"a password that is too long":     {"password", strings.Repeat("p", 100_000), "TOO_LONG INVALID", "password"},
		} {
			t.Run(name, func(t *testing.T) {
				unknown := nobody.Do(t, signUp, with(newcomer("quinn"), c.field, c.value))
				known := nobody.Do(t, signUp, with(with(newcomer("quinn"), "email", "pia@keyhall.test"), c.field, c.value))
				if code := unknown.Code(); code == "" || !strings.Contains(c.codes, code) {
					t.Errorf("want %s, got %s", c.codes, unknown.Body)
				}
				if !strings.Contains(fmt.Sprint(unknown.At("signUp", "errors", 0, "path")), c.path) {
					t.Errorf("the path does not name %s: %s", c.path, unknown.Body)
				}
				if sameBody(known) != sameBody(unknown) {
					t.Errorf("a known address answers %s\nan unknown one %s", known.Body, unknown.Body)
				}
			})
		}
		for _, field := range []string{"username", "name"} {
			if out := nobody.Do(t, signUp, with(newcomer("rosa"), field, "Rosa\u0000 or not")); !strings.Contains("INVALID BAD_USER_INPUT", out.Code()) || out.Code() == "" {
				t.Errorf("a %s with a null answers %s", field, out.Body)
			}
		}
		for _, email := range []string{"", "pia", "@keyhall.test", "pia@", "a b@keyhall.test", "pia\u0000@keyhall.test", "pia@key\u202ehall.test",
			"pia@keyhall.test\r\nBcc: all@keyhall.test", strings.Repeat("e", 400) + "@keyhall.test", "Pia <pia2@keyhall.test>", "pia@@keyhall.test"} {
			out := nobody.Do(t, signUp, with(newcomer("rosa"), "email", email))
			if code := out.Code(); code == "" || !strings.Contains("INVALID REQUIRED TOO_LONG BAD_USER_INPUT", code) {
				t.Errorf("%.40q is an address: %s", email, out.Body)
			}
		}
		if after := contents(t, s); after != before {
			t.Errorf("something was written:\n%s", difference(before, after))
		}
	})
}

//keyhall:norace
func TestClosedSignUpIsForbiddenToEverybodyAlike(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		s.Actor(t, "sara")
		before := contents(t, s)
		unknown := s.Anonymous().Do(t, signUp, newcomer("tina"))
		if unknown.Code() != "FORBIDDEN" {
			t.Errorf("closed sign-up answers %s", unknown.Body)
		}
		for name, vars := range map[string]apptest.Vars{
			"a known address": with(newcomer("tina"), "email", "sara1@keyhall.test"),
			"a used username": with(newcomer("tina"), "username", "sara1"),
			"bad input":       with(newcomer("tina"), "password", "short"),
		} {
			if out := s.Anonymous().Do(t, signUp, vars); sameBody(out) != sameBody(unknown) && name != "bad input" || out.Code() == "" {
				t.Errorf("%s answers %s", name, out.Body)
			}
		}
		if after := contents(t, s); after != before {
			t.Errorf("something was written:\n%s", difference(before, after))
		}
	}, signup("closed"))
}

//keyhall:norace
func TestTheSetUpLinkMakesTheAdministratorOnceAndThenSignUpIsClosed(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		nobody, token := s.Anonymous(), s.App.Accounts.SetupToken()
		if len(token) < 32 {
			t.Fatalf("a set-up token of %d characters can be guessed", len(token))
		}
		for _, wrong := range []string{"wrong", token[:len(token)-1], token + "x", strings.Repeat("A", len(token))} {
			if out := nobody.Do(t, signUp, with(newcomer("mallory"), "token", wrong)); out.Code() != "BAD_CREDENTIALS" || theCookie(out) != nil {
				t.Errorf("a wrong token answers %s", out.Body)
			}
		}
		if n := s.Count(t, "users"); n != 0 {
			t.Fatalf("%d accounts by wrong tokens", n)
		}
		out := nobody.Must(t, signUp, with(newcomer("ursula"), "token", token))
		if out.At("signUp", "viewer", "isAdministrator") != true || out.At("signUp", "viewer", "emailVerified") != true {
			t.Errorf("the set-up link made %s", out.Body)
		}
		cookie := theCookie(out)
		if cookie == nil {
			t.Fatal("the set-up link does not sign in")
		}
		me := askWithCookie(t, s, nobody, cookie.Value, whoAmI)
		if me.At("viewer", "isAdministrator") != true {
			t.Errorf("the session of the set-up link is of %s", me.Body)
		}
		before := contents(t, s)
		if out := nobody.Do(t, signUp, with(newcomer("victor"), "token", token)); out.Code() != "BAD_CREDENTIALS" || theCookie(out) != nil {
			t.Errorf("a used token answers %s", out.Body)
		}
		if out := nobody.Do(t, signUp, newcomer("victor")); out.Code() != "FORBIDDEN" {
			t.Errorf("sign-up after the first account answers %s", out.Body)
		}
		if after := contents(t, s); after != before {
			t.Errorf("something was written:\n%s", difference(before, after))
		}
	}, signup(""))
}

func TestTheSetUpLinkMakesOneAdministratorAlsoAtTheSameMoment(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		const rivals = 8
		token := s.App.Accounts.SetupToken()
		answers := make([]apptest.Answer, rivals)
		var start, done sync.WaitGroup
		start.Add(1)
		for i := range rivals {
			done.Add(1)
			go func() {
				defer done.Done()
				start.Wait()
				answers[i] = s.Anonymous().Do(t, signUp, with(newcomer(fmt.Sprintf("rival%d", i)), "token", token))
			}()
		}
		start.Done()
		done.Wait()
		won := 0
		for _, a := range answers {
			switch code := a.Code(); {
			case code == "" && theCookie(a) != nil:
				won++
			case code != "BAD_CREDENTIALS" || theCookie(a) != nil:
				t.Errorf("who was late got %s", a.Body)
			}
		}
		if n := s.Count(t, "users"); won != 1 || n != 1 || s.Count(t, "users WHERE administrator = ?", true) != 1 {
			t.Errorf("%d of %d were let in, %d accounts", won, rivals, n)
		}
		for _, table := range []string{"organizations", "projects", "credentials", "sessions"} {
			if n := s.Count(t, table); n != 1 {
				t.Errorf("%d rows in %s", n, table)
			}
		}
	}, signup("closed"))
}

func TestTwoSignUpsForOneAddressOrUsernameMakeOneAccount(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		const rivals = 8
		for name, vars := range map[string]func(i int) apptest.Vars{
			"address": func(i int) apptest.Vars {
				return with(newcomer(fmt.Sprintf("wanda%d", i)), "email", "wanda@keyhall.test")
			},
			"username": func(i int) apptest.Vars { return with(newcomer(fmt.Sprintf("xenia%d", i)), "username", "xenia") },
		} {
			before := s.Count(t, "users")
			answers := make([]apptest.Answer, rivals)
			var done sync.WaitGroup
			for i := range rivals {
				done.Add(1)
				go func() { defer done.Done(); answers[i] = s.Anonymous().Do(t, signUp, vars(i)) }()
			}
			done.Wait()
			for _, a := range answers {
				if code := a.Code(); code != "" && (name != "username" || code != "TAKEN") {
					t.Errorf("one %s at the same moment answers %s", name, a.Body)
				}
			}
			if n := s.Count(t, "users") - before; n != 1 {
				t.Errorf("%d accounts for one %s", n, name)
			}
		}
	})
}
