package graph_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/token"
)

const myTokens = `{ viewer { accessTokens { totalCount nodes { id name start permissions createdAt expiresAt lastUsedAt } } } }`

// narrowed is the same person through a token that is limited to some permissions; nil: not limited.
func narrowed(t testing.TB, a *apptest.Actor, permissions ...string) *apptest.Actor {
	t.Helper()
	vars := apptest.Vars{"name": "program"}
	if permissions != nil {
		vars["permissions"] = permissions
	}
	return a.WithToken(a.Must(t, createToken, vars).Text("createAccessToken", "plaintext"))
}

//keyhall:norace
func TestAnAccessTokenIsShownOnceAndKeptAsAHash(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		rita := s.Actor(t, "rita")
		end := time.Now().Add(24 * time.Hour).UTC().Truncate(time.Second)
		out := rita.Must(t, createToken, apptest.Vars{"name": "deploy", "expires": end.Format(time.RFC3339)})
		plaintext := out.Text("createAccessToken", "plaintext")
		start := out.Text("createAccessToken", "accessToken", "start")
		if !regexp.MustCompile(token.ScannerPattern).MatchString(plaintext) || !strings.HasPrefix(plaintext, "kht_") {
			t.Error("the token is not of the published form")
		}
		// kht_<id 12>_<random 43><crc 6>: the random part is the secret; at most a few characters of it may show.
		if !strings.HasPrefix(plaintext, start) || !strings.HasPrefix(start, "kht_") || len(start) > len("kht_")+12+1+4 {
			t.Errorf("its start is %q", start)
		}
		program := rita.WithToken(plaintext)
		listed := program.Must(t, myTokens, nil)
		if listed.At("viewer", "accessTokens", "totalCount") != 1.0 || listed.Text("viewer", "accessTokens", "nodes", 0, "start") != start {
			t.Errorf("it is listed as %s", listed.Body)
		}
		if got := listed.Text("viewer", "accessTokens", "nodes", 0, "expiresAt"); !strings.HasPrefix(got, end.Format("2006-01-02T15:04:05")) {
			t.Errorf("it ends %s, asked for %s", got, end)
		}
		secret := strings.TrimPrefix(plaintext, start)
		shown := map[string]string{"the list": listed.Body, "the database": contents(t, s), "the log": s.Log.String()}
		if got := rita.Do(t, `query($id: ID!) { node(id: $id) { ... on AccessToken { id start name } } }`,
			apptest.Vars{"id": out.Text("createAccessToken", "accessToken", "id")}); got.Text("node", "name") == "deploy" {
			shown["the node"] = got.Body
		}
		var changes string
		s.Row(t, "SELECT COALESCE(MAX(CAST(changes AS TEXT)), '') FROM audit_events WHERE actor_id = ?", []any{rita.ID}, &changes)
		shown["the audit log"] = changes
		for where, text := range shown {
			for form, value := range map[string]string{"as it is": secret[:30], "in hex": hex.EncodeToString([]byte(secret[:30])),
				"in base64": base64.StdEncoding.EncodeToString([]byte(secret[:30]))} {
				if strings.Contains(strings.ToLower(text), strings.ToLower(value)) {
					t.Errorf("%s holds the token %s", where, form)
				}
			}
		}
		if n := s.Count(t, "audit_events WHERE actor_id = ? AND type LIKE ? AND outcome = ?", rita.ID, "access_token.%", "DONE"); n != 1 {
			t.Errorf("%d audit rows for one new token", n)
		}
	})
}

//keyhall:norace
func TestATokenActsAsItsUserUntilItIsRevoked(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		sven, tara := s.Actor(t, "sven"), s.Actor(t, "tara")
		out := sven.Must(t, createToken, apptest.Vars{"name": "all"})
		id, program := out.Text("createAccessToken", "accessToken", "id"), sven.WithToken(out.Text("createAccessToken", "plaintext"))
		if out.At("createAccessToken", "accessToken", "permissions") != nil || out.At("createAccessToken", "accessToken", "expiresAt") != nil {
			t.Errorf("a token without limits is %s", out.Body)
		}
		key := program.CreateKey(t, "by a program", "", "PROJECT")
		if got := sven.Must(t, countKeys, nil).Text("apiKeys", "nodes", 0, "id"); got != key.ID {
			t.Errorf("the key of the program is %q for its user", got)
		}
		for _, other := range []*apptest.Actor{tara, s.Administrator(t)} {
			if out := other.Do(t, revokeToken, apptest.Vars{"id": id}); out.Code() != "NOT_FOUND" {
				t.Errorf("%s revokes it: %s", other.Username, out.Body)
			}
			if out := other.Do(t, `query($id: ID!) { node(id: $id) { id } }`, apptest.Vars{"id": id}); out.Code() != "NOT_FOUND" {
				t.Errorf("%s sees it: %s", other.Username, out.Body)
			}
		}
		program.Must(t, countKeys, nil)
		if got := sven.Must(t, revokeToken, apptest.Vars{"id": id}).Text("revokeAccessToken", "revokedId"); got != id {
			t.Errorf("revoked %q", got)
		}
		if out := program.Do(t, countKeys, nil); out.Status != 401 || out.Code() != "UNAUTHENTICATED" {
			t.Errorf("a revoked token answers %d %s", out.Status, out.Body)
		}
		if out := sven.Do(t, revokeToken, apptest.Vars{"id": id}); out.Code() != "NOT_FOUND" {
			t.Errorf("a token is revoked twice: %s", out.Body)
		}
	})
}

//keyhall:norace
func TestANarrowedTokenMayDoWhatItNamesAndNothingElse(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ute, vera := s.Actor(t, "ute"), s.Actor(t, "vera")
		key := ute.CreateKey(t, "Narrow", "", "PROJECT")
		hidden := vera.CreateKey(t, "Vera's", "", "PROJECT")
		program := narrowed(t, ute, "api_key.view")
		if got := program.Must(t, countKeys, nil).Text("apiKeys", "nodes", 0, "id"); got != key.ID {
			t.Errorf("it sees %q", got)
		}
		if out := program.Must(t, `query($id: ID!) { apiKey(id: $id) { viewerCan } }`, apptest.Vars{"id": key.ID}); fmt.Sprint(out.At("apiKey", "viewerCan")) != "[api_key.view]" {
			t.Errorf("it can %s", out.Body)
		}
		before := contents(t, s)
		for permission, c := range map[string]struct {
			query string
			vars  apptest.Vars
		}{
			"api_key.rename":        {callKey, apptest.Vars{"id": key.ID, "name": "Renamed"}},
			"api_key.reveal_secret": {`mutation($id: ID!) { revealAPIKeySecret(input: {id: $id}) { secret errors { code } } }`, apptest.Vars{"id": key.ID}},
			"api_key.disable":       {`mutation($id: ID!) { disableAPIKey(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": key.ID}},
			"api_key.delete":        {`mutation($id: ID!) { deleteAPIKey(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": key.ID}},
			"api_key.invite": {`mutation($id: ID!, $e: String!, $own: String!) { inviteCollaborators(input: {apiKeyId: $id, emails: [$e], role: ADMIN, confirmEmail: $own}) { errors { code } } }`,
				apptest.Vars{"id": key.ID, "e": vera.Email, "own": ute.Email}},
		} {
			out := program.Do(t, c.query, c.vars)
			if out.Code() != "FORBIDDEN" || len(out.Errors) != 1 {
				t.Errorf("%s answers %s", permission, out.Body)
				continue
			}
			if x := out.Errors[0].Extensions; x.Permission != permission || len(x.Reasons) == 0 || !strings.Contains(strings.ToLower(strings.Join(x.Reasons, " ")), "token") {
				t.Errorf("%s is refused for %q because of %q: the reason is the token", permission, x.Permission, x.Reasons)
			}
		}
		if out := program.Do(t, callKey, apptest.Vars{"id": hidden.ID, "name": "x"}); out.Code() != "NOT_FOUND" {
			t.Errorf("a hidden key answers %s", out.Body)
		}
		if out := program.Do(t, `query($id: ID!) { apiKey(id: $id) { collaborators { totalCount } } }`, apptest.Vars{"id": key.ID}); out.Code() != "FORBIDDEN" || out.At("apiKey", "collaborators") != nil {
			t.Errorf("a gated field answers %s", out.Body)
		}
		for _, query := range []string{`{ projects { totalCount } }`, `{ organizations { totalCount } }`} {
			if out := program.Do(t, query, nil); !strings.Contains(out.Body, `"totalCount":0`) {
				t.Errorf("%s answers %s", query, out.Body)
			}
		}
		if out := program.Do(t, `mutation($p: ID) { createAPIKey(input: {name: "x", projectId: $p}) { errors { code } } }`, apptest.Vars{"p": ute.Project}); out.Code() == "" {
			t.Errorf("it creates a key: %s", out.Body)
		}
		if after := contents(t, s); after != before {
			t.Errorf("something was written:\n%s", difference(before, after))
		}
	})
}

//keyhall:norace
func TestANarrowedTokenAddsNothingToWhatItsUserMay(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		walt, xaver := s.Actor(t, "walt"), s.Actor(t, "xaver")
		key := walt.CreateKey(t, "Shared", "", "PROJECT")
		walt.Share(t, key.ID, xaver, "CONTRIBUTOR")
		program := narrowed(t, xaver, "api_key.view", "api_key.rename", "api_key.delete", "instance.manage_users")
		if out := program.Do(t, callKey, apptest.Vars{"id": key.ID, "name": "x"}); out.Code() != "FORBIDDEN" {
			t.Errorf("a contributor's token renames: %s", out.Body)
		}
		if out := program.Do(t, setStatus, apptest.Vars{"id": walt.ID, "suspended": true}); out.Code() != "NOT_FOUND" && out.Code() != "FORBIDDEN" {
			t.Errorf("a contributor's token suspends: %s", out.Body)
		}
		admin := s.Administrator(t)
		if out := narrowed(t, admin, "api_key.view").Do(t, setStatus, apptest.Vars{"id": walt.ID, "suspended": true}); out.Code() != "NOT_FOUND" && out.Code() != "FORBIDDEN" {
			t.Errorf("an administrator's token without that permission suspends: %s", out.Body)
		}
		if n := s.Count(t, "users WHERE suspended_at <> 0"); n != 0 {
			t.Error("somebody was suspended")
		}
		narrowed(t, admin, "instance.manage_users").Must(t, setStatus, apptest.Vars{"id": walt.ID, "suspended": true})
	})
}

//keyhall:norace
func TestATokenThatIsNarrowedToNothingMayNothing(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		yuri := s.Actor(t, "yuri")
		key := yuri.CreateKey(t, "Unseen", "", "PROJECT")
		out := yuri.Must(t, createToken, apptest.Vars{"name": "nothing", "permissions": []string{}})
		if got := out.At("createAccessToken", "accessToken", "permissions"); fmt.Sprint(got) != "[]" {
			t.Errorf("it is narrowed to %v", got)
		}
		program := yuri.WithToken(out.Text("createAccessToken", "plaintext"))
		before := contents(t, s)
		for _, query := range []string{countKeys, `{ projects { totalCount } }`, `{ organizations { totalCount } }`} {
			if out := program.Do(t, query, nil); !strings.Contains(out.Body, `"totalCount":0`) && out.Code() != "FORBIDDEN" {
				t.Errorf("%s answers %s", query, out.Body)
			}
		}
		for _, query := range []string{callKey, revokeToken, revokeOne, `query($id: ID!) { apiKey(id: $id) { name } }`, `query($id: ID!) { node(id: $id) { id } }`} {
			if out := program.Do(t, query, apptest.Vars{"id": key.ID}); out.Code() != "NOT_FOUND" {
				t.Errorf("%s answers %s", query, out.Body)
			}
		}
		for _, query := range []string{`mutation { createAPIKey(input: {name: "x"}) { errors { code } } }`, `mutation { createAccessToken(input: {name: "x"}) { plaintext errors { code } } }`} {
			if out := program.Do(t, query, nil); !strings.Contains("FORBIDDEN NOT_FOUND INVALID", out.Code()) || out.Code() == "" {
				t.Errorf("%s answers %s", query, out.Body)
			}
		}
		if after := contents(t, s); after != before {
			t.Errorf("something was written:\n%s", difference(before, after))
		}
	})
}

//keyhall:norace
func TestATokenMakesNoTokenThatIsWiderThanItself(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		zora := s.Actor(t, "zora")
		key := zora.CreateKey(t, "Wide", "", "PROJECT")
		program := narrowed(t, zora, "api_key.view", "account.manage", "user.view")
		before := contents(t, s)
		tokens := s.Count(t, "access_tokens")
		for name, vars := range map[string]apptest.Vars{
			"without limits":  {"name": "x"},
			"with null":       {"name": "x", "permissions": nil},
			"with one more":   {"name": "x", "permissions": []string{"api_key.view", "api_key.rename"}},
			"with another":    {"name": "x", "permissions": []string{"api_key.rename"}},
			"with one in two": {"name": "x", "permissions": []string{"account.manage", "api_key.delete"}},
		} {
			out := program.Do(t, createToken, vars)
			if code := out.Code(); code != "FORBIDDEN" && code != "INVALID" || out.At("createAccessToken", "plaintext") != nil {
				t.Errorf("%s: %s", name, out.Body)
			}
		}
		if after := contents(t, s); after != before || s.Count(t, "access_tokens") != tokens {
			t.Errorf("something was written:\n%s", difference(before, after))
		}
		program = narrowed(t, zora, "api_key.view", "account.manage", "user.view", "access_token.view")
		child := narrowed(t, program, "api_key.view")
		child.Must(t, countKeys, nil)
		if out := child.Do(t, callKey, apptest.Vars{"id": key.ID, "name": "x"}); out.Code() != "FORBIDDEN" {
			t.Errorf("a token of a token renames: %s", out.Body)
		}
		if out := narrowed(t, zora, "api_key.view").Do(t, createToken, apptest.Vars{"name": "x", "permissions": []string{"api_key.view"}}); out.Code() != "FORBIDDEN" && out.Code() != "NOT_FOUND" {
			t.Errorf("a token that may not manage the account makes a token: %s", out.Body)
		}
	})
}

// A deed that is done and then answered with an error would make somebody do it again, and lose what is shown once.
//
//keyhall:norace
func TestATokenThatMayDoButNotSeeIsObeyedOrRefusedWhole(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		aron, bea := s.Actor(t, "aron"), s.Actor(t, "bea")
		key := aron.CreateKey(t, "Blind", "", "PROJECT")
		place := aron.Share(t, key.ID, bea, "CONTRIBUTOR")
		id := apptest.Vars{"id": key.ID}
		for _, c := range []struct {
			permission, query string
			vars              apptest.Vars
		}{
			{"account.manage", createToken, apptest.Vars{"name": "blind", "permissions": []string{}}},
			{"project.create_api_key", `mutation($p: ID) { createAPIKey(input: {name: "blind", projectId: $p}) { plaintext errors { code } } }`, apptest.Vars{"p": aron.Project}},
			{"api_key.rename", callKey, apptest.Vars{"id": key.ID, "name": "Renamed"}},
			{"api_key.disable", `mutation($id: ID!) { disableAPIKey(input: {id: $id}) { apiKey { id } errors { code } } }`, id},
			{"api_key.enable", `mutation($id: ID!) { enableAPIKey(input: {id: $id}) { apiKey { id } errors { code } } }`, id},
			{"api_key.reveal_secret", `mutation($id: ID!) { revealAPIKeySecret(input: {id: $id}) { secret errors { code } } }`, id},
			{"api_key.update_role", `mutation($id: ID!) { updateCollaboratorRole(input: {collaboratorId: $id, role: ADMIN}) { collaborator { id } errors { code } } }`, apptest.Vars{"id": place}},
			{"api_key.invite", `mutation($id: ID!, $own: String!) { inviteCollaborators(input: {apiKeyId: $id, emails: ["bea1@nowhere.test", "root1@keyhall.test"], role: ADMIN, confirmEmail: $own}) {
				results { invitation { id } error { code } } errors { code } } }`, apptest.Vars{"id": key.ID, "own": aron.Email}},
			{"api_key.remove_collaborator", `mutation($id: ID!) { removeCollaborator(input: {collaboratorId: $id}) { apiKey { id } errors { code } } }`, apptest.Vars{"id": place}},
			{"api_key.delete", `mutation($id: ID!) { deleteAPIKey(input: {id: $id}) { deletedId errors { code } } }`, id},
		} {
			program := narrowed(t, aron, c.permission)
			before := contents(t, s)
			out := program.Do(t, c.query, c.vars)
			if after := contents(t, s); out.Code() != "" && after != before {
				t.Errorf("%s alone: it was done, and answered %s\n%s", c.permission, out.Body, difference(before, after))
			}
		}
	})
}

//keyhall:norace
func TestANewTokenIsRefusedWhatMakesNoSense(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		arno := s.Actor(t, "arno")
		before := contents(t, s)
		for name, c := range map[string]struct {
			vars  apptest.Vars
			codes string
		}{
			"an unknown permission":           {apptest.Vars{"permissions": []string{"api_key.fly"}}, "INVALID BAD_USER_INPUT"},
			"an unknown noun":                 {apptest.Vars{"permissions": []string{"cake.view"}}, "INVALID BAD_USER_INPUT"},
			"one unknown among known":         {apptest.Vars{"permissions": []string{"api_key.view", "api_key.*"}}, "INVALID BAD_USER_INPUT"},
			"a pattern":                       {apptest.Vars{"permissions": []string{"*"}}, "INVALID BAD_USER_INPUT"},
			"a permission in another case":    {apptest.Vars{"permissions": []string{"API_KEY.VIEW"}}, "INVALID BAD_USER_INPUT"},
			"a helper rule of the law":        {apptest.Vars{"permissions": []string{"api_key.holds"}}, "INVALID BAD_USER_INPUT"},
			"an empty permission":             {apptest.Vars{"permissions": []string{""}}, "INVALID BAD_USER_INPUT"},
			"a permission with a null":        {apptest.Vars{"permissions": []string{"api_key.view\u0000"}}, "INVALID BAD_USER_INPUT"},
			"10,000 times one permission":     {apptest.Vars{"permissions": many(10_000, "api_key.view")}, "INVALID TOO_LONG BAD_USER_INPUT OPERATION_TOO_LARGE"},
			"an end in the past":              {apptest.Vars{"expires": "2020-01-01T00:00:00Z"}, "EXPIRY_IN_PAST"},
			"an end at the beginning":         {apptest.Vars{"expires": "1970-01-01T00:00:00Z"}, "EXPIRY_IN_PAST"},
			"an end before the beginning":     {apptest.Vars{"expires": "0001-01-01T00:00:00Z"}, "EXPIRY_IN_PAST BAD_USER_INPUT"},
			"an end a second ago":             {apptest.Vars{"expires": time.Now().Add(-time.Second).UTC().Format(time.RFC3339)}, "EXPIRY_IN_PAST"},
			"an end that is no time":          {apptest.Vars{"expires": "tomorrow"}, "BAD_USER_INPUT"},
			"no name":                         {apptest.Vars{"name": ""}, "REQUIRED"},
			"a name of spaces":                {apptest.Vars{"name": "   "}, "REQUIRED INVALID"},
			"a name that is too long":         {apptest.Vars{"name": strings.Repeat("n", 10_000)}, "TOO_LONG"},
			"a name with a control character": {apptest.Vars{"name": "a\u001b[31m"}, "INVALID"},
			"a name with a null":              {apptest.Vars{"name": "a\u0000b"}, "INVALID BAD_USER_INPUT"},
		} {
			vars := apptest.Vars{"name": "x"}
			for k, v := range c.vars {
				vars[k] = v
			}
			out := arno.Do(t, createToken, vars)
			if code := out.Code(); code == "" || !strings.Contains(c.codes, code) {
				t.Errorf("%s: want %s, got %.300s", name, c.codes, out.Body)
			}
		}
		if after := contents(t, s); after != before {
			t.Errorf("something was written:\n%s", difference(before, after))
		}
	})
}

func many[T any](n int, one T) []T { return slices.Repeat([]T{one}, n) }
