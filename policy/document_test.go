package policy_test

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"entgo.io/ent/dialect"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/keyhall/keyhall/policy"
)

var update = flag.Bool("update", false, "write docs/policy.md again")

// docs/policy.md is made from the law: what it says of a permission is what the rule's METADATA says, and its tables are the
// role data. A law that changes without the page fails here; `go test ./policy -run Document -update` writes it.
func TestTheDocumentIsTheLaw(t *testing.T) {
	t.Parallel()
	want := document(t)
	const path = "../docs/policy.md"
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/policy.md is not what the law says: go test ./policy -run Document -update")
	}
}

func document(t *testing.T) string {
	t.Helper()
	law, err := policy.Load(context.Background(), policy.Options{Modules: policy.Law(), Dialect: dialect.SQLite, Proven: true})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("# The law\n\nMade from `policy/keyhall` by a test; edit the rules, not this page.\n\n")
	b.WriteString("Each permission is one boolean Rego rule, named `noun.verb`. A table shows which role holds which verb as data;\n" +
		"the rules add the conditions (a personal key is never shared, who left an organization holds nothing in it, and so on).\n")
	for _, noun := range []struct{ key, title string }{{"api_key", "API key"}, {"secret", "Secret"}, {"group", "Group"}, {"project", "Project"}, {"organization", "Organization"}} {
		fmt.Fprintf(&b, "\n## %s: who holds what\n\n%s", noun.title, matrix(roles(t)[noun.key]))
	}
	b.WriteString("\n## Every permission\n\n| permission | about | what it allows |\n|---|---|---|\n")
	for _, p := range law.Permissions() {
		about := p.Type
		if about == "" {
			about = "the installation"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", p.Name, about, strings.Join(strings.Fields(p.Description), " "))
	}
	return b.String()
}

type table map[string]map[string][]any // where a role comes from -> role -> verbs

func roles(t *testing.T) map[string]table {
	t.Helper()
	text, err := fs.ReadFile(policy.Law(), "keyhall/roles/roles.rego")
	if err != nil {
		t.Fatal(err)
	}
	result, err := rego.New(rego.Module("roles.rego", string(text)), rego.Query("data.keyhall.roles")).Eval(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]table{}
	for name, value := range result[0].Expressions[0].Value.(map[string]any) {
		sources, ok := value.(map[string]any)
		if !ok {
			continue
		}
		out[name] = table{}
		for source, held := range sources {
			out[name][source] = map[string][]any{}
			for role, verbs := range held.(map[string]any) {
				out[name][source][role], _ = verbs.([]any)
			}
		}
	}
	return out
}

// matrix is a table with a row a verb and a column a role.
func matrix(t table) string {
	type column struct{ name, source, role string }
	var columns []column
	verbs := map[string]bool{}
	for _, source := range []string{"owner", "collaborator", "grant", "group", "project", "organization"} {
		for _, role := range slices.Sorted(maps.Keys(t[source])) {
			name := strings.ToLower(source + " " + role)
			if slices.Contains([]string{"owner", "collaborator", "grant", "group"}, source) {
				name = strings.ToLower(role)
			}
			columns = append(columns, column{name, source, role})
			for _, v := range t[source][role] {
				verbs[v.(string)] = true
			}
		}
	}
	var b strings.Builder
	b.WriteString("| verb |")
	for _, c := range columns {
		fmt.Fprintf(&b, " %s |", c.name)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(columns)) + "\n")
	for _, v := range slices.Sorted(maps.Keys(verbs)) {
		fmt.Fprintf(&b, "| `%s` |", v)
		for _, c := range columns {
			mark := "  "
			if slices.Contains(t[c.source][c.role], any(v)) {
				mark = " y "
			}
			fmt.Fprintf(&b, "%s|", mark)
		}
		b.WriteString("\n")
	}
	return b.String()
}
