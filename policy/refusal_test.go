package policy

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"entgo.io/ent/dialect"
)

const head = "# METADATA\n# custom:\n#   resource: Thing\npackage keyhall.thing\n\n# METADATA\n# entrypoint: true\n"

func loadText(t *testing.T, text string, more ...string) error {
	t.Helper()
	files := fstest.MapFS{"thing.rego": {Data: []byte(text)}}
	for i, m := range more {
		files[fmt.Sprintf("more%d_test.rego", i)] = &fstest.MapFile{Data: []byte(m)}
	}
	_, err := Load(t.Context(), Options{Modules: files, Vocabulary: worldVocabulary(), Dialect: dialect.SQLite})
	return err
}

// A rule that has no exact SQL form refuses the law, with the file, the line (that of the body is 9) and the reason.
func TestRulesOutsideTheFragmentAreRefused(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct{ body, want string }{
		"count":                      {"count(input.resource.parts) > 3", "thing.rego:9: thing.view: function count"},
		"comprehension":              {"ids := {p.user_id | some p in input.resource.parts}; input.subject.id in ids", "thing.rego:9"},
		"with":                       {"other with input.resource as input.resource.above", "thing.rego:9: thing.view: `with`"},
		"else":                       {"pick == 1", "thing.rego:9"},
		"null":                       {"input.resource.name == null", "null"},
		"null in a set":              {"input.resource.name in {null, \"x\"}", "null"},
		"function on a column":       {"lower(input.resource.name) == \"x\"", "thing.rego:9: thing.view: function lower"},
		"computed text":              {"input.resource.name == concat(\"\", [input.subject.id, \"x\"])", "function concat"},
		"unknown column":             {"input.resource.nme == \"x\"", "thing.rego:9: rego_type_error"},
		"unknown edge":               {"some p in input.resource.prts", "thing.rego:9: rego_type_error"},
		"unknown column of a helper": {"typo(input.resource.team)", "teams has no column and no edge \"nme\""},
		"unknown fact":               {"input.resource.name == input.subject.nme", "thing.rego:9: rego_type_error"},
		"position":                   {"input.resource.parts[0].open", "a collection is indexed with a value"},
		"compared position":          {"some i; input.resource.parts[i].open; i == 0", "indexed with a value"},
		"one position in two":        {"some i; input.resource.parts[i].open; input.resource.children[i].open", "one position is used in two collections"},
		"position as a value":        {"some i, p in input.resource.parts; p.level == i", "the position of a row is compared"},
		"type clash":                 {"input.resource.level == \"x\"", "thing.rego:9"},
		"type clash of columns":      {"input.resource.level < input.resource.name", "a int is compared with a string"},
		"order of booleans":          {"input.resource.open < input.resource.shut", "booleans are ordered"},
		"fraction":                   {"input.resource.level > 1.5", "not a whole number"},
		"row as a value":             {"input.resource.home == input.resource.team.place", "a row is used as a value"},
		"collection as a value":      {"input.resource.parts == input.resource.above.parts", "the collection \"parts\" is used as a value"},
		"bare collection":            {"input.resource.parts", "is always there"},
		"bare column never NULL":     {"input.resource.since", "is always there"},
		"computed column":            {"input.resource[input.subject.id] == \"x\"", "thing.rego:9"},
		"clock of the process":       {"input.resource.since < time.now_ns()", "undefined function time.now_ns"},
		"network":                    {"http.send({\"url\": input.resource.name}).status_code == 200", "undefined function http.send"},
		"environment":                {"opa.runtime().env.HOME == input.resource.name", "undefined function opa.runtime"},
		"set of reasons":             {"count(told) > 0", "thing.rego:9"},
		"self comparison under not":  {"not input.resource.name == input.resource.name", "compared with itself"},
		"64 alternatives":            {"many; many_more; many_most", "64 alternatives"},
		"pattern from a column":      {"startswith(input.resource.name, input.resource.state)", "a pattern must be a constant text"},
		"set that is not constant":   {"input.resource.name in {input.subject.id, \"x\"}", "thing.rego:9"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := head + "view if {\n\t" + x.body + "\n}\n"
			switch name {
			case "with":
				text += "other if input.resource.open\n"
			case "else":
				text += "pick := 1 if input.resource.open\nelse := 2 if input.resource.shut\n"
			case "unknown column of a helper":
				text += "typo(t) if t.nme == \"x\"\n"
			case "set of reasons":
				text += "told contains \"x\" if input.resource.open\n"
			case "64 alternatives":
				for _, rule := range []string{"many", "many_more", "many_most"} {
					for _, word := range []string{"a", "b", "c", "d"} {
						text += fmt.Sprintf("%s if input.resource.%s == %q\n", rule, map[string]string{"many": "name", "many_more": "state", "many_most": "keeper_id"}[rule], word)
					}
				}
			}
			err := loadText(t, text)
			if err == nil {
				t.Fatal("it is not refused")
			}
			if !strings.Contains(err.Error(), x.want) {
				t.Errorf("refused with %q, want %q", err, x.want)
			}
		})
	}
}

func TestATypeWithTooManyLeavesIsRefused(t *testing.T) {
	t.Parallel()
	text := head
	for i := range maxLeaves + 1 {
		text += fmt.Sprintf("view if {\n\tsome p in input.resource.parts\n\tp.level == %d\n}\n\n", i)
	}
	err := loadText(t, text)
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("look up %d different things", maxLeaves+1)) || !strings.Contains(err.Error(), "thing.rego:") {
		t.Errorf("got %v", err)
	}
}

func TestAFailingTestOfTheLawRefusesIt(t *testing.T) {
	t.Parallel()
	text := head + "view if input.resource.open\n"
	test := "package keyhall.thing_test\n\nimport data.keyhall.thing\n\ntest_sees if thing.view with input as {\"resource\": {\"open\": %s}}\n"
	if err := loadText(t, text, fmt.Sprintf(test, "true")); err != nil {
		t.Error(err)
	}
	err := loadText(t, text, fmt.Sprintf(test, "false"))
	if err == nil || !strings.Contains(err.Error(), "more0_test.rego:5: test data.keyhall.thing_test.test_sees of the law fails") {
		t.Errorf("got %v", err)
	}
}

func TestAPackageAboutAnUnknownOrHiddenTypeIsRefused(t *testing.T) {
	t.Parallel()
	err := loadText(t, strings.Replace(head, "Thing", "Thong", 1)+"view if input.resource.open\n")
	if err == nil || !strings.Contains(err.Error(), `no rule can be about "Thong"`) {
		t.Errorf("got %v", err)
	}
}
