package web_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/token"
)

// nginxPath finds the real nginx, which CI installs.
func nginxPath(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"nginx", "/usr/sbin/nginx"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("nginx is not installed, and CI needs it")
	}
	t.Skip("nginx is not installed (Debian: nginx-light): its half is not tested")
	return ""
}

// documented is the configuration that docs/verifying.md gives to people.
func documented(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/verifying.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(page), "```nginx\n")
	block, _, ok := strings.Cut(block, "```")
	if !ok {
		t.Fatal("docs/verifying.md has no configuration of nginx")
	}
	return block
}

// freeAddress is one of this machine that nobody listens at now.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// startNginx runs nginx with a configuration until the test ends.
func startNginx(t *testing.T, config, address string) {
	t.Helper()
	dir := t.TempDir()
	var temporary strings.Builder
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		fmt.Fprintf(&temporary, "%s_temp_path %s/%s;\n", kind, dir, kind)
	}
	path := filepath.Join(dir, "nginx.conf")
	whole := "daemon off;\nworker_processes 1;\npid " + dir + "/nginx.pid;\nerror_log stderr;\nevents { worker_connections 256; }\nhttp {\naccess_log off;\n" + temporary.String() + config + "}\n"
	if err := os.WriteFile(path, []byte(whole), 0o600); err != nil {
		t.Fatal(err)
	}
	said := &apptest.Log{}
	cmd := exec.Command(nginxPath(t), "-p", dir, "-e", "stderr", "-c", path)
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	over := make(chan error, 1)
	go func() { over <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-over
	})
	for end, tick := time.Now().Add(20*time.Second), time.Tick(5*time.Millisecond); ; <-tick {
		if c, err := net.Dial("tcp", address); err == nil {
			_ = c.Close()
			return
		}
		select {
		case err := <-over:
			over <- err
			t.Fatalf("nginx does not run: %v\n%s", err, said)
		default:
		}
		if time.Now().After(end) {
			t.Fatalf("nginx does not listen\n%s", said)
		}
	}
}

// The configuration in docs/verifying.md works in a real nginx: good keys reach the service with their id and without the key,
// everybody else gets what it says, the client's own address counts, and nobody passes without Keyhall.
func TestTheDocumentedNginxLetsGoodKeysThrough(t *testing.T) {
	t.Parallel()
	nginxPath(t)
	s := apptest.New(t, apptest.SQLite, func(c *app.Config) { c.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	g := newGate(t, s, 13)
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Header.Get("X-Keyhall-Key-Id"))
		for _, name := range []string{"X-API-Key", "X-API-Secret", "X-API-JWT", "Authorization", "X-Keyhall-Project-Id"} {
			fmt.Fprint(w, " ", r.Header.Get(name))
		}
	}))
	t.Cleanup(service.Close)
	at := freeAddress(t)
	config := strings.NewReplacer("127.0.0.1:8080", strings.TrimPrefix(s.URL, "http://"), "127.0.0.1:8081", at,
		"127.0.0.1:9000", strings.TrimPrefix(service.URL, "http://"), "khv_REPLACE_ME", g.verifier).Replace(documented(t))
	startNginx(t, config, at)
	front := *g
	server := *s
	server.URL, front.Server = "http://"+at, &server
	try := func(name string, status int, code string, headers ...string) {
		t.Helper()
		got := front.send(t, http.MethodGet, "/anything?cost=0", "", headers...)
		if got.Status != status || got.Header.Get("X-Keyhall-Code") != code {
			t.Errorf("%s: %d %s, want %d %s\n%s", name, got.Status, got.Header.Get("X-Keyhall-Code"), status, code, got.Body)
		}
		if status == 200 && strings.TrimSpace(got.Body) != g.key.ID {
			t.Errorf("%s: the service gets %q, want the id of the key and nothing else", name, got.Body)
		}
	}
	key := "X-API-Key: " + g.key.Plaintext
	try("a good key", 200, "VALID", key)
	try("its secret too, and a project that the client claims", 200, "VALID", key, "X-API-Secret: "+g.key.Secret, "X-Keyhall-Project-Id: prj_other")
	try("a bearer token", 200, "VALID", "Authorization: Bearer "+g.key.Plaintext)
	try("no key", 401, "NOT_FOUND")
	try("an unknown key", 401, "NOT_FOUND", "X-API-Key: "+token.New(token.LiveKey).Expose())
	try("a verifier token of the client's", 200, "VALID", key, "X-Keyhall-Verifier: "+token.New(token.VerifierToken).Expose())
	g.secure(t, `addresses: ["203.0.113.7"]`)
	try("an address that the client claims", 403, "ADDRESS_NOT_ALLOWED", key, "X-Forwarded-For: 203.0.113.7")
	g.secure(t, `addresses: ["127.0.0.1"], methods: ["POST"]`)
	try("a method that the client claims", 403, "METHOD_NOT_ALLOWED", key, "X-Original-Method: POST", "X-Forwarded-Method: POST")
	g.secure(t, `methods: ["GET"]`)
	try("its own", 200, "VALID", key)
	for range 20 {
		front.send(t, http.MethodGet, "/", "", key)
	}
	try("one too many", 429, "RATE_LIMITED", key)
	if got := front.send(t, http.MethodGet, "/", "", key); got.Header.Get("Retry-After") == "" {
		t.Errorf("it does not say when to come back: %v", got.Header)
	}
	g.ada.Must(t, `mutation($id: ID!) { disableAPIKey(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": g.key.ID})
	g.Settle(t)
	try("disabled", 403, "DISABLED", key)
}

// Without Keyhall nothing passes.
func TestTheDocumentedNginxLetsNobodyThroughWithoutKeyhall(t *testing.T) {
	t.Parallel()
	nginxPath(t)
	at := freeAddress(t)
	startNginx(t, strings.NewReplacer("127.0.0.1:8080", freeAddress(t), "127.0.0.1:8081", at).Replace(documented(t)), at)
	resp, err := http.Get("http://" + at + "/")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("it answers %s", resp.Status)
	}
}
