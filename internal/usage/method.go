package usage

// other is the name of methods that are too long, written in other signs, or one too many.
const other = "OTHER"

// Bounds of methods: whoever calls names them, and each is a row.
const (
	maxMethod  = 64
	maxMethods = 100 // different ones of a key in a minute
)

// methods knows which methods each key has had in the minute that is counted now.
type methods struct {
	minute int64
	of     map[string]map[string]bool
}

// name is under which name a method is counted.
func (m *methods) name(key string, minute int64, method string) string {
	if method == "" {
		return ""
	}
	if len(method) > maxMethod || !plain(method) {
		return other
	}
	if minute > m.minute || m.of == nil {
		m.minute, m.of = minute, map[string]map[string]bool{}
	}
	seen := m.of[key]
	switch {
	case seen[method]:
		return method
	case len(seen) >= maxMethods:
		return other
	case seen == nil:
		seen = map[string]bool{}
		m.of[key] = seen
	}
	seen[method] = true
	return method
}

func plain(method string) bool {
	for i := range len(method) {
		switch c := method[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case c == '_', c == '.', c == ':', c == '/', c == '-':
		default:
			return false
		}
	}
	return true
}
