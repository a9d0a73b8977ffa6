package config_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyhall/keyhall/internal/config"
)

var update = flag.Bool("update", false, "write docs/configuration.md anew")

const page = "../../docs/configuration.md"

const opening = `# Configuration

<!-- Made from the tags in internal/config by: go test ./internal/config -update -->

Nothing needs to be set: ` + "`keyhall serve`" + ` then listens on this machine and keeps everything in ` + "`./data`" + `.
A flag goes before the environment, and the environment before the default.

| Variable | Flag | Default | Meaning |
|---|---|---|---|
`

func TestThePageOfTheConfigurationIsFresh(t *testing.T) {
	t.Parallel()
	want := opening
	for _, field := range reflect.VisibleFields(reflect.TypeFor[config.Config]()) {
		want += line(t, field)
	}
	if *update {
		if err := os.MkdirAll(filepath.Dir(page), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("run go test ./internal/config -update\n%s", diff)
	}
}

// line is a row of the table. A field that cannot fill it fails.
func line(t *testing.T, field reflect.StructField) string {
	t.Helper()
	name, env, help := field.Tag.Get("name"), field.Tag.Get("env"), field.Tag.Get("help")
	if name == "" || help == "" || !strings.HasSuffix(help, ".") {
		t.Errorf("%s: a field needs a name, and help that is a sentence", field.Name)
	}
	if want := "KEYHALL_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_")); env != want {
		t.Errorf("%s: the variable of --%s is %s, not %q", field.Name, name, want, env)
	}
	fallback := "empty"
	if value := field.Tag.Get("default"); value != "" {
		fallback = "`" + value + "`"
	}
	return fmt.Sprintf("| `%s` | `--%s` | %s | %s |\n", env, name, fallback, strings.ReplaceAll(help, "|", `\|`))
}
