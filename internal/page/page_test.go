//keyhall:norace
package page_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"pgregory.net/rapid"

	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/page"
)

func TestMain(m *testing.M) { apptest.Main(m) }

// text is a cursor as a client gets it.
func text(t rapid.TB, c page.Cursor) string {
	var b bytes.Buffer
	c.MarshalGQL(&b)
	var s string
	if err := json.Unmarshal(b.Bytes(), &s); err != nil {
		t.Fatalf("%s is no JSON string: %v", b.Bytes(), err)
	}
	return s
}

func drawCursor(t *rapid.T) page.Cursor {
	value := rapid.OneOf(
		rapid.Map(rapid.String(), func(s string) any { return strings.ReplaceAll(s, "\x00", "") }),
		rapid.Map(rapid.Int64(), func(n int64) any { return n }),
		rapid.Map(rapid.Int64Range(1<<53-2, 1<<53+2), func(n int64) any { return n }), // where floats begin to lie
	)
	return page.Cursor{
		Type:   rapid.SampledFrom([]string{"APIKey", "Project", "AuditEvent"}).Draw(t, "type"),
		Column: rapid.SampledFrom([]string{"created_at", "name", "last_used_at"}).Draw(t, "column"),
		Value:  value.Draw(t, "value"),
		ID:     rapid.StringMatching(`[a-z]{3}_[0-9A-Z]{26}`).Draw(t, "id"),
	}
}

func TestACursorComesBackAsItWas(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := drawCursor(t)
		s := text(t, want)
		var got page.Cursor
		if err := got.UnmarshalGQL(s); err != nil {
			t.Fatalf("%q does not come back: %v", s, err)
		}
		if got != want {
			t.Fatalf("%#v became %#v", want, got)
		}
		if strings.ContainsAny(s, "+/ \"\\\n") {
			t.Fatalf("%q is not opaque in an address", s)
		}
	})
}

func TestWhatIsNoCursorIsRefusedAndNotRepeated(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.OneOf(
			rapid.Map(rapid.String(), func(s string) any { return s }),
			rapid.Map(rapid.StringMatching(`[A-Za-z0-9_-]{0,80}`), func(s string) any { return s }),
			rapid.Map(rapid.Int64(), func(n int64) any { return n }),
			rapid.Just[any](nil), rapid.Just[any](true), rapid.Just[any](map[string]any{"t": "APIKey"}), rapid.Just[any]([]any{"x"}),
		).Draw(t, "what comes in")
		var c page.Cursor
		err := c.UnmarshalGQL(v)
		if err == nil && c.ID == "" {
			t.Fatalf("%#v is a cursor of nothing", v)
		}
		if s, ok := v.(string); ok && err != nil && len(s) > 6 && strings.Contains(err.Error(), s) {
			t.Fatalf("the refusal repeats %q: %v", s, err)
		}
	})
}

func TestACursorThatWasChangedIsRefusedOrNamesAnotherPlace(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := []byte(text(t, drawCursor(t)))
		s[rapid.IntRange(0, len(s)-1).Draw(t, "where")] ^= byte(rapid.IntRange(1, 127).Draw(t, "how"))
		var c page.Cursor
		_ = c.UnmarshalGQL(string(s)) // no panic; what it may still mean is checked by Seek
	})
}

func ref(n int) *int { return &n }

func TestAWindowIsOneDirectionOfAtMostAHundredRows(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		window  page.Window
		size    int
		fromEnd bool
		refused bool
	}{
		{"nothing", page.Window{}, 30, false, false},
		{"first", page.Window{First: ref(7)}, 7, false, false},
		{"last", page.Window{Last: ref(7)}, 7, true, false},
		{"the largest", page.Window{First: ref(100)}, 100, false, false},
		{"the largest from the end", page.Window{Last: ref(100)}, 100, true, false},
		{"too many", page.Window{First: ref(101)}, 0, false, true},
		{"too many from the end", page.Window{Last: ref(101)}, 0, false, true},
		{"less than nothing", page.Window{First: ref(-1)}, 0, false, true},
		{"less than nothing from the end", page.Window{Last: ref(-1)}, 0, false, true},
		{"both directions", page.Window{First: ref(1), Last: ref(1)}, 0, false, true},
		{"the largest number", page.Window{First: ref(1<<63 - 1)}, 0, false, true},
	} {
		n, fromEnd, err := c.window.Size()
		var input *page.InputError
		if (err != nil) != c.refused || err != nil && !errors.As(err, &input) {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if err == nil && (n != c.size || fromEnd != c.fromEnd) {
			t.Errorf("%s: %d rows, from the end %v", c.name, n, fromEnd)
		}
	}
}

func TestACursorIsGoodForItsOwnTypeColumnAndKindOfValueOnly(t *testing.T) {
	t.Parallel()
	good := page.Cursor{Type: "APIKey", Column: "name", Value: "n", ID: "key_1"}
	change := func(f func(*page.Cursor)) *page.Cursor { c := good; f(&c); return &c }
	for name, c := range map[string]struct {
		cursor *page.Cursor
		good   bool
	}{
		"as it is":     {change(func(*page.Cursor) {}), true},
		"another type": {change(func(c *page.Cursor) { c.Type = "Project" }), false},
		"no type":      {change(func(c *page.Cursor) { c.Type = "" }), false},
		"other column": {change(func(c *page.Cursor) { c.Column = "created_at" }), false},
		"SQL":          {change(func(c *page.Cursor) { c.Column = "name; DROP TABLE users" }), false},
		"a number":     {change(func(c *page.Cursor) { c.Value = int64(1) }), false},
		"a float":      {change(func(c *page.Cursor) { c.Value = 1.5 }), false},
		"no value":     {change(func(c *page.Cursor) { c.Value = nil }), false},
		"an object":    {change(func(c *page.Cursor) { c.Value = map[string]any{} }), false},
	} {
		for way, w := range map[string]page.Window{"after": {First: ref(1), After: c.cursor}, "before": {Last: ref(1), Before: c.cursor}} {
			where, order, err := w.Seek("APIKey", page.Order{Column: "name"}, "")
			var input *page.InputError
			if c.good != (err == nil) || err != nil && !errors.As(err, &input) {
				t.Errorf("%s, %s: %v", name, way, err)
			}
			if err == nil && (where == nil || order == nil) {
				t.Errorf("%s, %s: no predicate or no order", name, way)
			}
		}
	}
}

// The statement's text depends on the direction and never on a value: it is prepared once, and no value is SQL.
func TestSeekingBindsValuesAndNeverWritesThem(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		values := [2]string{rapid.String().Draw(t, "one"), rapid.String().Draw(t, "two")}
		desc, fromEnd := rapid.Bool().Draw(t, "desc"), rapid.Bool().Draw(t, "from the end")
		d := rapid.SampledFrom([]string{dialect.SQLite, dialect.Postgres}).Draw(t, "dialect")
		var texts [2]string
		for i, v := range values {
			c := &page.Cursor{Type: "APIKey", Column: "name", Value: v, ID: "key_" + v}
			w := page.Window{First: ref(5), After: c}
			if fromEnd {
				w = page.Window{Last: ref(5), Before: c}
			}
			where, order, err := w.Seek("APIKey", page.Order{Column: "name", Desc: desc}, "")
			if err != nil {
				t.Skip("refused")
			}
			s := sql.Dialect(d).Select("*").From(sql.Table("api_keys"))
			where(s)
			order(s)
			var args []any
			texts[i], args = s.Query()
			found := 0
			for _, a := range args {
				if a == any(v) || a == any("key_"+v) {
					found++
				}
			}
			if found < 2 {
				t.Fatalf("%s binds %v", texts[i], args)
			}
		}
		if texts[0] != texts[1] {
			t.Fatalf("the text depends on the value:\n%s\n%s", texts[0], texts[1])
		}
	})
}
