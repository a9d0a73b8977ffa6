//keyhall:norace
package landing_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/console/landing"
)

func get(t *testing.T, method, path string) *httptest.ResponseRecorder {
	t.Helper()
	routes, err := landing.Routes(true)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for pattern, page := range routes {
		mux.Handle(pattern, page)
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w
}

// Where the letters and the terminal send people (internal/mail/letter.go, internal/cli/serve.go), and one-time links (internal/keyhall/share_links.go).
func TestEveryLinkLeadsToAPage(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/", "/sign-in", "/invitations", "/verify-email", "/reset-password", "/setup", "/share"} {
		w := get(t, http.MethodGet, path)
		if w.Code != 200 || w.Header().Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(w.Body.String(), `<html lang="en">`) {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
		loads := regexp.MustCompile(`(?:src|href)="(/landing/[^"]+)"`).FindAllStringSubmatch(w.Body.String(), -1)
		if len(loads) < 3 {
			t.Errorf("%s loads only %q", path, loads)
		}
		for _, load := range loads {
			if f := get(t, http.MethodGet, load[1]); f.Code != 200 || f.Body.Len() == 0 {
				t.Errorf("%s loads %s: %d", path, load[1], f.Code)
			}
		}
		if w := get(t, http.MethodPost, path); w.Code != http.StatusMethodNotAllowed {
			t.Errorf("POST %s: %d", path, w.Code)
		}
	}
	for _, path := range []string{"/landing/", "/landing/shell.html", "/landing/nosuch.js", "/landing/..%2flanding.go", "/landing/%2e%2e%2fsite%2fask.js"} {
		if w := get(t, http.MethodGet, path); w.Code == 200 {
			t.Errorf("%s is served", path)
		}
	}
}

func TestAPageRunsItsOwnFilesOnly(t *testing.T) {
	t.Parallel()
	w := get(t, http.MethodGet, "/invitations")
	rules := map[string]string{}
	for rule := range strings.SplitSeq(w.Header().Get("Content-Security-Policy"), ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(rule), " ")
		rules[name] = value
	}
	for name, want := range map[string]string{
		"default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self'", "connect-src": "'self'", "base-uri": "'none'",
		"form-action": "'none'", "frame-ancestors": "'none'", "require-trusted-types-for": "'script'", "trusted-types": "'none'",
	} {
		if rules[name] != want {
			t.Errorf("%s is %q, want %q", name, rules[name], want)
		}
	}
	if inline := regexp.MustCompile(`<script[^>]*>[^<]|\son\w+=|<style|\sstyle=`).FindString(w.Body.String()); inline != "" {
		t.Errorf("the page has something inline: %s", inline)
	}
}

// A token is posted and never stored: no script of a page knows how to do anything else with it.
func TestNoScriptKeepsOrSendsAnythingElsewhere(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("site/*.js")
	if err != nil || len(files) < 8 {
		t.Fatalf("%d scripts, %v", len(files), err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if found := regexp.MustCompile(`localStorage|sessionStorage|document\.cookie|innerHTML|eval\(|https?:|console\.|location\.(search|href)`).Find(text); found != nil {
			t.Errorf("%s has %s", path, found)
		}
		if n := strings.Count(string(text), "fetch("); n > 0 && filepath.Base(path) != "ask.js" {
			t.Errorf("%s fetches by itself", path)
		}
	}
}

// Where the explorer is off no page sends anybody there.
func TestNoPageLinksToAnExplorerThatIsOff(t *testing.T) {
	t.Parallel()
	for _, on := range []bool{true, false} {
		routes, err := landing.Routes(on)
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		routes["GET /sign-in"].ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/sign-in", nil))
		if got := strings.Contains(w.Body.String(), `href="/explorer"`); got != on {
			t.Errorf("explorer %t: linked %t", on, got)
		}
	}
}
