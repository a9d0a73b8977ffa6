//keyhall:norace
package explorer_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/keyhall/keyhall/console/explorer"
)

// built skips what needs the page where it was not built. CI builds it.
func built(t *testing.T) {
	t.Helper()
	if explorer.Built() {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("the explorer is not built: make explorer")
	}
	t.Skip("the explorer is not built: make explorer")
}

func get(path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	explorer.Handler().ServeHTTP(w, r)
	return w
}

func TestWithoutItsFilesThePageSaysWhatToDo(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	explorer.Serve(fstest.MapFS{}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/explorer", nil))
	if w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "make build") || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestThePageRunsItsOwnFilesOnly(t *testing.T) {
	t.Parallel()
	built(t)
	for _, path := range []string{"/explorer", "/explorer/"} {
		w := get(path)
		csp := w.Header().Get("Content-Security-Policy")
		if w.Code != 200 || w.Header().Get("Cache-Control") != "no-cache" || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
		rules := map[string]string{}
		for rule := range strings.SplitSeq(csp, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(rule), " ")
			rules[name] = value
		}
		for name, want := range map[string]string{
			"default-src": "'none'", "script-src": "'self'", "worker-src": "'self'", "connect-src": "'self'", "font-src": "'self' data:", "img-src": "'self' data:",
			"base-uri": "'none'", "form-action": "'none'", "frame-ancestors": "'none'",
		} {
			if rules[name] != want {
				t.Errorf("%s: %s is %q, want %q", path, name, rules[name], want)
			}
		}
		if strings.Contains(csp, "unsafe-eval") || strings.Contains(csp, "http") || strings.Contains(csp, "*") {
			t.Errorf("the policy lets too much in: %s", csp)
		}
		if inline := regexp.MustCompile(`<script[^>]*>[^<]|\son\w+=|<style`).FindString(w.Body.String()); inline != "" {
			t.Errorf("the page has something inline: %s", inline)
		}
	}
}

func TestFilesAreKeptForeverAndThePageIsNot(t *testing.T) {
	t.Parallel()
	built(t)
	assets := regexp.MustCompile(`/explorer/assets/[\w.-]+`).FindAllString(get("/explorer").Body.String(), -1)
	if len(assets) < 3 {
		t.Fatalf("the page names only %q", assets)
	}
	for _, path := range assets {
		plain, packed := get(path), get(path, "Accept-Encoding", "br, gzip")
		if plain.Code != 200 || packed.Code != 200 || plain.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" {
			t.Errorf("%s: %d, %d, %v", path, plain.Code, packed.Code, plain.Header())
		}
		if packed.Header().Get("Content-Encoding") != "gzip" || plain.Header().Get("Content-Encoding") != "" || packed.Header().Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: %v, %v", path, packed.Header(), plain.Header())
		}
		z, err := gzip.NewReader(packed.Body)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(z); err != nil || !bytes.Equal(text, plain.Body.Bytes()) {
			t.Errorf("%s: packed and not are two things (%v)", path, err)
		}
	}
	for _, path := range []string{"/explorer/nosuch", "/explorer/../explorer.go", "/explorer/assets", "/explorer/index.html.gz", "/explorer/.gitignore", "/explorer/%2e%2e/.gitignore"} {
		if w := get(path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

// What would load code, a style, a font or a worker from elsewhere. Texts that only mention an address are none of it.
func TestNoFileLoadsAnythingFromElsewhere(t *testing.T) {
	t.Parallel()
	built(t)
	loads := regexp.MustCompile(`(?i)(import\(|Scripts\(|Worker\(|\bfrom|\bsrc=|\bhref=|\burl\(|@import)\s*["'\x60]?(https?:)?$`)
	elsewhere := regexp.MustCompile(`unpkg\.com|jsdelivr\.net|cdnjs\.|googleapis\.com|esm\.sh`)
	files, err := filepath.Glob("dist/site/assets/*.gz")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, path := range append(files, "dist/site/index.html.gz") {
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(file)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; at < len(text); at++ {
			if next := bytes.Index(text[at:], []byte("//")); next < 0 {
				break
			} else if at += next; loads.Match(text[max(0, at-30):at]) || elsewhere.Match(text[at:min(len(text), at+40)]) {
				t.Errorf("%s: %s", path, text[max(0, at-40):min(len(text), at+60)])
			}
		}
		_ = file.Close()
	}
}

func TestEverySavedQueryIsOneOfTheSchema(t *testing.T) {
	t.Parallel()
	var sources []*ast.Source
	for _, path := range glob(t, "../../graph/schema/*.graphqls") {
		sources = append(sources, &ast.Source{Name: path, Input: read(t, path)})
	}
	schema, err := gqlparser.LoadSchema(sources...)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range glob(t, "src/story/*.graphql") {
		if _, err := gqlparser.LoadQueryWithRules(schema, read(t, path), rules.NewDefaultRules()); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// The stories in their order: a tab that another one was put before says a number that is not its own.
func TestEverySavedQueryHasATabAndItsNumber(t *testing.T) {
	t.Parallel()
	saved := read(t, "src/keys.ts") + read(t, "src/secrets.ts") + read(t, "src/projects.ts")
	files := map[string]string{}
	for _, line := range regexp.MustCompile(`import (\w+) from '\./(story/\w+\.graphql)\?raw'`).FindAllStringSubmatch(saved, -1) {
		files[line[1]] = "src/" + line[2]
	}
	tabs, names := regexp.MustCompile(`(?m)^  step\((\w+)`).FindAllStringSubmatch(saved, -1), map[string]bool{}
	for i, tab := range tabs {
		text := read(t, files[tab[1]])
		if want := fmt.Sprintf("# %d. ", i+1); !strings.HasPrefix(text, want) {
			t.Errorf("%s does not begin with %q", files[tab[1]], want)
		}
		names[regexp.MustCompile(`(?m)^(query|mutation|subscription) (\w+)`).FindStringSubmatch(text)[2]] = true
	}
	if steps := glob(t, "src/story/*.graphql"); len(tabs) != len(steps) || len(names) != len(steps) || len(steps) < 10 {
		t.Errorf("%d queries have %d tabs with %d names", len(steps), len(tabs), len(names))
	}
}

func TestTheLocksNameNoHost(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"package-lock.json", "../browser/package-lock.json", "../../examples/spa/package-lock.json", "../../graph/gqlhttp/audits/package-lock.json"} {
		if text := read(t, path); strings.Contains(text, "resolved") {
			t.Errorf("%s names a registry: make it with the .npmrc of its folder", path)
		}
	}
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
