//keyhall:norace
package browser_test

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/keyhall/keyhall/console/explorer"
)

// password of everybody in the demo; it prints it.
const password = "correct-horse-battery"

// A6, A8, A9, A13, A14, B1, B8, B13, B17, B19, B20, B21, C1, C3, C5, C9, C10: the binary that people run, in a real browser and over the wire that real clients use.
func TestKeyhallAsPeopleUseIt(t *testing.T) {
	t.Parallel()
	need(t, "node", "npm")
	install(t, ".")
	keyhall := build(t)
	t.Run("the explorer walks the story without a foreign request", func(t *testing.T) {
		t.Parallel()
		run(t, "explorer.mjs", "CHROMIUM="+chromium(t), "KEYHALL="+demo(t, keyhall))
	})
	t.Run("the explorer walks the story of secrets and keeps no value", func(t *testing.T) {
		t.Parallel()
		run(t, "secrets.mjs", "CHROMIUM="+chromium(t), "KEYHALL="+demo(t, keyhall, "KEYHALL_SHARE_LINKS=on"))
	})
	t.Run("the explorer walks the story of projects and keeps no value", func(t *testing.T) {
		t.Parallel()
		run(t, "projects.mjs", "CHROMIUM="+chromium(t), "KEYHALL="+demo(t, keyhall))
	})
	t.Run("a page of a named origin walks the story, and another cannot", func(t *testing.T) {
		t.Parallel()
		browser := chromium(t)
		spa := httptest.NewServer(http.FileServer(http.Dir(page(t))))
		defer spa.Close()
		run(t, "spa.mjs", "KEYHALL="+demo(t, keyhall, "KEYHALL_CORS_ORIGINS=https://app.example.com,"+spa.URL), "KEYHALL_CLOSED="+demo(t, keyhall),
			"SPA="+spa.URL, "CHROMIUM="+browser)
	})
	t.Run("the links of mails lead to pages that do it", func(t *testing.T) {
		t.Parallel()
		followLinks(t, keyhall)
	})
	t.Run("real clients use the API", func(t *testing.T) {
		t.Parallel()
		run(t, "clients.mjs", "KEYHALL="+demo(t, keyhall))
	})
	t.Run("real clients hear of their access, and are back by themselves after a restart", func(t *testing.T) {
		t.Parallel()
		run(t, "stream.mjs", "KEYHALL_BINARY="+keyhall, "FOLDER="+t.TempDir())
	})
}

// run runs a script of this folder. Its pictures go to BROWSER_SHOTS, to be looked at.
func run(t *testing.T, script string, env ...string) {
	t.Helper()
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
	install(t, folder)
	command(t, folder, "npm", "run", "build", "--", "--outDir", out)
	return out
}

// install installs what a folder's lock names, once.
func install(t *testing.T, folder string) {
	t.Helper()
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

// build makes the binary that people run.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keyhall")
	command(t, "../..", "go", "build", "-o", path, ".")
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
