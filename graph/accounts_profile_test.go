package graph_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/authn"
)

const (
	changePassword = `mutation($current: String!, $next: String!) {
		changePassword(input: {currentPassword: $current, newPassword: $next}) { viewer { email } errors { code message path } } }`
	updateProfile = `mutation($name: String, $username: String) {
		updateProfile(input: {name: $name, username: $username}) { user { id name username } errors { code message path } } }`
	nextPassword = "another long password"
	// The kit's password as a server with a lower cost kept it: argon2id, 8 KiB, one pass.
	cheapHash = "$argon2id$v=19$m=8,t=1,p=1$YSBzYWx0IG9mIDE2IGIuLg$gOOig+5rXydAO5mLgwMS5Pz1Zrifm2gMoK/O2/dWGc0"
)

func passwords(current, next string) apptest.Vars {
	return apptest.Vars{"current": current, "next": next}
}

//keyhall:norace
func TestAChangedPasswordEndsEveryOtherSessionAndIsTheOnlyOneThatSignsIn(t *testing.T) { // security.md T6
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		vera, other := s.Actor(t, "vera"), s.Actor(t, "otto")
		lost := again(t, vera)
		program := narrowed(t, vera, "api_key.view")
		if out := vera.Must(t, changePassword, passwords(apptest.Password, nextPassword)); out.Text("changePassword", "viewer", "email") != vera.Email {
			t.Errorf("changed: %s", out.Body)
		}
		vera.Must(t, countKeys, nil) // the session that asked
		isOut(t, "another session", lost)
		program.Must(t, countKeys, nil)
		other.Must(t, countKeys, nil)
		if out := s.Anonymous().Do(t, signIn, credentials(vera.Username, apptest.Password)); out.Code() != "BAD_CREDENTIALS" {
			t.Errorf("the old password: %s", out.Body)
		}
		s.Anonymous().Must(t, signIn, credentials(vera.Username, nextPassword))
		trail := s.AuditTrail(t, vera.ID)
		if last := trail[len(trail)-2]; last.Type != "user.password_changed" || last.Actor != vera.ID {
			t.Errorf("the audit trail says %+v", trail)
		}
		everywhere := contents(t, s) + s.Log.String()
		if strings.Contains(everywhere, nextPassword) || strings.Contains(everywhere, apptest.Password) {
			t.Error("a password lies around")
		}
	})
}

//keyhall:norace
func TestAPasswordIsChangedOnlyByWhoKnowsItAndToAGoodOne(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		walt := s.Actor(t, "walt")
		lost := again(t, walt)
		outside, keeper := narrowed(t, walt, "api_key.view", "user.view"), narrowed(t, walt, "account.manage")
		before := contents(t, s)
		for name, c := range map[string]struct {
			who           *apptest.Actor
			current, next string
			code, path    string
		}{
			"a wrong password":              {walt, "not the password", nextPassword, "BAD_CREDENTIALS", "currentPassword"},
			"no password":                   {walt, "", nextPassword, "BAD_CREDENTIALS", "currentPassword"},
			"a very long one":               {walt, strings.Repeat("p", 5000), nextPassword, "BAD_CREDENTIALS", "currentPassword"},
			"a short new one":               {walt, apptest.Password, "123456789", "INVALID", "newPassword"},
			"a new one that is too long":    {walt, apptest.Password, strings.Repeat("p", 5000), "TOO_LONG", "newPassword"},
			"a token that leaves it out":    {outside, apptest.Password, nextPassword, "FORBIDDEN", ""},
			"the same with a wrong guess":   {outside, "not the password", nextPassword, "FORBIDDEN", ""},
			"a token with a wrong password": {keeper, "not the password", nextPassword, "BAD_CREDENTIALS", "currentPassword"},
			"nobody":                        {s.Anonymous(), apptest.Password, nextPassword, "UNAUTHENTICATED", ""},
		} {
			out := c.who.Do(t, changePassword, passwords(c.current, c.next))
			if out.Code() != c.code || c.path != "" && !strings.Contains(out.Body, c.path) || strings.Contains(out.Body, "pppp") {
				t.Errorf("%s: %s", name, out.Body)
			}
		}
		if after := contents(t, s); after != before {
			t.Errorf("something was written:\n%s", difference(before, after))
		}
		lost.Must(t, countKeys, nil)
		keeper.Must(t, changePassword, passwords(apptest.Password, nextPassword)) // from a token every session is another one
		isOut(t, "a session", walt)
		isOut(t, "another session", lost)
	})
}

//keyhall:norace
func TestGuessesAtTheOwnPasswordAreThrottled(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		xara := s.Actor(t, "xara")
		var codes []string
		for range 5 {
			codes = append(codes, xara.Do(t, changePassword, passwords("not the password", nextPassword)).Code())
		}
		if want := []string{"BAD_CREDENTIALS", "BAD_CREDENTIALS", "BAD_CREDENTIALS", "RATE_LIMITED", "RATE_LIMITED"}; !slices.Equal(codes, want) {
			t.Errorf("3 an hour, but the answers are %v", codes)
		}
		if out := xara.Do(t, changePassword, passwords(apptest.Password, nextPassword)); out.Code() != "RATE_LIMITED" {
			t.Errorf("the right password passes the throttle: %s", out.Body)
		}
	}, tight(3, 1000))
}

//keyhall:norace
func TestAProfileTakesNewNamesAndTheOldUsernameIsFree(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		yann := s.Actor(t, "yann")
		out := yann.Must(t, updateProfile, apptest.Vars{"name": " Yann the Great ", "username": " YANN.G "})
		if out.Text("updateProfile", "user", "name") != "Yann the Great" || out.Text("updateProfile", "user", "username") != "yann.g" {
			t.Errorf("the profile is %s", out.Body)
		}
		trail := s.AuditTrail(t, yann.ID)
		if e := trail[len(trail)-1]; e.Type != "user.profile_updated" || e.Actor != yann.ID || e.Change("username") != "yann.g" || e.Change("name") != "Yann the Great" {
			t.Errorf("the audit trail says %+v", e)
		}
		yann.Must(t, updateProfile, apptest.Vars{"username": "yann.g"})
		yann.Must(t, updateProfile, apptest.Vars{"name": "Yann the Great", "username": "Yann.G"})
		if n := len(s.AuditTrail(t, yann.ID)); n != len(trail) {
			t.Errorf("what changed nothing left %d audit rows", n-len(trail))
		}
		s.Anonymous().Must(t, signIn, credentials("yann.g", apptest.Password))
		if out := s.Anonymous().Do(t, signIn, credentials(yann.Username, apptest.Password)); out.Code() != "BAD_CREDENTIALS" {
			t.Errorf("the old username: %s", out.Body)
		}
		s.Actor(t, "zoe").Must(t, updateProfile, apptest.Vars{"username": yann.Username})
		keeper := narrowed(t, yann, "account.manage")
		if out := keeper.Must(t, updateProfile, apptest.Vars{"name": "By a program"}); out.At("updateProfile", "user") != nil {
			t.Errorf("a token that does not see the account is shown it: %s", out.Body)
		}
	})
}

//keyhall:norace
func TestAProfileRefusesBadAndTakenNamesAndWritesNothing(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		abel, berit := s.Actor(t, "abel"), s.Actor(t, "berit")
		outside := narrowed(t, abel, "api_key.view", "user.view")
		before := contents(t, s)
		for name, c := range map[string]struct {
			who  *apptest.Actor
			vars apptest.Vars
			code string
		}{
			"nothing":                    {abel, nil, "REQUIRED"},
			"a taken username":           {abel, apptest.Vars{"username": berit.Username}, "TAKEN"},
			"the same in upper case":     {abel, apptest.Vars{"username": strings.ToUpper(berit.Username)}, "TAKEN"},
			"a username with @":          {abel, apptest.Vars{"username": "abel@keyhall.test"}, "INVALID"},
			"no username":                {abel, apptest.Vars{"username": ""}, "INVALID"},
			"no name":                    {abel, apptest.Vars{"name": "  "}, "REQUIRED"},
			"a long name":                {abel, apptest.Vars{"name": strings.Repeat("n", 101)}, "TOO_LONG"},
			"a name with a bidi mark":    {abel, apptest.Vars{"name": "Ab\u202eel"}, "INVALID"},
			"a good and a bad name":      {abel, apptest.Vars{"name": "Good", "username": "b a d"}, "INVALID"},
			"a token that leaves it out": {outside, apptest.Vars{"name": "Good"}, "FORBIDDEN"},
			"nobody":                     {s.Anonymous(), apptest.Vars{"name": "Good"}, "UNAUTHENTICATED"},
		} {
			if out := c.who.Do(t, updateProfile, c.vars); out.Code() != c.code || out.At("updateProfile", "user") != nil {
				t.Errorf("%s: %s", name, out.Body)
			}
		}
		if after := contents(t, s); after != before {
			t.Errorf("something was written:\n%s", difference(before, after))
		}
	})
}

// Two who want one name at the same moment: one has it.
func TestAUsernameIsTakenByOneAlsoAtTheSameMoment(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		people := []*apptest.Actor{s.Actor(t, "cal"), s.Actor(t, "dee"), s.Actor(t, "eli"), s.Actor(t, "fay")}
		codes := make(chan string, len(people))
		for _, p := range people {
			go func() { codes <- p.Do(t, updateProfile, apptest.Vars{"username": "wanted"}).Code() }()
		}
		won := 0
		for range people {
			switch code := <-codes; code {
			case "":
				won++
			case "TAKEN":
			default:
				t.Errorf("who was late got %s", code)
			}
		}
		if won != 1 || s.Count(t, "users WHERE username = 'wanted'") != 1 {
			t.Errorf("%d have the name", won)
		}
	})
}

//keyhall:norace
func TestAPasswordIsKeptAtTodaysCostFromTheNextSignInOn(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		gina := s.Actor(t, "gina")
		stored := func() (hash string) {
			s.Row(t, "SELECT password_hash FROM credentials WHERE user_id = ?", []any{gina.ID}, &hash)
			return hash
		}
		const cheap = "$argon2id$v=19$m=8,t=1,p=1$"
		// The hash of the kit's password at a cost that a server had before.
		s.SQL(t, "UPDATE credentials SET password_hash = ? WHERE user_id = ?", cheapHash, gina.ID)
		if out := s.Anonymous().Do(t, signIn, credentials(gina.Username, "not the password")); out.Code() != "BAD_CREDENTIALS" || !strings.HasPrefix(stored(), cheap) {
			t.Errorf("a wrong password: %s, kept as %.30s", out.Body, stored())
		}
		s.Anonymous().Must(t, signIn, credentials(gina.Username, apptest.Password))
		dear := stored()
		if !strings.HasPrefix(dear, "$argon2id$v=19$m=64,t=2,p=1$") {
			t.Errorf("after a sign-in it is kept as %.30s", dear)
		}
		s.Anonymous().Must(t, signIn, credentials(gina.Username, apptest.Password))
		if stored() != dear {
			t.Error("a hash of today's cost was made again")
		}
		gina.Must(t, countKeys, nil)
	}, func(c *app.Config) { c.Accounts.Cost = authn.Cost{MemoryKiB: 64, Passes: 2} })
}
