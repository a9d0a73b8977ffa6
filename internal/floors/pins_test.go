package floors

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
)

// The pure-Go SQLite is translated C that fits one version of its C library
// only; a newer one compiles and then misbehaves.
func TestLibcIsTheOneThatSQLiteNames(t *testing.T) {
	t.Parallel()
	const sqlite, libc = "modernc.org/sqlite", "modernc.org/libc"
	path := list(t, "{{.GoMod}}", sqlite)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	named, err := modfile.Parse(path, text, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := ""
	for _, r := range named.Require {
		if r.Mod.Path == libc {
			want = r.Mod.Version
		}
	}
	if got := list(t, "{{.Version}}", libc); got != want {
		t.Errorf("go.mod selects %s %s, and %s names %s", libc, got, sqlite, want)
	}
}

// list asks the go command about one module of the build.
func list(t *testing.T, format, module string) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", format, module).CombinedOutput()
	if err != nil {
		t.Fatalf("go list -m %s: %v\n%s", module, err, out)
	}
	return strings.TrimSpace(string(out))
}
