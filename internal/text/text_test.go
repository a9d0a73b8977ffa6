//keyhall:norace
package text_test

import (
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/text"
)

func TestAnAddressHasOneForm(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"ada@keyhall.test":                      "ada@keyhall.test",
		"  Ada.B@KEYHALL.test ":                 "ada.b@keyhall.test",
		"Ada <ada@keyhall.test>":                "",
		"ada":                                   "",
		"ada@key\u202ehall.test":                "",
		"ada@keyhall.test\nbcc: eve@evil.test":  "",
		strings.Repeat("a", 300) + "@evil.test": "",
		"":                                      "",
	} {
		if got, _ := text.Address(in); got != want {
			t.Errorf("%q became %q, not %q", in, got, want)
		}
	}
}

func TestWhatDisguisesATextIsFound(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"a\x00b", "a\x1b[31m", "a\u202eb", "a\u2066b", "a\u200fb", "a\xffb", "a\nb"} {
		if !text.Unsafe(bad) {
			t.Errorf("%q passes as a line", bad)
		}
	}
	if text.Unsafe("Zahlungen für Größe 漢字 🙂") || text.UnsafeBlock("two\n\tlines") || !text.UnsafeBlock("a\x07b") {
		t.Error("plain text is refused, or a bell passes in a block")
	}
}
