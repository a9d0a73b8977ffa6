package usage

import "hash/maphash"

// other is the name of methods that are too long, written in other signs, or one too many.
const other = "OTHER"

// Bounds of methods: whoever calls names them, and each is a row.
const (
	maxMethod  = 64
	maxMethods = 100 // different ones of a key in a minute
)

// methods knows which methods each key has had in the minute that is counted now. Most have one.
type methods struct {
	seed   maphash.Seed
	minute int64
	one    map[uint64]uint64          // the first of a key, both by their sums
	more   map[uint64]map[string]bool // all others
}

// name is under which name a method is counted. The sum stands for the key.
func (m *methods) name(key uint64, minute int64, method string) string {
	if method == "" {
		return ""
	}
	if len(method) > maxMethod || !plain(method) {
		return other
	}
	if minute > m.minute || m.one == nil {
		m.minute, m.one, m.more = minute, map[uint64]uint64{}, map[uint64]map[string]bool{}
	}
	sum := maphash.String(m.seed, method)
	first, known := m.one[key]
	switch more := m.more[key]; {
	case !known:
		m.one[key] = sum
	case first == sum || more[method]:
	case len(more) >= maxMethods-1:
		return other
	case more == nil:
		m.more[key] = map[string]bool{method: true}
	default:
		more[method] = true
	}
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
