package graph_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

const (
	securityFields = `securitySettings { requireSecret secretOverridesAllowlists origins userAgents methods addresses requireJWT
		jwtKeys { id name algorithm fingerprint publicKeyPEM } }`
	seeSecurity  = `query($id: ID!) { apiKey(id: $id) { id ` + securityFields + ` } }`
	editSecurity = `mutation($in: UpdateSecuritySettingsInput!) { updateSecuritySettings(input: $in) { apiKey { id ` + securityFields + ` } errors { code message path } } }`
)

// settings is an input of updateSecuritySettings for one key.
func settings(key string, with apptest.Vars) apptest.Vars {
	in := apptest.Vars{"apiKeyId": key}
	for name, v := range with {
		in[name] = v
	}
	return apptest.Vars{"in": in}
}

// keyPair is a public key in PEM with its fingerprint, and the private one.
func keyPair(t testing.TB) (public, private, fingerprint string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&k.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(der)
	block := func(typ string, b []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: typ, Bytes: b}))
	}
	return block("PUBLIC KEY", der), block("PRIVATE KEY", secret), base64.StdEncoding.EncodeToString(sum[:])
}

func texts(v any) []string {
	list, _ := v.([]any)
	out := make([]string, len(list))
	for i := range list {
		out[i], _ = list[i].(string)
	}
	return out
}

// A15, A16, A21, A22, A23 and design section 3: the owner, an admin and a project owner read and change the settings; a
// contributor reveals the secret and sees none of the rest, nor do a project member and the organization's owner; who does
// not see the key finds nothing.
//
//keyhall:norace
func TestOnlyWhoManagesAKeySeesAndChangesItsSecuritySettings(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		e := newEstate(t, s)
		boss := s.Actor(t, "boss")
		s.JoinOrganization(t, e.ada.Home, boss, "READER")
		s.JoinProject(t, e.ada.Project, boss, "OWNER")
		id := apptest.Vars{"id": e.key.ID}
		for i, who := range []*apptest.Actor{e.ada, e.ben, boss} {
			name := fmt.Sprintf("payments.%d", i)
			out := who.Must(t, editSecurity, settings(e.key.ID, apptest.Vars{"methods": []string{name}}))
			if got := texts(out.At("updateSecuritySettings", "apiKey", "securitySettings", "methods")); !slices.Equal(got, []string{name}) {
				t.Errorf("%s sets the methods and is told %v", who.Username, got)
			}
			if got := texts(e.ada.Must(t, seeSecurity, id).At("apiKey", "securitySettings", "methods")); !slices.Equal(got, []string{name}) {
				t.Errorf("%s sets the methods, and they are %v", who.Username, got)
			}
		}
		for _, who := range []*apptest.Actor{e.cleo, e.hal, e.ida} {
			out := who.Do(t, seeSecurity, id)
			if out.Code() != "FORBIDDEN" || out.Errors[0].Extensions.Permission != "api_key.view_security" || out.At("apiKey", "securitySettings") != nil ||
				!reflect.DeepEqual(out.Errors[0].Path, []any{"apiKey", "securitySettings"}) || out.Text("apiKey", "id") != e.key.ID {
				t.Errorf("%s looks: %s", who.Username, out.Body)
			}
			list := who.Must(t, `{ apiKeys(first: 10) { nodes { id `+securityFields+` } } }`, nil)
			for i := range list.At("apiKeys", "nodes").([]any) {
				if list.Text("apiKeys", "nodes", i, "id") == e.key.ID && list.At("apiKeys", "nodes", i, "securitySettings") != nil {
					t.Errorf("%s lists keys: %s", who.Username, list.Body)
				}
			}
			out = who.Do(t, editSecurity, settings(e.key.ID, apptest.Vars{"origins": []string{"https://evil.example"}}))
			if out.Code() != "FORBIDDEN" || out.Errors[0].Extensions.Permission != "api_key.edit_security" {
				t.Errorf("%s edits: %s", who.Username, out.Body)
			}
		}
		if got := e.cleo.Must(t, `mutation($id: ID!) { revealAPIKeySecret(input: {id: $id}) { secret errors { code } } }`, id).Text("revealAPIKeySecret", "secret"); got != e.key.Secret {
			t.Error("the contributor did not get the secret")
		}
		for _, who := range []*apptest.Actor{e.eve, e.dev, e.gus} {
			for _, out := range []apptest.Answer{who.Do(t, seeSecurity, id), who.Do(t, editSecurity, settings(e.key.ID, nil))} {
				if out.Code() != "NOT_FOUND" {
					t.Errorf("%s: %s", who.Username, out.Body)
				}
			}
		}
		if got := texts(e.ada.Must(t, seeSecurity, id).At("apiKey", "securitySettings", "origins")); !slices.Equal(got, []string{"https://zanzibar.example"}) {
			t.Errorf("a refused edit left %v", got)
		}
	})
}

// A13, A14: who is removed or made a contributor is out from the next request on, also of the settings.
//
//keyhall:norace
func TestADemotedAdminLosesTheSecuritySettingsAtOnce(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		e := newEstate(t, s)
		e.ben.Must(t, seeSecurity, apptest.Vars{"id": e.key.ID})
		e.ada.Must(t, `mutation($id: ID!) { updateCollaboratorRole(input: {collaboratorId: $id, role: CONTRIBUTOR}) { errors { code } } }`, apptest.Vars{"id": e.benPlace})
		for _, out := range []apptest.Answer{e.ben.Do(t, seeSecurity, apptest.Vars{"id": e.key.ID}), e.ben.Do(t, editSecurity, settings(e.key.ID, apptest.Vars{"requireSecret": true}))} {
			if out.Code() != "FORBIDDEN" {
				t.Errorf("after the demotion: %s", out.Body)
			}
		}
	})
}

// product.md 5.4: a new key lets everything pass; what is set comes back in its normal form, what is left out stays, and null
// and an empty list clear.
//
//keyhall:norace
func TestSecuritySettingsKeepWhatIsLeftOut(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		key := ada.CreateKey(t, "Payments", "", "PERSONAL").ID
		open := map[string]any{
			"requireSecret": false, "secretOverridesAllowlists": false, "requireJWT": false,
			"origins": []any{}, "userAgents": []any{}, "methods": []any{}, "addresses": []any{}, "jwtKeys": []any{},
		}
		if got := ada.Must(t, seeSecurity, apptest.Vars{"id": key}).At("apiKey", "securitySettings"); !reflect.DeepEqual(got, any(open)) {
			t.Errorf("a new key has %v", got)
		}
		change := func(with apptest.Vars) map[string]any {
			t.Helper()
			out := ada.Must(t, editSecurity, settings(key, with))
			got, _ := out.At("updateSecuritySettings", "apiKey", "securitySettings").(map[string]any)
			if again := ada.Must(t, seeSecurity, apptest.Vars{"id": key}).At("apiKey", "securitySettings"); !reflect.DeepEqual(again, any(got)) {
				t.Errorf("%v answers %v, and a query %v", with, got, again)
			}
			return got
		}
		public, _, fingerprint := keyPair(t)
		got := change(apptest.Vars{
			"requireSecret": true, "secretOverridesAllowlists": true, "requireJWT": true,
			"origins":    []string{"HTTPS://*.Example.COM:443/", "https://*.example.com.", "app.example.com:8443"},
			"userAgents": []string{" Mozilla/5.0 (X11) ", "Mozilla/5.0 (X11)"},
			"methods":    []string{"eth_call", "eth_call", "eth_getBalance"},
			"addresses":  []string{"::ffff:10.0.0.1", "10.0.0.1/32", "192.0.2.77/24", "2001:DB8::1"},
			"jwtKeys":    []apptest.Vars{{"name": "signer", "publicKeyPEM": public}},
		})
		keys, _ := got["jwtKeys"].([]any)
		first, _ := keys[0].(map[string]any)
		want := map[string]any{
			"requireSecret": true, "secretOverridesAllowlists": true, "requireJWT": true,
			"origins": []any{"https://*.example.com", "app.example.com:8443"}, "userAgents": []any{"Mozilla/5.0 (X11)"},
			"methods": []any{"eth_call", "eth_getBalance"}, "addresses": []any{"10.0.0.1/32", "192.0.2.0/24", "2001:db8::1/128"},
			"jwtKeys": []any{map[string]any{"id": first["id"], "name": "signer", "algorithm": "ES256", "fingerprint": fingerprint, "publicKeyPEM": public}},
		}
		if !reflect.DeepEqual(got, want) || !strings.HasPrefix(fmt.Sprint(first["id"]), "jwk_") {
			t.Errorf("all of it at once gives\n%v, want\n%v", got, want)
		}
		want["origins"] = []any{}
		if got := change(apptest.Vars{"origins": nil}); !reflect.DeepEqual(got, want) {
			t.Errorf("null clears one list: %v", got)
		}
		want["methods"], want["requireSecret"] = []any{}, false
		if got := change(apptest.Vars{"methods": []string{}, "requireSecret": nil}); !reflect.DeepEqual(got, want) {
			t.Errorf("an empty list clears: %v", got)
		}
		if got := change(nil); !reflect.DeepEqual(got, want) {
			t.Errorf("nothing keeps everything: %v", got)
		}
		got = change(apptest.Vars{"secretOverridesAllowlists": false, "userAgents": nil, "addresses": nil, "requireJWT": false, "jwtKeys": nil})
		if !reflect.DeepEqual(got, open) {
			t.Errorf("all of it cleared gives %v", got)
		}
	})
}

// A token names a public key by its id, so a key that stays in the list keeps it; the list is replaced as a whole (5.4: at most 3).
//
//keyhall:norace
func TestAPublicKeyThatStaysKeepsItsID(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		key := ada.CreateKey(t, "Payments", "", "PROJECT").ID
		old, _, oldPrint := keyPair(t)
		fresh, _, freshPrint := keyPair(t)
		set := func(keys ...apptest.Vars) []any {
			t.Helper()
			out := ada.Must(t, editSecurity, settings(key, apptest.Vars{"jwtKeys": keys}))
			list, _ := out.At("updateSecuritySettings", "apiKey", "securitySettings", "jwtKeys").([]any)
			return list
		}
		at := func(list []any, i int, field string) any { return list[i].(map[string]any)[field] }
		before := set(apptest.Vars{"name": "2026", "publicKeyPEM": old})
		after := set(apptest.Vars{"name": "2027", "publicKeyPEM": fresh}, apptest.Vars{"name": "last year's", "publicKeyPEM": old})
		if len(after) != 2 || at(after, 1, "id") != at(before, 0, "id") || at(after, 1, "name") != "last year's" || at(after, 0, "fingerprint") != freshPrint || at(after, 0, "id") == at(before, 0, "id") {
			t.Errorf("was %v, is %v", before, after)
		}
		last := set(apptest.Vars{"name": "2027", "publicKeyPEM": fresh})
		if len(last) != 1 || at(last, 0, "id") != at(after, 0, "id") || s.Count(t, "jwt_keys WHERE fingerprint = ?", oldPrint) != 0 {
			t.Errorf("was %v, is %v", after, last)
		}
		trail := s.AuditTrail(t, key)
		text := trail[len(trail)-1].Change("jwt_keys")
		if text != "2027 (ES256 "+freshPrint+")" || strings.Contains(text, "BEGIN") {
			t.Errorf("the audit says %q", text)
		}
	})
}

// One row for each edit that changes something, with what was and what is.
//
//keyhall:norace
func TestAnEditOfSecuritySettingsIsOneAuditRow(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		key := ada.CreateKey(t, "Payments", "", "PROJECT").ID
		ada.Must(t, editSecurity, settings(key, apptest.Vars{"origins": []string{"https://a.example", "https://b.example"}, "requireSecret": true}))
		ada.Must(t, editSecurity, settings(key, apptest.Vars{"origins": []string{"https://A.example:443", "https://b.example"}, "requireSecret": true}))
		ada.Must(t, editSecurity, settings(key, apptest.Vars{"origins": []string{"https://c.example"}}))
		var rows []apptest.Event
		for _, e := range s.AuditTrail(t, key) {
			if e.Type == "security_settings.updated" {
				rows = append(rows, e)
			}
		}
		if len(rows) != 2 || rows[0].Change("origins") != "https://a.example, https://b.example" || rows[0].Change("require_secret") != "yes" ||
			rows[1].Change("origins") != "https://c.example" || rows[1].Change("require_secret") != "" {
			t.Errorf("the audit has %+v", rows)
		}
	})
}
