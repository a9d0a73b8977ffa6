package gqlhttp

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

const unpaged = -1

// size finds how many rows a field may return, or unpaged, or what is wrong with its arguments.
// Paged are connections, fields with first or last, and lists that are looked up by a list of ids.
func (p Pages) size(f *ast.Field, variables map[string]any) (size int, problem string) {
	def := f.Definition
	if def == nil || def.Type == nil {
		return unpaged, ""
	}
	if ids := def.Arguments.ForName("ids"); ids != nil && ids.Type.Elem != nil && def.Type.Elem != nil {
		return p.ids(argument(f, ids, variables))
	}
	first, last := def.Arguments.ForName("first"), def.Arguments.ForName("last")
	if first == nil && last == nil {
		if strings.HasSuffix(def.Type.Name(), "Connection") {
			return p.Default, ""
		}
		return unpaged, ""
	}
	return p.window(argument(f, first, variables), argument(f, last, variables))
}

func (p Pages) ids(v any) (int, string) {
	n := 1 // one value stands for a list of it
	if list := reflect.ValueOf(v); list.Kind() == reflect.Slice {
		n = list.Len()
	}
	if n > p.Max {
		return 0, fmt.Sprintf(`"ids" may hold at most %d ids.`, p.Max)
	}
	return n, ""
}

func (p Pages) window(first, last any) (int, string) {
	name, v := "first", first
	switch {
	case first != nil && last != nil:
		return 0, `Give "first" or "last", not both.`
	case last != nil:
		name, v = "last", last
	case first == nil:
		return p.Default, ""
	}
	n, ok := integer(v)
	if !ok || n < 0 || n > int64(p.Max) {
		return 0, fmt.Sprintf(`"%s" must be a whole number from 0 to %d.`, name, p.Max)
	}
	return int(n), ""
}

// argument is the value that a resolver will get: nil when it is absent or null.
// (ast.Field.ArgumentMap panics on a number that does not fit, in any argument.)
func argument(f *ast.Field, def *ast.ArgumentDefinition, variables map[string]any) any {
	if def == nil {
		return nil
	}
	value := def.DefaultValue
	if given := f.Arguments.ForName(def.Name); given != nil {
		if given.Value.Kind != ast.Variable {
			value = given.Value
		} else if v, set := variables[given.Value.Raw]; set {
			return v
		}
	}
	v, err := value.Value(variables)
	if err != nil {
		return math.NaN() // a number, but none that fits
	}
	return v
}

// integer reads what gqlgen would take for an Int: also the text of a number.
func integer(v any) (int64, bool) {
	text := ""
	switch v := v.(type) {
	case int64:
		return v, true
	case int:
		return int64(v), true
	case json.Number:
		text = v.String()
	case string:
		text = v
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil
}
