package browser_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/keyhall/keyhall/console/explorer"
)

// workshop is where the binary is, for all tests of the package.
var workshop string

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "keyhall-browser-*")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	workshop = folder
	code := m.Run()
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

// password of everybody in the demo; it prints it.
const password = "correct-horse-battery"

func TestTheExplorerWalksTheStoryWithoutAForeignRequest(t *testing.T) {
	t.Parallel()
	run(t, "explorer.mjs", "KEYHALL="+demo(t, binary(t)), "CHROMIUM="+chromium(t))
}

func TestAPageOfANamedOriginWalksTheStoryAndAnotherCannot(t *testing.T) {
	t.Parallel()
	browser := chromium(t)
	spa := httptest.NewServer(http.FileServer(http.Dir(page(t))))
	defer spa.Close()
	keyhall := binary(t)
	run(t, "spa.mjs", "KEYHALL="+demo(t, keyhall, "KEYHALL_CORS_ORIGINS=https://app.example.com,"+spa.URL), "KEYHALL_CLOSED="+demo(t, keyhall),
		"SPA="+spa.URL, "CHROMIUM="+browser)
}

func TestRealClientsUseTheAPI(t *testing.T) {
	t.Parallel()
	npm(t, ".")
	run(t, "clients.mjs", "KEYHALL="+demo(t, binary(t)))
}

// A13, A14, over the wire that real clients use; and a client is back by itself after a restart.
func TestRealClientsHearOfTheirAccess(t *testing.T) {
	t.Parallel()
	npm(t, ".")
	run(t, "stream.mjs", "KEYHALL_BINARY="+binary(t), "FOLDER="+t.TempDir())
}

// run runs a script of this folder. Its pictures go to BROWSER_SHOTS, to be looked at.
func run(t *testing.T, script string, env ...string) {
	t.Helper()
	npm(t, ".")
	shots := os.Getenv("BROWSER_SHOTS")
	if shots == "" {
		shots = t.TempDir()
	}
	cmd := exec.CommandContext(t.Context(), "node", script)
	cmd.Env = append(append(os.Environ(), "PASSWORD="+password, "SHOTS="+shots), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
	t.Logf("%s", out)
}

// page builds the example page and returns its folder.
func page(t *testing.T) string {
	t.Helper()
	folder, out := "../../examples/spa", t.TempDir()
	npm(t, folder)
	command(t, folder, "npm", "run", "build", "--", "--outDir", out)
	return out
}

// installing lets one test at a time look at a node_modules folder.
var installing sync.Mutex

// npm installs what a folder's lock names, once.
func npm(t *testing.T, folder string) {
	t.Helper()
	need(t, "node", "npm")
	installing.Lock()
	defer installing.Unlock()
	lock, err := os.Stat(filepath.Join(folder, "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	done, err := os.Stat(filepath.Join(folder, "node_modules", ".package-lock.json"))
	if err != nil || done.ModTime().Before(lock.ModTime()) {
		command(t, folder, "npm", "ci", "--ignore-scripts", "--prefer-offline")
	}
}

func command(t *testing.T, folder, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = folder
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
}

// need skips where a tool is missing. CI has all of them.
func need(t *testing.T, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			lacking(t, tool+" is not installed")
		}
	}
}

func lacking(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(what)
	}
	t.Skip(what)
}

func chromium(t *testing.T) string {
	t.Helper()
	if !explorer.Built() {
		lacking(t, "the explorer is not built: make explorer")
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	lacking(t, "Chromium is not installed")
	return ""
}

// build makes the binary that people run, once.
var build = sync.OnceValues(func() (string, error) {
	path := filepath.Join(workshop, "keyhall")
	cmd := exec.Command("go", "build", "-o", path, ".")
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", cmd, err, out)
	}
	return path, nil
})

func binary(t *testing.T) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// demo serves the sample team until the test ends and returns its address.
func demo(t *testing.T, binary string, env ...string) string {
	t.Helper()
	return launch(t, binary, regexp.MustCompile(`http://[0-9.:]+`), "demo", env...)
}

// launch runs a verb of Keyhall on an empty folder until the test ends, and returns what it prints that looks like this.
func launch(t *testing.T, binary string, like *regexp.Regexp, verb string, env ...string) string {
	t.Helper()
	cmd := exec.Command(binary, verb, "--addr", "127.0.0.1:0", "--data-dir", t.TempDir())
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if found := like.FindString(lines.Text()); found != "" {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return found
		}
	}
	t.Fatalf("keyhall %s did not start", verb)
	return ""
}
