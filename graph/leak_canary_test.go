package graph_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/graph"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/mail"
	"github.com/keyhall/keyhall/internal/traffic"
)

// canaries are the plaintexts of one server's life: name -> text.
type canaries map[string]string

// token adds a credential, and its random part alone: half of it in a log would be as bad.
func (c canaries) token(name, text string) {
	c[name] = text
	if strings.HasPrefix(text, "kh") {
		c[name+", its random part"] = text[strings.LastIndexByte(text, '_')+1:]
	} else if raw, err := base64.RawURLEncoding.DecodeString(text); err == nil {
		c[name+", decoded"] = string(raw)
	}
}

// forms are the ways in which a text can lie around: as it is, in base64 at each of its three offsets, in hex, escaped.
func forms(text string) map[string]string {
	quoted, _ := json.Marshal(text) // strings always marshal
	out := map[string]string{
		"raw": text, "hex": hex.EncodeToString([]byte(text)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(text))),
		"JSON": strings.Trim(string(quoted), `"`), "JSON in JSON": strings.ReplaceAll(strings.Trim(string(quoted), `"`), `\`, `\\`),
		"Go": strings.Trim(strconv.Quote(text), `"`), "URL": url.QueryEscape(text), "path": url.PathEscape(text),
	}
	for offset := range 3 {
		part := text[offset:]
		part = part[:len(part)/3*3]
		out[fmt.Sprintf("base64 +%d", offset)] = base64.StdEncoding.EncodeToString([]byte(part))
		out[fmt.Sprintf("base64url +%d", offset)] = base64.URLEncoding.EncodeToString([]byte(part))
	}
	return out
}

// in searches a place for every canary in every form.
func (c canaries) in(t *testing.T, place string, content []byte, allowed ...string) {
	t.Helper()
	for name, text := range c {
		if slices.ContainsFunc(allowed, func(a string) bool { return strings.HasPrefix(name, a) }) {
			continue
		}
		for form, encoded := range forms(text) {
			if bytes.Contains(content, []byte(encoded)) {
				t.Errorf("%s is in %s (%s)", name, place, form)
			}
		}
	}
}

// The finder itself: each form is found, and what is not there is not.
//
//keyhall:norace
func TestTheCanaryIsFoundInEveryForm(t *testing.T) {
	t.Parallel()
	const text = `kä"n\a<ry 0123456789`
	for offset := range 4 {
		hay := strings.Repeat("x", offset) + text + "yy"
		for name, place := range map[string]string{
			"raw": hay, "hex": hex.EncodeToString([]byte(hay)), "base64": base64.StdEncoding.EncodeToString([]byte(hay)),
			"base64url": base64.RawURLEncoding.EncodeToString([]byte(hay)), "JSON": string(leakMust(json.Marshal(hay))), "URL": url.QueryEscape(hay), "Go": strconv.Quote(hay),
		} {
			found := slices.ContainsFunc(slices.Collect(maps.Values(forms(text))), func(f string) bool { return strings.Contains(place, f) })
			if !found {
				t.Errorf("not found as %s at %d", name, offset)
			}
		}
	}
}

func leakMust(b []byte, _ error) []byte { return b }

// life is a server in use: it keeps every answer, and which plaintexts that answer may show.
type life struct {
	*estate
	t       *testing.T
	c       canaries
	answers []shown
}

type shown struct {
	what    string
	content []byte
	allowed []string
}

func (l *life) keep(what string, a apptest.Answer, allowed ...string) apptest.Answer {
	headers := a.Header.Clone()
	headers.Del("Set-Cookie") // where a session token belongs
	content := fmt.Appendf(nil, "%v\n%s", headers, a.Body)
	l.answers = append(l.answers, shown{what, content, allowed})
	return a
}

// TestNoPlaintextStaysAnywhere runs a whole life with a canary for every secret (C12, security.md 3.9, T21, T3) and searches the
// log, every answer, the audit trail, every column of every table, and on SQLite the files, write-ahead log included.
//
//keyhall:norace
func TestNoPlaintextStaysAnywhere(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		l := &life{estate: &estate{Server: s}, t: t, c: canaries{}}
		l.setUp()
		ada, ben := l.person("ada"), l.person("ben")
		streams := l.listen(ada, ben)
		key := l.keys(ada, ben)
		l.secrets(ada, ben)
		l.outside(box, ada)
		l.privateKeys(ada, key)
		l.webhook(ada)
		l.links(box, ada, ben, key)
		l.accountLinks(box, ada)
		l.tokens(ada)
		l.wrongPlaces(ada)
		l.malformed(ada)
		l.failures(ada, ben, key)
		l.hear(streams, ada, ben)
		ada.Must(t, `mutation { signOut { errors { code } } }`, nil)

		if len(l.c) < 20 || len(l.answers) < 60 {
			t.Fatalf("only %d canaries and %d answers", len(l.c), len(l.answers))
		}
		log := s.Log.String()
		if !strings.Contains(log, `"level":"ERROR"`) {
			t.Error("nothing went wrong: the errors of this test are about nothing")
		}
		l.c.in(t, "the log", []byte(log))
		for _, a := range l.answers {
			l.c.in(t, "the answer of "+a.what, a.content, a.allowed...)
		}
		for table, columns := range l.tables(t) {
			l.c.in(t, "the table "+table, []byte(strings.Join(l.dump(t, table, columns, "1 = 1"), "\n")))
		}
		l.files()
	}, withLinks)
}

// files searches everything in the data folder, the SQLite file and its write-ahead log among it.
func (l *life) files() {
	l.t.Helper()
	seen := 0
	err := filepath.WalkDir(l.Dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		seen++
		l.c.in(l.t, "the file "+e.Name(), content)
		return nil
	})
	if err != nil {
		l.t.Fatal(err)
	}
	if l.Database == apptest.SQLite && seen < 3 {
		l.t.Errorf("only %d files were searched: where are the database and its write-ahead log?", seen)
	}
}

// setUp makes the administrator with the token of the set-up link, after a try with a wrong one.
func (l *life) setUp() {
	l.t.Helper()
	l.c["the set-up token"] = l.App.Accounts.SetupToken()
	l.c["the password of the administrator"] = "root <p\"ä\\ss> 8f31c0de"
	const ask = `mutation($token: String!, $password: String!) { signUp(input: {email: "root@keyhall.test", username: "root", name: "Root", password: $password, setupToken: $token}) { viewer { email } errors { code message path } } }`
	vars := apptest.Vars{"token": l.c["the set-up token"] + "x", "password": l.c["the password of the administrator"]}
	l.keep("a wrong set-up token", l.Anonymous().Do(l.t, ask, vars))
	vars["token"] = l.c["the set-up token"]
	out := l.keep("setting up", l.Anonymous().Do(l.t, ask, vars))
	if out.Text("signUp", "viewer", "email") != "root@keyhall.test" {
		l.t.Fatalf("could not set up: %s", out.Body)
	}
	l.session("the administrator", out)
	l.keep("setting up again", l.Anonymous().Do(l.t, ask, vars))
}

func (l *life) session(whose string, a apptest.Answer) {
	for _, c := range a.Cookies {
		if c.Name == graph.SessionCookie && c.Value != "" {
			l.c.token(fmt.Sprintf("the session of %s (%d)", whose, len(l.c)), c.Value)
			return
		}
	}
	l.t.Fatalf("%s has no session: %s", whose, a.Body)
}

// person signs up, mistypes the password, and signs in; the kit's actor is the same person in another session.
func (l *life) person(name string) *apptest.Actor {
	l.t.Helper()
	a := l.Actor(l.t, name)
	username, password := name+"-canary", name+" pass\"w\\ord <é> 77e1b2"
	l.c["the password of "+name] = password
	vars := apptest.Vars{"email": username + "@keyhall.test", "username": username, "password": password}
	const up = `mutation($email: String!, $username: String!, $password: String!) { signUp(input: {email: $email, username: $username, name: "N", password: $password}) { viewer { email } errors { code message path } } }`
	const in = `mutation($username: String!, $password: String!) { signIn(input: {login: $username, password: $password}) { viewer { email user { id } } errors { code message path } } }`
	l.keep("a sign-up", l.Anonymous().Do(l.t, up, vars))
	l.keep("a sign-up of a known address", l.Anonymous().Do(l.t, up, vars))
	l.keep("a sign-up with a taken name", l.Anonymous().Do(l.t, up, apptest.Vars{"email": "x@y.test", "username": username, "password": password}))
	l.keep("a sign-in with a wrong password", l.Anonymous().Do(l.t, in, apptest.Vars{"username": username, "password": password + "!"}))
	l.session(name, l.keep("a sign-in", l.Anonymous().Do(l.t, in, apptest.Vars{"username": username, "password": password})))
	return a
}

// listen opens a stream for each, which shows all of a key that an event can show.
func (l *life) listen(people ...*apptest.Actor) (streams []*apptest.Stream) {
	l.t.Helper()
	for _, who := range people {
		streams = append(streams, who.Stream(l.t, "subscription { accessChanged { kind resourceId permissions resource { "+idorAny()+" } } }", nil))
	}
	return streams
}

// hear keeps all that came on the streams until now.
func (l *life) hear(streams []*apptest.Stream, people ...*apptest.Actor) {
	l.t.Helper()
	for i, stream := range streams {
		last := people[i].CreateKey(l.t, "the last", "", "PERSONAL").ID
		events := 0
		for event := (apptest.Answer{}); event.Text("accessChanged", "resourceId") != last; events++ {
			event = l.keep("an event of "+people[i].Username, stream.Next(l.t))
		}
		if events < 3 {
			l.t.Errorf("%s was told only %d events", people[i].Username, events)
		}
	}
}

// keys are issued, shared, revealed, disabled, listed and deleted.
func (l *life) keys(ada, ben *apptest.Actor) string {
	l.t.Helper()
	id := ""
	for i, kind := range []string{"PROJECT", "PERSONAL", "PROJECT"} {
		ask := `mutation($name: String!, $kind: APIKeyKind!) { createAPIKey(input: {name: $name, kind: $kind}) { apiKey { id name start } plaintext secret errors { code } } }`
		vars := apptest.Vars{"name": fmt.Sprintf("key %d", i), "kind": kind}
		out := ada.Once(l.t, ask, vars, l.idempotencyKey(i))
		l.c.token(fmt.Sprintf("key %d", i), out.Text("createAPIKey", "plaintext"))
		l.c.token(fmt.Sprintf("secret %d", i), out.Text("createAPIKey", "secret"))
		l.keep("createAPIKey", out, fmt.Sprintf("key %d", i), fmt.Sprintf("secret %d", i))
		l.keep("createAPIKey again", ada.Once(l.t, ask, vars, l.idempotencyKey(i)))
		if i == 0 {
			id = out.Text("createAPIKey", "apiKey", "id")
		}
	}
	ada.Share(l.t, id, ben, "CONTRIBUTOR")
	vars := apptest.Vars{"id": id}
	const reveal = `mutation($id: ID!) { revealAPIKeySecret(input: {id: $id, reason: "because"}) { secret revealCount errors { code } } }`
	l.keep("a reveal", ben.Once(l.t, reveal, vars, l.idempotencyKey(9)), "secret 0")
	l.keep("a reveal again", ben.Once(l.t, reveal, vars, l.idempotencyKey(9)))
	l.rotations(ada, id)
	for _, ask := range []string{
		`query($id: ID!) { apiKey(id: $id) { id name description tags start scopes viewerCan status } }`, `{ apiKeys(first: 100) { nodes { id name start } edges { cursor } } }`,
		`mutation($id: ID!) { updateAPIKey(input: {id: $id, name: "renamed", description: "text"}) { apiKey { id name start } errors { code } } }`,
		`mutation($id: ID!) { disableAPIKey(input: {id: $id}) { apiKey { id start } errors { code } } }`,
		`mutation($id: ID!) { enableAPIKey(input: {id: $id}) { apiKey { id start } errors { code } } }`,
	} {
		if !strings.Contains(ask, "$id") {
			vars = nil
		} else {
			vars = apptest.Vars{"id": id}
		}
		l.keep(ask, ada.Must(l.t, ask, vars))
	}
	l.keep("a refused deed", ben.Do(l.t, `mutation($id: ID!) { deleteAPIKey(input: {id: $id}) { deletedId errors { code } } }`, apptest.Vars{"id": id}))
	l.keep("the audit trail", ada.Must(l.t, `query($home: ID!) { auditEvents(organizationId: $home, first: 100) { totalCount nodes { id type actorName resourceId resourceName reasons ip userAgent requestId changes { field before after } } } }`, apptest.Vars{"home": ada.Home}))
	return id
}

// idempotencyKey is one that is a secret of its own: clients write into it what they like.
func (l *life) idempotencyKey(n int) string {
	key := fmt.Sprintf("key-of-a-client-5d0c27b1-%d", n)
	l.c[fmt.Sprintf("an Idempotency-Key, %d", n)] = key
	return key
}

// secrets are added, changed, shared and revealed; their values go where they do not belong, and do not open.
func (l *life) secrets(ada, ben *apptest.Actor) {
	l.t.Helper()
	l.c["value 0"], l.c["value 1"], l.c["value 2"] = `kanari "eins" <ä>\ 4be1f07d`, "-----BEGIN PRIVATE KEY-----\n77aa01cafe91d3\n", "a third value 9c1d77e2 of a secret"
	create := `mutation($org: ID!, $value: String) { createSecret(input: {organizationId: $org, name: "kept", url: "https://x.example", clientId: "c", clientSecret: $value}) { secret { id name notes } errors { code message path } } }`
	vars := apptest.Vars{"org": ada.Home, "value": l.c["value 0"]}
	out := l.keep("createSecret", ada.Once(l.t, create, vars, l.idempotencyKey(20)))
	l.keep("createSecret again", ada.Once(l.t, create, vars, l.idempotencyKey(20)))
	id := out.Text("createSecret", "secret", "id")
	on := apptest.Vars{"id": id, "value": l.c["value 1"]}
	const update = `mutation($id: ID!, $value: String) { updateSecret(input: {id: $id, clientSecret: $value}) { secret { id version } errors { code message path } } }`
	l.keep("updateSecret", ada.Once(l.t, update, on, l.idempotencyKey(21)))
	l.keep("updateSecret with another input", ada.Once(l.t, update, apptest.Vars{"id": id, "value": l.c["value 2"]}, l.idempotencyKey(21)))
	ada.ShareSecret(l.t, id, apptest.Vars{"login": ben.Username}, nil)
	ada.Must(l.t, notify, apptest.Vars{"id": id, "on": true})
	l.keep("a forbidden updateSecret", ben.Do(l.t, update, apptest.Vars{"id": id, "value": l.c["value 2"]}))
	l.keep("updateSecret of nobody", l.Anonymous().Do(l.t, update, on))
	l.keep("too long a value", ada.Do(l.t, update, apptest.Vars{"id": id, "value": strings.Repeat(l.c["value 2"], 2000)}))
	const reveal = `mutation($id: ID!, $version: Int) { revealSecret(input: {id: $id, purpose: COPY, version: $version}) { clientSecret version errors { code } } }`
	shown := l.keep("revealSecret", ben.Once(l.t, reveal, apptest.Vars{"id": id}, l.idempotencyKey(22)), "value 1")
	if shown.Text("revealSecret", "clientSecret") != l.c["value 1"] {
		l.t.Errorf("revealed: %s", shown.Body)
	}
	l.keep("revealSecret again", ben.Once(l.t, reveal, apptest.Vars{"id": id}, l.idempotencyKey(22)))
	l.keep("an earlier version", ada.Must(l.t, reveal, apptest.Vars{"id": id, "version": 1}), "value 0")
	l.keep("an earlier version by ben", ben.Do(l.t, reveal, apptest.Vars{"id": id, "version": 1}))
	first := apptest.Vars{"id": versionID(l.t, l.Server, id, 1)}
	l.keep("restoreSecretVersion", ada.Once(l.t, restoreVersion, first, l.idempotencyKey(23)))
	l.keep("restoreSecretVersion again", ada.Once(l.t, restoreVersion, first, l.idempotencyKey(23)))
	l.keep("what was restored", ben.Do(l.t, reveal, apptest.Vars{"id": id}), "value 0")
	for i, filter := range []string{`{}`, `{"query": %q}`, `{"id": %q}`, `{"status": %q}`, `{"%s": 1}`, `%s`} {
		if i > 0 {
			filter = fmt.Sprintf(filter, l.c["value 2"])
		}
		l.keep("an export, "+fmt.Sprint(i), ada.Send(l.t, exportRequest(l.t, l.Server, filter)))
	}
	for name, ask := range map[string]string{
		"a URL":    `mutation($x: String!, $org: ID!) { createSecret(input: {organizationId: $org, name: "n", url: $x, clientId: "c"}) { secret { url } errors { code message path } } }`,
		"a method": `mutation($x: String!, $org: ID!) { createSecret(input: {organizationId: $org, name: "n", url: "https://x.example", clientId: "c", method: $x}) { errors { code message path } } }`,
		"a time":   `mutation($x: Time!, $org: ID!) { createSecret(input: {organizationId: $org, name: "n", url: "https://x.example", clientId: "c", expiresAt: $x}) { errors { code message path } } }`,
		"a login":  `mutation($x: String!, $org: ID!) { addGroupMembers(input: {groupId: $org, members: [{login: $x}]}) { errors { code message path } } }`,
		"an id":    `mutation($x: ID!, $org: ID!) { shareSecrets(input: {secretIds: [$org], grants: [{grantee: {userId: $x}}]}) { errors { code message path } } }`,
		"a filter": `query($x: String!, $org: ID!) { secrets(first: 1, filter: {query: $x, organizationId: $org}) { totalCount } }`,
	} {
		for i := range 3 {
			l.keep(name, ada.Do(l.t, ask, apptest.Vars{"x": l.c[fmt.Sprintf("value %d", i)], "org": ada.Home}))
		}
	}
	l.keep("the secret", ada.Must(l.t, `query($id: ID!) { secret(id: $id) { id name url clientId notes tags version versions(first: 5) { nodes { number } } grants(first: 5) { nodes { id } } } }`, apptest.Vars{"id": id}))
	l.SQL(l.t, "UPDATE sealed_versions SET ciphertext = wrapped_key WHERE secret_id = ? AND number = 1", id)
	if out := l.keep("a sealed version that does not open", ada.Do(l.t, reveal, apptest.Vars{"id": id, "version": 1})); out.Code() != "INTERNAL" {
		l.t.Errorf("a sealed version that does not open: %s", out.Body)
	}
	if out := l.keep("restoring what does not open", ada.Do(l.t, restoreVersion, first)); out.Code() != "INTERNAL" {
		l.t.Errorf("restoring what does not open: %s", out.Body)
	}
	l.SQL(l.t, "ALTER TABLE sealed_versions RENAME TO gone")
	if out := l.keep("sealed_versions gone", ada.Do(l.t, create, vars)); out.Code() != "INTERNAL" {
		l.t.Errorf("without sealed_versions: %s", out.Body)
	}
	l.SQL(l.t, "ALTER TABLE gone RENAME TO sealed_versions")
}

// privateKeys are sent by mistake where a public key belongs: alone, mislabelled, beside a good one, and in the wrong field.
func (l *life) privateKeys(ada *apptest.Actor, key string) {
	l.t.Helper()
	public, private, _ := keyPair(l.t)
	for i, line := range strings.Split(strings.TrimSpace(private), "\n") {
		if !strings.HasPrefix(line, "-----") {
			l.c[fmt.Sprintf("the private key, line %d", i)] = line
		}
	}
	for _, text := range []string{private, strings.ReplaceAll(private, "PRIVATE", "PUBLIC"), public + private, strings.ReplaceAll(private, "-----", "")} {
		l.keep("a private key", ada.Do(l.t, editSecurity, settings(key, apptest.Vars{"jwtKeys": []apptest.Vars{{"name": "mine", "publicKeyPEM": text}}})))
		l.keep("a private key as an origin", ada.Do(l.t, editSecurity, settings(key, apptest.Vars{"origins": []string{text}, "methods": []string{text}, "addresses": []string{text}, "userAgents": []string{text}})))
		l.keep("a private key as a flag", ada.Do(l.t, editSecurity, settings(key, apptest.Vars{"requireSecret": text})))
	}
	out := l.keep("a public key", ada.Must(l.t, editSecurity, settings(key, apptest.Vars{"jwtKeys": []apptest.Vars{{"name": "mine", "publicKeyPEM": public}}})))
	if out.Text("updateSecuritySettings", "apiKey", "securitySettings", "jwtKeys", 0, "publicKeyPEM") != public {
		l.t.Errorf("the public key is %s", out.Body)
	}
}

// webhook is signed with a secret that is shown and stored nowhere; its alert is raised, and nobody takes the call.
func (l *life) webhook(ada *apptest.Actor) {
	l.t.Helper()
	out := ada.Must(l.t, editLimits, limited(ada.Project, apptest.Vars{"spend": apptest.Vars{"amount": "0.01", "currency": "USD"},
		"alerts": []apptest.Vars{{"percent": 1, "emails": []string{"team@example.com"}, "webhookUrl": "https://nowhere.invalid/x"}}}))
	l.c["the secret of a webhook"] = out.Text("updateLimits", "limits", "alerts", 0, "webhookSecret")
	l.keep("updateLimits", out, "the secret of a webhook")
	k := &traffic.Key{UnitPrice: 10_000, Currency: "USD", Spends: []traffic.Spend{{Scope: ada.Project, Amount: 10_000, Currency: "USD"}}}
	if got, err := l.App.Quota.Take(l.t.Context(), k, 1); err != nil || got.Code != traffic.Valid {
		l.t.Errorf("%+v %v", got, err)
	}
	if err := l.App.House.RaiseSpendAlerts(l.t.Context(), []string{ada.Project}); err != nil || l.Count(l.t, "webhooks") != 1 {
		l.t.Errorf("no call is queued: %v", err)
	}
}

// links are mailed, looked at, sent again, put in wrong places, and followed. The mail server is the one place for them.
func (l *life) links(box *apptest.Mailbox, ada, ben *apptest.Actor, key string) {
	l.t.Helper()
	cleo := l.Unverified(l.t, "cleo")
	box.Refuse(cleo.Email)
	id := ada.Invite(l.t, key, cleo, "CONTRIBUTOR")
	apptest.Until(l.t, "the first letter is refused", func() bool { return delivery(l.t, ada, id) == "FAILED" })
	box.Refuse("")
	for i := range 2 {
		l.keep("sending again", ada.Must(l.t, resendMutation, apptest.Vars{"id": id}))
		link := box.Await(l.t, mail.Invitation, cleo.Email, i+1).Token
		l.c.token(fmt.Sprintf("link %d", i), link)
		for what, mutation := range byLink() {
			l.keep(what+" by another", ben.Do(l.t, mutation, withToken(link)))
			l.keep(what+" by nobody", l.Anonymous().Do(l.t, mutation, withToken(link)))
			l.keep(what+" of half a link", cleo.Do(l.t, mutation, withToken(link[:len(link)-1])))
		}
		l.keep("a link as an id", cleo.Do(l.t, acceptMutation, apptest.Vars{"id": link}))
		l.keep("a link as a credential", ben.WithToken(link).Do(l.t, `{ viewer { email } }`, nil))
		l.keep("opening", cleo.Must(l.t, openMutation, withToken(link)))
	}
	l.keep("an old link", cleo.Do(l.t, acceptByToken, withToken(l.c["link 0"])))
	l.keep("accepting", cleo.Must(l.t, acceptByToken, withToken(l.c["link 1"])))
	l.keep("accepting again", cleo.Do(l.t, acceptByToken, withToken(l.c["link 1"])))
}

// rotations shows new plaintexts in their one answer: of a key of its own, so that the shared one lives on, and of its secret.
func (l *life) rotations(ada *apptest.Actor, shared string) {
	l.t.Helper()
	made := ada.CreateKey(l.t, "turning", "", "PROJECT")
	l.c.token("the turning key", made.Plaintext)
	l.c.token("the turning secret", made.Secret)
	for i, ask := range []string{
		`mutation($id: ID!) { out: rotateAPIKey(input: {id: $id, overlapSeconds: 60, reason: "because"}) { apiKey { id start status replaces { id start status } } plaintext secret errors { code } } }`,
		`mutation($id: ID!) { out: markAPIKeyExposed(input: {id: $id, reason: "seen in a log"}) { apiKey { id start replaces { id } } plaintext secret errors { code } } }`,
	} {
		out := ada.Must(l.t, ask, apptest.Vars{"id": made.ID})
		key, secret := fmt.Sprintf("the turned key %d", i), fmt.Sprintf("the turned secret %d", i)
		l.c.token(key, out.Text("out", "plaintext"))
		l.c.token(secret, out.Text("out", "secret"))
		l.keep(ask, out, key, secret)
		made.ID = out.Text("out", "apiKey", "id")
	}
	const ask = `mutation($id: ID!) { rotateAPIKeySecret(input: {id: $id, overlapSeconds: 60}) { apiKey { id } secret errors { code } } }`
	for i, id := range []string{made.ID, made.ID} {
		out, name := ada.Must(l.t, ask, apptest.Vars{"id": id}), fmt.Sprintf("the next secret %d", i)
		l.c.token(name, out.Text("rotateAPIKeySecret", "secret"))
		l.keep(ask, out, name)
	}
	l.keep("a rotation that is refused", l.Anonymous().Do(l.t, ask, apptest.Vars{"id": shared}))
}

func (l *life) tokens(ada *apptest.Actor) {
	l.t.Helper()
	const create = `mutation { createAccessToken(input: {name: "robot"}) { accessToken { id start } plaintext errors { code } } }`
	out := ada.Once(l.t, create, nil, l.idempotencyKey(8))
	plain := out.Text("createAccessToken", "plaintext")
	l.c.token("the access token", plain)
	l.keep("createAccessToken", out, "the access token")
	l.keep("createAccessToken again", ada.Once(l.t, create, nil, l.idempotencyKey(8)))
	if l.Count(l.t, "idempotency_keys") < 5 {
		l.t.Error("the keys of this test are not remembered")
	}
	robot := ada.WithToken(plain)
	l.keep("a request with it", robot.Must(l.t, `{ viewer { email accessTokens(first: 10) { nodes { id name start } } sessions(first: 10) { nodes { id } } } }`, nil))
	l.keep("a wrong one", ada.WithToken(plain[:len(plain)-1]+"x").Do(l.t, `{ viewer { email } }`, nil))
	l.keep("revoking it", ada.Must(l.t, `mutation($id: ID!) { revokeAccessToken(input: {id: $id}) { revokedId errors { code } } }`, apptest.Vars{"id": out.Text("createAccessToken", "accessToken", "id")}))
	l.keep("a revoked one", robot.Do(l.t, `{ viewer { email } }`, nil))
}

// wrongPlaces puts secrets where people put them by mistake.
func (l *life) wrongPlaces(ada *apptest.Actor) {
	l.t.Helper()
	for _, name := range []string{"key 0", "secret 0", "the password of ada"} {
		text := l.c[name]
		for _, ask := range []string{
			`query($x: ID!) { apiKey(id: $x) { id } }`, `query($x: ID!) { node(id: $x) { id } }`, `query($x: ID!) { nodes(ids: [$x]) { id } }`,
			`mutation($x: ID!) { revealAPIKeySecret(input: {id: $x}) { secret errors { code message } } }`,
			`mutation($x: ID!) { acceptInvitation(input: {invitationId: $x}) { errors { code message } } }`,
			`query($x: String) { apiKeys(first: 1, filter: {query: $x}) { totalCount } }`, `query($x: Cursor) { apiKeys(first: 1, after: $x) { totalCount } }`,
			`query($x: Time) { apiKeys(first: 1, filter: {expiresBefore: $x}) { totalCount } }`, `query($x: Ownership) { apiKeys(first: 1, filter: {ownership: $x}) { totalCount } }`,
			`query($x: Int) { apiKeys(first: $x) { totalCount } }`, `mutation($x: String!) { signIn(input: {login: $x, password: $x}) { viewer { email } errors { code message path } } }`,
			`mutation($x: String!) { signUp(input: {login: $x}) { errors { code } } }`, `mutation($x: String!) { signUp(input: {email: $x, username: $x, name: "n", password: "short"}) { errors { code message path } } }`,
			`mutation($x: Permission!) { createAccessToken(input: {name: "n", permissions: [$x]}) { plaintext errors { code message path } } }`,
		} {
			l.keep(name+" in "+ask, ada.Do(l.t, ask, apptest.Vars{"x": text}))
		}
		inline, _ := json.Marshal(text)
		l.keep(name+" in a document", ada.Do(l.t, fmt.Sprintf(`{ apiKey(id: %s) { id } nope(x: %s) }`, inline, inline), nil))
	}
	for _, name := range []string{"key 0", "the password of ada", "the access token", "the set-up token", "the session of ada"} {
		for full, text := range maps.Clone(l.c) {
			if strings.HasPrefix(full, name) && !strings.Contains(full, "decoded") {
				l.keep(full+" as an id", ada.Do(l.t, `mutation($x: ID!) { updateAPIKey(input: {id: $x, name: "n"}) { errors { code message path } } }`, apptest.Vars{"x": text}))
				l.keep(full+" as a credential", ada.WithToken(strings.ToValidUTF8(url.QueryEscape(text), "")).Do(l.t, `{ viewer { email } }`, nil))
				l.keep(full+" as a login", l.Anonymous().Do(l.t, `mutation($x: String!) { signIn(input: {login: $x, password: "wrong password"}) { errors { code message path } } }`, apptest.Vars{"x": text}))
			}
		}
	}
}

// malformed sends broken requests around a password: cut off, of the wrong type, as a form, by GET, twice, too long.
func (l *life) malformed(ada *apptest.Actor) {
	l.t.Helper()
	password := l.c["the password of ada"]
	inline, _ := json.Marshal(password)
	whole := leakMust(json.Marshal(map[string]any{"query": `mutation($p: String!) { signIn(input: {login: "ada", password: $p}) { errors { code } } }`, "variables": map[string]any{"p": password}}))
	for _, body := range []string{
		string(whole[:len(whole)-3]), string(whole) + "x", string(whole) + string(whole), "[" + string(whole) + "]", strings.Replace(string(whole), "{", "", 1),
		`{"query": ` + string(inline) + `}`, `{"query": 5, "password": ` + string(inline) + `}`, `{"query": "{ viewer { email } }", "operationName": ` + string(inline) + `}`,
		`{"query": "{ viewer { email } }", "variables": ` + string(inline) + `}`, `{"query": "query($p: Int) { viewer { email } }", "variables": {"p": ` + string(inline) + `}}`,
		`{"query": "mutation { signIn(input: {login: \"a\", pasword: \"` + strings.ReplaceAll(string(inline[1:len(inline)-1]), `\`, `\\`) + `\"}) { errors { code } } }"}`,
		`{"query": "mutation { signIn(input: {login: \"a\", password: \"` + strings.ReplaceAll(string(inline[1:len(inline)-1]), `\`, `\\`) + `\" }) { nope } }"}`,
		string(inline), password, `{"extensions": {"persistedQuery": {"sha256Hash": ` + string(inline) + `}}}`, strings.Repeat(password, 20_000),
	} {
		l.keep("a malformed body", ada.Post(l.t, []byte(body)))
		l.keep("a malformed body of nobody", l.Anonymous().Post(l.t, []byte(body)))
	}
	for _, contentType := range []string{"application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"} {
		req, err := http.NewRequestWithContext(l.t.Context(), http.MethodPost, l.URL+"/graphql", bytes.NewReader(whole))
		if err != nil {
			l.t.Fatal(err)
		}
		req.Header.Set("Content-Type", contentType)
		l.keep("a body as "+contentType, ada.Send(l.t, req))
	}
	for _, path := range []string{"/graphql?query=" + url.QueryEscape(`mutation { signIn(input: {login: "a", password: `+string(inline)+`}) { errors { code } } }`), "/" + url.PathEscape(password), "/graphql?variables=" + url.QueryEscape(password)} {
		req, err := http.NewRequestWithContext(l.t.Context(), http.MethodGet, l.URL+path, nil)
		if err != nil {
			l.t.Fatal(err)
		}
		req.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("ada:"+password)))
		l.keep("a GET", ada.Send(l.t, req))
	}
}

// failures has the database fail in the middle of deeds that hold a plaintext, and sealed values that do not open.
func (l *life) failures(ada, ben *apptest.Actor, key string) {
	l.t.Helper()
	with := apptest.Vars{"id": key, "password": l.c["the password of ben"]}
	for table, ask := range map[string]string{
		"sealed_values":  `mutation { createAPIKey(input: {name: "broken"}) { plaintext secret errors { code } } }`,
		"api_key_hashes": `mutation { createAPIKey(input: {name: "broken"}) { plaintext secret errors { code } } }`,
		"access_tokens":  `mutation { createAccessToken(input: {name: "broken"}) { plaintext errors { code } } }`,
		"credentials":    `mutation($password: String!) { signUp(input: {email: "broken@x.test", username: "broken", name: "b", password: $password}) { errors { code } } }`,
		"audit_events":   `mutation($id: ID!) { revealAPIKeySecret(input: {id: $id}) { secret errors { code } } }`,
	} {
		l.SQL(l.t, "ALTER TABLE "+table+" RENAME TO gone")
		vars := apptest.Vars{}
		for name, v := range with {
			if strings.Contains(ask, "$"+name) {
				vars[name] = v
			}
		}
		out := l.keep(table+" gone", ada.Do(l.t, ask, vars))
		if out.Code() != "INTERNAL" {
			l.t.Errorf("without %s: %s", table, out.Body)
		}
		l.SQL(l.t, "ALTER TABLE gone RENAME TO "+table)
	}
	in := `mutation($password: String!) { signIn(input: {login: "ben-canary", password: $password}) { errors { code } } }`
	l.SQL(l.t, "UPDATE credentials SET password_hash = 'nonsense' WHERE user_id = (SELECT id FROM users WHERE username = 'ben-canary')")
	l.keep("a broken password hash", l.Anonymous().Do(l.t, in, apptest.Vars{"password": l.c["the password of ben"]}))
	l.SQL(l.t, "UPDATE sealed_values SET ciphertext = wrapped_key WHERE api_key_id = ?", key)
	if out := l.keep("a sealed value that does not open", ben.Do(l.t, `mutation($id: ID!) { revealAPIKeySecret(input: {id: $id}) { secret errors { code } } }`, apptest.Vars{"id": key})); out.Code() != "INTERNAL" {
		l.t.Errorf("a sealed value that does not open: %s", out.Body)
	}
}
