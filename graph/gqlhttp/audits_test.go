package gqlhttp_test

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/graph/gqlhttp"
)

func TestAll61AuditsOfGraphQLHTTPPass(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil && os.Getenv("CI") != "true" {
			t.Skipf("%s is not installed", tool)
		}
	}
	dir := t.TempDir()
	for _, name := range []string{".npmrc", "package.json", "package-lock.json", "audit.mjs"} {
		text, err := os.ReadFile(filepath.Join("audits", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	command(t, dir, "npm", "ci", "--prefer-offline", "--ignore-scripts")

	server := httptest.NewServer(newHandler(func(o *gqlhttp.Options) {
		o.Introspection = func(context.Context) bool { return true } // some audits ask for __type
	}))
	defer server.Close()
	if out := command(t, dir, "node", "audit.mjs", server.URL+"/graphql"); !strings.Contains(out, `"ok":61`) {
		t.Fatal(out)
	}
}

func TestTheLockOfTheAuditsNamesNoHost(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("audits/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "resolved") || strings.Contains(string(text), "://") {
		t.Fatal("package-lock.json names a registry: make it with the .npmrc of its folder")
	}
}

func command(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, args...)
	c.Dir = dir
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", c, err, out)
	}
	return string(out)
}
