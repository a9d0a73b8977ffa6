package graph_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

// estate is what the leak tests are about: ada's things, with a word in each name that nobody else uses, and people around
// them. Who sees what is said by hand in each test.
type estate struct {
	*apptest.Server
	ada  *apptest.Actor // owns everything here
	ben  *apptest.Actor // admin of the key
	cleo *apptest.Actor // contributor of the key
	dev  *apptest.Actor // invited to the key, and has not answered
	gus  *apptest.Actor // reads in ada's organization
	hal  *apptest.Actor // a member of ada's project, and reads in her organization
	ida  *apptest.Actor // owns ada's organization beside her
	eve  *apptest.Actor // a stranger with things of her own

	key, spare, private            apptest.Key // shared with ben and cleo; ada's alone; personal
	benPlace, cleoPlace            string
	devInvitation, cleoInvitation  string
	token                          string // plaintext of ada's access token
	evesKey, evesPlace, evesSent   string // a key of eve's, fay's place on it, and her open offer
	evesInvitation, evesToken      string // an offer to eve, and the id of a token of hers
	devsNew, devsOld               string // keys of fay's that dev sees; not what the one replaced, and not what replaced the other
	vault, safe, team, devMember   string // a secret of ada's that dev edits and cleo views, one that is hers alone, and her group with dev and hal, which reaches the first
	vaultLink                      string // by which ada hands the vault to somebody outside
	alert                          string // of the limit of the key
	evesSecret, evesGroup          string // eve's own, both with fay and joe
	service, verifier, works       string // a service account, a verifier token and the first place in ada's project, in which her group is a member too
	evesService, evesVerifier      string // the same of eve's
	evesPersonal                   string // her personal key
	fay                            string
	deletedKey, deletedPlace       string
	deletedSession, deletedProgram string
}

// leakWord is in every name of ada's, so that any answer can be searched for it.
const leakWord = "Zanzibar"

func newEstate(t *testing.T, s *apptest.Server) *estate {
	t.Helper()
	e := &estate{Server: s}
	people := []struct {
		who  **apptest.Actor
		name string
	}{{&e.ada, "ada"}, {&e.ben, "ben"}, {&e.cleo, "cleo"}, {&e.dev, "dev"}, {&e.gus, "gus"}, {&e.hal, "hal"}, {&e.ida, "ida"}, {&e.eve, "eve"}}
	for _, p := range people {
		*p.who = s.Actor(t, p.name)
	}
	s.SQL(t, "UPDATE organizations SET name = ?, slug = ? WHERE id = ?", leakWord+" Ltd", "zanzibar-ltd", e.ada.Home)
	s.SQL(t, "UPDATE projects SET name = ?, description = ? WHERE id = ?", leakWord+" Works", leakWord, e.ada.Project)
	s.SQL(t, "UPDATE users SET name = ? WHERE id = ?", "Ada "+leakWord, e.ada.ID)
	s.JoinOrganization(t, e.ada.Home, e.gus, "READER")
	s.JoinOrganization(t, e.ada.Home, e.hal, "READER")
	s.JoinProject(t, e.ada.Project, e.hal, "MEMBER")
	s.JoinOrganization(t, e.ada.Home, e.ida, "OWNER")

	e.key = e.ada.CreateKey(t, leakWord+" Payments", "", "PROJECT")
	e.spare = e.ada.CreateKey(t, leakWord+" Spare", "", "PROJECT")
	e.private = e.ada.CreateKey(t, leakWord+" Private", "", "PERSONAL")
	for _, id := range []string{e.key.ID, e.spare.ID, e.private.ID} {
		e.ada.Must(t, `mutation($id: ID!) { updateAPIKey(input: {id: $id, description: "Zanzibar notes", tags: ["Zanzibar"]}) { errors { code } } }`, apptest.Vars{"id": id})
	}
	signer, _, _ := keyPair(t)
	e.ada.Must(t, editSecurity, settings(e.key.ID, apptest.Vars{"origins": []string{"https://zanzibar.example"}, "methods": []string{leakWord},
		"jwtKeys": []apptest.Vars{{"name": leakWord, "publicKeyPEM": signer}}}))
	for _, id := range []string{e.key.ID, e.ada.Project, e.ada.Home} {
		e.ada.Must(t, editLimits, limited(id, apptest.Vars{"rates": []apptest.Vars{{"requests": 7, "windowSeconds": 60}}, "spend": apptest.Vars{"amount": "77", "currency": "USD"},
			"alerts": []apptest.Vars{{"percent": 50, "emails": []string{"zanzibar@zanzibar.example"}, "webhookUrl": "https://hooks.zanzibar.example/x"}}}))
	}
	e.alert = e.one(t, "SELECT id AS x FROM spend_alerts WHERE api_key_id = ?", e.key.ID)
	e.benPlace = e.ada.Share(t, e.key.ID, e.ben, "ADMIN")
	e.cleoInvitation = e.ada.Invite(t, e.key.ID, e.cleo, "CONTRIBUTOR")
	e.cleo.Accept(t, e.cleoInvitation)
	e.cleoPlace = e.cleo.Must(t, `query($id: ID!) { apiKey(id: $id) { viewerMembership { id } } }`, apptest.Vars{"id": e.key.ID}).Text("apiKey", "viewerMembership", "id")
	e.devInvitation = e.ada.Invite(t, e.key.ID, e.dev, "ADMIN")
	made := e.ada.Must(t, `mutation { createAccessToken(input: {name: "Zanzibar robot"}) { plaintext errors { code } } }`, nil)
	e.token = made.Text("createAccessToken", "plaintext")
	e.deleteSome(t)
	e.settleEve(t)
	e.settleSecrets(t)
	return e
}

func (e *estate) settleSecrets(t *testing.T) {
	t.Helper()
	e.vault, e.safe = e.ada.AddSecret(t, leakWord+" Vault", "1"), e.ada.AddSecret(t, leakWord+" Safe", "2")
	for _, id := range []string{e.vault, e.safe} {
		e.ada.Must(t, `mutation($id: ID!) { updateSecret(input: {id: $id, url: "https://zanzibar.example", notes: "Zanzibar notes", tags: ["Zanzibar"]}) { errors { code } } }`, apptest.Vars{"id": id})
	}
	e.team = e.ada.MakeGroup(t, leakWord+" Team", e.dev, e.hal)
	e.devMember = e.one(t, "SELECT id AS x FROM group_members WHERE group_id = ? AND user_id = ?", e.team, e.dev.ID)
	e.service = e.ada.Must(t, createService, apptest.Vars{"project": e.ada.Project, "name": leakWord + " robot"}).Text("createServiceAccount", "serviceAccount", "id")
	e.verifier = e.ada.Must(t, createVerifier, apptest.Vars{"project": e.ada.Project}).Text("createVerifierToken", "verifierToken", "id")
	e.works = e.one(t, "SELECT id AS x FROM project_members WHERE user_id = ?", e.ada.ID)
	e.ada.ShareSecret(t, e.vault, apptest.Vars{"login": e.dev.Username}, apptest.Vars{"canEdit": true})
	e.ada.ShareSecret(t, e.vault, apptest.Vars{"login": e.cleo.Username}, nil)
	e.ada.ShareSecret(t, e.vault, apptest.Vars{"groupId": e.team}, nil)
	e.vaultLink = e.PutLink(t, e.vault, e.ada)
	fay, joe := e.Actor(t, "fay"), e.Actor(t, "joe")
	e.fay = fay.ID
	e.eve.Share(t, e.evesKey, fay, "CONTRIBUTOR")
	e.evesSecret = e.eve.AddSecret(t, "Alpha", "3")
	e.evesGroup = e.eve.MakeGroup(t, "Eves", fay, joe)
	e.eve.ShareSecret(t, e.evesSecret, apptest.Vars{"login": fay.Username}, nil)
	e.eve.ShareSecret(t, e.evesSecret, apptest.Vars{"login": joe.Username}, nil)
	e.eve.AddSecret(t, "Omega", "4")
}

// deleteSome makes ids that were somebody's and are gone.
func (e *estate) deleteSome(t *testing.T) {
	t.Helper()
	e.deletedKey = e.ada.CreateKey(t, leakWord+" Gone", "", "PROJECT").ID
	fay := e.Actor(t, "fay")
	e.deletedPlace = e.ada.Share(t, e.deletedKey, fay, "ADMIN")
	e.ada.Must(t, `mutation($id: ID!) { deleteAPIKey(input: {id: $id}) { deletedId errors { code } } }`, apptest.Vars{"id": e.deletedKey})
	out := e.ada.Must(t, `mutation { createAccessToken(input: {name: "Zanzibar old"}) { accessToken { id } errors { code } } }`, nil)
	e.deletedProgram = out.Text("createAccessToken", "accessToken", "id")
	e.ada.Must(t, `mutation($id: ID!) { revokeAccessToken(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": e.deletedProgram})
	before := e.one(t, "SELECT id AS x FROM sessions WHERE user_id = ?", e.ada.ID)
	e.ada.SignIn(t)
	e.deletedSession = before
	e.ada.Must(t, `mutation($id: ID!) { revokeSession(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": before})
}

func (e *estate) settleEve(t *testing.T) {
	t.Helper()
	fay, joe := e.Actor(t, "fay"), e.Actor(t, "joe")
	e.evesKey = e.eve.CreateKey(t, "Alpha", "", "PROJECT").ID
	e.evesPlace = e.eve.Share(t, e.evesKey, fay, "CONTRIBUTOR")
	e.evesSent = e.eve.Invite(t, e.evesKey, joe, "CONTRIBUTOR")
	e.eve.CreateKey(t, "Omega", "", "PROJECT")
	e.evesPersonal = e.eve.CreateKey(t, "Mine", "", "PERSONAL").ID
	e.evesService = e.eve.Must(t, createService, apptest.Vars{"project": e.eve.Project, "name": "eves"}).Text("createServiceAccount", "serviceAccount", "id")
	e.evesVerifier = e.eve.Must(t, createVerifier, apptest.Vars{"project": e.eve.Project}).Text("createVerifierToken", "verifierToken", "id")
	e.evesInvitation = joe.Invite(t, joe.CreateKey(t, "Joes", "", "PROJECT").ID, e.eve, "ADMIN")
	out := e.eve.Must(t, `mutation { createAccessToken(input: {name: "eves"}) { accessToken { id } errors { code } } }`, nil)
	e.evesToken = out.Text("createAccessToken", "accessToken", "id")
}

// narrowed is ada's own access token that may do nothing.
func (e *estate) narrowed(t *testing.T) *apptest.Actor {
	t.Helper()
	out := e.ada.Must(t, `mutation { createAccessToken(input: {name: "nothing", permissions: []}) { plaintext errors { code } } }`, nil)
	return e.ada.WithToken(out.Text("createAccessToken", "plaintext"))
}

// all runs a SELECT of one text column, named x, behind the curtain.
func (e *estate) all(t *testing.T, query string, args ...any) []string {
	t.Helper()
	together := "group_concat(x, char(10))"
	if e.Database == apptest.Postgres {
		together = "string_agg(x, chr(10))"
	}
	var text string
	e.Row(t, "SELECT COALESCE("+together+", '') FROM ("+query+") AS rows_of_it", args, &text)
	if text == "" {
		return nil
	}
	out := strings.Split(text, "\n")
	slices.Sort(out)
	return out
}

func (e *estate) one(t *testing.T, query string, args ...any) string {
	t.Helper()
	found := e.all(t, query, args...)
	if len(found) == 0 {
		t.Fatalf("nothing there: %s %v", query, args)
	}
	return found[0]
}

// tables of the database with their columns.
func (e *estate) tables(t *testing.T) map[string][]string {
	t.Helper()
	names, columns := "SELECT name AS x FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'", "SELECT name AS x FROM pragma_table_info(?)"
	if e.Database == apptest.Postgres {
		names = "SELECT table_name AS x FROM information_schema.tables WHERE table_schema = 'public'"
		columns = "SELECT column_name AS x FROM information_schema.columns WHERE table_schema = 'public' AND table_name = ?"
	}
	out := map[string][]string{}
	for _, table := range e.all(t, names) {
		out[table] = e.all(t, columns, table)
	}
	return out
}

// dump is a table as text, a row a line; bytes are written in hex.
func (e *estate) dump(t *testing.T, table string, columns []string, where string) []string {
	t.Helper()
	parts := make([]string, len(columns))
	for i, c := range columns {
		parts[i] = fmt.Sprintf(`quote("%s")`, c)
		if e.Database == apptest.Postgres {
			parts[i] = fmt.Sprintf(`COALESCE("%s"::text, 'NULL')`, c)
		}
	}
	return e.all(t, fmt.Sprintf(`SELECT %s AS x FROM "%s" WHERE %s`, strings.Join(parts, " || '|' || "), table, where))
}

// state is everything that a deed could have written. What is left out is written for reading and for refusing too: when
// somebody was last seen, and that something was denied.
func (e *estate) state(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	tables := e.tables(t)
	for _, table := range slices.Sorted(maps.Keys(tables)) {
		columns := slices.DeleteFunc(tables[table], func(c string) bool { return c == "last_seen_at" || table == "access_tokens" && c == "last_used_at" })
		where := "1 = 1"
		if table == "audit_events" {
			where = "outcome <> 'DENIED'"
		}
		fmt.Fprintf(&b, "%s\n%s\n", table, strings.Join(e.dump(t, table, columns, where), "\n"))
	}
	return b.String()
}

// leakFace is all of an answer that a client can tell apart, without the id that every request has of its own.
func leakFace(a apptest.Answer) string {
	body := regexp.MustCompile(`"requestId":"[0-9A-Z]{26}"`).ReplaceAllString(a.Body, `"requestId":""`)
	return fmt.Sprintf("%d %s %s\n%s", a.Status, a.Header.Get("Content-Type"), a.Header.Get("Cache-Control"), body)
}
