package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/apptest/pgtest"
	"github.com/keyhall/keyhall/internal/apptest/wire"
)

// fleet is three server processes of one installation on one PostgreSQL, each with a wire of its own to it.
type fleet struct {
	binary, dir string
	members     [3]*member
	db          *sql.DB // its own way to the database, which is never cut
	client      *http.Client
	cookies     map[string]string
	serial      atomic.Int64
}

// member is one place of the fleet. Who is killed there is followed by another process with the same wire.
type member struct {
	wire    *wire.Wire
	env     []string
	process *process
	serves  atomic.Pointer[term]
}

// term is one process of a place: which of them it is, and its address.
type term struct {
	number int
	url    string
}

func newFleet(t *testing.T, env ...string) *fleet {
	t.Helper()
	f := &fleet{binary: build(t), dir: t.TempDir(), cookies: map[string]string{}}
	f.client = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 100}}
	t.Cleanup(f.client.CloseIdleConnections)
	database := pgtest.Start(t)
	db, err := sql.Open("postgres", database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	f.db = db
	for i := range f.members {
		w, by := wire.New(t, database)
		f.members[i] = &member{wire: w, env: append([]string{"KEYHALL_DATABASE_URL=" + by}, env...)}
		f.launch(t, i) // one after another: the first one makes the tables and the team
	}
	for _, who := range []string{"ada", "ben", "cleo", "dev"} {
		f.cookies[who] = signIn(t, f.members[0].serves.Load().url, who)
	}
	return f
}

func (f *fleet) launch(t *testing.T, i int) {
	t.Helper()
	m := f.members[i]
	m.process = launch(t, f.binary, m.env, "demo", "--addr", "127.0.0.1:0", "--data-dir", f.dir)
	number := 0
	if last := m.serves.Load(); last != nil {
		number = last.number + 1
	}
	m.serves.Store(&term{number, m.process.url})
}

// kill ends a process at once (SIGKILL), and tells until when it certainly was there.
func (f *fleet) kill(t *testing.T, i int) time.Time {
	t.Helper()
	p, was := f.members[i].process, time.Now()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.cmd.Wait()
	return was
}

// pause has a process do nothing (SIGSTOP) for a while.
func (f *fleet) pause(t *testing.T, i int, during func()) {
	t.Helper()
	p := f.members[i].process.cmd.Process
	if err := p.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Signal(syscall.SIGCONT) }()
	during()
}

// ask sends an operation of somebody to one of the processes.
func (f *fleet) ask(at int, who, query string, vars apptest.Vars) (out apptest.Answer, err error) {
	body, err := json.Marshal(map[string]any{"query": query, "variables": vars})
	if err != nil {
		return out, err
	}
	_, text, err := f.post(f.members[at].serves.Load().url+"/graphql", "Cookie", f.cookies[who], body)
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal(text, &out); err != nil {
		return out, fmt.Errorf("%s is answered %s", query, text)
	}
	if code := out.Code(); code != "" {
		return out, fmt.Errorf("%s of %s is answered %s", query, who, text)
	}
	return out, nil
}

// must is ask for what the rest depends on; only a test's own goroutine may call it.
func (f *fleet) must(t *testing.T, who, query string, vars apptest.Vars) apptest.Answer {
	t.Helper()
	out, err := f.ask(0, who, query, vars)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// verdict is what a gateway was told; without a code nothing was decided.
type verdict struct {
	Code         string
	PerProcess   bool
	began, ended time.Time
	life         *term // of the process that was asked
	unheard      bool  // it was not there to be asked
}

// verify asks one of the processes about a request with a key, as a gateway does.
func (f *fleet) verify(at int, verifier, key string, cost int64) (v verdict) {
	body, _ := json.Marshal(map[string]any{"key": key, "cost": cost, "method": "payments.create"})
	v.life, v.began = f.members[at].serves.Load(), time.Now()
	status, text, err := f.post(v.life.url+"/v1/verify", "Authorization", "Bearer "+verifier, body)
	v.ended = time.Now()
	if failed := (*net.OpError)(nil); errors.As(err, &failed) {
		v.unheard = failed.Op == "dial"
	}
	if err == nil && status == http.StatusOK {
		_ = json.Unmarshal(text, &v)
	}
	return v
}

func (f *fleet) post(url, header, credential string, body []byte) (int, []byte, error) {
	req, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(header, credential)
	resp, err := f.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, text, err
}

// organization is one of ada's, with a name of its own.
func (f *fleet) organization(t *testing.T) string {
	t.Helper()
	return f.must(t, "ada", `mutation($name: String!) { createOrganization(input: {name: $name}) { organization { id } errors { code } } }`,
		apptest.Vars{"name": "Fleet " + strconv.FormatInt(f.serial.Add(1), 10)}).Text("createOrganization", "organization", "id")
}

// project is a new one of an organization, with its verifier token.
func (f *fleet) project(t *testing.T, organization string) (id, verifier string) {
	t.Helper()
	id = f.must(t, "ada", `mutation($o: ID!, $name: String!) { createProject(input: {organizationId: $o, name: $name, environment: STAGING}) { project { id } errors { code } } }`,
		apptest.Vars{"o": organization, "name": "Project " + strconv.FormatInt(f.serial.Add(1), 10)}).Text("createProject", "project", "id")
	verifier = f.must(t, "ada", `mutation($p: ID!) { createVerifierToken(input: {projectId: $p, name: "gateway"}) { plaintext errors { code } } }`,
		apptest.Vars{"p": id}).Text("createVerifierToken", "plaintext")
	return id, verifier
}

// issue makes a key of somebody.
func (f *fleet) issue(at int, who, project string) (apptest.Key, error) {
	out, err := f.ask(at, who, `mutation($p: ID!) { createAPIKey(input: {projectId: $p, name: "Payments"}) { apiKey { id } plaintext errors { code } } }`, apptest.Vars{"p": project})
	return apptest.Key{ID: out.Text("createAPIKey", "apiKey", "id"), Plaintext: out.Text("createAPIKey", "plaintext")}, err
}

// number reads one number behind the curtain.
func (f *fleet) number(t *testing.T, query string, args ...any) (n int64) {
	t.Helper()
	if err := f.db.QueryRow(query, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// seedOf is what a campaign draws its lots from: KEYHALL_SEED, or a new one.
func seedOf(t *testing.T) uint64 {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("KEYHALL_SEED"); text != "" {
		seed, _ = strconv.ParseUint(text, 10, 64)
	}
	t.Logf("KEYHALL_SEED=%d", seed)
	return seed
}

// soak skips what is long, unless it is asked for.
func soak(t *testing.T) {
	t.Helper()
	if os.Getenv("KEYHALL_SOAK") == "" {
		t.Skip("set KEYHALL_SOAK for the long runs")
	}
}

// every calls back again and again until it answers false.
func every(d time.Duration, do func() bool) {
	tick := time.NewTicker(d)
	defer tick.Stop()
	for do() {
		<-tick.C
	}
}
