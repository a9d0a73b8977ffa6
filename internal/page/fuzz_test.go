package page_test

import (
	"bytes"
	"encoding/base64"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/keyhall/keyhall/internal/page"
)

// A cursor is whatever a client sends: it is refused, or it is one that could have been given out and a database takes.
func FuzzCursor(f *testing.F) {
	for _, text := range []string{
		`{"t":"APIKey","c":"name","v":"a","i":"key_1"}`, `{"t":"APIKey","c":"created_at","v":-9223372036854775808,"i":"x"}`,
		`{"v":null}`, `{"v":1e3}`, `{"v":[]}`, `{"t":1}`, `[]`, `null`, ``, `{"v":"\u0000"}`, "{\"v\":\"\xff\"}", `{"v":"\ud800"}`,
	} {
		f.Add(base64.RawURLEncoding.EncodeToString([]byte(text)))
	}
	f.Add("%%%")
	f.Add(strings.Repeat("A", 3000))
	f.Fuzz(func(t *testing.T, text string) {
		var c page.Cursor
		if c.UnmarshalGQL(text) != nil {
			return
		}
		value, isText := c.Value.(string)
		if _, isNumber := c.Value.(int64); !isText && !isNumber {
			t.Fatalf("a value of type %T", c.Value)
		}
		for _, s := range []string{c.ID, value} {
			if !utf8.ValidString(s) || strings.Contains(s, "\x00") {
				t.Fatalf("a text that a database refuses: %q", s)
			}
		}
		var out bytes.Buffer
		c.MarshalGQL(&out)
		again, err := strconv.Unquote(out.String())
		if err != nil {
			t.Fatalf("written as %s: %v", out.String(), err)
		}
		var same page.Cursor
		if err := same.UnmarshalGQL(again); err == nil && !reflect.DeepEqual(c, same) {
			t.Fatalf("%+v came back as %+v", c, same)
		}
	})
}
