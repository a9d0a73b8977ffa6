package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/lib/pq"
	_ "modernc.org/sqlite"

	"github.com/keyhall/keyhall/internal/apptest/pgtest"
)

// A server is killed (SIGKILL) again and again in the middle of mixed deeds. What it had acknowledged is there afterwards,
// what it had not is whole or not there at all, and every deed has its audit row.
func TestAKilledServerLosesNothingItAcknowledged(t *testing.T) {
	t.Parallel()
	killOften(t, 8, 4, false)
}

// The same 200 times on SQLite and 100 times on PostgreSQL. It runs alone, so here it counts how soon the server is ready again.
func TestSoakAKilledServerLosesNothingItAcknowledged(t *testing.T) {
	if os.Getenv("KEYHALL_SOAK") == "" {
		t.Skip("set KEYHALL_SOAK for the long runs")
	}
	killOften(t, 200, 100, true)
}

func killOften(t *testing.T, onSQLite, onPostgres int, alone bool) {
	binary := build(t)
	for _, c := range []struct {
		name  string
		kills int
		env   func(*testing.T) string
	}{
		{"SQLite", onSQLite, func(*testing.T) string { return "" }},
		{"PostgreSQL", onPostgres, func(t *testing.T) string { return pgtest.Start(t) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := &killing{binary: binary, dir: t.TempDir(), url: c.env(t), began: make(chan struct{}, 1)}
			k.run(t, c.kills, alone)
		})
	}
}

// life is a worker who is interrupted by each kill.
type life interface {
	work()     // does deeds until one is not acknowledged
	took() int // how many were, since the last time
	resume(t *testing.T, db *sql.DB)
}

// killing is one server that is killed and started again on the same data.
type killing struct {
	binary, dir, url string
	server           *process
	cookies          map[string]string
	ready            []time.Duration
	began            chan struct{} // a deed was acknowledged
	said             atomic.Value  // the last answer that was none, for whoever reads why a test failed
}

func (k *killing) run(t *testing.T, kills int, alone bool) {
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("KEYHALL_SEED"); text != "" {
		seed, _ = strconv.ParseUint(text, 10, 64)
	}
	t.Logf("KEYHALL_SEED=%d", seed)
	source := rand.New(rand.NewPCG(seed, 1))
	k.start(t)
	k.ready = nil // the first start makes the team
	k.cookies = map[string]string{"ada": signIn(t, k.server.url, "ada"), "ben": signIn(t, k.server.url, "ben")}
	var home string
	if err := k.database(t).QueryRow("SELECT personal_organization_id FROM users WHERE username = 'ada'").Scan(&home); err != nil {
		t.Fatal(err)
	}
	var people []life
	for i := range 3 {
		people = append(people, &lifecycle{worker: i, at: k}, &secretLife{worker: i, at: k, home: home})
	}
	done := 0
	for range kills {
		done += k.killInTheMiddle(t, people, time.Duration(20+source.IntN(250))*time.Millisecond)
		k.start(t)
		db := k.database(t)
		for _, p := range people {
			p.resume(t, db)
		}
		auditIsWhole(t, db)
		if t.Failed() {
			return
		}
	}
	slices.Sort(k.ready)
	median := k.ready[len(k.ready)/2]
	t.Logf("%d kills, %d acknowledged deeds; ready again in %v, at most %v", kills, done, median, k.ready[len(k.ready)-1])
	if alone && median > time.Second {
		t.Errorf("ready again only after %v", median)
	}
}

func (k *killing) start(t *testing.T) {
	t.Helper()
	var env []string
	if k.url != "" {
		env = []string{"KEYHALL_DATABASE_URL=" + k.url}
	}
	begun := time.Now()
	k.server = launch(t, k.binary, env, "demo", "--addr", "127.0.0.1:0", "--data-dir", k.dir)
	k.ready = append(k.ready, time.Since(begun))
}

// acknowledged tells that there is something to kill in the middle of. It never waits.
func (k *killing) acknowledged() {
	select {
	case k.began <- struct{}{}:
	default:
	}
}

// killInTheMiddle lets all work for a while from the first acknowledged deed on, kills the server, and answers how many deeds were acknowledged.
func (k *killing) killInTheMiddle(t *testing.T, people []life, after time.Duration) int {
	var group sync.WaitGroup
	for _, p := range people {
		group.Go(p.work)
	}
	select { // not sooner: on a busy machine nothing would be under way
	case <-k.began:
	case <-time.After(20 * time.Second):
	}
	timer := time.NewTimer(after)
	<-timer.C
	if err := k.server.cmd.Process.Kill(); err != nil {
		t.Errorf("kill: %v", err)
	}
	group.Wait()
	_ = k.server.cmd.Wait()
	select { // what came after the first one is of this round too
	case <-k.began:
	default:
	}
	n := 0
	for _, p := range people {
		n += p.took()
	}
	return n
}

// signIn opens a session of one of the sample team, and answers its cookie.
func signIn(t *testing.T, url, who string) string {
	t.Helper()
	body, _ := json.Marshal(map[string]string{"query": `mutation { signIn(input: {login: "` + who + `", password: "correct-horse-battery"}) { errors { code } } }`})
	resp, err := http.Post(url+"/graphql", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	for _, c := range resp.Cookies() {
		return c.Name + "=" + c.Value
	}
	t.Fatalf("%s is not signed in", who)
	return ""
}

// ask sends an operation, under an Idempotency-Key when there is one; false when no whole answer came, or one that says
// that it failed.
func (k *killing) ask(who, key, query string, into any) bool {
	body, _ := json.Marshal(map[string]string{"query": query})
	req, err := http.NewRequest(http.MethodPost, k.server.url+"/graphql", bytes.NewReader(body))
	if err != nil {
		return false
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Cookie", k.cookies[who])
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		k.said.Store(err.Error())
		return false
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	answer := struct {
		Data   any
		Errors []any
	}{Data: into}
	ok := err == nil && json.Unmarshal(text, &answer) == nil && len(answer.Errors) == 0
	if !ok {
		k.said.Store(string(text))
	}
	return ok
}

// database is a look behind the curtain.
func (k *killing) database(t *testing.T) *sql.DB {
	t.Helper()
	driver, source := "sqlite", "file:"+filepath.Join(k.dir, "keyhall.db")+"?_pragma=busy_timeout(10000)"
	if k.url != "" {
		driver, source = "postgres", k.url
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// auditIsWhole: no deed without its audit row, and no row without its deed.
func auditIsWhole(t *testing.T, db *sql.DB) {
	t.Helper()
	checks := secretsAreWhole()
	maps.Copy(checks, map[string]string{
		"keys without the row of their creation": `SELECT COUNT(*) FROM api_keys k WHERE NOT EXISTS
			(SELECT 1 FROM audit_events a WHERE a.resource_id = k.id AND a.type = 'api_key.created')`,
		"rows of a creation without a key": `SELECT COUNT(*) FROM audit_events a WHERE a.type = 'api_key.created' AND NOT EXISTS
			(SELECT 1 FROM api_keys k WHERE k.id = a.resource_id) AND NOT EXISTS
			(SELECT 1 FROM audit_events d WHERE d.resource_id = a.resource_id AND d.type = 'api_key.deleted')`,
		"rows of a deletion with a key": `SELECT COUNT(*) FROM audit_events a JOIN api_keys k ON k.id = a.resource_id WHERE a.type = 'api_key.deleted'`,
		"invitations without a row": `SELECT COUNT(*) FROM invitations i WHERE NOT EXISTS
			(SELECT 1 FROM audit_events a WHERE a.resource_id = i.api_key_id AND a.type = 'invite.sent')`,
		"invitations without the row of their letter": `SELECT COUNT(*) FROM invitations i WHERE NOT EXISTS
			(SELECT 1 FROM mails m WHERE m.kind = 'invitation' AND m.resource_id = i.id AND m.within_id = i.api_key_id AND m.generation = i.resend_count)`,
		"rows of a letter without an invitation": `SELECT COUNT(*) FROM mails m WHERE m.kind = 'invitation' AND m.resource_id NOT IN (SELECT id FROM invitations)
			AND EXISTS (SELECT 1 FROM api_keys k WHERE k.id = m.within_id)`,
		"places without a row": `SELECT COUNT(*) FROM collaborators c WHERE NOT EXISTS
			(SELECT 1 FROM audit_events a WHERE a.resource_id = c.api_key_id AND a.type = 'invite.accepted')`,
		"reveals that do not match their rows": `SELECT COUNT(*) FROM sealed_values v WHERE v.reveal_count <>
			(SELECT COUNT(*) FROM audit_events a WHERE a.resource_id = v.api_key_id AND a.type = 'api_key.secret.revealed')`,
		"keys without their hash":   `SELECT COUNT(*) FROM api_keys k WHERE NOT EXISTS (SELECT 1 FROM api_key_hashes h WHERE h.api_key_id = k.id)`,
		"keys without their secret": `SELECT COUNT(*) FROM api_keys k WHERE NOT EXISTS (SELECT 1 FROM sealed_values v WHERE v.api_key_id = k.id)`,
		"deeds that are remembered under no key, or the reverse": `SELECT
			(SELECT COUNT(*) FROM audit_events WHERE outcome = 'DONE' AND resource_name LIKE 'life-%') - (SELECT COUNT(*) FROM idempotency_keys)`,
		"orphans of a key": `SELECT COUNT(*) FROM sealed_values v WHERE NOT EXISTS (SELECT 1 FROM api_keys k WHERE k.id = v.api_key_id)`,
	})
	for what, query := range checks {
		var n int
		if err := db.QueryRow(query).Scan(&n); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if n != 0 {
			t.Errorf("%d %s", n, what)
		}
	}
}

// lifecycle is one worker who takes one key after another through its life, deed by deed.
type lifecycle struct {
	worker, key  int // its keys are numbered
	step         int // deeds of the key's life that were acknowledged
	id           string
	invitation   string
	acknowledged int
	at           *killing
}

func (l *lifecycle) name() string { return fmt.Sprintf("life-%d-%04d", l.worker, l.key) }

func (l *lifecycle) took() (n int) {
	n, l.acknowledged = l.acknowledged, 0
	return n
}

// once is the Idempotency-Key of the next deed, the same when it is sent again.
func (l *lifecycle) once() string { return fmt.Sprintf("%s, %d", l.name(), l.step) }

// work does one deed after another until one is not acknowledged.
func (l *lifecycle) work() {
	for l.deed() {
		l.at.acknowledged()
		l.acknowledged++
		if l.step++; l.step == 9 {
			l.step, l.key = 0, l.key+1
		}
	}
}

// deed does the next one. Each makes a difference that can be seen.
func (l *lifecycle) deed() bool {
	switch l.step {
	case 0:
		var out struct {
			CreateAPIKey struct {
				APIKey struct{ ID string } `json:"apiKey"`
			} `json:"createAPIKey"`
		}
		ok := l.at.ask("ada", l.once(), `mutation { createAPIKey(input: {name: "`+l.name()+`"}) { apiKey { id } plaintext secret } }`, &out)
		l.id = out.CreateAPIKey.APIKey.ID
		return ok && l.id != ""
	case 1:
		return l.at.ask("ada", l.once(), `mutation { updateAPIKey(input: {id: "`+l.id+`", description: "renamed"}) { apiKey { id } } }`, &struct{}{})
	case 2:
		var out struct {
			InviteCollaborators struct {
				Results []struct{ Invitation struct{ ID string } }
			} `json:"inviteCollaborators"`
		}
		ok := l.at.ask("ada", l.once(), `mutation { inviteCollaborators(input: {apiKeyId: "`+l.id+`", emails: ["ben@demo.example"], role: ADMIN, confirmEmail: "ada@demo.example"}) { results { invitation { id } } } }`, &out)
		if ok && len(out.InviteCollaborators.Results) == 1 {
			l.invitation = out.InviteCollaborators.Results[0].Invitation.ID
		}
		return ok && l.invitation != ""
	case 3:
		return l.at.ask("ben", l.once(), `mutation { acceptInvitation(input: {invitationId: "`+l.invitation+`"}) { invitation { status } } }`, &struct{}{})
	case 4:
		return l.at.ask("ben", l.once(), `mutation { revealAPIKeySecret(input: {id: "`+l.id+`"}) { revealCount } }`, &struct{}{})
	case 5:
		return l.at.ask("ada", l.once(), `mutation { disableAPIKey(input: {id: "`+l.id+`"}) { apiKey { id } } }`, &struct{}{})
	case 6:
		return l.at.ask("ada", l.once(), `mutation { enableAPIKey(input: {id: "`+l.id+`"}) { apiKey { id } } }`, &struct{}{})
	case 7:
		seen, ok := l.look()
		if !ok || len(seen.Collaborators.Nodes) != 1 {
			return false
		}
		return l.at.ask("ada", l.once(), `mutation { removeCollaborator(input: {collaboratorId: "`+seen.Collaborators.Nodes[0].ID+`"}) { apiKey { id } } }`, &struct{}{})
	default:
		return l.at.ask("ada", l.once(), `mutation { deleteAPIKey(input: {id: "`+l.id+`"}) { deletedId } }`, &struct{}{})
	}
}

// seenKey is a key as its owner sees it.
type seenKey struct {
	ID, Description, Status string
	Collaborators           struct{ Nodes []struct{ ID string } }
	Invitations             struct{ Nodes []struct{ ID, Status string } }
}

// look finds the key by its name; a key that is not there has no id.
func (l *lifecycle) look() (seenKey, bool) {
	var out struct {
		APIKeys struct{ Nodes []seenKey } `json:"apiKeys"`
	}
	ok := l.at.ask("ada", "", `{ apiKeys(filter: {query: "`+l.name()+`"}) { nodes { id description status collaborators { nodes { id } } invitations { nodes { id status } } } } }`, &out)
	if !ok || len(out.APIKeys.Nodes) == 0 {
		return seenKey{}, ok
	}
	return out.APIKeys.Nodes[0], true
}

// steps are those after which a key looks like this to its owner.
func (k seenKey) steps() []int {
	members := len(k.Collaborators.Nodes)
	switch {
	case k.ID == "":
		return []int{0, 9}
	case k.Status == "DISABLED":
		return []int{6}
	case members == 1:
		return []int{4, 5, 7}
	case len(k.Invitations.Nodes) == 1 && k.Invitations.Nodes[0].Status == "PENDING":
		return []int{3}
	case len(k.Invitations.Nodes) == 1:
		return []int{8}
	case k.Description != "":
		return []int{2}
	}
	return []int{1}
}

// resume looks where the key stands: exactly the acknowledged deeds are done, and perhaps the one that was under way. Each
// deed has one audit row, so their number is the step, and the key must look as after that step.
func (l *lifecycle) resume(t *testing.T, db *sql.DB) {
	t.Helper()
	seen, ok := l.look()
	if !ok {
		t.Fatalf("%s cannot be looked for: %v", l.name(), l.at.said.Load())
	}
	if seen.ID != "" {
		l.id = seen.ID
	}
	done := 0
	if err := db.QueryRow("SELECT COUNT(*) FROM audit_events WHERE outcome = 'DONE' AND resource_id = '" + l.id + "'").Scan(&done); err != nil {
		t.Fatal(err)
	}
	if l.step == 0 && seen.ID == "" {
		done = 0 // the id is that of the key before
	}
	if done != l.step && done != l.step+1 || !slices.Contains(seen.steps(), done) {
		t.Errorf("%s: %d deeds were acknowledged, %d are recorded, and the key looks as after %v: %+v", l.name(), l.step, done, seen.steps(), seen)
		return
	}
	if len(seen.Invitations.Nodes) > 0 {
		l.invitation = seen.Invitations.Nodes[0].ID
	}
	if done == l.step+1 && l.step != 7 && !l.deed() { // done and not acknowledged; the seventh looks for what it removed
		t.Errorf("%s: what was done as deed %d is not answered when it is sent again under its key", l.name(), done)
	}
	if l.step = done; l.step == 9 {
		l.step, l.key = 0, l.key+1
	}
}
