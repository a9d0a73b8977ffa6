package graph_test

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

// refusals are the codes of a payload's errors with their paths: "INVALID input.origins.2".
func refusals(out apptest.Answer, mutation string) []string {
	list, _ := out.At(mutation, "errors").([]any)
	found := []string{}
	for _, e := range list {
		m, _ := e.(map[string]any)
		found = append(found, fmt.Sprint(m["code"])+" "+strings.Join(texts(m["path"]), "."))
	}
	return found
}

func addresses(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = "10.0.0." + strconv.Itoa(i)
	}
	return out
}

// 5.4: what cannot be a setting is refused with its place, all of it at once, nothing is written, and no value comes back.
//
//keyhall:norace
func TestBadSecuritySettingsAreRefusedWithTheirPlace(t *testing.T) {
	t.Parallel()
	public, _, _ := keyPair(t)
	signer := func(name, pem string) apptest.Vars { return apptest.Vars{"name": name, "publicKeyPEM": pem} }
	good := func() apptest.Vars {
		pem, _, _ := keyPair(t)
		return signer("good", pem)
	}
	cases := map[string]struct {
		in   apptest.Vars
		want []string
	}{
		"an origin":               {apptest.Vars{"origins": []string{"https://a.example", "*.b.example", "https://" + inputCanary + ".example/path"}}, []string{"INVALID input.origins.2"}},
		"an empty origin":         {apptest.Vars{"origins": []string{" "}}, []string{"INVALID input.origins.0"}},
		"an address":              {apptest.Vars{"addresses": []string{"10.0.0.1", inputCanary}}, []string{"INVALID input.addresses.1"}},
		"a zone":                  {apptest.Vars{"addresses": []string{"fe80::1%eth0"}}, []string{"INVALID input.addresses.0"}},
		"a user agent":            {apptest.Vars{"userAgents": []string{inputCanary + "\u202e"}}, []string{"INVALID input.userAgents.0"}},
		"a long method":           {apptest.Vars{"methods": []string{strings.Repeat(inputCanary, 30)}}, []string{"INVALID input.methods.0"}},
		"several":                 {apptest.Vars{"origins": []string{"*", "https://a.example", "x/y"}, "addresses": []string{"?"}}, []string{"INVALID input.origins.0", "INVALID input.origins.2", "INVALID input.addresses.0"}},
		"31 addresses":            {apptest.Vars{"addresses": addresses(31)}, []string{"ALLOWLIST_FULL input.addresses.30"}},
		"a token without a key":   {apptest.Vars{"requireJWT": true}, []string{"INVALID input.requireJWT"}},
		"a token, the keys gone":  {apptest.Vars{"requireJWT": true, "jwtKeys": []apptest.Vars{}}, []string{"INVALID input.requireJWT"}},
		"no PEM":                  {apptest.Vars{"jwtKeys": []apptest.Vars{good(), signer("bad", inputCanary)}}, []string{"INVALID input.jwtKeys.1.publicKeyPEM"}},
		"a nameless key":          {apptest.Vars{"jwtKeys": []apptest.Vars{signer(" ", public)}}, []string{"REQUIRED input.jwtKeys.0.name"}},
		"a long name":             {apptest.Vars{"jwtKeys": []apptest.Vars{signer(strings.Repeat("n", 101), public)}}, []string{"TOO_LONG input.jwtKeys.0.name"}},
		"one key twice":           {apptest.Vars{"jwtKeys": []apptest.Vars{signer("a", public), signer("b", public)}}, []string{"INVALID input.jwtKeys.1.publicKeyPEM"}},
		"four keys":               {apptest.Vars{"jwtKeys": []apptest.Vars{good(), good(), good(), good()}}, []string{"TOO_LONG input.jwtKeys"}},
		"good ones beside a bad":  {apptest.Vars{"requireSecret": true, "methods": []string{"fine"}, "origins": []string{"*"}}, []string{"INVALID input.origins.0"}},
		"an entry with a newline": {apptest.Vars{"methods": []string{"a\nb"}}, []string{"INVALID input.methods.0"}},
	}
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		key := ada.CreateKey(t, "Payments", "", "PROJECT").ID
		before := contents(t, s)
		for name, c := range cases {
			out := ada.Do(t, editSecurity, settings(key, c.in))
			if got := refusals(out, "updateSecuritySettings"); !reflect.DeepEqual(got, c.want) || out.At("updateSecuritySettings", "apiKey") != nil {
				t.Errorf("%s: %v, want %v: %s", name, got, c.want, out.Body)
			}
			if strings.Contains(out.Body, inputCanary) {
				t.Errorf("%s: the answer repeats a value: %s", name, out.Body)
			}
		}
		if after := contents(t, s); after != before {
			t.Errorf("something was written:\n%s", difference(before, after))
		}
		if strings.Contains(s.Log.String(), inputCanary) {
			t.Error("the log repeats a value")
		}
		ada.Must(t, editSecurity, settings(key, apptest.Vars{"addresses": append(addresses(30), addresses(30)...), "jwtKeys": []apptest.Vars{good(), good(), good()}, "requireJWT": true}))
		for name, c := range map[string]struct {
			in   apptest.Vars
			want string
		}{
			"the keys gone":    {apptest.Vars{"jwtKeys": nil}, "INVALID input.jwtKeys"},
			"the keys emptied": {apptest.Vars{"jwtKeys": []apptest.Vars{}}, "INVALID input.jwtKeys"},
		} {
			if got := refusals(ada.Do(t, editSecurity, settings(key, c.in)), "updateSecuritySettings"); !reflect.DeepEqual(got, []string{c.want}) {
				t.Errorf("%s while tokens are required: %v", name, got)
			}
		}
		ada.Must(t, editSecurity, settings(key, apptest.Vars{"jwtKeys": nil, "requireJWT": false}))
	})
}

// Two who change different settings at the same time both get their way, every time.
func TestEditsOfDifferentSettingsAtOnceLoseNothing(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		key := ada.CreateKey(t, "Payments", "", "PROJECT").ID
		ada.Share(t, key, ben, "ADMIN")
		edits := func(who *apptest.Actor, list string) {
			for i := range 12 {
				out := who.Do(t, editSecurity, settings(key, apptest.Vars{list: []string{list + strconv.Itoa(i)}}))
				for out.Code() == "CONFLICT" { // says that another was quicker: ask again
					out = who.Do(t, editSecurity, settings(key, apptest.Vars{list: []string{list + strconv.Itoa(i)}}))
				}
				if out.Code() != "" {
					t.Errorf("%s: %s", list, out.Body)
				}
			}
		}
		var both sync.WaitGroup
		both.Go(func() { edits(ada, "methods") })
		both.Go(func() { edits(ben, "userAgents") })
		both.Wait()
		out := ada.Must(t, seeSecurity, apptest.Vars{"id": key})
		if m, u := texts(out.At("apiKey", "securitySettings", "methods")), texts(out.At("apiKey", "securitySettings", "userAgents")); !reflect.DeepEqual(m, []string{"methods11"}) || !reflect.DeepEqual(u, []string{"userAgents11"}) {
			t.Errorf("methods %v, user agents %v", m, u)
		}
		if n := s.Count(t, "audit_events WHERE type = 'security_settings.updated' AND resource_id = ?", key); n != 24 {
			t.Errorf("%d audit rows of 24 edits", n)
		}
	})
}

// A token that leaves out the rows of the settings neither shows nor changes them: it would take what it does not see for
// what is not there.
//
//keyhall:norace
func TestATokenNarrowedBesideTheSettingsNeitherShowsNorChangesThem(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		key := ada.CreateKey(t, "Payments", "", "PROJECT").ID
		public, _, _ := keyPair(t)
		ada.Must(t, editSecurity, settings(key, apptest.Vars{"requireJWT": true, "jwtKeys": []apptest.Vars{{"name": "n", "publicKeyPEM": public}}}))
		narrowed := func(permissions ...string) *apptest.Actor {
			out := ada.Must(t, `mutation($p: [Permission!]) { createAccessToken(input: {name: "narrow", permissions: $p}) { plaintext errors { code } } }`, apptest.Vars{"p": permissions})
			return ada.WithToken(out.Text("createAccessToken", "plaintext"))
		}
		most := []string{"api_key.view", "api_key.view_security", "api_key.edit_security"}
		for name, who := range map[string]*apptest.Actor{
			"without both":         narrowed(most...),
			"without the keys":     narrowed(append(most, "security_settings.view")...),
			"without the settings": narrowed(append(most, "jwt_key.view")...),
		} {
			out := who.Do(t, editSecurity, settings(key, apptest.Vars{"requireSecret": true}))
			if out.Code() != "FORBIDDEN" {
				t.Errorf("%s: an edit gives %s", name, out.Body)
			}
		}
		if out := narrowed(most...).Do(t, seeSecurity, apptest.Vars{"id": key}); out.At("apiKey", "securitySettings") != nil {
			t.Errorf("shows %s", out.Body)
		}
		whole := narrowed(append(most, "security_settings.view", "jwt_key.view")...)
		if got := whole.Must(t, editSecurity, settings(key, apptest.Vars{"requireSecret": true})).At("updateSecuritySettings", "apiKey", "securitySettings", "requireSecret"); got != true {
			t.Errorf("with all of it: %v", got)
		}
	})
}

// A part is seen with what it belongs to, and its id leads nowhere: also for who sees the part.
//
//keyhall:norace
func TestAPartIsFoundByNoID(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		e := newEstate(t, s)
		for _, id := range []string{
			e.one(t, "SELECT id AS x FROM security_settings WHERE api_key_id = ?", e.key.ID), e.one(t, "SELECT id AS x FROM jwt_keys WHERE api_key_id = ?", e.key.ID),
			e.one(t, "SELECT id AS x FROM rate_limits WHERE api_key_id = ?", e.key.ID), e.one(t, "SELECT id AS x FROM spend_limits WHERE api_key_id = ?", e.key.ID),
		} {
			if out := e.ada.Do(t, `query($id: ID!) { node(id: $id) { id } }`, apptest.Vars{"id": id}); out.Code() != "NOT_FOUND" {
				t.Errorf("%s: %s", id, out.Body)
			}
		}
	})
}

// Deleting a key leaves none of its settings behind.
//
//keyhall:norace
func TestADeletedKeyLeavesNoSecuritySettings(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		e := newEstate(t, s)
		e.ada.Must(t, `mutation($id: ID!) { deleteAPIKey(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": e.key.ID})
		for _, table := range []string{"security_settings", "jwt_keys"} {
			if n := s.Count(t, table+" WHERE api_key_id = ?", e.key.ID); n != 0 {
				t.Errorf("%d rows of %s are left", n, table)
			}
		}
		if s.Count(t, "security_settings WHERE api_key_id = ?", e.spare.ID) != 1 {
			t.Error("the settings of another key are gone too")
		}
	})
}
